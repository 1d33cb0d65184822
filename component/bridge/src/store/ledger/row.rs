//! An entry as it is kept: in a form of its own, so that the model may change and what lies in stores does not.
//!
//! The fields lie one behind the other without their names, and a case of an enum is kept as its place among the others. So
//! fields, their order and their kinds are fixed, and a new case goes behind the last one. Any other change is a new form,
//! with a number of its own (see [`leaf`](super::leaf)).

use std::borrow::Cow;
use std::sync::Arc;

use approval_logic::approval::{self as model, Detail, IdError, Millis, Status, TicketKind};
use approval_logic::diff::{Decision, Entry, Said};
use serde::{Deserialize, Serialize};

/// One entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    /// None: the same as in the row before. Tickets have several approvals as a rule, and most of an entry is the ticket.
    #[serde(borrow)]
    ticket: Option<Ticket<'a>>,
    level: Option<u32>,
    approver: Option<Person<'a>>,
    original_approver: Option<Person<'a>>,
    status: Cow<'a, Status>,
    sent_at: Option<Millis>,
    decided_at: Option<Millis>,
    decided_by: Option<Person<'a>>,
    comment: Option<&'a str>,
    details: Cow<'a, [Detail]>,
    round: u32,
    said: Cow<'a, Said>,
    first_seen: Millis,
    announced_at: Option<Millis>,
    told_at: Option<Millis>,
    end_told: u32,
    reminders: u32,
    closed_at: Option<Millis>,
    decision: Option<Cow<'a, Decision>>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ticket<'a> {
    kind: TicketKind,
    id: &'a str,
    number: &'a str,
    title: Option<&'a str>,
    description: Option<&'a str>,
    requester: Option<Person<'a>>,
    priority: Option<&'a str>,
    link: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Person<'a> {
    name: Option<&'a str>,
    email: Option<&'a str>,
}

/// Why a row is no entry.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    /// The id is none.
    #[error("{0}")]
    Id(#[from] IdError),
    /// The first row has no ticket of its own.
    #[error("an entry without a ticket")]
    NoTicket,
}

impl<'a> Row<'a> {
    /// The row of an entry that stands behind another one.
    pub(super) fn of(entry: &'a Entry, before: Option<&Entry>) -> Self {
        // Every field by its name, so that none is forgotten.
        let Entry {
            approval,
            round,
            said,
            first_seen,
            announced_at,
            told_at,
            end_told,
            reminders,
            closed_at,
            decision,
        } = entry;
        let model::Approval {
            id,
            ticket,
            level,
            approver,
            original_approver,
            status,
            sent_at,
            decided_at,
            decided_by,
            comment,
            details,
        } = approval;
        let same = before.is_some_and(|before| before.approval.ticket == *ticket);
        Self {
            id: id.as_str(),
            ticket: (!same).then(|| Ticket::of(ticket)),
            level: *level,
            approver: approver.as_ref().map(Person::of),
            original_approver: original_approver.as_ref().map(Person::of),
            status: Cow::Borrowed(status),
            sent_at: *sent_at,
            decided_at: *decided_at,
            decided_by: decided_by.as_ref().map(Person::of),
            comment: comment.as_deref(),
            details: Cow::Borrowed(details),
            round: *round,
            said: Cow::Borrowed(said),
            first_seen: *first_seen,
            announced_at: *announced_at,
            told_at: *told_at,
            end_told: *end_told,
            reminders: *reminders,
            closed_at: *closed_at,
            decision: decision.as_ref().map(Cow::Borrowed),
        }
    }

    /// The entries of rows that stand one behind the other.
    pub(super) fn entries(rows: Vec<Self>) -> impl Iterator<Item = Result<Entry, RowError>> {
        rows.into_iter().scan(None, |ticket, row| {
            *ticket = row.ticket.map(Ticket::shared).or_else(|| ticket.take());
            Some(ticket.clone().ok_or(RowError::NoTicket).and_then(|ticket| row.entry(ticket)))
        })
    }

    fn entry(self, ticket: Arc<model::Ticket>) -> Result<Entry, RowError> {
        let approval = model::Approval {
            id: self.id.parse()?,
            ticket,
            level: self.level,
            approver: self.approver.map(Person::owned),
            original_approver: self.original_approver.map(Person::owned),
            status: self.status.into_owned(),
            sent_at: self.sent_at,
            decided_at: self.decided_at,
            decided_by: self.decided_by.map(Person::owned),
            comment: self.comment.map(str::to_owned),
            details: self.details.into_owned(),
        };
        Ok(Entry {
            approval,
            round: self.round,
            said: self.said.into_owned(),
            first_seen: self.first_seen,
            announced_at: self.announced_at,
            told_at: self.told_at,
            end_told: self.end_told,
            reminders: self.reminders,
            closed_at: self.closed_at,
            decision: self.decision.map(Cow::into_owned),
        })
    }
}

impl<'a> Ticket<'a> {
    fn of(ticket: &'a model::Ticket) -> Self {
        let model::Ticket { kind, id, number, title, description, requester, priority, link } = ticket;
        Self {
            kind: *kind,
            id,
            number,
            title: title.as_deref(),
            description: description.as_deref(),
            requester: requester.as_ref().map(Person::of),
            priority: priority.as_deref(),
            link: link.as_deref(),
        }
    }

    fn shared(self) -> Arc<model::Ticket> {
        Arc::new(model::Ticket {
            kind: self.kind,
            id: self.id.to_owned(),
            number: self.number.to_owned(),
            title: self.title.map(str::to_owned),
            description: self.description.map(str::to_owned),
            requester: self.requester.map(Person::owned),
            priority: self.priority.map(str::to_owned),
            link: self.link.map(str::to_owned),
        })
    }
}

impl<'a> Person<'a> {
    fn of(person: &'a model::Person) -> Self {
        let model::Person { name, email } = person;
        Self { name: name.as_deref(), email: email.as_deref() }
    }

    fn owned(self) -> model::Person {
        model::Person { name: self.name.map(str::to_owned), email: self.email.map(str::to_owned) }
    }
}
