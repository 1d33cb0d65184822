//! Approval requests that the bridge itself keeps, for tickets of help desks that have no approvals, or none that their
//! API shows: who is asked, how many have to approve, who answered what.
//!
//! Everything here is a value and a rule. What a request says to its approvers goes through the same ledger, cards and
//! decisions as the approvals of any source; see [`Request::approvals`]. The behaviour follows Atera's help page "Manage
//! ticket approval requests"; where that is silent the rule is ours and is named at its place.

mod allowed;
mod answer;
mod change;
mod note;
mod status;
mod view;

use serde::{Deserialize, Serialize};

use crate::approval::{Millis, Person, Ticket, TicketKind, normal_address};

pub use allowed::Allowed;
pub use answer::{Answer, Answered};
pub use change::{Draft, Resent};
pub use note::{Note, marker};
pub use status::{Counts, Policy, RequestStatus};

/// At most so many people in a request, removed ones included: their cards share one value of the ledger.
pub const RECIPIENTS_MAX: usize = 25;
/// The longest subject, in characters.
pub const SUBJECT_MAX: usize = 200;
/// The longest message, in characters.
pub const MESSAGE_MAX: usize = 2_000;
/// The longest comment or feedback that is kept, in characters; the rest is cut.
pub const COMMENT_MAX: usize = 500;
/// Once a record is larger than this, in bytes, feedback, edits and sendings are refused. What is left up to the bound
/// of a stored value is for the answers, which are always taken.
const RECORD_MAX: usize = 120_000;
/// A second sending to the same person within this time is the same call, repeated.
pub const SAME_RESEND: Millis = 60_000;

/// Where a request's ticket lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HelpDesk {
    /// ManageEngine ServiceDesk Plus.
    Sdp,
    /// Zendesk.
    Zendesk,
    /// Atera.
    Atera,
}

impl HelpDesk {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sdp, Self::Zendesk, Self::Atera];

    /// The name in requests and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sdp => "sdp",
            Self::Zendesk => "zendesk",
            Self::Atera => "atera",
        }
    }
}

/// A ticket of a help desk, as something that at most one open request is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Where it lives.
    pub desk: HelpDesk,
    /// What kind it is.
    pub kind: TicketKind,
    /// Its id there; an id segment.
    pub id: String,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.desk.name(), self.kind.plural(), self.id)
    }
}

/// What is known of a ticket at the time at which its request says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The ticket; its requester is never an approver.
    pub ticket: Ticket,
    /// Its latest public comments, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<Remark>,
}

/// A public comment of a ticket, as plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The words.
    pub text: String,
}

/// What somebody who is asked has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing yet; feedback does not count.
    Pending,
    /// Yes.
    Approved,
    /// No.
    Declined,
}

/// Somebody who is, or was, asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Ours, and the same for a person as long as the request lives: `r1`, `r2` …
    pub id: String,
    /// The name, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address, normalised.
    pub email: String,
    /// What they said in this round.
    pub state: State,
    /// Which asking this is, from 1. Somebody who is added back is asked anew.
    pub round: u32,
    /// When they were added in this round.
    pub added_at: Millis,
    /// When they were removed; none: they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Millis>,
    /// When the request was last sent to them.
    pub asked_at: Millis,
    /// When it was last sent to them again in this round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_at: Option<Millis>,
    /// How often it was sent to them in this round.
    pub times_sent: u32,
    /// When they answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Millis>,
    /// The comment of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What they gave to think about without answering.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<Feedback>,
}

impl Recipient {
    /// Whether they are asked, as opposed to removed.
    pub const fn is_asked(&self) -> bool {
        self.removed_at.is_none()
    }

    /// The person.
    pub fn person(&self) -> Person {
        Person { name: self.name.clone(), email: Some(self.email.clone()) }
    }

    /// The name, else the address.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }
}

