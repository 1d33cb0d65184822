//! Text looked at eight bytes at a time. Every text is asked whether it needs anything, and nearly none does.

/// Eight bytes of text.
const WIDTH: usize = 8;

/// The highest bit of each byte.
const HIGH: u64 = each(0x80);

/// That of the last byte.
const LAST: u64 = 1 << (u64::BITS - 1);

/// A word that has this in each of its bytes.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WIDTH])
}

/// Has the highest bit of each byte of an ASCII word that is one of `low..=high`. What its other bits are means nothing.
const fn within(word: u64, low: u8, high: u8) -> u64 {
    // No sum carries over into the next byte, because those of ASCII are below 0x80.
    word.wrapping_add(each(0x80 - low)) & !word.wrapping_add(each(0x7f - high))
}

/// The length of the longest beginning that is clean whatever follows it: visible ASCII with single spaces in between.
pub(super) fn plain_beginning(text: &str) -> usize {
    let (words, rest) = text.as_bytes().as_chunks();
    // The text begins as if a space stood in front of it: another one is not clean.
    let (mut done, mut before) = (0_usize, LAST);
    for word in words {
        let Some(spaces) = single_spaces(word, before) else { break };
        before = spaces;
        done = done.saturating_add(WIDTH);
    }
    let passed = text.len() == done.saturating_add(rest.len()) && single_spaces(&last_word(text), 0).is_some();
    if passed && !text.starts_with(' ') && !text.ends_with(' ') {
        return text.len();
    }
    let mut space = before & LAST != 0;
    let mut end = done.saturating_sub(usize::from(space));
    for (at, byte) in text.bytes().enumerate().skip(done) {
        match byte {
            b'!'..=b'~' => (end, space) = (at.saturating_add(1), false),
            b' ' if !space => space = true,
            _ => break,
        }
    }
    end
}

/// The spaces of a word, each as the highest bit of its byte, given those of the word in front of it; none where it holds
/// anything else than visible ASCII, or a space behind another one.
fn single_spaces(word: &[u8; WIDTH], before: u64) -> Option<u64> {
    let word = u64::from_le_bytes(*word);
    let spaces = HIGH & !within(word, b'!', b'~');
    let ascii = word & HIGH == 0 && within(word, b' ', b'~') & HIGH == HIGH;
    let doubled = spaces & (spaces << 8 | before >> (u64::BITS - 8));
    (ascii && doubled == 0).then_some(spaces)
}

/// The first byte of a text for which there is something, with its place. There must be nothing for letters and digits of
/// ASCII, spaces, `!` and `/`: words of these are passed over.
pub(crate) fn find<T>(text: &str, something: impl Fn(u8) -> Option<T>) -> Option<(usize, T)> {
    let (words, rest) = text.as_bytes().as_chunks::<WIDTH>();
    let look = |from: usize, bytes: &[u8]| (from..).zip(bytes).find_map(|(at, byte)| Some((at, something(*byte)?)));
    let mut at = 0_usize;
    for word in words {
        if !is_inert(u64::from_le_bytes(*word)) {
            let found = look(at, word);
            if found.is_some() {
                return found;
            }
        }
        at = at.saturating_add(WIDTH);
    }
    if is_inert(u64::from_le_bytes(last_word(text))) { None } else { look(at, rest) }
}

/// Whether a text is made of letters and digits of ASCII, `-` and `_`.
pub(crate) fn is_word(text: &str) -> bool {
    let (words, _) = text.as_bytes().as_chunks();
    words.iter().chain([&last_word(text)]).all(|word| {
        let word = u64::from_le_bytes(*word);
        let letters = within(word | each(0x20), b'a', b'z');
        let others = within(word, b'0', b'9') | within(word, b'-', b'-') | within(word, b'_', b'_');
        word & HIGH == 0 && (letters | others) & HIGH == HIGH
    })
}

/// The last eight bytes of a text; what it is shorter, there are letters in front of it.
fn last_word(text: &str) -> [u8; WIDTH] {
    let text = text.as_bytes();
    let mut word = [b'a'; WIDTH];
    match text.last_chunk() {
        Some(end) => word = *end,
        None => word.iter_mut().rev().zip(text.iter().rev()).for_each(|(own, byte)| *own = *byte),
    }
    word
}

/// Whether a word is made of letters and digits of ASCII, spaces, `!` and `/`.
const fn is_inert(word: u64) -> bool {
    let letters = within(word | each(0x20), b'a', b'z');
    word & HIGH == 0 && (letters | within(word, b'/', b'9') | within(word, b' ', b'!')) & HIGH == HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{find, is_inert, is_word, plain_beginning};

    #[test]
    fn a_word_is_inert_where_each_of_its_bytes_is() {
        for byte in 0..=u8::MAX {
            let inert = byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'!' | b'/');
            for at in 0..8 {
                let mut word = *b"aZ09 !/m";
                word[at] = byte;
                assert_eq!(is_inert(u64::from_le_bytes(word)), inert, "{byte} at {at}");
            }
        }
    }

    /// [`plain_beginning`], byte by byte.
    fn plain_bytes(text: &str) -> usize {
        let bytes = text.as_bytes();
        let clean = |at: &usize| match bytes[*at] {
            b' ' => *at > 0 && bytes[at - 1] != b' ',
            byte => byte.is_ascii_graphic(),
        };
        let end = (0..bytes.len()).take_while(clean).count();
        text.get(..end).unwrap_or_default().trim_end().len()
    }

    proptest! {
        #[test]
        fn the_plain_beginning_is_that_of_its_bytes(text in "[ a!~\u{7f}\n\u{1f}é🎫-]{0,4}[ -~]{0,40}[ a\n\u{7f}é]{0,3}[ -~]{0,20}") {
            prop_assert_eq!(plain_beginning(&text), plain_bytes(&text), "{:?}", text);
        }

        #[test]
        fn words_are_plain_whatever_their_lengths(words in prop::collection::vec("[!-~]{1,12}", 1..8)) {
            let text = words.join(" ");
            prop_assert_eq!(plain_beginning(&text), text.len());
        }

        #[test]
        fn a_word_is_one_whatever_its_length(text in "[a-zA-Z0-9_-]{0,20}([ -~é][a-z0-9]{0,10})?") {
            let own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            prop_assert_eq!(is_word(&text), text.chars().all(own));
        }

        #[test]
        fn what_is_sought_is_found_wherever_it_is(text in "[a-zA-Z0-9 !/é]{0,40}[.:&]{0,2}[a-z ._é]{0,20}") {
            let wanted = |byte| matches!(byte, b'.' | b':' | b'&' | b'_' | 0xc3).then_some(byte);
            let place = text.bytes().position(|byte| wanted(byte).is_some());
            let found = place.and_then(|at| Some((at, wanted(text.as_bytes()[at])?)));
            prop_assert_eq!(find(&text, wanted), found);
        }
    }
}
