//! `/gateway/{source}/tickets…`: Moveworks' Ticket Gateway.
//!
//! Bodies of create and update are the payload itself, in Moveworks' field names (see `gateway_fields`); with it may come
//! `requestor` and `destination`. Errors have the gateway's six codes, and `X-RateLimit-…` whatever the help desk has told.
//! A body has at most 1 MiB like all others, so a file has at most some 768 KiB.

use approval_logic::approval::Source;
use approval_logic::gateway::{
    Attachment, AttachmentError, Code, Cursor, Destination, Edit, Failure, Profile, RateLimit, Ticket, Window,
    requestor,
};
use http::header::{HeaderValue, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value, json};

use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Fields, Shape};
use super::{BODY_MAX, Shared};
use crate::gateway::{Gateway, Query};
use crate::host::Host;

/// The largest file: base64 makes four characters of three bytes.
const FILE_MAX: usize = BODY_MAX / 4 * 3;

/// The longest comment, in characters.
const TEXT_MAX: usize = 20_000;

/// A comment.
pub(super) const COMMENT: Shape = Shape::Object(&[
    Field::required("text", Shape::Words(TEXT_MAX), "Plain text"),
    Field::required("public", Shape::Flag, "Whether the requester sees it"),
]);

/// A file.
pub(super) const ATTACHMENT: Shape = Shape::Object(&[
    Field::required("file_name", Shape::Text, "Its name"),
    Field::required("content", Shape::judged(&Shape::Text, &Shape::Base64(FILE_MAX)), "The file"),
]);

/// The group that is to work on it.
pub(super) const ASSIGNMENT: Shape =
    Shape::Object(&[Field::required("group", Shape::Words(usize::MAX), "The name of a group at the help desk")]);

/// How it was resolved. The body may be missing.
pub(super) const RESOLUTION: Shape =
    Shape::Object(&[Field::optional("close_notes", Shape::Text, "How it was resolved")]);

/// Nothing. The body may be missing.
pub(super) const REOPENING: Shape = Shape::Object(&[]);

/// Which tickets to list.
pub(super) const QUERY: &[Field] = &[
    Field::optional(
        "requestor",
        Shape::Text,
        "Whose: an id of the help desk, an e-mail address, or a Moveworks user as JSON",
    ),
    Field::optional(
        "updated_start_ts",
        Shape::Text,
        "Changed then or later, such as `2026-03-05T08:15:30.000000Z`; this or `requestor` has to be there",
    ),
    Field::optional("updated_end_ts", Shape::Text, "Changed then or earlier; now unless given"),
    Field::optional("destination", Shape::Text, "Only those of this destination of `gateway_destinations`"),
    Field::optional("cursor", Shape::Text, "The `cursor` of the page before, with the same times"),
];

pub(super) async fn list<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let gateway = open(&shell, &call).await?;
    let now = shell.host().now();
    let mut parameters = call.query(QUERY)?;
    let mut take = |name| parameters.take_text(name).filter(|value| !value.trim().is_empty());
    let (start, end, whose) = (take("updated_start_ts"), take("updated_end_ts"), take("requestor"));
    let (named, cursor) = (take("destination"), take("cursor"));
    if start.is_none() && whose.is_none() {
        return Err(ApiError::bad_request("updated_start_ts: expected a time, or requestor beside it"));
    }
    let query = (|| {
        let window = Window::read(start.as_deref(), end.as_deref(), now).map_err(Failure::input)?;
        let profile = gateway.profile();
        let window = profile.window(window);
        let whose = whose.map(|text| person(&Value::String(text), profile)).transpose()?;
        let destination = destination(profile, named.map(Value::String).as_ref())?;
        let cursor = match cursor {
            None => Cursor::begin(&window),
            Some(text) => Cursor::read(&text, &window)
                .ok_or_else(|| Failure::input("cursor: expected the cursor of a former page, with the same times"))?,
        };
        Ok(Query { window, requestor: whose, destination: destination.cloned(), cursor })
    })();
    let page = match query {
        Ok(query) => gateway.tickets(&query).await,
        Err(failure) => Err(failure),
    };
    let page = match page {
        Ok(page) => page,
        Err(failure) => return Ok(refuse(&gateway, &failure)),
    };
    let mut body = json!({ "tickets": wire(&page.tickets, gateway.profile()) });
    note_unmapped(&mut body, &page.tickets, gateway.profile());
    if let (Some(next), Some(fields)) = (page.next, body.as_object_mut()) {
        fields.insert("cursor".to_owned(), next.write().into());
    }
    Ok(with_limit(reply(StatusCode::OK, &body), gateway.rate_limit()))
}

