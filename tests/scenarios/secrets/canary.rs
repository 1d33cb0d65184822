//! Values to be looked for, and the search for them.

use std::collections::BTreeSet;

use approval_bridge::variables::KNOWN;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// So many bytes of a secret are enough to be called shown.
const PIECE: usize = 9;

/// A value that stands nowhere else, of which every piece tells whose it is, and of which every way to escape changes
/// something.
pub(super) fn canary(name: &str) -> String {
    let number = KNOWN.iter().position(|known| known.name == name).unwrap_or(99);
    format!("zq{number:02}+k/x=").repeat(4)
}

/// A text, as it is and as its readers could read it.
pub(super) struct Place(Vec<String>);

impl Place {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let plain = String::from_utf8_lossy(bytes).into_owned();
        let json = unescaped(&plain.replace("\\/", "/"), "\\u", 4, "");
        let html = unescaped(&json.replace("&amp;", "&"), "&#x", 2, ";");
        let percent = unescaped(&html, "%", 2, "");
        let mut readings = vec![plain, json, html, percent];
        readings.dedup();
        let mut both: Vec<_> = readings.iter().map(|text| text.to_ascii_lowercase()).collect();
        both.append(&mut readings);
        Self(both)
    }

    /// Whether any piece of a secret is in there: as it is, in the other case, escaped, in base64 or in hex.
    pub(super) fn shows(&self, secret: &str) -> bool {
        let pieces: BTreeSet<&[u8]> = secret.as_bytes().windows(PIECE).collect();
        pieces.into_iter().any(|piece| {
            let plain = std::str::from_utf8(piece).expect("secrets are ASCII").to_ascii_lowercase();
            let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            let encoded = [plain, hex, STANDARD_NO_PAD.encode(piece), URL_SAFE_NO_PAD.encode(piece)];
            self.0.iter().any(|reading| encoded.iter().any(|piece| reading.contains(piece)))
        })
    }
}

pub(super) fn shows(place: &[u8], secret: &str) -> bool {
    Place::new(place).shows(secret)
}

/// The text with every escape of this form replaced by what it stands for.
fn unescaped(text: &str, mark: &str, digits: usize, end: &str) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        match code.zip(part.get(digits..).and_then(|rest| rest.strip_prefix(end))) {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push_str(mark);
                out.push_str(part);
            }
        }
    }
    out
}

#[test]
fn the_search_finds_a_secret_in_all_its_disguises() {
    let secret = canary("api_token");
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for place in [
        secret.clone(),
        secret.to_uppercase(),
        format!("…{}…", secret.get(5..15).expect("long enough")),
        STANDARD_NO_PAD.encode(format!("a{secret}")),
        URL_SAFE_NO_PAD.encode(format!("ab{secret}")),
        hex.to_uppercase(),
        hex,
        secret.replace('/', "\\/").replace('=', "\\u003d"),
        secret.replace('=', "&#x3d;").replace('+', "&#x2B;"),
        secret.replace('/', "%2f").replace('=', "%3D").replace('+', "%2b"),
    ] {
        assert!(shows(place.as_bytes(), &secret), "{place}");
    }
    assert!(!shows(canary("action_secret").as_bytes(), &secret));
}
