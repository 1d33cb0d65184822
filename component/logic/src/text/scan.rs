//! HTML as a row of tokens, read the way browsers read it where that matters, and always to the end.
//!
//! Every step either consumes what it looked at or remembers that looking again is in vain, so that the work grows
//! with the input's length only, whatever the input is.

use super::entities;

/// A piece of HTML.
pub(super) enum Token<'a> {
    /// Literal text.
    Text(&'a str),
    /// A decoded character reference.
    Character(char),
    /// The name of an opening tag.
    Open(&'a str),
    /// The name of a closing tag.
    Close(&'a str),
    /// Something that shows nothing: a comment, a declaration.
    Nothing,
}

impl<'a> Token<'a> {
    /// The name, of a tag.
    pub(super) fn name(&self) -> Option<&'a str> {
        match self {
            Self::Open(name) | Self::Close(name) => Some(name),
            Self::Text(_) | Self::Character(_) | Self::Nothing => None,
        }
    }
}

/// Reads tokens; never yields the content of elements that nobody is meant to read.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    /// The length of what follows the last `>`: a longer rest still holds one.
    after_last_end: usize,
    /// Some tag's quote was never closed. From here on quotes mean nothing.
    quotes_broken: bool,
    /// A `<` before the place where this much is left has been found to be text.
    text_until: usize,
    in_cdata: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        let after_last_end = input.rsplit_once('>').map_or(usize::MAX, |(_, after)| after.len());
        Self { rest: input, after_last_end, quotes_broken: false, text_until: usize::MAX, in_cdata: false }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Takes a piece of the rest as literal text.
    fn literal(&mut self, bytes: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        Token::Text(text)
    }

    /// What the `<` at the start of the rest begins; none if it is only a character.
    fn markup(&mut self) -> Option<Token<'a>> {
        let body = self.rest.strip_prefix('<')?;
        if let Some(comment) = body.strip_prefix("!--") {
            self.rest = after_comment(comment);
            return Some(Token::Nothing);
        }
        if let Some(content) = strip_prefix_ignore_case(body, "![CDATA[") {
            // A feed wraps HTML in it: the wrapper goes, what is inside is read like the rest.
            self.rest = content;
            self.in_cdata = true;
            return Some(Token::Nothing);
        }
        if self.rest.len() <= self.after_last_end {
            return None;
        }
        let closing = body.strip_prefix('/');
        let named = closing.unwrap_or(body);
        match self.tag_name(named) {
            Some((name, attributes)) => {
                let length = self.tag_length(attributes)?;
                let inside = attributes.get(..length).unwrap_or_default();
                self.rest = attributes.get(length..).unwrap_or_default();
                if closing.is_some() {
                    return Some(Token::Close(name));
                }
                if is_unread(name) && !(is_foreign(name) && inside.ends_with("/>")) {
                    self.rest = from_closing_tag(self.rest, name);
                }
                Some(Token::Open(name))
            }
            None if closing.is_some() || body.starts_with(['!', '?']) => {
                self.rest = self.rest.split_once('>')?.1;
                Some(Token::Nothing)
            }
            None => None,
        }
    }

    /// A tag's name and what follows it. As in a browser a name goes on to white space, `/` or `>`, whatever is in it,
    /// so that a tag inside a tag's name does not leave the pieces of a third one. The exception is what people write
    /// in angle brackets: addresses and host names are text.
    fn tag_name(&mut self, text: &'a str) -> Option<(&'a str, &'a str)> {
        if text.len() > self.text_until || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '@' | '.'))?;
        let (name, rest) = text.split_at_checked(end)?;
        if name.ends_with(':') || rest.starts_with(['@', '.']) {
            // Whatever else starts before this place reads on to the same end.
            self.text_until = rest.len();
            return None;
        }
        Some((name, rest))
    }

    /// The length of a tag from behind its name up to and including its `>`. A `>` in a quoted value ends nothing.
    fn tag_length(&mut self, attributes: &str) -> Option<usize> {
        let mut quote = None;
        let mut value_follows = false;
        if !self.quotes_broken {
            for (index, byte) in attributes.bytes().enumerate() {
                match (quote, byte) {
                    (Some(open), _) => {
                        if open == byte {
                            quote = None;
                        }
                    }
                    (None, b'>') => return index.checked_add(1),
                    (None, b'"' | b'\'') if value_follows => {
                        quote = Some(byte);
                        value_follows = false;
                    }
                    (None, _) if byte.is_ascii_whitespace() => {}
                    (None, _) => value_follows = byte == b'=',
                }
            }
            self.quotes_broken = true;
        }
        attributes.find('>')?.checked_add(1)
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        Some(match self.rest.chars().next()? {
            '<' => match self.markup() {
                Some(token) => token,
                None => self.literal(1),
            },
            '&' => match entities::decode(self.rest) {
                Some((c, length)) => {
                    self.skip(length);
                    Token::Character(c)
                }
                None => self.literal(1),
            },
            ']' if self.in_cdata => match self.rest.strip_prefix("]]>") {
                Some(rest) => {
                    self.rest = rest;
                    self.in_cdata = false;
                    Token::Nothing
                }
                None => self.literal(1),
            },
            _ => {
                let cdata = self.in_cdata;
                let end = self.rest.find(|c| matches!(c, '<' | '&') || (cdata && c == ']'));
                self.literal(end.unwrap_or(self.rest.len()))
            }
        })
    }
}

/// Elements whose content is no text of the page. An unclosed one takes everything to the end, as in a browser.
fn is_unread(name: &str) -> bool {
    ["script", "style", "title", "template", "iframe", "noembed", "noframes"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
        || is_foreign(name)
}

/// Elements of other vocabularies, where `/>` does close. Word processors leave whole documents in `<xml>`.
fn is_foreign(name: &str) -> bool {
    name.eq_ignore_ascii_case("svg") || name.eq_ignore_ascii_case("xml")
}

/// The text from the element's closing tag on; nothing, if there is none.
fn from_closing_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(start) = rest.find("</") {
        let found = rest.get(start..).unwrap_or_default();
        let body = found.strip_prefix("</").unwrap_or_default();
        let ends = |after: &str| after.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
        if strip_prefix_ignore_case(body, name).is_some_and(ends) {
            return found;
        }
        rest = body;
    }
    ""
}

/// What follows a comment whose `<!--` has been read.
fn after_comment(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return rest;
    }
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let dashes = rest.get(start..).unwrap_or_default();
        if let Some(after) = dashes.strip_prefix("-->").or_else(|| dashes.strip_prefix("--!>")) {
            return after;
        }
        rest = dashes.strip_prefix('-').unwrap_or_default();
    }
    ""
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
