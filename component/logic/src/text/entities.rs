//! Character references such as `&amp;` and `&#39;`, decoded exactly once.
//!
//! The full HTML list has 2,231 names; decoding all of them (crate `html-escape`) adds 75 KB to a component that may
//! have 256 KB. The names below are those of HTML 4, plus the punctuation and the Central European letters that
//! editors write. Any other name stays as it stands, which is readable and, being escaped later, harmless.

/// Longest name in [`NAMED`].
const MAX_NAME: usize = 9;

/// What stands for a number that is no character.
const REPLACEMENT: char = '\u{fffd}';

/// Decodes the reference that `rest` starts with, the `&` included: the character and the length in bytes.
///
/// Numbers may lack the semicolon, as browsers allow. Names must have it, except the five that mark up text itself
/// and `nbsp`, which old mail programs write bare; there no letter, digit or `=` may follow, so that the query string
/// `?a=1&lt=2` stays whole.
pub(super) fn decode(rest: &str) -> Option<(char, usize)> {
    let body = rest.strip_prefix('&')?;
    match body.strip_prefix('#') {
        Some(number) => decode_number(number).map(|(c, len)| (c, len.saturating_add(2))),
        None => decode_name(body).map(|(c, len)| (c, len.saturating_add(1))),
    }
}

fn decode_number(body: &str) -> Option<(char, usize)> {
    let (radix, digits, prefix) = match body.strip_prefix(['x', 'X']) {
        Some(hex) => (16, hex, 1_usize),
        None => (10, body, 0),
    };
    let mut value = 0_u32;
    let mut length = 0_usize;
    for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
        value = value.saturating_mul(radix).saturating_add(digit);
        length = length.saturating_add(1);
    }
    if length == 0 {
        return None;
    }
    let semicolon = usize::from(digits.as_bytes().get(length) == Some(&b';'));
    Some((character(value), prefix.saturating_add(length).saturating_add(semicolon)))
}

/// The numbers 128 to 159 mean Windows' code page 1252, because that is what pages mean that use them.
fn character(value: u32) -> char {
    const WINDOWS_1252: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let windows = value.checked_sub(128).and_then(|index| WINDOWS_1252.get(usize::try_from(index).ok()?)).copied();
    match value {
        0 => REPLACEMENT,
        _ => windows.or_else(|| char::from_u32(value)).unwrap_or(REPLACEMENT),
    }
}

fn decode_name(body: &str) -> Option<(char, usize)> {
    let length = body.bytes().take(MAX_NAME.saturating_add(1)).take_while(u8::is_ascii_alphanumeric).count();
    let name = body.get(..length)?;
    let character = named(name)?;
    match body.as_bytes().get(length) {
        Some(b';') => Some((character, length.saturating_add(1))),
        Some(b'=') => None,
        _ => matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "nbsp").then_some((character, length)),
    }
}

fn named(name: &str) -> Option<char> {
    let first = name.chars().next()?;
    let group = NAMED.iter().find(|group| group.starts_with(first))?;
    group.split(' ').find_map(|entry| {
        // Of a longer name more than its character is left.
        let mut rest = entry.strip_prefix(name)?.chars();
        rest.next().filter(|_| rest.next().is_none())
    })
}

