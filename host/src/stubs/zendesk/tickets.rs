//! Tickets: lists, search, comments, creation, updates and uploads (Zendesk API reference, "Tickets", "Ticket Comments",
//! "Attachments", "Groups", "Search", "Side-loading").

use super::super::model::File;
use super::super::wire::{Incoming, json};
use super::super::world::World;
use super::model::{Zendesk, ZendeskComment, ZendeskTicket};
use super::{Outcome, Refused, list, shape};
use http::Method;
use serde_json::{Map, Value, json};

/// The most rows that search gives in all ("Search", Results limit).
const RESULTS_MAX: usize = 1_000;

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];

/// Answers a call about tickets, in the name of an agent. None: it is another one.
pub(super) fn answer(
    world: &mut World,
    call: &Incoming,
    rest: &[&str],
    acting: u64,
) -> Result<Option<Outcome>, Refused> {
    let (status, body) = match (&call.method, rest) {
        (&Method::GET, ["tickets"]) => (200, newest(world, call, |_| true)?),
        (&Method::GET, ["users", user, "tickets", "requested"]) => {
            let user: u64 = user.parse().map_err(|_| Refused::bad("Invalid id"))?;
            if !world.zendesk.users.contains_key(&user) {
                return Err(Refused::not_found());
            }
            (200, newest(world, call, |ticket| ticket.requester == Some(user))?)
        }
        (&Method::GET, ["search"]) => (200, search(world, call)?),
        (&Method::GET, ["groups", "assignable"]) => (200, groups(&world.zendesk, call)?),
        (&Method::GET, ["tickets", id, "comments"]) => (200, comments(&world.zendesk, call, id)?),
        (&Method::GET, ["tickets", id]) if *id != "show_many" => {
            list::only(call, &["include"])?;
            (200, one(&world.zendesk, ticket_id(&world.zendesk, id)?, call.parameter("include"))?)
        }
        (&Method::POST, ["tickets"]) => {
            let id = world.zendesk.ticket("");
            // What is refused was never there.
            if let Err(refused) = write(world, id, call, acting, true) {
                world.zendesk.tickets.remove(&id);
                return Err(refused);
            }
            (201, one(&world.zendesk, id, None)?)
        }
        (&Method::PUT, ["tickets", id]) => {
            let id = ticket_id(&world.zendesk, id)?;
            write(world, id, call, acting, false)?;
            (200, one(&world.zendesk, id, None)?)
        }
        (&Method::POST, ["uploads"]) => (201, upload(&mut world.zendesk, call)?),
        _ => return Ok(None),
    };
    Ok(Some(json(status, &body).into()))
}

fn ticket_id(zendesk: &Zendesk, id: &str) -> Result<u64, Refused> {
    let id: u64 = id.parse().map_err(|_| Refused::bad("Invalid id"))?;
    if zendesk.tickets.contains_key(&id) { Ok(id) } else { Err(Refused::not_found()) }
}

fn one(zendesk: &Zendesk, id: u64, include: Option<&str>) -> Result<Value, Refused> {
    let ticket = zendesk.tickets.get(&id).ok_or_else(Refused::not_found)?;
    let mut body = Map::new();
    body.insert("ticket".into(), shape::ticket(ticket));
    beside(zendesk, &[ticket], include.unwrap_or_default(), &mut body);
    Ok(body.into())
}

/// Tickets by their last update, by pages that count from 1.
fn newest(world: &World, call: &Incoming, wanted: impl Fn(&ZendeskTicket) -> bool) -> Result<Value, Refused> {
    list::only(call, &["sort_by", "sort_order", "per_page", "page", "include"])?;
    let (by, order) = (call.parameter("sort_by"), call.parameter("sort_order"));
    if !matches!(by, None | Some("updated_at" | "id")) || !matches!(order, None | Some("asc" | "desc")) {
        return Err(Refused::bad("sort_by"));
    }
    let zendesk = &world.zendesk;
    let mut tickets: Vec<&ZendeskTicket> = zendesk.tickets.values().filter(|ticket| wanted(ticket)).collect();
    tickets.sort_by_key(|ticket| (if by == Some("updated_at") { ticket.updated } else { 0 }, ticket.id));
    if order == Some("desc") {
        tickets.reverse();
    }
    paged("tickets", &tickets, zendesk, call, call.parameter("include").unwrap_or_default())
}

