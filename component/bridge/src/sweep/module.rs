//! One module of ServiceDesk Plus: what changed, a slice of everything, and what has to be looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use approval_logic::approval::{ApprovalId, Millis, Source, TicketKind, TicketRef};
use approval_logic::diff::{Entry, Said, diff};
use approval_logic::policy::{self, Action, Plan, Rules};
use approval_logic::sdp::{self, ListQuery, ListedTicket, PAGE_SIZE, Page, Scope};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::look::{Subject, look};
use super::overlay::Known;
use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::report::SourceReport;
use crate::sdp::Session;
use crate::store::ledger::ticket_key;
use crate::store::progress::{LedgerProgress, ModuleProgress, WalkProgress};

/// Updates this close behind the watermark are listed again: clocks of several servers differ.
const OVERLAP: Millis = 120_000;

/// How many updates behind the watermark are remembered; past that, tickets are looked at again.
const RECENT_MAX: usize = 2_000;

/// How many failed tickets are remembered for the next sweep; past that, the full walk finds them.
const FAILED_MAX: usize = 500;

/// Rows that a walk reads twice at the seam of two pages, because a deleted row moves the others up.
const SEAM: u64 = 3;

/// A list that has more pages than this is not believed.
const PAGES_MAX: u32 = 10_000;

/// What is found in one module.
pub(super) struct Outcome {
    /// Where the next sweep goes on.
    pub(super) progress: ModuleProgress,
    /// The counts.
    pub(super) report: SourceReport,
    /// What to do, one plan for each changed approval.
    pub(super) plans: BTreeMap<ApprovalId, Plan>,
    /// Reminders that are due, with their numbers.
    pub(super) reminders: Vec<(Entry, u32)>,
    /// Whether everything due was looked at.
    pub(super) complete: bool,
}

/// One module during one sweep.
pub(super) struct Module<'a, H> {
    /// Which one.
    pub(super) kind: TicketKind,
    /// The way to the source.
    pub(super) session: &'a Session<H>,
    /// What is known.
    pub(super) known: &'a Known<H>,
    /// How to treat changes.
    pub(super) rules: &'a Rules,
    /// Counts this module's calls.
    pub(super) counter: Counter,
    /// When the sweep began.
    pub(super) now: Millis,
    /// In which time everything is looked at once.
    pub(super) reconcile: Duration,
    /// How many tickets may be looked at side by side.
    pub(super) width: usize,
}

/// How one ticket came out.
enum Done {
    Yes,
    /// An error of this ticket: it is tried again in the next sweep.
    Failed,
    /// The time was over before it was looked at.
    NotReached,
}

/// What the walks add up, side by side.
#[derive(Default)]
struct Found {
    report: SourceReport,
    plans: BTreeMap<ApprovalId, Plan>,
    reminders: Vec<(Entry, u32)>,
    failed: BTreeSet<String>,
    looked: BTreeSet<String>,
}

struct Row {
    at: u64,
    listed: ListedTicket,
}

