use std::sync::Arc;

use super::{
    CARD_MAX, Card, CardKind, CardStyle, DEFAULT_TITLE, DIGEST_LINES, Field, FieldKind, NOT_SET, digest, render,
};
use crate::approval::{Approval, ApprovalId, Detail, Person, Status, Ticket, TicketKind};

fn approval() -> Approval {
    Approval {
        id: ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap(),
        ticket: Arc::new(Ticket {
            kind: TicketKind::Request,
            id: "874".into(),
            number: "874".into(),
            title: Some("Projector".into()),
            description: Some("It is broken.".into()),
            requester: Some(Person { name: Some("Sam Stinson".into()), email: Some("sam@corp.example".into()) }),
            priority: Some("High".into()),
            link: Some("https://sdp.corp.example/WorkOrder.do?woID=874".into()),
        }),
        level: Some(1),
        approver: Some(Person { name: None, email: Some("ana@corp.example".into()) }),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_772_698_500_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    }
}

fn style(fields: &[FieldKind]) -> CardStyle {
    CardStyle { fields: fields.to_vec().into(), ..CardStyle::default() }
}

fn value(card: &Card, label: &str) -> String {
    card.fields.iter().find(|field| field.label == label).unwrap().value.clone()
}

#[test]
fn field_names_are_read_back() {
    for field in FieldKind::ALL {
        assert_eq!(FieldKind::parse(field.name()), Some(field));
    }
    assert_eq!(FieldKind::parse("Requester"), None);
    assert_eq!(FieldKind::parse(""), None);
}

#[test]
fn fields_come_in_the_configured_order_and_once() {
    let fields = [FieldKind::Sent, FieldKind::Number, FieldKind::Sent, FieldKind::Level, FieldKind::Title];
    let card = render(&approval(), &CardKind::Pending, &style(&fields));
    let labels: Vec<&str> = card.fields.iter().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["Sent", "Ticket #", "Level", "Title"]);
    assert_eq!(value(&card, "Sent"), "2026-03-05 08:15 UTC");
}

#[test]
fn what_shows_nothing_is_not_set() {
    let mut approval = approval();
    Arc::make_mut(&mut approval.ticket).priority = Some(" \u{200b}\n".into());
    Arc::make_mut(&mut approval.ticket).requester = Some(Person::default());
    Arc::make_mut(&mut approval.ticket).description = None;
    approval.level = None;
    approval.sent_at = Some(i64::MAX);
    let card = render(&approval, &CardKind::Pending, &style(&FieldKind::ALL));
    for label in ["Priority", "Requester", "Description", "Level", "Sent"] {
        assert_eq!(value(&card, label), NOT_SET, "{label}");
    }
}

#[test]
fn a_person_without_a_visible_name_is_their_address() {
    let mut approval = approval();
    Arc::make_mut(&mut approval.ticket).requester =
        Some(Person { name: Some(" ".into()), email: Some("sam@corp.example".into()) });
    let card = render(&approval, &CardKind::Pending, &CardStyle::default());
    assert_eq!(value(&card, "Requester"), "sam@corp[.]example");
}

#[test]
fn a_delegate_is_told_for_whom_they_answer() {
    let mut approval = approval();
    approval.original_approver = Some(Person { name: Some("Eva".into()), email: None });
    let open = render(&approval, &CardKind::Pending, &CardStyle::default());
    assert_eq!(value(&open, "On behalf of"), "Eva");
    let closed = CardKind::Closed { outcome: Status::Withdrawn, by: None };
    assert_eq!(render(&approval, &closed, &CardStyle::default()).fields.len(), 5);
}

#[test]
fn a_reminder_keeps_the_words_of_the_title() {
    let style = CardStyle { title: "Please decide".into(), ..CardStyle::default() };
    let card = render(&approval(), &CardKind::Reminder { number: 2 }, &style);
    assert_eq!(card.title, "Reminder 2: Please decide");
    assert_eq!(card.note.as_deref(), Some("Waiting since 2026-03-05 08:15 UTC."));
    assert_eq!(card.actions.len(), 2);
}

#[test]
fn a_closing_card_has_no_buttons_and_names_the_outcome() {
    let kind = CardKind::Closed { outcome: Status::Rejected, by: Some("Eva\n@here".into()) };
    let card = render(&approval(), &kind, &CardStyle::default());
    assert_eq!(card.title, "❌ Already rejected");
    assert_eq!(card.note.as_deref(), Some("Rejected by Eva @ here. Nothing is left for you to do."));
    assert!(card.actions.is_empty());
}

#[test]
fn an_empty_title_is_the_default() {
    let style = CardStyle { title: " ".into(), ..CardStyle::default() };
    let card = render(&approval(), &CardKind::Pending, &style);
    assert!(card.to_moveworks().starts_with(&format!("<b>{DEFAULT_TITLE}</b><br>")));
}

