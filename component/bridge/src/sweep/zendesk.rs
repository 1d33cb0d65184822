//! Zendesk: all that is asked now, compared with what is known of it.
//!
//! There is no list of changes, so each sweep reads the whole list of active requests. While it says the same as the last
//! one that was compared with the ledger, nothing else is read. What is known and no longer in a whole list has ended, and
//! is looked up to learn how; a list that was cut short proves nothing about what is not in it.

mod read;

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use approval_logic::approval::{Millis, Source, Status, TicketKind, TicketRef};
use approval_logic::diff::{Entry, TicketSnapshot};
use approval_logic::policy::Rules;
use approval_logic::signature::hmac_sha256_hex;
use approval_logic::zendesk::{Assignee, Next, Pages, Request};
use tokio::sync::Semaphore;

use super::found::{Asides, Found, Looked, Outcome, Place, with};
use super::overlay::Known;
use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::report::SourceReport;
use crate::sorted::Sorted;
use crate::sources::is_absent;
use crate::sources::zendesk::Session;
use crate::store::ledger::ticket_key;
use crate::store::progress::ZendeskProgress;
use crate::together;

/// The name in reports.
pub(super) const MODULE: &str = "zendesk";

/// The keys of its requests begin with this.
const PREFIX: &str = "zendesk:tickets";

/// Requests are looked into so many at a time: as many as one call tells the tickets and the people of.
const AT_ONCE: usize = 100;

/// A list is read up to this number of requests, which are held in memory; the next sweep goes on behind them.
const LISTED_MAX: usize = 10_000;

/// While lists are cut short, so many open approvals are looked up one by one in each sweep.
const LOOKED_UP_MAX: usize = 200;

/// One account during one sweep.
pub(super) struct Account<'a, H> {
    /// The way to the source.
    pub(super) session: &'a Session<H>,
    /// What is known.
    pub(super) known: &'a Known<H>,
    /// How to treat changes.
    pub(super) rules: &'a Rules,
    /// Counts the calls.
    pub(super) counter: Counter,
    /// When the sweep began.
    pub(super) now: Millis,
    /// In which time everything is compared once.
    pub(super) reconcile: Duration,
    /// How many requests are looked up side by side.
    pub(super) ahead: usize,
    /// No more new requests are taken up while so many messages wait or are about to, because they are held in memory too.
    pub(super) waiting_max: usize,
    /// A permit for each look-up that may be under way, as for the tickets of other sources.
    pub(super) side_by_side: &'a Semaphore,
}

/// What the list told.
struct Listed {
    requests: Vec<Request>,
    /// Whether any of it could be read.
    read: bool,
    /// Whether it was read to its end.
    ended: bool,
    /// Whether it was read from its beginning as well.
    whole: bool,
    /// Where it goes on, if there was no time for all of it.
    cursor: Option<String>,
}

