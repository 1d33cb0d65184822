//! How Atera writes what it keeps.

use super::super::model::Person;
use super::model::{AteraComment, AteraContact, AteraTicket};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

pub(super) fn ticket(ticket: &AteraTicket) -> Value {
    let requester = ticket.requester.as_ref();
    let (first, last) = requester.map_or(("", ""), names);
    json!({
        "TicketID": ticket.id,
        "TicketNumber": ticket.id.to_string(),
        "TicketTitle": ticket.title,
        "TicketPriority": ticket.priority,
        "TicketStatus": "Open",
        "EndUserID": requester.map(|person| number(&person.id)),
        "EndUserFirstName": requester.map(|_| first),
        "EndUserLastName": requester.map(|_| last),
        "EndUserEmail": requester.and_then(|person| person.email.as_deref()),
        "FirstComment": ticket.first_comment,
        "TechnicianContactID": ticket.technician.as_ref().map(|(id, _)| id),
        "TechnicianEmail": ticket.technician.as_ref().map(|(_, email)| email),
        "TicketCreatedDate": time(ticket.modified),
    })
}

pub(super) fn comment(comment: &AteraComment, flag: bool) -> Value {
    let (first, last) = names(&comment.by);
    let id = number(&comment.by.id);
    let mut row = json!({
        "Date": time(comment.at),
        "Comment": comment.text,
        "FirstName": first,
        "LastName": last,
        "Email": comment.by.email,
        "EndUserID": if comment.by_technician { None } else { Some(id) },
        "TechnicianContactID": if comment.by_technician { Some(id) } else { None },
    });
    if let Some(row) = row.as_object_mut().filter(|_| flag) {
        row.insert("IsInternal".into(), comment.internal.into());
    }
    row
}

pub(super) fn contact(contact: &AteraContact) -> Value {
    let (first, last) = names(&contact.person);
    json!({
        "EndUserID": number(&contact.person.id),
        "Firstname": first,
        "Lastname": last,
        "Email": contact.person.email,
        "Archived": contact.archived,
    })
}

fn names(person: &Person) -> (&str, &str) {
    person.name.split_once(' ').unwrap_or((&person.name, ""))
}

/// Ids are numbers at Atera, within what a double holds exactly.
fn number(id: &str) -> u64 {
    id.trim_start_matches('0').parse::<u64>().unwrap_or(1) % (1 << 50)
}

fn time(at: i64) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}
