//! One module of ServiceDesk Plus: what changed, a slice of everything, and what has to be looked at again.

mod look;
mod updates;
mod walks;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use approval_logic::approval::{Millis, Source, TicketKind, TicketRef};
use approval_logic::policy::Rules;
use approval_logic::sdp::{ListQuery, ListedTicket, Page};
use tokio::sync::Semaphore;

use super::found::{Found, Outcome, Place, with};
use super::overlay::Known;
use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::sorted::Sorted;
use crate::sources::sdp::Session;
use crate::store::progress::{ModuleProgress, WalkProgress};
use crate::together;
use look::{Subject, look};

/// Updates this close behind the watermark are listed again: clocks of several servers differ.
pub(super) const OVERLAP: Millis = 120_000;

/// How many updates behind the watermark are remembered; past that, tickets are looked at again.
pub(super) const RECENT_MAX: usize = 2_000;

/// How many failed tickets are remembered for the next sweep; past that, the full walk finds them.
const FAILED_MAX: usize = 500;

/// A list that has more pages than this is not believed.
pub(super) const PAGES_MAX: u32 = 10_000;

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
    /// How many messages may wait before the walk over all tickets rests.
    pub(super) waiting_max: usize,
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

/// A row of a list, with its place in it.
pub(super) struct Row {
    pub(super) at: u64,
    pub(super) listed: ListedTicket,
}

impl<H: Host> Module<'_, H> {
    /// The keys of its tickets begin with this.
    fn prefix(&self) -> String {
        format!("{}:{}", Source::Sdp, self.kind.plural())
    }

    /// Its name in reports.
    fn name(&self) -> String {
        self.reference("").module()
    }

    /// The reference of one of its tickets.
    fn reference(&self, ticket: &str) -> TicketRef {
        TicketRef { source: Source::Sdp, kind: self.kind, ticket: ticket.to_owned() }
    }

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
        failed.extend(next.failed.drain(..).chain(std::mem::take(&mut found.failed)).take(FAILED_MAX));
        next.failed = failed.into_iter().collect();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        let left = next.failed.clone();
        Outcome { module: self.name(), place: Place::Module(next), found, left, complete }
    }

    /// Looks into one ticket only. True if that worked.
    pub(super) async fn hint(&self, ticket: &str) -> Outcome {
        let found = Mutex::new(Found::default());
        let left = self.look_again(vec![ticket.to_owned()], &found).await;
        let mut found = found.into_inner().unwrap_or_default();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        found.reminders = Sorted::default();
        let complete = left.is_empty() && found.failed.is_empty();
        Outcome { module: self.name(), place: Place::Same, found, left, complete }
    }

    /// Tickets of former failures and hints. What could not be reached comes back.
    async fn look_again(&self, tickets: Vec<String>, found: &Mutex<Found>) -> Vec<String> {
        let looks = futures::stream::iter(tickets.into_iter().map(|ticket| async move {
            let subject = self.reference(&ticket);
            (ticket, self.look_into(subject, None, false, found).await)
        }));
        let seen = together::at_most(self.ahead, looks).await;
        seen.into_iter().filter(|(_, done)| matches!(done, Done::NotReached)).map(|(ticket, _)| ticket).collect()
    }

    pub(super) async fn look_at(&self, listed: ListedTicket, found: &Mutex<Found>) -> Done {
        let ticket = self.reference(&listed.ticket.id);
        self.look_into(ticket, Some(listed.ticket), listed.nothing_pending, found).await
    }

    pub(super) async fn look_into(
        &self,
        ticket: TicketRef,
        listed: Option<approval_logic::approval::Ticket>,
        nothing_pending: bool,
        found: &Mutex<Found>,
    ) -> Done {
        // Noted in the store that was cut into slots, for one of the others.
        if !self.known.holds(&ticket) {
            return Done::Yes;
        }
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
                    found.take(&subject.known, looked, self.rules, self.now);
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

    /// One page of tickets. Rows that cannot be read are reported; the others go on.
    pub(super) async fn page(&self, query: &ListQuery, found: &Mutex<Found>) -> Result<Page, CallFailure> {
        let page = self.session.page(&self.counter, self.kind, query).await?;
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
