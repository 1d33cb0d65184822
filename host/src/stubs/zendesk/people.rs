//! Making the account's world and changing it: what agents do in Zendesk while the bridge is not looking.

use super::super::ids::Missing;
use super::super::model::Patch;
use super::model::{
    Zendesk, ZendeskAssignee, ZendeskDecision, ZendeskRequest, ZendeskRole, ZendeskState, ZendeskTicket, ZendeskUser,
};
use serde_json::Value;

type Done = Result<(), Missing>;

/// One person who is asked, as it really is: the yardstick of the tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZendeskTruth {
    /// The bridge's id: `zendesk:{request}`, with `:{user}` behind it for one member of a group.
    pub id: String,
    /// The approval request's id.
    pub request: String,
    /// Who is asked.
    pub user: u64,
    /// Their address.
    pub email: Option<String>,
    /// Whether they can be told: active, not suspended, with an address.
    pub reachable: bool,
    /// When the request was made, epoch milliseconds.
    pub asked_at: i64,
}

impl Zendesk {
    /// A new agent. An empty address means none.
    pub fn user(&mut self, name: &str, email: &str) -> u64 {
        self.new_user(name, (!email.is_empty()).then_some(email), ZendeskRole::Agent)
    }

    /// A new end user.
    pub fn end_user(&mut self, name: &str, email: &str) -> u64 {
        self.new_user(name, (!email.is_empty()).then_some(email), ZendeskRole::EndUser)
    }

    /// A new group of these users.
    pub fn group(&mut self, name: &str, members: &[u64]) -> u64 {
        let id = 70_000 + self.count_up();
        self.groups.insert(id, (name.to_owned(), members.iter().copied().collect()));
        id
    }

    /// A new ticket: open, without a priority, made an hour ago by nobody known.
    pub fn ticket(&mut self, subject: &str) -> u64 {
        let id = 5_000 + self.count_up();
        let created = self.now() - 3_600_000;
        let ticket = ZendeskTicket {
            id,
            subject: subject.to_owned(),
            description: None,
            priority: None,
            status: "open".to_owned(),
            requester: None,
            submitter: None,
            assignee: None,
            group: None,
            comments: Vec::new(),
            created,
            updated: created,
            patch: Patch::default(),
        };
        self.tickets.insert(id, ticket);
        id
    }

    /// A ticket as it is.
    pub fn ticket_of(&self, ticket: u64) -> Option<&ZendeskTicket> {
        self.tickets.get(&ticket)
    }

    /// An agent asks for approval, with the ticket's own subject, in the product. The request's id.
    pub fn ask(&mut self, ticket: u64, assignee: ZendeskAssignee) -> String {
        let subject = self.tickets.get(&ticket).map(|ticket| ticket.subject.clone()).unwrap_or_default();
        self.ask_with(ticket, assignee, &subject, "Please decide this week.")
    }

    /// The same, in the agent's own words.
    pub fn ask_with(&mut self, ticket: u64, assignee: ZendeskAssignee, subject: &str, message: &str) -> String {
        let (made, created_by) = (self.count_up(), self.owner);
        let id = ulid(made);
        let request = ZendeskRequest {
            id: id.clone(),
            ticket,
            assignee,
            state: ZendeskState::Active,
            subject: subject.to_owned(),
            message: message.to_owned(),
            created: self.now(),
            created_by,
            origin: "UI_ORIGINATION".to_owned(),
            decision: None,
            patch: Patch::default(),
            made,
        };
        self.requests.insert(id.clone(), request);
        id
    }

    /// Somebody answers in the product itself.
    pub fn decide(&mut self, request: &str, by: u64, approved: bool, notes: Option<&str>) -> Done {
        let at = self.now();
        let origin = "UI_ORIGINATION".to_owned();
        let decision = ZendeskDecision { by, approved, notes: notes.map(str::to_owned), at, origin };
        self.settle(request, decision)
    }

    pub(crate) fn settle(&mut self, request: &str, decision: ZendeskDecision) -> Done {
        let request = self.request_mut(request)?;
        request.state = if decision.approved { ZendeskState::Approved } else { ZendeskState::Rejected };
        request.decision = Some(decision);
        Ok(())
    }