pub(super) async fn one<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let gateway = open(&shell, &call).await?;
    Ok(answer(&gateway, gateway.ticket(call.path(1)).await, StatusCode::OK))
}

pub(super) async fn create<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let gateway = open(&shell, &call).await?;
    let made = match payload(call.body(&Shape::Free)?, gateway.profile()) {
        Ok(edit) => gateway.create(&edit).await,
        Err(failure) => Err(failure),
    };
    Ok(answer(&gateway, made, StatusCode::CREATED))
}

pub(super) async fn update<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let gateway = open(&shell, &call).await?;
    let changed = match payload(call.body(&Shape::Free)?, gateway.profile()) {
        Ok(edit) => gateway.update(call.path(1), &edit).await,
        Err(failure) => Err(failure),
    };
    Ok(answer(&gateway, changed, StatusCode::OK))
}

pub(super) async fn comment<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&COMMENT)?;
    let text = body.take_text("text").unwrap_or_default();
    let public = body.take_flag("public").unwrap_or(false);
    let gateway = open(&shell, &call).await?;
    Ok(answer(&gateway, gateway.comment(call.path(1), text.trim(), public).await, StatusCode::CREATED))
}

pub(super) async fn attach<H: Host>(shell: Shared<H>, mut call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&ATTACHMENT)?;
    // The base64 is in the body and in what was read from it; one is enough.
    call.forget_body();
    let name = body.take_text("file_name").unwrap_or_default();
    let file = Attachment::read(&name, body.take_text("content").unwrap_or_default(), FILE_MAX);
    let file = file.map_err(|error| match error {
        AttachmentError::TooLarge(_) => {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", error.to_string())
        }
        AttachmentError::Encoding | AttachmentError::Empty => ApiError::bad_request(error.to_string()),
    })?;
    let gateway = open(&shell, &call).await?;
    Ok(answer(&gateway, gateway.attach(call.path(1), &file).await, StatusCode::CREATED))
}

pub(super) async fn resolve<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let notes = if call.has_body() { call.body(&RESOLUTION)?.take_text("close_notes") } else { None };
    let gateway = open(&shell, &call).await?;
    let profile = gateway.profile();
    let mut fields = Map::new();
    fields.insert("state".to_owned(), profile.resolved.as_str().into());
    if let Some(notes) = notes.filter(|notes| !notes.trim().is_empty()) {
        fields.insert("close_notes".to_owned(), notes.into());
    }
    let changed = match Edit::read(profile, &fields) {
        Ok(edit) => gateway.update(call.path(1), &edit).await,
        Err(error) => Err(Failure::input(error)),
    };
    Ok(answer(&gateway, changed, StatusCode::OK))
}

pub(super) async fn reopen<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    if call.has_body() {
        call.body(&REOPENING)?;
    }
    let gateway = open(&shell, &call).await?;
    let state = Value::from(gateway.profile().reopened.as_str());
    set(&gateway, call.path(1), "state", state).await
}

pub(super) async fn assign<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let group = call.body(&ASSIGNMENT)?.take_text("group").unwrap_or_default();
    let gateway = open(&shell, &call).await?;
    set(&gateway, call.path(1), "group", group.into()).await
}

async fn set<H: Host>(gateway: &Gateway<H>, id: &str, field: &str, value: Value) -> Result<Reply, ApiError> {
    let fields = [(field.to_owned(), value)].into_iter().collect();
    let changed = match Edit::read(gateway.profile(), &fields) {
        Ok(edit) => gateway.update(id, &edit).await,
        Err(error) => Err(Failure::input(error)),
    };
    Ok(answer(gateway, changed, StatusCode::OK))
}

