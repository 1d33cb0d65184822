//! HTML as plain text.

use super::clean::{clean, is_line_end};
use super::scan::{Scanner, Token};

/// HTML of any kind, whole or broken, as plain text; plain text stays as it is, apart from [cleaning](super::clean).
///
/// - Tags and comments go. Of `script`, `style`, `title`, `head` and the like the content goes too.
/// - Character references are decoded exactly once.
/// - `<br>` and the ends of paragraphs, table rows and other blocks are line breaks, list items start with `• `.
///   The text's own line breaks count only inside `<pre>`, or where no tag makes lines at all: then it was written as
///   plain text.
/// - A `<` that starts no tag is text, so `5 < 6 & 7 > 2` and `Ana <ana@corp.example>` survive.
///
/// The result may hold `<` and `&` (someone wrote about HTML). It is text and must be escaped where it is shown.
pub fn html_to_text(input: &str) -> String {
    let made_of_lines = !Scanner::new(input).any(|token| token.name().is_some_and(|name| layout(name).makes_lines()));
    let mut page = Page { made_of_lines, ..Page::default() };
    for token in Scanner::new(input) {
        page.take(&token);
    }
    clean(&page.text).into_owned()
}

/// What a tag means for the lines of the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Inline,
    Cell,
    Break,
    Block,
    Item,
    Preformatted,
}

impl Layout {
    const fn makes_lines(self) -> bool {
        !matches!(self, Self::Inline)
    }
}

fn layout(name: &str) -> Layout {
    const BLOCKS: &[&str] = &[
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "main",
        "menu",
        "nav",
        "ol",
        "option",
        "p",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ];
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("br") {
        Layout::Break
    } else if is("li") {
        Layout::Item
    } else if is("td") || is("th") {
        Layout::Cell
    } else if is("pre") || is("textarea") || is("listing") {
        Layout::Preformatted
    } else if BLOCKS.iter().any(|known| is(known)) {
        Layout::Block
    } else {
        Layout::Inline
    }
}

/// Elements that leave a head open; any other means that the body has begun, even if nobody closed the head.
fn belongs_to_head(name: &str) -> bool {
    ["base", "link", "meta", "title", "style", "script", "noscript", "template", "head"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The text so far, with the white space that is due before the next character.
#[derive(Default)]
struct Page {
    text: String,
    made_of_lines: bool,
    in_head: bool,
    preformatted: u32,
    line_breaks: u8,
    space: bool,
    bullet: bool,
    after_return: bool,
}

impl Page {
    fn take(&mut self, token: &Token<'_>) {
        match token {
            Token::Text(text) => text.chars().for_each(|c| self.character(c)),
            Token::Character(c) => self.character(*c),
            Token::Open(name) => self.tag(name, true),
            Token::Close(name) => self.tag(name, false),
            Token::Nothing => {}
        }
    }

    /// A tag: does it open its element, or close it?
    fn tag(&mut self, name: &str, opens: bool) {
        if name.eq_ignore_ascii_case("head") {
            self.in_head = opens;
        } else if opens && !belongs_to_head(name) {
            self.in_head = false;
        }
        match layout(name) {
            Layout::Inline => {}
            Layout::Cell => self.space = true,
            // Browsers read `</br>` as `<br>`.
            Layout::Break => self.line_breaks = self.line_breaks.saturating_add(1),
            Layout::Block => self.block(),
            Layout::Item => {
                self.block();
                self.bullet = opens;
            }
            Layout::Preformatted => {
                self.block();
                self.preformatted =
                    if opens { self.preformatted.saturating_add(1) } else { self.preformatted.saturating_sub(1) };
            }
        }
    }

    /// A block starts on a new line, but two blocks that meet do not make an empty one.
    fn block(&mut self) {
        self.line_breaks = self.line_breaks.max(1);
    }

    fn character(&mut self, c: char) {
        if self.in_head {
            return;
        }
        let second_half = c == '\n' && self.after_return;
        self.after_return = c == '\r';
        if c.is_whitespace() {
            if is_line_end(c) && (self.made_of_lines || self.preformatted > 0) {
                self.line_breaks = self.line_breaks.saturating_add(u8::from(!second_half));
            } else {
                self.space = true;
            }
            return;
        }
        if !self.text.is_empty() {
            match self.line_breaks {
                0 if self.space => self.text.push(' '),
                0 => {}
                1 => self.text.push('\n'),
                _ => self.text.push_str("\n\n"),
            }
        }
        if self.bullet {
            self.text.push_str("• ");
        }
        self.line_breaks = 0;
        self.space = false;
        self.bullet = false;
        self.text.push(c);
    }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
