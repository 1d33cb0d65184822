//! Answers of ServiceDesk Plus, read into the model. One odd row never spoils its neighbours.

use std::sync::{Arc, LazyLock};

use super::envelope::{classify, classify_only};
use super::fields::{self, Row};
use super::status::StatusNames;
use crate::approval::{Approval, ApprovalId, Millis, Status, Ticket, TicketKind};
use crate::http::{CallError, HttpResponse, Method};
use crate::json::{self, Names, Value};
use crate::text::{html_to_text, truncate};

/// A description is kept so long; a card shows less.
const DESCRIPTION_MAX: usize = 1000;

/// Every field that is looked at here and in the envelope. A ticket has dozens of others.
static READ: LazyLock<Names> = LazyLock::new(|| {
    Names::new(&[
        // the envelope
        "response_status",
        "status",
        "status_code",
        "messages",
        "message",
        "field",
        "list_info",
        "has_more_rows",
        "total_count",
        // who, when, which
        "id",
        "name",
        "email_id",
        "email",
        "value",
        // tickets
        "tickets",
        "requests",
        "request",
        "changes",
        "change",
        "releases",
        "release",
        "display_id",
        "subject",
        "title",
        "description",
        "requester",
        "change_requester",
        "release_requester",
        "priority",
        "last_updated_time",
        "approval_status",
        // levels
        "approval_summary",
        "has_approvals",
        "approval_levels",
        "level",
        "deleted",
        "is_current",
        // approvals
        "approvals",
        "approval",
        "approval_level",
        "approver",
        "original_approver",
        "sent_on",
        "action_taken_on",
        "action_by",
        "comments",
    ])
});

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its id, where it had one.
    pub id: Option<String>,
    /// What was wrong.
    pub why: String,
}

/// A ticket of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTicket {
    /// What a card needs; lists leave the description out.
    pub ticket: Ticket,
    /// When it last changed, where the row tells it.
    pub updated_at: Option<Millis>,
    /// Whether the row itself tells that nothing waits for approval.
    pub nothing_pending: bool,
}

/// One page of tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The tickets, in the order of the page.
    pub tickets: Vec<ListedTicket>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
    /// Whether the source says that there is more.
    pub more: bool,
    /// How many tickets there are in all, where told.
    pub total: Option<u64>,
}

/// One approval level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The id at the source.
    pub id: String,
    /// Its number, counted from 1, where told.
    pub number: Option<u32>,
    /// Whether its approvers are asked now.
    pub live: bool,
    /// Its approvals, where they are wanted and the reply holds them (documented on-premises); saves a call.
    pub approvals: Option<Approvals>,
}

/// The levels of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The levels, in the order of the reply.
    pub levels: Vec<Level>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
}

/// The approvals of a level, in the order of the reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// The approvals.
    pub approvals: Vec<Approval>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
    /// Whether the source says that there is more.
    pub more: bool,
}

/// The columns that a list is asked for. Rows leave most of them out otherwise.
pub(super) fn list_fields(kind: TicketKind) -> Vec<&'static str> {
    let mut fields = vec!["id", "display_id", title_field(kind), requester_field(kind), "priority", "created_time"];
    fields.push("last_updated_time");
    if kind != TicketKind::Release {
        fields.push("approval_status");
    }
    fields
}

const fn title_field(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::Request | TicketKind::Ticket => "subject",
        TicketKind::Change | TicketKind::Release => "title",
    }
}

const fn requester_field(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::Request | TicketKind::Ticket => "requester",
        TicketKind::Change => "change_requester",
        TicketKind::Release => "release_requester",
    }
}

/// The name of one record in a detail reply.
const fn singular(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::Request | TicketKind::Ticket => "request",
        TicketKind::Change => "change",
        TicketKind::Release => "release",
    }
}

/// Reads a page of tickets.
pub fn read_page(kind: TicketKind, names: &StatusNames, response: &HttpResponse) -> Result<Page, CallError> {
    let body = classify_only(&READ, response)?;
    let rows = rows(&body, kind.plural())?;
    let mut page = Page::default();
    for row in rows {
        match object(row).and_then(|row| listed(kind, names, row)) {
            Ok(ticket) => page.tickets.push(ticket),
            Err(why) => page.refused.push(refused(row, why)),
        }
    }
    let info = body.get("list_info");
    page.more = fields::flag(info.and_then(|info| info.get("has_more_rows"))).unwrap_or(false);
    page.total = fields::count(info.and_then(|info| info.get("total_count")));
    Ok(page)
}

