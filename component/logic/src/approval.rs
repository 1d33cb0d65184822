//! The model that everything else speaks: approvals, the tickets they belong to, the people in them.
//!
//! A vendor's own names end at its folder's edge; from here on there is one word for each thing.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

mod id;

pub use id::{ApprovalId, IdError, is_id_segment};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// The help desk an approval lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// ManageEngine ServiceDesk Plus.
    Sdp,
    /// Zendesk.
    Zendesk,
    /// The bridge itself, which keeps requests about tickets of help desks that have no approvals.
    Managed,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sdp, Self::Zendesk, Self::Managed];

    /// The name used in addresses, slots and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sdp => "sdp",
            Self::Zendesk => "zendesk",
            Self::Managed => "managed",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of record asks for approval; also the part of the help desk it lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketKind {
    /// An incident or a service request.
    Request,
    /// A change.
    Change,
    /// A release.
    Release,
    /// A ticket of a help desk that does not tell kinds apart.
    Ticket,
}

impl TicketKind {
    /// The kinds that are modules of ServiceDesk Plus, in the order in which reports list them.
    pub const MODULES: [Self; 3] = [Self::Request, Self::Change, Self::Release];

    /// The word a card shows: `Request`, `Change`, `Release`, `Ticket`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Change => "Change",
            Self::Release => "Release",
            Self::Ticket => "Ticket",
        }
    }

    /// The collection in addresses and ids: `requests`, `changes`, `releases`, `tickets`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Change => "changes",
            Self::Release => "releases",
            Self::Ticket => "tickets",
        }
    }

    /// The module of ServiceDesk Plus of a name, as [`TicketKind::plural`] writes it.
    pub fn module(name: &str) -> Option<Self> {
        Self::MODULES.into_iter().find(|kind| kind.plural() == name)
    }
}

/// What is read as one at its source: one ticket of ServiceDesk Plus, elsewhere one approval request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TicketRef {
    /// Where it lives.
    pub source: Source,
    /// The kind of ticket.
    pub kind: TicketKind,
    /// Its id at the source.
    pub ticket: String,
}

impl TicketRef {
    /// The part of its source that it belongs to, as reports name it: `sdp/requests`, `zendesk`, `managed`.
    pub fn module(&self) -> String {
        match self.source {
            Source::Sdp => format!("{}/{}", self.source, self.kind.plural()),
            Source::Zendesk | Source::Managed => self.source.to_string(),
        }
    }
}

impl fmt::Display for TicketRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source, self.kind.plural(), self.ticket)
    }
}

/// Somebody, as a help desk names them. Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address, as the source spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Person {
    /// The name, else the address.
    pub fn label(&self) -> Option<&str> {
        self.name.as_deref().or(self.email.as_deref())
    }

    /// The address in the form in which addresses are compared: trimmed, lower case.
    pub fn address(&self) -> Option<String> {
        self.email.as_deref().map(normal_address)
    }

    /// Whether this person has the given address. Case and surrounding space do not count.
    pub fn has_address(&self, address: &str) -> bool {
        self.address().is_some_and(|own| own == normal_address(address))
    }
}

/// An address in the form in which addresses are compared: trimmed, lower case.
pub fn normal_address(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Whether a text can be used as one e-mail address: one `@` with something on both sides, no white space, no control
/// character, no list separator, at most 254 bytes.
pub fn is_address(text: &str) -> bool {
    let text = text.trim();
    let mut halves = text.split('@');
    let (Some(local), Some(domain), None) = (halves.next(), halves.next(), halves.next()) else {
        return false;
    };
    text.len() <= 254
        && !local.is_empty()
        && !domain.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"'))
}

/// What a ticket contributes to a card. Text is plain: markup has been removed where it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket {
    /// Request, change or release.
    pub kind: TicketKind,
    /// The id at the source.
    pub id: String,
    /// The number that people know; the id where the source has no other.
    pub number: String,
    /// Subject or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, as plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<Person>,
    /// The priority's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// Where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The state of one approval at its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The approver is asked now.
    Pending,
    /// The approver's turn has not come.
    NotSent,
    /// Approved.
    Approved,
    /// Rejected, denied, declined.
    Rejected,
    /// Passed on to somebody else; a sibling approval exists for that person.
    Delegated,
    /// The approver has asked back and waits for an answer.
    AwaitingClarification,
    /// No longer asked: deleted, or no longer part of the ticket.
    Withdrawn,
    /// A name that this version does not know. Never acted upon.
    Unknown(String),
}

impl Status {
    /// The word used in answers and filters.
    pub fn name(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::NotSent => "not_sent",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Delegated => "delegated",
            Self::AwaitingClarification => "awaiting_clarification",
            Self::Withdrawn => "withdrawn",
            Self::Unknown(name) => name,
        }
    }

    /// Whether nobody will be asked again for this approval.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Delegated | Self::Withdrawn)
    }
}

/// Something the source tells the approver beyond the facts of the ticket, such as what exactly is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Detail {
    /// What it is, in a word or two.
    pub label: String,
    /// Plain text.
    pub value: String,
}

/// One question to one person: may this ticket go on?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Approval {
    /// The id.
    pub id: ApprovalId,
    /// The ticket, as far as a card needs it. Its approvals share it.
    pub ticket: Arc<Ticket>,
    /// The level's number, counted from 1, where the source tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
    /// Who is asked now; after a delegation this is the delegate. None: a role that is not resolved yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Person>,
    /// Who was asked first, where the approval has been passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_approver: Option<Person>,
    /// The state.
    pub status: Status,
    /// When the approver was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Millis>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Millis>,
    /// Who decided; may differ from the approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Person>,
    /// The comment given with the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What the source tells the approver beyond the ticket. Shown on the card, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// The two answers an approver can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

impl Verdict {
    /// The status that this answer leads to.
    pub const fn status(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Reject => Status::Rejected,
        }
    }

    /// `approve` or `reject`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

#[cfg(test)]
mod tests;
