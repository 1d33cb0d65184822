//! The requests that the bridge itself keeps. No help desk knows of them, so the store is their world: what was written
//! there is so.
//!
//! This reads the records as `component/bridge/src/store/requests.rs` writes them, and applies the rule of the page
//! "Manage ticket approval requests" with eyes of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::Asked;
use super::witness::Question;

/// The keys of records begin so.
const RECORD: &str = "v1:request:";

/// The ids of their approvals begin so.
const MANAGED: &str = "managed:";

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Approved,
    Declined,
    Cancelled,
}

/// A request that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its id.
    pub(super) id: String,
    /// Its ticket at Atera.
    pub(super) ticket: String,
    /// Whether it was approved; none: it was cancelled.
    pub(super) approved: Option<bool>,
}

/// The request that a question is of.
pub(super) fn in_kept(question: &Question) -> Option<&str> {
    Some(question.id.strip_prefix(MANAGED)?.rsplit_once(':')?.0)
}

/// All records, as they are in the store.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeMap<String, Value>);

impl Kept {
    /// Takes note of a write, none for a removal. True: it was that of a request.
    pub(super) fn take(&mut self, key: &str, value: Option<&[u8]>) -> bool {
        let Some(id) = key.strip_prefix(RECORD) else { return false };
        let request = value.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let request = request.and_then(|record| record.get("request").cloned());
        match request {
            Some(request) => drop(self.0.insert(id.to_owned(), request)),
            None => drop(self.0.remove(id)),
        }
        true
    }

    /// Everybody who is asked now.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let open = self.0.iter().filter(|(_, request)| standing(request) == Standing::Open);
        let asked = open.flat_map(|(id, request)| recipients(request).map(move |recipient| (id, recipient)));
        let waiting = asked.filter(|(_, recipient)| state(recipient) == "pending");
        let asked = waiting.map(|(id, recipient)| Asked {
            id: format!("{MANAGED}{id}:{}", text(recipient, "id")),
            to: Some(text(recipient, "email").to_owned()),
            sent_on: recipient.get("asked_at").and_then(Value::as_i64),
        });
        asked.collect()
    }

    /// Whether a question was approved; none: it was not answered, or was asked anew since.
    pub(super) fn answer(&self, question: &Question) -> Option<bool> {
        let (_, recipient) = question.id.rsplit_once(':')?;
        let recipient = recipients(self.0.get(in_kept(question)?)?).find(|own| text(own, "id") == recipient)?;
        let same = recipient.get("asked_at").and_then(Value::as_i64) == question.sent_on;
        match state(recipient) {
            "approved" if same => Some(true),
            "declined" if same => Some(false),
            _ => None,
        }
    }

    /// The ids of requests that are open.
    pub(super) fn open(&self) -> Vec<String> {
        let open = self.0.iter().filter(|(_, request)| standing(request) == Standing::Open);
        open.map(|(id, _)| id.clone()).collect()
    }

    /// Those that have come to their end.
    pub(super) fn ended(&self) -> Vec<Ended> {
        let ended = self.0.iter().filter_map(|(id, request)| {
            let approved = match standing(request) {
                Standing::Open => return None,
                Standing::Approved => Some(true),
                Standing::Declined => Some(false),
                Standing::Cancelled => None,
            };
            let ticket = request.pointer("/facts/ticket/id").and_then(Value::as_str).unwrap_or_default();
            Some(Ended { id: id.clone(), ticket: ticket.to_owned(), approved })
        });
        ended.collect()
    }
}

