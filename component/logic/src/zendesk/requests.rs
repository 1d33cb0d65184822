//! Approval requests and the tickets that they are about (Zendesk API reference, "Approval Requests", "Tickets").
//!
//! Lists hold fewer fields than a single request does: who decided, when and why is in the early-access description
//! "Approval Workflow Instances" only, and is read wherever it is there.

use std::sync::Arc;

use super::errors::classify;
use super::pages::{More, more};
use super::read::{Refused, odd, one, rows, text, time};
use crate::approval::{Approval, ApprovalId, Detail, IdError, Millis, Person, Status, Ticket, TicketKind};
use crate::fields::{self, Row};
use crate::http::{CallError, HttpResponse, Method};
use crate::json::Value;

/// An approval request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// The id of the ticket that it is about, where told.
    pub ticket: Option<String>,
    /// Who is asked. None: nobody is named.
    pub assignee: Option<Assignee>,
    /// The state.
    pub status: Status,
    /// Zendesk's own word for it.
    pub word: String,
    /// What is asked, in a line.
    pub subject: Option<String>,
    /// The details, as plain text.
    pub message: Option<String>,
    /// When it was made, and with that sent.
    pub created_at: Option<Millis>,
    /// By what it was made. Kept as it is: the list of names is open.
    pub origin: Option<String>,
    /// How it was decided, where told.
    pub decision: Option<Decision>,
}

/// Who is asked. The list tells names, never addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// A user, by id.
    User(String),
    /// A group, by id: any of its members may answer.
    Group(String),
}

/// How an approval request was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Whose decision it was: the id.
    pub user: Option<String>,
    /// Whose decision it was: the name.
    pub name: Option<String>,
    /// When.
    pub at: Option<Millis>,
    /// The reason given.
    pub reason: Option<String>,
    /// Whether it came through the API, as those of this bridge do.
    pub by_api: bool,
}

/// One page of approval requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The requests, in the order of the page.
    pub requests: Vec<Request>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
    /// The rest of the list.
    pub more: More,
}

/// What a card shows of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The ticket, with neither requester nor link.
    pub ticket: Ticket,
    /// The id of the user who asked for it.
    pub requester: Option<String>,
}

/// Tickets, in the order of the answer. Ids that Zendesk does not know are simply missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tickets {
    /// The tickets.
    pub tickets: Vec<Facts>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
}

impl Request {
    /// What one person is asked: the assignee, or one member of the group that is.
    pub fn approval(
        &self,
        member: Option<&str>,
        approver: Option<Person>,
        ticket: Arc<Ticket>,
    ) -> Result<Approval, IdError> {
        let detail =
            |label: &str, value: &Option<String>| value.clone().map(|value| Detail { label: label.to_owned(), value });
        let decision = self.decision.clone().unwrap_or_default();
        Ok(Approval {
            id: ApprovalId::zendesk(&self.id, member)?,
            ticket,
            level: None,
            approver,
            original_approver: None,
            status: self.status.clone(),
            sent_at: self.created_at,
            decided_at: decision.at,
            decided_by: decision.name.map(|name| Person { name: Some(name), email: None }),
            comment: decision.reason,
            details: [detail("Subject", &self.subject), detail("Message", &self.message)]
                .into_iter()
                .flatten()
                .collect(),
        })
    }
}

/// Reads one page of approval requests.
pub fn read_page(response: &HttpResponse) -> Result<Page, CallError> {
    let body = classify(Method::Get, response)?;
    let (requests, refused) = rows(&body, "approval_requests", request)?;
    Ok(Page { requests, refused, more: more(&body) })
}

/// Reads one approval request, which must be the one that was asked for.
pub fn read_request(id: &str, response: &HttpResponse) -> Result<Request, CallError> {
    own(id, classify(Method::Get, response)?)
}

/// Whether a decision was taken, with the request as it is then where the answer holds it. What it led to is read back,
/// never concluded from this.
pub fn read_decision(response: &HttpResponse) -> Result<(), CallError> {
    if response.is_success() && response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    classify(Method::Patch, response).map(drop)
}

