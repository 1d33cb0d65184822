//! Text as people may see it: HTML turned into text, hidden characters removed, long text cut.
//!
//! All three run in one pass over their input, without recursion, because descriptions come from strangers.

mod clean;
mod entities;
mod html;
mod scan;
mod words;

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

pub use clean::{clean, clean_line};
pub use html::html_to_text;
pub(crate) use words::{find, is_word};

/// The mark that says: there was more.
const ELLIPSIS: char = '…';

/// At most `max_chars` characters of the text; when something is missing, the last of them is `…`.
///
/// Cuts only between grapheme clusters (what a reader takes for one character), so that an accent or half a family
/// emoji is never left behind. A single cluster longer than the limit leaves the `…` alone; a limit of 0 leaves nothing.
pub fn truncate(input: &str, max_chars: usize) -> Cow<'_, str> {
    if is_within(input, max_chars) {
        return Cow::Borrowed(input);
    }
    let Some(room) = max_chars.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut kept = String::new();
    let mut used = 0_usize;
    for cluster in input.graphemes(true) {
        used = used.saturating_add(cluster.chars().count());
        if used > room {
            break;
        }
        kept.push_str(cluster);
    }
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    Cow::Owned(kept)
}

/// Whether a text has at most so many characters. It never has more of them than bytes.
pub(crate) fn is_within(text: &str, max_chars: usize) -> bool {
    text.len() <= max_chars || text.chars().nth(max_chars).is_none()
}

#[cfg(test)]
mod tests {
    use super::truncate;

    #[test]
    fn a_text_within_the_limit_is_left_alone() {
        assert_eq!(truncate("four", 4), "four");
        assert_eq!(truncate("", 0), "");
    }

    #[test]
    fn the_ellipsis_counts() {
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("abcdef", 1), "…");
    }

    #[test]
    fn a_limit_of_zero_leaves_nothing() {
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn no_space_is_left_before_the_ellipsis() {
        assert_eq!(truncate("one two three", 5), "one…");
    }

    #[test]
    fn a_cluster_is_kept_whole_or_left_out() {
        let family = "👩\u{200d}👩\u{200d}👧 at home";
        assert_eq!(truncate(family, 5), "…");
        assert_eq!(truncate(family, 6), "👩\u{200d}👩\u{200d}👧…");
        assert_eq!(truncate("cafe\u{301} noir", 5), "caf…");
    }
}
