//! Zendesk's approval requests: requests as values, answers as values.
//!
//! Sources of the rules: Zendesk API reference "Approval Requests", "Users", "Group Memberships", "Tickets" and "Rate
//! limits". What only Zendesk's early-access description "Approval Workflow Instances" and its open-source help-centre
//! theme show (one request, the decision) is marked where it is used.

mod errors;
mod pages;
mod people;
mod read;
mod requests;
pub mod tickets;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use crate::approval::Verdict;
use crate::http::{HttpRequest, Method, STRICT};
use crate::text::truncate;

pub use errors::classify;
pub use pages::{More, Next, Pages};
pub use people::{Members, User, Users, read_groups, read_me, read_members, read_users};
pub use read::Refused;
pub use requests::{
    Assignee, Decision, Facts, Page, Request, Tickets, read_create, read_decision, read_page, read_request,
    read_tickets,
};

/// The most ids or filter values that one call takes (Zendesk API reference, "Approval Requests", "Users", "Tickets").
pub const BATCH: usize = 100;

/// The longest reason that is sent with a decision, in characters. Zendesk publishes no limit; this is the bridge's own.
pub const NOTES_MAX: usize = 1000;

/// Which approval requests a list call asks for. Empty parts narrow nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// `active`, `approved`, `rejected` or `withdrawn`; several, with commas between them, mean any of them.
    pub status: &'a str,
    /// The id of the user who is asked.
    pub user: &'a str,
    /// The id of the group that is asked.
    pub group: &'a str,
}

/// An approval request to be made. All ids are numbers at Zendesk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// The id of the ticket that it is about.
    pub ticket: u64,
    /// What is asked, in a line.
    pub subject: String,
    /// The details, as plain text.
    pub message: String,
    /// Who is asked.
    pub assignee: NewAssignee,
}

/// Who a new approval request asks: exactly one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewAssignee {
    /// The id of a user.
    User(u64),
    /// The id of a group, of which any member may answer.
    Group(u64),
}

/// How a call is let in: an API token, and the person it acts as (Zendesk, "Security and authentication", API token).
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The address of a verified user.
    pub email: String,
    /// The account's API token. It is not tied to a person: with another address it acts as somebody else.
    pub api_token: String,
}

impl Credential {
    /// The same token in the name of another person.
    #[must_use]
    pub fn acting_as(&self, email: &str) -> Self {
        Self { email: email.trim().to_owned(), api_token: self.api_token.clone() }
    }
}

/// Builds calls to one Zendesk account.
#[derive(Clone)]
pub struct Calls<'a> {
    base_url: &'a str,
    credential: &'a Credential,
}

impl<'a> Calls<'a> {
    /// Calls below `base_url` (without `/api/v2`).
    pub const fn new(base_url: &'a str, credential: &'a Credential) -> Self {
        Self { base_url, credential }
    }

    /// One page of approval requests: the first, or the one behind a cursor. There is no way to ask for a size.
    pub fn list(&self, filter: Filter<'_>, cursor: Option<&str>) -> HttpRequest {
        let parts = [
            ("filter[status]", filter.status),
            ("filter[assignee_user_id]", filter.user),
            ("filter[assignee_group_id]", filter.group),
            ("after_cursor", cursor.unwrap_or_default()),
        ];
        let query: Vec<_> = parts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.get("approval_requests", &query)
    }

    /// One approval request (early-access "Approval Workflow Instances").
    pub fn request(&self, request: &str) -> HttpRequest {
        self.get(&request_path(request), &[])
    }

    /// A decision, in the name of the person whose address the credential holds (early-access "Approval Workflow
    /// Instances"). An empty reason is left out.
    pub fn decide(&self, request: &str, verdict: Verdict, reason: &str) -> HttpRequest {
        let mut body = json!({ "status": verdict.status().name() });
        if let Some(body) = body.as_object_mut().filter(|_| !reason.is_empty()) {
            body.insert("notes".to_owned(), truncate(reason, NOTES_MAX).into());
        }
        self.send(Method::Patch, &format!("{}/decision", request_path(request)), &body)
    }

    /// A new approval request.
    pub fn create(&self, new: &NewRequest) -> HttpRequest {
        let (name, id) = match new.assignee {
            NewAssignee::User(id) => ("assignee_user_id", id),
            NewAssignee::Group(id) => ("assignee_group_id", id),
        };
        let body = json!({ "ticket_id": new.ticket, "subject": new.subject, "message": new.message, name: id });
        self.send(Method::Post, "approval_requests", &body)
    }

    /// Users by their ids, at most [`BATCH`] of them.
    pub fn users(&self, ids: &[&str]) -> HttpRequest {
        self.get("users/show_many", &[("ids", &ids.join(","))])
    }

    /// Users by an address. The search is not exact, so the answer is to be compared.
    pub fn users_with_address(&self, address: &str) -> HttpRequest {
        self.get("users/search", &[("query", &format!("email:{address}"))])
    }

    /// One page of the members of a group.
    pub fn members(&self, group: &str, cursor: Option<&str>) -> HttpRequest {
        let mut query = vec![("page[size]", "100")];
        query.extend(cursor.map(|cursor| ("page[after]", cursor)));
        self.get(&format!("groups/{}/memberships", encoded(group)), &query)
    }

    /// The groups that a user is a member of.
    pub fn groups_of(&self, user: &str) -> HttpRequest {
        self.get(&format!("users/{}/group_memberships", encoded(user)), &[("page[size]", "100")])
    }

    /// Tickets by their ids, at most [`BATCH`] of them.
    pub fn tickets(&self, ids: &[&str]) -> HttpRequest {
        self.get("tickets/show_many", &[("ids", &ids.join(","))])
    }

    /// The user that the credential acts as.
    pub fn me(&self) -> HttpRequest {
        self.get("users/me", &[])
    }

    /// A read of `path` below `/api/v2`. The path is taken as it is, names and values of the query are encoded.
    fn get(&self, path: &str, query: &[(&str, &str)]) -> HttpRequest {
        let mut url = self.url(path);
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(&encoded(name));
            url.push('=');
            url.push_str(&encoded(value));
        }
        self.let_in(HttpRequest::new(Method::Get, url))
    }

    /// A call with a body to `path` below `/api/v2`. The path is taken as it is.
    fn send(&self, method: Method, path: &str, body: &Value) -> HttpRequest {
        self.let_in(HttpRequest::new(method, self.url(path))).with_body("application/json", body.to_string())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v2/{path}", self.base_url.trim_end_matches('/'))
    }

    fn let_in(&self, request: HttpRequest) -> HttpRequest {
        let Credential { email, api_token } = self.credential;
        let basic = STANDARD.encode(format!("{email}/token:{api_token}"));
        request.header("accept", "application/json").header("authorization", format!("Basic {basic}"))
    }
}

/// Where an agent looks at a ticket, and finds its approval request beside it.
pub fn ticket_link(base_url: &str, ticket: &str) -> String {
    format!("{}/agent/tickets/{}", base_url.trim_end_matches('/'), encoded(ticket))
}

/// The list names no workflow instance; Zendesk's own help-centre theme (copenhagen_theme) puts the id of the approval
/// request into its place.
fn request_path(request: &str) -> String {
    let id = encoded(request);
    format!("approval_workflow_instances/{id}/approval_requests/{id}")
}

/// A text as one segment of a path, or as a name or value of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

#[cfg(test)]
mod tests;
