//! Approvals. A wrong implementation would send a card for what is decided, deleted, not yet sent or unknown, would lose
//! a neighbour of an odd row, or would read back another record than the one that was decided.

use super::*;
use crate::approval::{Approval, Status};

fn level(live: bool) -> Level {
    Level { id: "77".to_owned(), number: Some(2), live, approvals: None }
}

fn read(row: Value, live: bool) -> Approval {
    let ticket = known(TicketKind::Request, "874");
    let read = read_approvals(&names(), &ticket, &level(live), &ok(&json!({ "approvals": [row] }))).unwrap();
    read.approvals.into_iter().next().unwrap()
}

#[test]
fn a_level_of_approvals_is_read_row_by_row() {
    let change = known(TicketKind::Change, "158000000005001");
    let read = read_approvals(&names(), &change, &level(true), &fixture("approvals.json")).unwrap();
    let shown: Vec<(&str, &Status, Option<String>)> = read
        .approvals
        .iter()
        .map(|one| (one.id.approval(), &one.status, one.approver.as_ref().and_then(Person::address)))
        .collect();
    let unknown = Status::Unknown("En attente d’un miracle".to_owned());
    let mail = |name: &str| Some(format!("{name}@corp.example"));
    assert_eq!(
        shown,
        [
            ("158000000008001", &Status::Pending, mail("ana")),
            ("158000000008002", &Status::Pending, mail("bo")),
            ("158000000008003", &Status::Pending, None),
            ("158000000008004", &Status::Pending, None),
            ("158000000008005", &Status::Withdrawn, mail("ed")),
            ("158000000008006", &Status::Approved, mail("flo")),
            ("158000000008010", &unknown, mail("jo")),
        ]
    );
    let refused: Vec<Option<&str>> = read.refused.iter().map(|refused| refused.id.as_deref()).collect();
    assert_eq!(refused, [Some("158000000008007"), None, None]);
    assert!(!read.more);

    let first = &read.approvals[0];
    assert_eq!(first.id.to_string(), "sdp:changes:158000000005001:77:158000000008001");
    assert_eq!((&first.ticket, first.level, first.sent_at), (&change, Some(2), Some(1_764_000_000_000)));
    assert_eq!((&first.comment, &first.original_approver), (&None, &None));
    let delegated = &read.approvals[1];
    assert_eq!(delegated.original_approver, Some(person("Cy Young", "cy@corp.example")));
    assert_eq!(delegated.sent_at, Some(1_764_000_000_002));
    assert_eq!(read.approvals[2].approver, None);
    assert_eq!(read.approvals[3].approver, Some(Person { name: Some("Di Moss".to_owned()), email: None }));
    let decided = &read.approvals[5];
    assert_eq!(decided.decided_by, Some(person("Gil Key", "gil@corp.example")));
    assert_eq!(decided.decided_at, Some(1_763_500_000_000));
    assert_eq!(decided.comment.as_deref(), Some("Fine & dandy"));
}

#[test]
fn every_status_name_has_one_meaning() {
    for (name, wanted) in [
        ("Pending Approval", Status::Pending),
        ("pending approval", Status::Pending),
        (" PENDING  APPROVAL ", Status::Pending),
        ("To Be Sent", Status::NotSent),
        ("Approved", Status::Approved),
        ("Rejected", Status::Rejected),
        ("Denied", Status::Rejected),
        ("denied", Status::Rejected),
        ("Delegated", Status::Delegated),
        ("Pending Clarification", Status::AwaitingClarification),
        ("Pending", Status::Unknown("Pending".to_owned())),
        ("Approval", Status::Unknown("Approval".to_owned())),
        ("Not Approved", Status::Unknown("Not Approved".to_owned())),
    ] {
        assert_eq!(read(json!({ "id": "1", "status": { "name": name } }), true).status, wanted, "{name}");
        assert_eq!(read(json!({ "id": "1", "status": name }), true).status, wanted, "{name}");
    }
}

