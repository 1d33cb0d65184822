//! One module of ServiceDesk Plus: what changed, a slice of everything, and what has to be looked at again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use approval_logic::approval::{Approval, Millis, Person, Source, TicketKind, TicketRef};
use approval_logic::diff::{Entry, Said, diff};
use approval_logic::policy::{self, Action, Plan, Rules};
use approval_logic::sdp::{self, ListQuery, ListedTicket, Page};
use tokio::sync::Semaphore;

use super::look::{Subject, look};
use super::overlay::Known;
use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::report::SourceReport;
use crate::sdp::Session;
use crate::sorted::Sorted;
use crate::store::ledger::entry_key;
use crate::store::progress::{ModuleProgress, WalkProgress};
use crate::together;

/// Updates this close behind the watermark are listed again: clocks of several servers differ.
pub(super) const OVERLAP: Millis = 120_000;

/// How many updates behind the watermark are remembered; past that, tickets are looked at again.
pub(super) const RECENT_MAX: usize = 2_000;

/// How many failed tickets are remembered for the next sweep; past that, the full walk finds them.
const FAILED_MAX: usize = 500;

/// A list that has more pages than this is not believed.
pub(super) const PAGES_MAX: u32 = 10_000;

/// What is found in one module.
pub(super) struct Outcome {
    /// Where the next sweep goes on.
    pub(super) progress: ModuleProgress,
    /// The counts.
    pub(super) report: SourceReport,
    /// What to do, one plan for each changed approval, and when that was read.
    pub(super) plans: Sorted<(Plan, Millis)>,
    /// Reminders that are due, with their numbers.
    pub(super) reminders: Vec<(Entry, u32, Millis)>,
    /// Who has to hear that nothing is left to do: entries as they ended for them.
    pub(super) closings: Vec<(Entry, Millis)>,
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
    /// How many rows of a list are taken up before the first of them is done.
    pub(super) ahead: usize,
    /// A permit for each ticket that may be looked at side by side, over all modules. A ticket takes several calls: those
    /// begun come to their end before others begin, so that a sweep cut short has something to show.
    pub(super) side_by_side: &'a Semaphore,
}

/// How one ticket came out.
pub(super) enum Done {
    Yes,
    /// An error of this ticket: it is tried again in the next sweep.
    Failed,
    /// The time was over before it was looked at.
    NotReached,
}

/// What the walks add up, side by side.
#[derive(Default)]
pub(super) struct Found {
    pub(super) report: SourceReport,
    pub(super) plans: Sorted<(Plan, Millis)>,
    reminders: Vec<(Entry, u32, Millis)>,
    closings: Vec<(Entry, Millis)>,
    failed: BTreeSet<String>,
    pub(super) looked: BTreeSet<String>,
}

