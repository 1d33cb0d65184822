//! `preview`: the card for one approval.

use std::path::Path;

use approval_logic::approval::Approval;
use approval_logic::card::{Card, CardKind, CardStyle, FieldKind, render};
use clap::ValueEnum;
use console::Term;

use super::{Failure, print};
use crate::card_box::CardBox;
use crate::config::Config;
use crate::variables::Variables;

/// How a card is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For reading: a box in a terminal, plain lines elsewhere.
    #[default]
    Text,
    /// A piece of HTML.
    Html,
    /// Moveworks' markup.
    Moveworks,
    /// The card's parts.
    Json,
}

pub(super) fn run(path: &Path, config: Option<&Path>, format: Format) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
    let approval: Approval = serde_json::from_str(&text).map_err(|error| usage(&error))?;
    let style = match config {
        Some(file) => style(&Config::load(file)?.variables)
            .map_err(|problem| Failure::Usage(format!("{}: {problem}", file.display())))?,
        None => CardStyle::default(),
    };
    let card = render(&approval, &CardKind::Pending, &style);
    print(&match format {
        Format::Text => readable(&card),
        Format::Html => card.to_html(),
        Format::Moveworks => card.to_moveworks(),
        Format::Json => serde_json::to_string_pretty(&card).map_err(|error| Failure::Failed(error.to_string()))?,
    })
}

/// What a person sees; a pipe gets the plain form, which does not depend on any width.
fn readable(card: &Card) -> String {
    let out = Term::stdout();
    if out.is_term() {
        CardBox::from(card).draw(out.size().1.into(), console::colors_enabled())
    } else {
        card.to_text()
    }
}

/// The operator's choices, read as the component reads them: an empty value is the default.
fn style(variables: &dyn Variables) -> Result<CardStyle, String> {
    let value = |name| variables.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut style = CardStyle::default();
    if let Some(title) = value("card_title") {
        style.title = title;
    }
    if let Some(names) = value("card_fields") {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let fields: Option<Vec<FieldKind>> = names.map(FieldKind::parse).collect();
        style.fields = fields.ok_or_else(|| {
            let known = FieldKind::ALL.map(FieldKind::name).join(", ");
            format!("card_fields: expected a comma list of {known}")
        })?;
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::VariableMap;

    #[test]
    fn a_card_follows_the_configuration_and_an_empty_value_is_the_default() {
        let chosen = style(&VariableMap::new([("card_title", "Please decide"), ("card_fields", "number, title")]));
        let chosen = chosen.unwrap();
        assert_eq!(
            (chosen.title.as_str(), chosen.fields),
            ("Please decide", vec![FieldKind::Number, FieldKind::Title])
        );
        let empty = style(&VariableMap::new([("card_title", " "), ("card_fields", "")])).unwrap();
        assert_eq!(empty, CardStyle::default());
        let problem = style(&VariableMap::new([("card_fields", "number,colour")])).unwrap_err();
        assert!(problem.starts_with("card_fields: expected a comma list of type, number,"), "{problem}");
        assert!(!problem.contains("colour"));
    }
}
