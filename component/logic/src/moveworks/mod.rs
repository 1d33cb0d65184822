//! Moveworks, both doors: the Events API and webhook listeners (Moveworks, "Events API", "Webhook Listeners").
//!
//! Neither door offers a receipt, an idempotency key, an edit or a recall, so every message carries a stable event id
//! that a receiver can collapse repeats by.

mod read;
mod regions;

use serde::Serialize;

use crate::approval::{Approval, Millis, normal_address};
use crate::card::Card;
use crate::http::{HttpRequest, Method};
use crate::signature::hmac_sha256_hex;
use crate::text::truncate;

pub use read::read_acceptance;
pub use regions::REGIONS;

/// The longest message the Events API takes ("Events API": message, 1 to 20 000 characters).
pub const MESSAGE_MAX: usize = 20_000;

/// The header that carries the listener's HMAC; set the same name on the listener.
pub const SIGNATURE_HEADER: &str = "x-signature";

/// How to reach one tenant.
#[derive(Clone, Copy)]
pub struct Tenant<'a> {
    /// The API base of the tenant's region.
    pub base_url: &'a str,
    /// The API key.
    pub api_key: &'a str,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Event {
    /// An approval waits.
    #[serde(rename = "approval.pending")]
    Pending,
    /// It still waits.
    #[serde(rename = "approval.reminder")]
    Reminder,
    /// It no longer waits.
    #[serde(rename = "approval.closed")]
    Closed,
}

/// One message about one approval to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Stable over repeats.
    pub event_id: &'a str,
    /// What happened.
    pub event: Event,
    /// The approval.
    pub approval: &'a Approval,
    /// Its card.
    pub card: &'a Card,
    /// Who is told.
    pub recipient: &'a str,
    /// The signed action token, where decisions must carry one.
    pub action_token: Option<&'a str>,
}

/// What the buttons carry back. The keys equal the slots of the event's follow-up path.
/// Many approvals of one person in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest<'a> {
    /// The stable id of the message: the same for every attempt.
    pub event_id: &'a str,
    /// The approvals, each with its action token where those are configured.
    pub approvals: Vec<(&'a Approval, Option<String>)>,
    /// What is shown.
    pub card: &'a Card,
    /// The approver's e-mail address.
    pub recipient: &'a str,
}

#[derive(Serialize)]
struct DigestSlots<'a> {
    approvals: Vec<Slots<'a>>,
}

#[derive(Serialize)]
struct DigestBody<'a> {
    event_id: &'a str,
    event: &'static str,
    approvals: Vec<ApprovalBody<'a>>,
    card: CardBody<'a>,
    user_email: String,
    slots: DigestSlots<'a>,
}

#[derive(Serialize)]
struct Slots<'a> {
    approval_id: String,
    request_id: &'a str,
    level_id: &'a str,
    ticket_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Context<S> {
    slots: S,
}

#[derive(Serialize)]
struct EventBody<'a, C> {
    message: &'a str,
    recipients: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<C>,
}

#[derive(Serialize)]
struct ListenerBody<'a> {
    event_id: &'a str,
    event: Event,
    approval: ApprovalBody<'a>,
    card: CardBody<'a>,
    user_email: String,
    slots: Slots<'a>,
}

#[derive(Serialize)]
struct ApprovalBody<'a> {
    id: String,
    source: &'a str,
    status: &'a str,
    ticket_type: &'a str,
    ticket_id: &'a str,
    ticket_number: &'a str,
    title: Option<&'a str>,
    level: Option<u32>,
    requester: Option<&'a str>,
    approver: Option<&'a str>,
    sent_at: Option<Millis>,
    link: Option<&'a str>,
}

#[derive(Serialize)]
struct CardBody<'a> {
    title: &'a str,
    fields: &'a [crate::card::Field],
    text: String,
    actions: &'a [crate::card::Action],
}

#[derive(Serialize)]
struct NoticeBody<'a, C> {
    event_id: &'a str,
    event: &'static str,
    text: &'a str,
    user_email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<C>,
}

/// Through the Events API. One recipient a call: what a mix of known and unknown ones returns is not published.
pub fn event_message(tenant: &Tenant<'_>, event_id: &str, message: &Message<'_>) -> HttpRequest {
    let text = message.card.to_moveworks();
    let body = EventBody {
        message: &truncate(&text, MESSAGE_MAX),
        recipients: [normal_address(message.recipient)],
        context: Some(Context { slots: slots(message.approval, message.action_token) }),
    };
    post(tenant, &event_path(event_id), &body)
}

/// Through a webhook listener, signed over the exact bytes when a secret is given.
pub fn listener_message(
    tenant: &Tenant<'_>,
    listener_id: &str,
    secret: Option<&str>,
    message: &Message<'_>,
) -> HttpRequest {
    let body = ListenerBody {
        event_id: message.event_id,
        event: message.event,
        approval: approval_body(message.approval),
        card: card_body(message.card),
        user_email: normal_address(message.recipient),
        slots: slots(message.approval, message.action_token),
    };
    sign(post(tenant, &listener_path(listener_id), &body), secret)
}

