//! What the Zendesk stub knows: users, groups, tickets and approval requests. Facts, not JSON; see `zendesk::shape`.

use super::super::Clock;
use super::super::model::{File, Patch};
use std::collections::{BTreeMap, BTreeSet};

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZendeskUser {
    /// The id.
    pub id: u64,
    /// The name people see.
    pub name: String,
    /// The address; a user may have none.
    pub email: Option<String>,
    /// What the user may do.
    pub role: ZendeskRole,
    /// Not deleted.
    pub active: bool,
    /// Shut out by an administrator.
    pub suspended: bool,
}

/// What a user may do (Zendesk API reference, "Users", Roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZendeskRole {
    /// Everything; alone may list approval requests.
    Admin,
    /// Works on tickets; may ask for approval.
    Agent,
    /// Asks for things, and may be asked for approval.
    EndUser,
}

/// A ticket.
#[derive(Clone, Debug)]
pub struct ZendeskTicket {
    /// The id, which is the number people know.
    pub id: u64,
    /// The subject.
    pub subject: String,
    /// Plain text.
    pub description: Option<String>,
    /// `low`, `normal`, `high`, `urgent`, or none.
    pub priority: Option<String>,
    /// `new`, `open`, `pending`, `hold`, `solved`, `closed`.
    pub status: String,
    /// Who asked.
    pub requester: Option<u64>,
    /// Who entered it.
    pub submitter: Option<u64>,
    /// Who works on it.
    pub assignee: Option<u64>,
    /// The group that works on it.
    pub group: Option<u64>,
    /// What was said on it, without the description, in order.
    pub comments: Vec<ZendeskComment>,
    /// Epoch milliseconds.
    pub created: i64,
    /// Epoch milliseconds.
    pub updated: i64,
    /// Bends the wire form.
    pub patch: Patch,
}

/// A comment on a ticket.
#[derive(Clone, Debug)]
pub struct ZendeskComment {
    /// Plain text.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// Who wrote it.
    pub by: u64,
    /// Epoch milliseconds.
    pub at: i64,
    /// What is attached to it.
    pub files: Vec<File>,
}

/// Who is asked: exactly one of the two ("Approval Requests", JSON format).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZendeskAssignee {
    /// A user.
    User(u64),
    /// A group, of which any member may answer.
    Group(u64),
}

/// Where an approval request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZendeskState {
    /// `active` on lists, `pending` where it is shown alone.
    Active,
    /// `approved`
    Approved,
    /// `rejected`
    Rejected,
    /// `withdrawn`
    Withdrawn,
    /// Any other name, as a later version may have it.
    Other(String),
}

/// How an approval request was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZendeskDecision {
    /// Who decided.
    pub by: u64,
    /// Yes or no.
    pub approved: bool,
    /// The reason given.
    pub notes: Option<String>,
    /// Epoch milliseconds.
    pub at: i64,
    /// By what it was made: `API_ORIGINATION`, `UI_ORIGINATION` …
    pub origin: String,
}

/// An approval request.
#[derive(Clone, Debug)]
pub struct ZendeskRequest {
    /// A ULID.
    pub id: String,
    /// The ticket that it is about.
    pub ticket: u64,
    /// Who is asked.
    pub assignee: ZendeskAssignee,
    /// Where it stands.
    pub state: ZendeskState,
    /// What is asked, in a line.
    pub subject: String,
    /// The details, as plain text.
    pub message: String,
    /// Epoch milliseconds.
    pub created: i64,
    /// Who made it.
    pub created_by: u64,
    /// By what it was made.
    pub origin: String,
    /// How it was decided.
    pub decision: Option<ZendeskDecision>,
    /// Bends the wire form.
    pub patch: Patch,
    /// The order in which requests were made.
    pub(crate) made: u64,
}

/// The account: reach it as `World::zendesk`.
pub struct Zendesk {
    pub(crate) clock: Clock,
    pub(crate) users: BTreeMap<u64, ZendeskUser>,
    pub(crate) groups: BTreeMap<u64, (String, BTreeSet<u64>)>,
    pub(crate) tickets: BTreeMap<u64, ZendeskTicket>,
    pub(crate) requests: BTreeMap<String, ZendeskRequest>,
    /// Files that wait to be put on a ticket, by their tokens.
    pub(crate) uploads: BTreeMap<String, File>,
    pub(crate) owner: u64,
    next: u64,
}

impl Zendesk {
    /// An account with nobody but the bridge's own administrator, `bridge@corp.example`.
    pub(crate) fn new(clock: Clock) -> Self {
        let mut zendesk = Self {
            clock,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            tickets: BTreeMap::new(),
            requests: BTreeMap::new(),
            uploads: BTreeMap::new(),
            owner: 0,
            next: 0,
        };
        zendesk.owner = zendesk.new_user("Approval Bridge", Some(super::ZENDESK_EMAIL), ZendeskRole::Admin);
        zendesk
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub(crate) fn count_up(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn new_user(&mut self, name: &str, email: Option<&str>, role: ZendeskRole) -> u64 {
        let id = 900_000 + self.count_up();
        let (name, email) = (name.to_owned(), email.map(str::to_owned));
        self.users.insert(id, ZendeskUser { id, name, email, role, active: true, suspended: false });
        id
    }

    /// The user of an address; addresses are compared as Zendesk does, without case.
    pub(crate) fn user_of(&self, email: &str) -> Option<&ZendeskUser> {
        let same = |own: &String| own.eq_ignore_ascii_case(email);
        self.users.values().find(|user| user.email.as_ref().is_some_and(same))
    }

    /// Whether a user may answer a request.
    pub(crate) fn may_answer(&self, request: &ZendeskRequest, user: u64) -> bool {
        match request.assignee {
            ZendeskAssignee::User(asked) => asked == user,
            ZendeskAssignee::Group(group) => {
                self.groups.get(&group).is_some_and(|(_, members)| members.contains(&user))
            }
        }
    }
}
