//! Pages of tickets and single tickets. A wrong implementation would lose a ticket to its odd neighbour, stop paging too
//! early or never, round an id, or skip a ticket that waits.

use super::*;

fn page(kind: TicketKind, body: &Value) -> Page {
    read_page(kind, &names(), &ok(body)).unwrap()
}

#[test]
fn a_page_is_read_whole() {
    let page = read_page(TicketKind::Request, &names(), &fixture("requests.json")).unwrap();
    assert_eq!((page.more, page.total, page.refused.len()), (true, Some(250), 0));
    let [first, second, third] = page.tickets.as_slice() else { panic!("{page:?}") };
    let full = Ticket {
        number: "874".to_owned(),
        title: Some("Projector replacement in room B".to_owned()),
        requester: Some(person("Sam Stinson", "Sam@corp.example")),
        priority: Some("High".to_owned()),
        ..ticket(TicketKind::Request, "158000000004217")
    };
    assert_eq!(*first, ListedTicket { ticket: full, updated_at: Some(1_764_000_000_000), nothing_pending: false });
    // Numbers in place of texts, and nothing where something was.
    let bare = Ticket {
        number: "875".to_owned(),
        title: Some("Badge".to_owned()),
        ..ticket(TicketKind::Request, "158000000004218")
    };
    assert_eq!(*second, ListedTicket { ticket: bare, updated_at: Some(1_764_000_000_001), nothing_pending: true });
    // An id that starts with 0 stays text; without a display id it is the number.
    let nobody = Person { name: Some("Nobody Mail".to_owned()), email: None };
    let odd = Ticket { requester: Some(nobody), ..ticket(TicketKind::Request, "0158000000004219") };
    assert_eq!(*third, ListedTicket { ticket: odd, updated_at: None, nothing_pending: false });
}

#[test]
fn each_module_has_its_own_names() {
    let cases = [
        (TicketKind::Request, "request.json"),
        (TicketKind::Change, "change.json"),
        (TicketKind::Release, "release.json"),
    ];
    let read = cases.map(|(kind, file)| read_ticket(kind, &fixture(file)).unwrap());
    assert_eq!(
        read,
        [
            Ticket {
                number: "874".to_owned(),
                title: Some("Projector replacement".to_owned()),
                description: Some("The A/V equipment & screen\nhas stopped.".to_owned()),
                requester: Some(person("Sam Stinson", "sam@corp.example")),
                priority: Some("High".to_owned()),
                ..ticket(TicketKind::Request, "158000000004217")
            },
            Ticket {
                number: "CH-31".to_owned(),
                title: Some("Swap the core switch".to_owned()),
                description: Some("Sunday night".to_owned()),
                requester: Some(person("Cara Voss", "cara@corp.example")),
                priority: Some("Medium".to_owned()),
                ..ticket(TicketKind::Change, "158000000005001")
            },
            Ticket {
                title: Some("Autumn release".to_owned()),
                requester: Some(person("Dev Rao", "dev@corp.example")),
                ..ticket(TicketKind::Release, "158000000006001")
            },
        ]
    );
}

#[test]
fn a_reply_without_its_ticket_is_an_error_not_a_panic() {
    for body in [
        json!({}),
        json!({ "request": null }),
        json!({ "request": [] }),
        json!({ "request": "874" }),
        json!({ "request": {} }),
    ] {
        let error = read_ticket(TicketKind::Request, &ok(&body)).unwrap_err();
        assert_eq!(told(&error), "permanent UNREADABLE", "{body}");
    }
    let in_a_list = json!({ "request": [{ "id": "874" }] });
    assert_eq!(read_ticket(TicketKind::Request, &ok(&in_a_list)).unwrap(), ticket(TicketKind::Request, "874"));
}

#[test]
fn there_is_more_only_where_the_source_says_so() {
    for (info, more, total) in [
        (json!({ "has_more_rows": true }), true, None),
        (json!({ "has_more_rows": false }), false, None),
        (json!({ "has_more_rows": "true", "total_count": "250" }), true, Some(250)),
        (json!({ "has_more_rows": "False" }), false, None),
        (json!({ "has_more_rows": "yes" }), false, None),
        (json!({ "has_more_rows": null }), false, None),
        (json!({ "total_count": -1 }), false, None),
        (json!({}), false, None),
        (json!(null), false, None),
        (json!([]), false, None),
    ] {
        let page = page(TicketKind::Request, &json!({ "requests": [], "list_info": info }));
        assert_eq!((page.more, page.total), (more, total), "{info}");
    }
    assert!(!page(TicketKind::Request, &json!({ "requests": [{ "id": "1" }] })).more);
}

#[test]
fn a_missing_list_is_empty_and_a_wrong_one_an_error() {
    for body in
        [json!({}), json!({ "requests": null }), json!({ "requests": [] }), json!({ "changes": [{ "id": "1" }] })]
    {
        assert_eq!(page(TicketKind::Request, &body), Page::default(), "{body}");
    }
    for body in [json!({ "requests": {} }), json!({ "requests": "none" }), json!({ "requests": 3 })] {
        let error = read_page(TicketKind::Request, &names(), &ok(&body)).unwrap_err();
        assert_eq!(told(&error), "permanent UNREADABLE", "{body}");
    }
}

