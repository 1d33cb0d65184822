//! The only place that writes markup: an allow-list builder, one dialect for each door.
//!
//! Callers hand over text and say whose it is; tags come from the builder alone. Text from a ticket is
//! [defused](defuse) as well as escaped, so that nothing in it can be clicked, called or rendered as a picture.

mod defuse;

use crate::text::{clean_line, find};

pub use defuse::defuse;

/// How a card is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The HTML subset that Moveworks' Events API is known to take: `<b>`, `<i>`, `<br>`, `<a href>`.
    Moveworks,
    /// The markdown-like text of Moveworks' `notify` step: `*bold*`, `_italic_`, `[label](address)`.
    Markdown,
    /// Text without any markup.
    Plain,
    /// HTML for a page in a browser.
    Html,
}

/// An address that may be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a>(&'a str);

impl<'a> Link<'a> {
    /// The longest link, counted as it is written in HTML: a card has to hold more than its link.
    const MAX_WRITTEN: usize = 1_000;

    /// The address, if it is `http` or `https`, names a host and no user in front of it, is written in printable ASCII
    /// without quotes, brackets of HTML or backslashes, and is not too long for a card.
    pub fn parse(address: &'a str) -> Option<Self> {
        let (scheme, rest) = address.split_once(':')?;
        let rest = rest.strip_prefix("//")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') {
            return None;
        }
        let (mut in_authority, mut written) = (true, address.len());
        for byte in rest.bytes() {
            match byte {
                b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'{' | b'}' | b'|' | 0..=b' ' | 0x7f.. => return None,
                b'@' if in_authority => return None,
                b'/' | b'?' | b'#' => in_authority = false,
                b'&' => written = written.saturating_add("amp;".len()),
                _ => {}
            }
        }
        (written <= Self::MAX_WRITTEN).then_some(Self(address))
    }

    /// The address.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

/// A message in the making.
#[derive(Debug)]
pub struct Markup {
    dialect: Dialect,
    out: String,
}

impl Markup {
    /// An empty message.
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect, out: String::new() }
    }

    /// An empty message with room for so many bytes.
    pub fn with_room(dialect: Dialect, bytes: usize) -> Self {
        Self { dialect, out: String::with_capacity(bytes) }
    }

    /// The bridge's or the operator's own words, in bold.
    pub fn bold(&mut self, words: &str) -> &mut Self {
        let (open, close) = match self.dialect {
            Dialect::Moveworks | Dialect::Html => ("<b>", "</b>"),
            Dialect::Markdown => ("*", "*"),
            Dialect::Plain => ("", ""),
        };
        self.wrapped(open, words, close)
    }

    /// The bridge's or the operator's own words, in italics.
    pub fn italic(&mut self, words: &str) -> &mut Self {
        let (open, close) = match self.dialect {
            Dialect::Moveworks | Dialect::Html => ("<i>", "</i>"),
            Dialect::Markdown => ("_", "_"),
            Dialect::Plain => ("", ""),
        };
        self.wrapped(open, words, close)
    }

    /// A label in italics and what separates it from its value.
    pub fn label(&mut self, words: &str) -> &mut Self {
        self.italic(words);
        self.out.push_str(": ");
        self
    }

    /// The bridge's or the operator's own words.
    pub fn words(&mut self, words: &str) -> &mut Self {
        self.wrapped("", words, "")
    }

    /// Text from a ticket, on one line whatever is in it.
    pub fn ticket_text(&mut self, text: &str) -> &mut Self {
        let text = clean_line(text);
        self.escaped(&defuse(&text));
        self
    }

    /// A new line.
    pub fn line_break(&mut self) -> &mut Self {
        self.out.push_str(match self.dialect {
            Dialect::Moveworks | Dialect::Html => "<br>",
            Dialect::Markdown | Dialect::Plain => "\n",
        });
        self
    }

    /// A link with own words as its label.
    pub fn link(&mut self, words: &str, link: &Link<'_>) -> &mut Self {
        let address = link.as_str();
        match self.dialect {
            Dialect::Moveworks | Dialect::Html => {
                self.out.push_str("<a href=\"");
                self.escaped(address);
                self.out.push_str("\">");
                self.words(words);
                self.out.push_str("</a>");
            }
            Dialect::Markdown => {
                self.out.push('[');
                self.words(words);
                self.out.push_str("](");
                replaced(&mut self.out, address, in_address);
                self.out.push(')');
            }
            Dialect::Plain => {
                self.words(words);
                self.out.push_str(": ");
                self.out.push_str(address);
            }
        }
        self
    }

    /// The message.
    pub fn finish(self) -> String {
        self.out
    }

    /// An empty pair of marks would show as such, so no words write nothing.
    fn wrapped(&mut self, open: &str, words: &str, close: &str) -> &mut Self {
        let words = clean_line(words);
        if !words.is_empty() {
            self.out.push_str(open);
            self.escaped(&words);
            self.out.push_str(close);
        }
        self
    }

    fn escaped(&mut self, text: &str) {
        match self.dialect {
            Dialect::Moveworks | Dialect::Html => replaced(&mut self.out, text, in_html),
            Dialect::Markdown => replaced(&mut self.out, text, in_markdown),
            Dialect::Plain => self.out.push_str(text),
        }
    }
}

