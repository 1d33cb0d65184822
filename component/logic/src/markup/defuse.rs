//! Makes ticket text inert in a chat without hiding what it says.
//!
//! Chat clients turn plain text into links, mentions and pictures by themselves, so escaping is not enough. Every break
//! is visible: a reader sees that something was written there, and what.

use std::borrow::Cow;

use crate::text::find;

/// Words that make a link when a colon and something else follow, without any `//`.
const SCHEMES: &[&str] =
    &["callto", "data", "javascript", "mailto", "msteams", "sip", "skype", "slack", "sms", "tel", "vbscript"];

/// Endings of files that are no top-level domains. No client links them, so names of files stay readable.
const FILES: &[&str] = &[
    "bak", "bat", "bmp", "csv", "dll", "doc", "docx", "exe", "gif", "htm", "html", "ini", "jpeg", "jpg", "js", "json",
    "log", "msi", "pdf", "png", "ppt", "pptx", "sql", "tmp", "txt", "xls", "xlsx", "xml", "yaml",
];

/// The text with everything broken that a chat client would make live:
///
/// | in the ticket | in the card | why it is enough |
/// |---|---|---|
/// | `https://x.example` | `https[:]//x[.]example` | no scheme, no host |
/// | `www.x.example`, `x.example` | `www[.]x[.]example` | clients link bare hosts too |
/// | `ana@corp.example` | `ana@corp[.]example` | readable, but no address that becomes `mailto:` |
/// | `mailto:…`, `javascript:…` | `mailto[:]…` | |
/// | `@here`, `@ana` | `@ here` | only at the start of a word, so addresses keep their `@` |
/// | `:smile:` | `: smile:` | times and hardware addresses (`10:30:45`, `00:1A:2B`) stay |
/// | `{{slot}}` | `{ {slot}}` | Moveworks' own templates |
///
/// Defusing a defused text changes nothing.
pub fn defuse(text: &str) -> Cow<'_, str> {
    // What stands in front of `done` has been written; nothing, as long as nothing had to be broken.
    let (mut out, mut done, mut at) = (String::new(), 0, 0);
    while let Some((step, ())) = text.get(at..).and_then(|rest| find(rest, |byte| may_be_live(byte).then_some(()))) {
        let here = at.saturating_add(step);
        let Some((inert, found)) = text.split_at_checked(here).and_then(|(own, rest)| Some((own.get(done..)?, rest)))
        else {
            break;
        };
        let mut chars = found.chars();
        let Some(c) = chars.next() else { break };
        at = here.saturating_add(c.len_utf8());
        // What has been written, not what has been read: a break that is already there separates words too.
        let before = inert.chars().next_back().or_else(|| out.chars().next_back());
        let after = chars.as_str();
        let broken = match c {
            ':' if after.starts_with("//") || is_scheme(inert, after) => ["[", ":", "]"],
            ':' if is_emoji_code(before, after) => [":", " ", ""],
            '@' if is_mention(before, after) => ["@", " ", ""],
            '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' if is_host_dot(c, before, after) => {
                ["[", found.get(..c.len_utf8()).unwrap_or_default(), "]"]
            }
            '{' if after.starts_with('{') => ["{", " ", ""],
            _ => continue,
        };
        if out.is_empty() {
            out.reserve(text.len().saturating_add(8));
        }
        out.push_str(inert);
        out.extend(broken);
        done = at;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Whether a byte begins one of the characters that make text live. Two of them begin those of other scripts' dots.
const fn may_be_live(byte: u8) -> bool {
    matches!(byte, b':' | b'@' | b'.' | b'{' | 0xe3 | 0xef)
}

/// Every break ends with what is no letter: the word before the colon stands in what was not broken.
fn is_scheme(inert: &str, after: &str) -> bool {
    let word = inert.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word)) && after.starts_with(|c: char| !c.is_whitespace())
}

