//! An approval as a card: what a person sees, before any door's markup.

mod page;
mod style;
mod write;

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Millis, Person, Source, Status};
use crate::markup::{Link, defuse};
use crate::text::{clean_line, truncate};

pub use page::{STYLE, STYLE_HASH};
pub use style::{CardStyle, DEFAULT_TITLE, FieldKind};
pub use write::CARD_MAX;

/// What a card shows where the source has nothing.
pub const NOT_SET: &str = "not set";

/// Titles and notes longer than this say nothing more; the bound leaves room for the fields.
const LINE_MAX: usize = 120;

/// The keys of buttons. Only a request that the bridge keeps can be asked back about.
pub const ACTIONS: [&str; 3] = ["approve", "reject", "feedback"];

/// How many tickets a digest lists; the others are counted. All of them are in the slots.
pub const DIGEST_LINES: usize = 40;

/// What a card is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// A first announcement.
    Pending,
    /// A reminder.
    Reminder {
        /// Which one, from 1.
        number: u32,
    },
    /// Nobody has to answer any more.
    Closed {
        /// How it ended.
        outcome: Status,
        /// Who ended it, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

/// One labelled line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The label, such as `Ticket #`.
    pub label: String,
    /// The value: one line, cleaned, cut and defused, but not escaped; [`NOT_SET`] where the source has none.
    pub value: String,
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// A stable key, one of [`ACTIONS`].
    pub key: &'static str,
    /// What the button says.
    pub label: String,
}

/// A card. Its parts are text; the `to_…` functions make them safe for one door each, whatever is in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The title.
    pub title: String,
    /// The lines, in order.
    pub fields: Vec<Field>,
    /// A sentence below the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The buttons; none on a closing card.
    pub actions: Vec<Action>,
    /// Where to look at the ticket; only an address that [`Link::parse`] accepts is ever written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The card of an approval.
pub fn render(approval: &Approval, kind: &CardKind, style: &CardStyle) -> Card {
    let open = !matches!(kind, CardKind::Closed { .. });
    // Without it a delegate wonders why the card came to them.
    let passed_on = open && approval.original_approver.is_some() && !style.fields.contains(&FieldKind::OnBehalfOf);
    let first = |at: usize, field: FieldKind| style.fields.iter().position(|own| *own == field) == Some(at);
    let mut fields = Vec::with_capacity(style.fields.len().saturating_add(1));
    let field = |field: FieldKind| Field {
        label: field.label().to_owned(),
        value: value(field, approval, style).unwrap_or_else(|| NOT_SET.to_owned()),
    };
    fields.extend(style.fields.iter().enumerate().filter(|(at, own)| first(*at, **own)).map(|(_, own)| field(*own)));
    fields.extend(passed_on.then(|| field(FieldKind::OnBehalfOf)));
    let details = approval.details.iter().filter_map(|detail| {
        let label = line(&detail.label, style.max_value)?;
        Some(Field { label, value: line(&detail.value, style.max_description)? })
    });
    fields.extend(details);
    Card {
        title: truncate(&title(kind, style), LINE_MAX).into_owned(),
        fields,
        note: note(kind, approval, !style.fields.contains(&FieldKind::Sent)),
        actions: if open { actions(approval.id.source()) } else { Vec::new() },
        link: approval.ticket.link.as_deref().and_then(Link::parse).map(|link| link.as_str().to_owned()),
    }
}

/// Many approvals of one person as one card: a line for each ticket, at most [`DIGEST_LINES`] of them.
///
/// It has no buttons, because it would not be clear which ticket they mean; the note says how to answer.
pub fn digest(approvals: &[&Approval], style: &CardStyle) -> Card {
    let configured = clean_line(&style.title);
    let count = approvals.len();
    let title = if configured.is_empty() || configured == DEFAULT_TITLE {
        format!("🎫 {count} Tickets Pending Your Approval")
    } else {
        format!("{} ({count})", truncate(&configured, LINE_MAX - 10))
    };
    let field = |approval: &&Approval| {
        let number = value(FieldKind::Number, approval, style).unwrap_or_else(|| NOT_SET.to_owned());
        let title = approval.ticket.title.as_deref().and_then(|text| line(text, LINE_MAX));
        let requester = value(FieldKind::Requester, approval, style).map(|name| format!("from {name}"));
        let facts: Vec<String> = [title, requester].into_iter().flatten().collect();
        Field {
            label: format!("{} {number}", approval.ticket.kind.label()),
            value: if facts.is_empty() { NOT_SET.to_owned() } else { facts.join(", ") },
        }
    };
    let more = count.saturating_sub(DIGEST_LINES);
    let more = if more > 0 { format!("And {more} more. ") } else { String::new() };
    Card {
        title,
        fields: approvals.iter().take(DIGEST_LINES).map(field).collect(),
        note: Some(format!("{more}Ask for your approvals to answer them one by one.")),
        actions: Vec::new(),
        link: None,
    }
}

