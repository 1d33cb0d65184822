//! `POST /notifications`, `GET /outbox`, `POST /outbox/{id}/retry`.

use approval_logic::audit::Door;
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::audit::with_note;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;
use crate::report::iso_text;
use crate::shell::Notice;
use crate::store::outbox::Record;

/// The most people one call can name (Moveworks, "Events API": 1 to 500 recipients).
const RECIPIENTS_MAX: usize = 500;

/// The longest text: below Moveworks' 20 000 characters even when every one of them has to be escaped.
const MESSAGE_MAX: usize = 3_000;

/// The most bytes that slots may have, as JSON: each recipient's message holds its own copy.
const SLOTS_MAX: usize = 16 * 1024;

/// A message from outside.
pub(super) const NOTIFICATION: Shape = Shape::Object(&[
    Field::required("message", Shape::Words(MESSAGE_MAX), "Plain text"),
    Field::required("recipients", Shape::List(&Shape::Address, 1, RECIPIENTS_MAX), "Each gets a message of their own"),
    Field::optional("context", Shape::Object(CONTEXT), "What goes along"),
]);

const CONTEXT: &[Field] =
    &[Field::optional("slots", Shape::Free, "Slots of the event's follow-up path, at most 16 KiB")];

pub(super) async fn notify<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&NOTIFICATION)?;
    let message = body.take_text("message").unwrap_or_default();
    let recipients = body.take("recipients");
    let recipients = recipients.as_ref().and_then(Value::as_array).into_iter().flatten();
    let recipients = recipients.filter_map(Value::as_str).map(str::to_owned).collect();
    let slots = match body.take("context").as_mut().and_then(|context| context.get_mut("slots")).map(Value::take) {
        Some(Value::Object(slots)) if serde_json::to_vec(&slots).map_or(0, |bytes| bytes.len()) > SLOTS_MAX => {
            return Err(ApiError::bad_request(format!("context.slots: at most {SLOTS_MAX} bytes")));
        }
        Some(Value::Object(slots)) if !slots.is_empty() => Some(slots),
        _ => None,
    };
    let ids = shell.notify(&Notice { message, recipients, slots }).await?;
    Ok(reply(StatusCode::ACCEPTED, &json!({ "status": "accepted", "ids": ids })))
}

/// A message as callers see it: what it is about, not what it says.
fn view(record: Record, state: &str) -> Value {
    let about: Vec<String> = record.content.about().iter().map(|entry| entry.approval.id.to_string()).collect();
    json!({
        "id": record.id,
        "state": state,
        "about": about,
        "recipient": record.recipient,
        "planned_at": iso_text(record.planned_at),
        "attempts": record.attempts,
        "not_before": (record.not_before > 0).then(|| iso_text(record.not_before)),
        "last_error": record.last_error,
    })
}

pub(super) async fn list<H: Host>(shell: Shared<H>, _: Call) -> Result<Reply, ApiError> {
    let (waiting, dead) = shell.outbox().await?;
    let waiting = waiting.into_iter().map(|record| view(record, "waiting"));
    let dead = dead.into_iter().map(|record| view(record, "dead"));
    let messages: Vec<Value> = waiting.chain(dead).collect();
    Ok(reply(StatusCode::OK, &json!({ "messages": messages })))
}

pub(super) async fn retry<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let noted = shell.retry(call.path(0), Door::Http).await?;
    Ok(with_note(reply(StatusCode::OK, &json!({ "status": "waiting", "id": call.path(0) })), noted))
}