/// Words that are no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// When.
    pub at: Millis,
    /// The words.
    pub text: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The request was made.
    Created,
    /// It was sent to somebody.
    Sent,
    /// It was sent to somebody again.
    Resent,
    /// Somebody was added.
    RecipientAdded,
    /// Somebody was removed.
    RecipientRemoved,
    /// Somebody gave feedback.
    Feedback,
    /// Somebody approved; without a recipient: the request as a whole is approved.
    Approved,
    /// Somebody declined; without a recipient: the request as a whole is declined.
    Declined,
    /// The request was cancelled.
    Cancelled,
    /// The outcome was written into the ticket.
    WrittenBack,
    /// The outcome could not be written into the ticket, however often that was tried.
    NotWrittenBack,
}

/// One line of a request's history. Lines are added and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// What.
    pub what: Deed,
    /// Who caused it, where told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The recipient whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The words of feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Ours, unguessable; an id segment.
    pub id: String,
    /// The help desk of its ticket.
    pub desk: HelpDesk,
    /// The ticket as last read.
    pub facts: Facts,
    /// The address of the technician who asked, where known, normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// What it is about, in a line.
    pub subject: String,
    /// What the approvers need to know.
    pub message: String,
    /// How many have to approve.
    pub policy: Policy,
    /// Counts the edits, from 1.
    pub revision: u32,
    /// When it was made.
    pub created_at: Millis,
    /// Everybody who was ever asked, in the order of their ids.
    pub recipients: Vec<Recipient>,
    /// Whether it was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// How often writing the outcome into the ticket has failed.
    #[serde(default)]
    pub write_failures: u32,
    /// When that is to be tried again.
    #[serde(default)]
    pub write_after: Millis,
    /// Everything that happened, in order.
    pub activity: Vec<Event>,
}

impl Request {
    /// The ticket that it is about.
    pub fn subject_ticket(&self) -> Subject {
        let Ticket { kind, id, .. } = &self.facts.ticket;
        Subject { desk: self.desk, kind: *kind, id: id.clone() }
    }

    /// How the people stand who are asked.
    pub fn counts(&self) -> Counts {
        let count = |wanted: Option<State>| {
            let of = self.asked().filter(|recipient| wanted.is_none_or(|state| recipient.state == state));
            u32::try_from(of.count()).unwrap_or(u32::MAX)
        };
        Counts { all: count(None), approved: count(Some(State::Approved)), declined: count(Some(State::Declined)) }
    }

    /// Where it stands: always what its recipients' answers and its policy say.
    pub fn status(&self) -> RequestStatus {
        if self.deleted { RequestStatus::Cancelled } else { self.counts().status(self.policy) }
    }

    /// The people who are asked.
    pub fn asked(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.is_asked())
    }

    /// Somebody who is or was asked, by their address.
    pub fn recipient_of(&self, address: &str) -> Option<&Recipient> {
        let address = normal_address(address);
        self.recipients.iter().find(|recipient| recipient.email == address)
    }

    /// Who brought the request to its end, as far as that is known.
    pub fn closed_by(&self) -> Option<Person> {
        let closes = |event: &&Event| event.recipient.is_none() && is_end(event.what);
        let by = self.activity.iter().rfind(closes)?.by.clone()?;
        Some(self.recipient_of(&by).map_or(Person { name: None, email: Some(by) }, Recipient::person))
    }

    /// When it came to its end.
    pub fn closed_at(&self) -> Option<Millis> {
        let closes = |event: &&Event| event.recipient.is_none() && is_end(event.what);
        self.activity.iter().rfind(closes).map(|event| event.at)
    }

    /// Whether nothing is left to be written into the ticket: the outcome stands there, or that was given up.
    pub fn is_written_back(&self) -> bool {
        self.activity.iter().any(|event| matches!(event.what, Deed::WrittenBack | Deed::NotWrittenBack))
    }

    fn log(&mut self, at: Millis, what: Deed, by: Option<&str>, recipient: Option<&str>) {
        let (by, recipient) = (by.map(str::to_owned), recipient.map(str::to_owned));
        self.activity.push(Event { at, what, by, recipient, text: None });
    }

    /// Notes the end, if it has come, and who caused it.
    fn log_end(&mut self, at: Millis, by: Option<&str>) {
        let what = match self.status() {
            RequestStatus::Approved => Deed::Approved,
            RequestStatus::Declined => Deed::Declined,
            RequestStatus::Cancelled => Deed::Cancelled,
            RequestStatus::PendingApproval | RequestStatus::PartiallyApproved => return,
        };
        self.log(at, what, by, None);
    }

    /// Whether there is room for what need not be kept.
    fn has_room(&self) -> Result<(), Refusal> {
        let size = serde_json::to_vec(self).map_or(usize::MAX, |bytes| bytes.len());
        if size <= RECORD_MAX { Ok(()) } else { Err(Refusal::Full) }
    }
}

