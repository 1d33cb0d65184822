//! Approval requests and tickets. A wrong implementation would miss one of the two words for what is open, act on a
//! status it does not know, or drop a good row because of its neighbour.

use super::*;
use crate::approval::{Detail, Person, Status, Ticket, TicketKind};

fn bare() -> Ticket {
    let id = "5120".to_owned();
    Ticket {
        kind: TicketKind::Ticket,
        number: id.clone(),
        id,
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

fn read(row: Value) -> Request {
    let mut page = read_page(&ok(&json!({ "approval_requests": [row] }))).unwrap();
    assert_eq!(page.refused, []);
    page.requests.remove(0)
}

#[test]
fn a_list_is_read_with_users_groups_and_decisions() {
    let page = read_page(&fixture("approval_requests.json")).unwrap();
    assert_eq!((page.refused.len(), page.more), (0, More::After("cGFnZS0y".to_owned())));
    let [laptop, firewall, desk] = page.requests.as_slice() else { panic!("three requests") };
    assert_eq!(laptop.assignee, Some(Assignee::User("901".to_owned())));
    assert_eq!((laptop.status.clone(), laptop.word.as_str()), (Status::Pending, "active"));
    assert_eq!(laptop.ticket.as_deref(), Some("5120"));
    assert_eq!(laptop.created_at, Some(1_772_442_900_000));
    assert_eq!(laptop.message.as_deref(), Some("Model X\n2 100 EUR"));
    assert_eq!(laptop.decision, None);
    assert_eq!(firewall.assignee, Some(Assignee::Group("77".to_owned())));
    assert_eq!(firewall.created_at, Some(1_772_443_200_250));
    assert_eq!(desk.origin.as_deref(), Some("CARRIER_PIGEON_ORIGINATION"), "an unknown origin is kept as text");
    let decision = desk.decision.clone().unwrap();
    assert_eq!((decision.user.as_deref(), decision.name.as_deref()), (Some("902"), Some("Ben Ode")));
    assert!(!decision.by_api, "it came by another way");
    assert_eq!((decision.reason.as_deref(), decision.at), (Some("Fine\nby me"), Some(1_772_359_200_000)));
}

#[test]
fn a_single_request_is_read_and_must_be_the_one_that_was_asked_for() {
    let response = fixture("approval_request.json");
    let request = read_request("01JZ4Q8M3T5V7W9X1Y2Z3A4B5C", &response).unwrap();
    assert_eq!((request.status, request.word.as_str()), (Status::Pending, "pending"));
    assert_eq!(request.ticket.as_deref(), Some("5120"), "it is text in the details of the ticket");
    assert_eq!(request.assignee, Some(Assignee::User("901".to_owned())));
    assert_eq!(told(&read_request("01JZ4Q8M3T5V7W9X1Y2Z3A4B5D", &response).unwrap_err()), "permanent UNREADABLE");
    assert_eq!(told(&read_request("01JZ", &ok(&json!({}))).unwrap_err()), "permanent UNREADABLE");
}

#[test]
fn a_created_request_names_its_assignee_by_a_bare_id() {
    let request = read_create(&fixture("created.json")).unwrap();
    assert_eq!(request.id, "01JZ4Q8M3T5V7W9X1Y2Z3A4B5F");
    assert_eq!(request.assignee, Some(Assignee::Group("77".to_owned())));
    let unreadable = HttpResponse::new(201, "{}");
    assert_eq!(told(&read_create(&unreadable).unwrap_err()), "unknown UNREADABLE", "it may have been made");
    let refused = json!({ "errors": [{ "code": "ApprovalRequestCreationFailed", "title": "One exists" }] });
    let error = read_create(&HttpResponse::new(422, refused.to_string())).unwrap_err();
    assert_eq!(
        (told(&error).as_str(), error.message()),
        ("permanent UNPROCESSABLE", "HTTP 422: ApprovalRequestCreationFailed: One exists")
    );
}

#[test]
fn both_words_for_open_are_pending_and_an_unknown_one_is_nothing_to_act_on() {
    for (word, status) in [
        ("active", Status::Pending),
        ("pending", Status::Pending),
        ("ACTIVE", Status::Pending),
        ("approved", Status::Approved),
        ("rejected", Status::Rejected),
        ("withdrawn", Status::Withdrawn),
        ("on_hold", Status::Unknown("on_hold".to_owned())),
    ] {
        assert_eq!(read(json!({ "id": "01JZ", "status": word })).status, status);
    }
}

#[test]
fn the_assignee_is_told_in_three_ways_and_never_twice() {
    let user = Some(Assignee::User("901".to_owned()));
    let group = Some(Assignee::Group("77".to_owned()));
    for (fields, wanted) in [
        (json!({ "assignee_user": { "id": "901" } }), user.clone()),
        (json!({ "assignee_user": { "id": 901 }, "assignee_group": null }), user.clone()),
        (json!({ "assignee_user_id": 901, "assignee_group_id": null }), user),
        (json!({ "assignee_group": { "id": 77 }, "assignee_user": { "id": null } }), group.clone()),
        (json!({ "assignee_group_id": "77" }), group),
        (json!({}), None),
    ] {
        let mut row = fields.clone();
        (row["id"], row["status"]) = ("01JZ".into(), "active".into());
        assert_eq!(read(row).assignee, wanted, "{fields}");
    }
}

#[test]
fn odd_rows_are_refused_alone_with_a_reason() {
    let good = json!({ "id": "01JZ", "status": "active" });
    let rows = [
        json!(7),
        json!({ "status": "active" }),
        json!({ "id": "a/b", "status": "active" }),
        json!({ "id": "01JA" }),
        json!({ "id": "01JB", "status": null }),
        json!({ "id": "01JC", "status": "active", "ticket_id": "../1" }),
        json!({ "id": "01JD", "status": "active", "assignee_user": { "id": 1 }, "assignee_group": { "id": 2 } }),
        good,
    ];
    let page = read_page(&ok(&json!({ "approval_requests": rows }))).unwrap();
    assert_eq!((page.requests.len(), page.refused.len()), (1, 7));
    let ids: Vec<_> = page.refused.iter().map(|refused| refused.id.as_deref()).collect();
    assert_eq!(ids, [None, None, Some("a/b"), Some("01JA"), Some("01JB"), Some("01JC"), Some("01JD")]);
    for body in [json!({}), json!({ "approval_requests": null }), json!({ "approval_requests": {} })] {
        assert_eq!(told(&read_page(&ok(&body)).unwrap_err()), "permanent UNREADABLE", "it proves nothing: {body}");
    }
}

#[test]
fn only_a_decision_that_led_to_the_status_tells_who_decided() {
    let decided = |status: &str, decisions: Value| {
        read(json!({ "id": "01JZ", "status": status, "decided_at": "2026-03-01T10:00:00Z", "decisions": decisions }))
            .decision
    };
    let ben = json!({ "status": "approved", "decided_by_user": { "id": 902, "name": "Ben Ode" } });
    let asked = json!({ "status": "clarification_requested", "decided_by_user": { "id": 903, "name": "Cleo" } });
    let who = |decision: Option<Decision>| decision.map(|decision| decision.name);
    assert_eq!(who(decided("approved", json!([ben, asked]))), Some(Some("Ben Ode".to_owned())));
    assert_eq!(who(decided("rejected", json!([ben, asked]))), Some(None), "nobody is named, the time is");
    assert_eq!(who(decided("active", json!([asked]))), None);
    assert_eq!(who(decided("withdrawn", json!([ben]))), None);
    for odd in [json!(null), json!({}), json!([1, null]), json!([{ "status": 4 }])] {
        assert_eq!(who(decided("approved", odd)), Some(None));
    }
}

#[test]
fn what_is_asked_stands_on_the_approval_as_plain_bounded_text() {
    let row = json!({ "id": "01JZ", "status": "active", "subject": "A\nB\u{202e}", "created_at": "2026-03-02T09:15:00Z",
        "message": "<script>alert(1)</script>\u{202e}\r\n[x](https://evil.example)" });
    let ana = Person { name: Some("Ana Li".to_owned()), email: Some("ana@corp.example".to_owned()) };
    let approval = read(row).approval(None, Some(ana.clone()), bare().into()).unwrap();
    assert_eq!(approval.id.to_string(), "zendesk:01JZ");
    assert_eq!((approval.approver, approval.sent_at), (Some(ana), Some(1_772_442_900_000)));
    let detail = |label: &str, value: &str| Detail { label: label.to_owned(), value: value.to_owned() };
    let message = "<script>alert(1)</script>\n[x](https://evil.example)";
    assert_eq!(approval.details, [detail("Subject", "A B"), detail("Message", message)]);
    let long = json!({ "id": "01JZ", "status": "active", "message": "x".repeat(5000), "subject": "y".repeat(5000) });
    let member = read(long).approval(Some("901"), None, bare().into()).unwrap();
    assert_eq!(member.id.to_string(), "zendesk:01JZ:901");
    let lengths: Vec<_> = member.details.iter().map(|detail| detail.value.chars().count()).collect();
    assert_eq!(lengths, [300, 1000]);
    assert!(read(json!({ "id": "01JZ", "status": "active" })).approval(Some("a/b"), None, bare().into()).is_err());
}

#[test]
fn times_that_are_none_are_left_out() {
    for odd in [json!(null), json!(""), json!("yesterday"), json!(1_772_442_900), json!("1969-12-31T00:00:00Z")] {
        assert_eq!(read(json!({ "id": "01JZ", "status": "active", "created_at": odd })).created_at, None);
    }
}

#[test]
fn a_decision_taken_may_answer_without_a_body() {
    assert_eq!(read_decision(&HttpResponse::new(204, "")), Ok(()));
    assert_eq!(read_decision(&fixture("approval_request.json")), Ok(()));
    for status in [404, 410] {
        let error = read_decision(&HttpResponse::new(status, "<html></html>")).unwrap_err();
        assert_eq!(told(&error), "not found NOT_FOUND");
    }
}

#[test]
fn tickets_are_read_with_what_a_card_shows() {
    let tickets = read_tickets(&fixture("tickets.json")).unwrap();
    let [laptop, port] = tickets.tickets.as_slice() else { panic!("two tickets") };
    assert_eq!(laptop.requester.as_deref(), Some("33"));
    let ticket = &laptop.ticket;
    assert_eq!((ticket.id.as_str(), ticket.number.as_str(), ticket.kind), ("5120", "5120", TicketKind::Ticket));
    assert_eq!((ticket.title.as_deref(), ticket.priority.as_deref()), (Some("New laptop"), Some("high")));
    assert_eq!(ticket.description.as_deref(), Some("The old one is slow.\n\nThank you"));
    assert_eq!(
        (port.requester.as_deref(), port.ticket.priority.as_deref(), &port.ticket.description),
        (None, None, &None)
    );
}
