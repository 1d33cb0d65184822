//! `POST /poll` and `POST /hints`.

use approval_logic::approval::{Source, TicketKind, TicketRef};
use http::StatusCode;
use serde_json::json;

use super::Shared;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;

/// How to sweep.
pub(super) const POLL: &[Field] =
    &[Field::optional("dry_run", Shape::Flag, "Announce and remember nothing; `false` unless given")];

pub(super) async fn poll<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let dry_run = call.query(POLL)?.take_flag("dry_run").unwrap_or(false);
    Ok(reply(StatusCode::OK, &shell.poll(dry_run).await?))
}

/// The modules of ServiceDesk Plus.
pub(super) const MODULES: &[&str] = &["requests", "changes", "releases"];

const TICKET_ID: Field =
    Field::required("ticket_id", Shape::Segment, "The ticket's id, or that of the approval request");

/// A ticket to look at.
pub(super) const HINT: Shape = Shape::Either(&[
    &[
        Field::required("source", Shape::Word(&["sdp"]), "The help desk"),
        Field::optional("module", Shape::Word(MODULES), "Where the ticket is; `requests` unless given"),
        TICKET_ID,
    ],
    &[
        Field::required("source", Shape::Word(&["zendesk"]), "The help desk"),
        Field::optional("module", Shape::Nothing, "Zendesk has none"),
        TICKET_ID,
    ],
]);

/// The kind of a ticket; only ServiceDesk Plus has modules.
pub(super) fn kind(is_sdp: bool, module: Option<String>) -> TicketKind {
    let module = || TicketKind::module(module.as_deref()?);
    if is_sdp { module().unwrap_or(TicketKind::Request) } else { TicketKind::Ticket }
}

/// Anybody's trigger can call this, so it only says where to look; what is there is read from the source.
pub(super) async fn hint<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&HINT)?;
    let source = if body.take_text("source").as_deref() == Some("sdp") { Source::Sdp } else { Source::Zendesk };
    let kind = kind(source == Source::Sdp, body.take_text("module"));
    let ticket = TicketRef { source, kind, ticket: body.take_text("ticket_id").unwrap_or_default() };
    Ok(match shell.hint(ticket).await? {
        Some(report) => reply(StatusCode::OK, &report),
        None => {
            let message = "a sweep is running; the ticket will be looked at in the next one";
            reply(StatusCode::ACCEPTED, &json!({ "status": "noted", "message": message }))
        }
    })
}
