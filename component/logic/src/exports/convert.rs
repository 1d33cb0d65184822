//! Records of the interface ↔ values of the model, one function for each type and direction.

use std::sync::Arc;
use std::time::Duration;

use super::bindings::approvals::bridge::types as wit;
use super::bindings::exports::approvals::bridge::{cards, decoding, diffing};
use crate::approval::{Approval, ApprovalId, Detail, Person, Source, Status, Ticket, TicketKind, TicketRef};
use crate::card::{self, Card};
use crate::diff::{Change, Entry, Said, TicketSnapshot};
use crate::http::{CallError, HttpRequest, HttpResponse};
use crate::sdp;

pub(super) fn kind_in(kind: wit::TicketKind) -> TicketKind {
    match kind {
        wit::TicketKind::Request => TicketKind::Request,
        wit::TicketKind::Change => TicketKind::Change,
        wit::TicketKind::Release => TicketKind::Release,
        wit::TicketKind::Ticket => TicketKind::Ticket,
    }
}

pub(super) fn kind_out(kind: TicketKind) -> wit::TicketKind {
    match kind {
        TicketKind::Request => wit::TicketKind::Request,
        TicketKind::Change => wit::TicketKind::Change,
        TicketKind::Release => wit::TicketKind::Release,
        TicketKind::Ticket => wit::TicketKind::Ticket,
    }
}

fn source_in(source: wit::Source) -> Source {
    match source {
        wit::Source::Sdp => Source::Sdp,
        wit::Source::Zendesk => Source::Zendesk,
        wit::Source::Managed => Source::Managed,
    }
}

fn detail_in(detail: wit::Detail) -> Detail {
    Detail { label: detail.label, value: detail.value }
}

fn detail_out(detail: Detail) -> wit::Detail {
    wit::Detail { label: detail.label, value: detail.value }
}

pub(super) fn person_in(person: wit::Person) -> Person {
    Person { name: person.name, email: person.email }
}

pub(super) fn person_out(person: Person) -> wit::Person {
    wit::Person { name: person.name, email: person.email }
}

pub(super) fn ticket_in(ticket: wit::Ticket) -> Ticket {
    Ticket {
        kind: kind_in(ticket.kind),
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person_in),
        priority: ticket.priority,
        link: ticket.link,
    }
}

pub(super) fn ticket_out(ticket: Ticket) -> wit::Ticket {
    wit::Ticket {
        kind: kind_out(ticket.kind),
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person_out),
        priority: ticket.priority,
        link: ticket.link,
    }
}

pub(super) fn status_in(status: wit::Status) -> Status {
    match status {
        wit::Status::Pending => Status::Pending,
        wit::Status::NotSent => Status::NotSent,
        wit::Status::Approved => Status::Approved,
        wit::Status::Rejected => Status::Rejected,
        wit::Status::Delegated => Status::Delegated,
        wit::Status::AwaitingClarification => Status::AwaitingClarification,
        wit::Status::Withdrawn => Status::Withdrawn,
        wit::Status::Unknown(name) => Status::Unknown(name),
    }
}

