//! Moveworks: the Events API, webhook listeners, and the credential check.

use super::journal::{Auth, Verdict};
use super::settings::MoveworksSettings;
use super::wire::{self, Incoming, json, raw};
use super::world::World;
use super::{Effect, Outcome};
use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Longest message, in characters (Events API).
const MESSAGE_LIMIT: usize = 20_000;
/// Most recipients of one call (Events API).
const RECIPIENT_LIMIT: usize = 500;
/// Larger listener bodies are dropped, though answered and counted (Webhook Listeners).
const LISTENER_BODY_LIMIT: usize = 1 << 20;

/// Which way a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The Events API.
    Events,
    /// A webhook listener.
    Listener,
}

/// What a listener's signature check said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// There is no check.
    NotChecked,
    /// The header was missing.
    Missing,
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
}

/// A message that was answered with 200.
#[derive(Clone, Debug)]
pub struct Message {
    /// The call in the journal is the one at this time, epoch milliseconds.
    pub at: i64,
    /// Which way it came in.
    pub door: Door,
    /// The event's or the listener's id.
    pub target: String,
    /// To whom: `recipients` of an event, `user_email` of the bridge's own listener payload.
    pub recipients: Vec<String>,
    /// `message` of an event, `card.text` of the bridge's own listener payload; empty if there is none.
    pub text: String,
    /// The whole body.
    pub body: Value,
    /// The exact bytes.
    pub raw: Bytes,
    /// What the signature check said. A wrong signature is answered with 200 all the same.
    pub signature: Signature,
    /// Whether the message went on to a person. False for a missing or wrong signature.
    pub delivered: bool,
}

impl Message {
    /// A slot, wherever the door keeps slots.
    pub fn slot(&self, name: &str) -> Option<&str> {
        let slots = match self.door {
            Door::Events => self.body.get("context")?.get("slots")?,
            Door::Listener => self.body.get("slots")?,
        };
        slots.get(name)?.as_str()
    }
}

/// What Moveworks remembers.
#[derive(Debug, Default)]
pub(crate) struct MoveworksMemory {
    pub(crate) messages: Vec<Message>,
    events: VecDeque<i64>,
    listener: VecDeque<i64>,
}

/// What the credential of a call is worth.
pub(crate) fn auth(world: &World, call: &Incoming) -> Auth {
    let header = call.header("authorization");
    let (scheme, key) = wire::scheme(header);
    let known = world.settings.moveworks.api_key.as_deref();
    let verdict = match scheme {
        "" => Verdict::Missing,
        "Bearer" if !key.is_empty() && known.is_none_or(|known| known == key) => Verdict::Right,
        _ => Verdict::Wrong,
    };
    Auth::new(scheme, verdict)
}

/// An error in either of the two documented forms.
pub(crate) fn error(status: u16, flat: bool, code: &str, message: &str) -> Response<Bytes> {
    let inner = json!({"code": code, "message": message});
    json(status, &if flat { inner } else { json!({"error": inner}) })
}

/// Answers one call.
pub(crate) fn answer(world: &mut World, call: &Incoming) -> Outcome {
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    let right = auth(world, call).verdict == Verdict::Right;
    let flat = world.settings.moveworks.flat_errors;
    let result = match (call.method.clone(), parts.as_slice()) {
        (Method::POST, ["rest", "v1", "events", id, "messages", "send"]) => send(world, call, id, right),
        (Method::POST, ["webhooks", "v1", "listeners", id, "notify"]) => return notify(world, call, id, right),
        (Method::GET, ["rest", "v1", "auth", "test"]) if right => {
            return json(200, &json!({"Message": "Authentication succeeded"})).into();
        }
        (Method::GET, ["rest", "v1", "auth", "test"]) => Err((401, "Token validation failed")),
        _ => Err((404, "Not found")),
    };
    match result {
        Ok(outcome) => outcome,
        Err((status, message)) => error(status, flat, code(status), message).into(),
    }
}

