//! `GET /approvals` and `GET /approvals/{id}`: the ledger, without a call to a vendor.

use approval_logic::approval::{Approval, ApprovalId, Person};
use approval_logic::card::{Action, Card, CardKind, CardStyle, Field as Line, render};
use approval_logic::diff::{Entry, Said};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Serialize;

use super::Shared;
use super::call::{Call, Reply, json as reply};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;
use crate::report::iso_text;
use crate::shell::Filter;
use crate::store::ledger::is_key;

/// How many rows a page has unless asked, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: u64 = 500;

/// One approval, as callers see it.
#[derive(Serialize)]
struct View {
    id: ApprovalId,
    source: String,
    ticket_type: &'static str,
    ticket_id: String,
    ticket_number: String,
    title: Option<String>,
    requester: Option<Person>,
    priority: Option<String>,
    link: Option<String>,
    level: Option<u32>,
    approver: Option<Person>,
    original_approver: Option<Person>,
    status: String,
    /// What was said about it: announced, baselined, silenced, parked or closed.
    said: &'static str,
    /// Why it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    round: u32,
    reminders: u32,
    sent_at: Option<String>,
    first_seen: String,
    announced_at: Option<String>,
    closed_at: Option<String>,
    decided_by: Option<Person>,
    /// The outer one is none in lists, which leave the description out.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<CardView>,
}

/// The card, in its parts, as text, and as Moveworks shows it.
#[derive(Serialize)]
struct CardView {
    title: String,
    fields: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    text: String,
    moveworks: String,
}

impl From<Entry> for View {
    fn from(entry: Entry) -> Self {
        let (said, reason) = match entry.said {
            Said::Announced => ("announced", None),
            Said::Baselined => ("baselined", None),
            Said::Silenced => ("silenced", None),
            Said::Parked(why) => ("parked", Some(why)),
            Said::Closed => ("closed", None),
        };
        let Approval { id, ticket, level, approver, original_approver, status, sent_at, decided_by, .. } =
            entry.approval;
        Self {
            source: id.ticket_ref().module(),
            ticket_type: ticket.kind.label(),
            ticket_id: ticket.id.clone(),
            ticket_number: ticket.number.clone(),
            title: ticket.title.clone(),
            requester: ticket.requester.clone(),
            priority: ticket.priority.clone(),
            link: ticket.link.clone(),
            status: status.name().to_owned(),
            round: entry.round,
            reminders: entry.reminders,
            sent_at: sent_at.map(iso_text),
            first_seen: iso_text(entry.first_seen),
            announced_at: entry.announced_at.map(iso_text),
            closed_at: entry.closed_at.map(iso_text),
            id,
            level,
            approver,
            original_approver,
            said,
            reason,
            decided_by,
            description: None,
            card: None,
        }
    }
}

#[derive(Serialize)]
struct List {
    approvals: Vec<View>,
    cursor: Option<String>,
}

/// Which approvals to list.
pub(super) const LIST: &[Field] = &[
    Field::optional("approver", Shape::Text, "Only those of this e-mail address"),
    Field::optional(
        "source",
        Shape::Text,
        "Only those of this source or part of it: `sdp`, `sdp/changes`, `zendesk` …",
    ),
    Field::optional("status", Shape::Text, "Only those with this status; those that are open unless given"),
    Field::optional("limit", Shape::Number(1, LIMIT_MAX), "At most so many; 100 unless given"),
    Field::optional("cursor", Shape::Text, "The `cursor` of the page before"),
];

pub(super) async fn list<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let mut query = call.query(LIST)?;
    let limit = query.take_number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT);
    let filter = Filter {
        approver: query.take_text("approver"),
        source: query.take_text("source"),
        status: query.take_text("status"),
        limit,
        cursor: query.take_text("cursor").as_deref().map(decode).transpose()?,
    };
    let page = shell.approvals(&filter).await?;
    let approvals = page.entries.into_iter().map(View::from).collect();
    let cursor = page.next.map(|next| URL_SAFE_NO_PAD.encode(next));
    Ok(reply(StatusCode::OK, &List { approvals, cursor }))
}

fn decode(cursor: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| is_key(text))
        .ok_or_else(|| ApiError::bad_request("cursor: expected the cursor of a former page"))
}

pub(super) async fn one<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let unknown = || ApiError::not_found("no such approval is known");
    let id: ApprovalId = call.path(0).parse().map_err(|_| unknown())?;
    let entry = shell.approval(&id).await?.ok_or_else(unknown)?;
    let settings = shell.settings().await?;
    let card = card(&entry, &settings.style);
    let (text, moveworks) = (card.to_text(), card.to_moveworks());
    let Card { title, fields, note, actions, link } = card;
    let card = CardView { title, fields, note, actions, link, text, moveworks };
    let description = entry.approval.ticket.description.clone();
    Ok(reply(StatusCode::OK, &View { description: Some(description), card: Some(card), ..entry.into() }))
}

/// The card of an approval as its approver sees it now.
pub(super) fn card(entry: &Entry, style: &CardStyle) -> Card {
    let kind = if entry.is_open() {
        CardKind::Pending
    } else {
        let by = entry.approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned);
        CardKind::Closed { outcome: entry.approval.status.clone(), by }
    };
    render(&entry.approval, &kind, style)
}
