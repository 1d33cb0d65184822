//! What the stubs know: tickets, approval levels and approvals, as the product keeps them.
//!
//! These are facts, not JSON. How a fact looks on the wire depends on the edition that is asked, so it is decided in
//! `sdp::shape`. A [`Patch`] on each object lets a test bend the wire form in any way that facts cannot express.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A module of ServiceDesk Plus that has approvals (ServiceDesk Plus API v3, "Requests", "Changes", "Releases").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// `/requests`
    Requests,
    /// `/changes`
    Changes,
    /// `/releases`
    Releases,
}

impl Module {
    /// Every module, in the order the product lists them.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Changes, Self::Releases];

    /// The name in addresses and the key of a list: `requests`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Changes => "changes",
            Self::Releases => "releases",
        }
    }

    /// The key of a single object: `request`.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Requests => "request",
            Self::Changes => "change",
            Self::Releases => "release",
        }
    }

    /// The module of an address part.
    pub fn from_plural(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|module| module.plural() == text)
    }

    /// Requests have a `subject`; changes and releases a `title`.
    pub fn title_field(self) -> &'static str {
        if self == Self::Requests { "subject" } else { "title" }
    }

    /// Who asked: `requester`, `change_requester`, `release_requester`.
    pub fn requester_field(self) -> &'static str {
        match self {
            Self::Requests => "requester",
            Self::Changes => "change_requester",
            Self::Releases => "release_requester",
        }
    }
}

/// Which product answers. The credential of a call decides: a Zoho token means cloud, an `authtoken` on-premises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// ServiceDesk Plus Cloud.
    Cloud,
    /// ServiceDesk Plus on-premises.
    OnPremises,
}

/// A user of the help desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user's own id.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// The address; a user may have none.
    pub email: Option<String>,
}

/// Where an approval, a level or a whole ticket stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The mail has not gone out: "To Be Sent".
    ToBeSent,
    /// At its approver: "Pending Approval".
    Pending,
    /// "Approved".
    Approved,
    /// "Denied" in the cloud, "Rejected" on-premises.
    Rejected,
    /// Given to somebody else: "Delegated". A sibling approval exists for the delegate.
    Delegated,
    /// "Pending Clarification" (seen in the on-premises browser client).
    Clarification,
    /// Any other name, as a tenant may have it.
    Other(String),
}

/// When a level passes (ManageEngine help, "Approval rules").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One approval passes the level; it is rejected only if all reject.
    Anyone,
    /// All must approve; one rejection fails it.
    Everyone,
    /// The first answer decides.
    FirstResponse,
    /// Passes at this percentage of approvals. When it fails early is not published; here: once it cannot pass.
    Percent(u8),
}

/// Fields that are put over the wire form, or taken out of it, after everything else.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Fields to add or to replace.
    pub set: Map<String, Value>,
    /// Fields to leave out.
    pub unset: BTreeSet<String>,
}

/// One approver's answer on one level.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The source's own id.
    pub id: String,
    /// Whose answer is awaited; none for a role that is not resolved yet.
    pub approver: Option<Person>,
    /// Set when somebody else stands in.
    pub original_approver: Option<Person>,
    /// The role that leads to the approver: `xpath` in the cloud, `org_role` on-premises.
    pub role: Option<String>,
    /// Where it stands.
    pub state: State,
    /// When the mail went out, epoch milliseconds.
    pub sent_on: Option<i64>,
    /// Who sent it.
    pub sent_by: Option<Person>,
    /// When it was answered.
    pub acted_on: Option<i64>,
    /// Who answered; need not be the approver.
    pub acted_by: Option<Person>,
    /// The comment of the answer.
    pub comments: Option<String>,
    /// Marked as deleted but still listed.
    pub deleted: bool,
    /// Bends the wire form.
    pub patch: Patch,
}

/// One step of an approval process.
#[derive(Clone, Debug)]
pub struct Level {
    /// The source's own id.
    pub id: String,
    /// 1, 2, 3 …: the order in which levels run.
    pub number: u32,
    /// The name, which on-premises shows.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// When it passes.
    pub rule: Rule,
    /// When it was made, epoch milliseconds.
    pub created: i64,
    /// Who made it.
    pub created_by: Option<Person>,
    /// The stage of a change or a release.
    pub stage: Option<String>,
    /// Whether the process stands at this level now.
    pub current: bool,
    /// Marked as deleted but still listed.
    pub deleted: bool,
    /// When it was decided.
    pub acted_on: Option<i64>,
    /// Its approvals.
    pub approvals: Vec<Approval>,
    /// Bends the wire form.
    pub patch: Patch,
}

/// A request, a change or a release.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Where it lives.
    pub module: Module,
    /// The source's own id.
    pub id: String,
    /// The number people know.
    pub number: String,
    /// `subject` or `title`.
    pub subject: String,
    /// HTML, as the product stores it.
    pub description: Option<String>,
    /// Who asked.
    pub requester: Option<Person>,
    /// The priority's name.
    pub priority: Option<String>,
    /// The status' name; none: the product sends null.
    pub status: Option<String>,
    /// Who works on it.
    pub technician: Option<Person>,
    /// The support group.
    pub group: Option<String>,
    /// The whole process; none if it was never submitted.
    pub approval_state: Option<State>,
    /// Epoch milliseconds.
    pub created: i64,
    /// Epoch milliseconds.
    pub updated: i64,
    /// Epoch milliseconds.
    pub due: Option<i64>,
    /// Service request, as opposed to incident.
    pub service_request: bool,
    /// Its levels, in order.
    pub levels: Vec<Level>,
    /// What was said on it, in order.
    pub notes: Vec<Note>,
    /// What was attached to it, in order.
    pub files: Vec<File>,
    /// Bends the wire form.
    pub patch: Patch,
    /// The order in which tickets were made.
    pub(crate) made: u64,
}

/// A note on a ticket.
#[derive(Clone, Debug)]
pub struct Note {
    /// The source's own id.
    pub id: String,
    /// HTML, as the product stores it.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// Who wrote it.
    pub by: Person,
    /// Epoch milliseconds.
    pub at: i64,
}

/// A file on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Ticket {
    /// The level with this id.
    pub fn level(&self, id: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.id == id)
    }

    /// The level with this id, to change it.
    pub fn level_mut(&mut self, id: &str) -> Option<&mut Level> {
        self.levels.iter_mut().find(|level| level.id == id)
    }

    /// Whether the process still runs: no level was rejected.
    pub fn process_open(&self) -> bool {
        !self.levels.iter().any(|level| !level.deleted && level.state == State::Rejected)
    }
}

impl Level {
    /// The approval with this id.
    pub fn approval(&self, id: &str) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.id == id)
    }

    /// The approval with this id, to change it.
    pub fn approval_mut(&mut self, id: &str) -> Option<&mut Approval> {
        self.approvals.iter_mut().find(|approval| approval.id == id)
    }

    /// Whether approvers can answer on this level now.
    pub fn live(&self) -> bool {
        self.current && !self.deleted && self.state == State::Pending
    }
}