#[test]
fn a_level_with_every_status_asks_exactly_one_person() {
    let statuses = [
        "Approved",
        "To Be Sent",
        "Pending Approval",
        "Rejected",
        "Denied",
        "Delegated",
        "Pending Clarification",
        "Sonstiges",
    ];
    let rows: Vec<Value> =
        statuses.iter().enumerate().map(|(n, name)| json!({ "id": n, "status": { "name": name } })).collect();
    let read =
        read_approvals(&names(), &known(TicketKind::Request, "874"), &level(true), &ok(&json!({ "approvals": rows })));
    let approvals = read.unwrap().approvals;
    assert_eq!(approvals.len(), statuses.len());
    assert_eq!(approvals.iter().filter(|one| one.status == Status::Pending).count(), 1);
}

#[test]
fn the_names_for_pending_are_the_tenants() {
    let names = StatusNames::new(" Zur Genehmigung ,, Pending Approval (L2),DENIED");
    for (name, wanted) in [
        ("zur genehmigung", Status::Pending),
        ("Pending approval (l2)", Status::Pending),
        ("ZUR GENEHMIGUNG", Status::Pending),
        // What the tenant says goes before what the vendor's pages say.
        ("Denied", Status::Pending),
        ("Pending Approval", Status::Unknown("Pending Approval".to_owned())),
        ("", Status::Unknown(String::new())),
        ("Approved", Status::Approved),
    ] {
        assert_eq!(names.read(name), wanted, "{name}");
    }
    assert_eq!(StatusNames::default(), StatusNames::new("Pending Approval"));
    assert_eq!(StatusNames::new("").read(""), Status::Unknown(String::new()));
}

#[test]
fn nobody_is_asked_on_a_level_that_is_not_live() {
    for (name, wanted) in [
        ("Pending Approval", Status::Withdrawn),
        ("Pending Clarification", Status::Withdrawn),
        ("To Be Sent", Status::NotSent),
        ("Approved", Status::Approved),
        ("Denied", Status::Rejected),
        ("Delegated", Status::Delegated),
        ("Other", Status::Unknown("Other".to_owned())),
    ] {
        assert_eq!(read(json!({ "id": "1", "status": { "name": name } }), false).status, wanted, "{name}");
    }
    let waits = json!({ "id": "1", "status": { "name": "Pending Approval" } });
    let body = json!({ "approval_levels": [{ "id": "1", "status": "Approved", "approvals": [waits] }] });
    let ticket = known(TicketKind::Request, "874");
    let levels = read_levels(&names(), &|_| Some(&ticket), &ok(&body)).unwrap();
    assert_eq!(levels.levels[0].approvals.as_ref().unwrap().approvals[0].status, Status::Withdrawn);
}

#[test]
fn a_deleted_approval_is_withdrawn_whatever_it_says() {
    for (deleted, wanted) in [
        (json!(true), Status::Withdrawn),
        (json!("true"), Status::Withdrawn),
        (json!(false), Status::Pending),
        (json!("false"), Status::Pending),
        (json!(null), Status::Pending),
    ] {
        let row = json!({ "id": "1", "status": { "name": "Pending Approval" }, "deleted": deleted });
        assert_eq!(read(row, true).status, wanted, "{deleted}");
    }
}

#[test]
fn the_level_number_is_the_levels_own_else_the_approvals() {
    let ticket = known(TicketKind::Request, "874");
    let body = json!({ "approvals": [{ "id": "1", "status": "Approved", "approval_level": { "level": "4" } }] });
    for (number, wanted) in [(Some(2), Some(2)), (None, Some(4))] {
        let level = Level { number, ..level(true) };
        let read = read_approvals(&names(), &ticket, &level, &ok(&body)).unwrap();
        assert_eq!(read.approvals[0].level, wanted);
    }
    assert_eq!(read_more(json!({ "has_more_rows": "true" })), (true, 0));
    assert_eq!(read_more(json!(null)), (false, 0));
}