/// The rule ("Manage ticket approval requests", statuses), from the answers of those who are asked.
fn standing(request: &Value) -> Standing {
    let count = |wanted: &str| recipients(request).filter(|recipient| state(recipient) == wanted).count();
    let (all, approved, declined) = (recipients(request).count(), count("approved"), count("declined"));
    let need = match request.pointer("/policy/rule").and_then(Value::as_str) {
        Some("any") => 1,
        Some("at_least") => request.pointer("/policy/count").and_then(Value::as_u64).unwrap_or(0),
        _ => u64::try_from(all).unwrap_or(0),
    };
    let need = usize::try_from(need).unwrap_or(usize::MAX);
    let deleted = request.get("deleted").and_then(Value::as_bool) == Some(true);
    if deleted || all == 0 {
        Standing::Cancelled
    } else if approved >= need {
        Standing::Approved
    } else if declined + need > all {
        Standing::Declined
    } else {
        Standing::Open
    }
}

/// Those who are asked, without those who were removed.
fn recipients(request: &Value) -> impl Iterator<Item = &Value> {
    let all = request.get("recipients").and_then(Value::as_array).into_iter().flatten();
    all.filter(|recipient| recipient.get("removed_at").is_none_or(Value::is_null))
}

fn state(recipient: &Value) -> &str {
    text(recipient, "state")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A request of these recipients, each with a state; one in brackets was removed.
    fn request(states: &[&str], policy: &Value) -> Value {
        let recipient = |(at, state): (usize, &&str)| {
            let removed = state.starts_with('(').then_some(5);
            let state = state.trim_matches(['(', ')']);
            let id = format!("r{}", at + 1);
            json!({ "id": id, "email": format!("{id}@corp.example"), "state": state, "asked_at": 3, "removed_at": removed })
        };
        let recipients: Vec<Value> = states.iter().enumerate().map(recipient).collect();
        json!({ "facts": { "ticket": { "id": "874" } }, "policy": policy, "recipients": recipients })
    }

    fn kept(request: &Value) -> Kept {
        let mut kept = Kept::default();
        assert!(kept.take("v1:request:q", Some(json!({ "change": 1, "request": request }).to_string().as_bytes())));
        kept
    }

    #[test]
    fn a_request_stands_where_the_answers_of_those_who_are_asked_put_it() {
        let (all, any, two) = (json!({"rule": "all"}), json!({"rule": "any"}), json!({"rule": "at_least", "count": 2}));
        for (states, policy, standing) in [
            (["approved", "pending", "pending"], &all, None),
            (["approved", "approved", "approved"], &all, Some(Some(true))),
            (["approved", "declined", "pending"], &all, Some(Some(false))),
            (["declined", "approved", "pending"], &any, Some(Some(true))),
            (["declined", "declined", "pending"], &any, None),
            (["declined", "declined", "approved"], &two, Some(Some(false))),
            (["declined", "approved", "approved"], &two, Some(Some(true))),
            (["approved", "approved", "(pending)"], &all, Some(Some(true))),
            (["(approved)", "(pending)", "(pending)"], &all, Some(None)),
        ] {
            let ended = kept(&request(&states, policy)).ended();
            assert_eq!(ended.first().map(|ended| ended.approved), standing, "{states:?} {policy}");
        }
    }

    #[test]
    fn who_has_not_answered_an_open_request_is_asked() {
        let kept = kept(&request(&["approved", "pending", "(pending)"], &json!({"rule": "all"})));
        let asked: Vec<String> = kept.asked().into_iter().map(|asked| asked.id).collect();
        assert_eq!(asked, ["managed:q:r2"]);
        let question = |id: &str, sent_on| Question { id: id.to_owned(), to: String::new(), sent_on: Some(sent_on) };
        assert_eq!(kept.answer(&question("managed:q:r1", 3)), Some(true));
        assert_eq!(kept.answer(&question("managed:q:r1", 2)), None, "asked anew since");
        assert_eq!(kept.answer(&question("managed:q:r2", 3)), None);
    }

    #[test]
    fn a_record_that_is_removed_is_forgotten() {
        let mut kept = kept(&request(&["pending"], &json!({"rule": "all"})));
        assert!(!kept.take("v1:requests", None));
        assert_eq!(kept.open(), ["q"]);
        assert!(kept.take("v1:request:q", None));
        assert_eq!(kept.open(), [""; 0]);
    }
}
