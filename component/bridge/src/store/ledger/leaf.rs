//! A leaf of the ledger: some entries in the order of their keys, and the bytes that they are kept as.

use std::sync::Arc;

use approval_logic::approval::Millis;
use approval_logic::diff::{Entry, Said};

use super::row::Row;
use super::{entry_key, ticket_key};
use crate::sorted::Sorted;

/// A leaf larger than this is cut: some two hundred entries. Far below 256 KiB, the largest value that every backend takes.
const MAX: usize = 64 * 1024;

/// Closed entries are kept so long, so that an old answer read late never revives what was decided.
const KEEP_CLOSED: Millis = 90 * 86_400_000;

/// What the first byte says: how many rows follow, and the rows, in the format of postcard.
const ROWS: u8 = 1;

/// What the first byte is where a version before 0.1.0 kept the leaf as JSON.
const JSON: u8 = b'{';

/// Entries by their keys.
pub type Leaf = Sorted<Entry>;

/// A leaf and its bytes.
pub(super) struct Kept {
    pub(super) leaf: Leaf,
    pub(super) bytes: Vec<u8>,
}

/// Reads a leaf. The error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Leaf, String> {
    match bytes.split_first() {
        Some((&ROWS, rows)) => entries(rows),
        Some((&JSON, _)) => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
        Some((form, _)) => Err(format!("its form {form} is none that this version knows, so a newer one wrote it")),
        None => Err("it is empty".to_owned()),
    }
}

fn entries(rows: &[u8]) -> Result<Leaf, String> {
    let (rows, rest) = postcard::take_from_bytes::<Vec<Row<'_>>>(rows).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes too many", rest.len()));
    }
    let keyed = |entry: Entry| (entry_key(&entry.approval.id), entry);
    Row::entries(rows).map(|entry| entry.map(keyed)).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The bytes of a leaf.
fn written(leaf: &Leaf) -> Result<Vec<u8>, postcard::Error> {
    let before = std::iter::once(None).chain(leaf.values().map(Some));
    let rows: Vec<_> = leaf.values().zip(before).map(|(entry, before)| Row::of(entry, before)).collect();
    postcard::to_extend(&rows, vec![ROWS])
}

/// Halves a leaf until every piece is small enough. There is at least one.
pub(super) fn cut(leaf: Leaf) -> Result<Vec<Kept>, postcard::Error> {
    let mut pieces = Vec::new();
    let mut left = vec![leaf];
    while let Some(mut leaf) = left.pop() {
        let bytes = written(&leaf)?;
        match (bytes.len() > MAX).then(|| middle(&leaf)).flatten() {
            Some(key) => {
                let upper = leaf.split_off(&key);
                left.extend([upper, leaf]);
            }
            None => pieces.push(Kept { leaf, bytes }),
        }
    }
    Ok(pieces)
}

/// The key of the first ticket of the upper half; none if all entries are of one ticket.
fn middle(leaf: &Leaf) -> Option<String> {
    let half = leaf.len() / 2;
    let ticket = |entry: &Entry| ticket_key(&entry.approval.id.ticket_ref());
    let first = leaf.values().next().map(ticket)?;
    let from = |skip: usize| leaf.values().skip(skip).map(ticket).find(|key| *key != first);
    let cut = leaf.values().nth(half).map(ticket)?;
    if cut == first { from(half) } else { Some(cut) }
}

/// Whether an entry still has to be kept.
pub(super) fn is_kept(entry: &Entry, now: Millis) -> bool {
    entry.closed_at.is_none_or(|at| now.saturating_sub(at) < KEEP_CLOSED)
}

/// Closed entries keep what is needed to recognise them, not what a card shows.
pub(super) fn slim(entry: Entry) -> Entry {
    let mut entry = entry;
    let ticket = &mut entry.approval.ticket;
    if entry.said == Said::Closed && ticket.description.is_some() {
        Arc::make_mut(ticket).description = None;
    }
    entry
}
