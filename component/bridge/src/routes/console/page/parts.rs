//! What several parts of the page have in common: times, people, tables, forms.

use approval_logic::approval::{Millis, Person};
use approval_logic::text::{clean_line, truncate};
use maud::{Markup, html};

use crate::report::iso_text;

/// The longest text from elsewhere in a row, in characters.
const LINE_MAX: usize = 160;

/// Text from elsewhere, on one line and without hidden characters.
pub(super) fn line(text: &str) -> String {
    truncate(&clean_line(text), LINE_MAX).into_owned()
}

/// So many of something.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How long ago a time was, in words.
pub(super) fn ago(now: Millis, at: Millis) -> String {
    if now.saturating_sub(at) < 60_000 { "just now".to_owned() } else { format!("{} ago", span(now, at)) }
}

/// How long ago a time was, in the largest whole unit.
pub(super) fn span(now: Millis, at: Millis) -> String {
    let minutes = usize::try_from(now.saturating_sub(at) / 60_000).unwrap_or(0);
    match minutes {
        0 => "under a minute".to_owned(),
        1..60 => count(minutes, "minute", "minutes"),
        60..2_880 => count(minutes / 60, "hour", "hours"),
        _ => count(minutes / 1_440, "day", "days"),
    }
}

/// A time to the minute.
pub(super) fn stamp(at: Millis) -> Markup {
    let iso = iso_text(at);
    let shown = iso.get(..16).unwrap_or_default().replace('T', " ");
    html! { time datetime=(iso) { (shown) } }
}

/// A time, and how long ago that was.
pub(super) fn when(at: Millis, now: Millis) -> Markup {
    html! { (stamp(at)) " " span.soft.whole { (ago(now, at)) } }
}

/// A person, by name and address.
pub(super) fn person(person: Option<&Person>) -> Markup {
    let text = |text: Option<&String>| text.map(|text| line(text)).filter(|text| !text.is_empty());
    let name = text(person.and_then(|person| person.name.as_ref()));
    let email = text(person.and_then(|person| person.email.as_ref()));
    html! {
        @match (name, email) {
            (Some(name), Some(email)) => { (name) " " span.soft.whole { (email) } }
            (Some(one), None) | (None, Some(one)) => (one),
            (None, None) => span.soft { "nobody" }
        }
    }
}

/// A form that changes something, with the token of its session.
pub(super) fn form(action: &str, token: &str, content: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="form" value=(token);
            (content)
        }
    }
}

/// A table. On a narrow screen its rows become cards; the roles keep it a table for those who do not see it.
pub(super) fn table(caption: &str, heads: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for head in heads { th role="columnheader" scope="col" { (head) } } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (at, (cell, head)) in row.iter().zip(heads).enumerate() {
                            @if at == 0 {
                                th role="rowheader" scope="row" { (cell) }
                            } @else {
                                td role="cell" data-label=(head) { div { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
