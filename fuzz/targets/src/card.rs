//! Strangers' text on its way onto a card.

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::card::{CARD_MAX, CardKind, CardStyle, FieldKind, render};
use approval_logic::text::{clean, clean_line, html_to_text, truncate};

use crate::rules::is_hidden;

/// Marks that the Moveworks markup of a card may have, each followed by nothing but text.
const MARKS: [&str; 11] = ["<b>", "</b>", "<i>", "</i>", "<br>", "</a>", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];

/// A description in HTML becomes text: bounded in its white space, and without anything hidden.
pub fn html(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let text = html_to_text(&input);
    assert!(!text.chars().any(is_hidden), "{text:?}");
    assert!(!text.contains("\n\n\n") && !text.contains("  ") && text.trim() == text, "{text:?}");
    for once in [clean(&input), clean_line(&input)] {
        assert!(!once.chars().any(is_hidden), "{once:?}");
    }
    let line = clean_line(&input);
    assert_eq!(clean_line(&line), line);
    for max in [0, 1, 2, 60, 250] {
        assert!(truncate(&text, max).chars().count() <= max);
    }
}

/// A card of six lines of input: number, title, requester, priority, address, and the rest as the description. Its
/// markup is ours alone, and each value stays in its line.
pub fn markup(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let mut lines = input.splitn(6, '\n').map(str::to_owned);
    let mut next = || lines.next();
    let ticket = Ticket {
        kind: TicketKind::Request,
        id: "874".to_owned(),
        number: next().unwrap_or_default(),
        title: next(),
        requester: next().map(|name| Person { email: Some(name.clone()), name: Some(name) }),
        priority: next(),
        link: next(),
        description: next(),
    };
    let approver = ticket.requester.clone();
    let approval = Approval {
        id: ApprovalId::sdp(TicketKind::Request, "874", "77", "310").expect("a proper id"),
        level: Some(1),
        original_approver: approver.clone(),
        approver,
        status: Status::Pending,
        sent_at: Some(1_764_000_000_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
        ticket: ticket.into(),
    };
    let style = CardStyle { fields: FieldKind::ALL.to_vec().into(), ..CardStyle::default() };
    let by = approval.ticket.title.clone();
    for kind in
        [CardKind::Pending, CardKind::Reminder { number: 1 }, CardKind::Closed { outcome: Status::Approved, by }]
    {
        let card = render(&approval, &kind, &style);
        let (moveworks, markdown, text) = (card.to_moveworks(), card.to_markdown(), card.to_text());
        for written in [&moveworks, &markdown] {
            assert!(written.chars().count() <= CARD_MAX, "{} characters", written.chars().count());
        }
        for written in [&moveworks, &markdown, &text] {
            assert!(!written.chars().any(is_hidden), "{written:?}");
        }
        let lines = 1 + card.fields.len() + usize::from(card.note.is_some()) + usize::from(card.link.is_some());
        assert_eq!(markdown.split('\n').count(), lines, "{markdown}");
        assert_eq!(moveworks.matches("<br>").count(), lines - 1, "{moveworks}");
        assert!(!has_stray_marks(&moveworks), "{moveworks}");
        assert_eq!(moveworks.matches("<b>").count(), 1, "{moveworks}");
        let _ = card.to_html();
    }
}

/// Whether anything but our own marks could be taken for markup.
fn has_stray_marks(markup: &str) -> bool {
    let mut rest = match markup.split_once("<a href=\"") {
        None => markup.to_owned(),
        Some((before, after)) => {
            let Some((address, after)) = after.split_once("\">") else { return true };
            let scheme = address.get(..8).unwrap_or(address).to_ascii_lowercase();
            if !(scheme.starts_with("http://") || scheme == "https://") {
                return true;
            }
            format!("{before} {address} {after}")
        }
    };
    for mark in MARKS {
        // A space in its place, so that two halves do not become a mark.
        rest = rest.replace(mark, " ");
    }
    rest.contains(['<', '>', '&', '"', '\''])
}
