//! Requests that are made and changed from outside: create, edit, notes and files (API v3, "Requests", "Request notes").
//!
//! The replies to notes and uploads, and that a note's key is `request_note` in older on-premises builds, are as clients of
//! real instances have them; the vendor documents the rest.

use super::super::model::{Edition, File, Module, Note, Person, Ticket};
use super::super::wire::Incoming;
use super::super::world::{Kind, World};
use super::super::{Outcome, TicketRef};
use super::shape::Shape;
use super::{ListInfo, Refused, many, nothing_but, one};
use http::Method;
use serde_json::{Map, Value, json};

/// What can be written of a request, beside the facts that every ticket has.
const PLAIN_FIELDS: &[&str] = &[
    "category",
    "department",
    "impact",
    "item",
    "level",
    "mode",
    "request_type",
    "resolution",
    "service_category",
    "site",
    "subcategory",
    "template",
    "udf_fields",
    "urgency",
];

/// Answers a call that writes, or that reads what was written. None: it is another one.
pub(super) fn answer(
    world: &mut World,
    call: &Incoming,
    edition: Edition,
    input: &Map<String, Value>,
    rest: &[&str],
) -> Result<Option<Outcome>, Refused> {
    let id = match (&call.method, rest) {
        (&Method::POST, []) => create(world, input)?,
        (&Method::PUT, [id]) => {
            let id = there(world, id)?;
            edit(world, &id, fields(input)?)?;
            id
        }
        (&Method::POST, [id, "notes"]) => {
            let id = there(world, id)?;
            return note(world, edition, input, &id).map(Some);
        }
        (&Method::GET, [id, "notes"]) => {
            let id = there(world, id)?;
            return notes(world, call, edition, input, &id).map(Some);
        }
        (&Method::PUT, [id, "upload"]) => {
            let id = there(world, id)?;
            return upload(world, call, edition, &id).map(Some);
        }
        _ => return Ok(None),
    };
    let ticket = world.ticket(Module::Requests, &id).ok_or_else(Refused::no_such_url)?;
    let shape = Shape::new(world, edition);
    Ok(Some(one(&shape, "request", shape.ticket(ticket))))
}

fn there(world: &World, id: &str) -> Result<String, Refused> {
    world.ticket(Module::Requests, id).map(|ticket| ticket.id.clone()).ok_or_else(Refused::no_such_url)
}

fn fields(input: &Map<String, Value>) -> Result<&Map<String, Value>, Refused> {
    nothing_but(input, &["request"])?;
    match input.get("request") {
        Some(Value::Object(fields)) => Ok(fields),
        _ => Err(Refused::field(4012, "request", "Mandatory field is missing")),
    }
}

fn create(world: &mut World, input: &Map<String, Value>) -> Result<String, Refused> {
    let fields = fields(input)?;
    if fields.get("subject").and_then(Value::as_str).is_none_or(|subject| subject.trim().is_empty()) {
        return Err(Refused::field(4012, "subject", "Mandatory field is missing"));
    }
    let (now, owner) = (world.now(), world.settings.sdp.owner.clone());
    let TicketRef { ticket: id, .. } = world.request().incident().created(now).updated(now).add();
    if let Some(ticket) = world.ticket_mut(Module::Requests, &id) {
        ticket.requester = Some(owner);
    }
    match edit(world, &id, fields) {
        Ok(()) => Ok(id),
        Err(refused) => {
            // What is refused was never there.
            world.tickets.entry(Module::Requests).or_default().remove(&id);
            Err(refused)
        }
    }
}

fn edit(world: &mut World, id: &str, fields: &Map<String, Value>) -> Result<(), Refused> {
    let now = world.now();
    let mut changed = world.ticket(Module::Requests, id).cloned().ok_or_else(Refused::no_such_url)?;
    for (field, value) in fields {
        write(world, &mut changed, field, value)?;
    }
    changed.updated = now;
    if let Some(ticket) = world.ticket_mut(Module::Requests, id) {
        *ticket = changed;
    }
    Ok(())
}

