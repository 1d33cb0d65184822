//! The last sweeps, and their errors in words.

use maud::{Markup, html};

use super::super::advice::advice;
use super::super::view::View;
use super::health::name;
use super::parts::{count, line, stamp, table, when};
use crate::report::Problem;
use crate::store::sweeps::{Part, Sweep};

/// The list, and below it what went wrong.
pub(super) fn section(view: &View) -> Markup {
    if view.sweeps.is_empty() {
        return html! { p.empty { "No sweep has run yet." } };
    }
    let rows: Vec<Vec<Markup>> = view
        .sweeps
        .iter()
        .map(|sweep| {
            let sum = |of: fn(&Part) -> u32| html! { (sweep.parts.iter().map(of).sum::<u32>()) };
            vec![
                when(sweep.started_at, view.now),
                outcome(sweep),
                html! { (sweep.took / 1000) "." (sweep.took % 1000 / 100) " s" },
                html! { (sweep.calls()) },
                sum(|part| part.tickets),
                sum(|part| part.new),
                html! { (sweep.sent) },
                sum(|part| part.closed),
            ]
        })
        .collect();
    let heads = ["Began", "Outcome", "Took", "Calls", "Tickets", "New", "Messages sent", "Closed"];
    html! {
        (table("The last sweeps", &heads, &rows))
        @for (at, sweep) in view.sweeps.iter().enumerate().filter(|(_, sweep)| sweep.failures() > 0) {
            details open[at == 0] {
                summary { (count(sweep.failures(), "error", "errors")) " in the sweep of " (stamp(sweep.started_at)) }
                @for part in &sweep.parts { (errors(part)) }
            }
        }
    }
}

fn outcome(sweep: &Sweep) -> Markup {
    html! {
        @if sweep.failures() > 0 { span.mark.bad { (count(sweep.failures(), "error", "errors")) } }
        @else if !sweep.complete { span.mark.warn { "not complete" } }
        @else { span.mark.good { "all well" } }
    }
}

/// The errors of one source: what each code means and what to do, and what was said each time.
fn errors(part: &Part) -> Markup {
    let mut codes: Vec<(&str, Vec<&Problem>)> = Vec::new();
    for problem in &part.errors {
        match codes.iter_mut().find(|(code, _)| *code == problem.code) {
            Some((_, problems)) => problems.push(problem),
            None => codes.push((&problem.code, vec![problem])),
        }
    }
    html! {
        @for (code, problems) in codes {
            @let (meaning, cure) = advice(code);
            div.error {
                h3 { (name(&part.name)) ": " code { (line(code)) } }
                p { (meaning) " " strong { "What to do: " } (cure) }
                ul {
                    @for problem in problems {
                        li {
                            @if let Some(ticket) = &problem.ticket { "Ticket " (line(ticket)) ": " }
                            (problem.message)
                        }
                    }
                }
            }
        }
        @if part.left_off > 0 {
            p.soft { (name(&part.name)) ": " (count(part.left_off, "more error is", "more errors are")) " not listed." }
        }
    }
}
