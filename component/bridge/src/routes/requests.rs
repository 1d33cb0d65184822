//! `/requests…`: approval requests that the bridge keeps.

use approval_logic::approval::{ApprovalId, Person, Verdict, is_id_segment, normal_address};
use approval_logic::audit::Door;
use approval_logic::managed::{
    Answer, Event, HelpDesk, MESSAGE_MAX, Policy, RECIPIENTS_MAX, Recipient, Refusal, Request, SUBJECT_MAX, Subject,
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;
use super::audit::with_note;
use super::call::{Call, Reply, json as reply};
use super::decisions;
use super::error::ApiError;
use super::shape::{Field, Fields, Shape};
use super::sweeps::{MODULES, kind};
use crate::decide::{self, Order};
use crate::host::Host;
use crate::report::iso_text;
use crate::requests::{RequestError, Wish};
use crate::store::requests::ChangeError;

const RECIPIENT: Shape = Shape::Object(&[
    Field::optional("name", Shape::Text, "For the card and the ticket"),
    Field::required("email", Shape::judged(&Shape::Text, &Shape::Address), "Where Moveworks finds the person"),
]);

/// People. Their rules have codes of their own.
const fn recipients_from(whole: &'static Shape, about: &'static str) -> Field {
    Field::required("recipients", Shape::judged(&Shape::List(&RECIPIENT, 0, usize::MAX), whole), about)
}

/// Who acts, beside what the contract has: only the caller knows.
const BY: Field = Field::optional("by", Shape::Address, "The technician who does this, for the trail");

const TICKET_ID: Field = Field::required("ticket_id", Shape::Segment, "The ticket's id at its help desk");
const RECIPIENTS: Field = recipients_from(
    &Shape::List(&RECIPIENT, 1, RECIPIENTS_MAX),
    "Who is asked; not who asks, nor the ticket's requester",
);
const POLICY: Field = Field::optional(
    "policy",
    Shape::judged(
        &Shape::Object(&[
            Field::required("rule", Shape::Word(&["all", "any", "at_least"]), ""),
            Field::optional("count", Shape::Number(0, COUNT_MAX), ""),
        ]),
        &Shape::Either(&[
            &[
                Field::required("rule", Shape::Word(&["all", "any"]), "Everybody, or one of them"),
                Field::optional("count", Shape::Nothing, "Only with `at_least`"),
            ],
            &[
                Field::required("rule", Shape::Word(&["at_least"]), "So many of them"),
                Field::required("count", Shape::Number(1, COUNT_MAX), "How many; not more than there are recipients"),
            ],
        ]),
    ),
    "How many have to approve; `all` unless given",
);
const COUNT_MAX: u64 = u32::MAX as u64;
const SUBJECT: Field =
    Field::required("subject", Shape::judged(&Shape::Text, &Shape::Words(SUBJECT_MAX)), "What it is about, in a line");
const MESSAGE: Field = Field::required(
    "message",
    Shape::judged(&Shape::Text, &Shape::Words(MESSAGE_MAX)),
    "What the approvers need to know",
);

/// A new request.
pub(super) const CREATE: Shape = Shape::Either(&[
    &[
        Field::required("source", Shape::Word(&["sdp"]), "The help desk of the ticket"),
        Field::optional("module", Shape::Word(MODULES), "Where the ticket is; `requests` unless given"),
        TICKET_ID,
        RECIPIENTS,
        POLICY,
        SUBJECT,
        MESSAGE,
        BY,
    ],
    &[
        Field::required("source", Shape::Word(&["zendesk", "atera"]), "The help desk of the ticket"),
        Field::optional("module", Shape::Nothing, "Only `sdp` has modules"),
        TICKET_ID,
        RECIPIENTS,
        POLICY,
        SUBJECT,
        MESSAGE,
        BY,
    ],
]);

/// A request's new recipients.
pub(super) const EDIT: Shape = Shape::Object(&[
    recipients_from(
        &Shape::List(&RECIPIENT, 0, RECIPIENTS_MAX),
        "Who is asked from now on: only the newly added hear of it, an empty list cancels",
    ),
    BY,
]);

/// Whom to send it again.
pub(super) const RESEND: &[Field] = &[
    Field::optional("recipient", Shape::Text, "The id of one recipient; everybody who has not answered unless given"),
    BY,
];

/// Who cancels.
pub(super) const CANCEL: &[Field] = &[BY];

/// An answer to a request.
pub(super) const ANSWER: Shape = Shape::Object(&[
    Field::required("approver", Shape::Address, "The acting person, as Moveworks has proven them"),
    Field::required("answer", Shape::Word(&["approve", "decline", "feedback"]), "Feedback is kept and does not answer"),
    Field::optional("comment", Shape::Text, "Why; the words of a feedback"),
    Field::optional("token", Shape::Text, "The action token of that person's card, where `action_secret` is set"),
]);

pub(super) async fn create<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&CREATE)?;
    let source = body.take_text("source").unwrap_or_default();
    let desk = HelpDesk::ALL.into_iter().find(|desk| desk.name() == source);
    let desk = desk.ok_or_else(|| ApiError::bad_request("source: expected sdp, zendesk or atera"))?;
    let kind = kind(desk == HelpDesk::Sdp, body.take_text("module"));
    let wish = Wish {
        subject: Subject { desk, kind, id: body.take_text("ticket_id").unwrap_or_default() },
        recipients: recipients(&mut body),
        policy: policy(body.take("policy")).map_err(refused)?,
        title: body.take_text("subject").unwrap_or_default(),
        message: body.take_text("message").unwrap_or_default(),
        by: by(&mut body),
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
    let mut body = call.body(&EDIT)?;
    let by = by(&mut body);
    let request = shell.edit_request(named(&call)?, recipients(&mut body), by.as_deref()).await?;
    let noted = shell.note_request(&request.id, "edited", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view(&request)), noted))
}

pub(super) async fn resend<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut query = call.query(RESEND)?;
    let (recipient, by) = (query.take_text("recipient"), by(&mut query));
    let (request, resent) = shell.resend_request(named(&call)?, recipient.as_deref(), by.as_deref()).await?;
    let mut view = view(&request);
    view.insert("resent".to_owned(), json!(resent));
    let noted = shell.note_request(&request.id, "resent", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view), noted))
}

pub(super) async fn cancel<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let by = by(&mut call.query(CANCEL)?);
    let request = shell.cancel_request(named(&call)?, by.as_deref()).await?;
    let noted = shell.note_request(&request.id, "cancelled", by.as_deref(), request.status().name()).await;
    Ok(with_note(reply(StatusCode::OK, &view(&request)), noted))
}

/// An answer by the address of the person, for callers that know the request and not the card. It is the same decision,
/// under the same rules: where tokens are configured it carries the token of that person's card.
pub(super) async fn respond<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut body = call.body(&ANSWER)?;
    let approver = body.take_text("approver").unwrap_or_default();
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

fn by(fields: &mut Fields) -> Option<String> {
    fields.take_text("by").map(|address| normal_address(&address))
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