const fn is_end(what: Deed) -> bool {
    matches!(what, Deed::Approved | Deed::Declined | Deed::Cancelled)
}

/// Why something is not done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody would be asked.
    #[error("recipients: at least one person has to be asked")]
    NoRecipient,
    /// Too many would be asked.
    #[error("recipients: a request has at most {RECIPIENTS_MAX} people, removed ones included")]
    TooManyRecipients,
    /// Somebody cannot be reached.
    #[error("recipients: {0} has no usable e-mail address")]
    NoAddress(String),
    /// Somebody may not be asked.
    #[error("{0} is not among the people who may approve; see allowed_approvers")]
    NotAllowed(String),
    /// Somebody would approve what they asked for.
    #[error("{0} asked for this and cannot be the one to approve it")]
    AskedForIt(String),
    /// A rule without its count, or with one that it has no use for.
    #[error("policy: count belongs to at_least, and to at_least a count from 1")]
    OddPolicy,
    /// More approvals are needed than there are people.
    #[error("policy: {count} approvals cannot come from {recipients} people")]
    CountTooHigh {
        /// How many are needed.
        count: u32,
        /// How many people would be asked.
        recipients: u32,
    },
    /// A text is missing or longer than it may be.
    #[error("{0}: expected 1 to {1} characters")]
    OddText(&'static str, usize),
    /// Feedback without a word.
    #[error("comment: feedback needs words")]
    NoWords,
    /// It has come to its end.
    #[error("this request is {} already; make a new one", .0.name())]
    Closed(RequestStatus),
    /// Nobody of that id is asked.
    #[error("recipient: nobody of this id is asked")]
    NoSuchRecipient,
    /// They have answered and are not asked again.
    #[error("recipient: this person has answered already")]
    HasAnswered,
    /// The record has no room left.
    #[error("this request has seen so much that only answers are still taken")]
    Full,
}

impl Refusal {
    /// A stable name for the case, in upper case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRecipient => "NO_RECIPIENT",
            Self::TooManyRecipients => "TOO_MANY_RECIPIENTS",
            Self::NoAddress(_) => "RECIPIENT_WITHOUT_ADDRESS",
            Self::NotAllowed(_) => "RECIPIENT_NOT_ALLOWED",
            Self::AskedForIt(_) => "RECIPIENT_ASKED_FOR_IT",
            Self::OddPolicy => "POLICY_INVALID",
            Self::CountTooHigh { .. } => "COUNT_TOO_HIGH",
            Self::OddText(..) => "TEXT_INVALID",
            Self::NoWords => "COMMENT_REQUIRED",
            Self::Closed(_) => "REQUEST_CLOSED",
            Self::NoSuchRecipient => "RECIPIENT_UNKNOWN",
            Self::HasAnswered => "RECIPIENT_HAS_ANSWERED",
            Self::Full => "REQUEST_FULL",
        }
    }
}

#[cfg(test)]
mod tests;
