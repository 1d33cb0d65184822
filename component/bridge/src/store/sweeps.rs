//! The last sweeps, for people who want to know how it goes: one value, bounded however much goes wrong.

use approval_logic::approval::Millis;
use approval_logic::text::truncate;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::report::{Problem, Report, SourceReport};
use crate::together;

const KEY: &str = "v1:sweeps";

/// How many sweeps are kept; older ones go first.
pub const KEPT: usize = 10;

/// How many bytes the errors of one sweep may take, as they are written. All sweeps together stay below 64 KiB.
const ERRORS_BYTES: usize = 5 * 1024;

/// The longest message of an error that is kept, in characters.
const MESSAGE_MAX: usize = 300;

/// One sweep, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// When it began.
    pub started_at: Millis,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether everything due was looked at.
    pub complete: bool,
    /// How many messages Moveworks took.
    pub sent: u32,
    /// Its parts, by name.
    pub parts: Vec<Part>,
}

/// What a sweep did in one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The name, as in the report.
    pub name: String,
    /// Calls made to the vendor.
    pub calls: u32,
    /// Tickets looked into.
    pub tickets: u32,
    /// Pending approvals not known before, or asked again.
    pub new: u32,
    /// Approvals found to be no longer pending.
    pub closed: u32,
    /// What went wrong, as far as there was room.
    pub errors: Vec<Problem>,
    /// How many errors more there were.
    pub left_off: usize,
}

impl Part {
    /// How many errors there were.
    pub const fn failures(&self) -> usize {
        self.errors.len() + self.left_off
    }

    fn new(name: &str, report: &SourceReport, room: usize) -> Self {
        let mut errors: Vec<Problem> = Vec::new();
        let mut bytes = 0;
        for problem in &report.errors {
            let problem = Problem { message: truncate(&problem.message, MESSAGE_MAX).into_owned(), ..problem.clone() };
            bytes += serde_json::to_vec(&problem).map_or(0, |written| written.len());
            if bytes > room {
                break;
            }
            errors.push(problem);
        }
        Self {
            name: name.to_owned(),
            calls: report.calls,
            tickets: report.tickets,
            new: report.new,
            closed: report.closed,
            left_off: report.errors.len() - errors.len(),
            errors,
        }
    }
}

impl Sweep {
    /// What is kept of a report. Each source with errors gets the same room, so that none hides those of another.
    fn new(report: &Report) -> Self {
        let failing = report.sources.iter().filter(|(_, source)| !source.errors.is_empty()).count();
        let room = ERRORS_BYTES / failing.max(1);
        Self {
            started_at: report.started_at,
            took: report.duration_ms,
            complete: report.complete,
            sent: report.outbox.sent,
            parts: report.sources.iter().map(|(name, source)| Part::new(name, source, room)).collect(),
        }
    }

    /// How many errors there were.
    pub fn failures(&self) -> usize {
        self.parts.iter().map(Part::failures).sum()
    }

    /// How many calls were made.
    pub fn calls(&self) -> u32 {
        self.parts.iter().map(|part| part.calls).sum()
    }
}

/// The last sweeps, the latest first.
pub async fn load<H: Host>(store: &Store<H>) -> Result<Vec<Sweep>, StoreError> {
    Ok(store.read(KEY).await?.unwrap_or_default())
}

/// Its key.
pub(super) fn keys() -> [String; 1] {
    [KEY.to_owned()]
}

/// The last sweeps of all sweepers, each of which keeps its own, the latest first. They are told of for the reader's sake:
/// what cannot be read is left out, because then all else is needed the more.
pub async fn latest<H: Host>(stores: &[Store<H>]) -> Vec<Sweep> {
    let read = together::all(stores.iter().map(load)).await;
    let mut sweeps: Vec<Sweep> = Vec::new();
    for sweep in read.into_iter().flat_map(Result::unwrap_or_default) {
        let at = sweeps.partition_point(|own| own.started_at >= sweep.started_at);
        sweeps.insert(at, sweep);
    }
    sweeps.truncate(KEPT);
    sweeps
}

/// Puts a sweep before the others. What is kept of former ones and cannot be read is let go of.
pub async fn remember<H: Host>(store: &Store<H>, report: &Report) -> Result<(), StoreError> {
    let mut sweeps = load(store).await.unwrap_or_default();
    sweeps.insert(0, Sweep::new(report));
    sweeps.truncate(KEPT);
    store.write(KEY, &sweeps).await
}