/// A row of a list, with its place in it.
pub(super) struct Row {
    pub(super) at: u64,
    pub(super) listed: ListedTicket,
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
            let mut again = BTreeSet::new();
            again.extend(progress.failed.iter().cloned().chain(revisit));
            let (tickets, ledger, again) = futures::join!(
                self.walk_tickets(&progress, &found),
                self.walk_ledger(&progress.ledger, &found),
                self.look_again(again.into_iter().collect(), &found),
            );
            (next.tickets, next.ledger) = (tickets.0, ledger.0);
            let horizon = next.watermark.map_or(Millis::MAX, |watermark| watermark.saturating_sub(OVERLAP));
            let close = tickets.2.into_iter().filter(|(_, updated_at)| *updated_at >= horizon);
            next.recent.extend(close.take(RECENT_MAX));
            if next.tickets.done && !progress.walked_once {
                // The first walk is made at once. The next round begins here, so that nothing waits two periods.
                let total = next.tickets.total;
                (next.walked_once, next.tickets) =
                    (true, WalkProgress { begun_at: self.now, total, ..WalkProgress::default() });
            }
            complete &= tickets.1 && ledger.1 && again.is_empty();
            next.failed = again;
        } else {
            complete = false;
        }
        let mut found = found.into_inner().unwrap_or_default();
        complete &= found.failed.is_empty();
        let mut failed = BTreeSet::new();
        failed.extend(next.failed.drain(..).chain(found.failed).take(FAILED_MAX));
        next.failed = failed.into_iter().collect();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        let Found { report, plans, reminders, closings, .. } = found;
        Outcome { progress: next, report, plans, reminders, closings, complete }
    }

    /// Looks into one ticket only. True if that worked.
    pub(super) async fn hint(&self, ticket: &str) -> Outcome {
        let found = Mutex::new(Found::default());
        let left = self.look_again(vec![ticket.to_owned()], &found).await;
        let mut found = found.into_inner().unwrap_or_default();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        Outcome {
            progress: ModuleProgress::default(),
            report: found.report,
            plans: found.plans,
            reminders: Vec::new(),
            closings: found.closings,
            complete: left.is_empty() && found.failed.is_empty(),
        }
    }

    /// Tickets of former failures and hints. What could not be reached comes back.
    async fn look_again(&self, tickets: Vec<String>, found: &Mutex<Found>) -> Vec<String> {
        let looks = futures::stream::iter(tickets.into_iter().map(|ticket| async move {
            let subject = TicketRef { source: Source::Sdp, kind: self.kind, ticket: ticket.clone() };
            (ticket, self.look_into(subject, None, false, found).await)
        }));
        let seen = together::at_most(self.ahead, looks).await;
        seen.into_iter().filter(|(_, done)| matches!(done, Done::NotReached)).map(|(ticket, _)| ticket).collect()
    }

    pub(super) async fn look_at(&self, listed: ListedTicket, found: &Mutex<Found>) -> Done {
        let ticket = TicketRef { source: Source::Sdp, kind: self.kind, ticket: listed.ticket.id.clone() };
        self.look_into(ticket, Some(listed.ticket), listed.nothing_pending, found).await
    }

    pub(super) async fn look_into(
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
        let Ok(_permit) = self.side_by_side.acquire().await else { return Done::NotReached };
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
            // Not this ticket's fault, and the same for all that follow.
            Err(CallFailure::Failed(error)) if error.stops_all() => {
                with(found, |found| found.report.problem(None, error.code(), error.message()));
                Done::NotReached
            }
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
        let mut changed = Vec::new();
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
            let closing = before.and_then(|before| policy::closing(before, change, self.rules));
            let closing = closing.filter(|entry| !decided_in_chat(entry));
            found.closings.extend(closing.map(|entry| (entry, looked.read_at)));
            changed.push(&change.approval().id);
            found.plans.insert(entry_key(&change.approval().id), (plan, looked.read_at));
        }
        for entry in known.iter().filter(|entry| !changed.contains(&&entry.approval.id)) {
            // Nothing changed at the source, but what held the card back may have been lifted.
            if let Some(plan) = policy::reconsider(entry, self.rules, self.now) {
                found.report.new += u32::from(plan.action == Action::Announce);
                found.plans.insert(entry_key(&entry.approval.id), (plan, looked.read_at));
                continue;
            }
            let waits = looked.snapshot.approvals.iter().any(|approval| approval.id == entry.approval.id);
            if let Some(number) = policy::due_reminder(entry, self.rules, self.now).filter(|_| waits) {
                found.reminders.push((entry.clone(), number, looked.read_at));
            }
        }
    }

    /// One page of tickets. Rows that cannot be read are reported; the others go on.
    pub(super) async fn page(&self, query: &ListQuery, found: &Mutex<Found>) -> Result<Page, CallFailure> {
        let names = &self.session.settings().names;
        let read = |response: &approval_logic::http::HttpResponse| sdp::read_page(self.kind, names, response);
        let page = self.session.read(&self.counter, |calls| calls.list(self.kind, query), read).await?;
        for refused in &page.refused {
            with(found, |found| found.report.problem(refused.id.as_deref(), "ODD_TICKET", refused.why.clone()));
        }
        Ok(page)
    }

    /// Notes that the source as a whole failed. Always false, for the callers' sake.
    pub(super) fn source_failed(&self, found: &Mutex<Found>, failure: &CallFailure) -> bool {
        if let CallFailure::Failed(error) = failure {
            with(found, |found| found.report.problem(None, error.code(), error.message()));
        }
        false
    }

    /// When the round that goes on now began, given when the last one did. Rounds follow one another without a gap, so
    /// that nothing waits longer than a period for its turn.
    pub(super) fn round(&self, last: Millis) -> Millis {
        let period = self.reconcile_ms().max(1);
        let elapsed = self.now.saturating_sub(last);
        if elapsed < 0 { self.now } else { last + elapsed / period * period }
    }

    pub(super) fn reconcile_ms(&self) -> Millis {
        Millis::try_from(self.reconcile.as_millis()).unwrap_or(Millis::MAX)
    }
}

/// Whether the approver of an entry ended it in chat. The ledger knows that only if no sweep was writing it just then, so
/// the comment in the ticket is asked.
fn decided_in_chat(entry: &Entry) -> bool {
    let Approval { approver, comment, .. } = &entry.approval;
    let address = approver.as_ref().and_then(Person::address);
    comment.as_deref().zip(address).is_some_and(|(comment, address)| sdp::comment_names(comment, &address))
}

pub(super) fn with<T>(found: &Mutex<Found>, action: impl FnOnce(&mut Found) -> T) -> T {
    // A poisoned lock would mean a panic while counting; the counts are still good enough to go on with.
    action(&mut found.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