fn write(world: &mut World, ticket: &mut Ticket, field: &str, value: &Value) -> Result<(), Refused> {
    let bad = || Refused::field(4001, field, format!("Invalid value for {field}"));
    let text = || value.as_str().map(str::to_owned).ok_or_else(bad);
    let name = || value.get("name").and_then(Value::as_str).map(str::to_owned).ok_or_else(bad);
    match field {
        "subject" => ticket.subject = text()?,
        "description" => ticket.description = Some(text()?),
        "priority" => ticket.priority = Some(name()?),
        "group" => ticket.group = Some(name()?),
        "status" => {
            let wanted = name()?;
            let known = world.settings.sdp.states.iter().find(|state| state.eq_ignore_ascii_case(&wanted));
            ticket.status = Some(known.ok_or_else(bad)?.clone());
        }
        "requester" => ticket.requester = Some(user(world, value).ok_or_else(bad)?),
        "technician" => ticket.technician = Some(user(world, value).ok_or_else(bad)?),
        _ if PLAIN_FIELDS.contains(&field) => drop(ticket.patch.set.insert(field.to_owned(), value.clone())),
        _ => return Err(Refused::extra_key(field)),
    }
    Ok(())
}

/// The user that `{"id"}`, `{"email_id"}` or `{"name"}` means. An address or a name that nobody has makes a new requester.
fn user(world: &mut World, value: &Value) -> Option<Person> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if let Some(id) = text("id") {
        return known(world, |person| person.id == id);
    }
    if let Some(address) = text("email_id") {
        let own = |person: &Person| person.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(address));
        return known(world, own).or_else(|| Some(world.person(address, Some(address))));
    }
    let name = text("name")?;
    known(world, |person| person.name == name).or_else(|| Some(world.person(name, None)))
}

fn known(world: &World, wanted: impl Fn(&Person) -> bool) -> Option<Person> {
    let people = world.tickets(Module::Requests).flat_map(|ticket| [&ticket.requester, &ticket.technician]).flatten();
    people.chain([&world.settings.sdp.owner]).find(|person| wanted(person)).cloned()
}

fn note(world: &mut World, edition: Edition, input: &Map<String, Value>, id: &str) -> Result<Outcome, Refused> {
    let key = if world.settings.sdp.old_note_key { "request_note" } else { "note" };
    nothing_but(input, &[key])?;
    let Some(Value::Object(fields)) = input.get(key) else {
        return Err(Refused::field(4012, key, "Mandatory field is missing"));
    };
    let known =
        ["description", "show_to_requester", "notify_technician", "mark_first_response", "add_to_linked_requests"];
    nothing_but(fields, &known)?;
    let text = fields.get("description").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Refused::field(4012, "description", "Mandatory field is missing"))?.to_owned();
    let public = fields.get("show_to_requester").and_then(Value::as_bool).unwrap_or(false);
    let (now, by) = (world.now(), world.settings.sdp.owner.clone());
    let note = Note { id: world.new_id(Some(Module::Requests), Kind::Approval), text, public, by, at: now };
    let shape = Shape::new(world, edition);
    let reply = one(&shape, key, shape.note(&note));
    let ticket = world.ticket_mut(Module::Requests, id).ok_or_else(Refused::no_such_url)?;
    ticket.notes.push(note);
    ticket.updated = now;
    Ok(reply)
}

fn notes(
    world: &World,
    call: &Incoming,
    edition: Edition,
    input: &Map<String, Value>,
    id: &str,
) -> Result<Outcome, Refused> {
    let info = ListInfo::read(input)?;
    let ticket = world.ticket(Module::Requests, id).ok_or_else(Refused::no_such_url)?;
    let shape = Shape::new(world, edition);
    let rows = ticket.notes.iter().map(|note| shape.note(note)).collect();
    let (rows, list_info) = info.page(rows, call.quirk);
    Ok(many(&shape, "notes", rows, Some(list_info), call))
}

fn upload(world: &mut World, call: &Incoming, edition: Edition, id: &str) -> Result<Outcome, Refused> {
    let file = part(call).ok_or_else(|| Refused::field(4012, "input_file", "Mandatory field is missing"))?;
    let (now, name, size) = (world.now(), file.name.clone(), file.bytes.len());
    let ticket = world.ticket_mut(Module::Requests, id).ok_or_else(Refused::no_such_url)?;
    ticket.files.push(file);
    ticket.updated = now;
    let shape = Shape::new(world, edition);
    Ok(one(&shape, "attachment", json!({ "name": name, "size": size.to_string() })))
}

/// The one part of a `multipart/form-data` body, which has to be called `input_file` (RFC 7578).
fn part(call: &Incoming) -> Option<File> {
    let boundary = call.header("content-type").strip_prefix("multipart/form-data; boundary=")?;
    let rest = call.body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let rest = rest.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(rest.get(..end)?).ok()?;
    let disposition = head.lines().find_map(|line| line.strip_prefix("Content-Disposition: form-data; "))?;
    let name = disposition.strip_prefix("name=\"input_file\"; filename=\"")?.strip_suffix('"')?;
    Some(File { name: name.to_owned(), bytes: rest.get(end + 4..)?.to_vec() })
}
