//! Messages on their way, and those that were given up.

use approval_logic::approval::Millis;
use maud::{Markup, html};

use super::super::view::{Messages, View};
use super::super::{HOME, RETRY};
use super::parts::{form, line, stamp, table, when};
use crate::store::outbox::{Content, Record};

/// Both lists.
pub(super) fn section(view: &View) -> Markup {
    let token = view.form_token.as_deref();
    let row = |record: &Record| row(record, view.now);
    let dead: Vec<Vec<Markup>> =
        view.dead.rows.iter().map(|record| [row(record), vec![retry(record, token)]].concat()).collect();
    let waiting: Vec<Vec<Markup>> = view.queue.rows.iter().map(row).collect();
    html! {
        @if view.dead.total > 0 {
            h3 { "Given up" }
            p.soft { "Moveworks did not take these. Cure the cause, then retry: the next sweep sends them." }
            (table("Messages that were given up", &["Message", "To", "Planned", "What happened", "Retry"], &dead))
            (more(&view.dead))
        }
        @if view.queue.total > 0 {
            h3 { "Waiting to be sent" }
            (table("Messages that wait", &["Message", "To", "Planned", "What happened"], &waiting))
            (more(&view.queue))
        }
        @if view.dead.total + view.queue.total == 0 {
            p.empty { "No message waits, and none was given up." }
        }
    }
}

fn more(messages: &Messages) -> Markup {
    let more = messages.total.saturating_sub(messages.rows.len());
    html! { @if more > 0 { p.soft { "And " (more) " more." } } }
}

fn row(record: &Record, now: Millis) -> Vec<Markup> {
    let kind = match &record.content {
        Content::Pending(entries) if entries.len() > 1 => "Digest",
        Content::Pending(_) => "Card",
        Content::Reminder(..) => "Reminder",
        Content::Closed(_) => "Closing notice",
        Content::Notice { .. } => "Notice",
    };
    let about = record.content.about();
    vec![
        html! {
            (kind)
            @if let Some(first) = about.first() {
                ": " a href=(format!("{HOME}?approval={}", first.approval.id)) {
                    (first.approval.ticket.kind.label()) " " (line(&first.approval.ticket.number))
                }
                @if about.len() > 1 { " and " (about.len() - 1) " more" }
            }
        },
        html! { (line(&record.recipient)) },
        when(record.planned_at, now),
        html! {
            @if let Some(error) = &record.last_error { (line(error)) }
            @else if record.attempts == 0 { span.soft { "not tried yet" } }
            @if record.not_before > now { " " span.soft { "Next try at " (stamp(record.not_before)) } }
        },
    ]
}

fn retry(record: &Record, token: Option<&str>) -> Markup {
    html! {
        @if let Some(token) = token {
            (form(RETRY, token, &html! {
                input type="hidden" name="id" value=(record.id);
                button aria-label=(format!("Retry the message to {}", line(&record.recipient))) { "Retry" }
            }))
        } @else { span.soft { "sign in to retry" } }
    }
}