impl<H: Host> Account<'_, H> {
    /// One sweep. `again`: what was asked to be looked at, which the list tells as well.
    pub(super) async fn sweep(&self, progress: &ZendeskProgress, again: Vec<String>) -> Outcome {
        let found = Mutex::new(Found::default());
        let mut next = progress.clone();
        let listed = self.list(progress.cursor.as_deref(), &found).await;
        let members = self.members(&listed.requests, &found).await;
        let said = listed.whole.then(|| fingerprint(&listed.requests, &members));
        let elapsed = self.now.saturating_sub(progress.compared_at);
        let period = Millis::try_from(self.reconcile.as_millis()).unwrap_or(Millis::MAX);
        let quiet = said.is_some() && said == progress.compared && (0..period).contains(&elapsed) && again.is_empty();
        let mut done = listed.ended;
        next.cursor.clone_from(&listed.cursor);
        if !quiet && listed.read {
            let (lost, all_found) = self.lost(&listed, &mut next, &found).await;
            let mut members = members;
            members.extend(self.members(&lost, &found).await);
            let requests = listed.requests.into_iter().chain(lost).collect();
            let compared = self.compare(requests, &members, &found).await;
            if !compared {
                // What was read and not compared is read once more. What was compared is known by then, and costs less.
                next.cursor.clone_from(&progress.cursor);
            }
            done &= compared && all_found;
            next.walked_once |= listed.ended && compared;
            next.compared = said.filter(|_| done && with(&found, |found| found.failed.is_empty()));
            next.compared_at = self.now;
        }
        let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.report.calls = self.counter.load(Ordering::Relaxed);
        let complete = done && found.failed.is_empty();
        let left = if complete { Vec::new() } else { again };
        Outcome { module: MODULE.to_owned(), place: Place::Zendesk(next), found, left, complete }
    }

    /// A sweep on somebody's hint. It reminds nobody, and the place stays where it is.
    pub(super) async fn hint(&self, progress: &ZendeskProgress, hint: String) -> Outcome {
        let begun = ZendeskProgress { cursor: None, ..progress.clone() };
        let mut outcome = self.sweep(&begun, vec![hint]).await;
        outcome.found.reminders = Sorted::default();
        Outcome { place: Place::Same, ..outcome }
    }

    /// The list of what is asked now, from the beginning or from where the last sweep had no more time.
    async fn list(&self, from: Option<&str>, found: &Mutex<Found>) -> Listed {
        let mut pages = Pages::from(from);
        let cursor = from.map(str::to_owned);
        let mut listed = Listed { requests: Vec::new(), read: false, ended: false, whole: false, cursor };
        // The other half of the time is for looking at what was read: a list that takes all of it is read for nothing.
        let half = self.session.left() / 2;
        while listed.requests.len() < LISTED_MAX && (!listed.read || self.session.left() > half) {
            let page = match self.session.active(&self.counter, listed.cursor.as_deref()).await {
                Ok(page) => page,
                Err(failure) => {
                    // A cursor that is refused has grown too old: the next sweep begins anew.
                    if matches!(&failure, CallFailure::Failed(error) if !error.stops_all()) {
                        listed.cursor = None;
                    }
                    source_failed(found, &failure);
                    return listed;
                }
            };
            listed.read = true;
            let mut fresh = false;
            for refused in page.refused {
                fresh |= refused.id.as_ref().is_none_or(|id| pages.is_new(id));
                with(found, |found| found.report.problem(refused.id.as_deref(), "ODD_REQUEST", refused.why));
            }
            for request in page.requests {
                if pages.is_new(&request.id) {
                    fresh = true;
                    if self.known.holds(&reference(&request)) {
                        listed.requests.push(request);
                    }
                }
            }
            match pages.next(page.more, fresh) {
                Next::Page(cursor) => listed.cursor = Some(cursor),
                Next::End => return Listed { ended: true, whole: from.is_none(), cursor: None, ..listed },
                Next::Stuck => {
                    let message = "the list of active requests does not come to its end".to_owned();
                    with(found, |found| found.report.problem(None, "LIST_WITHOUT_END", message));
                    return Listed { cursor: None, ..listed };
                }
            }
        }
        listed
    }

    /// The members of every group that is asked. A group that cannot be read is not in it.
    async fn members(&self, requests: &[Request], found: &Mutex<Found>) -> Sorted<Vec<String>> {
        let mut groups: Vec<&str> = requests.iter().filter_map(group).collect();
        groups.sort_unstable();
        groups.dedup();
        let reads = groups.into_iter().map(|group| async move {
            let Ok(_permit) = self.side_by_side.acquire().await else { return None };
            match self.session.members(&self.counter, group).await {
                Ok(members) => Some((group.to_owned(), members)),
                Err(failure) => {
                    source_failed(found, &failure);
                    None
                }
            }
        });
        together::all(reads).await.into_iter().flatten().collect()
    }

    /// Requests with open entries that the list does not tell of any more, as they are now, and whether all of them could be
    /// looked up. Those that are gone are noted as such.
    async fn lost(&self, listed: &Listed, next: &mut ZendeskProgress, found: &Mutex<Found>) -> (Vec<Request>, bool) {
        let mut sorted: Vec<&str> = listed.requests.iter().map(|request| request.id.as_str()).collect();
        sorted.sort_unstable();
        let is_lost = |ticket: &&TicketRef| sorted.binary_search(&ticket.ticket.as_str()).is_err();
        // A whole list proves that something is not in it, so all of those are looked up. Else a few in each sweep.
        let (mut after, most) = if listed.whole { (None, usize::MAX) } else { (next.after.clone(), LOOKED_UP_MAX) };
        // The ledger does not have what only messages tell of.
        let planned: Vec<TicketRef> =
            self.known.planned(PREFIX).filter(|ticket| listed.whole && is_lost(&ticket)).collect();
        let (mut lost, mut all) = self.look_up(planned, found).await;
        let mut looked_up = 0;
        while all {
            let slice = match self.known.slice(PREFIX, after.as_deref(), 1, 1).await {
                Ok(slice) => slice,
                Err(error) => {
                    with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                    return (lost, false);
                }
            };
            let missing: Vec<TicketRef> =
                slice.tickets.iter().filter(is_lost).take(most - looked_up).cloned().collect();
            looked_up += missing.len();
            let last = if looked_up < most { slice.tickets.last() } else { missing.last() };
            after = last.map(ticket_key);
            let (more, reached) = self.look_up(missing, found).await;
            lost.extend(more);
            all = reached;
            if slice.end || looked_up >= most {
                break;
            }
        }
        next.after = after.filter(|_| !listed.whole && looked_up >= most);
        (lost, all)
    }

    /// Requests that the list does not tell of, as they are now, and whether all of them could be looked up.
    async fn look_up(&self, tickets: Vec<TicketRef>, found: &Mutex<Found>) -> (Vec<Request>, bool) {
        let looks = tickets.into_iter().map(|ticket| self.look_up_one(ticket, found));
        let looks = together::at_most(self.ahead, futures::stream::iter(looks)).await;
        let all = looks.iter().all(Option::is_some);
        (looks.into_iter().flatten().flatten().collect(), all)
    }

    /// One request that the list does not tell of. Outer none: the time was over. Inner none: there is nothing more to do.
    async fn look_up_one(&self, ticket: TicketRef, found: &Mutex<Found>) -> Option<Option<Request>> {
        // A message and the ledger may tell of the same one.
        if !with(found, |found| found.looked.insert(ticket.ticket.clone())) {
            return Some(None);
        }
        let read_at = self.session.now();
        let Ok(_permit) = self.side_by_side.acquire().await else { return None };
        let known = self.known_of(&ticket, found).await?;
        let Some(open) = known.iter().find(|entry| entry.is_open()) else { return Some(None) };
        let asked = open.approval.approver.as_ref().and_then(|person| person.address()).unwrap_or_default();
        match self.session.request(&self.counter, &open.approval.id, &asked).await {
            Ok(request) => Some(Some(request)),
            Err(failure) if is_absent(&failure) => {
                let report = SourceReport { tickets: 1, ..SourceReport::default() };
                let snapshot = TicketSnapshot { ticket, approvals: Vec::new(), complete: true };
                let looked = Looked { read_at, snapshot, report, asides: Asides::default() };
                with(found, |found| found.take(&known, looked, self.rules, self.now));
                Some(None)
            }
            Err(CallFailure::Failed(error)) if !error.stops_all() => {
                with(found, |found| {
                    found.report.problem(Some(&ticket.ticket), error.code(), error.message());
                    found.failed.insert(ticket.ticket);
                });
                Some(None)
            }
            Err(failure) => {
                source_failed(found, &failure);
                None
            }
        }
    }

    async fn known_of(&self, ticket: &TicketRef, found: &Mutex<Found>) -> Option<Vec<Entry>> {
        match self.known.of_ticket(ticket).await {
            Ok(known) => Some(known),
            Err(error) => {
                with(found, |found| found.report.problem(None, "STORE_FAILED", error.to_string()));
                None
            }
        }
    }
}

