//! The decisions, by our own addresses and by those of the published sample program. Only ever on POST: a link preview
//! that follows an address must not approve anything.

use approval_logic::approval::{ApprovalId, Person, Verdict, is_address, is_id_segment};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::body::{Query, parse};
use super::error::ApiError;
use crate::decide::{Answer, Order, Outcome};
use crate::host::Host;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    approver: String,
    comment: Option<String>,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleQuery {
    reason: Option<String>,
}

pub(super) async fn approve<H: Host>(
    State(shell): State<Shared<H>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    decide(&shell, &id, Verdict::Approve, &body).await
}

pub(super) async fn reject<H: Host>(
    State(shell): State<Shared<H>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    decide(&shell, &id, Verdict::Reject, &body).await
}

pub(super) async fn sample_approve<H: Host>(
    State(shell): State<Shared<H>>,
    Path((ticket, approval)): Path<(String, String)>,
    Query(query): Query<SampleQuery>,
    body: Bytes,
) -> Result<Response, ApiError> {
    decide_sample(&shell, &ticket, &approval, Verdict::Approve, query.reason, &body).await
}

pub(super) async fn sample_reject<H: Host>(
    State(shell): State<Shared<H>>,
    Path((ticket, approval)): Path<(String, String)>,
    Query(query): Query<SampleQuery>,
    body: Bytes,
) -> Result<Response, ApiError> {
    decide_sample(&shell, &ticket, &approval, Verdict::Reject, query.reason, &body).await
}

async fn decide<H: Host>(shell: &Shared<H>, id: &str, verdict: Verdict, body: &[u8]) -> Result<Response, ApiError> {
    let body = match read(body) {
        Ok(body) => body,
        Err(answer) => return Ok(respond(answer)),
    };
    let Ok(id) = id.parse::<ApprovalId>() else { return Ok(respond(unknown())) };
    order(shell, id, verdict, body, None).await
}

/// The sample's addresses name ticket and approval only; module and level come from the ledger.
async fn decide_sample<H: Host>(
    shell: &Shared<H>,
    ticket: &str,
    approval: &str,
    verdict: Verdict,
    reason: Option<String>,
    body: &[u8],
) -> Result<Response, ApiError> {
    let body = match read(body) {
        Ok(body) => body,
        Err(answer) => return Ok(respond(answer)),
    };
    if !is_id_segment(ticket) || !is_id_segment(approval) {
        return Ok(respond(unknown()));
    }
    match shell.resolve(ticket, approval).await? {
        Some(id) => order(shell, id, verdict, body, reason).await,
        None => Ok(respond(unknown())),
    }
}

async fn order<H: Host>(
    shell: &Shared<H>,
    id: ApprovalId,
    verdict: Verdict,
    body: DecisionBody,
    reason: Option<String>,
) -> Result<Response, ApiError> {
    let DecisionBody { approver, comment, token } = body;
    let order = Order { id, verdict, approver, comment: comment.or(reason), token };
    Ok(respond(shell.decide(&order).await?))
}

fn read(body: &[u8]) -> Result<DecisionBody, Answer> {
    let invalid = |message: String| Answer::new(Outcome::Invalid, message);
    let body: DecisionBody = parse(body).map_err(|error| invalid(error.into_message()))?;
    if !is_address(&body.approver) {
        return Err(invalid("approver: expected the acting person's e-mail address".to_owned()));
    }
    Ok(body)
}

fn unknown() -> Answer {
    Answer::new(Outcome::Unknown, "there is no such approval")
}

/// The outcome has a status of its own, because Moveworks' builders see nothing else of a failure; other callers find
/// it in the body as well.
fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.outcome.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut body = json!({ "outcome": answer.outcome.name(), "message": answer.message });
    if let Some(fields) = body.as_object_mut() {
        if let Some(approval) = &answer.approval {
            fields.insert("approval_id".to_owned(), json!(approval.id));
            fields.insert("status".to_owned(), json!(approval.status.name()));
            fields.insert("decided_by".to_owned(), json!(approval.decided_by.as_ref().and_then(Person::label)));
        }
        if let Some(word) = &answer.word {
            fields.insert("source_status".to_owned(), json!(word));
        }
        if let Some(detail) = &answer.detail {
            fields.insert("detail".to_owned(), json!(detail));
        }
        if !status.is_success() {
            let code = answer.outcome.name().to_uppercase();
            fields.insert("error".to_owned(), json!({ "code": code, "message": answer.message }));
        }
    }
    (status, Json(body)).into_response()
}
