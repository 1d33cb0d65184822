//! One ticket, looked into: its levels, the approvals of those that matter, its facts where a card will need them.

use std::sync::Arc;

use approval_logic::approval::{Approval, Status, Ticket, TicketKind, TicketRef};
use approval_logic::diff::{Entry, TicketSnapshot};
use approval_logic::http::CallError;
use approval_logic::sdp::{self, Approvals, Level, Levels, PAGE_SIZE};
use futures::future::join;

use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::report::SourceReport;
use crate::sources::sdp::{Session, own_ticket};
use crate::sources::{bare_ticket, is_absent};
use crate::sweep::found::{Asides, Looked};
use crate::together;

/// No level has more pages of approvals than this; documented are at most ten approvers.
const APPROVAL_PAGES_MAX: u32 = 20;

/// What is known about a ticket before it is looked into.
pub(super) struct Subject {
    /// The ticket.
    pub(super) ticket: TicketRef,
    /// Its facts from a list, where it came from one.
    pub(super) listed: Option<Ticket>,
    /// Its row says that nothing waits.
    pub(super) nothing_pending: bool,
    /// Its entries.
    pub(super) known: Vec<Entry>,
}

/// Looks into one ticket.
pub(super) async fn look<H: Host>(
    session: &Session<H>,
    counter: &Counter,
    subject: &Subject,
) -> Result<Looked, CallFailure> {
    let read_at = session.now();
    let mut report = SourceReport { tickets: 1, ..SourceReport::default() };
    let asides = Asides::default();
    let open: Vec<&Entry> = subject.known.iter().filter(|entry| entry.is_open()).collect();
    let empty = |complete| TicketSnapshot { ticket: subject.ticket.clone(), approvals: Vec::new(), complete };
    if subject.nothing_pending && open.is_empty() {
        return Ok(Looked { read_at, snapshot: empty(true), report, asides });
    }
    let asked: Vec<&str> = open.iter().map(|entry| entry.approval.id.level()).collect();
    let matters = |level: &Level| level.live || asked.contains(&level.id.as_str());
    let base = Arc::new(subject.listed.clone().unwrap_or_else(|| bare_ticket(&subject.ticket)));
    let Some(levels) = levels(session, counter, &base, &matters).await? else {
        // Not there, or without levels: whatever was open has been withdrawn.
        return Ok(Looked { read_at, snapshot: empty(true), report, asides });
    };
    let mut complete = levels.refused.is_empty();
    for refused in &levels.refused {
        report.problem(Some(&subject.ticket.ticket), "ODD_LEVEL", refused.why.clone());
    }
    let wanted: Vec<Level> = levels.levels.into_iter().filter(|level| matters(level)).collect();
    let needs_facts = wanted.iter().any(|level| level.live) && described(&subject.known).is_none();
    let reads = together::all(wanted.into_iter().map(|level| approvals(session, counter, &base, level)));
    let facts = facts(session, counter, subject, needs_facts);
    let (read, facts) = join(reads, facts).await;
    let ticket = facts?;
    let mut found = Vec::new();
    for read in read {
        let read = read?;
        for refused in read.refused {
            complete = false;
            let named = refused.id.map_or_else(String::new, |id| format!("approval {id}: "));
            report.problem(Some(&subject.ticket.ticket), "ODD_APPROVAL", format!("{named}{}", refused.why));
        }
        found.extend(read.approvals.into_iter().map(|approval| Approval { ticket: ticket.clone(), ..approval }));
    }
    for approval in &found {
        report.approvals += 1;
        report.pending += u32::from(approval.status == Status::Pending);
        if let Status::Unknown(name) = &approval.status {
            let message = format!("status \"{name}\" is not known, so nothing is announced; see sdp_pending_status");
            report.problem(Some(&subject.ticket.ticket), "UNKNOWN_STATUS", message);
        }
    }
    let snapshot = TicketSnapshot { ticket: subject.ticket.clone(), approvals: found, complete };
    Ok(Looked { read_at, snapshot, report, asides })
}