/// Error codes are not published; these follow Moveworks' convention for gateways.
fn code(status: u16) -> &'static str {
    match status {
        400 => "INPUT_VALIDATION_FAILED",
        401 => "AUTHENTICATION_FAILED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        429 => "RATE_LIMIT_EXCEEDED",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

/// `POST /rest/v1/events/{id}/messages/send`: credential, event, rate, then body, addresses, launch list.
fn send(world: &mut World, call: &Incoming, id: &str, right: bool) -> Result<Outcome, (u16, &'static str)> {
    let now = world.now();
    if !right {
        return Err((401, "Token validation failed"));
    }
    let settings = &world.settings.moveworks;
    if settings.event_id.as_deref().is_some_and(|known| known != id) {
        return Err((404, "Event not found"));
    }
    if !settings.event_allowed {
        return Err((403, "The credential may not use this event"));
    }
    if too_fast(&mut world.moveworks.events, now, settings.events_per_minute, 60_000) {
        return Err((429, "Too many requests"));
    }
    if !call.is_json() {
        return Err((400, "Content-Type must be application/json"));
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| (400, "Parsing of the JSON payload failed"))?;
    let (text, recipients) = event_body(settings, &body).map_err(|message| (400, message))?;
    let message = Message {
        at: now,
        door: Door::Events,
        target: id.into(),
        recipients,
        text,
        body,
        raw: call.body.clone(),
        signature: Signature::NotChecked,
        delivered: true,
    };
    Ok(accept(world, message, json(200, &json!({"data": {"status": "RECEIVED"}}))))
}

/// The message and its recipients, if the body is as documented: known fields only, each within its limit.
fn event_body(settings: &MoveworksSettings, body: &Value) -> Result<(String, Vec<String>), &'static str> {
    let only = |map: &Map<String, Value>, known: &[&str]| map.keys().all(|key| known.contains(&key.as_str()));
    let map = body.as_object().ok_or("The body must be an object")?;
    if !only(map, &["message", "recipients", "context"]) {
        return Err("Unknown field in the body");
    }
    let text = map.get("message").and_then(Value::as_str).ok_or("message must be text")?;
    if !(1..=MESSAGE_LIMIT).contains(&text.chars().count()) {
        return Err("message must have 1 to 20000 characters");
    }
    let recipients = map.get("recipients").and_then(Value::as_array).ok_or("recipients must be a list")?;
    if !(1..=RECIPIENT_LIMIT).contains(&recipients.len()) {
        return Err("recipients must have 1 to 500 addresses");
    }
    let addresses: Option<Vec<String>> = recipients.iter().map(|one| one.as_str().map(Into::into)).collect();
    let addresses = addresses.filter(|all| all.iter().all(|one| is_address(one))).ok_or("Invalid e-mail address")?;
    let reachable = |one: &String| settings.launch_list.as_ref().is_none_or(|list| list.contains(one));
    if !addresses.iter().all(reachable) {
        return Err("A recipient is not known, or not on the launch list");
    }
    match map.get("context") {
        None => {}
        Some(Value::Object(context)) if only(context, &["slots"]) && context.values().all(Value::is_object) => {}
        Some(_) => return Err("context must be an object with nothing but slots, an object"),
    }
    Ok((text.into(), addresses))
}

fn is_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    plain
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// `POST /webhooks/v1/listeners/{id}/notify`. A listener answers 200 *before* it checks the signature.
fn notify(world: &mut World, call: &Incoming, id: &str, right: bool) -> Outcome {
    let (now, settings) = (world.now(), &world.settings.moveworks);
    let flat = settings.flat_errors;
    if settings.listener_id.as_deref().is_some_and(|known| known != id) {
        return raw(404, "text/plain", Bytes::new()).into();
    }
    if settings.listener_credential && !right {
        return error(401, flat, code(401), "Token validation failed").into();
    }
    let secured = settings.listener_credential || settings.listener_signature.is_some();
    let (limit, window) = match settings.listener_per_second {
        Some(_) if !secured => (Some(1), 10_000),
        limit => (limit, 1_000),
    };
    if too_fast(&mut world.moveworks.listener, now, limit, window) {
        return error(429, flat, code(429), "Too many requests").into();
    }
    let ok = json(200, &json!({"message": "Event received", "status": "ok"}));
    if call.body.len() > LISTENER_BODY_LIMIT {
        return ok.into();
    }
    let Some(body) = serde_json::from_slice::<Value>(&call.body).ok().filter(Value::is_object) else {
        return error(400, flat, code(400), "The body must be a JSON object").into();
    };
    let header = call.header("x-signature");
    let signature = match &settings.listener_signature {
        None => Signature::NotChecked,
        Some(_) if header.is_empty() => Signature::Missing,
        Some(check) if (check.0)(&call.body, header) => Signature::Right,
        Some(_) => Signature::Wrong,
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
    let message = Message {
        at: now,
        door: Door::Listener,
        target: id.into(),
        recipients: text(body.get("user_email")).into_iter().collect(),
        text: text(body.get("card").and_then(|card| card.get("text"))).unwrap_or_default(),
        body,
        raw: call.body.clone(),
        signature,
        delivered: matches!(signature, Signature::NotChecked | Signature::Right),
    };
    accept(world, message, ok)
}

fn accept(world: &mut World, message: Message, response: Response<Bytes>) -> Outcome {
    let place = world.moveworks.messages.len();
    world.moveworks.messages.push(message);
    Outcome { response, effect: Effect::Message(place) }
}

/// Whether this call is one too many in the window; otherwise it counts.
fn too_fast(times: &mut VecDeque<i64>, now: i64, limit: Option<usize>, window: i64) -> bool {
    while times.front().is_some_and(|at| *at <= now - window) {
        times.pop_front();
    }
    if limit.is_some_and(|limit| times.len() >= limit) {
        return true;
    }
    times.push_back(now);
    false
}
