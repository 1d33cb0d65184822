//! What waits, for whom, since when.

use approval_logic::approval::Millis;
use approval_logic::diff::{Entry, Said};
use maud::{Markup, html};

use super::super::HOME;
use super::super::view::View;
use super::super::waiting::{Place, since};
use super::parts::{ago, count, line, person, table, when};

/// The list.
pub(super) fn section(view: &View) -> Markup {
    let waiting = &view.waiting;
    if waiting.total == 0 {
        return html! { p.empty { "Nothing waits for anybody." } };
    }
    let rows: Vec<Vec<Markup>> = waiting.rows.iter().map(|entry| row(entry, view.now)).collect();
    let caption = if waiting.place.newest { "Approvals, the latest first" } else { "Approvals, the oldest first" };
    html! {
        p.tools {
            (count(waiting.total, "approval", "approvals")) ". "
            (order("Oldest first", false, waiting.place.newest))
            " " (order("Newest first", true, waiting.place.newest))
        }
        (table(caption, &["Ticket", "Approver", "Asked", "Card"], &rows))
        nav.pages aria-label="Pages of the list" {
            @if waiting.place.after.is_some() {
                a href=(address(&Place { after: None, ..waiting.place.clone() })) { "First page" }
            }
            @if let Some(next) = &waiting.next {
                a href=(address(next)) rel="next" { "Next page" }
            }
        }
    }
}

fn address(place: &Place) -> String {
    format!("{HOME}?{}#waiting", place.query())
}

fn order(name: &str, newest: bool, now: bool) -> Markup {
    let place = Place { newest, after: None };
    html! {
        @if newest == now { span.chosen aria-current="true" { (name) } }
        @else { a href=(address(&place)) { (name) } }
    }
}

fn row(entry: &Entry, now: Millis) -> Vec<Markup> {
    let approval = &entry.approval;
    let ticket = &approval.ticket;
    let number = format!("{} {}", ticket.kind.label(), line(&ticket.number));
    vec![
        html! {
            a href=(format!("{HOME}?approval={}", approval.id)) { (number) }
            " " span.soft.whole { (approval.id.ticket_ref().module()) }
            @if let Some(title) = &ticket.title { span.title { (line(title)) } }
        },
        html! { (person(approval.approver.as_ref())) },
        when(since(entry), now),
        said(entry, now),
    ]
}

/// What its approver has been told.
pub(super) fn said(entry: &Entry, now: Millis) -> Markup {
    html! {
        @match (&entry.said, entry.told_at) {
            (Said::Announced, Some(at)) => {
                span.mark.good { "sent" } " " span.soft.whole { (ago(now, at)) }
                @if entry.reminders > 0 {
                    " " span.soft.whole { (count(entry.reminders.try_into().unwrap_or(0), "reminder", "reminders")) }
                }
            }
            (Said::Announced, None) => span.mark.warn { "not taken yet" },
            (Said::Baselined, _) => { span.mark { "not announced" } " " span.soft { "too old, or there before the bridge" } }
            (Said::Silenced, _) => { span.mark { "not announced" } " " span.soft { "silent approver" } }
            (Said::Parked(why), _) => { span.mark.bad { "cannot be told" } " " span.soft { (line(why)) } }
            (Said::Closed, _) => span.mark { "closed" }
        }
    }
}
