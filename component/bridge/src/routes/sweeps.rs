//! `POST /poll` and `POST /hints`.

use approval_logic::approval::{Source, TicketKind, TicketRef, is_id_segment};
use http::StatusCode;
use serde_json::json;

use super::Shared;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;

pub(super) async fn poll<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let dry_run = match call.query(&["dry_run"])?.take("dry_run").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiError::bad_request("the query is not as expected: dry_run: expected true or false")),
    };
    Ok(reply(StatusCode::OK, &shell.poll(dry_run).await?))
}

const HINT: &[Field] = &[
    Field::required("source", Shape::Text),
    Field::optional("module", Shape::Text),
    Field::required("ticket_id", Shape::Text),
];

/// Anybody's trigger can call this, so it only says where to look; what is there is read from the source.
pub(super) async fn hint<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(HINT)?;
    let module = body.take_text("module");
    let (source, kind) = match (body.take_text("source").as_deref(), module.as_deref()) {
        (Some("sdp"), module) => {
            let kind = TicketKind::module(module.unwrap_or("requests"));
            let kind = kind.ok_or_else(|| ApiError::bad_request("module: expected requests, changes or releases"))?;
            (Source::Sdp, kind)
        }
        (Some("zendesk"), None) => (Source::Zendesk, TicketKind::Ticket),
        (Some("zendesk"), Some(_)) => return Err(ApiError::bad_request("module: expected nothing; Zendesk has none")),
        _ => return Err(ApiError::bad_request("source: expected sdp or zendesk")),
    };
    let id = body.take_text("ticket_id").filter(|id| is_id_segment(id));
    let ticket = id.ok_or_else(|| ApiError::bad_request("ticket_id: expected 1 to 64 letters, digits, - or _"))?;
    let ticket = TicketRef { source, kind, ticket };
    Ok(match shell.hint(ticket).await? {
        Some(report) => reply(StatusCode::OK, &report),
        None => {
            let message = "a sweep is running; the ticket will be looked at in the next one";
            reply(StatusCode::ACCEPTED, &json!({ "status": "noted", "message": message }))
        }
    })
}
