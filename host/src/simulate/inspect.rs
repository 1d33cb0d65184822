//! Once things are quiet: the bridge's own account of itself, its store and the world say the same.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::kept::Ended;
use super::keys::Keys;
use super::promise::Promise;
use super::witness::Witness;
use crate::bridge::{Bridge, Filter, Page};
use crate::stubs::Stubs;

/// How far things have come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Everything that was asked has been looked at, but messages may wait for their next attempt.
    Looked,
    /// There is nothing left to do.
    Done,
}

/// Checks the ledger, the outbox and the keys of the store; what does not hold is noted at the witness. `token` opens the
/// bridge's routes.
pub async fn inspect(
    bridge: &Bridge,
    token: &str,
    stubs: &Stubs,
    witness: &Witness,
    entries: &BTreeMap<String, Vec<u8>>,
    rest: Rest,
) {
    let underway = outbox(bridge, token, witness, rest).await;
    witness.check_told(&underway);
    ledger(bridge, witness).await;
    outcomes(stubs, witness, rest);
    for key in Keys::of(entries).orphans {
        witness.breach(Promise::Keys, format!("nothing leads to {key}"));
    }
}

/// The approvals with messages that wait or were given up.
async fn outbox(bridge: &Bridge, token: &str, witness: &Witness, rest: Rest) -> BTreeSet<String> {
    let mut underway = BTreeSet::new();
    let Some(body) = get(bridge, token, "/outbox").await else {
        witness.breach(Promise::Outbox, "GET /outbox brought no answer".to_owned());
        return underway;
    };
    for record in body.get("messages").and_then(Value::as_array).into_iter().flatten() {
        if rest == Rest::Done {
            let why = text(record, "last_error").unwrap_or("no error");
            witness.breach(
                Promise::Outbox,
                format!(
                    "{} is {} still: {why}",
                    text(record, "id").unwrap_or_default(),
                    text(record, "state").unwrap_or_default()
                ),
            );
        }
        let about = record.get("about").and_then(Value::as_array).into_iter().flatten();
        underway.extend(about.filter_map(Value::as_str).map(str::to_owned));
    }
    underway
}

/// What is open in the ledger is what waits in the world, at the same people.
async fn ledger(bridge: &Bridge, witness: &Witness) {
    let normal = |email: Option<&str>| email.map(|email| email.trim().to_lowercase());
    let mut listed: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = bridge.pending(Filter { approver: None, limit: 500, cursor }).await;
        let Ok(Page { approvals, cursor: next }) = page else {
            return witness.breach(Promise::Ledger, "the approvals cannot be listed".to_owned());
        };
        listed.extend(approvals.into_iter().map(|approval| {
            let to = approval.approver.and_then(|person| normal(person.email.as_deref()));
            (approval.id, to)
        }));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    let waiting = witness.asked().into_iter();
    let waiting: BTreeMap<_, _> = waiting.map(|asked| (asked.id, asked.to)).collect();
    for (id, to) in &waiting {
        match listed.get(id) {
            None => witness.breach(Promise::Ledger, format!("{id} waits, and is not in the ledger")),
            Some(own) if own != to => {
                witness.breach(Promise::Ledger, format!("{id} waits at {to:?}, and the ledger says {own:?}"));
            }
            Some(_) => {}
        }
    }
    for id in listed.keys().filter(|id| !waiting.contains_key(*id)) {
        witness.breach(Promise::Ledger, format!("{id} waits in the ledger only"));
    }
}

/// What came of requests that the bridge keeps is noted in their tickets: once there was time for it, and never twice.
fn outcomes(stubs: &Stubs, witness: &Witness, rest: Rest) {
    for Ended { id, ticket, approved } in witness.ended_here() {
        let (notes, field) = stubs.with(|world| {
            let Some(ticket) = world.atera(&ticket) else { return (Vec::new(), None) };
            let about = format!("[approval-bridge {id} ");
            let notes = ticket.comments.iter().filter(|note| note.text.contains(&about));
            (notes.map(|note| note.text.clone()).collect(), ticket.fields.values().next().cloned())
        });
        let word = match approved {
            Some(true) => " approved]",
            Some(false) => " declined]",
            None => "",
        };
        let right = match (approved, notes.as_slice()) {
            (None, []) => true,
            (Some(_), []) => rest == Rest::Looked,
            (Some(_), [note]) => note.contains(word) && (rest == Rest::Looked || field.is_some()),
            _ => false,
        };
        if !right {
            let what = format!("request {id} ended as {approved:?}, and ticket {ticket} says {notes:?}, {field:?}");
            witness.breach(Promise::Outcomes, what);
        }
    }
}

async fn get(bridge: &Bridge, token: &str, path: &str) -> Option<Value> {
    let request = http::Request::get(format!("http://bridge.example{path}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::new())
        .ok()?;
    let answer = bridge.handle(request).await.ok().filter(|answer| answer.status().is_success())?;
    serde_json::from_slice(answer.body()).ok()
}

fn text<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    record.get(name)?.as_str()
}
