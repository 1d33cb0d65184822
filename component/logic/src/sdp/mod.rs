//! ServiceDesk Plus API v3, cloud and on-premises: requests as values, answers as values.
//!
//! Sources of the rules: ManageEngine "ServiceDesk Plus Cloud API v3" and "ServiceDesk Plus API v3 (on-premises)",
//! Zoho "OAuth 2.0". What only third parties have seen is survived, never relied on.

mod centres;
mod envelope;
mod fields;
mod read;
mod status;
pub mod tickets;
pub mod token;

use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use crate::approval::{ApprovalId, Millis, Person, TicketKind, Verdict};
use crate::http::{HttpRequest, Method, STRICT};
use crate::text::{clean_line, truncate};

pub use centres::{CENTRES, Centre};
pub use envelope::classify;
pub use read::{
    Approvals, Inside, Level, Levels, ListedTicket, Page, Refused, read_approval, read_approvals, read_decision,
    read_levels, read_page, read_status_name, read_summary, read_ticket,
};
pub use status::StatusNames;

/// The media type that selects version 3 (both editions' documentation).
const ACCEPT: &str = "application/vnd.manageengine.sdp.v3+json";

/// The largest page a list gives ("ServiceDesk Plus API v3", list_info: row_count).
pub const PAGE_SIZE: u32 = 100;

/// The longest comment that every edition accepts on a decision; newer ones take more.
pub const COMMENT_MAX: usize = 250;

/// How a call is let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// An OAuth access token (cloud).
    AccessToken(String),
    /// A technician key (on-premises).
    Authtoken(String),
}

/// Builds calls to one ServiceDesk Plus.
#[derive(Clone)]
pub struct Calls<'a> {
    base_url: &'a str,
    credential: &'a Credential,
}

/// Which tickets a list call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// The 1-based position of the first row.
    pub start_index: u64,
    /// At most so many rows, up to [`PAGE_SIZE`].
    pub rows: u32,
    /// How to narrow and sort.
    pub scope: Scope,
}

/// The two ways in which tickets are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All tickets, oldest first, with the total count.
    All,
    /// Tickets updated at or after this time, in the order of their updates.
    UpdatedSince(Millis),
    /// The most recently updated ticket first.
    Newest,
}

impl<'a> Calls<'a> {
    /// Calls below `base_url` (without `/api/v3`).
    pub const fn new(base_url: &'a str, credential: &'a Credential) -> Self {
        Self { base_url, credential }
    }

    /// One page of tickets.
    pub fn list(&self, kind: TicketKind, query: &ListQuery) -> HttpRequest {
        let (sort_field, sort_order) = match query.scope {
            Scope::All => ("created_time", "asc"),
            Scope::UpdatedSince(_) => ("last_updated_time", "asc"),
            Scope::Newest => ("last_updated_time", "desc"),
        };
        let mut info = json!({
            "row_count": query.rows,
            "start_index": query.start_index,
            "sort_field": sort_field,
            "sort_order": sort_order,
            "fields_required": read::list_fields(kind),
        });
        if let Some(info) = info.as_object_mut() {
            match query.scope {
                Scope::All => drop(info.insert("get_total_count".to_owned(), Value::Bool(true))),
                Scope::UpdatedSince(since) => {
                    // A date criterion alone: some on-premises builds refuse it beside another one.
                    let criterion = json!([{
                        "field": "last_updated_time",
                        "condition": "greater than",
                        "value": since.saturating_sub(1).to_string(),
                    }]);
                    info.insert("search_criteria".to_owned(), criterion);
                }
                Scope::Newest => {}
            }
        }
        self.get(kind.plural(), Some(&json!({ "list_info": info })))
    }

    /// One ticket with everything a card needs.
    pub fn ticket(&self, kind: TicketKind, ticket: &str) -> HttpRequest {
        self.get(&format!("{}/{}", kind.plural(), segment(ticket)), None)
    }

    /// The approval levels of a ticket.
    pub fn levels(&self, kind: TicketKind, ticket: &str) -> HttpRequest {
        self.get(&levels_path(kind, ticket), Some(&sub_list(1)))
    }

    /// Whether a change or a release has approvals at all.
    pub fn summary(&self, kind: TicketKind, ticket: &str) -> HttpRequest {
        self.get(&format!("{}/approval_summary", levels_path(kind, ticket)), None)
    }

    /// The approvals of one level, from a 1-based position on.
    pub fn approvals(&self, kind: TicketKind, ticket: &str, level: &str, start_index: u64) -> HttpRequest {
        let path = format!("{}/{}/approvals", levels_path(kind, ticket), segment(level));
        self.get(&path, Some(&sub_list(start_index)))
    }