/// The reference of a request.
fn reference(request: &Request) -> TicketRef {
    TicketRef { source: Source::Zendesk, kind: TicketKind::Ticket, ticket: request.id.clone() }
}

/// The group that is asked now.
fn group(request: &Request) -> Option<&str> {
    match &request.assignee {
        Some(Assignee::Group(group)) if request.status == Status::Pending => Some(group),
        _ => None,
    }
}

/// What a list says, in a few signs: which requests there are, where they stand, who is asked.
fn fingerprint(requests: &[Request], members: &Sorted<Vec<String>>) -> String {
    let line = |request: &Request| {
        let asked = match &request.assignee {
            Some(Assignee::User(user)) => user.clone(),
            Some(Assignee::Group(group)) => {
                let mut members = members.get(group).cloned().unwrap_or_default();
                members.sort_unstable();
                format!("{group}={}", members.join(","))
            }
            None => String::new(),
        };
        format!("{} {} {asked}\n", request.id, request.word)
    };
    let mut lines: Vec<String> = requests.iter().map(line).collect();
    lines.sort_unstable();
    hmac_sha256_hex(b"", lines.concat().as_bytes())
}

/// Notes that the source as a whole failed. Time that was over is nobody's fault.
fn source_failed(found: &Mutex<Found>, failure: &CallFailure) {
    if let CallFailure::Failed(error) = failure {
        with(found, |found| found.report.problem(None, error.code(), error.message()));
    }
}
