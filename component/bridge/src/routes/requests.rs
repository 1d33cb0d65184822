//! `/requests…`: approval requests that the bridge keeps.

use approval_logic::approval::{ApprovalId, Person, TicketKind, Verdict, is_id_segment};
use approval_logic::audit::Door;
use approval_logic::managed::{Answer, Event, HelpDesk, Policy, Recipient, Refusal, Request, Subject};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;
use super::audit::with_note;
use super::call::{Call, Reply, json as reply};
use super::decisions;
use super::error::ApiError;
use super::shape::{Field, Fields, Shape};
use crate::decide::{self, Order};
use crate::host::Host;
use crate::report::iso_text;
use crate::requests::{RequestError, Wish, actor};
use crate::store::requests::ChangeError;

const RECIPIENTS: Field = Field::required("recipients", Shape::List(&Shape::Object(RECIPIENT)));
const RECIPIENT: &[Field] = &[Field::optional("name", Shape::Text), Field::required("email", Shape::Text)];

/// Who acts, beside what the contract has: only the caller knows.
const BY: Field = Field::optional("by", Shape::Text);

const CREATE: &[Field] = &[
    Field::required("source", Shape::Word(&["sdp", "zendesk", "atera"])),
    Field::optional("module", Shape::Text),
    Field::required("ticket_id", Shape::Text),
    RECIPIENTS,
    Field::optional("policy", Shape::Object(POLICY)),
    Field::required("subject", Shape::Text),
    Field::required("message", Shape::Text),
    BY,
];

const POLICY: &[Field] =
    &[Field::required("rule", Shape::Word(&["all", "any", "at_least"])), Field::optional("count", Shape::Count)];

const EDIT: &[Field] = &[RECIPIENTS, BY];

const ANSWER: &[Field] = &[
    Field::required("approver", Shape::Text),
    Field::required("answer", Shape::Word(&["approve", "decline", "feedback"])),
    Field::optional("comment", Shape::Text),
    Field::optional("token", Shape::Text),
];

pub(super) async fn create<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(CREATE)?;
    let source = body.take_text("source").unwrap_or_default();
    let desk = HelpDesk::ALL.into_iter().find(|desk| desk.name() == source);
    let desk = desk.ok_or_else(|| ApiError::bad_request("source: expected sdp, zendesk or atera"))?;
    let kind = match (desk, body.take_text("module")) {
        (HelpDesk::Sdp, module) => TicketKind::module(module.as_deref().unwrap_or("requests"))
            .ok_or_else(|| ApiError::bad_request("module: expected requests, changes or releases"))?,
        (_, None) => TicketKind::Ticket,
        (_, Some(_)) => return Err(ApiError::bad_request("module: only sdp has modules")),
    };
    let id = body.take_text("ticket_id").filter(|id| is_id_segment(id));
    let id = id.ok_or_else(|| ApiError::bad_request("ticket_id: expected 1 to 64 letters, digits, - or _"))?;
    let wish = Wish {
        subject: Subject { desk, kind, id },
        recipients: recipients(&mut body),
        policy: policy(body.take("policy")).map_err(refused)?,
        title: body.take_text("subject").unwrap_or_default(),
        message: body.take_text("message").unwrap_or_default(),
        by: actor(body.take_text("by"))?,
    };
    let by = wish.by.clone();
    let request = shell.create_request(wish).await?;
    let noted = shell.note_request(&request.id, "created", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::CREATED, &view(&request)), noted))
}

pub(super) async fn one<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    Ok(reply(StatusCode::OK, &view(&shell.request(named(&call)?).await?)))
}

pub(super) async fn edit<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(EDIT)?;
    let by = actor(body.take_text("by"))?;
    let request = shell.edit_request(named(&call)?, recipients(&mut body), by.as_deref()).await?;
    let noted = shell.note_request(&request.id, "edited", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view(&request)), noted))
}

pub(super) async fn resend<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut query = call.query(&["recipient", "by"])?;
    let (recipient, by) = (query.take("recipient"), actor(query.take("by"))?);
    let (request, resent) = shell.resend_request(named(&call)?, recipient.as_deref(), by.as_deref()).await?;
    let mut view = view(&request);
    view.insert("resent".to_owned(), json!(resent));
    let noted = shell.note_request(&request.id, "resent", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view), noted))
}

pub(super) async fn cancel<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let by = actor(call.query(&["by"])?.take("by"))?;
    let request = shell.cancel_request(named(&call)?, by.as_deref()).await?;
    let noted = shell.note_request(&request.id, "cancelled", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view(&request)), noted))
}

