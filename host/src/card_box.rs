//! A card as a box of lines: what a person sees in chat, drawn for a terminal or for plain text.

use approval_logic::card::Card;
use console::{Style, measure_text_width};
use serde_json::Value;

/// The widest box that is drawn; longer lines are hard to read.
const WIDEST: usize = 76;
/// The narrowest box that still holds a button.
const NARROWEST: usize = 24;
/// Border and margin on both sides.
const FRAME: usize = 4;

/// What is in the box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardBox {
    /// The title.
    pub title: String,
    /// Labels and values.
    pub fields: Vec<(String, String)>,
    /// A sentence below the fields.
    pub note: Option<String>,
    /// Where to look at the ticket.
    pub link: Option<String>,
    /// What the buttons say.
    pub buttons: Vec<String>,
}

impl From<&Card> for CardBox {
    fn from(card: &Card) -> Self {
        Self {
            title: card.title.clone(),
            fields: card.fields.iter().map(|field| (field.label.clone(), field.value.clone())).collect(),
            note: card.note.clone(),
            link: card.link.clone(),
            buttons: card.actions.iter().map(|action| action.label.clone()).collect(),
        }
    }
}

impl CardBox {
    /// The card of a listener's message, from the bytes that went to Moveworks. None: there is no card in it.
    pub fn of_message(body: &Value) -> Option<Self> {
        let card = body.get("card")?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let fields = card.get("fields")?.as_array()?.iter();
        let buttons = card.get("actions")?.as_array()?.iter();
        Some(Self {
            title: text(card, "title")?,
            fields: fields.map(|field| Some((text(field, "label")?, text(field, "value")?))).collect::<Option<_>>()?,
            note: None,
            link: body.get("approval").and_then(|approval| text(approval, "link")),
            buttons: buttons.map(|button| text(button, "label")).collect::<Option<_>>()?,
        })
    }

    /// The box, at most this many columns wide, each line ended. Colours and weights are for a terminal.
    pub fn draw(&self, columns: usize, colours: bool) -> String {
        let inner = columns.clamp(NARROWEST, WIDEST) - FRAME;
        let style = |style: Style| style.force_styling(colours);
        let (bold, italic, dim) = (style(Style::new().bold()), style(Style::new().italic()), style(Style::new().dim()));
        let mut lines: Vec<String> = wrap(&self.title, inner).iter().map(|l| bold.apply_to(l).to_string()).collect();
        lines.push(String::new());
        for (label, value) in &self.fields {
            lines.extend(field(label, value, inner, &italic));
        }
        if let Some(note) = &self.note {
            lines.extend(wrap(note, inner));
        }
        if let Some(link) = &self.link {
            lines.extend(wrap(link, inner).iter().map(|line| dim.apply_to(line).to_string()));
        }
        if !self.buttons.is_empty() {
            lines.push(String::new());
            let first = style(Style::new().black().on_cyan());
            let others = style(Style::new().cyan());
            let buttons = self.buttons.iter().enumerate().map(|(place, label)| {
                let look = if place == 0 { &first } else { &others };
                look.apply_to(format!("[ {} ]", wrap(label, inner).join(" "))).to_string()
            });
            lines.push(buttons.collect::<Vec<_>>().join("  "));
        }
        framed(&lines, inner, &dim)
    }
}

/// One field; its label is set apart on the first line.
fn field(label: &str, value: &str, width: usize, label_style: &Style) -> Vec<String> {
    let mut lines = wrap(&format!("{label}: {value}"), width);
    if let Some(first) = lines.first_mut()
        && let Some(rest) = first.strip_prefix(label)
    {
        *first = format!("{}{rest}", label_style.apply_to(label));
    }
    lines
}

fn framed(lines: &[String], inner: usize, border: &Style) -> String {
    let rule = "─".repeat(inner + 2);
    let side = border.apply_to("│").to_string();
    let mut text = format!("{}\n", border.apply_to(format!("╭{rule}╮")));
    for line in lines {
        let room = " ".repeat(inner.saturating_sub(measure_text_width(line)));
        text.push_str(&format!("{side} {line}{room} {side}\n"));
    }
    text.push_str(&format!("{}\n", border.apply_to(format!("╰{rule}╯"))));
    text
}

/// Text in lines of at most `width` columns, broken between words where that is possible. Control characters become
/// spaces, so that no text can steer a terminal. Never empty.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if measure_text_width(&line) + gap + measure_text_width(word) <= width {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if gap == 1 {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if measure_text_width(&line) > width {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mock() -> CardBox {
        let field = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        CardBox {
            title: "🎫 New Ticket Pending Your Approval".to_owned(),
            fields: vec![
                field("Ticket #", "874"),
                field("Description", "The internals are fried. Please decide soon."),
            ],
            buttons: vec!["Approve".to_owned(), "Reject".to_owned()],
            ..CardBox::default()
        }
    }

    #[test]
    fn a_box_is_as_wide_everywhere_and_wraps_between_words() {
        let drawn = mock().draw(40, false);
        assert_eq!(
            drawn,
            "╭──────────────────────────────────────╮\n\
             │ 🎫 New Ticket Pending Your Approval  │\n\
             │                                      │\n\
             │ Ticket #: 874                        │\n\
             │ Description: The internals are       │\n\
             │ fried. Please decide soon.           │\n\
             │                                      │\n\
             │ [ Approve ]  [ Reject ]              │\n\
             ╰──────────────────────────────────────╯\n"
        );
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        for columns in [0, 24, 40, 76, 500] {
            let coloured = mock().draw(columns, true);
            assert!(coloured.contains("\u{1b}["));
            assert_eq!(console::strip_ansi_codes(&coloured), mock().draw(columns, false));
        }
    }

    #[test]
    fn no_text_steers_the_terminal_or_leaves_the_box() {
        let text = format!("\u{1b}[2J\r\n{}", "x".repeat(200));
        let card = CardBox { title: text.clone(), note: Some(text), ..CardBox::default() };
        let drawn = card.draw(30, false);
        assert!(!drawn.contains('\u{1b}') && !drawn.contains('\r'));
        assert!(drawn.lines().all(|line| measure_text_width(line) == 30), "{drawn}");
    }

    #[test]
    fn a_message_is_read_back_from_its_bytes_and_one_without_a_card_is_none() {
        let body = json!({"card": {
            "title": "T", "fields": [{"label": "L", "value": "V"}], "text": "…", "actions": [{"key": "a", "label": "A"}],
        }});
        let card = CardBox::of_message(&body).unwrap();
        assert_eq!((card.title.as_str(), card.buttons.len()), ("T", 1));
        assert_eq!(card.fields, [("L".to_owned(), "V".to_owned())]);
        assert_eq!(CardBox::of_message(&json!({"text": "x"})), None);
    }
}