/// The gateway of the help desk that the address names.
async fn open<H: Host>(shell: &Shared<H>, call: &Call) -> Result<Gateway<H>, ApiError> {
    let source = match call.path(0) {
        "sdp" => Source::Sdp,
        "zendesk" => Source::Zendesk,
        _ => return Err(ApiError::not_found("there is no such help desk; expected sdp or zendesk")),
    };
    let opened = shell.gateway(source).await.map_err(|error| {
        let code = Code::InternalServerError;
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code.name(), error.to_string())
    })?;
    opened.ok_or_else(|| ApiError::not_found(format!("{source} is not configured; see {source}_base_url")))
}

/// The fields of a payload, with whom it is for and what its destination adds.
fn payload(mut body: Fields, profile: &Profile) -> Result<Edit, Failure> {
    let (whose, named) = (body.take("requestor"), body.take("destination"));
    let mut edit = Edit::read(profile, &body.into_map()).map_err(Failure::input)?;
    if let Some(destination) = destination(profile, named.as_ref())? {
        edit.fill(&destination.field, destination.value.as_str());
    }
    let path = profile.fields.iter().find(|(name, _)| name == "requested_for").map(|(_, path)| path);
    if let (Some(whose), Some(path)) = (whose.filter(|whose| !is_blank(whose)), path) {
        person(&whose, profile)?;
        edit.fill(path, whose);
    }
    Ok(edit)
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn person(value: &Value, profile: &Profile) -> Result<approval_logic::gateway::Requestor, Failure> {
    let found = requestor(value, profile.system.as_ref());
    found.ok_or_else(|| {
        Failure::input("requestor: expected a user with an identity of this help desk or an e-mail address")
    })
}

/// `it_requests`, or `{"table_name":"it_requests"}`, as an object or as the text of one.
fn destination<'p>(profile: &'p Profile, named: Option<&Value>) -> Result<Option<&'p Destination>, Failure> {
    let parsed = match named {
        Some(Value::String(text)) if text.trim_start().starts_with('{') => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    let name = match &parsed {
        Some(Value::Object(fields)) => fields.get("table_name").and_then(Value::as_str),
        Some(Value::String(name)) => Some(name.as_str()),
        _ => None,
    };
    let found = profile.destination(name.unwrap_or_default().trim());
    found.map_err(|error| Failure::input(format!("destination: {error}")))
}

fn answer<H: Host>(gateway: &Gateway<H>, done: Result<Ticket, Failure>, status: StatusCode) -> Reply {
    let ticket = match done {
        Ok(ticket) => ticket,
        Err(failure) => return refuse(gateway, &failure),
    };
    let profile = gateway.profile();
    let mut body = json!({ "ticket": ticket.to_value(profile) });
    note_unmapped(&mut body, std::slice::from_ref(&ticket), profile);
    with_limit(reply(status, &body), gateway.rate_limit())
}

fn wire(tickets: &[Ticket], profile: &Profile) -> Vec<Value> {
    tickets.iter().map(|ticket| ticket.to_value(profile)).collect()
}

/// Names the states that nobody has mapped, so that an administrator sees what `gateway_states` lacks.
fn note_unmapped(body: &mut Value, tickets: &[Ticket], profile: &Profile) {
    let mut unmapped: Vec<&str> = tickets.iter().filter_map(|ticket| ticket.state.as_deref()).collect();
    unmapped.retain(|state| !profile.states.knows(state));
    unmapped.sort_unstable();
    unmapped.dedup();
    if let Some(body) = body.as_object_mut().filter(|_| !unmapped.is_empty()) {
        body.insert("unmapped_states".to_owned(), json!(unmapped));
    }
}

/// A failure, with the time to wait where there is one.
fn refuse<H: Host>(gateway: &Gateway<H>, failure: &Failure) -> Reply {
    let status = StatusCode::from_u16(failure.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({ "error": { "code": failure.code.name(), "message": failure.message } });
    let told = gateway.rate_limit();
    let told = match failure.retry_after {
        Some(pause) => Some(told.unwrap_or_default().spent(pause)),
        None => told,
    };
    let mut reply = with_limit(reply(status, &error), told);
    if let (Some(_), Some(seconds)) = (failure.retry_after, told.and_then(|told| told.reset)) {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

fn with_limit(mut reply: Reply, told: Option<RateLimit>) -> Reply {
    for (name, value) in told.iter().flat_map(RateLimit::headers) {
        reply.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    reply
}