/// `type:ticket updated>=… updated<=…`. What changed a moment ago is not in the index yet.
fn search(world: &World, call: &Incoming) -> Result<Value, Refused> {
    list::only(call, &["query", "sort_by", "sort_order", "per_page", "page", "include"])?;
    let zendesk = &world.zendesk;
    let indexed = zendesk.now() - world.settings.zendesk.search_lag;
    let (mut least, mut most) = (i64::MIN, i64::MAX);
    for word in call.parameter("query").unwrap_or_default().split(' ') {
        let time = |text: &str| {
            let time = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
            time.map_err(|_| Refused::coded("invalid", "The query is not valid"))
        };
        match (word, word.strip_prefix("updated>="), word.strip_prefix("updated<=")) {
            ("type:ticket", _, _) => {}
            (_, Some(text), _) => least = time(text)?,
            (_, _, Some(text)) => most = time(text)?,
            _ => return Err(Refused::coded("invalid", "The query is not valid")),
        }
    }
    let within = |ticket: &&ZendeskTicket| {
        // Times are compared as they are shown: in whole seconds.
        let shown = ticket.updated - ticket.updated % 1_000;
        ticket.updated <= indexed && least <= shown && shown <= most
    };
    let mut tickets: Vec<&ZendeskTicket> = zendesk.tickets.values().filter(within).collect();
    tickets.sort_by_key(|ticket| (ticket.updated - ticket.updated % 1_000, u64::MAX - ticket.id));
    let include = call.parameter("include").unwrap_or_default();
    let include = include.strip_prefix("tickets(").and_then(|list| list.strip_suffix(')')).unwrap_or_default();
    paged("results", &tickets, zendesk, call, include)
}

fn paged(
    name: &str,
    tickets: &[&ZendeskTicket],
    zendesk: &Zendesk,
    call: &Incoming,
    include: &str,
) -> Result<Value, Refused> {
    let number = |name: &str, default: usize| {
        let number = call.parameter(name).map_or(Ok(default), str::parse).map_err(|_| Refused::bad(name));
        number.and_then(|number| if number > 0 { Ok(number) } else { Err(Refused::bad(name)) })
    };
    let (size, page) = (number("per_page", 100)?.min(100), number("page", 1)?);
    let begin = (page - 1) * size;
    if name == "results" && begin >= RESULTS_MAX {
        return Err(Refused::coded("invalid", "Requested response size was greater than Search Response Limits"));
    }
    let rows: Vec<&ZendeskTicket> = tickets.iter().skip(begin).take(size).copied().collect();
    let shown = rows.iter().map(|ticket| {
        let mut row = shape::ticket(ticket);
        if let Some(row) = row.as_object_mut().filter(|_| name == "results") {
            row.insert("result_type".into(), "ticket".into());
        }
        row
    });
    let more = begin + rows.len() < tickets.len();
    let next = more.then(|| format!("https://elsewhere.example/api/v2/{}?page={}", call.path, page + 1));
    let mut body = Map::new();
    body.insert(name.into(), shown.collect());
    body.insert("count".into(), tickets.len().into());
    body.insert("next_page".into(), next.into());
    beside(zendesk, &rows, include, &mut body);
    Ok(body.into())
}

/// What was asked to come along: the people and the groups of the tickets.
fn beside(zendesk: &Zendesk, tickets: &[&ZendeskTicket], include: &str, body: &mut Map<String, Value>) {
    for name in include.split(',') {
        let rows: Vec<Value> = match name {
            "users" => {
                let people = |ticket: &&ZendeskTicket| [ticket.requester, ticket.submitter, ticket.assignee];
                let ids: std::collections::BTreeSet<u64> = tickets.iter().flat_map(people).flatten().collect();
                ids.iter().filter_map(|id| zendesk.users.get(id)).map(shape::whole_user).collect()
            }
            "groups" => {
                let ids: std::collections::BTreeSet<u64> = tickets.iter().filter_map(|ticket| ticket.group).collect();
                ids.iter()
                    .filter_map(|id| zendesk.groups.get(id).map(|(name, _)| json!({"id": id, "name": name})))
                    .collect()
            }
            _ => continue,
        };
        body.insert(name.to_owned(), rows.into());
    }
}

fn groups(zendesk: &Zendesk, call: &Incoming) -> Result<Value, Refused> {
    list::only(call, &["per_page", "page"])?;
    let rows: Vec<Value> = zendesk.groups.iter().map(|(id, (name, _))| json!({"id": id, "name": name})).collect();
    Ok(json!({"groups": rows, "count": rows.len(), "next_page": null}))
}

/// The description is the first comment.
fn comments(zendesk: &Zendesk, call: &Incoming, id: &str) -> Result<Value, Refused> {
    list::only(call, &["include"])?;
    let ticket = zendesk.tickets.get(&ticket_id(zendesk, id)?).ok_or_else(Refused::not_found)?;
    let row = |number: usize, text: &str, public: bool, author: Option<u64>, at: i64| {
        json!({"id": number, "type": "Comment", "body": text, "plain_body": text, "public": public,
               "author_id": author, "created_at": shape::time(at)})
    };
    let text = ticket.description.clone().unwrap_or_default();
    let mut rows = vec![row(0, &text, true, ticket.requester, ticket.created)];
    let own = ticket.comments.iter().enumerate();
    rows.extend(own.map(|(n, own)| row(n + 1, &own.text, own.public, Some(own.by), own.at)));
    let people = rows.iter().filter_map(|row| row["author_id"].as_u64()).filter_map(|id| zendesk.users.get(&id));
    let users: Vec<Value> = people.map(shape::whole_user).collect();
    Ok(json!({"comments": rows, "users": users, "count": rows.len(), "next_page": null}))
}