/// An answer by the address of the person, for callers that know the request and not the card. It is the same decision,
/// under the same rules: where tokens are configured it carries the token of that person's card.
pub(super) async fn respond<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(ANSWER)?;
    let approver = body.take_text("approver").filter(|address| approval_logic::approval::is_address(address));
    let approver =
        approver.ok_or_else(|| ApiError::bad_request("approver: expected the acting person's e-mail address"))?;
    let word = body.take_text("answer").unwrap_or_default();
    let (answer, verdict) = match word.as_str() {
        "approve" => (Answer::Verdict(Verdict::Approve), Verdict::Approve),
        "decline" => (Answer::Verdict(Verdict::Reject), Verdict::Reject),
        _ => (Answer::Feedback, Verdict::Approve),
    };
    let (comment, token) = (body.take_text("comment"), body.take_text("token"));
    let wish = decide::Wish { verdict, approver: approver.clone(), comment: comment.clone(), door: Door::Http };
    let order = |id: ApprovalId| Order { id, verdict, approver, comment, token, door: Door::Http };
    let (said, request) = shell.respond(named(&call)?, answer, order).await?;
    let written = if answer == Answer::Feedback {
        shell.note_request(named(&call)?, "feedback", Some(&wish.approver), said.outcome.name()).await
    } else {
        let approval = said.approval.as_ref().map(|approval| approval.id.to_string());
        shell.heard(approval.or_else(|| Some(format!("managed:{}", call.path(0)))), &wish, &said).await
    };
    let kept = answer == Answer::Feedback && said.outcome.status() == 200;
    let mut answer = decisions::told(&said);
    if kept {
        answer.insert("outcome".to_owned(), json!("noted"));
    }
    if let Some(request) = request {
        answer.insert("request_status".to_owned(), json!(request.status().name()));
        answer.insert("answers".to_owned(), json!(request.counts().words()));
    }
    Ok(with_note(reply(decisions::status(&said), &answer), written))
}

fn named(call: &Call) -> Result<&str, ApiError> {
    let id = call.path(0);
    if is_id_segment(id) { Ok(id) } else { Err(absent()) }
}

fn recipients(body: &mut Fields) -> Vec<Person> {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let rows = body.take("recipients");
    let rows = rows.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| Person { name: text(row, "name"), email: text(row, "email") }).collect()
}

fn policy(value: Option<Value>) -> Result<Policy, Refusal> {
    let Some(Value::Object(policy)) = value else { return Ok(Policy::default()) };
    let count = policy.get("count").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    Policy::new(policy.get("rule").and_then(Value::as_str).unwrap_or_default(), count)
}

/// A request as its callers see it.
fn view(request: &Request) -> Map<String, Value> {
    let ticket = &request.facts.ticket;
    let view = json!({
        "id": request.id,
        "source": request.desk.name(),
        "module": ticket.kind.plural(),
        "ticket_id": ticket.id,
        "ticket": { "number": ticket.number, "title": ticket.title, "requester": ticket.requester },
        "subject": request.subject,
        "message": request.message,
        "policy": request.policy,
        "status": request.status().name(),
        "answers": request.counts().words(),
        "revision": request.revision,
        "asked_by": request.asked_by,
        "created_at": iso_text(request.created_at),
        "recipients": request.recipients.iter().map(|own| recipient(request, own)).collect::<Vec<_>>(),
        "activity": request.activity.iter().map(event).collect::<Vec<_>>(),
    });
    if let Value::Object(view) = view { view } else { Map::new() }
}

fn recipient(request: &Request, own: &Recipient) -> Value {
    let feedback = own.feedback.iter().map(|said| json!({ "at": iso_text(said.at), "text": said.text }));
    json!({
        "id": own.id,
        "approval_id": ApprovalId::managed(&request.id, &own.id).ok(),
        "name": own.name,
        "email": own.email,
        "state": own.state,
        "round": own.round,
        "added_at": iso_text(own.added_at),
        "removed_at": own.removed_at.map(iso_text),
        "asked_at": iso_text(own.asked_at),
        "times_sent": own.times_sent,
        "answered_at": own.answered_at.map(iso_text),
        "comment": own.comment,
        "feedback": feedback.collect::<Vec<_>>(),
    })
}

fn event(event: &Event) -> Value {
    json!({
        "at": iso_text(event.at),
        "what": event.what,
        "by": event.by,
        "recipient": event.recipient,
        "text": event.text,
    })
}

fn absent() -> ApiError {
    ApiError::not_found(ChangeError::Absent.to_string())
}

fn refused(refusal: Refusal) -> ApiError {
    let status = match refusal {
        Refusal::Closed(_) | Refusal::HasAnswered | Refusal::Full => StatusCode::CONFLICT,
        Refusal::NoSuchRecipient => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    ApiError::new(status, refusal.code(), refusal.to_string())
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let message = error.to_string();
        match error {
            RequestError::Operation(error) => error.into(),
            RequestError::Change(ChangeError::Store(_)) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "STORE_FAILED", message)
            }
            RequestError::Change(ChangeError::Busy) => Self::unavailable("BUSY", message),
            RequestError::Change(ChangeError::Absent) => absent(),
            RequestError::Change(ChangeError::Open(_)) => Self::new(StatusCode::CONFLICT, "REQUEST_OPEN", message),
            RequestError::Change(ChangeError::Refused(refusal)) => refused(refusal),
            RequestError::NoTicket(_) => Self::new(StatusCode::NOT_FOUND, "TICKET_NOT_FOUND", message),
            RequestError::Unreadable(_) => Self::new(StatusCode::BAD_GATEWAY, "SOURCE_FAILED", message),
        }
    }
}