impl<H: Host> Module<'_, H> {
    /// One sweep of the module.
    pub(super) async fn sweep(&self, progress: ModuleProgress, revisit: Vec<String>) -> Outcome {
        let found = Mutex::new(Found::default());
        let mut next = progress.clone();
        let mut complete = true;
        let reachable = if progress.watermark.is_none() {
            self.first_watermark(&mut next, &found).await
        } else {
            self.updated(&mut next, &found, &mut complete).await
        };
        if reachable {
            let again: BTreeSet<String> = progress.failed.iter().cloned().chain(revisit).collect();
            let (tickets, ledger, again) = futures::join!(
                self.walk_tickets(&progress, &found),
                self.walk_ledger(&progress.ledger, &found),
                self.look_again(again, &found),
            );
            (next.tickets, next.ledger) = (tickets.0, ledger.0);
            let horizon = next.watermark.map_or(Millis::MAX, |watermark| watermark.saturating_sub(OVERLAP));
            let close = tickets.2.into_iter().filter(|(_, updated_at)| *updated_at >= horizon);
            next.recent.extend(close.take(RECENT_MAX));
            next.walked_once |= next.tickets.done;
            complete &= tickets.1 && ledger.1 && again.is_empty();
            next.failed = again.into_iter().collect();
        } else {
            complete = false;
        }
        let mut found = found.into_inner().unwrap_or_default();
        let failed: BTreeSet<String> = next.failed.drain(..).chain(found.failed).take(FAILED_MAX).collect();
        next.failed = failed.into_iter().collect();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        Outcome { progress: next, report: found.report, plans: found.plans, reminders: found.reminders, complete }
    }

    /// Looks into one ticket only. True if that worked.
    pub(super) async fn hint(&self, ticket: &str) -> Outcome {
        let found = Mutex::new(Found::default());
        let left = self.look_again(BTreeSet::from([ticket.to_owned()]), &found).await;
        let mut found = found.into_inner().unwrap_or_default();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        Outcome {
            progress: ModuleProgress::default(),
            report: found.report,
            plans: found.plans,
            reminders: Vec::new(),
            complete: left.is_empty() && found.failed.is_empty(),
        }
    }

    /// Where updates are read from: the newest one there is now, in the source's own clock. Everything older is found
    /// by the first walk.
    async fn first_watermark(&self, next: &mut ModuleProgress, found: &Mutex<Found>) -> bool {
        match self.page(&ListQuery { start_index: 1, rows: 1, scope: Scope::Newest }).await {
            Ok(page) => {
                let newest = page.tickets.first();
                next.watermark = newest.map_or(Some(1), |row| row.updated_at);
                true
            }
            Err(failure) => self.source_failed(found, &failure),
        }
    }

    /// Tickets updated since the watermark. False: the source cannot be read at all.
    async fn updated(&self, next: &mut ModuleProgress, found: &Mutex<Found>, complete: &mut bool) -> bool {
        let watermark = next.watermark.unwrap_or_default();
        let since = watermark.saturating_sub(OVERLAP).max(1);
        let recent = std::mem::take(&mut next.recent);
        let (sender, rows) = mpsc::channel(self.width);
        let mut first_failure = None;
        let produce = self.list_updates(since, sender, &mut first_failure);
        let consume = rows
            .map(|row: Row| {
                let known = row.listed.updated_at.is_some()
                    && recent.get(&row.listed.ticket.id) == row.listed.updated_at.as_ref();
                async move {
                    let id = row.listed.ticket.id.clone();
                    let updated_at = row.listed.updated_at;
                    let done = if known { Done::Yes } else { self.look_at(row.listed, found).await };
                    (row.at, id, updated_at, done)
                }
            })
            .buffer_unordered(self.width)
            .collect::<Vec<_>>();
        let (pages, mut seen) = futures::join!(produce, consume);
        seen.sort_unstable_by_key(|(at, ..)| *at);
        let mut frontier = watermark;
        for (_, id, updated_at, done) in seen {
            let Some(updated_at) = updated_at else { continue };
            match done {
                Done::NotReached => {
                    *complete = false;
                    break;
                }
                Done::Failed => {}
                Done::Yes => drop(next.recent.insert(id, updated_at)),
            }
            frontier = frontier.max(updated_at);
        }
        let horizon = frontier.saturating_sub(OVERLAP);
        next.recent.retain(|_, updated_at| *updated_at >= horizon);
        while next.recent.len() > RECENT_MAX {
            next.recent.pop_first();
        }
        next.watermark = Some(frontier);
        match first_failure {
            None => true,
            Some(failure) => {
                *complete = false;
                self.source_failed(found, &failure) || pages > 0
            }
        }
    }

    /// Lists updates page by page. Each page begins at the last update of the one before, so tickets that move to the
    /// end meanwhile never push another one out of sight.
    async fn list_updates(&self, since: Millis, mut rows: mpsc::Sender<Row>, failed: &mut Option<CallFailure>) -> u32 {
        let mut seen: BTreeMap<String, Option<Millis>> = BTreeMap::new();
        let (mut since, mut start_index, mut at) = (since, 1, 0);
        let mut repeated = false;
        for pages in 0..PAGES_MAX {
            let query = ListQuery { start_index, rows: PAGE_SIZE, scope: Scope::UpdatedSince(since) };
            let page = match self.page(&query).await {
                Ok(page) => page,
                Err(failure) => {
                    *failed = Some(failure);
                    return pages;
                }
            };
            let count = u64::try_from(page.tickets.len() + page.refused.len()).unwrap_or(u64::MAX);
            let last = page.tickets.iter().filter_map(|row| row.updated_at).max();
            let mut fresh = 0;
            for listed in page.tickets {
                if seen.insert(listed.ticket.id.clone(), listed.updated_at) == Some(listed.updated_at) {
                    continue;
                }
                fresh += 1;
                at += 1;
                if rows.send(Row { at, listed }).await.is_err() {
                    return pages + 1;
                }
            }
            // A page of known rows is what a bulk update leaves at the seam; two in a row are a list that never ends.
            if !page.more || count == 0 || fresh == 0 && repeated {
                return pages + 1;
            }
            repeated = fresh == 0;
            match last {
                Some(last) if last > since => (since, start_index) = (last, 1),
                _ => start_index += count,
            }
        }
        PAGES_MAX
    }

    /// The slice of the walk over all tickets that is due. The first walk is due at once. True: nothing due was left.
    ///
    /// The third part holds the updates that were seen on the way, so that the next look at the updates does not look
    /// into the same tickets again.
    async fn walk_tickets(
        &self,
        progress: &ModuleProgress,
        found: &Mutex<Found>,
    ) -> (WalkProgress, bool, Vec<(String, Millis)>) {
        let mut walk = progress.tickets.clone();
        let elapsed = self.now.saturating_sub(walk.begun_at);
        // Without times of updates in the rows, only a whole walk each time finds what is new.
        let blind = progress.watermark.is_none() && progress.walked_once;
        if !progress.walked_once && walk.begun_at == 0 || walk.done && (elapsed >= self.reconcile_ms() || blind) {
            walk = WalkProgress { begun_at: self.now, total: walk.total, ..WalkProgress::default() };
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
        let (sender, rows) = mpsc::channel(self.width);
        let mut listing = Listing::default();
        let produce = self.list_all(walk.position, due, sender, &mut listing);
        let consume = rows
            .map(|row: Row| async move {
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
            })
            .buffer_unordered(self.width)
            .collect::<Vec<_>>();
        let ((), seen) = futures::join!(produce, consume);
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
        (walk, missed.is_none() && listing.failure.is_none(), updates)
    }

    async fn list_all(&self, from: u64, due: u64, mut rows: mpsc::Sender<Row>, listing: &mut Listing) {
        let mut seen = BTreeSet::new();
        let mut position = from.saturating_sub(SEAM);
        listing.end = from;
        for _ in 0..PAGES_MAX {
            let query = ListQuery { start_index: position + 1, rows: PAGE_SIZE, scope: Scope::All };
            let page = match self.page(&query).await {
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
                    if rows.send(Row { at: begun + offset, listed }).await.is_err() {
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
    async fn walk_ledger(&self, walk: &LedgerProgress, found: &Mutex<Found>) -> (LedgerProgress, bool) {
        let mut walk = walk.clone();
        if walk.begun_at == 0 || walk.done && self.now.saturating_sub(walk.begun_at) >= self.reconcile_ms() {
            walk = LedgerProgress { begun_at: self.now, ..LedgerProgress::default() };
        }
        if walk.done {
            return (walk, true);
        }
        let round = self.now.saturating_sub(walk.begun_at).min(self.reconcile_ms());
        let due = match self.known.slice(self.kind, walk.after.as_deref(), round, self.reconcile_ms()).await {
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
        let mut seen = looks.buffer_unordered(self.width).collect::<Vec<_>>().await;
        seen.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        for (key, done) in seen {
            if matches!(done, Done::NotReached) {
                return (walk, false);
            }
            walk.after = Some(key);
        }
        walk.done = due.end;
        (walk, true)
    }

    /// Tickets of former failures and hints. What could not be reached comes back.
    async fn look_again(&self, tickets: BTreeSet<String>, found: &Mutex<Found>) -> BTreeSet<String> {
        let looks = futures::stream::iter(tickets.into_iter().map(|ticket| async move {
            let subject = TicketRef { source: Source::Sdp, kind: self.kind, ticket: ticket.clone() };
            (ticket, self.look_into(subject, None, false, found).await)
        }));
        let seen = looks.buffer_unordered(self.width).collect::<Vec<_>>().await;
        seen.into_iter().filter(|(_, done)| matches!(done, Done::NotReached)).map(|(ticket, _)| ticket).collect()
    }

    async fn look_at(&self, listed: ListedTicket, found: &Mutex<Found>) -> Done {
        let ticket = TicketRef { source: Source::Sdp, kind: self.kind, ticket: listed.ticket.id.clone() };
        self.look_into(ticket, Some(listed.ticket), listed.nothing_pending, found).await
    }

    /// Whether the walk over the ledger looks after this ticket anyway.
    async fn covered_by_ledger(&self, listed: &ListedTicket, found: &Mutex<Found>) -> Result<bool, Done> {
        let ticket = TicketRef { source: Source::Sdp, kind: self.kind, ticket: listed.ticket.id.clone() };
        if with(found, |found| found.looked.contains(&ticket.ticket)) {
            return Ok(true);
        }
        match self.known.of_ticket(&ticket).await {
            Ok(known) => Ok(known.iter().any(Entry::is_open)),
            Err(error) => {
                with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                Err(Done::NotReached)
            }
        }
    }

    async fn look_into(
        &self,
        ticket: TicketRef,
        listed: Option<approval_logic::approval::Ticket>,
        nothing_pending: bool,
        found: &Mutex<Found>,
    ) -> Done {
        // A ticket from a list of updates may be looked into twice: its row tells that it changed in between.
        let again = listed.is_none() && with(found, |found| found.looked.contains(&ticket.ticket));
        if again {
            return Done::Yes;
        }
        let known = match self.known.of_ticket(&ticket).await {
            Ok(known) => known,
            Err(error) => {
                with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                return Done::NotReached;
            }
        };
        let subject = Subject { ticket, listed, nothing_pending, known };
        let looked = look(self.session, &self.counter, &subject).await;
        let id = subject.ticket.ticket.clone();
        match looked {
            Ok(looked) => {
                with(found, |found| {
                    found.looked.insert(id);
                    self.take(found, &subject.known, looked);
                });
                Done::Yes
            }
            Err(CallFailure::OutOfTime) => Done::NotReached,
            Err(CallFailure::Failed(error)) => {
                with(found, |found| {
                    found.report.problem(Some(&id), error.code(), error.message());
                    found.failed.insert(id);
                });
                Done::Failed
            }
        }
    }

    /// Compares one ticket with what is known and notes what to do.
    fn take(&self, found: &mut Found, known: &[Entry], looked: super::look::Looked) {
        found.report.add(looked.report);
        let changes = diff(known, std::slice::from_ref(&looked.snapshot));
        let mut changed = BTreeSet::new();
        for change in &changes {
            let before = known.iter().find(|entry| entry.approval.id == change.approval().id);
            let plan = policy::plan(before, change, self.rules, self.now);
            let counts = &mut found.report;
            match &plan.action {
                Action::Announce => counts.new += 1,
                Action::Baseline => (counts.new, counts.baselined) = (counts.new + 1, counts.baselined + 1),
                Action::Silence => (counts.new, counts.skipped) = (counts.new + 1, counts.skipped + 1),
                Action::Park(why) => {
                    counts.skipped += 1;
                    // Told when it is found, not every time it is still so.
                    if before.is_none_or(|entry| entry.said != Said::Parked(why.clone())) {
                        counts.new += 1;
                        counts.problem(Some(&looked.snapshot.ticket.ticket), "NOBODY_TO_TELL", why.clone());
                    }
                }
                Action::Close => counts.closed += 1,
                Action::Refresh => {}
            }
            changed.insert(change.approval().id.clone());
            found.plans.insert(change.approval().id.clone(), plan);
        }
        for entry in known.iter().filter(|entry| !changed.contains(&entry.approval.id)) {
            let waits = looked.snapshot.approvals.iter().any(|approval| approval.id == entry.approval.id);
            if let Some(number) = policy::due_reminder(entry, self.rules, self.now).filter(|_| waits) {
                found.reminders.push((entry.clone(), number));
            }
        }
    }

    async fn page(&self, query: &ListQuery) -> Result<Page, CallFailure> {
        let names = &self.session.settings().names;
        let read = |response: &approval_logic::http::HttpResponse| sdp::read_page(self.kind, names, response);
        self.session.read(&self.counter, |calls| calls.list(self.kind, query), read).await
    }

    /// Notes that the source as a whole failed. Always false, for the callers' sake.
    fn source_failed(&self, found: &Mutex<Found>, failure: &CallFailure) -> bool {
        if let CallFailure::Failed(error) = failure {
            with(found, |found| found.report.problem(None, error.code(), error.message()));
        }
        false
    }

    fn reconcile_ms(&self) -> Millis {
        Millis::try_from(self.reconcile.as_millis()).unwrap_or(Millis::MAX)
    }
}

#[derive(Default)]
struct Listing {
    end: u64,
    total: Option<u64>,
    finished: bool,
    failure: Option<CallFailure>,
}

/// The part of a total that is due after a part of a period.
fn share(total: u64, elapsed: Millis, period: Millis) -> u64 {
    let part = u128::from(total) * u128::from(elapsed.unsigned_abs()) / u128::from(period.unsigned_abs().max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

fn with<T>(found: &Mutex<Found>, action: impl FnOnce(&mut Found) -> T) -> T {
    // A poisoned lock would mean a panic while counting; the counts are still good enough to go on with.
    action(&mut found.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
