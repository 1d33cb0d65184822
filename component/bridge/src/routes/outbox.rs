//! `POST /notifications`, `GET /outbox`, `POST /outbox/{id}/retry`.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Shared;
use super::body::Body;
use super::error::ApiError;
use crate::host::Host;
use crate::report::iso_text;
use crate::shell::Notice;
use crate::store::outbox::{Content, Record};

/// The most people one call can name (Moveworks, "Events API": 1 to 500 recipients).
const RECIPIENTS_MAX: usize = 500;

/// The longest text: below Moveworks' 20 000 characters even when every one of them has to be escaped.
const MESSAGE_MAX: usize = 3_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notification {
    message: String,
    recipients: Vec<String>,
    context: Option<Context>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    #[serde(default)]
    slots: Map<String, Value>,
}

pub(super) async fn notify<H: Host>(
    State(shell): State<Shared<H>>,
    Body(body): Body<Notification>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let length = body.message.chars().count();
    if body.message.trim().is_empty() || length > MESSAGE_MAX {
        return Err(ApiError::bad_request(format!("message: expected 1 to {MESSAGE_MAX} characters")));
    }
    if body.recipients.is_empty() || body.recipients.len() > RECIPIENTS_MAX {
        return Err(ApiError::bad_request(format!("recipients: expected 1 to {RECIPIENTS_MAX} addresses")));
    }
    let slots = body.context.map(|context| context.slots).filter(|slots| !slots.is_empty());
    let notice = Notice { message: body.message, recipients: body.recipients, slots };
    let ids = shell.notify(&notice).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "status": "accepted", "ids": ids }))))
}

/// A message as callers see it: what it is about, not what it says.
#[derive(Serialize)]
struct View {
    id: String,
    state: &'static str,
    about: Option<String>,
    recipient: String,
    planned_at: String,
    attempts: u32,
    not_before: Option<String>,
    last_error: Option<String>,
}

fn view(record: Record, state: &'static str) -> View {
    let about = match &record.content {
        Content::Pending(entry) | Content::Reminder(entry, _) => Some(entry.approval.id.to_string()),
        Content::Notice { .. } => None,
    };
    View {
        id: record.id,
        state,
        about,
        recipient: record.recipient,
        planned_at: iso_text(record.planned_at),
        attempts: record.attempts,
        not_before: (record.not_before > 0).then(|| iso_text(record.not_before)),
        last_error: record.last_error,
    }
}

pub(super) async fn list<H: Host>(State(shell): State<Shared<H>>) -> Result<Json<Value>, ApiError> {
    let (waiting, dead) = shell.outbox().await?;
    let waiting = waiting.into_iter().map(|record| view(record, "waiting"));
    let dead = dead.into_iter().map(|record| view(record, "dead"));
    Ok(Json(json!({ "messages": waiting.chain(dead).collect::<Vec<_>>() })))
}

pub(super) async fn retry<H: Host>(
    State(shell): State<Shared<H>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    shell.retry(&id).await?;
    Ok(Json(json!({ "status": "waiting", "id": id })))
}
