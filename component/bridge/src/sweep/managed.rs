//! The requests that the bridge keeps: those that changed since the last sweep, a slice of those that wait, and outcomes
//! that their tickets have to learn.

use std::sync::atomic::Ordering;

use approval_logic::approval::{Millis, Source, Status};
use approval_logic::diff::TicketSnapshot;
use approval_logic::http::CallError;
use approval_logic::managed::{HelpDesk, Request};
use approval_logic::policy::Rules;

use super::found::{Asides, Found, Looked, Outcome, Place};
use super::overlay::Known;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Counter};
use crate::report::SourceReport;
use crate::sources::atera;
use crate::store::ledger::ticket_key;
use crate::store::progress::LedgerProgress;
use crate::store::requests::{ChangeError, Kept, Requests, Seen, Touched, reference};

/// The keys of its approvals begin with this.
const PART: &str = "managed:tickets";

/// How long outcomes are written in one sweep, in milliseconds. What waits to be told is told after that, and Atera is called
/// no faster for it; the rest is for the next sweep.
const WRITING_MAX: Millis = 10_000;

/// The requests during one sweep.
pub(super) struct Managed<'a, H> {
    /// Where they are.
    pub(super) requests: &'a Requests<H>,
    /// Where outcomes are written to, if it is configured.
    pub(super) atera: Option<&'a atera::Session<H>>,
    /// What is known.
    pub(super) known: &'a Known<H>,
    /// How to treat changes.
    pub(super) rules: Rules,
    /// Counts the calls.
    pub(super) counter: Counter,
    /// When the sweep began.
    pub(super) now: Millis,
    /// In which time everything is looked at once, in milliseconds.
    pub(super) reconcile: Millis,
    /// Nothing is written anywhere.
    pub(super) dry_run: bool,
}

