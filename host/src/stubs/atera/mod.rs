//! Atera API v3, below `/atera` so that its addresses do not clash with those of ServiceDesk Plus.
//!
//! Atera publishes no schema. Shapes and names follow what working clients send and read; where these differ, the
//! default is the stricter reading and [`AteraSettings`] has the other.

mod model;
mod shape;

use super::Outcome;
use super::journal::{Auth, Effect, Verdict};
use super::wire::{Incoming, json, raw};
use super::world::World;
use http::Method;
use serde_json::{Value, json};

pub(crate) use self::model::AteraMemory;
pub use self::model::{ATERA_API_KEY, ATERA_TECHNICIAN_ID, AteraComment, AteraContact, AteraSettings, AteraTicket};

/// Larger pages are cut to this.
const PAGE_LIMIT: usize = 50;

/// What the key of a call is worth.
pub(crate) fn auth(world: &World, call: &Incoming) -> Auth {
    let verdict = match call.header("x-api-key") {
        "" => Verdict::Missing,
        key if key == world.settings.atera.api_key => Verdict::Right,
        _ => Verdict::Wrong,
    };
    Auth::new(if verdict == Verdict::Missing { "" } else { "X-API-KEY" }, verdict)
}

/// Answers one call.
pub(crate) fn answer(world: &mut World, call: &Incoming) -> Outcome {
    if auth(world, call).verdict != Verdict::Right {
        // Without a body, as it is seen.
        return raw(401, "text/plain", "").into();
    }
    let parts: Vec<&str> = call.parts.iter().skip(3).map(String::as_str).collect();
    match (call.method.clone(), parts.as_slice()) {
        (Method::GET, ["tickets"]) => tickets(world, call, None),
        (Method::GET, ["tickets", "lastmodified" | "statusmodified"]) => {
            let since = call.parameter("date").and_then(|date| chrono::DateTime::parse_from_rfc3339(date).ok());
            match since {
                Some(since) => tickets(world, call, Some(since.timestamp_millis())),
                None => invalid(400),
            }
        }
        (Method::GET, ["tickets", id]) => match world.atera(id) {
            Some(ticket) => json(200, &shape::ticket(ticket)).into(),
            None => invalid(404),
        },
        (Method::GET, ["tickets", id, "comments"]) => comments(world, call, id),
        (Method::POST, ["tickets", id, "comments"]) => comment(world, call, id),
        (Method::GET, ["contacts"]) => contacts(world, call),
        (Method::GET, ["customvalues", "ticketfield", id, name]) => match world.atera(id) {
            Some(ticket) => json(200, &json!([{"ValueAsString": ticket.fields.get(*name)}])).into(),
            None => invalid(404),
        },
        (Method::PUT, ["customvalues", "ticketfield", id, name]) => set_field(world, call, id, name),
        _ => invalid(404),
    }
}

fn invalid(status: u16) -> Outcome {
    json(status, &json!("Invalid input")).into()
}

fn tickets(world: &World, call: &Incoming, since: Option<i64>) -> Outcome {
    let wanted = world.atera.tickets.values().filter(|ticket| since.is_none_or(|since| ticket.modified >= since));
    page(world, call, wanted.map(shape::ticket).collect())
}

fn comments(world: &mut World, call: &Incoming, id: &str) -> Outcome {
    let flags = world.settings.atera.flags;
    let Some(ticket) = world.atera(id) else { return invalid(404) };
    let rows = ticket.comments.iter().map(|comment| shape::comment(comment, flags)).collect();
    page(world, call, rows)
}

fn comment(world: &mut World, call: &Incoming, id: &str) -> Outcome {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let of_technician = |name: &str| body.get("TechnicianCommentDetails").and_then(|details| details.get(name));
    let technician = of_technician("TechnicianId").and_then(Value::as_u64);
    let known = technician.is_some_and(|id| world.settings.atera.technicians.contains(&id));
    let text = body.get("CommentText").and_then(Value::as_str);
    let text = text.filter(|text| !text.is_empty() && known && call.is_json());
    let Some(text) = text.map(str::to_owned) else { return invalid(404) };
    let internal = of_technician("IsInternal").and_then(Value::as_bool).unwrap_or(false);
    let email = of_technician("TechnicianEmail").and_then(Value::as_str);
    let by = world.person("Approval Bridge", email);
    let now = world.now();
    let Some(ticket) = world.atera(id) else { return invalid(404) };
    ticket.comments.push(AteraComment { text, internal, by, by_technician: true, at: now });
    ticket.modified = now;
    let response = json(201, &json!({"ActionID": ticket.comments.len()}));
    Outcome { response, effect: Effect::Noted(id.to_owned()) }
}

fn set_field(world: &mut World, call: &Incoming, id: &str, name: &str) -> Outcome {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let known = world.settings.atera.fields.contains(name) && call.is_json();
    let value = body.get("Value").and_then(Value::as_str).filter(|_| known);
    let Some(value) = value.map(str::to_owned) else { return invalid(404) };
    let Some(ticket) = world.atera(id) else { return invalid(404) };
    ticket.fields.insert(name.to_owned(), value);
    Outcome { response: raw(200, "application/json", ""), effect: Effect::FieldSet(id.to_owned()) }
}

/// A search for a part of an address finds all that contain it.
fn contacts(world: &World, call: &Incoming) -> Outcome {
    let part = call.parameter("searchOptions.email").unwrap_or_default().to_lowercase();
    let has = |email: &Option<String>| email.as_deref().unwrap_or_default().to_lowercase().contains(&part);
    let found = world.atera.contacts.iter().filter(|contact| has(&contact.person.email));
    page(world, call, found.map(shape::contact).collect())
}

fn page(world: &World, call: &Incoming, rows: Vec<Value>) -> Outcome {
    let number =
        |name: &str, default: usize| call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let size = number("itemsInPage", 20).clamp(1, PAGE_LIMIT);
    let page = number("page", 1).max(1);
    let (total, pages) = (rows.len(), rows.len().div_ceil(size));
    let items: Vec<Value> = rows.into_iter().skip((page - 1) * size).take(size).collect();
    let next =
        if page < pages { format!("https://elsewhere.example{}?page={}", call.path, page + 1) } else { String::new() };
    let mut body = json!({
        "items": items, "totalItemCount": total, "page": page, "itemsInPage": size, "prevLink": "", "nextLink": next,
    });
    if let Some(body) = body.as_object_mut().filter(|_| world.settings.atera.total_pages) {
        body.insert("totalPages".into(), pages.into());
    }
    json(200, &body).into()
}
