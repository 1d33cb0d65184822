//! Messages on their way, durable before the first attempt.
//!
//! A root lists segments, a segment holds up to a hundred messages, and a mark of its own is set for each message the
//! moment it was taken. So a crash repeats at most what was under way, and a quiet sweep reads one small value.

mod part;

use std::collections::BTreeSet;

use approval_logic::approval::{ApprovalId, Millis};
use approval_logic::diff::Entry;
use approval_logic::http::pause_left;
use approval_logic::outbox::WAIT_MAX;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::together;

const ROOT: &str = "v1:outbox";

/// How many messages a segment holds.
const SEGMENT_MAX: usize = 100;

/// A segment of this size in bytes takes no more of them. With what attempts add it stays below 256 KiB, the largest value
/// that every backend takes.
const SEGMENT_BYTES: usize = 128 * 1024;

/// How many given-up messages are kept for a person to look at; older ones go first.
const DEAD_MAX: usize = 500;

/// How many bytes all but the newest may take: with that one, and the rest of the root, well below 256 KiB.
const DEAD_BYTES: usize = 128 * 1024;

/// A message about something that was asked longer ago than this when it was planned is part of a backlog.
const BACKLOG: Millis = 3_600_000;

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The card of an approval's round; of several approvals of one person, one card that lists them.
    Pending(Vec<Entry>),
    /// A reminder, with its number from 1.
    Reminder(Box<Entry>, u32),
    /// Nothing is left to do for somebody who was told: the entry with its approval as it ended for them.
    Closed(Box<Entry>),
    /// A notice that somebody handed in.
    Notice {
        /// The text, plain.
        text: String,
        /// Slots that go along.
        slots: Option<serde_json::Map<String, serde_json::Value>>,
    },
}

impl Content {
    /// The entries of the approvals that somebody is asked for, as the ledger holds them or soon will.
    pub fn asked(&self) -> &[Entry] {
        match self {
            Self::Pending(entries) => entries,
            Self::Reminder(entry, _) => std::slice::from_ref(entry),
            Self::Closed(_) | Self::Notice { .. } => &[],
        }
    }

    /// The entries of the approvals that it is about.
    pub fn about(&self) -> &[Entry] {
        match self {
            Self::Closed(entry) => std::slice::from_ref(entry),
            _ => self.asked(),
        }
    }

    /// Leaves out what is no longer to be said. True: nothing is left to say.
    pub fn leave_out(&mut self, over: &[ApprovalId]) -> bool {
        if let Self::Pending(entries) = self {
            entries.retain(|entry| !over.contains(&entry.approval.id));
            return entries.is_empty();
        }
        !over.is_empty()
    }

    /// Whether quiet hours hold it back. What somebody hands in is theirs to time.
    pub const fn waits_for_morning(&self) -> bool {
        !matches!(self, Self::Notice { .. })
    }

