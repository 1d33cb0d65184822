//! The pages, as files: `tests/golden/console/NAME.html` is what the page says. A wrong implementation lets a ticket write
//! markup, needs something from elsewhere, or loses who uses a keyboard or listens.
//!
//! `BLESS=1 cargo test -p approval-bridge-component console` writes the files anew; read the difference before committing.

use std::path::Path;
use std::sync::Arc;

use approval_logic::approval::{Person, Status};
use approval_logic::card::{CardKind, CardStyle, render};
use approval_logic::diff::{Entry, Said};
use approval_logic::http::CIRCUIT_OPEN;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::Markup;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::super::health::health;
use super::super::view::{Messages, View};
use super::super::waiting::{Place, Waiting};
use super::*;
use crate::config::Shown;
use crate::report::Problem;
use crate::sorted::Sorted;
use crate::store::outbox::{Content, Record};
use crate::store::progress::Limit;
use crate::store::sweeps::{Part, Sweep};
use crate::store::tests::entry;

const NOW: Millis = 1_790_000_000_000;
const HOUR: Millis = 3_600_000;

fn waiting(number: usize, text: &str, said: Said) -> Entry {
    let mut entry = entry(number);
    let hours = i64::try_from(number).unwrap() * 7;
    entry.approval.sent_at = Some(NOW - hours * HOUR);
    entry.approval.approver = Some(Person { name: Some(text.to_owned()), email: Some(text.to_owned()) });
    let ticket = Arc::make_mut(&mut entry.approval.ticket);
    ticket.title = Some(text.to_owned());
    ticket.number = text.to_owned();
    ticket.description = Some(text.to_owned());
    entry.told_at = Some(NOW - hours * HOUR).filter(|_| said == Said::Announced);
    Entry { said, ..entry }
}

fn record(id: &str, text: &str, content: Content, attempts: u32) -> Record {
    Record {
        id: id.to_owned(),
        content,
        recipient: text.to_owned(),
        planned_at: NOW - 2 * HOUR,
        read_at: NOW,
        attempts,
        not_before: if attempts == 1 { NOW + HOUR } else { 0 },
        last_error: (attempts > 0).then(|| format!("REFUSED: {text}")),
    }
}

fn part(name: &str, errors: &[(Option<&str>, &str, &str)]) -> Part {
    let errors = errors.iter().map(|(ticket, code, message)| Problem {
        ticket: ticket.map(str::to_owned),
        code: (*code).to_owned(),
        message: (*message).to_owned(),
    });
    let errors: Vec<_> = errors.collect();
    let left_off = if errors.len() > 2 { 17 } else { 0 };
    Part { name: name.to_owned(), calls: 12, tickets: 9, new: 2, closed: 1, errors, left_off }
}

/// A busy day, with the same text wherever a text comes from elsewhere.
fn busy(text: &str) -> View {
    let rows = vec![
        waiting(3, text, Said::Announced),
        Entry { reminders: 2, ..waiting(2, text, Said::Announced) },
        Entry { told_at: None, ..waiting(1, text, Said::Announced) },
        waiting(4, text, Said::Baselined),
        waiting(5, text, Said::Silenced),
        waiting(6, text, Said::Parked(text.to_owned())),
    ];
    let all_errors = [(None, "FORBIDDEN", text), (Some(text), "ODD_LEVEL", text), (Some("875"), "ODD_LEVEL", text)];
    let sweeps = vec![
        Sweep {
            started_at: NOW - 90_000,
            took: 4_321,
            complete: false,
            sent: 2,
            parts: vec![
                part("sdp/requests", &all_errors),
                part("zendesk", &[(None, CIRCUIT_OPEN, text)]),
                part(text, &[]),
            ],
        },
        Sweep {
            started_at: NOW - 150_000,
            took: 987,
            complete: true,
            sent: 0,
            parts: vec![part("sdp/requests", &[]), part("zendesk", &[]), part("moveworks", &[(None, "REFUSED", text)])],
        },
        Sweep { started_at: NOW - 210_000, took: 0, complete: false, sent: 0, parts: vec![part("zendesk", &[])] },
    ];
    let mut limits: Sorted<Limit> = Sorted::default();
    limits.insert("sdp".to_owned(), Limit { paused_until: NOW + HOUR, width: None });
    let card = |number| Content::Pending(vec![waiting(number, text, Said::Announced)]);
    let digest = Content::Pending(vec![waiting(7, text, Said::Announced), waiting(8, text, Said::Announced)]);
    View {
        now: NOW,
        form_token: Some("the-token-of-the-form".to_owned()),
        done: Some(Done::Retried),
        health: health(&sweeps, &limits, 0, NOW),
        waiting: Waiting {
            total: 61,
            longest: Some(NOW - 80 * 24 * HOUR),
            place: Place { newest: false, after: Some((NOW, rows[0].approval.id.clone())) },
            next: Some(Place { newest: false, after: Some((NOW, rows[1].approval.id.clone())) }),
            rows,
        },
        sweeps,
        queue: Messages { rows: vec![record("1", text, card(1), 1), record("2", text, digest, 0)], total: 60 },
        dead: Messages { rows: vec![record(text, text, card(3), 9)], total: 1 },
        settings: vec![
            ("sdp_base_url", Shown::Value(text.to_owned())),
            ("sdp_authtoken", Shown::Hidden),
            ("zendesk_base_url", Shown::Unset),
            ("poll_seconds", Shown::Default("60")),
            ("concurrency", Shown::Wrong("a whole number from 1 to 256".to_owned())),
        ],
        problems: vec!["concurrency: expected a whole number from 1 to 256".to_owned()],
    }
}