fn read_more(info: Value) -> (bool, usize) {
    let body = json!({ "approvals": [], "list_info": info });
    let read = read_approvals(&names(), &known(TicketKind::Request, "874"), &level(true), &ok(&body)).unwrap();
    (read.more, read.approvals.len())
}

#[test]
fn an_id_that_cannot_be_a_path_is_refused() {
    let rows = json!([
        { "id": "1/2", "status": "Approved" }, { "id": "..", "status": "Approved" }, { "id": "a:b", "status": "Approved" },
        { "id": 0.1, "status": "Approved" }, { "id": "3", "status": "Approved" },
    ]);
    let ticket = known(TicketKind::Request, "874");
    let read = read_approvals(&names(), &ticket, &level(true), &ok(&json!({ "approvals": rows }))).unwrap();
    assert_eq!((read.approvals.len(), read.refused.len()), (1, 4));
}

#[test]
fn one_approval_is_read_only_if_it_is_the_one_asked_for() {
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    let known = known(TicketKind::Request, "874");
    let one = |body: Value| read_approval(&names(), &known, &id, &ok(&body)).map_err(|error| told(&error));
    let row = json!({ "id": 310, "status": { "name": "Denied" }, "approval_level": { "id": "77", "level": 3 } });
    let read = one(json!({ "approval": row })).unwrap();
    assert_eq!((&read.id, &read.ticket, read.level, &read.status), (&id, &known, Some(3), &Status::Rejected));
    assert!(one(json!({ "approval": [{ "id": "310", "status": "Approved" }] })).is_ok());
    for body in [
        json!({ "approval": { "id": "311", "status": "Approved" } }),
        json!({ "approval": { "status": "Approved" } }),
        json!({ "approval": { "id": "310" } }),
        json!({ "approval": null }),
        json!({ "approval": [] }),
        json!({}),
    ] {
        assert_eq!(one(body.clone()), Err("permanent UNREADABLE".to_owned()), "{body}");
    }
}

#[test]
fn a_decision_is_taken_only_where_the_source_says_so() {
    let success = r#"{"response_status":{"status_code":2000,"status":"success"},"approval":{"id":"310"}}"#;
    let refused = r#"{"response_status":{"status_code":4000,"status":"failed","messages":[{"status_code":4012}]}}"#;
    let warned = r#"{"response_status":[{"status_code":3000,"status":"warning","messages":[{"status_code":4003}]}]}"#;
    let not_sent = r#"{"response_status":{"status_code":4000,"status":"failed","messages":[{"message":"Recommendation mail is not yet sent"}]}}"#;
    for (status, body, wanted) in [
        (200, success, "ok"),
        (201, success, "ok"),
        (202, success, "ok"),
        (200, "", "ok"),
        (204, "", "ok"),
        (202, " \r\n", "ok"),
        (200, "{}", "ok"),
        (200, refused, "permanent MANDATORY_FIELD"),
        (400, refused, "permanent MANDATORY_FIELD"),
        (200, warned, "permanent PARTLY_REFUSED"),
        (400, not_sent, "permanent REFUSED"),
        (404, r#"{"response_status":{"status_code":4007,"status":"failed"}}"#, "not found NOT_FOUND"),
        (200, "<html>Log in</html>", "unknown SOURCE_FAULT"),
        (200, "[]", "unknown SOURCE_FAULT"),
        (500, "", "unknown SOURCE_FAULT"),
        (504, "<html>", "unknown SOURCE_FAULT"),
        (302, "", "permanent REDIRECTED"),
        (401, "", "auth CREDENTIAL_REFUSED"),
        (429, "", "retry RATE_LIMITED 60"),
    ] {
        let read = read_decision(&HttpResponse::new(status, body));
        let read = read.map_or_else(|error| told(&error), |()| "ok".to_owned());
        assert_eq!(read, wanted, "{status} {body}");
    }
}
