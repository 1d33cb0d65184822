//! What the demo prints: short headings, one line of explanation each, cards.

use std::time::Duration;

use console::{Style, Term};
use indicatif::ProgressBar;

use super::Broken;
use crate::card_box::{CardBox, wrap};

/// Columns where nobody can say how many there are.
const COLUMNS: usize = 100;
/// What stands in front of everything but headings.
const INDENT: usize = 3;
/// Room for the name of an item.
const NAME: usize = 14;

type Out = Box<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;

/// Where the story is told.
pub(super) struct Page {
    out: Out,
    colours: bool,
    columns: usize,
    number: u32,
}

impl Page {
    /// Standard output, with colours where that is a terminal.
    pub(super) fn stdout() -> Self {
        let term = Term::stdout();
        let columns = term.size_checked().map_or(COLUMNS, |(_, columns)| usize::from(columns));
        let colours = term.is_term() && console::colors_enabled();
        Self { out: Box::new(move |line| term.write_line(line)), colours, columns, number: 0 }
    }

    /// Plain lines, to somebody who reads them.
    #[cfg(test)]
    pub(super) fn to(out: impl Fn(&str) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self { out: Box::new(out), colours: false, columns: COLUMNS, number: 0 }
    }

    /// Whether colours are shown.
    pub(super) fn colours(&self) -> bool {
        self.colours
    }

    /// One line, as it is.
    pub(super) fn line(&self, text: &str) -> Result<(), Broken> {
        (self.out)(text).map_err(|error| Broken(format!("standard output: {error}")))
    }

    /// A numbered heading, and why what follows happens.
    pub(super) fn heading(&mut self, title: &str, why: &str) -> Result<(), Broken> {
        self.number += 1;
        self.line("")?;
        self.line(&self.styled(Style::new().bold().cyan(), &format!("{}  {title}", self.number)))?;
        self.line(&self.styled(Style::new().dim(), &format!("   {why}")))
    }

    /// An indented line.
    pub(super) fn tell(&self, text: &str) -> Result<(), Broken> {
        self.line(&format!("   {text}"))
    }

    /// A name and what there is to say about it, on as many lines as that needs.
    pub(super) fn item(&self, name: &str, text: &str) -> Result<(), Broken> {
        let room = self.columns.saturating_sub(INDENT + NAME).max(NAME);
        let mut name = name;
        for line in wrap(text, room) {
            self.tell(&format!("{name:<NAME$}{line}"))?;
            name = "";
        }
        Ok(())
    }

    /// Something that was checked.
    pub(super) fn tick(&self, text: &str) -> Result<(), Broken> {
        let mut mark = self.styled(Style::new().green(), "✓");
        for line in wrap(text, self.columns.saturating_sub(INDENT).max(NAME)) {
            self.line(&format!(" {mark} {line}"))?;
            mark = " ".to_owned();
        }
        Ok(())
    }

    /// Several lines, indented.
    pub(super) fn block(&self, text: &str) -> Result<(), Broken> {
        text.lines().try_for_each(|line| self.tell(line))
    }

    /// A card, with who sees it.
    pub(super) fn card(&self, caption: &str, card: &CardBox) -> Result<(), Broken> {
        self.tell(caption)?;
        self.block(&card.draw(self.columns.saturating_sub(INDENT), self.colours))
    }

    /// A call that somebody makes to the bridge, and what the bridge answers.
    pub(super) fn call(&self, request: &str, body: &str, status: u16, answer: &str) -> Result<(), Broken> {
        let colour = if status < 300 { Style::new().green() } else { Style::new().yellow() };
        self.tell(&format!("→ {request}"))?;
        if !body.is_empty() {
            self.tell(&format!("  {}", self.styled(Style::new().dim(), body)))?;
        }
        self.tell(&format!("← {} {answer}", self.styled(colour.bold(), &status.to_string())))
    }

    /// Turns while something long runs, where a person watches.
    pub(super) fn spinner(&self, text: &'static str) -> ProgressBar {
        if !Term::stderr().is_term() {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner().with_message(text);
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner
    }

    fn styled(&self, style: Style, text: &str) -> String {
        style.force_styling(self.colours).apply_to(text).to_string()
    }
}