fn listed(kind: TicketKind, names: &StatusNames, row: &Row) -> Result<ListedTicket, String> {
    Ok(ListedTicket {
        ticket: ticket(kind, row)?,
        updated_at: fields::time(row.get("last_updated_time")),
        nothing_pending: nothing_pending(kind, names, row),
    })
}

/// `approval_status` is null on a request that was never submitted, and says approved or denied once it is over. On a
/// change it is reported to be unreliable, on a release it is not documented: there the levels are asked.
fn nothing_pending(kind: TicketKind, names: &StatusNames, row: &Row) -> bool {
    if kind != TicketKind::Request {
        return false;
    }
    match row.get("approval_status") {
        None => false,
        Some(Value::Null) => true,
        Some(value) => match fields::borrowed_name(Some(value)).map(|name| names.read(&name)) {
            Some(Status::Approved | Status::Rejected) => true,
            // Waiting, not yet sent, or a name that only this tenant knows.
            _ => false,
        },
    }
}

/// Reads one ticket.
pub fn read_ticket(kind: TicketKind, response: &HttpResponse) -> Result<Ticket, CallError> {
    let body = classify_only(&READ, response)?;
    one(&body, singular(kind)).and_then(|row| ticket(kind, row)).map_err(odd)
}

fn ticket(kind: TicketKind, row: &Row) -> Result<Ticket, String> {
    let id = fields::id(row)?;
    let description = row.get("description").and_then(Value::as_str).map(html_to_text);
    Ok(Ticket {
        kind,
        number: fields::line(row.get("display_id")).unwrap_or_else(|| id.clone()),
        title: fields::line(row.get(title_field(kind))),
        description: description.map(|text| truncate(&text, DESCRIPTION_MAX).into_owned()),
        requester: fields::person(row.get(requester_field(kind))).or_else(|| fields::person(row.get("requester"))),
        priority: fields::name(row.get("priority")),
        link: None,
        id,
    })
}

/// Whose approvals are read where they come with a level; none: they are not wanted.
pub type Inside<'a> = &'a dyn Fn(&Level) -> Option<&'a Arc<Ticket>>;

/// Reads the levels of a ticket, and the approvals inside those of them where they are wanted.
pub fn read_levels(names: &StatusNames, inside: Inside<'_>, response: &HttpResponse) -> Result<Levels, CallError> {
    let body = classify_only(&READ, response)?;
    let mut levels = Levels::default();
    for row in rows(&body, "approval_levels")? {
        match object(row).and_then(|row| level(names, inside, row)) {
            Ok(level) => levels.levels.push(level),
            Err(why) => levels.refused.push(refused(row, why)),
        }
    }
    Ok(levels)
}

fn level(names: &StatusNames, inside: Inside<'_>, row: &Row) -> Result<Level, String> {
    let status = fields::borrowed_name(row.get("status")).map(|name| names.read(&name));
    let over = matches!(status, Some(Status::Approved | Status::Rejected | Status::NotSent));
    let gone = fields::flag(row.get("deleted")) == Some(true) || fields::flag(row.get("is_current")) == Some(false);
    let mut level = Level {
        id: fields::id(row)?,
        number: fields::count(row.get("level")).and_then(|number| u32::try_from(number).ok()),
        live: !over && !gone,
        approvals: None,
    };
    let whole = |rows: &&[Value]| !rows.is_empty() && rows.iter().all(|row| row.get("status").is_some());
    let rows = row.get("approvals").and_then(Value::as_array).filter(whole);
    level.approvals = rows.zip(inside(&level)).map(|(rows, ticket)| approvals_of(names, ticket, &level, rows));
    Ok(level)
}

/// Whether a change or a release has approvals at all (approval_summary).
pub fn read_summary(response: &HttpResponse) -> Result<bool, CallError> {
    let body = classify_only(&READ, response)?;
    let summary = body.get("approval_summary").unwrap_or(&body);
    fields::flag(summary.get("has_approvals")).ok_or_else(|| odd("the summary lacks has_approvals".to_owned()))
}

/// Reads the approvals of one level. On a level that is not live, what still says pending is no longer asked.
pub fn read_approvals(
    names: &StatusNames,
    ticket: &Arc<Ticket>,
    level: &Level,
    response: &HttpResponse,
) -> Result<Approvals, CallError> {
    let body = classify_only(&READ, response)?;
    let info = body.get("list_info");
    let more = fields::flag(info.and_then(|info| info.get("has_more_rows"))).unwrap_or(false);
    Ok(Approvals { more, ..approvals_of(names, ticket, level, rows(&body, "approvals")?) })
}

