//! A sweep's report: as JSON for programs, as a table and as one line for people.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use console::Style;
use serde_json::{Map, Value, json};

use crate::bridge::{Problem, Report, SourceReport};

/// Errors that a table lists before it only counts them.
const ERRORS_SHOWN: usize = 20;

/// The report as the HTTP route `/poll` writes it.
pub fn to_json(report: &Report) -> Value {
    let started = DateTime::<Utc>::from_timestamp_millis(report.started_at).unwrap_or_default();
    let sources: Map<String, Value> = report.sources.iter().map(|one| (one.name.clone(), source_json(one))).collect();
    json!({
        "started_at": started.to_rfc3339_opts(SecondsFormat::Millis, true),
        "duration_ms": report.duration_ms,
        "complete": report.complete,
        "dry_run": report.dry_run,
        "sources": sources,
        "outbox": {
            "planned": report.outbox.planned,
            "sent": report.outbox.sent,
            "waiting": report.outbox.waiting,
            "dead": report.outbox.dead,
        },
    })
}

fn source_json(source: &SourceReport) -> Value {
    let problem = |one: &Problem| json!({"ticket": one.ticket, "code": one.code, "message": one.message});
    json!({
        "calls": source.calls,
        "tickets": source.tickets,
        "approvals": source.approvals,
        "pending": source.pending,
        "new": source.new,
        "baselined": source.baselined,
        "notified": source.notified,
        "reminded": source.reminded,
        "closed": source.closed,
        "skipped": source.skipped,
        "errors": source.errors.iter().map(problem).collect::<Vec<_>>(),
    })
}

/// The report in one line, for logs.
pub fn line(report: &Report) -> String {
    let sum = |count: fn(&SourceReport) -> u32| report.sources.iter().map(count).fold(0, u32::saturating_add);
    let errors: usize = report.sources.iter().map(|source| source.errors.len()).sum();
    format!(
        "sweep {} in {} ms: {} calls, {} pending, {} new, {} notified, {} reminded, {} closed, {} errors; outbox: {} sent, \
         {} waiting, {} dead",
        if report.complete { "complete" } else { "not complete" },
        report.duration_ms,
        sum(|source| source.calls),
        sum(|source| source.pending),
        sum(|source| source.new),
        sum(|source| source.notified),
        sum(|source| source.reminded),
        sum(|source| source.closed),
        errors,
        report.outbox.sent,
        report.outbox.waiting,
        report.outbox.dead,
    )
}

type Column = (&'static str, fn(&SourceReport) -> u32);

const COLUMNS: [Column; 9] = [
    ("calls", |source| source.calls),
    ("tickets", |source| source.tickets),
    ("pending", |source| source.pending),
    ("new", |source| source.new),
    ("baselined", |source| source.baselined),
    ("notified", |source| source.notified),
    ("reminded", |source| source.reminded),
    ("closed", |source| source.closed),
    ("skipped", |source| source.skipped),
];

/// Shown only where they count something, so that the table fits a terminal.
const RARE: [&str; 3] = ["baselined", "reminded", "skipped"];

/// The report as a table, with colours for a terminal.
pub fn table(report: &Report, colours: bool) -> String {
    let style = |style: Style| style.force_styling(colours);
    let (bold, dim, bad) = (style(Style::new().bold()), style(Style::new().dim()), style(Style::new().red()));
    let name_width = report.sources.iter().map(|source| source.name.chars().count()).fold(6, usize::max);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{}", bold.apply_to(format!("{:name_width$}", "source")));
    let counted = |column: &Column| report.sources.iter().any(|source| column.1(source) > 0);
    let columns: Vec<Column> =
        COLUMNS.into_iter().filter(|column| !RARE.contains(&column.0) || counted(column)).collect();
    for (name, _) in &columns {
        let _ = write!(text, "  {}", bold.apply_to(name));
    }
    text.push('\n');
    for source in &report.sources {
        let _ = write!(text, "{:name_width$}", source.name);
        for (name, count) in &columns {
            let cell = format!("{:>width$}", count(source), width = name.len());
            let _ = match count(source) {
                0 => write!(text, "  {}", dim.apply_to(cell)),
                _ => write!(text, "  {cell}"),
            };
        }
        text.push('\n');
    }
    let errors: Vec<(&str, &Problem)> =
        report.sources.iter().flat_map(|source| source.errors.iter().map(|one| (source.name.as_str(), one))).collect();
    for (name, error) in errors.iter().take(ERRORS_SHOWN) {
        let at = error.ticket.as_deref().map(|ticket| format!(" {ticket}")).unwrap_or_default();
        let _ = writeln!(text, "{} {name}{at}: {}", bad.apply_to(&error.code), one_line(&error.message));
    }
    if errors.len() > ERRORS_SHOWN {
        let _ = writeln!(text, "and {} more errors", errors.len() - ERRORS_SHOWN);
    }
    let outbox = report.outbox;
    let _ = writeln!(
        text,
        "outbox: {} planned, {} sent, {} waiting, {} dead",
        outbox.planned, outbox.sent, outbox.waiting, outbox.dead
    );
    let state = match (report.complete, report.dry_run) {
        (true, false) => "complete",
        (true, true) => "complete, dry run: nothing written or sent",
        (false, false) => "not complete; the next sweep goes on",
        (false, true) => "not complete, dry run: nothing written or sent",
    };
    let _ = writeln!(text, "{} ms, {state}", report.duration_ms);
    text
}

/// Text from a vendor must not steer a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::OutboxReport;

    fn report() -> Report {
        let problem = Problem {
            ticket: Some("874".to_owned()),
            code: "POISONED".to_owned(),
            message: "bad\u{1b}[31m\nrow".to_owned(),
        };
        let source = SourceReport {
            name: "sdp/requests".to_owned(),
            calls: 12,
            tickets: 4,
            approvals: 6,
            pending: 3,
            new: 2,
            baselined: 0,
            notified: 2,
            reminded: 0,
            closed: 1,
            skipped: 0,
            errors: vec![problem],
        };
        Report {
            started_at: 0,
            duration_ms: 321,
            complete: true,
            dry_run: false,
            sources: vec![source],
            outbox: OutboxReport { planned: 2, sent: 2, waiting: 0, dead: 0 },
        }
    }

    #[test]
    fn the_table_is_plain_text_without_a_terminal_and_coloured_with_one() {
        let plain = table(&report(), false);
        assert_eq!(
            plain,
            "source        calls  tickets  pending  new  notified  closed\n\
             sdp/requests     12        4        3    2         2       1\n\
             POISONED sdp/requests 874: bad [31m row\n\
             outbox: 2 planned, 2 sent, 0 waiting, 0 dead\n\
             321 ms, complete\n"
        );
        let coloured = table(&report(), true);
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
    }

    #[test]
    fn the_json_has_the_shape_of_the_route() {
        let json = to_json(&report());
        assert_eq!(json["started_at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(json["sources"]["sdp/requests"]["errors"][0]["ticket"], "874");
        assert_eq!(json["outbox"]["sent"], 2);
    }

    #[test]
    fn the_line_counts_everything() {
        assert_eq!(
            line(&report()),
            "sweep complete in 321 ms: 12 calls, 3 pending, 2 new, 2 notified, 0 reminded, 1 closed, 1 errors; outbox: \
             2 sent, 0 waiting, 0 dead"
        );
    }
}
