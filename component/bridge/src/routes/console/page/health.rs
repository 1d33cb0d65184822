//! How the systems are that the bridge calls.

use maud::{Markup, html};

use super::super::advice::advice;
use super::super::health::{Health, State};
use super::super::view::View;
use super::parts::{count, stamp, table, when};

/// The list.
pub(super) fn section(view: &View) -> Markup {
    if view.health.is_empty() {
        return html! { p.empty { "No sweep has run yet, so nothing is known." } };
    }
    let rows: Vec<Vec<Markup>> = view
        .health
        .iter()
        .map(|health| {
            vec![
                html! { (name(&health.name)) },
                state(health),
                html! { @match health.well_at { Some(at) => (when(at, view.now)), None => "not in the last sweeps" } },
                html! {
                    @if health.troubled == 0 { "none" }
                    @else { (health.troubled) " of the last " (count(view.sweeps.len(), "sweep", "sweeps")) }
                },
            ]
        })
        .collect();
    table("Systems that the bridge calls", &["System", "State", "Last well", "Trouble in"], &rows)
}

/// What a part of a report is called.
pub(super) fn name(part: &str) -> String {
    let (source, module) = part.split_once('/').unwrap_or((part, ""));
    let source = match source {
        "sdp" => "ServiceDesk Plus",
        "zendesk" => "Zendesk",
        "managed" => "Requests kept here",
        "moveworks" => "Moveworks",
        "audit" => "Audit trail",
        other => other,
    };
    if module.is_empty() { source.to_owned() } else { format!("{source} {module}") }
}

fn state(health: &Health) -> Markup {
    let (look, word) = match health.state {
        State::Well => ("mark good", "well"),
        State::Partly => ("mark warn", "in part"),
        State::Resting(_) => ("mark warn", "resting"),
        State::Failing => ("mark bad", "failing"),
        State::Down => ("mark bad", "down"),
    };
    html! {
        span class=(look) { (word) }
        @if let State::Resting(until) = health.state { " " span.soft { "asked to be left alone until " (stamp(until)) } }
        @if let Some(code) = health.codes.first() { " " span.soft { (advice(code).0) } }
    }
}