/// Many approvals through the Events API. The slots hold a list, `approvals`, with the slots of each.
pub fn event_digest(tenant: &Tenant<'_>, event_id: &str, digest: &Digest<'_>) -> HttpRequest {
    let text = digest.card.to_moveworks();
    let body = EventBody {
        message: &truncate(&text, MESSAGE_MAX),
        recipients: [normal_address(digest.recipient)],
        context: Some(Context { slots: digest_slots(digest) }),
    };
    post(tenant, &event_path(event_id), &body)
}

/// Many approvals through a listener, as event `approval.digest`.
pub fn listener_digest(
    tenant: &Tenant<'_>,
    listener_id: &str,
    secret: Option<&str>,
    digest: &Digest<'_>,
) -> HttpRequest {
    let body = DigestBody {
        event_id: digest.event_id,
        event: "approval.digest",
        approvals: digest.approvals.iter().map(|(approval, _)| approval_body(approval)).collect(),
        card: card_body(digest.card),
        user_email: normal_address(digest.recipient),
        slots: digest_slots(digest),
    };
    sign(post(tenant, &listener_path(listener_id), &body), secret)
}

/// A notice that belongs to no approval, through the Events API. `markup` is in Moveworks' markup already.
pub fn event_notice<C: Serialize>(
    tenant: &Tenant<'_>,
    event_id: &str,
    markup: &str,
    recipient: &str,
    slots: Option<C>,
) -> HttpRequest {
    let body = EventBody {
        message: &truncate(markup, MESSAGE_MAX),
        recipients: [normal_address(recipient)],
        context: slots.map(|slots| Context { slots }),
    };
    post(tenant, &event_path(event_id), &body)
}

/// A notice that belongs to no approval, through a webhook listener.
pub fn listener_notice<C: Serialize>(
    tenant: &Tenant<'_>,
    listener: (&str, Option<&str>),
    event_id: &str,
    text: &str,
    recipient: &str,
    slots: Option<C>,
) -> HttpRequest {
    let body = NoticeBody {
        event_id,
        event: "notification",
        text,
        user_email: normal_address(recipient),
        context: slots.map(|slots| Context { slots }),
    };
    sign(post(tenant, &listener_path(listener.0), &body), listener.1)
}

/// The self test of a credential: 200 where it is good.
pub fn auth_test(tenant: &Tenant<'_>) -> HttpRequest {
    let url = format!("{}/rest/v1/auth/test", tenant.base_url.trim_end_matches('/'));
    HttpRequest::new(Method::Get, url).header("authorization", format!("Bearer {}", tenant.api_key))
}

fn event_path(event_id: &str) -> String {
    format!("rest/v1/events/{event_id}/messages/send")
}

fn listener_path(listener_id: &str) -> String {
    format!("webhooks/v1/listeners/{listener_id}/notify")
}

fn digest_slots<'a>(digest: &'a Digest<'_>) -> DigestSlots<'a> {
    let slots = digest.approvals.iter().map(|(approval, token)| slots(approval, token.as_deref()));
    DigestSlots { approvals: slots.collect() }
}

fn approval_body(approval: &Approval) -> ApprovalBody<'_> {
    ApprovalBody {
        id: approval.id.to_string(),
        source: approval.id.source().name(),
        status: approval.status.name(),
        ticket_type: approval.ticket.kind.label(),
        ticket_id: &approval.ticket.id,
        ticket_number: &approval.ticket.number,
        title: approval.ticket.title.as_deref(),
        level: approval.level,
        requester: approval.ticket.requester.as_ref().and_then(|person| person.label()),
        approver: approval.approver.as_ref().and_then(|person| person.label()),
        sent_at: approval.sent_at,
        link: approval.ticket.link.as_deref(),
    }
}

fn card_body(card: &Card) -> CardBody<'_> {
    CardBody { title: &card.title, fields: &card.fields, text: card.to_markdown(), actions: &card.actions }
}

fn slots<'a>(approval: &'a Approval, action_token: Option<&'a str>) -> Slots<'a> {
    let id = &approval.id;
    Slots {
        approval_id: id.to_string(),
        request_id: &approval.ticket.id,
        level_id: id.level_id(),
        ticket_type: approval.ticket.kind.label(),
        source: id.source().name(),
        action_token,
    }
}

fn post(tenant: &Tenant<'_>, path: &str, body: &impl Serialize) -> HttpRequest {
    // Strings, numbers and options only: writing them cannot fail.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let url = format!("{}/{path}", tenant.base_url.trim_end_matches('/'));
    HttpRequest::new(Method::Post, url)
        .header("authorization", format!("Bearer {}", tenant.api_key))
        .with_body("application/json", bytes)
}

fn sign(request: HttpRequest, secret: Option<&str>) -> HttpRequest {
    match secret {
        Some(secret) => {
            let signature = hmac_sha256_hex(secret.as_bytes(), &request.body);
            request.header(SIGNATURE_HEADER, signature)
        }
        None => request,
    }
}

#[cfg(test)]
mod tests;
