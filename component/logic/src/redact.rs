//! Takes credentials out of answers: some vendors repeat them in the text of an error, which people get to see.

use std::array;
use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::http::HttpRequest;
use crate::text::clean_line;

/// What stands in an answer where a credential was.
const HIDDEN: &[u8] = b"(secret)";

/// Shorter ones are no secrets, and could be part of anything.
const SHORTEST: usize = 8;

/// What may begin an escape: in JSON, in an address, in HTML.
const ESCAPES: [u8; 3] = *br"\%&";

/// The credentials that a request carries.
pub struct Carried<'a> {
    secrets: Vec<Cow<'a, [u8]>>,
    /// For each byte where in one of them it may stand.
    kinds: [u8; 256],
    /// Marks of what the first [`SHORTEST`] bytes of one of them hold, four bytes at a time.
    marks: [u32; 32],
}

/// One of them may begin with this byte.
const FIRST: u8 = 1;
/// It may follow the first one.
const SECOND: u8 = 2;
/// It may begin an escape, so that one of them may begin here whatever follows.
const ESCAPE: u8 = 4;

/// What holds for each byte, whatever the secrets are: an escape, or what nobody sees, may follow every first one.
static ANY: LazyLock<[u8; 256]> = LazyLock::new(|| {
    array::from_fn(|byte| match u8::try_from(byte) {
        Ok(byte) if ESCAPES.contains(&byte) => ESCAPE | SECOND,
        Ok(byte) if byte.is_ascii() && !byte.is_ascii_control() => 0,
        _ => SECOND,
    })
});

