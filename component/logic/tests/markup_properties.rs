//! What must hold for any text that a stranger can put into a ticket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests"
)]

use std::borrow::Cow;
use std::sync::Arc;

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::card::{CARD_MAX, Card, CardKind, CardStyle, FieldKind, render};
use approval_logic::markup::{Dialect, Markup, defuse};
use approval_logic::text::{clean, clean_line, html_to_text, truncate};
use proptest::prelude::*;

/// Pieces that do harm somewhere, for a generator that would hardly find them by chance.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</b>",
    "</i>",
    "<b>",
    "<br>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<a href=\"",
    "<li>",
    "<p>",
    "</p>",
    "<pre>",
    "<head>",
    "<title>",
    "&",
    "&lt;",
    "&amp;",
    "&#60;",
    "&#x202e;",
    "&quot;",
    "&#0;",
    "\"",
    "'",
    "`",
    "*",
    "_",
    "~",
    "[",
    "]",
    "(",
    ")",
    "|",
    "\\",
    "{{",
    "}}",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{1b}",
    "\u{85}",
    "\u{2028}",
    "\u{a0}",
    "\u{3000}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{200e}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{61c}",
    "\u{ad}",
    "\u{feff}",
    "\u{fe0f}",
    "\u{e0041}",
    "\u{301}",
    "\u{20e3}",
    "1",
    "é",
    "👩",
    "❤",
    "👍🏽",
    "🇩🇪",
    "می",
    "क्",
    "ष",
    "https://",
    "evil.com",
    "evil.doc",
    "javascript:",
    "mailto:",
    "@",
    "@here",
    "ana@corp.example",
    ":",
    ":smile:",
    ".",
    "。",
    "Priority: None",
    " ",
    "a",
    "ab",
    "/",
    "!",
    "#",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z]{1,9}",
    ];
    prop_oneof![
        8 => prop::collection::vec(piece.clone(), 0..40).prop_map(|pieces| pieces.concat()),
        1 => (piece, 100..3_000_usize).prop_map(|(piece, times)| piece.repeat(times)),
        1 => any::<String>(),
    ]
}

fn person() -> impl Strategy<Value = Option<Person>> {
    prop::option::of(
        (prop::option::of(text()), prop::option::of(text())).prop_map(|(name, email)| Person { name, email }),
    )
}

fn approval() -> impl Strategy<Value = Approval> {
    let texts = (text(), prop::option::of(text()), prop::option::of(text()), prop::option::of(text()));
    let rest = (prop::option::of(text()), any::<Option<i64>>(), any::<Option<u32>>());
    (texts, rest, person(), person(), person()).prop_map(
        |((number, title, description, priority), (link, sent_at, level), requester, approver, original_approver)| {
            Approval {
                id: ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap(),
                ticket: Arc::new(Ticket {
                    kind: TicketKind::Request,
                    id: "874".to_owned(),
                    number,
                    title,
                    description,
                    requester,
                    priority,
                    // Half of the links begin like good ones.
                    link: link
                        .map(|link| if link.len() % 2 == 0 { format!("https://sdp.example/{link}") } else { link }),
                }),
                level,
                approver,
                original_approver,
                status: Status::Pending,
                sent_at,
                decided_at: None,
                decided_by: None,
                comment: None,
                details: Vec::new(),
            }
        },
    )
}

fn kind() -> impl Strategy<Value = CardKind> {
    prop_oneof![
        Just(CardKind::Pending),
        any::<u32>().prop_map(|number| CardKind::Reminder { number }),
        prop::option::of(text()).prop_map(|by| CardKind::Closed { outcome: Status::Approved, by }),
    ]
}

fn all_fields() -> CardStyle {
    CardStyle { fields: FieldKind::ALL.to_vec().into(), ..CardStyle::default() }
}

