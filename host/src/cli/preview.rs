//! `preview`: what a card looks like.

use std::path::{Path, PathBuf};

use approval_logic::approval::{Approval, Person, Status};
use approval_logic::card::{Card, CardKind, CardStyle, FieldKind, digest, render};
use clap::{Args, ValueEnum};
use console::Term;

use super::{Failure, print};
use crate::card_box::CardBox;
use crate::config::Config;
use crate::variables::Variables;

/// Which card, and how.
#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The approval, as JSON. For a digest, once for each approval.
    #[arg(long, required = true, value_name = "FILE")]
    approval: Vec<PathBuf>,
    /// A configuration file whose card_title and card_fields the card follows.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the card is for.
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// For a reminder: which one it is.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    number: u32,
    /// For a closing: how it ended. Left out, the approval's own status says.
    #[arg(long, value_enum)]
    outcome: Option<Outcome>,
    /// For a closing: who ended it. Left out, the approval says.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// How to write the card.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// For text: draw a box of so many columns, also where there is no terminal.
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
}

/// What a card is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A first announcement.
    #[default]
    Pending,
    /// A reminder.
    Reminder,
    /// Nothing is left to do.
    Closing,
    /// Many approvals in one message.
    Digest,
}

/// How an approval ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Outcome {
    /// Somebody approved.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// It was passed on to somebody else.
    Delegated,
    /// It is no longer asked.
    Withdrawn,
}

/// How a card is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For reading: a box in a terminal, plain lines elsewhere.
    #[default]
    Text,
    /// A piece of HTML.
    Html,
    /// A whole page, 640 pixels wide, for a browser to turn into a picture.
    Page,
    /// Moveworks' markup, as its Events API takes it.
    Moveworks,
    /// The text of Moveworks' notify step, as a listener gets it.
    Markdown,
    /// The card's parts.
    Json,
}

pub(super) fn run(args: &PreviewArgs) -> Result<(), Failure> {
    let style = match &args.config {
        Some(file) => style(&Config::load(file)?.variables)
            .map_err(|problem| Failure::Usage(format!("{}: {problem}", file.display())))?,
        None => CardStyle::default(),
    };
    let approvals: Vec<Approval> = args.approval.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let card = args.card(&approvals, &style)?;
    print(&match args.format {
        Format::Text => readable(&card, args.width),
        Format::Html => card.to_html(),
        Format::Page => card.to_page(),
        Format::Moveworks => card.to_moveworks(),
        Format::Markdown => card.to_markdown(),
        Format::Json => serde_json::to_string_pretty(&card).map_err(|error| Failure::Failed(error.to_string()))?,
    })
}

fn read(path: &Path) -> Result<Approval, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
    serde_json::from_str(&text).map_err(|error| usage(&error))
}

impl PreviewArgs {
    fn card(&self, approvals: &[Approval], style: &CardStyle) -> Result<Card, Failure> {
        if self.kind == Kind::Digest {
            return Ok(digest(&approvals.iter().collect::<Vec<_>>(), style));
        }
        let [approval] = approvals else {
            return Err(Failure::Usage("--approval: more than one takes --kind digest".to_owned()));
        };
        let kind = match self.kind {
            Kind::Pending | Kind::Digest => CardKind::Pending,
            Kind::Reminder => CardKind::Reminder { number: self.number },
            Kind::Closing => CardKind::Closed { outcome: self.outcome(approval), by: self.by(approval) },
        };
        Ok(render(approval, &kind, style))
    }

    fn outcome(&self, approval: &Approval) -> Status {
        match self.outcome {
            Some(Outcome::Approved) => Status::Approved,
            Some(Outcome::Rejected) => Status::Rejected,
            Some(Outcome::Delegated) => Status::Delegated,
            Some(Outcome::Withdrawn) => Status::Withdrawn,
            None => approval.status.clone(),
        }
    }

    fn by(&self, approval: &Approval) -> Option<String> {
        let own = || approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned);
        self.by.clone().or_else(own)
    }
}

/// What a person sees; a pipe gets the plain form, which does not depend on any width.
fn readable(card: &Card, width: Option<usize>) -> String {
    let out = Term::stdout();
    let width = width.or_else(|| out.is_term().then(|| out.size().1.into()));
    match width {
        Some(columns) => CardBox::from(card).draw(columns, console::colors_enabled()),
        None => card.to_text(),
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
        let fields = fields.ok_or_else(|| {
            let known = FieldKind::ALL.map(FieldKind::name).join(", ");
            format!("card_fields: expected a comma list of {known}")
        })?;
        style.fields = fields.into();
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
            ("Please decide", vec![FieldKind::Number, FieldKind::Title].into())
        );
        let empty = style(&VariableMap::new([("card_title", " "), ("card_fields", "")])).unwrap();
        assert_eq!(empty, CardStyle::default());
        let problem = style(&VariableMap::new([("card_fields", "number,colour")])).unwrap_err();
        assert!(problem.starts_with("card_fields: expected a comma list of type, number,"), "{problem}");
        assert!(!problem.contains("colour"));
    }
}