pub(super) fn status_out(status: Status) -> wit::Status {
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

/// An approval with an id of another form cannot be tracked, so it is none.
pub(super) fn approval_in(approval: wit::Approval) -> Option<Approval> {
    let (id, approval) = id_of(approval);
    Some(approval_with(id?, approval))
}

pub(super) fn approval_in_or_blank(approval: wit::Approval) -> Approval {
    let kind = kind_in(approval.ticket.kind);
    let (id, approval) = id_of(approval);
    approval_with(id.unwrap_or_else(|| ApprovalId::blank(kind)), approval)
}

/// The id of an approval, if it is one, and the rest of it.
fn id_of(mut approval: wit::Approval) -> (Option<ApprovalId>, wit::Approval) {
    let id = std::mem::take(&mut approval.id);
    (id.try_into().ok(), approval)
}

pub(super) fn approval_with(id: ApprovalId, approval: wit::Approval) -> Approval {
    Approval {
        id,
        ticket: Arc::new(ticket_in(approval.ticket)),
        level: approval.level,
        approver: approval.approver.map(person_in),
        original_approver: approval.original_approver.map(person_in),
        status: status_in(approval.status),
        sent_at: approval.sent_at,
        decided_at: approval.decided_at,
        decided_by: approval.decided_by.map(person_in),
        comment: approval.comment,
        details: approval.details.into_iter().map(detail_in).collect(),
    }
}

pub(super) fn approval_out(approval: Approval) -> wit::Approval {
    wit::Approval {
        id: approval.id.into(),
        ticket: ticket_out(Arc::unwrap_or_clone(approval.ticket)),
        level: approval.level,
        approver: approval.approver.map(person_out),
        original_approver: approval.original_approver.map(person_out),
        status: status_out(approval.status),
        sent_at: approval.sent_at,
        decided_at: approval.decided_at,
        decided_by: approval.decided_by.map(person_out),
        comment: approval.comment,
        details: approval.details.into_iter().map(detail_out).collect(),
    }
}

/// Entries with an id of another form are left out.
pub(super) fn ledger_in(ledger: Vec<diffing::Entry>) -> Vec<Entry> {
    ledger.into_iter().filter_map(entry_in).collect()
}

pub(super) fn entry_in(entry: diffing::Entry) -> Option<Entry> {
    let closed = matches!(entry.said, diffing::Said::Closed);
    Some(Entry {
        approval: approval_in(entry.approval)?,
        round: entry.round,
        said: match entry.said {
            diffing::Said::Announced => Said::Announced,
            diffing::Said::Baselined => Said::Baselined,
            diffing::Said::Silenced => Said::Silenced,
            diffing::Said::Parked(why) => Said::Parked(why),
            diffing::Said::Closed => Said::Closed,
        },
        first_seen: entry.first_seen,
        announced_at: entry.announced_at,
        told_at: None,
        end_told: 0,
        reminders: entry.reminders,
        closed_at: closed.then_some(entry.first_seen),
        decision: None,
    })
}

pub(super) fn snapshot_in(snapshot: diffing::TicketSnapshot) -> TicketSnapshot {
    TicketSnapshot {
        ticket: TicketRef { source: source_in(snapshot.source), kind: kind_in(snapshot.kind), ticket: snapshot.ticket },
        approvals: snapshot.approvals.into_iter().filter_map(approval_in).collect(),
        complete: snapshot.complete,
    }
}

pub(super) fn change_in(change: diffing::Change) -> Option<Change> {
    Some(match change {
        diffing::Change::Appeared(approval) => Change::Appeared(approval_in(approval)?),
        diffing::Change::AskedAgain(approval) => Change::AskedAgain(approval_in(approval)?),
        diffing::Change::Updated(approval) => Change::Updated(approval_in(approval)?),
        diffing::Change::Restored(approval) => Change::Restored(approval_in(approval)?),
        diffing::Change::Ended(approval) => Change::Ended(approval_in(approval)?),
    })
}

pub(super) fn change_out(change: Change) -> diffing::Change {
    match change {
        Change::Appeared(approval) => diffing::Change::Appeared(approval_out(approval)),
        Change::AskedAgain(approval) => diffing::Change::AskedAgain(approval_out(approval)),
        Change::Updated(approval) => diffing::Change::Updated(approval_out(approval)),
        Change::Restored(approval) => diffing::Change::Restored(approval_out(approval)),
        Change::Ended(approval) => diffing::Change::Ended(approval_out(approval)),
    }
}

pub(super) fn card_in(card: cards::Card) -> Card {
    Card {
        title: card.title,
        fields: card.fields.into_iter().map(|field| card::Field { label: field.label, value: field.value }).collect(),
        note: card.note,
        actions: card
            .actions
            .into_iter()
            .filter_map(|action| {
                let key = card::ACTIONS.into_iter().find(|key| *key == action.key)?;
                Some(card::Action { key, label: action.label })
            })
            .collect(),
        link: card.link,
    }
}

pub(super) fn card_out(card: Card) -> cards::Card {
    cards::Card {
        title: card.title,
        fields: card.fields.into_iter().map(|field| cards::Field { label: field.label, value: field.value }).collect(),
        note: card.note,
        actions: card
            .actions
            .into_iter()
            .map(|action| cards::Action { key: action.key.to_owned(), label: action.label })
            .collect(),
        link: card.link,
    }
}

pub(super) fn request_out(request: HttpRequest) -> wit::HttpRequest {
    wit::HttpRequest {
        method: request.method.name().to_owned(),
        url: request.url,
        headers: request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        // Nothing that goes out here carries a file.
        body: request.body,
    }
}

pub(super) fn response_in(response: wit::HttpResponse) -> HttpResponse {
    HttpResponse { status: response.status, headers: response.headers, body: response.body }
}

pub(super) fn error_out(error: CallError) -> wit::CallError {
    let failure = |code: &str, message: String| wit::Failure { code: code.to_owned(), message };
    match error {
        CallError::Retry { code, message, after } => wit::CallError::Retry(wit::RetryLater {
            code: code.to_owned(),
            message,
            after_ms: u64::try_from(after.max(Duration::ZERO).as_millis()).unwrap_or(u64::MAX),
        }),
        CallError::Permanent { code, message } => wit::CallError::Permanent(failure(code, message)),
        CallError::Auth { code, message } => wit::CallError::Auth(failure(code, message)),
        CallError::Unknown { code, message } => wit::CallError::Unknown(failure(code, message)),
        CallError::NotFound { code, message } => wit::CallError::NotFound(failure(code, message)),
    }
}

pub(super) fn refused_out(rows: Vec<sdp::Refused>) -> Vec<decoding::Refused> {
    rows.into_iter().map(|row| decoding::Refused { id: row.id, why: row.why }).collect()
}
