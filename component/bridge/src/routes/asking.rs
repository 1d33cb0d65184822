//! `POST /approval-requests/zendesk`: a new approval request, made where its approver is used to see them.

use approval_logic::http::CallError;
use approval_logic::zendesk::{NewAssignee, NewRequest};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::Shared;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;
use crate::http::CallFailure;

const TICKET: Field = Field::required("ticket_id", Shape::Id, "The ticket");
const SUBJECT: Field = Field::required("subject", Shape::Words(usize::MAX), "What it is about, in a line");
const MESSAGE: Field = Field::required("message", Shape::Words(usize::MAX), "What the approver needs to know");

/// A new approval request, of a user or of a group.
pub(super) const NEW: Shape = Shape::Either(&[
    &[
        TICKET,
        SUBJECT,
        MESSAGE,
        Field::required("assignee_user_id", Shape::Id, "The user who is asked"),
        Field::optional("assignee_group_id", Shape::Nothing, "Either a user or a group is asked"),
    ],
    &[
        TICKET,
        SUBJECT,
        MESSAGE,
        Field::required("assignee_group_id", Shape::Id, "The group that is asked; any member answers for all"),
        Field::optional("assignee_user_id", Shape::Nothing, "Either a user or a group is asked"),
    ],
]);

pub(super) async fn zendesk<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&NEW)?;
    let mut text = |name: &str| body.take_text(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let (subject, message) = (text("subject"), text("message"));
    let ticket = body.take_id("ticket_id").unwrap_or_default();
    let assignee = match body.take_id("assignee_user_id") {
        Some(user) => NewAssignee::User(user),
        None => NewAssignee::Group(body.take_id("assignee_group_id").unwrap_or_default()),
    };
    let new = NewRequest { ticket, subject, message, assignee };
    Ok(match shell.ask_at_zendesk(&new).await? {
        Ok(id) => reply(
            StatusCode::CREATED,
            &json!({ "id": id, "request_id": id.ticket(), "ticket_id": ticket.to_string(), "status": "pending" }),
        ),
        Err(failure) => refused(&failure),
    })
}

/// Why there is no new request. What Zendesk said stands in `detail`; repeating never makes a second one, because Zendesk
/// takes one for a ticket.
fn refused(failure: &CallFailure) -> Reply {
    let error = match failure {
        CallFailure::Failed(error) => Some(error),
        CallFailure::OutOfTime => None,
    };
    let (status, code, message) = match error {
        Some(CallError::Permanent { code: "UNPROCESSABLE", .. }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "SOURCE_REFUSED",
            "Zendesk does not take this approval request; repeating it changes nothing",
        ),
        Some(CallError::Permanent { .. } | CallError::Auth { .. } | CallError::NotFound { .. }) => {
            (StatusCode::BAD_GATEWAY, "SOURCE_REFUSED", "Zendesk did not take the approval request")
        }
        Some(CallError::Retry { .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, "SOURCE_UNAVAILABLE", "Zendesk cannot be asked now; please try again")
        }
        Some(CallError::Unknown { .. }) | None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "UNCLEAR",
            "the answer was lost, so the approval request may have been made; look at the ticket, or try again",
        ),
    };
    let detail = error.map(ToString::to_string);
    let mut reply = reply(status, &json!({ "error": { "code": code, "message": message }, "detail": detail }));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    }
    reply
}
