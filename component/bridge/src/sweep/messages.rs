//! Messages to be: what a sweep found, as records of the outbox.

use approval_logic::approval::Millis;
use approval_logic::card::DIGEST_LINES;
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

/// The most bytes that the cards of a digest take where they are kept, as far as they are about as large as each other.
const DIGEST_BYTES: usize = 64 * 1024;

/// Makes one message of the cards for one person where they are more than `above`; several, where they are too many for
/// one.
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
        kept.extend(parts(own).into_iter().map(|part| digest(&recipient, &part)));
    }
    kept
}

/// Cards in as few parts as can be, each of which is shown whole and kept in one value. No part is much smaller than the
/// others.
fn parts(cards: Vec<Record>) -> Vec<Vec<Record>> {
    let bytes: usize = cards.iter().map(Record::size).sum();
    let parts = cards.len().div_ceil(DIGEST_LINES).max(bytes.div_ceil(DIGEST_BYTES));
    let size = cards.len().div_ceil(parts.max(1)).max(1);
    cards.chunks(size).map(<[Record]>::to_vec).collect()
}

/// One message of several cards for one person.
fn digest(recipient: &str, cards: &[Record]) -> Record {
    // Named by what it holds, so that it has the same name when a crash makes it planned again.
    let ids: Vec<&str> = cards.iter().map(|card| card.id.as_str()).collect();
    let name = hmac_sha256_hex(recipient.as_bytes(), ids.join(" ").as_bytes());
    Record {
        id: format!("digest:{}", name.get(..32).unwrap_or_default()),
        content: Content::Pending(cards.iter().flat_map(|card| card.content.asked()).cloned().collect()),
        recipient: recipient.to_owned(),
        planned_at: cards.iter().map(|card| card.planned_at).max().unwrap_or_default(),
        read_at: cards.iter().map(|card| card.read_at).min().unwrap_or_default(),
        attempts: 0,
        not_before: 0,
        last_error: None,
    }
}

fn record(entry: &Entry, id: String, content: Content, now: Millis, read_at: Millis) -> Option<Record> {
    let recipient = entry.approval.approver.as_ref()?.address()?;
    let (attempts, not_before, last_error) = (0, 0, None);
    Some(Record { id, content, recipient, planned_at: now, read_at, attempts, not_before, last_error })
}