#[test]
fn an_odd_row_is_refused_alone() {
    for (odd, id) in [
        (json!(null), None),
        (json!("874"), None),
        (json!([]), None),
        (json!({}), None),
        (json!({ "id": null }), None),
        (json!({ "id": "" }), None),
        (json!({ "id": true }), None),
        (json!({ "id": "8/../9" }), Some("8/../9")),
        (json!({ "id": "8 9" }), Some("8 9")),
        (json!({ "id": "8:9" }), Some("8:9")),
        (json!({ "id": "9".repeat(65) }), Some(&*"9".repeat(65))),
        (json!({ "id": 1.5 }), Some("1.5")),
        // A number beyond 64 bits has been rounded on the way in; written out it would be another ticket.
        (serde_json::from_str(r#"{"id":100000000000000000000}"#).unwrap(), Some("1e+20")),
    ] {
        let page = page(TicketKind::Request, &json!({ "requests": [{ "id": "1" }, odd, { "id": 2 }] }));
        let ids: Vec<&str> = page.tickets.iter().map(|listed| listed.ticket.id.as_str()).collect();
        assert_eq!(ids, ["1", "2"], "{odd}");
        let [refused] = page.refused.as_slice() else { panic!("{odd}: {page:?}") };
        assert_eq!(refused.id.as_deref(), id, "{odd}");
        assert!(!refused.why.is_empty());
    }
}

#[test]
fn times_come_as_number_text_or_nothing() {
    for (time, wanted) in [
        (json!({ "value": "1764000000000", "display_value": "1/2/2003" }), Some(1_764_000_000_000)),
        (json!({ "value": 1_764_000_000_000_i64 }), Some(1_764_000_000_000)),
        (json!({ "value": " 1764000000000 " }), Some(1_764_000_000_000)),
        (json!(1_764_000_000_000_i64), Some(1_764_000_000_000)),
        (json!("1764000000000"), Some(1_764_000_000_000)),
        (json!(null), None),
        (json!({}), None),
        (json!({ "value": null }), None),
        (json!({ "value": "" }), None),
        (json!({ "value": "0" }), None),
        (json!({ "value": "-1" }), None),
        (json!({ "value": 1.5 }), None),
        (json!({ "value": "99999999999999999999" }), None),
        (json!({ "display_value": "24/11/2025 05:00 PM" }), None),
        (json!("24/11/2025 05:00 PM"), None),
        (json!([1]), None),
    ] {
        let page = page(TicketKind::Change, &json!({ "changes": [{ "id": "1", "last_updated_time": time }] }));
        assert_eq!(page.tickets[0].updated_at, wanted, "{time}");
    }
}

#[test]
fn people_are_read_as_far_as_they_are_told() {
    for (user, wanted) in [
        (json!(null), None),
        (json!({}), None),
        (json!("Ana"), None),
        (json!({ "id": "5", "name": null, "email_id": null }), None),
        (json!({ "name": " ", "email_id": "" }), None),
        (json!({ "name": "Ana" }), Some(Person { name: Some("Ana".to_owned()), email: None })),
        (
            json!({ "email_id": "ana@corp.example" }),
            Some(Person { name: None, email: Some("ana@corp.example".to_owned()) }),
        ),
        (json!({ "name": "Ana", "email": "ana@corp.example" }), Some(person("Ana", "ana@corp.example"))),
        (
            json!({ "name": "A\u{202e}na\r\nLi", "email_id": " ana@\u{200b}corp.example" }),
            Some(person("Ana Li", "ana@corp.example")),
        ),
    ] {
        let page = page(TicketKind::Release, &json!({ "releases": [{ "id": "1", "release_requester": user }] }));
        assert_eq!(page.tickets[0].ticket.requester, wanted, "{user}");
    }
    let common = page(TicketKind::Change, &json!({ "changes": [{ "id": "1", "requester": { "name": "Ana" } }] }));
    assert_eq!(common.tickets[0].ticket.requester.as_ref().unwrap().label(), Some("Ana"));
}

#[test]
fn only_a_request_can_tell_that_nothing_waits() {
    let named = |name: &str| json!({ "id": "1", "approval_status": { "id": "4", "name": name } });
    for (row, request) in [
        (json!({ "id": "1" }), false),
        (json!({ "id": "1", "approval_status": null }), true),
        (named("Approved"), true),
        (named("Rejected"), true),
        (named("DENIED"), true),
        (json!({ "id": "1", "approval_status": "Approved" }), true),
        (named("Pending Approval"), false),
        (named("To Be Sent"), false),
        (named("Pending Clarification"), false),
        // A delegated approval waits at somebody else.
        (named("Delegated"), false),
        (named("Genehmigt"), false),
        (named(""), false),
        (json!({ "id": "1", "approval_status": {} }), false),
        (json!({ "id": "1", "approval_status": { "id": "4" } }), false),
        (json!({ "id": "1", "approval_status": { "name": null } }), false),
        (json!({ "id": "1", "approval_status": [] }), false),
        (json!({ "id": "1", "approval_status": false }), false),
    ] {
        for (kind, wanted) in
            [(TicketKind::Request, request), (TicketKind::Change, false), (TicketKind::Release, false)]
        {
            let page = page(kind, &json!({ kind.plural(): [row] }));
            assert_eq!(page.tickets[0].nothing_pending, wanted, "{kind:?} {row}");
        }
    }
}

#[test]
fn a_tenants_own_word_for_pending_is_never_nothing() {
    let names = StatusNames::new("Approved, In Prüfung");
    let body = json!({ "requests": [{ "id": "1", "approval_status": { "name": "approved" } }] });
    assert!(!read_page(TicketKind::Request, &names, &ok(&body)).unwrap().tickets[0].nothing_pending);
}

#[test]
fn long_text_is_bounded() {
    let body = json!({ "request": { "id": "1", "subject": "s".repeat(5000), "description": "<p>d</p>".repeat(5000) } });
    let ticket = read_ticket(TicketKind::Request, &ok(&body)).unwrap();
    assert_eq!(ticket.title.unwrap().chars().count(), 300);
    assert!(ticket.description.unwrap().chars().count() <= 1000);
}