/// Writes a text, with something else in the place of some of its ASCII characters.
fn replaced(out: &mut String, text: &str, instead: impl Fn(u8) -> Option<&'static str>) {
    let mut rest = text;
    while let Some((at, written)) = find(rest, &instead) {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(written);
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
    }
    out.push_str(rest);
}

const fn in_html(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        b'\'' => "&#39;",
        _ => return None,
    })
}

const fn in_markdown(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'\\' => r"\\",
        b'*' => r"\*",
        b'_' => r"\_",
        b'~' => r"\~",
        b'`' => r"\`",
        b'[' => r"\[",
        b']' => r"\]",
        b'|' => r"\|",
        _ => return None,
    })
}

/// The four that could end the address of a link in markdown early.
const fn in_address(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'(' => "%28",
        b')' => "%29",
        b'[' => "%5B",
        b']' => "%5D",
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Dialect, Link, Markup};

    fn written(dialect: Dialect, write: impl FnOnce(&mut Markup)) -> String {
        let mut markup = Markup::new(dialect);
        write(&mut markup);
        markup.finish()
    }

    #[test]
    fn each_dialect_has_its_own_marks() {
        let link = Link::parse("https://sdp.corp.example/x?a=1&b=(2)").unwrap();
        let card = |m: &mut Markup| {
            m.bold("Title").line_break().label("Ticket #").ticket_text("874").line_break().link("View", &link);
        };
        assert_eq!(
            written(Dialect::Moveworks, card),
            "<b>Title</b><br><i>Ticket #</i>: 874<br><a href=\"https://sdp.corp.example/x?a=1&amp;b=(2)\">View</a>"
        );
        assert_eq!(
            written(Dialect::Markdown, card),
            "*Title*\n_Ticket #_: 874\n[View](https://sdp.corp.example/x?a=1&b=%282%29)"
        );
        assert_eq!(written(Dialect::Plain, card), "Title\nTicket #: 874\nView: https://sdp.corp.example/x?a=1&b=(2)");
    }

    #[test]
    fn text_cannot_start_markup() {
        let text = "<b>&lt; \"x\" 'y' *a* _b_ ~c~ `d` [e] |f| \\";
        assert_eq!(
            written(Dialect::Moveworks, |m| {
                m.ticket_text(text);
            }),
            "&lt;b&gt;&amp;lt; &quot;x&quot; &#39;y&#39; *a* _b_ ~c~ `d` [e] |f| \\"
        );
        assert_eq!(
            written(Dialect::Markdown, |m| {
                m.ticket_text(text);
            }),
            r#"&lt;b&gt;&amp;lt; "x" 'y' \*a\* \_b\_ \~c\~ \`d\` \[e\] \|f\| \\"#
        );
    }

    #[test]
    fn a_text_is_one_line() {
        let text = written(Dialect::Markdown, |m| {
            m.ticket_text("a\r\nPriority: None\u{2028}b").words("c\nd");
        });
        assert_eq!(text, "a Priority: None bc d");
    }

    #[test]
    fn own_words_keep_their_emoji_codes() {
        let text = written(Dialect::Moveworks, |m| {
            m.bold("🎫 :ticket: <New>");
        });
        assert_eq!(text, "<b>🎫 :ticket: &lt;New&gt;</b>");
    }

    #[test]
    fn no_words_write_no_marks() {
        let text = written(Dialect::Markdown, |m| {
            m.bold("\u{200b}").italic(" ");
        });
        assert_eq!(text, "");
    }

    #[test]
    fn only_web_addresses_are_links() {
        for good in ["https://h", "HTTP://h:8080/p?q=1#f", "https://[::1]/x", "https://h/%20"] {
            assert!(Link::parse(good).is_some(), "{good}");
        }
        let bad = [
            "javascript:alert(1)",
            "javascript://h/%0aalert(1)",
            "data:text/html,x",
            "ftp://h",
            "//h",
            "h",
            "https://",
            "https:///x",
            "https://user@h/",
            "https://h/\"x",
            "https://h/a b",
            "https://h/\n",
            " https://h",
            "https://h\\x",
            "https://h/{{slot}}",
            "https://hé",
        ];
        for bad in bad {
            assert!(Link::parse(bad).is_none(), "{bad}");
        }
        assert!(Link::parse(&format!("https://h/{}", "&".repeat(300))).is_none());
    }
}
