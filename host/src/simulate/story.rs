//! What came of a simulation, for people.

use std::fmt::Write;

use console::Style;

use super::promise::Promise;
use super::run::Outcome;

/// Breaches that are shown; the others are counted.
const SHOWN: usize = 20;

/// The outcome as text, with colours for a terminal.
pub fn story(outcome: &Outcome, colours: bool) -> String {
    let style = |style: Style| style.force_styling(colours);
    let (good, bad, dim) = (style(Style::new().green()), style(Style::new().red().bold()), style(Style::new().dim()));
    let mut text = String::new();
    let Outcome { done, went, said, .. } = outcome;
    let mut item = |name: &str, what: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14}{what}");
    };
    item(
        "Simulated",
        format!(
            "{} in {:.1} s: {} sweeps, {} host calls",
            many(outcome.days, "day"),
            outcome.took.as_secs_f64(),
            outcome.sweeps,
            outcome.calls
        ),
    );
    item(
        "People",
        format!(
            "{} made; {} decided in chat, {} elsewhere; {}; {} refused",
            many(done.tickets, "ticket"),
            done.in_chat,
            done.elsewhere,
            many(done.other, "other change"),
            many(done.refused, "press").replace("presss", "presses"),
        ),
    );
    item(
        "Told",
        format!(
            "{} askings, {}, {}, {}; a card came after {} on average, {} at most",
            said.asked,
            many(said.cards, "card"),
            many(said.reminders, "reminder"),
            many(said.repeats, "repeat"),
            time(said.waited_ms / i64::try_from(said.announced.max(1)).unwrap_or(1)),
            time(said.slowest_ms),
        ),
    );
    if went != &super::trouble::Went::default() {
        item(
            "Trouble",
            format!(
                "{} of the process, {} at the host, {} at vendors, the clock changed {}; {} without a report, {} retried",
                many(outcome.restarts, "end"),
                many(went.failed, "failure"),
                many(went.faults, "fault"),
                many(went.clock, "time"),
                many(outcome.failed_sweeps, "sweep"),
                many(outcome.retried, "dead letter"),
            ),
        );
    }
    item("Journal", format!("{} lines, sha256 {}", outcome.lines, outcome.hash));
    let _ = writeln!(text, "\nChecked {}, and at every message:", many(outcome.checks, "time"));
    for promise in Promise::ALL {
        let broken = outcome.breaches.iter().filter(|breach| breach.promise == promise).count();
        let _ = match broken {
            0 => writeln!(text, " {} {}", good.apply_to("✓"), promise.words()),
            _ => writeln!(text, " {} {}", bad.apply_to("✗"), promise.words()),
        };
    }
    if !outcome.breaches.is_empty() {
        text.push('\n');
        for breach in outcome.breaches.iter().take(SHOWN) {
            let _ = writeln!(text, "{} {breach}", bad.apply_to("broken:"));
        }
        if outcome.breaches.len() > SHOWN {
            let _ = writeln!(text, "and {} more", outcome.breaches.len() - SHOWN);
        }
        let _ = writeln!(text, "{} {}", dim.apply_to("again with:"), outcome.command);
    }
    text
}

fn many(number: u64, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// Milliseconds as people say them.
fn time(ms: i64) -> String {
    match ms / 1000 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