fn upload(zendesk: &mut Zendesk, call: &Incoming) -> Result<Value, Refused> {
    list::only(call, &["filename"])?;
    let name = call.parameter("filename").ok_or_else(|| Refused::bad("filename is required"))?;
    let file = File { name: name.to_owned(), bytes: call.body.to_vec() };
    let token = format!("upload-{}", zendesk.count_up());
    zendesk.uploads.insert(token.clone(), file);
    Ok(json!({"upload": {"token": token, "attachment": {"file_name": name, "size": call.body.len()}}}))
}

fn write(world: &mut World, id: u64, call: &Incoming, acting: u64, new: bool) -> Result<(), Refused> {
    let input: Value = serde_json::from_slice(&call.body).map_err(|_| Refused::bad("The body must be JSON"))?;
    let fields = input.get("ticket").and_then(Value::as_object).ok_or_else(|| Refused::bad("ticket is required"))?;
    let (now, zendesk) = (world.zendesk.now(), &mut world.zendesk);
    let mut ticket = zendesk.tickets.get(&id).cloned().ok_or_else(Refused::not_found)?;
    if ticket.status == "closed" {
        return Err(invalid("Status: closed prevents ticket update"));
    }
    if new {
        (ticket.status, ticket.created, ticket.submitter) = ("new".to_owned(), now, Some(acting));
        ticket.requester = Some(acting);
        if !fields.contains_key("comment") {
            return Err(invalid("Description: cannot be blank"));
        }
    }
    for (field, value) in fields {
        set(zendesk, &mut ticket, field, value, (acting, now, new))?;
    }
    ticket.updated = now;
    zendesk.tickets.insert(id, ticket);
    Ok(())
}

fn set(
    zendesk: &mut Zendesk,
    ticket: &mut ZendeskTicket,
    field: &str,
    value: &Value,
    (acting, now, new): (u64, i64, bool),
) -> Result<(), Refused> {
    let text = || value.as_str().map(str::to_owned).ok_or_else(|| invalid(&format!("{field}: is invalid")));
    let known = |zendesk: &Zendesk, id: Option<u64>| id.filter(|id| zendesk.users.contains_key(id));
    let user = |id: Option<u64>| id.map(Some).ok_or_else(|| invalid(&format!("{field}: is invalid")));
    match field {
        "subject" => ticket.subject = text()?,
        "priority" if ["low", "normal", "high", "urgent"].contains(&text()?.as_str()) => {
            ticket.priority = Some(text()?)
        }
        "status" if STATUSES.contains(&text()?.as_str()) => ticket.status = text()?,
        "requester_id" => ticket.requester = user(known(zendesk, value.as_u64()))?,
        "assignee_id" => ticket.assignee = user(known(zendesk, value.as_u64()))?,
        "assignee_email" => ticket.assignee = user(zendesk.user_of(&text()?).map(|user| user.id))?,
        "requester" => {
            let email = value.get("email").and_then(Value::as_str).ok_or_else(|| invalid("Requester: email"))?;
            let name = value.get("name").and_then(Value::as_str).ok_or_else(|| invalid("Requester: name"))?.to_owned();
            let known = zendesk.user_of(email).map(|user| user.id);
            ticket.requester = Some(known.unwrap_or_else(|| zendesk.end_user(&name, email)));
        }
        "group_id" => {
            let group = value.as_u64().filter(|id| zendesk.groups.contains_key(id));
            ticket.group = Some(group.ok_or_else(|| invalid("Group: is invalid"))?);
        }
        "comment" => {
            let body = value.get("body").and_then(Value::as_str).filter(|body| !body.is_empty());
            let body = body.ok_or_else(|| invalid("Comment: cannot be blank"))?.to_owned();
            if new {
                ticket.description = Some(body);
                return Ok(());
            }
            let public = value.get("public").and_then(Value::as_bool).unwrap_or(true);
            let tokens = value.get("uploads").and_then(Value::as_array).into_iter().flatten();
            let mut files = Vec::new();
            for token in tokens {
                let file = token.as_str().and_then(|token| zendesk.uploads.remove(token));
                files.push(file.ok_or_else(|| invalid("Upload: is invalid"))?);
            }
            ticket.comments.push(ZendeskComment { text: body, public, by: acting, at: now, files });
        }
        "type" | "custom_fields" | "ticket_form_id" | "brand_id" => {
            ticket.patch.set.insert(field.to_owned(), value.clone());
        }
        _ => return Err(invalid(&format!("{field}: is invalid"))),
    }
    Ok(())
}

/// 422 of a ticket ("Tickets", Update: validation errors).
fn invalid(what: &str) -> Refused {
    let body = json!({"error": "RecordInvalid", "description": format!("Record validation errors: {what}")});
    Refused { status: 422, body }
}
