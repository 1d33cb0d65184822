//! A card in the markup of each door, within one bound.

use super::{Card, LINE_MAX};
use crate::markup::{Dialect, Link, Markup};
use crate::text::{is_within, truncate};

/// The most characters of a written card, markup included. Moveworks takes 20 000, but "chat platforms may allow less"
/// (Moveworks, "Events API"), and a longer card is not read.
pub const CARD_MAX: usize = 4_000;

/// The longest label that is written.
const LABEL_MAX: usize = 40;

/// More lines than any approval has. Keeps the work small for cards that callers make up.
const LINES_MAX: usize = 40;

/// Most written cards are shorter, in bytes.
const USUAL_ROOM: usize = 1024;

/// What the link says.
const LINK_LABEL: &str = "View ticket";

impl Card {
    /// The card for Moveworks' Events API. Buttons are not part of it: they belong to the event's follow-up path.
    pub fn to_moveworks(&self) -> String {
        self.fitted(Dialect::Moveworks)
    }

    /// The card for Moveworks' `notify` step; the listener gets it as `card.text`. Buttons are the step's own.
    pub fn to_markdown(&self) -> String {
        self.fitted(Dialect::Markdown)
    }

    /// The card for a terminal, with its buttons as words in brackets.
    pub fn to_text(&self) -> String {
        let mut text = self.fitted(Dialect::Plain);
        let buttons: Vec<String> = self.written_actions(Dialect::Plain).map(|label| format!("[ {label} ]")).collect();
        if !buttons.is_empty() {
            text.push_str("\n\n");
            text.push_str(&buttons.join("  "));
        }
        text
    }

    /// What the buttons say, as text of a dialect.
    pub(super) fn written_actions(&self, dialect: Dialect) -> impl Iterator<Item = String> {
        self.actions.iter().take(4).map(move |action| {
            let mut label = Markup::new(dialect);
            label.words(&truncate(&action.label, LABEL_MAX));
            label.finish()
        })
    }

    /// The card within [`CARD_MAX`]. One limit for all values is lowered until it fits, so the longest is cut first.
    /// Only a card that no approval can make loses lines.
    pub(super) fn fitted(&self, dialect: Dialect) -> String {
        let lines = self.fields.len().min(LINES_MAX);
        let whole = self.written(dialect, CARD_MAX, lines);
        if fits(&whole) {
            return whole;
        }
        let longest =
            self.fields.iter().take(lines).map(|field| field.value.chars().count()).max().unwrap_or(0).min(CARD_MAX);
        let mut best = None;
        let (mut low, mut high) = (1, longest);
        while low < high {
            let middle = low.midpoint(high);
            let shorter = self.written(dialect, middle, lines);
            if fits(&shorter) {
                best = Some(shorter);
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        if let Some(best) = best {
            return best;
        }
        (0..=lines).rev().map(|lines| self.written(dialect, 1, lines)).find(|text| fits(text)).unwrap_or_default()
    }

    fn written(&self, dialect: Dialect, max_value: usize, lines: usize) -> String {
        let mut out = Markup::with_room(dialect, USUAL_ROOM);
        out.bold(&truncate(&self.title, LINE_MAX));
        for field in self.fields.iter().take(lines) {
            out.line_break().label(&truncate(&field.label, LABEL_MAX)).ticket_text(&truncate(&field.value, max_value));
        }
        if let Some(note) = &self.note {
            out.line_break().ticket_text(&truncate(note, LINE_MAX));
        }
        if let Some(link) = self.link.as_deref().and_then(Link::parse) {
            out.line_break().link(LINK_LABEL, &link);
        }
        out.finish()
    }
}

fn fits(text: &str) -> bool {
    is_within(text, CARD_MAX)
}
