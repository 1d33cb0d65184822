//! Every key that the bridge writes can be reached from a few fixed ones; what cannot stays in the store for ever. Where the
//! store is kept in slots that holds for each of them.
//!
//! This reads the store as `component/bridge/src/store` writes it, from outside and with eyes of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The keys from which all others are reached.
const ROOTS: [&str; 15] = [
    "v1:audit",
    "v1:audit-missed",
    "v1:lease",
    "v1:lease:audit",
    "v1:lease:requests",
    "v1:ledger",
    "v1:outbox",
    "v1:plain-verbs",
    "v1:progress",
    "v1:requests",
    "v1:requests:closed",
    "v1:revisit",
    "v1:sdp-token",
    "v1:sweeps",
    "v1:zendesk-people",
];

/// What was found in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Keys that nothing leads to, and nothing ever will.
    pub orphans: Vec<String>,
    /// Keys that were written by a process that ended before it listed them; the next one of that number replaces them.
    pub unlisted: Vec<String>,
}

impl Keys {
    /// Looks through the entries of a store.
    pub fn of(entries: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut slots: BTreeMap<&str, BTreeMap<&str, &[u8]>> = BTreeMap::new();
        for (key, value) in entries {
            // A slot's keys are the usual ones behind `s07:`.
            let (slot, own) = key.find("v1:").and_then(|at| key.split_at_checked(at)).unwrap_or(("", key));
            let is_slot = slot.strip_prefix('s').and_then(|slot| slot.strip_suffix(':')).is_some_and(is_number);
            let (slot, own) = if is_slot { (slot, own) } else { ("", key.as_str()) };
            slots.entry(slot).or_default().insert(own, value);
        }
        let mut all = Self::default();
        for (slot, entries) in slots {
            let Self { orphans, unlisted } = Self::of_one(&entries);
            all.orphans.extend(orphans.into_iter().map(|key| format!("{slot}{key}")));
            all.unlisted.extend(unlisted.into_iter().map(|key| format!("{slot}{key}")));
        }
        all
    }

    fn of_one(entries: &BTreeMap<&str, &[u8]>) -> Self {
        let value = |key: &str| -> Value {
            entries.get(key).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
        };
        let (audit, ledger, outbox) = (value("v1:audit"), value("v1:ledger"), value("v1:outbox"));
        let mut reached: BTreeSet<String> = ROOTS.into_iter().map(str::to_owned).collect();
        // The first leaf needs no root.
        if ledger.get("moved_into_slots").is_none() {
            reached.insert("v1:ledger:0".to_owned());
        }
        reached.extend(list(&ledger, "moved_into_slots").filter_map(Value::as_str).map(str::to_owned));
        reached.extend(list(&ledger, "leaves").map(|leaf| format!("v1:ledger:{}", number(leaf, "number"))));
        for segment in list(&outbox, "segments").map(|number| format!("v1:outbox:{number}")) {
            let records = value(&segment);
            let ids = records.as_array().into_iter().flatten().filter_map(|record| record.get("id")?.as_str());
            reached.extend(ids.map(|id| format!("v1:sent:{id}")));
            reached.insert(segment);
        }
        reached.extend(list(&outbox, "leaving").filter_map(Value::as_str).map(str::to_owned));
        // A ticket leads to its newest request, the list of closed ones to those before.
        let tickets = entries.keys().filter(|key| key.starts_with("v1:request-of:"));
        let newest_of = tickets.map(|key| (*key, value(key).as_str().unwrap_or_default().to_owned()));
        for (ticket, id) in newest_of {
            let record = format!("v1:request:{id}");
            if entries.contains_key(record.as_str()) {
                reached.extend([ticket.to_owned(), record]);
            }
        }
        let closed = value("v1:requests:closed");
        reached.extend(
            closed.as_array().into_iter().flatten().filter_map(Value::as_str).map(|id| format!("v1:request:{id}")),
        );
        let newest = number(&audit, "newest");
        reached.extend((number(&audit, "oldest")..=newest).map(|number| format!("v1:audit:{number}")));
        reached.extend(list(&audit, "leaving").filter_map(Value::as_u64).map(|number| format!("v1:audit:{number}")));
        let ahead = |key: &str| {
            let of = |prefix: &str, next: u64| {
                key.strip_prefix(prefix).and_then(|number| number.parse::<u64>().ok()).is_some_and(|own| own >= next)
            };
            of("v1:ledger:", number(&ledger, "next"))
                || of("v1:outbox:", number(&outbox, "next"))
                || of("v1:audit:", newest + 1)
        };
        let lost = entries.keys().filter(|key| !reached.contains(**key)).map(|key| (*key).to_owned());
        let (unlisted, orphans) = lost.partition(|key| ahead(key));
        Self { orphans, unlisted }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(entries: &[(&str, &str)]) -> Keys {
        Keys::of(&entries.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect())
    }

    #[test]
    fn what_the_roots_lead_to_is_reached() {
        let found = keys(&[
            ("v1:ledger", r#"{"leaves":[{"number":0,"from":""},{"number":3,"from":"b"}],"next":4}"#),
            ("v1:ledger:0", "{}"),
            ("v1:ledger:3", "{}"),
            ("v1:outbox", r#"{"segments":[7],"next":8,"leaving":["v1:outbox:6","v1:sent:gone"]}"#),
            ("v1:outbox:6", "[]"),
            ("v1:outbox:7", r#"[{"id":"a:1:pending"}]"#),
            ("v1:sent:a:1:pending", "1"),
            ("v1:sent:gone", "1"),
            ("v1:lease", "{}"),
        ]);
        assert_eq!(found, Keys::default());
    }

    #[test]
    fn each_slot_is_looked_through_by_itself() {
        let found = keys(&[
            ("v1:ledger", r#"{"moved_into_slots":["v1:outbox:7"]}"#),
            ("v1:outbox:7", "[]"),
            ("v1:ledger:0", "{}"),
            ("s03:v1:outbox", r#"{"segments":[7],"next":8}"#),
            ("s03:v1:outbox:7", "[]"),
            ("s04:v1:outbox", r#"{"segments":[],"next":8}"#),
            ("s04:v1:outbox:7", "[]"),
            ("sxx:v1:outbox", "{}"),
        ]);
        assert_eq!(found.orphans, ["sxx:v1:outbox", "s04:v1:outbox:7"]);
        assert_eq!(found.unlisted, ["v1:ledger:0"]);
    }

    #[test]
    fn what_nothing_leads_to_is_an_orphan() {
        let found = keys(&[
            ("v1:outbox", r#"{"segments":[],"next":8}"#),
            ("v1:outbox:7", "[]"),
            ("v1:outbox:8", "[]"),
            ("v1:ledger:1", "{}"),
            ("v1:sent:a", "1"),
            ("v1:else", "1"),
        ]);
        assert_eq!(found.orphans, ["v1:else", "v1:outbox:7", "v1:sent:a"]);
        assert_eq!(found.unlisted, ["v1:ledger:1", "v1:outbox:8"]);
    }
}
