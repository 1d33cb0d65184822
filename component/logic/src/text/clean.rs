//! Removes what a reader cannot see but a display obeys.

use std::borrow::Cow;

use super::words::plain_beginning;

/// At most this many accents may be stacked on one letter. Real spellings need three at most; more of them paint over
/// the lines above and below, which belong to other fields.
const MAX_STACKED_MARKS: u8 = 4;

/// The text without hidden characters, with plain spacing. Line breaks stay, at most one empty line in a row.
///
/// - Every kind of line end becomes a line feed, every other white space becomes a space; runs become one, and the
///   ends of lines and of the text are trimmed.
/// - Control characters, direction marks, overrides and isolates, zero-width and other invisible format characters,
///   fillers, tag characters and noncharacters go away.
/// - Joiners (U+200C, U+200D) stay only between two characters that are both emoji, or both of the scripts from
///   Arabic to Khmer and Mongolian that spell with them. Anywhere else they only make two equal words differ.
/// - An emoji variation selector stays only behind a character that has an emoji form.
///
/// Cleaning a clean text changes nothing.
pub fn clean(input: &str) -> Cow<'_, str> {
    cleaned(input, false)
}

/// [`clean`] on one line: line breaks become spaces, so that a value cannot start a line of its own.
pub fn clean_line(input: &str) -> Cow<'_, str> {
    cleaned(input, true)
}

fn cleaned(input: &str, one_line: bool) -> Cow<'_, str> {
    // Nearly all text is.
    if plain_beginning(input) == input.len() {
        return Cow::Borrowed(input);
    }
    let mut out = Spaced { text: String::with_capacity(input.len().min(1 << 16)), ..Spaced::default() };
    let mut rest = input;
    loop {
        let (plain, after) = rest.split_at_checked(plain_beginning(rest)).unwrap_or(("", rest));
        if !plain.is_empty() {
            out.push_plain(plain);
        }
        let mut chars = after.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        let next = chars.next();
        match c {
            '\r' if next == Some('\n') => {}
            _ if c.is_whitespace() || c == BRAILLE_BLANK => {
                if is_line_end(c) && !one_line {
                    out.line_end();
                } else {
                    out.space();
                }
            }
            '\u{200c}' | '\u{200d}' => {
                if out.last().zip(next).is_some_and(|(a, b)| may_be_joined(a, b)) {
                    out.push(c);
                }
            }
            '\u{fe0e}' | '\u{fe0f}' => {
                let keycap = next == Some('\u{20e3}');
                if out.last().is_some_and(|c| is_emoji(c) || (keycap && matches!(c, '0'..='9' | '#' | '*'))) {
                    out.push(c);
                }
            }
            _ if is_hidden(c) => {}
            _ => out.push(c),
        }
    }
    Cow::Owned(out.text)
}

/// Looks like a space, is none by its class.
const BRAILLE_BLANK: char = '\u{2800}';

/// Text whose white space is written late, so that none is written at the ends or twice.
#[derive(Default)]
struct Spaced {
    text: String,
    spaces: bool,
    line_ends: u8,
    marks: u8,
}

impl Spaced {
    fn space(&mut self) {
        self.spaces = true;
    }

    fn line_end(&mut self) {
        self.line_ends = self.line_ends.saturating_add(1);
    }

    /// The character right before the next one; none if white space is in between.
    fn last(&self) -> Option<char> {
        if self.spaces || self.line_ends > 0 { None } else { self.text.chars().next_back() }
    }

    fn push(&mut self, c: char) {
        self.marks = if is_stacking_mark(c) { self.marks.saturating_add(1) } else { 0 };
        if self.marks > MAX_STACKED_MARKS {
            return;
        }
        self.space_out();
        self.text.push(c);
    }

    /// Text that begins and ends with visible ASCII.
    fn push_plain(&mut self, text: &str) {
        self.marks = 0;
        self.space_out();
        self.text.push_str(text);
    }

    /// Writes the white space that is due.
    fn space_out(&mut self) {
        if !self.text.is_empty() {
            if self.line_ends > 0 {
                self.text.push_str(if self.line_ends > 1 { "\n\n" } else { "\n" });
            } else if self.spaces {
                self.text.push(' ');
            }
        }
        self.spaces = false;
        self.line_ends = 0;
    }
}

pub(super) const fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const fn is_hidden(c: char) -> bool {
    c.is_ascii_control()
        || matches!(c,
            '\u{80}'..='\u{9f}'
            | '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

const fn is_stacking_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{27bf}'
        | '\u{2900}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

const fn spells_with_joiners(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && !is_hidden(c)
}

const fn may_be_joined(before: char, after: char) -> bool {
    ((is_emoji(before) || before == '\u{fe0f}') && is_emoji(after))
        || (spells_with_joiners(before) && spells_with_joiners(after))
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_line};

    #[test]
    fn direction_overrides_and_isolates_go() {
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{2069}\u{200f}\u{61c}d"), "abcd");
    }

    #[test]
    fn invisible_characters_go() {
        assert_eq!(clean("pass\u{200b}w\u{ad}o\u{2060}r\u{feff}d\u{e0041}\u{3164}\u{34f}"), "password");
    }

    #[test]
    fn control_characters_go_and_line_ends_become_one_kind() {
        assert_eq!(clean("a\u{0}\u{1b}[31mb\u{9b}\r\nc\rd\u{2028}e\u{b}f"), "a[31mb\nc\nd\ne\nf");
    }

    #[test]
    fn spaces_are_collapsed_and_trimmed() {
        assert_eq!(clean("  a \t\u{a0}\u{3000} b  \n  c \u{2800}"), "a b\nc");
    }

    #[test]
    fn at_most_one_empty_line_in_a_row() {
        assert_eq!(clean("a\n\n \n\u{200b}\n\nb"), "a\n\nb");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(clean_line("Mallory\r\nPriority: None\u{2029}x"), "Mallory Priority: None x");
    }

    #[test]
    fn joiners_stay_in_emoji_and_where_spelling_needs_them() {
        for kept in ["👩\u{200d}🚒", "❤\u{fe0f}\u{200d}🔥", "👁\u{fe0f}\u{200d}🗨", "می\u{200c}خواهم", "क्\u{200d}ष"]
        {
            assert_eq!(clean(kept), kept);
        }
    }

    #[test]
    fn joiners_go_everywhere_else() {
        assert_eq!(clean("ad\u{200d}min\u{200c} \u{200d}👩\u{200d} \u{200d}\u{200d}"), "admin 👩");
        assert_eq!(clean("👩\u{200d}\u{200d}\u{200d}🚒"), "👩\u{200d}🚒");
    }

    #[test]
    fn variation_selectors_stay_only_behind_emoji() {
        assert_eq!(clean("1\u{fe0f}\u{20e3} a\u{fe0f} ☎\u{fe0f}\u{fe0f}"), "1\u{fe0f}\u{20e3} a ☎\u{fe0f}");
    }

    #[test]
    fn stacked_accents_are_limited() {
        let tower = format!("Z{}o", "\u{300}".repeat(100));
        assert_eq!(clean(&tower), format!("Z{}o", "\u{300}".repeat(4)));
    }

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in ["Größe ≥ 5 µm", "مرحبا بالعالم", "שלום", "日本語、テスト", "नमस्ते", "🎫 New", "🇩🇪", "👍🏽"]
        {
            assert_eq!(clean(text), text);
        }
    }
}
