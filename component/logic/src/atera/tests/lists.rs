//! Tickets, comments, contacts, pages.

use super::*;

#[test]
fn a_ticket_is_read_with_everything_that_a_card_needs() {
    let body = json!({
        "TicketID": 874, "TicketNumber": "T-874", "TicketTitle": " New \n laptop", "TicketPriority": "High",
        "EndUserFirstName": "Sam", "EndUserLastName": "Stinson", "EndUserEmail": "sam@corp.example",
        "FirstComment": "<p>The old one <b>broke</b>.</p><script>x</script>",
    });
    let ticket = read_ticket(&ok(&body)).unwrap();
    assert_eq!((ticket.id.as_str(), ticket.number.as_str(), ticket.kind), ("874", "T-874", TicketKind::Ticket));
    assert_eq!(ticket.title.as_deref(), Some("New laptop"));
    assert_eq!(ticket.description.as_deref(), Some("The old one broke."));
    assert_eq!(ticket.priority.as_deref(), Some("High"));
    let sam = Person { name: Some("Sam Stinson".to_owned()), email: Some("sam@corp.example".to_owned()) };
    assert_eq!(ticket.requester, Some(sam));
    assert_eq!(read_ticket(&ok(&json!([body]))).unwrap(), ticket);
}

#[test]
fn every_field_but_the_id_may_be_missing() {
    let ticket = read_ticket(&ok(&json!({ "TicketID": "12", "TicketTitle": null, "FirstComment": "" }))).unwrap();
    assert_eq!((ticket.number.as_str(), ticket.title, ticket.description, ticket.requester), ("12", None, None, None));
    for odd in [json!({}), json!([]), json!(null), json!({ "TicketID": 1.5 }), json!({ "TicketID": "a/b" })] {
        assert_eq!(told(&read_ticket(&ok(&odd)).unwrap_err()), "permanent UNREADABLE", "{odd}");
    }
}

#[test]
fn a_page_says_by_its_numbers_whether_there_is_more() {
    let rows = |count: usize| json!((1..=count).map(|id| json!({ "TicketID": id })).collect::<Vec<_>>());
    for (body, items, more) in [
        (json!({ "items": rows(2), "page": 1, "totalPages": 2, "nextLink": "" }), 2, true),
        (json!({ "items": rows(2), "page": "2", "totalPages": "2", "nextLink": "https://evil.example" }), 2, false),
        (json!({ "items": rows(50), "nextLink": null }), 50, true),
        (json!({ "items": rows(49) }), 49, false),
        (json!({ "items": [], "page": 1, "totalPages": 9 }), 0, false),
        (json!({ "items": null, "totalPages": 0 }), 0, false),
        (rows(3), 3, false),
    ] {
        let page = read_tickets(&ok(&body)).unwrap();
        assert_eq!((page.items.len(), page.more), (items, more), "{body}");
    }
    let page = read_tickets(&ok(&json!({ "items": [{ "TicketID": 1 }, 5, { "TicketID": [] }] }))).unwrap();
    assert_eq!((page.items.len(), page.refused.len()), (1, 2));
    assert!(read_tickets(&ok(&json!({ "items": {} }))).is_err());
}

#[test]
fn a_comment_that_may_be_internal_counts_as_internal() {
    for (row, internal) in [
        (json!({ "Comment": "t", "IsInternal": true, "EndUserID": 901 }), true),
        (json!({ "Comment": "t", "IsInternal": "true" }), true),
        (json!({ "Comment": "t", "IsInternal": false, "TechnicianContactID": 12 }), false),
        (json!({ "Comment": "t", "EndUserID": 901 }), false),
        (json!({ "Comment": "t", "EndUserID": 0, "TechnicianContactID": 12 }), true),
        (json!({ "Comment": "t", "EndUserID": 901, "TechnicianContactID": 12 }), true),
        (json!({ "CommentText": "t" }), true),
    ] {
        assert_eq!(read_comments(&ok(&json!({ "items": [row] }))).unwrap().items[0].internal, internal, "{row}");
    }
}

#[test]
fn a_comment_is_plain_text_with_its_author_and_time() {
    let row = json!({ "Comment": "<p>See <a href=\"https://x.example\">this</a></p>", "Date": "2026-03-05T08:15:30",
        "FirstName": "Sam", "LastName": null, "Email": "sam@corp.example", "EndUserID": 901 });
    let page = read_comments(&ok(&json!({ "items": [row, { "Comment": 5 }] }))).unwrap();
    let comment = &page.items[0];
    assert!(!comment.text.contains('<') && comment.text.contains("this"), "{}", comment.text);
    assert_eq!((comment.at, page.refused.len()), (Some(1_772_698_530_000), 1));
    assert_eq!(comment.by.as_ref().and_then(Person::label), Some("Sam"));
}

#[test]
fn a_note_is_found_by_the_marker_at_its_end() {
    let comments = |text: &str, internal: bool| {
        let row = json!({ "Comment": text, "IsInternal": internal });
        read_comments(&ok(&json!({ "items": [row] }))).unwrap().items
    };
    let marker = "[approval-bridge q1 r1 approved]";
    assert!(holds(&comments("<div>Approved<br/>[approval-bridge q1 r1 approved]</div>", true), marker));
    assert!(holds(&comments("Approved\n[approval-bridge q1 r1 approved] \n", true), marker));
    for (text, internal) in [
        ("[approval-bridge q1 r1 approved]", false),
        ("[approval-bridge q1 r1 approved] was said", true),
        ("[approval-bridge q1 r2 approved]", true),
    ] {
        assert!(!holds(&comments(text, internal), marker), "{text} {internal}");
    }
}

#[test]
fn a_contact_has_exactly_the_address_and_is_not_archived() {
    let page = json!({ "items": [
        { "Email": "ana@corp.example.org", "Firstname": "Other" },
        { "Email": "banana@corp.example" },
        { "Email": "ANA@corp.example", "Firstname": "Ana", "Lastname": "Li" },
        { "Email": "old@corp.example", "Archived": true },
    ] });
    let found = |email: &str| read_contact(&ok(&page), email).unwrap().and_then(|person| person.name);
    assert_eq!(found("ana@corp.example").as_deref(), Some("Ana Li"));
    for nobody in ["ana@corp", "na@corp.example", "old@corp.example", ""] {
        assert_eq!(found(nobody), None, "{nobody}");
    }
}

#[test]
fn tickets_tell_of_their_technicians() {
    let rows = json!({ "items": [
        { "TicketID": 1, "TechnicianContactID": 12, "TechnicianEmail": "tess@it.example" },
        { "TicketID": 2, "TechnicianContactID": "13" },
        { "TicketID": 3, "TechnicianContactID": 0, "TechnicianEmail": "" },
        { "TicketID": 4 },
    ]});
    let tess = Technician { id: 12, email: Some("tess@it.example".to_owned()) };
    assert_eq!(read_technicians(&ok(&rows)).unwrap(), [tess, Technician { id: 13, email: None }]);
}
