//! `preview`: the card for one approval.

use std::path::Path;

use approval_logic::approval::Approval;
use approval_logic::card::{CardKind, CardStyle, render};
use clap::ValueEnum;

use super::{Failure, print};

/// How a card is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Plain text.
    #[default]
    Text,
    /// A piece of HTML.
    Html,
    /// Moveworks' markup.
    Moveworks,
    /// The card's parts.
    Json,
}

pub(super) fn run(path: &Path, format: Format) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
    let approval: Approval = serde_json::from_str(&text).map_err(|error| usage(&error))?;
    let card = render(&approval, &CardKind::Pending, &CardStyle::default());
    print(&match format {
        Format::Text => card.to_text(),
        Format::Html => card.to_html(),
        Format::Moveworks => card.to_moveworks(),
        Format::Json => serde_json::to_string_pretty(&card).map_err(|error| Failure::Failed(error.to_string()))?,
    })
}
