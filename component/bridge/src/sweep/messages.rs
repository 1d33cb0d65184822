//! Messages to be: what a sweep found, as records of the outbox.

use approval_logic::approval::Millis;
use approval_logic::diff::Entry;
use approval_logic::signature::hmac_sha256_hex;

use crate::sorted::Sorted;
use crate::store::outbox::{Content, Record};

/// The id of a message: stable over repeats, another one for each round.
pub(super) fn event_id(entry: &Entry, what: &str) -> String {
    format!("{}:{}:{what}", entry.approval.id, entry.round)
}

/// The card of an entry.
pub(super) fn announcement(entry: &Entry, now: Millis, read_at: Millis) -> Option<Record> {
    record(entry, event_id(entry, "pending"), Content::Pending(vec![entry.clone()]), now, read_at)
}

/// One more card of an entry, with its number.
pub(super) fn reminder(entry: &Entry, number: u32, now: Millis, read_at: Millis) -> Option<Record> {
    let content = Content::Reminder(Box::new(entry.clone()), number);
    record(entry, event_id(entry, &format!("reminder-{number}")), content, now, read_at)
}

/// Nothing is left to do for the approver of an entry.
pub(super) fn closing(entry: &Entry, now: Millis, read_at: Millis) -> Option<Record> {
    record(entry, event_id(entry, "closed"), Content::Closed(Box::new(entry.clone())), now, read_at)
}

/// Makes one message of the cards for one person where they are more than `above`.
pub(super) fn digests(records: Vec<Record>, above: Option<usize>) -> Vec<Record> {
    let Some(above) = above else { return records };
    let (cards, mut kept): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.content.announces());
    let mut by_recipient: Sorted<Vec<Record>> = Sorted::default();
    for card in cards {
        if let Some(own) = by_recipient.or_default(&card.recipient.clone()) {
            own.push(card);
        }
    }
    for (recipient, own) in by_recipient {
        if own.len() <= above {
            kept.extend(own);
            continue;
        }
        // Named by what it holds, so that it has the same name when a crash makes it planned again.
        let ids: Vec<&str> = own.iter().map(|card| card.id.as_str()).collect();
        let name = hmac_sha256_hex(recipient.as_bytes(), ids.join(" ").as_bytes());
        let entries = own.iter().flat_map(|card| card.content.asked()).cloned().collect();
        kept.push(Record {
            id: format!("digest:{}", name.get(..32).unwrap_or_default()),
            content: Content::Pending(entries),
            recipient,
            planned_at: own.iter().map(|card| card.planned_at).max().unwrap_or_default(),
            read_at: own.iter().map(|card| card.read_at).min().unwrap_or_default(),
            attempts: 0,
            not_before: 0,
            last_error: None,
        });
    }
    kept
}

fn record(entry: &Entry, id: String, content: Content, now: Millis, read_at: Millis) -> Option<Record> {
    let recipient = entry.approval.approver.as_ref()?.address()?;
    let (attempts, not_before, last_error) = (0, 0, None);
    Some(Record { id, content, recipient, planned_at: now, read_at, attempts, not_before, last_error })
}