fn quiet() -> View {
    View {
        now: NOW,
        form_token: None,
        done: None,
        waiting: Waiting::default(),
        sweeps: Vec::new(),
        health: Vec::new(),
        queue: Messages::default(),
        dead: Messages::default(),
        settings: vec![("api_token", Shown::Hidden)],
        problems: Vec::new(),
    }
}

fn card_of(text: &str) -> Markup {
    let entry = waiting(3, text, Said::Announced);
    card(
        &entry,
        &render(&entry.approval, &CardKind::Pending, &CardStyle::default()),
        NOW,
        Some("the-token-of-the-form"),
    )
}

fn decided() -> Markup {
    let mut entry = waiting(3, "874", Said::Closed);
    entry.approval.status = Status::Approved;
    let kind = CardKind::Closed { outcome: Status::Approved, by: Some("Ana Abara".to_owned()) };
    card(&entry, &render(&entry.approval, &kind, &CardStyle::default()), NOW, None)
}

fn pages() -> [(&'static str, Markup); 7] {
    [
        ("busy", console(&busy("O'Neil & <Sons> \"Ltd\""))),
        ("quiet", console(&quiet())),
        ("card", card_of("874")),
        ("decided", decided()),
        ("sign_in", sign_in(None)),
        ("sign_in_again", sign_in(Some("That is not the api_token of this bridge."))),
        ("failure", failure("Not done", "The form was not sent from a page of this session.")),
    ]
}

/// One element in a line, and without the styles, which are written down elsewhere.
fn readable(page: &str) -> String {
    let parts = page.split("<style>").map(|part| part.split_once("</style>").map_or(part, |(_, rest)| rest));
    parts.collect::<Vec<_>>().join("<style></style>").replace("><", ">\n<") + "\n"
}

#[test]
fn every_page_reads_as_approved() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/console");
    let mut wrong = Vec::new();
    for (name, page) in pages() {
        let (path, actual) = (folder.join(format!("{name}.html")), readable(&page.into_string()));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &actual).expect("a writable file");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != actual {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?} differ; BLESS=1 writes them anew, and git shows the difference");
}

#[test]
fn no_page_needs_anything_from_elsewhere_or_runs_anything() {
    for (name, page) in pages() {
        let text = page.into_string();
        for never in
            ["<script", "<img", "<link", "<iframe", " src=", "url(", "@import", " style=", "javascript:", " on"]
        {
            // Words of sentences begin with `on` as well; an attribute has a tag before it and a sign behind.
            let inside = text.split('<').filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag);
            let found = if never == " on" {
                inside
                    .into_iter()
                    .any(|tag| tag.split(' ').skip(1).any(|part| part.starts_with("on") && part.contains('=')))
            } else {
                text.contains(never)
            };
            assert!(!found, "{never} in {name}");
        }
    }
}

#[test]
fn the_policy_names_the_styles_that_are_there() {
    for (name, page) in pages() {
        let text = page.into_string();
        let styles: Vec<&str> =
            text.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next()).collect();
        assert!(!styles.is_empty(), "{name}");
        for style in styles {
            let hash = format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(style)));
            assert!(STYLE_HASHES.contains(&hash.as_str()), "{hash} is missing for {name}");
        }
    }
}

#[test]
fn headings_are_in_order_and_everything_has_a_name() {
    for (name, page) in pages() {
        let text = page.into_string();
        let levels: Vec<u32> = text.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)).collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}: {levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
        for once in ["<main", "<header", "<footer", "<title>", "lang=\"en\"", "href=\"#main\""] {
            assert_eq!(text.matches(once).count(), 1, "{once} in {name}");
        }
        assert_eq!(text.matches("<table").count(), text.matches("<caption>").count(), "{name}");
        assert_eq!(text.matches("<th ").count(), text.matches(" scope=\"").count(), "{name}");
        let mut ids: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id is there twice in {name}");
        for anchor in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(&anchor), "#{anchor} leads nowhere in {name}");
        }
    }
}

#[test]
fn without_a_session_nothing_can_be_changed() {
    let text = console(&View { form_token: None, ..busy("874") }).into_string();
    assert!(!text.contains("<form") && !text.contains("<button"), "{text}");
}

/// The tags of a page with the names of their attributes.
fn tags(page: &str) -> Vec<String> {
    let tag = |tag: &str| tag.split('"').step_by(2).collect::<Vec<_>>().join("\"");
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(inside, _)| tag(inside)).collect()
}

proptest! {
    /// The same page for a word and for any text: no tag more, no attribute more, nothing that breaks out of one.
    #[test]
    fn no_text_from_elsewhere_becomes_markup(text in "[ -~]{0,40}|\\PC{0,40}|(<|>|\"|'|&|=|/|`|script|onload| |-->|]]>){1,20}") {
        let text = format!("a{text}z");
        let (given, plain) = (console(&busy(&text)).into_string(), console(&busy("word")).into_string());
        prop_assert_eq!(tags(&given), tags(&plain));
    }

    #[test]
    fn nor_does_it_on_a_card(text in "[ -~]{0,40}|(<|>|\"|'|&|=|/|script|onload| |-->){1,20}") {
        let text = format!("a{text}z");
        prop_assert_eq!(tags(&card_of(&text).into_string()), tags(&card_of("word").into_string()));
    }
}
