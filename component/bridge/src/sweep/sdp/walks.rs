//! A slice of everything: the walk over all tickets, and the walk over those with open approvals.

use std::collections::BTreeSet;
use std::sync::Mutex;

use approval_logic::approval::Millis;
use approval_logic::diff::Entry;
use approval_logic::sdp::{ListQuery, ListedTicket, PAGE_SIZE, Scope};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::{Done, Module, PAGES_MAX, Row};
use crate::host::Host;
use crate::http::CallFailure;
use crate::sorted::Sorted;
use crate::store::ledger::ticket_key;
use crate::store::progress::{LedgerProgress, ModuleProgress, WalkProgress};
use crate::sweep::found::{Found, with};
use crate::together;

/// Rows that a walk reads twice at the seam of two pages, because a deleted row moves the others up.
const SEAM: u64 = 3;

#[derive(Default)]
struct Listing {
    end: u64,
    total: Option<u64>,
    finished: bool,
    failure: Option<CallFailure>,
}

impl<H: Host> Module<'_, H> {
    /// The slice of the walk over all tickets that is due. The first walk is due at once. True: nothing due was left.
    ///
    /// The third part holds the updates that were seen on the way, so that the next look at the updates does not look
    /// into the same tickets again.
    pub(super) async fn walk_tickets(
        &self,
        progress: &ModuleProgress,
        found: &Mutex<Found>,
    ) -> (WalkProgress, bool, Vec<(String, Millis)>) {
        let mut walk = progress.tickets.clone();
        walk.begun_at = walk.begun_at.min(self.now);
        let elapsed = self.now.saturating_sub(walk.begun_at);
        // Without times of updates in the rows, only a whole walk each time finds what is new.
        let blind = progress.watermark.is_none() && progress.walked_once;
        if !progress.walked_once && walk.begun_at == 0 || walk.done && (elapsed >= self.reconcile_ms() || blind) {
            let begun_at = if walk.begun_at == 0 || blind { self.now } else { self.round(walk.begun_at) };
            walk = WalkProgress { begun_at, total: walk.total, ..WalkProgress::default() };
        } else if walk.done {
            return (walk, true, Vec::new());
        }
        let round = self.now.saturating_sub(walk.begun_at);
        let due = if progress.walked_once && !blind && round < self.reconcile_ms() {
            share(walk.total, round, self.reconcile_ms())
        } else {
            u64::MAX
        };
        if walk.position >= due {
            return (walk, true, Vec::new());
        }
        let (sender, rows) = mpsc::channel(self.ahead);
        let mut listing = Listing::default();
        let produce = self.list_all(walk.position, due, sender, &mut listing, found);
        let looks = rows.map(|row: Row| async move {
            let mut update = row.listed.updated_at.map(|updated_at| (row.listed.ticket.id.clone(), updated_at));
            let done = match self.covered_by_ledger(&row.listed, found).await {
                Ok(true) => {
                    update = None;
                    Done::Yes
                }
                Ok(false) => self.look_at(row.listed, found).await,
                Err(done) => done,
            };
            (row.at, update, done)
        });
        let ((), seen) = futures::join!(produce, together::at_most(self.ahead, looks));
        let missed = seen.iter().filter(|(.., done)| matches!(done, Done::NotReached)).map(|(at, ..)| *at).min();
        let updates =
            seen.into_iter().filter(|(.., done)| matches!(done, Done::Yes)).filter_map(|(_, update, _)| update);
        let updates = updates.collect();
        walk.position = missed.unwrap_or(listing.end).max(walk.position);
        walk.total = listing.total.unwrap_or(walk.total).max(walk.position);
        walk.done = listing.finished && missed.is_none();
        if walk.done {
            walk.total = walk.position;
        }
        if let Some(failure) = &listing.failure {
            self.source_failed(found, failure);
        }
        let stopped = !listing.finished && listing.end < due;
        (walk, missed.is_none() && listing.failure.is_none() && !stopped, updates)
    }

    async fn list_all(
        &self,
        from: u64,
        due: u64,
        mut rows: mpsc::Sender<Row>,
        listing: &mut Listing,
        found: &Mutex<Found>,
    ) {
        let mut seen = BTreeSet::new();
        let mut position = from.saturating_sub(SEAM);
        listing.end = from;
        for _ in 0..PAGES_MAX {
            if self.known.waiting() + with(found, |found| found.plans.len()) >= self.waiting_max {
                return;
            }
            let query = ListQuery { start_index: position + 1, rows: PAGE_SIZE, scope: Scope::All };
            let page = match self.page(&query, found).await {
                Ok(page) => page,
                Err(failure) => {
                    listing.failure = Some(failure);
                    return;
                }
            };
            listing.total = page.total.or(listing.total);
            let count = page.tickets.len() + page.refused.len();
            let begun = position;
            let mut fresh = false;
            for (offset, listed) in (0..).zip(page.tickets) {
                if begun + offset >= due {
                    return;
                }
                if seen.insert(listed.ticket.id.clone()) {
                    fresh = true;
                    let ours = self.known.holds(&self.reference(&listed.ticket.id));
                    if ours && rows.send(Row { at: begun + offset, listed }).await.is_err() {
                        return;
                    }
                }
                listing.end = listing.end.max(begun + offset + 1);
            }
            position = begun + u64::try_from(count).unwrap_or(u64::MAX);
            if !page.more || !fresh {
                listing.end = listing.end.max(position);
                listing.finished = true;
                return;
            }
        }
    }

    /// The slice of the ledger that is due: tickets with open approvals are looked into wherever lists put them.
    pub(super) async fn walk_ledger(&self, walk: &LedgerProgress, found: &Mutex<Found>) -> (LedgerProgress, bool) {
        let mut walk = walk.clone();
        walk.begun_at = walk.begun_at.min(self.now);
        if walk.begun_at == 0 {
            walk.begun_at = self.now;
        } else if walk.done && self.now.saturating_sub(walk.begun_at) >= self.reconcile_ms() {
            walk = LedgerProgress { begun_at: self.round(walk.begun_at), ..LedgerProgress::default() };
        }
        if walk.done {
            return (walk, true);
        }
        let round = self.now.saturating_sub(walk.begun_at).min(self.reconcile_ms());
        let due = match self.known.slice(&self.prefix(), walk.after.as_deref(), round, self.reconcile_ms()).await {
            Ok(due) => due,
            Err(error) => {
                with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                return (walk, false);
            }
        };
        let looks = futures::stream::iter(due.tickets.into_iter().map(|ticket| async move {
            let key = ticket_key(&ticket);
            (key, self.look_into(ticket, None, false, found).await)
        }));
        let seen: Sorted<Done> = together::at_most(self.ahead, looks).await.into_iter().collect();
        for (key, done) in seen {
            if matches!(done, Done::NotReached) {
                return (walk, false);
            }
            walk.after = Some(key);
        }
        walk.done = due.end;
        (walk, true)
    }

    /// Whether the walk over the ledger looks after this ticket anyway. It does not see what is known from the outbox
    /// only, because it waits there for long or was given up.
    async fn covered_by_ledger(&self, listed: &ListedTicket, found: &Mutex<Found>) -> Result<bool, Done> {
        let ticket = self.reference(&listed.ticket.id);
        if with(found, |found| found.looked.contains(&ticket.ticket)) {
            return Ok(true);
        }
        match self.known.ledger().of_ticket(&ticket).await {
            Ok(known) => Ok(known.iter().any(Entry::is_open)),
            Err(error) => {
                with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                Err(Done::NotReached)
            }
        }
    }
}

/// The part of a total that is due after a part of a period.
fn share(total: u64, elapsed: Millis, period: Millis) -> u64 {
    let part = u128::from(total) * u128::from(elapsed.unsigned_abs()) / u128::from(period.unsigned_abs().max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}
