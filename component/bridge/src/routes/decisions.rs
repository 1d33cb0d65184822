//! The decisions, by our own addresses and by those of the published sample program. Only ever on POST: a link preview
//! that follows an address must not approve anything.

use approval_logic::approval::{ApprovalId, Person, Verdict, is_id_segment};
use approval_logic::audit::Door;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;
use super::audit::with_note;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::decide::{self, Answer, Order, Outcome};
use crate::host::Host;

/// What a decision's body holds.
pub(super) const DECISION: Shape = Shape::Object(&[
    Field::required("approver", Shape::Address, "The acting person, as Moveworks has proven them"),
    Field::optional("comment", Shape::Text, "Why. A rejection needs it, unless the settings say otherwise"),
    Field::optional("token", Shape::Text, "The action token of that person's card, where `action_secret` is set"),
]);

/// The sample's address for a reason.
pub(super) const SAMPLE: &[Field] = &[Field::optional("reason", Shape::Text, "The comment, where the body has none")];

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
    let reason = call.query(SAMPLE)?.take_text("reason");
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
    let mut body = call.body(&DECISION).map_err(ApiError::into_message)?;
    let approver = body.take_text("approver").unwrap_or_default();
    Ok(Wish { approver, comment: body.take_text("comment"), token: body.take_text("token") })
}

/// Nobody knows the approval. `given`: what was asked for, where it could be an id.
async fn unknown<H: Host>(
    shell: Shared<H>,
    given: Option<String>,
    verdict: Verdict,
    wish: Wish,
) -> Result<Reply, ApiError> {
    let Wish { approver, comment, .. } = wish;
    let wish = decide::Wish { verdict, approver, comment, door: Door::Http };
    Ok(respond(shell.refuse(given, &wish).await))
}

/// The outcome has a status of its own, because Moveworks' builders see nothing else of a failure; other callers find
/// it in the body as well.
fn respond(answer: Answer) -> Reply {
    with_note(reply(status(&answer), &told(&answer)), answer.noted)
}

/// The status of an answer.
pub(super) fn status(answer: &Answer) -> StatusCode {
    StatusCode::from_u16(answer.outcome.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The body of an answer.
pub(super) fn told(answer: &Answer) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut tell = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    tell("outcome", json!(answer.outcome.name()));
    tell("message", json!(answer.message));
    if let Some(approval) = &answer.approval {
        tell("approval_id", json!(approval.id));
        tell("status", json!(approval.status.name()));
        tell("decided_by", json!(approval.decided_by.as_ref().and_then(Person::label)));
    }
    if let Some(word) = &answer.word {
        tell("source_status", json!(word));
    }
    if let Some(detail) = &answer.detail {
        tell("detail", json!(detail));
    }
    if !status(answer).is_success() {
        let code = answer.outcome.name().to_ascii_uppercase();
        tell("error", json!({ "code": code, "message": answer.message }));
    }
    fields
}
