//! `POST /poll` and `POST /hints`.

use approval_logic::approval::{Source, TicketKind, TicketRef, is_id_segment};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::body::{Body, Query};
use super::error::ApiError;
use crate::host::Host;
use crate::report::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollQuery {
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn poll<H: Host>(
    State(shell): State<Shared<H>>,
    Query(query): Query<PollQuery>,
) -> Result<Json<Report>, ApiError> {
    Ok(Json(shell.poll(query.dry_run).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hint {
    source: String,
    module: Option<String>,
    ticket_id: String,
}

/// Anybody's trigger can call this, so it only says where to look; what is there is read from the source.
pub(super) async fn hint<H: Host>(
    State(shell): State<Shared<H>>,
    Body(hint): Body<Hint>,
) -> Result<Response, ApiError> {
    if hint.source != "sdp" {
        return Err(ApiError::bad_request("source: expected sdp"));
    }
    let module = hint.module.as_deref().unwrap_or("requests");
    let kind = TicketKind::from_plural(module)
        .ok_or_else(|| ApiError::bad_request("module: expected requests, changes or releases"))?;
    if !is_id_segment(&hint.ticket_id) {
        return Err(ApiError::bad_request("ticket_id: expected 1 to 64 letters, digits, - or _"));
    }
    let ticket = TicketRef { source: Source::Sdp, kind, ticket: hint.ticket_id };
    Ok(match shell.hint(ticket).await? {
        Some(report) => Json(report).into_response(),
        None => {
            let message = "a sweep is running; the ticket will be looked at in the next one";
            (StatusCode::ACCEPTED, Json(json!({ "status": "noted", "message": message }))).into_response()
        }
    })
}