/// The levels of a ticket; none where the ticket is gone or has no approvals.
///
/// A change without levels answers with an internal error on-premises, so the summary is asked what that meant.
async fn levels<H: Host>(
    session: &Session<H>,
    counter: &Counter,
    ticket: &Arc<Ticket>,
    matters: &(dyn Fn(&Level) -> bool + Sync),
) -> Result<Option<Levels>, CallFailure> {
    let names = &session.settings().names;
    let strict = ticket.kind == TicketKind::Request;
    let read = session
        .read(
            counter,
            |calls| calls.levels(ticket.kind, &ticket.id),
            |response| match sdp::read_levels(names, &|level| matters(level).then_some(ticket), response) {
                // Not repeated: the summary decides.
                Err(CallError::Retry { code: "INTERNAL_ERROR", message, .. }) if !strict => {
                    Err(CallError::Permanent { code: "INTERNAL_ERROR", message })
                }
                other => other.map(Some),
            },
        )
        .await;
    match read {
        Err(CallFailure::Failed(CallError::Permanent { code: "INTERNAL_ERROR", message })) => {
            let summary =
                session.read(counter, |calls| calls.summary(ticket.kind, &ticket.id), sdp::read_summary).await;
            match summary {
                Ok(true) => Err(CallFailure::Failed(CallError::Retry {
                    code: "INTERNAL_ERROR",
                    message,
                    after: std::time::Duration::from_secs(60),
                })),
                Ok(false) => Ok(None),
                Err(failure) if is_absent(&failure) => Ok(None),
                Err(failure) => Err(failure),
            }
        }
        Err(failure) if is_absent(&failure) => Ok(None),
        other => other,
    }
}

/// All approvals of one level, from the level itself where it holds them, else page by page.
async fn approvals<H: Host>(
    session: &Session<H>,
    counter: &Counter,
    ticket: &Arc<Ticket>,
    level: Level,
) -> Result<Approvals, CallFailure> {
    if let Some(approvals) = level.approvals {
        return Ok(approvals);
    }
    let names = &session.settings().names;
    let mut all = Approvals::default();
    for page in 0..APPROVAL_PAGES_MAX {
        let start = u64::from(page) * u64::from(PAGE_SIZE) + 1;
        let read = session
            .read(
                counter,
                |calls| calls.approvals(ticket.kind, &ticket.id, &level.id, start),
                |response| sdp::read_approvals(names, ticket, &level, response),
            )
            .await;
        let read = match read {
            Err(failure) if is_absent(&failure) => break,
            other => other?,
        };
        let before = all.approvals.len();
        for approval in read.approvals {
            if all.approvals.iter().all(|known| known.id != approval.id) {
                all.approvals.push(approval);
            }
        }
        let stop = !read.more || all.approvals.len() == before;
        all.refused.extend(read.refused);
        if stop {
            break;
        }
    }
    Ok(all)
}

/// What a card shows of the ticket. Lists leave the description out, so a ticket that is new here is read whole.
async fn facts<H: Host>(
    session: &Session<H>,
    counter: &Counter,
    subject: &Subject,
    needed: bool,
) -> Result<Arc<Ticket>, CallFailure> {
    let TicketRef { kind, ticket: id, .. } = &subject.ticket;
    let known = subject.known.last().map(|entry| &entry.approval.ticket);
    let mut ticket = match &subject.listed {
        _ if needed => {
            match session
                .read(counter, |calls| calls.ticket(*kind, id), |response| own_ticket(*kind, id, response))
                .await
            {
                Ok(ticket) => ticket,
                Err(failure) if is_absent(&failure) => {
                    subject.listed.clone().unwrap_or_else(|| bare_ticket(&subject.ticket))
                }
                Err(failure) => return Err(failure),
            }
        }
        Some(listed) => listed.clone(),
        None => known.map_or_else(|| bare_ticket(&subject.ticket), |known| Ticket::clone(known)),
    };
    if ticket.description.is_none() {
        ticket.description = described(&subject.known).flatten();
    }
    ticket.link = session.link(*kind, id, &ticket.number);
    Ok(Arc::new(ticket))
}

/// The description as it was read for an entry that is still open. Outer none: it was never read.
fn described(known: &[Entry]) -> Option<Option<String>> {
    known.iter().find(|entry| entry.is_open()).map(|entry| entry.approval.ticket.description.clone())
}
