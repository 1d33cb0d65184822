//! Answers of Atera, read into the model. One odd row never spoils its neighbours.

use super::envelope::classify;
use super::fields::{self, Row};
use super::{PAGE_SIZE, Technician};
use crate::approval::{Millis, Person, Ticket, TicketKind};
use crate::http::{CallError, HttpResponse, Method};
use crate::json::Value;
use crate::text::{html_to_text, truncate};

/// A description is kept so long; a card shows less.
const DESCRIPTION_MAX: usize = 1000;

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was wrong.
    pub why: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What could be read, in the order of the page.
    pub items: Vec<T>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
    /// Whether there is another page. Told by `totalPages`; the link to it is never followed.
    pub more: bool,
}

/// A comment of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Who wrote it, where told.
    pub by: Option<Person>,
    /// When, where told.
    pub at: Option<Millis>,
    /// Whether only technicians may see it. A technician's comment without the flag counts as internal: an approver must
    /// not read what was not meant for them.
    pub internal: bool,
    /// The words, as plain text.
    pub text: String,
}

/// Reads one ticket.
pub fn read_ticket(response: &HttpResponse) -> Result<Ticket, CallError> {
    let body = classify(Method::Get, response)?;
    let row = body.as_array().map_or(Some(&body), |rows| rows.first());
    row.and_then(Value::as_object).ok_or_else(|| "the answer holds no ticket".to_owned()).and_then(ticket).map_err(odd)
}

/// Reads a page of tickets.
pub fn read_tickets(response: &HttpResponse) -> Result<Page<Ticket>, CallError> {
    page(response, ticket)
}

fn ticket(row: &Row) -> Result<Ticket, String> {
    let id = fields::id(row, "TicketID")?;
    let description = row.get("FirstComment").and_then(Value::as_str).map(html_to_text).filter(|text| !text.is_empty());
    Ok(Ticket {
        kind: TicketKind::Ticket,
        number: fields::line(row, "TicketNumber").unwrap_or_else(|| id.clone()),
        title: fields::line(row, "TicketTitle"),
        description: description.map(|text| truncate(&text, DESCRIPTION_MAX).into_owned()),
        requester: fields::person(row, ["EndUserFirstName", "EndUserLastName", "EndUserEmail"]),
        priority: fields::line(row, "TicketPriority"),
        link: None,
        id,
    })
}

/// Reads a page of comments.
pub fn read_comments(response: &HttpResponse) -> Result<Page<Comment>, CallError> {
    page(response, comment)
}

fn comment(row: &Row) -> Result<Comment, String> {
    let text = ["Comment", "CommentText"].iter().find_map(|name| row.get(name)?.as_str());
    let text = text.map(html_to_text).ok_or_else(|| "the comment has no text".to_owned())?;
    let by_end_user = fields::count(row, "EndUserID").is_some_and(|id| id > 0);
    let by_technician = fields::count(row, "TechnicianContactID").is_some_and(|id| id > 0);
    let flag = fields::flag(row, "IsInternal");
    Ok(Comment {
        by: fields::person(row, ["FirstName", "LastName", "Email"]),
        at: fields::time(row, "Date").or_else(|| fields::time(row, "CommentTimestampUtc")),
        internal: flag.unwrap_or(by_technician || !by_end_user),
        text,
    })
}

/// Whether one of the comments is the note that ends with this marker. Only notes of technicians count: anybody may
/// have read the marker and repeated it.
pub fn holds(comments: &[Comment], marker: &str) -> bool {
    comments.iter().any(|comment| comment.internal && comment.text.trim_end().ends_with(marker))
}

/// The contact who has exactly this address and is not archived; the search behind the answer finds parts of addresses.
pub fn read_contact(response: &HttpResponse, email: &str) -> Result<Option<Person>, CallError> {
    let contacts = page(response, |row| {
        let archived = ["Archived", "IsArchived"].iter().any(|name| fields::flag(row, name) == Some(true));
        let spelled =
            if row.get("FirstName").is_some() { ["FirstName", "LastName"] } else { ["Firstname", "Lastname"] };
        let [first, last] = spelled;
        Ok((archived, fields::person(row, [first, last, "Email"])))
    })?;
    let mut live = contacts.items.into_iter().filter(|(archived, _)| !archived).filter_map(|(_, person)| person);
    Ok(live.find(|person| person.has_address(email)))
}

/// The technicians that a page of tickets names as theirs. Atera has no list of technicians.
pub fn read_technicians(response: &HttpResponse) -> Result<Vec<Technician>, CallError> {
    let technicians = page(response, |row| {
        let id = fields::count(row, "TechnicianContactID").filter(|id| *id > 0);
        Ok(id.map(|id| Technician { id, email: fields::line(row, "TechnicianEmail") }))
    })?;
    Ok(technicians.items.into_iter().flatten().collect())
}

/// Whether a write was taken.
pub fn read_written(method: Method, response: &HttpResponse) -> Result<(), CallError> {
    classify(method, response).map(drop)
}

fn page<T>(response: &HttpResponse, read: impl Fn(&Row) -> Result<T, String>) -> Result<Page<T>, CallError> {
    let body = classify(Method::Get, response)?;
    let head = body.as_object();
    // Some lists come without their envelope.
    let rows = match head.map_or(Some(&body), |head| head.get("items")) {
        Some(Value::Array(rows)) => rows.as_slice(),
        None | Some(Value::Null) => &[],
        Some(_) => return Err(odd("items is not a list".to_owned())),
    };
    let number = |name: &str| head.and_then(|head| fields::count(head, name));
    let more = match (number("page"), number("totalPages")) {
        (page, Some(total)) => page.unwrap_or(1) < total,
        (_, None) => rows.len() >= usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX),
    };
    let mut page = Page { items: Vec::new(), refused: Vec::new(), more: more && !rows.is_empty() };
    for row in rows {
        let row = row.as_object().ok_or_else(|| "the row is not an object".to_owned());
        match row.and_then(&read) {
            Ok(item) => page.items.push(item),
            Err(why) => page.refused.push(Refused { why }),
        }
    }
    Ok(page)
}

fn odd(why: String) -> CallError {
    CallError::Permanent { code: "UNREADABLE", message: why }
}