/// Reads the answer to a new approval request.
pub fn read_create(response: &HttpResponse) -> Result<Request, CallError> {
    let body = classify(Method::Post, response)?;
    // It was made; which one it is cannot be told.
    one(&body, "approval_request")
        .and_then(request)
        .map_err(|message| CallError::Unknown { code: "UNREADABLE", message })
}

/// Reads the facts of tickets.
pub fn read_tickets(response: &HttpResponse) -> Result<Tickets, CallError> {
    let body = classify(Method::Get, response)?;
    let (tickets, refused) = rows(&body, "tickets", facts)?;
    Ok(Tickets { tickets, refused })
}

fn own(id: &str, body: Value) -> Result<Request, CallError> {
    let request = one(&body, "approval_request").and_then(request).map_err(odd)?;
    // A decision rests on this record.
    if request.id == id { Ok(request) } else { Err(odd("the reply is about another approval request".to_owned())) }
}

fn request(row: &Row) -> Result<Request, String> {
    let word = fields::line(row.get("status")).ok_or_else(|| "the approval request has no status".to_owned())?;
    let status = status(&word);
    let ticket = match fields::reference(row.get("ticket_id"))? {
        None => fields::reference(row.get("ticket_details").and_then(|ticket| ticket.get("id")))?,
        ticket => ticket,
    };
    Ok(Request {
        id: fields::id(row)?,
        ticket,
        assignee: assignee(row)?,
        subject: fields::line(row.get("subject")),
        message: text(row.get("message")),
        created_at: time(row.get("created_at")),
        origin: fields::line(row.get("origination_type")),
        decision: decision(row, &status),
        status,
        word,
    })
}

/// Lists and filters say `active` for what a single request calls `pending`.
fn status(word: &str) -> Status {
    match word.to_ascii_lowercase().as_str() {
        "active" | "pending" => Status::Pending,
        "approved" => Status::Approved,
        "rejected" => Status::Rejected,
        "withdrawn" => Status::Withdrawn,
        _ => Status::Unknown(word.to_owned()),
    }
}

/// Lists tell `{id, name}` of one of the two, the answer to a creation their bare ids.
fn assignee(row: &Row) -> Result<Option<Assignee>, String> {
    let id = |nested: &str, flat: &str| {
        let nested = row.get(nested).and_then(|assignee| assignee.get("id"));
        fields::reference(nested.filter(|id| **id != Value::Null).or_else(|| row.get(flat)))
    };
    let user = id("assignee_user", "assignee_user_id")?;
    match (user, id("assignee_group", "assignee_group_id")?) {
        (Some(user), None) => Ok(Some(Assignee::User(user))),
        (None, Some(group)) => Ok(Some(Assignee::Group(group))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("the approval request names both a user and a group".to_owned()),
    }
}

/// The last of `decisions` that led to the status. A request for clarification is listed among them and decides nothing.
fn decision(row: &Row, status: &Status) -> Option<Decision> {
    if !matches!(status, Status::Approved | Status::Rejected) {
        return None;
    }
    let at = time(row.get("decided_at"));
    let decisions = row.get("decisions").and_then(Value::as_array);
    let led_here =
        |row: &&Value| row.get("status").and_then(Value::as_str).is_some_and(|word| self::status(word) == *status);
    let Some(last) = decisions.and_then(|rows| rows.iter().rev().find(led_here)) else {
        return at.map(|at| Decision { at: Some(at), ..Decision::default() });
    };
    let by = last.get("decided_by_user");
    Some(Decision {
        user: fields::reference(by.and_then(|user| user.get("id"))).ok().flatten(),
        name: fields::line(by.and_then(|user| user.get("name"))),
        at: time(last.get("decided_at")).or(at),
        reason: text(last.get("decision_notes")),
        by_api: last.get("origination_type").and_then(Value::as_str) == Some("API_ORIGINATION"),
    })
}

fn facts(row: &Row) -> Result<Facts, String> {
    let id = fields::id(row)?;
    let ticket = Ticket {
        kind: TicketKind::Ticket,
        number: id.clone(),
        title: fields::line(row.get("subject")),
        description: text(row.get("description")),
        requester: None,
        priority: fields::line(row.get("priority")),
        link: None,
        id,
    };
    Ok(Facts { ticket, requester: fields::reference(row.get("requester_id"))? })
}
