//! Golden cards: every `tests/golden/cards/NAME.json` is one approval, the files beside it are its card at each door.
//!
//! `BLESS=1 cargo test -p approval-logic --test cards` writes the expected files anew; read the diff before committing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use approval_logic::approval::{Approval, Ticket};
use approval_logic::card::{Card, CardKind, CardStyle, DEFAULT_TITLE, FieldKind, digest, render};
use serde::Deserialize;

/// An approval, with what the test wants of its card under a key that approvals do not have.
#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    approval: Approval,
    #[serde(default)]
    card: Wish,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    kind: Option<CardKind>,
    fields: Option<Vec<FieldKind>>,
    title: Option<String>,
    /// So many of it, with numbers that follow, in one digest.
    digest: Option<u32>,
}

impl Case {
    fn card(&self) -> Card {
        let mut style = CardStyle::default();
        if let Some(fields) = &self.card.fields {
            style.fields = fields.clone().into();
        }
        if let Some(title) = &self.card.title {
            style.title.clone_from(title);
        }
        let Some(count) = self.card.digest else {
            return render(&self.approval, self.card.kind.as_ref().unwrap_or(&CardKind::Pending), &style);
        };
        let numbered = (0..count).map(|more| {
            let number = (self.approval.ticket.number.parse::<u32>().expect("a number") + more).to_string();
            let ticket = Arc::new(Ticket { number, ..Ticket::clone(&self.approval.ticket) });
            Approval { ticket, ..self.approval.clone() }
        });
        let all: Vec<Approval> = numbered.collect();
        digest(&all.iter().collect::<Vec<_>>(), &style)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cards")
}

fn inputs() -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of golden cards")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    inputs.sort();
    inputs
}

fn case(path: &Path) -> Case {
    let text = fs::read_to_string(path).expect("a readable file");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines that differ, the expected ones first.
fn difference(expected: &str, actual: &str) -> String {
    let (mut old, mut new) = (expected.split('\n'), actual.split('\n'));
    let mut text = String::new();
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let side = |mark, line: Option<&str>| line.map_or(String::new(), |line| format!("{mark} {line:?}\n"));
                text.push_str(&format!("line {number}\n{}{}", side('-', a), side('+', b)));
            }
        }
    }
    text
}

#[test]
fn every_card_reads_as_approved() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for path in inputs() {
        let card = case(&path).card();
        // Moveworks' HTML is one line; broken at its `<br>` it can be read and compared.
        let moveworks = card.to_moveworks().replace("<br>", "<br>\n");
        let doors = [
            ("moveworks.html", moveworks + "\n"),
            ("md", card.to_markdown() + "\n"),
            ("txt", card.to_text() + "\n"),
            ("page.html", card.to_page()),
        ];
        for (extension, actual) in doors {
            let path = path.with_extension(extension);
            if bless {
                fs::write(&path, &actual).expect("a writable file");
                continue;
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != actual {
                wrong.push_str(&format!("{}\n{}\n", path.display(), difference(&expected, &actual)));
            }
        }
    }
    assert!(wrong.is_empty(), "- expected, + actual; BLESS=1 accepts\n\n{wrong}");
}

#[test]
fn there_are_golden_cards() {
    assert!(inputs().len() >= 10, "only {} inputs in {}", inputs().len(), folder().display());
}

#[test]
fn the_mock_is_met_to_the_letter() {
    let case = case(&folder().join("mock.json"));
    let card = render(&case.approval, &CardKind::Pending, &CardStyle::default());
    assert_eq!(
        card.to_moveworks(),
        format!(
            "<b>{DEFAULT_TITLE}</b><br><i>Ticket Type</i>: Request<br><i>Ticket #</i>: 874<br>\
             <i>Requester</i>: Sam Stinson<br><i>Priority</i>: High<br><i>Description</i>: The A/V Equipment in \
             Conference Room B has stopped working. The internals are fried. Requesting approval for replacement."
        )
    );
    let buttons: Vec<(&str, &str)> = card.actions.iter().map(|action| (action.key, action.label.as_str())).collect();
    assert_eq!(buttons, [("approve", "Approve"), ("reject", "Reject")]);
}

#[test]
fn a_preview_is_html_without_scripts_or_foreign_addresses() {
    for path in inputs() {
        let card = case(&path).card();
        let html = card.to_html();
        assert!(html.contains("<article class=\"approval-card\">") && html.ends_with("</article>\n"));
        for html in [html, card.to_page()] {
            assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("url("));
            let buttons = html.matches("<button").count();
            assert_eq!(buttons, card.actions.len());
        }
    }
}