    /// Whether it tells of the end of a round.
    pub const fn closes(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether it is the card of a round, alone or among others.
    pub const fn announces(&self) -> bool {
        matches!(self, Self::Pending(_))
    }
}

/// One message to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Stable over repeats; also what a person names it by.
    pub id: String,
    /// What it is about.
    pub content: Content,
    /// Who is told.
    pub recipient: String,
    /// When it was planned.
    pub planned_at: Millis,
    /// When its approval was last read at the source.
    pub read_at: Millis,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this time.
    #[serde(default)]
    pub not_before: Millis,
    /// What the last attempt met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Record {
    /// Its size in bytes, as it is kept.
    pub fn size(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |bytes| bytes.len())
    }

    /// Whether it may be tried now. A time beyond every wait is of a clock that ran ahead.
    pub const fn is_due(&self, now: Millis) -> bool {
        self.not_before <= now || self.not_before.saturating_sub(now) > WAIT_MAX
    }

    /// Whether its approval had been asked for long before the bridge came to plan the message.
    pub fn is_backlog(&self) -> bool {
        let sent_at = self.content.asked().iter().filter_map(|entry| entry.approval.sent_at).max();
        sent_at.is_some_and(|sent_at| self.planned_at.saturating_sub(sent_at) > BACKLOG)
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Taken by Moveworks.
    Sent,
    /// Not needed any more: the approval is no longer pending, or is somebody else's now.
    Dropped,
    /// Given up; the record says why.
    Dead,
    /// Still waiting, with what the attempt changed.
    Waiting,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Root {
    /// Segments with waiting messages, oldest first.
    segments: Vec<u64>,
    next: u64,
    /// Messages that were given up.
    #[serde(default)]
    dead: Vec<Record>,
    /// Keys that are no longer reachable and are being removed.
    #[serde(default)]
    leaving: Vec<String>,
    /// Moveworks asked to wait until then.
    #[serde(default)]
    paused_until: Millis,
    /// When the messages of the last minute were sent.
    #[serde(default)]
    recent: Vec<Millis>,
    /// A delivery has begun and not been settled: marks may be there.
    #[serde(default)]
    delivering: bool,
}

/// The outbox as one sweep or request sees it. Only the holder of the lease settles it.
pub struct Outbox<H> {
    store: Store<H>,
    root: Root,
    /// As the root lists them.
    segments: Vec<(u64, Vec<Record>)>,
}

impl<H: Host> Outbox<H> {
    /// Reads what waits.
    pub async fn open(store: Store<H>) -> Result<Self, StoreError> {
        let root: Root = store.read(ROOT).await?.unwrap_or_default();
        let numbers = root.segments.clone();
        let read = numbers.iter().map(|number| {
            let store = &store;
            async move { Ok((*number, store.read(&segment_key(*number)).await?.unwrap_or_default())) }
        });
        let segments = together::all_or_error(read).await?;
        Ok(Self { store, root, segments })
    }

    /// Where it lies.
    pub const fn store(&self) -> &Store<H> {
        &self.store
    }

    /// The messages that were taken by Moveworks in a delivery that never came to its end. For the holder of the lease.
    pub async fn recover(&mut self) -> Result<Vec<Record>, StoreError> {
        self.finish_leaving().await?;
        if !self.root.delivering {
            return Ok(Vec::new());
        }
        let store = &self.store;
        let marks = self.waiting().map(|record| async move {
            let mark: Option<Millis> = store.read(&mark_key(&record.id)).await?;
            Ok::<_, StoreError>(mark.map(|at| (at, record.clone())))
        });
        let marked = together::all_or_error(marks).await?.into_iter().flatten();
        let (times, records): (Vec<Millis>, Vec<Record>) = marked.unzip();
        self.root.recent.extend(times);
        Ok(records)
    }

    /// Notes that marks will be set from now on.
    pub async fn begin_delivery(&mut self) -> Result<(), StoreError> {
        if self.root.delivering {
            return Ok(());
        }
        let root = Root { delivering: true, ..self.root.clone() };
        self.store.write(ROOT, &root).await?;
        self.root = root;
        Ok(())
    }

    /// The messages that wait, in the order in which they were planned.
    pub fn waiting(&self) -> impl Iterator<Item = &Record> {
        self.segments.iter().flat_map(|(_, records)| records)
    }

    /// The messages that were not taken so far: those that wait and those that were given up.
    pub fn unsaid(&self) -> impl Iterator<Item = &Record> {
        self.waiting().chain(self.dead())
    }

    /// The messages that were given up, oldest first.
    pub fn dead(&self) -> &[Record] {
        &self.root.dead
    }

    /// Until when Moveworks asked to be left alone; 0: it does not, now.
    pub fn paused_until(&self, now: Millis) -> Millis {
        if pause_left(self.root.paused_until, now).is_zero() { 0 } else { self.root.paused_until }
    }

    /// When the messages of the last minute were sent.
    pub fn recent(&self) -> &[Millis] {
        &self.root.recent
    }

    /// Keeps the times of the last minute's messages over restarts, with the next settling.
    pub fn keep_recent(&mut self, recent: &[Millis]) {
        recent.clone_into(&mut self.root.recent);
    }

    /// Keeps a pause over restarts, with the next settling.
    pub fn pause_until(&mut self, until: Millis) {
        self.root.paused_until = until;
    }

    /// Makes messages durable. One that waits already, or was given up, is not taken twice.
    pub async fn plan(&mut self, records: Vec<Record>) -> Result<u32, StoreError> {
        let mut known = BTreeSet::new();
        known.extend(self.waiting().chain(self.dead()).map(|record| record.id.clone()));
        let records: Vec<_> = records.into_iter().filter(|record| !known.contains(&record.id)).collect();
        if records.is_empty() {
            return Ok(0);
        }
        let planned = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let mut root = self.root.clone();
        let mut fresh = Vec::new();
        for segment in segments(records) {
            fresh.push((root.next, segment));
            root.segments.push(root.next);
            root.next += 1;
        }
        together::all_or_error(fresh.iter().map(|(number, records)| {
            let store = &self.store;
            async move { store.write(&segment_key(*number), records).await }
        }))
        .await?;
        self.store.write(ROOT, &root).await?;
        self.root = root;
        self.segments.append(&mut fresh);
        Ok(planned)
    }

    /// Marks a message as taken: durable before anything else is done about it.
    pub async fn mark_sent(store: &Store<H>, id: &str, at: Millis) -> Result<(), StoreError> {
        store.write(&mark_key(id), &at).await
    }

    /// Writes down what became of messages; to be called once the ledger holds their entries.
    pub async fn settle(&mut self, fates: Sorted<(Fate, Record)>) -> Result<(), StoreError> {
        let untouched = fates.values().all(|(fate, record)| *fate == Fate::Waiting && record.attempts == 0);
        if untouched && !self.root.delivering {
            return Ok(());
        }
        let mut root = Root { delivering: false, ..self.root.clone() };
        // A segment that changes is written anew under another number, so that one write of the root is the step from
        // before to after: messages, marks and those given up are all as they were, or all as they are to be.
        let mut segments = Vec::new();
        let mut fresh = Vec::new();
        for (number, records) in &self.segments {
            let mut left = Vec::new();
            for record in records {
                match fates.get(&record.id) {
                    None => left.push(record.clone()),
                    Some((Fate::Waiting, record)) => left.push(record.clone()),
                    Some((Fate::Dead, record)) => root.dead.push(record.clone()),
                    Some((Fate::Sent, _)) => root.leaving.push(mark_key(&record.id)),
                    Some((Fate::Dropped, _)) => {}
                }
            }
            if left == *records {
                segments.push((*number, left));
                continue;
            }
            root.leaving.push(segment_key(*number));
            if !left.is_empty() {
                fresh.push(segments.len());
                segments.push((root.next, left));
                root.next += 1;
            }
        }
        drop_oldest(&mut root.dead);
        root.segments = segments.iter().map(|(number, _)| *number).collect();
        for (number, left) in fresh.into_iter().filter_map(|at| segments.get(at)) {
            self.store.write(&segment_key(*number), left).await?;
        }
        self.store.write(ROOT, &root).await?;
        (self.root, self.segments) = (root, segments);
        self.finish_leaving().await
    }

    /// Takes a given-up message up again. False if there is none of that id.
    pub async fn retry(&mut self, id: &str) -> Result<bool, StoreError> {
        let Some(at) = self.root.dead.iter().position(|record| record.id == id) else { return Ok(false) };
        let mut root = self.root.clone();
        let record = Record { attempts: 0, not_before: 0, ..root.dead.remove(at) };
        let number = root.next;
        root.next += 1;
        root.segments.push(number);
        self.store.write(&segment_key(number), &vec![record.clone()]).await?;
        self.store.write(ROOT, &root).await?;
        self.root = root;
        self.segments.push((number, vec![record]));
        Ok(true)
    }

    async fn finish_leaving(&mut self) -> Result<(), StoreError> {
        if self.root.leaving.is_empty() {
            return Ok(());
        }
        together::all_or_error(self.root.leaving.iter().map(|key| self.store.remove(key))).await?;
        let root = Root { leaving: Vec::new(), ..self.root.clone() };
        self.store.write(ROOT, &root).await?;
        self.root = root;
        Ok(())
    }
}

/// The messages that wait in these, and those that were given up, in the order in which they were planned.
pub fn in_order<H: Host>(outboxes: &[Outbox<H>]) -> (Vec<Record>, Vec<Record>) {
    // One outbox has its own order, in which a message taken up again stands last.
    if let [only] = outboxes {
        return (only.waiting().cloned().collect(), only.dead().to_vec());
    }
    let (mut waiting, mut dead) = (Sorted::default(), Sorted::default());
    let key = |record: &Record| format!("{:019}:{}", record.planned_at, record.id);
    for outbox in outboxes {
        outbox.waiting().for_each(|record| waiting.insert(key(record), record.clone()));
        outbox.dead().iter().for_each(|record| dead.insert(key(record), record.clone()));
    }
    let listed = |records: Sorted<Record>| records.into_iter().map(|(_, record)| record).collect();
    (listed(waiting), listed(dead))
}

/// Messages in segments, each within its bounds.
fn segments(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut segments: Vec<Vec<Record>> = Vec::new();
    let mut bytes = 0;
    for record in records {
        let own = record.size();
        match segments.last_mut().filter(|segment| segment.len() < SEGMENT_MAX && bytes + own <= SEGMENT_BYTES) {
            Some(segment) => {
                bytes += own;
                segment.push(record);
            }
            None => {
                bytes = own;
                segments.push(vec![record]);
            }
        }
    }
    segments
}

/// Keeps the list of given-up messages within its bounds. The newest one stays whatever its size, and takes no room from the
/// others; one that has no room leaves that to the smaller ones before it.
fn drop_oldest(dead: &mut Vec<Record>) {
    let Some(newest) = dead.pop() else { return };
    let (mut bytes, mut kept) = (0, vec![newest]);
    for record in dead.drain(..).rev() {
        let own = record.size();
        if kept.len() < DEAD_MAX && bytes + own <= DEAD_BYTES {
            bytes += own;
            kept.push(record);
        }
    }
    kept.reverse();
    *dead = kept;
}

fn segment_key(number: u64) -> String {
    format!("{ROOT}:{number}")
}

fn mark_key(id: &str) -> String {
    format!("v1:sent:{id}")
}