fn approvals_of(names: &StatusNames, ticket: &Arc<Ticket>, level: &Level, rows: &[Value]) -> Approvals {
    let mut approvals = Approvals::default();
    for row in rows {
        match object(row).and_then(|row| approval(names, ticket, &level.id, level.number, row)) {
            Ok(approval) => approvals.approvals.push(Approval {
                status: match approval.status {
                    Status::Pending | Status::AwaitingClarification if !level.live => Status::Withdrawn,
                    status => status,
                },
                ..approval
            }),
            Err(why) => approvals.refused.push(refused(row, why)),
        }
    }
    approvals
}

/// Reads one approval. The ticket of the result is as given.
pub fn read_approval(
    names: &StatusNames,
    ticket: &Arc<Ticket>,
    id: &ApprovalId,
    response: &HttpResponse,
) -> Result<Approval, CallError> {
    let body = classify_only(&READ, response)?;
    let approval =
        one(&body, "approval").and_then(|row| approval(names, ticket, id.level(), None, row)).map_err(odd)?;
    // A decision rests on this record, so it must be the one that was asked for.
    if approval.id.approval() == id.approval() {
        Ok(approval)
    } else {
        Err(odd("the reply is about another approval".to_owned()))
    }
}

/// The source's own word for the status of an approval, for people: tenants and editions name it differently.
pub fn read_status_name(response: &HttpResponse) -> Option<String> {
    let body = json::read(&response.body)?;
    fields::name(one(&body, "approval").ok()?.get("status"))
}

/// Whether a decision was taken. What it led to is read back, never concluded from this.
pub fn read_decision(response: &HttpResponse) -> Result<(), CallError> {
    // Some builds answer a success without a body.
    if response.is_success() && response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    classify(Method::Put, response).map(drop)
}

fn approval(
    names: &StatusNames,
    ticket: &Arc<Ticket>,
    level: &str,
    number: Option<u32>,
    row: &Row,
) -> Result<Approval, String> {
    let id = fields::borrowed_id(row)?;
    let id = ApprovalId::sdp(ticket.kind, &ticket.id, level, &id).map_err(|error| error.to_string())?;
    let name = fields::borrowed_name(row.get("status")).ok_or_else(|| "the approval has no status".to_owned())?;
    let deleted = fields::flag(row.get("deleted")) == Some(true);
    let own_level = row.get("approval_level").and_then(|level| fields::count(level.get("level")));
    Ok(Approval {
        id,
        ticket: ticket.clone(),
        level: number.or_else(|| own_level.and_then(|number| u32::try_from(number).ok())),
        approver: fields::person(row.get("approver")),
        original_approver: fields::person(row.get("original_approver")),
        status: if deleted { Status::Withdrawn } else { names.read(&name) },
        sent_at: fields::time(row.get("sent_on")),
        decided_at: fields::time(row.get("action_taken_on")),
        decided_by: fields::person(row.get("action_by")),
        comment: row.get("comments").and_then(Value::as_str).map(html_to_text).filter(|text| !text.is_empty()),
        details: Vec::new(),
    })
}

pub(super) fn rows<'a>(body: &'a Value<'a>, name: &str) -> Result<&'a [Value<'a>], CallError> {
    match body.get(name) {
        Some(Value::Array(rows)) => Ok(rows),
        None | Some(Value::Null) => Ok(&[]),
        Some(_) => Err(odd(format!("{name} is not a list"))),
    }
}

pub(super) fn object<'a>(row: &'a Value<'a>) -> Result<&'a Row<'a>, String> {
    row.as_object().ok_or_else(|| "the row is not an object".to_owned())
}

pub(super) fn one<'a>(body: &'a Value<'a>, name: &str) -> Result<&'a Row<'a>, String> {
    let value = match body.get(name) {
        Some(Value::Array(items)) => items.first(),
        other => other,
    };
    value.and_then(Value::as_object).ok_or_else(|| format!("the reply holds no {name}"))
}

pub(super) fn odd(why: String) -> CallError {
    CallError::Permanent { code: "UNREADABLE", message: why }
}

fn refused(row: &Value, why: String) -> Refused {
    let id = row.as_object().and_then(|row| fields::line(row.get("id")));
    Refused { id, why }
}