impl<'a> Carried<'a> {
    /// Those of its headers, and of its form.
    pub fn by(request: &'a HttpRequest) -> Self {
        let headers = request.headers.iter().filter_map(|(name, value)| match *name {
            "authorization" => Some(value.split_once(' ').map_or(value.as_str(), |(_, credential)| credential)),
            "authtoken" | "x-api-key" => Some(value.as_str()),
            _ => None,
        });
        let form = request.headers.iter().any(|(name, value)| *name == "content-type" && value.ends_with("urlencoded"));
        let body = if form { str::from_utf8(&request.body).unwrap_or_default() } else { "" };
        let fields = body.split('&').filter_map(|field| field.split_once('=')).filter_map(|(name, value)| {
            matches!(name, "client_id" | "client_secret" | "refresh_token").then_some(value)
        });
        // Basic authorisation wraps the secret up together with a name: whoever repeats it may have unwrapped it.
        let mut carried: Vec<Cow<'a, [u8]>> = headers.clone().filter_map(secret_of_pair).map(Cow::Owned).collect();
        for value in headers.chain(fields) {
            carried.extend([value.as_bytes().into(), percent_decode_str(value).into()]);
        }
        carried.retain(|secret| secret.len() >= SHORTEST);
        carried.sort_unstable();
        carried.dedup();
        let mut kinds = *ANY;
        for (at, kind) in [(0, FIRST), (1, SECOND)] {
            let bytes = carried.iter().filter_map(|secret| secret.get(at));
            for byte in bytes.flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]) {
                if let Some(own) = kinds.get_mut(usize::from(byte)) {
                    *own |= kind;
                }
            }
        }
        let mut marks = [0; 32];
        let starts = carried.iter().filter_map(|secret| secret.get(..SHORTEST));
        for four in starts.flat_map(|start| start.windows(4)).filter_map(<[u8]>::first_chunk) {
            let (word, bit) = mark_of(u32::from_le_bytes(*four));
            if let Some(own) = marks.get_mut(word) {
                *own |= bit;
            }
        }
        Self { secrets: carried, kinds, marks }
    }

    /// Takes them out of the body of an answer, in whatever disguise: in the other case, escaped as in JSON, HTML or an
    /// address, or with characters between that nobody sees and that are taken out of every text later.
    // Stays here, where code is made fast; inside its caller it would be made small.
    #[inline(never)]
    pub fn hide(&self, body: &mut Vec<u8>) {
        let (mut clean, mut done, mut at) = (Vec::new(), 0, 0);
        while let Some(next) = body.get(at..).and_then(|rest| self.beginning(rest)) {
            at += next;
            let rest = body.get(at..).unwrap_or_default();
            let Some(length) = self.secrets.iter().filter_map(|secret| said(rest, secret)).max() else {
                at += 1;
                continue;
            };
            clean.extend_from_slice(body.get(done..at).unwrap_or_default());
            clean.extend_from_slice(HIDDEN);
            at += length;
            done = at;
        }
        if done > 0 {
            clean.extend_from_slice(body.get(done..).unwrap_or_default());
            *body = clean;
        }
    }

    /// Where the first secret may begin. Nearly every answer is only looked through here, so eight bytes share one look.
    ///
    /// Where one begins that is not in disguise, eight of its bytes stand together, and four of them fill one half of a
    /// chunk. A disguise among these eight shows there.
    fn beginning(&self, text: &[u8]) -> Option<usize> {
        let begins = |(first, second): (&u8, &u8)| {
            let (first, second) = (self.kind(*first), self.kind(*second));
            (first & (second >> 1) & FIRST) | (first & ESCAPE) != 0
        };
        let within = |from: usize, to: usize| {
            let part = text.get(from..to.min(text.len()))?;
            part.iter().zip(part.iter().skip(1)).position(begins).map(|at| from + at)
        };
        let (chunks, _) = text.as_chunks::<SHORTEST>();
        let from = |chunk: usize| (chunk * SHORTEST).saturating_sub(SHORTEST - 1);
        let mut odd = chunks.iter().enumerate().filter(|(_, chunk)| self.is_odd(chunk));
        odd.find_map(|(at, _)| within(from(at), (at + 1) * SHORTEST + 1))
            .or_else(|| within(from(chunks.len()), text.len()))
    }

    /// Whether a secret may be near these bytes.
    fn is_odd(&self, chunk: &[u8; SHORTEST]) -> bool {
        let bytes = u64::from_le_bytes(*chunk);
        let marked = |four: u64| {
            let (word, bit) = mark_of((four & u64::from(u32::MAX)) as u32);
            self.marks.get(word).is_some_and(|word| word & bit != 0)
        };
        marked(bytes) || marked(bytes >> 32) || has_disguise(bytes)
    }

    fn kind(&self, byte: u8) -> u8 {
        self.kinds.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// Where four bytes leave their mark, whatever the case of their letters: a word, and a bit in it.
const fn mark_of(four: u32) -> (usize, u32) {
    const LOWER: u32 = u32::from_ne_bytes([0x20; 4]);
    // Fibonacci hashing: the highest bits depend on all others.
    let mark = (four | LOWER).wrapping_mul(0x9e37_79b1);
    ((mark >> 27) as usize, 1 << ((mark >> 22) & 31))
}

/// Whether one of eight bytes may begin an escape, or be of a character that nobody sees.
const fn has_disguise(bytes: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    const fn has_zero(bytes: u64) -> u64 {
        bytes.wrapping_sub(ONES) & !bytes
    }
    let [json, address, html] = ESCAPES;
    let escape = has_zero(bytes ^ (ONES * json as u64))
        | has_zero(bytes ^ (ONES * address as u64))
        | has_zero(bytes ^ (ONES * html as u64));
    let control = bytes.wrapping_sub(ONES * b' ' as u64);
    // From DEL on.
    let beyond = bytes | bytes.wrapping_add(ONES);
    (escape | control | beyond) & HIGH != 0
}

/// The secret of `name:secret` in Base64.
fn secret_of_pair(value: &str) -> Option<Vec<u8>> {
    let pair = STANDARD.decode(value).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

/// How many bytes at the beginning of a text say the secret, if they do.
fn said(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }
    let mut at = 0;
    for wanted in secret {
        loop {
            let rest = text.get(at..)?;
            let (sign, length) = sign(rest)?;
            let plain = *rest.first()?;
            match sign {
                Sign::Byte(byte) if byte.eq_ignore_ascii_case(wanted) => at += length,
                Sign::Nothing if at > 0 => {
                    at += length;
                    continue;
                }
                // What looks like an escape may be the secret itself.
                _ if plain.eq_ignore_ascii_case(wanted) => at += 1,
                _ => return None,
            }
            break;
        }
    }
    Some(at)
}

/// What a piece of text stands for.
enum Sign {
    Byte(u8),
    /// A character that nobody sees.
    Nothing,
    Other,
}

/// The sign at the beginning of a text, with its length.
fn sign(text: &[u8]) -> Option<(Sign, usize)> {
    let byte = *text.first()?;
    let escaped = match byte {
        b'\\' => in_json(text),
        b'%' => code(text.get(1..3), 16).map(|code| (code, 3)),
        b'&' => in_html(text),
        _ if byte.is_ascii() => None,
        _ => {
            let length = if byte >= 0xf0 {
                4
            } else if byte >= 0xe0 {
                3
            } else {
                2
            };
            let c = text.get(..length).and_then(|text| str::from_utf8(text).ok()).and_then(|text| text.chars().next());
            c.map(|c| (u32::from(c), length))
        }
    };
    let (code, length) = escaped.unwrap_or((u32::from(byte), 1));
    let sign = match (u8::try_from(code).ok().filter(u8::is_ascii), char::from_u32(code)) {
        (Some(byte), _) if !byte.is_ascii_control() => Sign::Byte(byte),
        (_, Some(c)) if !clean_line(c.encode_utf8(&mut [0; 4])).is_empty() => Sign::Other,
        // A half of a surrogate pair as well: no secret has one.
        _ => Sign::Nothing,
    };
    Some((sign, length))
}

/// `\n`, `\/` or `\u002f`.
fn in_json(text: &[u8]) -> Option<(u32, usize)> {
    match *text.get(1)? {
        b'u' => Some((code(text.get(2..6), 16)?, 6)),
        b'n' | b'r' | b't' | b'b' | b'f' => Some((0, 2)),
        other => Some((u32::from(other), 2)),
    }
}

/// `&amp;`, `&#47;` or `&#x2f;`.
fn in_html(text: &[u8]) -> Option<(u32, usize)> {
    let length = text.iter().take(10).position(|byte| *byte == b';')?;
    let number = match text.get(1..length)? {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => code(Some(digits), 16)?,
        [b'#', digits @ ..] => code(Some(digits), 10)?,
        _ => return None,
    };
    Some((number, length + 1))
}

fn code(digits: Option<&[u8]>, radix: u32) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(digits?).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Carried;
    use crate::http::{HttpRequest, Method};

    fn hidden(request: &HttpRequest, answer: &str) -> String {
        let mut body = answer.as_bytes().to_vec();
        Carried::by(request).hide(&mut body);
        String::from_utf8(body).unwrap()
    }

    fn request() -> HttpRequest {
        HttpRequest::new(Method::Post, "https://sdp.example/x")
    }

    #[test]
    fn what_a_header_carried_is_taken_out_of_an_answer_however_often_it_is_there() {
        let bearer = request().header("authorization", "Bearer key/0123456");
        assert_eq!(hidden(&bearer, "Bearer key/0123456, key\\/0123456!"), "Bearer (secret), (secret)!");
        let key = request().header("authtoken", "AB12CD34").header("accept", "application/json");
        let key_of_atera = request().header("x-api-key", "AB12CD34");
        assert_eq!(hidden(&key_of_atera, "your key AB12CD34"), "your key (secret)");
        let odd = request().header("authtoken", "(secret)");
        assert_eq!(hidden(&odd, "a (secret) b"), "a (secret) b", "and comes to an end");
        assert_eq!(hidden(&key, "AB12CD34 application/json AB12CD3"), "(secret) application/json AB12CD3");
        assert_eq!(hidden(&key, "AB12CD34AB12CD34"), "(secret)(secret)");
        assert_eq!(hidden(&key, "AAB12CD34"), "A(secret)");
    }

    #[test]
    fn what_a_form_carried_is_taken_out_as_it_was_sent_and_as_it_was_meant() {
        let form = "grant_type=refresh_token&refresh_token=1000%2Eabcdef&client_id=1000.ID&client_secret=s";
        let form = request().with_body("application/x-www-form-urlencoded", form);
        let answer = "refresh_token 1000.abcdef 1000%2Eabcdef 1000.ID s";
        assert_eq!(hidden(&form, answer), "refresh_token (secret) (secret) 1000.ID s");
        let json = request().with_body("application/json", "client_secret=0123456789");
        assert_eq!(hidden(&json, "0123456789"), "0123456789");
    }

    #[test]
    fn the_secret_inside_basic_authorisation_is_taken_out_wrapped_and_unwrapped() {
        // ana@corp.example/token:key-0123456789
        let basic = "YW5hQGNvcnAuZXhhbXBsZS90b2tlbjprZXktMDEyMzQ1Njc4OQ==";
        let request = request().header("authorization", format!("Basic {basic}"));
        let answer = format!("{basic} key-0123456789 ana@corp.example");
        assert_eq!(hidden(&request, &answer), "(secret) (secret) ana@corp.example");
    }

    #[test]
    fn what_was_carried_is_taken_out_in_every_disguise_that_a_reader_would_see_through() {
        let key = request().header("authtoken", "ab+/=&<9\"z");
        for disguise in [
            "ab+/=&<9\"z",
            "AB+/=&<9\"Z",
            r#"ab\u002b\/\u003D\u0026\u003c9\"z"#,
            "ab%2B%2f%3D%26%3C9%22z",
            "ab&#43;&#x2F;&#61;&amp;&lt;9&quot;z",
            "a\u{200b}b+/\u{202e}=&\u{e0041}<9\"z",
            r#"a\u200bb+/\n=&\udb40\udc41<9\u0000"z"#,
            "a\u{1}b+/=&<9\"z",
            "a&#98;+/=&<9\"z",
            r#"\u0061b+/=&<9"z"#,
            "%41b+/=&<9\"z",
            "&#x61;b+/=&<9\"z",
        ] {
            assert_eq!(hidden(&key, &format!("[{disguise}]")), "[(secret)]", "{disguise}");
        }
        for other in ["ab+/=&<9\"y", "ab+/=&<9\"", "ab +/=&<9\"z", "ab+/=&<9é\"z", "ab%2", "ab\\u00", "&#;&;", "\\"] {
            assert_eq!(hidden(&key, other), other);
        }
        let odd = request().header("authtoken", "a%41&amp;\\u0041");
        assert_eq!(hidden(&odd, "a%41&amp;\\u0041 aA&A"), "(secret) aA&A");
    }

    #[test]
    fn every_byte_that_may_disguise_shows_wherever_it_stands_among_others() {
        for at in 0..8 {
            for byte in 0..=u8::MAX {
                let mut bytes = *b"aZ09_-{~";
                bytes[at] = byte;
                let disguises = !byte.is_ascii() || byte.is_ascii_control() || b"\\%&".contains(&byte);
                assert_eq!(super::has_disguise(u64::from_ne_bytes(bytes)), disguises, "{byte:#x} at {at}");
            }
        }
    }

    proptest! {
        /// Several bytes are looked at together: where a secret begins among them must not matter.
        #[test]
        fn what_was_carried_is_taken_out_wherever_it_begins(
            before in "[a-cA-C0-2%&\\\\ é]{0,40}", after in "[a-cA-C0-2%&\\\\ é]{0,40}",
            secret in "[a-c][a-c0-2]{7,12}", disguised in prop::option::of(0..8_usize), unseen: bool,
        ) {
            let key = request().header("authtoken", secret.as_str());
            let said = disguised.map_or_else(|| secret.to_uppercase(), |at| {
                let (head, tail) = secret.split_at(at);
                let (first, rest) = tail.split_at(1);
                let byte = first.as_bytes()[0];
                // What nobody sees may follow the first byte.
                if unseen && at > 0 { format!("{head}\u{200b}{tail}") } else { format!("{head}%{byte:02x}{rest}") }
            });
            let found = hidden(&key, &format!("{before}-{said}-{after}"));
            prop_assert!(!found.to_lowercase().contains(&secret), "{found}");
            prop_assert!(found.contains("-(secret)-"), "{found}");
        }

        #[test]
        fn an_answer_without_a_secret_is_left_as_it_is(answer in "[a-z%&\\\\ \u{1}é]{0,200}") {
            prop_assert_eq!(hidden(&request().header("authtoken", "AB12CD34"), &answer), answer);
        }
    }
}