    /// The agent takes the request back.
    pub fn withdraw(&mut self, request: &str) -> Done {
        self.request_mut(request)?.state = ZendeskState::Withdrawn;
        Ok(())
    }

    /// The request is gone altogether.
    pub fn remove(&mut self, request: &str) -> Done {
        self.requests.remove(request).map(drop).ok_or_else(|| missing("approval request", request))
    }

    /// Puts a field over the wire form of a request.
    pub fn set_field(&mut self, request: &str, field: &str, value: Value) -> Done {
        self.request_mut(request)?.patch.set.insert(field.to_owned(), value);
        Ok(())
    }

    /// A user joins a group.
    pub fn join(&mut self, group: u64, user: u64) -> Done {
        self.members_mut(group)?.insert(user);
        Ok(())
    }

    /// A user leaves a group.
    pub fn leave(&mut self, group: u64, user: u64) -> Done {
        self.members_mut(group)?.remove(&user);
        Ok(())
    }

    /// A user, to change anything about it.
    pub fn user_mut(&mut self, user: u64) -> Result<&mut ZendeskUser, Missing> {
        self.users.get_mut(&user).ok_or_else(|| missing("user", &user.to_string()))
    }

    /// A ticket, to change anything about it.
    pub fn ticket_mut(&mut self, ticket: u64) -> Result<&mut ZendeskTicket, Missing> {
        self.tickets.get_mut(&ticket).ok_or_else(|| missing("ticket", &ticket.to_string()))
    }

    /// An approval request, to change anything about it.
    pub fn request_mut(&mut self, request: &str) -> Result<&mut ZendeskRequest, Missing> {
        self.requests.get_mut(request).ok_or_else(|| missing("approval request", request))
    }

    /// An approval request as it is.
    pub fn request(&self, request: &str) -> Option<&ZendeskRequest> {
        self.requests.get(request)
    }

    /// Every approval request, in the order in which they were made.
    pub fn requests(&self) -> Vec<&ZendeskRequest> {
        let mut all: Vec<_> = self.requests.values().collect();
        all.sort_unstable_by_key(|request| request.made);
        all
    }

    /// Everybody who is asked now, sorted by the bridge's ids.
    pub fn pending(&self) -> Vec<ZendeskTruth> {
        let active = self.requests.values().filter(|request| request.state == ZendeskState::Active);
        let mut all: Vec<_> = active.flat_map(|request| self.asked(request)).collect();
        all.sort_unstable();
        all
    }

    fn asked(&self, request: &ZendeskRequest) -> Vec<ZendeskTruth> {
        let truth = |id: String, user: u64| {
            let known = self.users.get(&user);
            let email = known.and_then(|user| user.email.clone());
            let reachable = known.is_some_and(|user| user.active && !user.suspended) && email.is_some();
            ZendeskTruth { id, request: request.id.clone(), user, email, reachable, asked_at: request.created }
        };
        match request.assignee {
            ZendeskAssignee::User(user) => vec![truth(format!("zendesk:{}", request.id), user)],
            ZendeskAssignee::Group(group) => {
                let members = self.groups.get(&group).into_iter().flat_map(|(_, members)| members);
                members.map(|user| truth(format!("zendesk:{}:{user}", request.id), *user)).collect()
            }
        }
    }

    fn members_mut(&mut self, group: u64) -> Result<&mut std::collections::BTreeSet<u64>, Missing> {
        let group_name = || missing("group", &group.to_string());
        self.groups.get_mut(&group).map(|(_, members)| members).ok_or_else(group_name)
    }
}

/// The id of the nth request: 26 signs of Crockford's base 32.
fn ulid(n: u64) -> String {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let sign = |place: u32| {
        let at = usize::try_from(n.checked_shr(5 * place).unwrap_or(0) & 31).unwrap_or(0);
        char::from(SIGNS.get(at).copied().unwrap_or(b'0'))
    };
    let tail: String = (0..8).rev().map(sign).collect();
    format!("01JZ4Q8M3T5V7W9X1Y{tail}")
}

fn missing(what: &str, id: &str) -> Missing {
    Missing(format!("{what} {id}"))
}
