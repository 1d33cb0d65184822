//! `GET /approvals` and `GET /approvals/{id}`: the ledger, without a call to a vendor.

use approval_logic::approval::{Approval, ApprovalId, Person};
use approval_logic::card::{Card, CardKind, render};
use approval_logic::diff::{Entry, Said};
use axum::Json;
use axum::extract::{Path, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::body::Query;
use super::error::ApiError;
use crate::host::Host;
use crate::report::iso_text;
use crate::shell::Filter;

/// How many rows a page has unless asked, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    approver: Option<String>,
    source: Option<String>,
    status: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One approval, as callers see it.
#[derive(Serialize)]
pub(super) struct View {
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
            source: crate::store::progress::module_name(id.kind),
            ticket_type: id.kind.label(),
            ticket_id: ticket.id,
            ticket_number: ticket.number,
            title: ticket.title,
            requester: ticket.requester,
            priority: ticket.priority,
            link: ticket.link,
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
        }
    }
}

#[derive(Serialize)]
pub(super) struct List {
    approvals: Vec<View>,
    cursor: Option<String>,
}

pub(super) async fn list<H: Host>(
    State(shell): State<Shared<H>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<List>, ApiError> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit: expected 1 to {LIMIT_MAX}")));
    }
    let cursor = query.cursor.as_deref().map(decode).transpose()?;
    let filter = Filter { approver: query.approver, source: query.source, status: query.status, limit, cursor };
    let page = shell.approvals(&filter).await?;
    let approvals = page.entries.into_iter().map(View::from).collect();
    Ok(Json(List { approvals, cursor: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)) }))
}

fn decode(cursor: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| text.starts_with("sdp:"))
        .ok_or_else(|| ApiError::bad_request("cursor: expected the cursor of a former page"))
}

#[derive(Serialize)]
pub(super) struct One {
    #[serde(flatten)]
    approval: View,
    description: Option<String>,
    card: CardView,
}

/// The card, and as Moveworks shows it.
#[derive(Serialize)]
pub(super) struct CardView {
    #[serde(flatten)]
    card: Card,
    text: String,
    moveworks: String,
}

pub(super) async fn one<H: Host>(
    State(shell): State<Shared<H>>,
    Path(id): Path<String>,
) -> Result<Json<One>, ApiError> {
    let unknown = || ApiError::not_found("no such approval is known");
    let id: ApprovalId = id.parse().map_err(|_| unknown())?;
    let entry = shell.approval(&id).await?.ok_or_else(unknown)?;
    let settings = shell.settings().await?;
    let kind = if entry.is_open() {
        CardKind::Pending
    } else {
        let by = entry.approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned);
        CardKind::Closed { outcome: entry.approval.status.clone(), by }
    };
    let card = render(&entry.approval, &kind, &settings.style);
    let (text, moveworks) = (card.to_text(), card.to_moveworks());
    let description = entry.approval.ticket.description.clone();
    Ok(Json(One { description, approval: entry.into(), card: CardView { card, text, moveworks } }))
}