#[test]
fn a_link_that_is_no_web_address_is_left_out() {
    let mut approval = approval();
    Arc::make_mut(&mut approval.ticket).link = Some("javascript:alert(1)".into());
    assert_eq!(render(&approval, &CardKind::Pending, &CardStyle::default()).link, None);
}

#[test]
fn a_cut_does_not_make_a_link() {
    let mut approval = approval();
    Arc::make_mut(&mut approval.ticket).priority = Some("evil.doc".into());
    let style = CardStyle { max_value: 8, ..CardStyle::default() };
    assert_eq!(value(&render(&approval, &CardKind::Pending, &style), "Priority"), "evil.doc");
    Arc::make_mut(&mut approval.ticket).priority = Some("evil.docx".into());
    let cut = render(&approval, &CardKind::Pending, &CardStyle { max_value: 8, ..CardStyle::default() });
    assert_eq!(value(&cut, "Priority"), "evil[.]do…");
}

#[test]
fn the_longest_value_is_cut_first() {
    let mut approval = approval();
    Arc::make_mut(&mut approval.ticket).description = Some("\"".repeat(5_000));
    let style = CardStyle { max_description: 5_000, ..CardStyle::default() };
    let card = render(&approval, &CardKind::Pending, &style);
    let text = card.to_moveworks();
    assert!(text.chars().count() <= CARD_MAX);
    assert!(text.chars().count() > CARD_MAX - 20, "{}", text.chars().count());
    assert!(text.contains("Sam Stinson") && text.contains("&quot;…<br>") && text.contains("View ticket"));
}

#[test]
fn any_card_keeps_the_bound() {
    let field = Field { label: "\"".repeat(900), value: "&\"[_".repeat(9_000) };
    let card = Card {
        title: "'".repeat(9_000),
        fields: vec![field; 3_000],
        note: Some("\"".repeat(9_000)),
        actions: Vec::new(),
        link: Some(format!("https://h/{}", "&".repeat(190))),
    };
    for text in [card.to_moveworks(), card.to_markdown(), card.to_text()] {
        assert!(text.chars().count() <= CARD_MAX, "{}", text.chars().count());
        assert!(text.contains("View ticket"));
    }
    assert!(card.to_html().chars().count() < 20_000);
}

#[test]
fn a_digest_has_a_line_for_each_ticket_and_counts_those_beyond_its_bound() {
    let approvals: Vec<Approval> = (0..DIGEST_LINES + 3)
        .map(|number| {
            let mut approval = approval();
            Arc::make_mut(&mut approval.ticket).number = format!("{number}\nPriority: low");
            approval
        })
        .collect();
    let listed: Vec<&Approval> = approvals.iter().collect();
    let card = digest(&listed, &CardStyle::default());
    assert_eq!(card.title, "🎫 43 Tickets Pending Your Approval");
    assert_eq!(card.fields.len(), DIGEST_LINES);
    assert_eq!(card.note.as_deref(), Some("And 3 more. Ask for your approvals to answer them one by one."));
    assert!(card.actions.is_empty(), "nobody could tell which ticket a button means");
    assert!(card.fields.iter().all(|field| !field.label.contains('\n')), "a ticket's text stays on its line");
    assert!(card.to_moveworks().chars().count() <= CARD_MAX);
    let own = CardStyle { title: "Bitte entscheiden".to_owned(), ..CardStyle::default() };
    assert_eq!(digest(&[&approval()], &own).title, "Bitte entscheiden (1)");
}

#[test]
fn what_the_source_tells_beyond_the_ticket_stands_below_its_facts_as_inert_text() {
    let detail = |label: &str, value: &str| Detail { label: label.to_owned(), value: value.to_owned() };
    let approval = Approval {
        details: vec![
            detail("Asked", "<b>Buy</b> it?\nYes or no"),
            detail("Policy", "all of 3 must approve"),
            detail(" ", "nameless"),
            detail("Empty", ""),
        ],
        ..approval()
    };
    let card = render(&approval, &CardKind::Pending, &CardStyle::default());
    let shown: Vec<_> = card.fields.iter().skip(5).map(|field| (field.label.as_str(), field.value.as_str())).collect();
    assert_eq!(shown, [("Asked", "<b>Buy</b> it? Yes or no"), ("Policy", "all of 3 must approve")]);
    assert!(!card.to_moveworks().contains("<b>Buy"), "{}", card.to_moveworks());
}

#[test]
fn only_a_request_that_the_bridge_keeps_can_be_asked_back_about() {
    let keys = |approval: &Approval, kind: &CardKind| -> Vec<_> {
        render(approval, kind, &CardStyle::default()).actions.iter().map(|action| action.key).collect()
    };
    let managed = Approval { id: "managed:q1:r1".parse().unwrap(), ..approval() };
    let closed = CardKind::Closed { outcome: Status::Approved, by: None };
    assert_eq!(keys(&approval(), &CardKind::Pending), ["approve", "reject"]);
    assert_eq!(keys(&managed, &CardKind::Reminder { number: 1 }), ["approve", "reject", "feedback"]);
    assert!(keys(&managed, &closed).is_empty());
}