/// The tags of Moveworks markup, in order. Anything that is not exactly one of the allowed ones is a failure, and so is
/// a bare `&`, `<`, `>` or quote in text.
fn tags(markup: &str) -> Result<Vec<&str>, String> {
    let mut tags = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
        rest = &rest[at..];
        let known = ["<b>", "</b>", "<i>", "</i>", "<br>", "</a>"].into_iter().find(|tag| rest.starts_with(tag));
        let entity = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].into_iter().find(|entity| rest.starts_with(entity));
        if let Some(tag) = known {
            tags.push(tag);
            rest = &rest[tag.len()..];
        } else if let Some(entity) = entity {
            rest = &rest[entity.len()..];
        } else if let Some(link) = rest.strip_prefix("<a href=\"") {
            let (address, after) = link.split_once("\">").ok_or("an unclosed link")?;
            let plain = address.replace("&amp;", "");
            if !["http://", "https://"].iter().any(|web| address.to_lowercase().starts_with(web))
                || plain.contains(['<', '>', '"', '\'', '&'])
            {
                return Err(format!("a foreign or broken address {address:?}"));
            }
            tags.push("<a>");
            rest = after;
        } else {
            return Err(format!("stray markup at {:?}", rest.chars().take(20).collect::<String>()));
        }
    }
    Ok(tags)
}

/// The tags that a card must have, and no others.
fn expected_tags(card: &Card) -> Vec<&'static str> {
    let mut tags = vec!["<b>", "</b>"];
    for _ in &card.fields {
        tags.extend(["<br>", "<i>", "</i>"]);
    }
    if card.note.is_some() {
        tags.push("<br>");
    }
    if card.link.is_some() {
        tags.extend(["<br>", "<a>", "</a>"]);
    }
    tags
}

fn hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' | '\u{2028}' | '\u{2029}')
}

/// What a chat client would turn into a link, a mention or a picture; looser than what we look for when defusing.
fn live(text: &str) -> Option<String> {
    let words = || text.split(|c: char| c.is_whitespace());
    let host = |word: &str| {
        word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).any(|host| {
            host.rsplit_once('.').is_some_and(|(name, top)| name.ends_with(char::is_alphanumeric) && top == "com")
        })
    };
    words()
        .find(|word| word.contains("://") || word.contains(":smile:") || word.starts_with("@here") || host(word))
        .map(str::to_owned)
        .or_else(|| text.contains("{{").then(|| "{{".to_owned()))
}