    /// One approval.
    pub fn approval(&self, id: &ApprovalId) -> HttpRequest {
        self.get(&approval_path(id), None)
    }

    /// The decision on an approval. `plain_verb`: without the underscore, for builds that answer 4007 to it.
    pub fn decide(&self, id: &ApprovalId, verdict: Verdict, comment: &str, plain_verb: bool) -> HttpRequest {
        let underscore = if plain_verb { "" } else { "_" };
        let path = format!("{}/{underscore}{}", approval_path(id), verdict.name());
        self.send(Method::Put, &path, &json!({ "approval": { "comments": truncate(comment, COMMENT_MAX) } }))
    }

    fn send(&self, method: Method, path: &str, input: &Value) -> HttpRequest {
        self.let_in(HttpRequest::new(method, self.url(path)))
            .with_body("application/x-www-form-urlencoded", format!("input_data={}", encode(input)))
    }

    fn get(&self, path: &str, input: Option<&Value>) -> HttpRequest {
        let mut url = self.url(path);
        if let Some(input) = input {
            url.push_str("?input_data=");
            url.push_str(&encode(input));
        }
        self.let_in(HttpRequest::new(Method::Get, url))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base_url.trim_end_matches('/'))
    }

    fn let_in(&self, request: HttpRequest) -> HttpRequest {
        let request = request.header("accept", ACCEPT);
        match self.credential {
            Credential::AccessToken(token) => request.header("authorization", format!("Zoho-oauthtoken {token}")),
            Credential::Authtoken(key) => request.header("authtoken", key.as_str()),
        }
    }
}

/// The comment that a decision leaves at the source: who decided, then their words, cut to what every edition takes.
///
/// The calls act as the owner of the key, so this is the only place where the approver's name is kept.
pub fn decision_comment(verdict: Verdict, approver: &Person, words: Option<&str>) -> String {
    let done = match verdict {
        Verdict::Approve => "Approved",
        Verdict::Reject => "Rejected",
    };
    let email = approver.email.as_deref().unwrap_or_default().trim();
    // The address is what a repeat is recognised by, so a name must neither push it out nor pass for one.
    let name = approver.name.as_deref().unwrap_or_default().replace(['(', ')', '@', ':'], " ");
    let name = clean_line(&name);
    let named = !name.is_empty() && approver.name.as_deref().is_some_and(|name| name.trim() != email);
    let who = if named { format!("{} ({email})", truncate(&name, 60)) } else { email.to_owned() };
    let mut comment = format!("{done} by {who} in chat");
    if let Some(words) = words.map(str::trim).filter(|words| !words.is_empty()) {
        comment.push_str(": ");
        comment.push_str(words);
    }
    truncate(&comment, COMMENT_MAX).into_owned()
}

/// Whether a comment read back was left by this approver through the bridge. [`decision_comment`] keeps brackets, `@` and
/// `:` out of names, so the first bracket holds the address, and an address without one is the whole head.
pub fn comment_names(comment: &str, address: &str) -> bool {
    let comment = comment.to_lowercase();
    let address = crate::approval::normal_address(address);
    let Some(rest) = ["approved by ", "rejected by "].iter().find_map(|deed| comment.strip_prefix(deed)) else {
        return false;
    };
    let left_by = |rest: &str, head: String| {
        rest.strip_prefix(&head).is_some_and(|words| words.is_empty() || words.starts_with(':'))
    };
    match rest.split_once(" (") {
        Some((name, bracket)) if !name.contains(['@', ':']) => left_by(bracket, format!("{address}) in chat")),
        _ => left_by(rest, format!("{address} in chat")),
    }
}

fn levels_path(kind: TicketKind, ticket: &str) -> String {
    format!("{}/{}/approval_levels", kind.plural(), segment(ticket))
}

fn approval_path(id: &ApprovalId) -> String {
    format!("{}/{}/approvals/{}", levels_path(id.kind(), id.ticket()), segment(id.level()), segment(id.approval()))
}

fn sub_list(start_index: u64) -> Value {
    json!({ "list_info": { "row_count": PAGE_SIZE, "start_index": start_index } })
}

fn segment(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, STRICT)
}

fn encode(input: &Value) -> String {
    // Maps with text keys: writing them cannot fail.
    utf8_percent_encode(&serde_json::to_string(input).unwrap_or_default(), STRICT).to_string()
}

#[cfg(test)]
mod tests;
