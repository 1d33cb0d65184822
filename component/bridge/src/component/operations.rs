//! `operations`: the shell's operations as typed calls. Conversions only.

use std::sync::Arc;

use approval_logic::approval::{
    Approval, Person, Source, Status, Ticket, TicketKind, TicketRef, Verdict, is_id_segment,
};
use approval_logic::audit::Door;

use super::bindings;
use super::bindings::approvals::bridge::types as wit;
use super::bindings::exports::approvals::bridge::operations as ops;
use super::host::SpinHost;
use crate::decide::{Answer, Order, Outcome};
use crate::report::Report;
use crate::shell::{Filter, OperationError, Shell};
use crate::store::ledger::is_key;

struct Operations;

#[expect(unsafe_code, reason = "the generated export symbols")]
mod export {
    use super::{Operations, bindings};
    bindings::export!(Operations with_types_in bindings);
}

impl ops::Guest for Operations {
    async fn poll(dry_run: bool) -> Result<ops::Report, ops::OperationError> {
        SpinHost::lent(async |host| Shell::new(host).poll(dry_run).await).await.map(report).map_err(error)
    }

    async fn decide(
        id: wit::ApprovalId,
        verdict: wit::Verdict,
        approver: String,
        comment: Option<String>,
        token: Option<String>,
    ) -> Result<ops::Decision, ops::OperationError> {
        let id = id.parse().map_err(|problem| ops::OperationError::Argument(format!("id: {problem}")))?;
        if !approval_logic::approval::is_address(&approver) {
            return Err(ops::OperationError::Argument("approver: expected an e-mail address".to_owned()));
        }
        let verdict = match verdict {
            wit::Verdict::Approve => Verdict::Approve,
            wit::Verdict::Reject => Verdict::Reject,
        };
        let order = Order { id, verdict, approver, comment, token, door: Door::Operations };
        SpinHost::lent(async |host| Shell::new(host).decide(&order).await).await.map(decision).map_err(error)
    }

    async fn pending(filter: ops::Filter) -> Result<ops::Page, ops::OperationError> {
        let limit = match filter.limit {
            0 => 100,
            limit @ 1..=500 => limit,
            _ => return Err(ops::OperationError::Argument("limit: expected 1 to 500, or 0 for 100".to_owned())),
        };
        if filter.cursor.as_ref().is_some_and(|cursor| !is_key(cursor)) {
            let problem = "cursor: expected the cursor of a former page".to_owned();
            return Err(ops::OperationError::Argument(problem));
        }
        let filter = Filter {
            approver: filter.approver,
            limit: usize::try_from(limit).unwrap_or(100),
            cursor: filter.cursor,
            status: Some("pending".to_owned()),
            source: None,
        };
        let page = SpinHost::lent(async |host| Shell::new(host).approvals(&filter).await).await.map_err(error)?;
        let approvals = page.entries.into_iter().map(|entry| approval(entry.approval)).collect();
        Ok(ops::Page { approvals, cursor: page.next })
    }

    async fn hint(ticket: String) -> Result<ops::Report, ops::OperationError> {
        let expected = "ticket: expected {module}/{id} such as requests/874, or zendesk/{id}";
        let ticket = meant(&ticket).ok_or_else(|| ops::OperationError::Argument(expected.to_owned()))?;
        let noted = SpinHost::lent(async |host| Shell::new(host).hint(ticket).await).await.map_err(error)?;
        Ok(report(noted.unwrap_or_default()))
    }
}

/// The ticket of a hint: its place as reports name it, where `sdp/` may be left out, and its id.
fn meant(hint: &str) -> Option<TicketRef> {
    let (place, id) = hint.rsplit_once('/').filter(|(_, id)| is_id_segment(id))?;
    let (source, kind) = match place.strip_prefix("sdp/").unwrap_or(place) {
        "zendesk" if place == "zendesk" => (Source::Zendesk, TicketKind::Ticket),
        module => (Source::Sdp, TicketKind::module(module)?),
    };
    Some(TicketRef { source, kind, ticket: id.to_owned() })
}