/// Whether a character that starts markup stands without its backslash.
fn unescaped(text: &str, marks: &[char]) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let bare = !escaped && marks.contains(&c);
        escaped = !escaped && c == '\\';
        bare
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_moveworks_card_has_its_own_tags_and_no_others(approval in approval(), kind in kind()) {
        let card = render(&approval, &kind, &all_fields());
        let markup = card.to_moveworks();
        prop_assert_eq!(tags(&markup).map_err(TestCaseError::fail)?, expected_tags(&card));
    }

    #[test]
    fn no_card_is_too_long_or_hides_anything(approval in approval(), kind in kind()) {
        let card = render(&approval, &kind, &all_fields());
        for text in [card.to_moveworks(), card.to_markdown()] {
            prop_assert!(text.chars().count() <= CARD_MAX);
            prop_assert!(!text.chars().any(hidden), "{:?}", text);
        }
        prop_assert!(!card.to_text().chars().any(hidden));
        prop_assert!(card.to_html().chars().count() < 20_000);
    }

    #[test]
    fn a_value_stays_on_its_line(approval in approval(), kind in kind()) {
        let card = render(&approval, &kind, &all_fields());
        let lines = 1 + card.fields.len() + usize::from(card.note.is_some()) + usize::from(card.link.is_some());
        prop_assert_eq!(card.to_markdown().split('\n').count(), lines);
        prop_assert!(card.fields.iter().all(|field| !field.value.contains('\n') && !field.value.is_empty()));
        prop_assert_eq!(card.fields.len(), FieldKind::ALL.len());
    }

    #[test]
    fn nothing_from_a_ticket_is_live(approval in approval(), kind in kind()) {
        let mut approval = approval;
        Arc::make_mut(&mut approval.ticket).link = None;
        let card = render(&approval, &kind, &all_fields());
        for text in [card.to_moveworks(), card.to_text()] {
            prop_assert_eq!(live(&text.replace("<br>", "\n")), None, "{}", text);
        }
        for field in &card.fields {
            prop_assert_eq!(live(&field.value), None, "{}", &field.value);
        }
    }

    #[test]
    fn a_text_cannot_start_markdown(text in text()) {
        let mut markup = Markup::new(Dialect::Markdown);
        markup.ticket_text(&text);
        let out = markup.finish();
        prop_assert!(!unescaped(&out, &['*', '_', '~', '`', '[', ']', '|']), "{}", out);
        prop_assert!(!out.contains(['<', '>']));
    }

    #[test]
    fn html_becomes_clean_text_without_scripts(text in text()) {
        let plain = html_to_text(&text);
        prop_assert!(!plain.chars().any(hidden));
        prop_assert!(!plain.contains("\n\n\n") && !plain.contains("  ") && plain.trim() == plain);
        if !text.contains('&') {
            prop_assert!(!plain.contains("<script>"), "{}", plain);
        }
    }

    #[test]
    fn html_is_decoded_exactly_once(text in text()) {
        let text = clean(&text);
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(html_to_text(&escaped), text);
    }

    #[test]
    fn cleaning_and_defusing_twice_changes_nothing(text in text()) {
        let once = clean(&text);
        prop_assert_eq!(clean(&once), once.as_ref());
        let once = clean_line(&text);
        prop_assert_eq!(clean_line(&once), once.as_ref());
        let once = defuse(&once);
        prop_assert_eq!(defuse(&once), once.as_ref());
        prop_assert_eq!(clean_line(&once), once.as_ref());
    }

    #[test]
    fn what_is_copied_in_one_piece_is_cleaned_as_if_looked_at_one_by_one(text in "[ -~\\n\\té\u{301}🎫\u{3000}\u{7f}]{0,40}") {
        // Between two of these no piece is longer than a character.
        let apart: String = text.chars().flat_map(|c| [c, '\u{200b}']).collect();
        prop_assert_eq!(clean(&text), clean(&apart));
        prop_assert_eq!(clean_line(&text), clean_line(&apart));
    }

    #[test]
    fn clean_text_is_not_copied(words in prop::collection::vec("[!-~]{1,12}", 0..6)) {
        let text = words.join(" ");
        prop_assert!(matches!(clean_line(&text), Cow::Borrowed(own) if own == text));
        prop_assert!(matches!(clean(&text), Cow::Borrowed(own) if own == text));
    }

    #[test]
    fn text_is_escaped_as_if_each_character_stood_alone(text in "[ -~é]{0,40}") {
        let written = |dialect, text: &str| {
            let mut markup = Markup::new(dialect);
            markup.words(text);
            markup.finish()
        };
        let text = clean_line(&text);
        for dialect in [Dialect::Moveworks, Dialect::Markdown, Dialect::Html, Dialect::Plain] {
            let alone = text.chars().map(|c| if c == ' ' { " ".to_owned() } else { written(dialect, &c.to_string()) });
            prop_assert_eq!(written(dialect, &text), alone.collect::<String>());
        }
    }

    #[test]
    fn a_cut_keeps_the_limit_and_whole_clusters(text in text(), max in 0..200_usize) {
        use unicode_segmentation::UnicodeSegmentation;
        let cut = truncate(&text, max);
        prop_assert!(cut.chars().count() <= max);
        if text.chars().count() <= max {
            prop_assert_eq!(cut.as_ref(), text.as_str());
        } else if max > 0 {
            let kept = cut.strip_suffix('…').expect("the mark of a cut");
            prop_assert!(text.starts_with(kept));
            let boundary = text.grapheme_indices(true).any(|(at, _)| at == kept.len());
            // Trailing space goes, and in `\r\n` it goes in two steps.
            prop_assert!(boundary || text[kept.len()..].starts_with(char::is_whitespace));
        }
    }
}
