//! The pages, as text: what they show goes in, HTML comes out. Whatever is written here is escaped by the macro; markup
//! of its own comes from the card alone, which has escaped it.

mod health;
mod messages;
mod parts;
mod settings;
mod style;
mod sweeps;
mod waiting;

use approval_logic::approval::Millis;
use approval_logic::card::{self, Card};
use approval_logic::diff::Entry;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::view::{Done, View};
use super::{HOME, POLL, SIGN_IN, SIGN_OUT};
use parts::{ago, count, form, line, person, span, stamp, when};

/// The styles that pages may have, as the content security policy names them: their own, and that of cards.
pub(super) const STYLE_HASHES: [&str; 2] = [style::STYLE_HASH, card::STYLE_HASH];

/// What all pages have round them.
fn page(title: &str, head: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) " – approval-bridge" }
                style { (PreEscaped(style::STYLE)) }
                style { (PreEscaped(card::STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    div.bar {
                        a.brand href=(HOME) { "approval-bridge" }
                        (head)
                    }
                }
                main #main tabindex="-1" { (main) }
                footer.foot { "approval-bridge " (env!("CARGO_PKG_VERSION")) ". All times are UTC." }
            }
        }
    }
}

fn sign_out(form_token: Option<&str>) -> Markup {
    html! {
        @if let Some(token) = form_token {
            (form(SIGN_OUT, token, &html! { button.quiet { "Sign out" } }))
        }
    }
}

/// Where somebody signs in. `why`: what was wrong with their last try.
pub(super) fn sign_in(why: Option<&str>) -> Markup {
    let main = html! {
        div.narrow {
            h1 { "Sign in" }
            @if let Some(why) = why {
                p.notice.bad role="alert" { (why) }
            }
            form.box method="post" action=(SIGN_IN) {
                label for="token" { "API token" }
                p.soft #hint { "The " code { "api_token" } " of this bridge. A session lasts 30 minutes." }
                input #token type="password" name="token" required autocomplete="current-password" aria-describedby="hint";
                button.main { "Sign in" }
            }
        }
    };
    page("Sign in", &html! {}, &main)
}

/// What could not be shown or done, and why.
pub(super) fn failure(title: &str, why: &str) -> Markup {
    let main = html! {
        div.narrow {
            h1 { (title) }
            p.notice.bad role="alert" { (why) }
            p { a href=(HOME) { "Back to the console" } }
        }
    };
    page(title, &html! {}, &main)
}

/// The card of one approval, as its approver sees it.
pub(super) fn card(entry: &Entry, card: &Card, now: Millis, form_token: Option<&str>) -> Markup {
    let approval = &entry.approval;
    let ticket = format!("{} {}", approval.ticket.kind.label(), line(&approval.ticket.number));
    let main = html! {
        p { a href=(HOME) { "← All that waits" } }
        h1 { (ticket) }
        dl.facts {
            dt { "Approver" } dd { (person(approval.approver.as_ref())) }
            dt { "Status" } dd { (line(approval.status.name())) }
            dt { "Card" } dd { (waiting::said(entry, now)) }
            dt { "Asked" } dd { (when(super::waiting::since(entry), now)) }
            dt { "Id" } dd { code { (approval.id.to_string()) } }
        }
        h2 { "What the approver sees" }
        (PreEscaped(card.to_article()))
        p.soft.center { "The buttons work in the chat only." }
    };
    page(&ticket, &sign_out(form_token), &main)
}

/// The console.
pub(super) fn console(view: &View) -> Markup {
    let token = view.form_token.as_deref();
    let head = html! {
        nav aria-label="Sections" {
            @for (id, name) in SECTIONS { a href=(format!("#{id}")) { (name) } }
        }
        (sign_out(token))
    };
    let main = html! {
        h1 { "Console" }
        (said(view))
        (overview(view))
        (section("waiting", &waiting::section(view)))
        (section("messages", &messages::section(view)))
        (section("systems", &health::section(view)))
        (section("sweeps", &sweeps::section(view)))
        (section("settings", &settings::section(view)))
        p.soft { "Made at " (stamp(view.now)) ". " a href=(HOME) { "Look again" } }
    };
    page("Console", &head, &main)
}

/// The parts of the page, by their ids.
const SECTIONS: [(&str, &str); 5] = [
    ("waiting", "Waiting"),
    ("messages", "Messages"),
    ("systems", "Systems"),
    ("sweeps", "Sweeps"),
    ("settings", "Settings"),
];

fn section(id: &str, content: &Markup) -> Markup {
    let name = SECTIONS.iter().find(|(own, _)| *own == id).map_or(id, |(_, name)| name);
    html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (name) }
            (content)
        }
    }
}

/// What was just done, and what keeps sweeps from running.
fn said(view: &View) -> Markup {
    html! {
        @if let Some(done) = view.done {
            p.notice.good role="status" {
                (match done {
                    Done::Swept => "The sweep is done.",
                    Done::Retried => "The message waits again; the next sweep sends it.",
                    Done::RetriedUnnoted => {
                        "The message waits again; the next sweep sends it. This could not be written into the audit trail."
                    }
                })
            }
        }
        @if !view.problems.is_empty() {
            div.notice.bad role="alert" {
                p { strong { "No sweep can run: the settings are not complete." } }
                ul { @for problem in &view.problems { li { (problem) } } }
            }
        }
    }
}

/// The few numbers that matter most.
fn overview(view: &View) -> Markup {
    let last = view.sweeps.first();
    let failures = last.map_or(0, |sweep| sweep.failures());
    let sweep = match last {
        None => html! { "none yet" },
        Some(_) if failures > 0 => html! { span.mark.bad { (count(failures, "error", "errors")) } },
        Some(sweep) if !sweep.complete => html! { span.mark.warn { "not everything was looked at" } },
        Some(_) => html! { span.mark.good { "all well" } },
    };
    html! {
        div.tiles {
            div.tile {
                p.label { "Approvals waiting" }
                p.number { (view.waiting.total) }
                p.soft {
                    @match view.waiting.longest {
                        Some(since) => { "the longest for " (span(view.now, since)) }
                        None => "nobody is asked for anything"
                    }
                }
            }
            div.tile {
                p.label { "Messages" }
                p.number { (view.queue.total) " waiting" }
                p.soft {
                    @if view.dead.total > 0 {
                        a href="#messages" { span.mark.bad { (view.dead.total) " given up" } }
                    } @else { "none given up" }
                }
            }
            div.tile {
                p.label { "Last sweep" }
                p.number { @match last { Some(sweep) => (ago(view.now, sweep.started_at)), None => "–" } }
                p.soft { (sweep) }
            }
            div.tile.action {
                p.label { "Look around now" }
                @if let Some(token) = view.form_token.as_deref() {
                    (form(POLL, token, &html! { button.main { "Sweep now" } }))
                    p.soft { "Takes up to a minute." }
                } @else {
                    p.soft { "Sign in with a browser to sweep or to retry messages." }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