/// The digits of times and addresses are told from codes by what stands in front of the colon.
fn is_emoji_code(before: Option<char>, after: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '\'');
    let Some((name, _)) = after.split_once(|c| !is_name(c)).filter(|(name, _)| !name.is_empty()) else {
        return false;
    };
    let closed = after.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let in_number = before.is_some_and(|c| c.is_ascii_hexdigit() || c == ':');
    let digits = name.bytes().all(|b| b.is_ascii_hexdigit()) && (name.len() <= 2 || name.contains(char::is_numeric));
    closed && !(in_number && digits)
}

fn is_mention(before: Option<char>, after: &str) -> bool {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !in_word && after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// A dot between a word and what may be a top-level domain. The dots of other scripts count only between ASCII words:
/// browsers take them for dots in hosts, but writers end sentences with them.
fn is_host_dot(dot: char, before: Option<char>, after: &str) -> bool {
    let label_end = after.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(after.len());
    let label = after.get(..label_end).unwrap_or_default();
    before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        && label.starts_with(char::is_alphabetic)
        && label.chars().nth(1).is_some()
        && !FILES.iter().any(|ending| ending.eq_ignore_ascii_case(label))
        && (dot == '.' || (label.is_ascii() && before.is_some_and(|c| c.is_ascii())))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::defuse;

    #[test]
    fn links_are_broken_and_readable() {
        assert_eq!(defuse("see https://evil.example/x?y"), "see https[:]//evil[.]example/x?y");
        assert_eq!(
            defuse("www.evil.com, evil.com/x.pdf EVIL.CO.UK"),
            "www[.]evil[.]com, evil[.]com/x.pdf EVIL[.]CO[.]UK"
        );
        assert_eq!(defuse("evil.pdf.com evil。com"), "evil.pdf[.]com evil[。]com");
        assert_eq!(defuse("javascript:alert(1) MailTo:a@b.co"), "javascript[:]alert(1) MailTo[:]a@b[.]co");
    }

    #[test]
    fn mentions_are_broken_and_addresses_only_where_they_link() {
        assert_eq!(defuse("@here (@ana) ana@corp.example"), "@ here (@ ana) ana@corp[.]example");
        assert_eq!(defuse("2 @ 5 €, x@y"), "2 @ 5 €, x@y");
    }

    #[test]
    fn emoji_codes_are_broken() {
        assert_eq!(defuse(":smile: a:+1:b :100: a:bee: :smile:cat:"), ": smile: a: +1:b : 100: a: bee: : smile: cat:");
    }

    #[test]
    fn one_break_does_not_hide_the_need_for_another() {
        assert_eq!(defuse("javascript::a:"), "javascript[:]: a:");
    }

    #[test]
    fn templates_are_broken() {
        assert_eq!(defuse("{{{slot}}} {x}"), "{ { {slot}}} {x}");
    }

    #[test]
    fn everyday_text_is_left_alone() {
        for text in [
            "The A/V Equipment in Conference Room B has stopped working. The internals are fried.",
            "2026-03-05 10:30:45, v2.0.1, 10.0.0.5, 3.5mm, 1.000,50 €",
            "00:1A:2B:3C:4D:5E fe80::1:2 ratio 3:2",
            "report.pdf, budget.XLSX e.g. i.e. U.S.A. ...",
            "Note: done. 5 < 6 & 7 > 2; R&D @ 9",
            "版本。说明",
        ] {
            assert_eq!(defuse(text), text);
        }
    }

    #[test]
    fn hostile_input_takes_time_in_proportion() {
        for piece in [":", ":a", "a.", ".a", "@", "{", "data:", "a:a:", "://"] {
            let text = piece.repeat(200_000);
            let started = Instant::now();
            let _text = defuse(&text);
            assert!(started.elapsed() < Duration::from_secs(5), "{piece}");
        }
        for text in ["a".repeat(500_000), format!("{}.a", "a".repeat(500_000)), format!("a.{}", "a".repeat(500_000))] {
            let _text = defuse(&text);
        }
    }
}
