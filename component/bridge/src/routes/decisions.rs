//! The decisions, by our own addresses and by those of the published sample program. Only ever on POST: a link preview
//! that follows an address must not approve anything.

use approval_logic::approval::{ApprovalId, Person, Verdict, is_address, is_id_segment};
use approval_logic::audit::Door;
use http::StatusCode;
use serde_json::json;

use super::Shared;
use super::audit::with_note;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::decide::{Answer, Order, Outcome};
use crate::host::Host;

const DECISION: &[Field] = &[
    Field::required("approver", Shape::Text),
    Field::optional("comment", Shape::Text),
    Field::optional("token", Shape::Text),
];

/// What a body asks for.
struct Wish {
    approver: String,
    comment: Option<String>,
    token: Option<String>,
}

pub(super) async fn decide<H: Host>(shell: Shared<H>, call: Call, verdict: Verdict) -> Result<Reply, ApiError> {
    let wish = match read(&call) {
        Ok(wish) => wish,
        Err(message) => return Ok(respond(Answer::new(Outcome::Invalid, message))),
    };
    match call.path(0).parse::<ApprovalId>() {
        Ok(id) => order(shell, id, verdict, wish).await,
        Err(_) => unknown(shell, None, verdict, wish).await,
    }
}

/// The sample's addresses name ticket and approval only; module and level come from the ledger.
pub(super) async fn decide_sample<H: Host>(shell: Shared<H>, call: Call, verdict: Verdict) -> Result<Reply, ApiError> {
    let reason = call.query(&["reason"])?.take("reason");
    let wish = match read(&call) {
        Ok(wish) => Wish { comment: wish.comment.or(reason), ..wish },
        Err(message) => return Ok(respond(Answer::new(Outcome::Invalid, message))),
    };
    let (ticket, approval) = (call.path(0), call.path(1));
    if !is_id_segment(ticket) || !is_id_segment(approval) {
        return unknown(shell, None, verdict, wish).await;
    }
    match shell.resolve(ticket, approval).await? {
        Some(id) => order(shell, id, verdict, wish).await,
        None => unknown(shell, Some(format!("{ticket}/{approval}")), verdict, wish).await,
    }
}

async fn order<H: Host>(shell: Shared<H>, id: ApprovalId, verdict: Verdict, wish: Wish) -> Result<Reply, ApiError> {
    let Wish { approver, comment, token } = wish;
    Ok(respond(shell.decide(&Order { id, verdict, approver, comment, token, door: Door::Http }).await?))
}

fn read(call: &Call) -> Result<Wish, String> {
    let mut body = call.body(DECISION).map_err(ApiError::into_message)?;
    let approver = body.take_text("approver").filter(|address| is_address(address));
    let approver = approver.ok_or("approver: expected the acting person's e-mail address")?;
    Ok(Wish { approver, comment: body.take_text("comment"), token: body.take_text("token") })
}

/// Nobody knows the approval. `given`: what was asked for, where it could be an id.
async fn unknown<H: Host>(
    shell: Shared<H>,
    given: Option<String>,
    verdict: Verdict,
    wish: Wish,
) -> Result<Reply, ApiError> {
    let wish = (verdict, wish.approver.as_str(), wish.comment.as_deref());
    Ok(respond(shell.refuse(given, wish, Door::Http).await))
}

/// The outcome has a status of its own, because Moveworks' builders see nothing else of a failure; other callers find
/// it in the body as well.
fn respond(answer: Answer) -> Reply {
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
            let code = answer.outcome.name().to_ascii_uppercase();
            fields.insert("error".to_owned(), json!({ "code": code, "message": answer.message }));
        }
    }
    with_note(reply(status, &body), answer.noted)
}