fn error(error: OperationError) -> ops::OperationError {
    match error {
        OperationError::Configuration(problems) => ops::OperationError::Configuration(problems),
        OperationError::Store(error) => ops::OperationError::Store(error.to_string()),
        OperationError::Busy => ops::OperationError::Busy,
        OperationError::Argument(text) | OperationError::NotFound(text) => ops::OperationError::Argument(text),
    }
}

fn report(report: Report) -> ops::Report {
    let sources = report.sources.into_iter().map(|(name, source)| ops::SourceReport {
        name,
        calls: source.calls,
        tickets: source.tickets,
        approvals: source.approvals,
        pending: source.pending,
        new: source.new,
        baselined: source.baselined,
        notified: source.notified,
        reminded: source.reminded,
        closed: source.closed,
        skipped: source.skipped,
        errors: source
            .errors
            .into_iter()
            .map(|problem| ops::Problem { ticket: problem.ticket, code: problem.code, message: problem.message })
            .collect(),
    });
    let outbox = report.outbox;
    ops::Report {
        started_at: report.started_at,
        duration_ms: report.duration_ms,
        complete: report.complete,
        dry_run: report.dry_run,
        sources: sources.collect(),
        outbox: ops::OutboxReport {
            planned: outbox.planned,
            sent: outbox.sent,
            waiting: outbox.waiting,
            dead: outbox.dead,
        },
    }
}

fn decision(answer: Answer) -> ops::Decision {
    ops::Decision {
        outcome: match answer.outcome {
            Outcome::Approved => ops::Outcome::Approved,
            Outcome::Rejected => ops::Outcome::Rejected,
            Outcome::AlreadyDecided => ops::Outcome::AlreadyDecided,
            Outcome::Withdrawn => ops::Outcome::Withdrawn,
            Outcome::NotApprover => ops::Outcome::NotApprover,
            Outcome::Unknown => ops::Outcome::Unknown,
            Outcome::Invalid => ops::Outcome::Invalid,
            Outcome::NotReady => ops::Outcome::NotReady,
            Outcome::SourceRefused => ops::Outcome::SourceRefused,
            Outcome::Unclear => ops::Outcome::Unclear,
        },
        message: answer.message,
        status: answer.approval.as_ref().map(|approval| status(approval.status.clone())),
        decided_by: answer.approval.and_then(|approval| approval.decided_by).map(person),
        detail: answer.detail,
    }
}

fn status(status: Status) -> wit::Status {
    match status {
        Status::Pending => wit::Status::Pending,
        Status::NotSent => wit::Status::NotSent,
        Status::Approved => wit::Status::Approved,
        Status::Rejected => wit::Status::Rejected,
        Status::Delegated => wit::Status::Delegated,
        Status::AwaitingClarification => wit::Status::AwaitingClarification,
        Status::Withdrawn => wit::Status::Withdrawn,
        Status::Unknown(name) => wit::Status::Unknown(name),
    }
}

fn person(person: Person) -> wit::Person {
    wit::Person { name: person.name, email: person.email }
}

fn ticket(ticket: Ticket) -> wit::Ticket {
    wit::Ticket {
        kind: match ticket.kind {
            TicketKind::Request => wit::TicketKind::Request,
            TicketKind::Change => wit::TicketKind::Change,
            TicketKind::Release => wit::TicketKind::Release,
            TicketKind::Ticket => wit::TicketKind::Ticket,
        },
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person),
        priority: ticket.priority,
        link: ticket.link,
    }
}

fn approval(approval: Approval) -> wit::Approval {
    wit::Approval {
        id: approval.id.to_string(),
        ticket: ticket(Arc::unwrap_or_clone(approval.ticket)),
        level: approval.level,
        approver: approval.approver.map(person),
        original_approver: approval.original_approver.map(person),
        status: status(approval.status),
        sent_at: approval.sent_at,
        decided_at: approval.decided_at,
        decided_by: approval.decided_by.map(person),
        comment: approval.comment,
        details: approval
            .details
            .into_iter()
            .map(|detail| wit::Detail { label: detail.label, value: detail.value })
            .collect(),
    }
}