fn actions(source: Source) -> Vec<Action> {
    let labels = ["Approve", "Reject", "Give feedback"];
    let all = ACTIONS.into_iter().zip(labels).map(|(key, label)| Action { key, label: label.to_owned() });
    all.take(if source == Source::Managed { 3 } else { 2 }).collect()
}

fn title<'a>(kind: &CardKind, style: &'a CardStyle) -> Cow<'a, str> {
    let configured = clean_line(&style.title);
    let configured = if configured.is_empty() { Cow::Borrowed(DEFAULT_TITLE) } else { configured };
    match kind {
        CardKind::Pending => configured,
        CardKind::Reminder { number: 0 | 1 } => format!("Reminder: {configured}").into(),
        CardKind::Reminder { number } => format!("Reminder {number}: {configured}").into(),
        CardKind::Closed { outcome, .. } => match outcome {
            Status::Approved => "✅ Already approved",
            Status::Rejected => "❌ Already rejected",
            Status::Delegated => "Passed on to somebody else",
            Status::Withdrawn => "No longer needed",
            Status::Pending | Status::NotSent | Status::AwaitingClarification | Status::Unknown(_) => {
                "No longer waiting for you"
            }
        }
        .into(),
    }
}

fn note(kind: &CardKind, approval: &Approval, tell_sent: bool) -> Option<String> {
    match kind {
        CardKind::Pending => None,
        CardKind::Reminder { .. } => {
            let sent = approval.sent_at.filter(|_| tell_sent).and_then(time)?;
            Some(format!("Waiting since {sent}."))
        }
        CardKind::Closed { outcome, by } => {
            let deed = match outcome {
                Status::Approved => Some("Approved"),
                Status::Rejected => Some("Rejected"),
                Status::Delegated => Some("Passed on"),
                Status::Withdrawn => Some("Withdrawn"),
                Status::Pending | Status::NotSent | Status::AwaitingClarification | Status::Unknown(_) => None,
            };
            let by = by.as_deref().and_then(|name| line(name, LINE_MAX / 2));
            let who = deed.zip(by).map(|(deed, by)| format!("{deed} by {by}. ")).unwrap_or_default();
            Some(format!("{who}Nothing is left for you to do."))
        }
    }
}

fn value(field: FieldKind, approval: &Approval, style: &CardStyle) -> Option<String> {
    let ticket = &approval.ticket;
    let short = |text: &str| line(text, style.max_value);
    match field {
        FieldKind::Type => Some(ticket.kind.label().to_owned()),
        FieldKind::Number => short(&ticket.number).or_else(|| short(&ticket.id)),
        FieldKind::Requester => person(ticket.requester.as_ref(), style),
        FieldKind::Priority => ticket.priority.as_deref().and_then(short),
        FieldKind::Description => ticket.description.as_deref().and_then(|text| line(text, style.max_description)),
        FieldKind::Title => ticket.title.as_deref().and_then(short),
        FieldKind::Level => approval.level.map(|level| level.to_string()),
        FieldKind::Approver => person(approval.approver.as_ref(), style),
        FieldKind::OnBehalfOf => person(approval.original_approver.as_ref(), style),
        FieldKind::Sent => approval.sent_at.and_then(time),
    }
}

/// The name; where that shows nothing, the address.
fn person(person: Option<&Person>, style: &CardStyle) -> Option<String> {
    let person = person?;
    [&person.name, &person.email].into_iter().flatten().find_map(|text| line(text, style.max_value))
}

/// Ticket text as a value: on one line, because a second one could pass for another field. Cut before it is defused, so
/// that the limit counts the ticket's own characters and a cut cannot bring anything back to life.
fn line(text: &str, max: usize) -> Option<String> {
    let text = clean_line(text);
    let kept = truncate(&text, max);
    let shown = defuse(&kept);
    (!shown.is_empty()).then(|| shown.into_owned())
}

/// A time in the one form that reads the same everywhere. A source's own display strings are never used.
fn time(millis: Millis) -> Option<String> {
    let time = DateTime::from_timestamp_millis(millis).filter(|time| (1970..10_000).contains(&time.year()))?;
    let (year, month, day) = (time.year(), time.month(), time.day());
    Some(format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", time.hour(), time.minute()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "card/tests.rs"]
mod tests;