/// Names, each with the character that it stands for behind it; one text for each first letter. As a table of names and
/// characters it would be twice as large.
#[rustfmt::skip]
static NAMED: &[&str] = &[
    "AEligÆ AMP& AacuteÁ AbreveĂ AcircÂ AgraveÀ AlphaΑ AmacrĀ AogonĄ AringÅ AtildeÃ AumlÄ",
    "BetaΒ",
    "COPY© CacuteĆ CcaronČ CcedilÇ ChiΧ",
    "Dagger‡ DcaronĎ DeltaΔ DstrokĐ",
    "ETHÐ EacuteÉ EcaronĚ EcircÊ EgraveÈ EmacrĒ EogonĘ EpsilonΕ EtaΗ EumlË",
    "GT> GammaΓ GbreveĞ",
    "Hat^",
    "IacuteÍ IcircÎ Idotİ IgraveÌ IotaΙ IumlÏ",
    "KappaΚ",
    "LT< LambdaΛ LstrokŁ",
    "MuΜ",
    "NacuteŃ NcaronŇ NewLine\u{a} NtildeÑ NuΝ",
    "OEligŒ OacuteÓ OcircÔ OdblacŐ OgraveÒ OmegaΩ OmicronΟ OslashØ OtildeÕ OumlÖ",
    "PhiΦ PiΠ Prime″ PsiΨ",
    "QUOT\"",
    "REG® RcaronŘ RhoΡ",
    "SacuteŚ ScaronŠ ScedilŞ SigmaΣ",
    "THORNÞ Tab\u{9} TauΤ TcaronŤ ThetaΘ",
    "UacuteÚ UcircÛ UdblacŰ UgraveÙ UpsilonΥ UringŮ UumlÜ",
    "XiΞ",
    "YacuteÝ YumlŸ",
    "ZacuteŹ ZcaronŽ ZdotŻ ZetaΖ",
    "aacuteá abreveă acircâ acute´ aeligæ agraveà alefsymℵ alphaα amacrā amp& and∧ ang∠ aogoną apos' aringå ast* \
     asymp≈ atildeã aumlä",
    "bdquo„ betaβ brvbar¦ bsol\\ bull•",
    "cacuteć cap∩ ccaronč ccedilç cedil¸ cent¢ check✓ checkmark✓ chiχ circˆ clubs♣ colon: comma, commat@ cong≅ copy© \
     copysr℗ crarr↵ cross✗ cup∪ curren¤",
    "dArr⇓ dagger† darr↓ dash‐ dcaronď deg° deltaδ diams♦ divide÷ dollar$ dstrokđ",
    "eacuteé ecaroně ecircê egraveè emacrē empty∅ emsp\u{2003} ensp\u{2002} eogonę epsilonε equals= equiv≡ etaη ethð \
     eumlë euro€ excl! exist∃",
    "fnofƒ forall∀ frac12½ frac14¼ frac34¾ frasl⁄",
    "gammaγ gbreveğ ge≥ grave` gt>",
    "hArr⇔ harr↔ hearts♥ hellip… horbar― hyphen‐",
    "iacuteí icircî iexcl¡ igraveì imageℑ infin∞ inodotı int∫ iotaι iquest¿ isin∈ iumlï",
    "kappaκ",
    "lArr⇐ lambdaλ lang〈 laquo« larr← lbrace{ lbrack[ lceil⌈ lcub{ ldquo“ le≤ lfloor⌊ lowast∗ lowbar_ loz◊ lpar( \
     lrm\u{200e} lsaquo‹ lsqb[ lsquo‘ lstrokł lt<",
    "macr¯ mdash— microµ middot· minus− muμ",
    "nabla∇ nacuteń nbsp\u{a0} ncaronň ndash– ne≠ ni∋ not¬ notin∉ nsub⊄ ntildeñ nuν num# numero№ numsp\u{2007}",
    "oacuteó ocircô odblacő oeligœ ograveò oline‾ omegaω omicronο oplus⊕ or∨ ordfª ordmº oslashø otildeõ otimes⊗ \
     oumlö",
    "para¶ part∂ percnt% period. permil‰ perp⊥ phiφ phone☎ piπ pivϖ plus+ plusmn± pound£ prime′ prod∏ prop∝ psiψ \
     puncsp\u{2008}",
    "quest? quot\"",
    "rArr⇒ radic√ rang〉 raquo» rarr→ rbrace} rbrack] rcaronř rceil⌉ rcub} rdquo” realℜ reg® rfloor⌋ rhoρ rlm\u{200f} \
     rpar) rsaquo› rsqb] rsquo’",
    "sacuteś sbquo‚ scaronš scedilş sdot⋅ sect§ semi; shy\u{ad} sigmaσ sigmafς sim∼ sol/ spades♠ star☆ starf★ sub⊂ \
     sube⊆ sum∑ sup⊃ sup1¹ sup2² sup3³ supe⊇ szligß",
    "tauτ tcaronť there4∴ thetaθ thetasymϑ thinsp\u{2009} thornþ tilde˜ times× trade™",
    "uArr⇑ uacuteú uarr↑ ucircû udblacű ugraveù uml¨ upsihϒ upsilonυ uringů uumlü",
    "vellip⋮ verbar| vert|",
    "weierp℘",
    "xiξ",
    "yacuteý yen¥ yumlÿ",
    "zacuteź zcaronž zdotż zetaζ zwj\u{200d} zwnj\u{200c}",
];

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the table is ASCII; a test may stop")]
mod tests {
    use super::{MAX_NAME, NAMED, decode};

    #[test]
    fn every_name_is_found_in_its_group_and_none_is_longer_than_said() {
        let mut longest = 0;
        let mut names = 0;
        for group in NAMED {
            for entry in group.split(' ') {
                let (at, character) = entry.char_indices().next_back().unwrap();
                let (name, _) = entry.split_at(at);
                let in_its_group = name.chars().next() == group.chars().next();
                assert!(in_its_group && name.chars().all(|c| c.is_ascii_alphanumeric()), "{entry}");
                assert_eq!(decode(&format!("&{name};")), Some((character, name.len() + 2)), "{entry}");
                longest = longest.max(name.len());
                names += 1;
            }
        }
        assert_eq!((names, longest), (355, MAX_NAME));
    }

    #[test]
    fn names_need_their_semicolon_unless_they_mark_up_text() {
        assert_eq!(decode("&eacute;x"), Some(('é', 8)));
        assert_eq!(decode("&copy 2026"), None);
        assert_eq!(decode("&lt 5"), Some(('<', 3)));
        assert_eq!(decode("&lt=5"), None);
        assert_eq!(decode("&ampere"), None);
    }

    #[test]
    fn numbers_are_read_in_both_bases() {
        assert_eq!(decode("&#39;"), Some(('\'', 5)));
        assert_eq!(decode("&#x1F3AB;"), Some(('🎫', 9)));
        assert_eq!(decode("&#0000065 "), Some(('A', 9)));
    }

    #[test]
    fn numbers_that_are_no_character_become_the_replacement() {
        for text in ["&#0;", "&#xD800;", "&#x110000;", "&#99999999999999999999;"] {
            assert_eq!(decode(text), Some(('\u{fffd}', text.len())));
        }
    }

    #[test]
    fn windows_numbers_mean_windows_characters() {
        assert_eq!(decode("&#146;"), Some(('’', 6)));
        assert_eq!(decode("&#x80;"), Some(('€', 6)));
    }

    #[test]
    fn anything_else_is_no_reference() {
        for text in ["&", "& ", "&;", "&#;", "&#x;", "&#g", "&unknown;", "&étude;", "AT&T"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