impl<H: Host> Managed<'_, H> {
    /// One sweep.
    pub(super) async fn sweep(&self, touched: Vec<Touched>, walk: &LedgerProgress) -> Outcome {
        let mut outcome = self.look_at(touched).await;
        let mut next = walk.clone();
        // A clock that ran ahead may have begun it at a time that is still to come.
        next.begun_at = walk.begun_at.min(self.now);
        if walk.begun_at == 0 || walk.done && self.now.saturating_sub(walk.begun_at) >= self.reconcile {
            next = LedgerProgress { begun_at: self.now, ..LedgerProgress::default() };
        }
        if !next.done {
            match self.walk(&mut next, &mut outcome.found).await {
                Ok(()) => {}
                Err(error) => {
                    outcome.complete = false;
                    failed(&mut outcome.found, &error);
                }
            }
        }
        outcome.found.report.calls = self.counter.load(Ordering::Relaxed);
        if let Place::Managed { walk, .. } = &mut outcome.place {
            *walk = Some(next);
        }
        outcome
    }

    /// Looks at requests that have changed.
    pub(super) async fn look_at(&self, touched: Vec<Touched>) -> Outcome {
        let mut found = Found::default();
        let (mut done, mut complete) = (Vec::new(), true);
        let mut owing = Vec::new();
        for touched in touched {
            match self.look_into(&touched.id, &mut found).await {
                Ok(kept) => {
                    let seen = Seen { touched, change: kept.as_ref().map(|kept| kept.change) };
                    match kept.map(|kept| kept.request).filter(|request| self.owes(request)) {
                        Some(request) => owing.push((seen, request)),
                        None => done.push(seen),
                    }
                }
                Err(error) => {
                    complete = false;
                    failed(&mut found, &error);
                }
            }
        }
        // After the looks: an answer that waits for its ticket must not keep others from being asked.
        let begun = self.requests.now();
        for (seen, request) in owing {
            if self.requests.now().saturating_sub(begun) >= WRITING_MAX {
                complete = false;
                break;
            }
            match self.write_back(&request, &mut found).await {
                Written::Done => done.push(seen),
                Written::Later => {}
                Written::NotReached => complete = false,
            }
        }
        complete &= found.report.errors.is_empty();
        found.report.calls = self.counter.load(Ordering::Relaxed);
        let place = Place::Managed { walk: None, done };
        Outcome { module: Source::Managed.name().to_owned(), place, found, left: Vec::new(), complete }
    }

    /// The slice of those that wait which is due, for their reminders.
    async fn walk(&self, walk: &mut LedgerProgress, found: &mut Found) -> Result<(), StoreError> {
        let elapsed = self.now.saturating_sub(walk.begun_at).min(self.reconcile);
        let slice = self.known.slice(PART, walk.after.as_deref(), elapsed, self.reconcile).await?;
        for ticket in slice.tickets {
            if !found.looked.contains(&ticket.ticket) {
                self.look_into(&ticket.ticket, found).await?;
            }
            walk.after = Some(ticket_key(&ticket));
        }
        walk.done = slice.end;
        Ok(())
    }

    /// Looks into one request. None: there is none.
    async fn look_into(&self, id: &str, found: &mut Found) -> Result<Option<Kept>, StoreError> {
        found.looked.insert(id.to_owned());
        let ticket = reference(id);
        let read_at = self.requests.now();
        let known = self.known.of_ticket(&ticket).await?;
        let kept = self.requests.kept(id).await?;
        let approvals = kept.as_ref().map(|kept| kept.request.approvals()).unwrap_or_default();
        let pending = approvals.iter().filter(|approval| approval.status == Status::Pending).count();
        let report = SourceReport {
            tickets: 1,
            approvals: super::count(approvals.len()),
            pending: super::count(pending),
            ..SourceReport::default()
        };
        let snapshot = TicketSnapshot { ticket, approvals, complete: true };
        let looked = Looked { read_at, snapshot, report, asides: Asides::default() };
        found.take(&known, looked, &self.rules, self.now);
        Ok(kept)
    }

    /// Whether the ticket of a request has still to learn its outcome, from here and under these settings.
    fn owes(&self, request: &Request) -> bool {
        let writes = |atera: &atera::Session<H>| {
            let settings = atera.settings();
            settings.technician.is_some() || settings.status_field.is_some()
        };
        request.desk == HelpDesk::Atera && self.atera.is_some_and(writes) && request.note().is_some()
    }

    async fn write_back(&self, request: &Request, found: &mut Found) -> Written {
        let (Some(atera), Some(note)) = (self.atera, request.note()) else { return Written::Done };
        if self.dry_run || request.write_after > self.now {
            return Written::Later;
        }
        let ticket = &request.facts.ticket.id;
        let result = atera.write_back(&self.counter, ticket, &note).await;
        let mut problem = |error: &CallError| found.report.problem(Some(ticket), error.code(), error.message());
        let (id, now) = (&request.id, self.now);
        let (noted, written) = match result {
            Ok(field) => {
                field.iter().for_each(&mut problem);
                (self.requests.note(id, |own| own.written_back(now)).await, Written::Done)
            }
            Err(CallFailure::OutOfTime) => return Written::NotReached,
            Err(CallFailure::Failed(error)) => {
                problem(&error);
                if error.stops_all() {
                    return Written::Later;
                }
                let after =
                    if let CallError::Retry { after, .. } = &error { *after } else { std::time::Duration::ZERO };
                (self.requests.note(id, |own| own.write_failed(after, now)).await, Written::Later)
            }
        };
        match noted {
            Ok(()) => written,
            // It is looked for in the ticket before it is written again.
            Err(ChangeError::Store(error)) => {
                failed(found, &error);
                Written::NotReached
            }
            Err(_) => Written::NotReached,
        }
    }
}

/// What became of an outcome.
enum Written {
    /// It stands in its ticket.
    Done,
    /// It is tried again when it is due.
    Later,
    /// There was no time for it.
    NotReached,
}

fn failed(found: &mut Found, error: &StoreError) {
    found.report.problem(None, "STORE_FAILED", error.to_string());
}

/// The one among the requests that have changed which a task is about.
pub(super) fn meant(touched: Vec<Touched>, id: &str) -> Vec<Touched> {
    touched.into_iter().filter(|own| own.id == id).collect()
}
