//! Levels. A wrong implementation would ask the approvers of a level that is over, deleted or not yet reached, or would
//! spend a call on approvals that it already holds.

use super::*;

#[test]
fn only_the_current_open_levels_are_live() {
    let levels = read_levels(&names(), &|_| None, &fixture("levels.json")).unwrap();
    let shown: Vec<(&str, Option<u32>, bool)> =
        levels.levels.iter().map(|level| (level.id.as_str(), level.number, level.live)).collect();
    assert_eq!(
        shown,
        [
            ("158000000007001", Some(1), false),
            ("158000000007002", Some(2), true),
            ("158000000007003", Some(3), false),
            ("158000000007004", Some(1), false),
            ("158000000007005", Some(1), false),
            ("158000000007006", None, true),
            ("158000000007007", None, false),
            ("158000000007008", Some(4), true),
        ]
    );
    let refused: Vec<Option<&str>> = levels.refused.iter().map(|refused| refused.id.as_deref()).collect();
    assert_eq!(refused, [None, None, Some("7/../8")]);
}

#[test]
fn what_makes_a_level_live() {
    for (level, live) in [
        (json!({ "id": "1" }), true),
        (json!({ "id": "1", "status": null }), true),
        (json!({ "id": "1", "status": { "name": "Open" } }), true),
        (json!({ "id": "1", "status": { "name": "pending approval" } }), true),
        (json!({ "id": "1", "status": { "name": "In Prüfung" } }), true),
        (json!({ "id": "1", "status": { "name": "APPROVED" } }), false),
        (json!({ "id": "1", "status": { "name": "Rejected" } }), false),
        (json!({ "id": "1", "status": { "name": "Denied" } }), false),
        (json!({ "id": "1", "status": { "name": "To Be Sent" } }), false),
        (json!({ "id": "1", "status": "Approved" }), false),
        (json!({ "id": "1", "is_current": true }), true),
        (json!({ "id": "1", "is_current": null }), true),
        (json!({ "id": "1", "is_current": false }), false),
        (json!({ "id": "1", "is_current": "false" }), false),
        (json!({ "id": "1", "deleted": false }), true),
        (json!({ "id": "1", "deleted": true, "is_current": true }), false),
        (json!({ "id": "1", "deleted": "true" }), false),
    ] {
        let levels = read_levels(&names(), &|_| None, &ok(&json!({ "approval_levels": [level] }))).unwrap();
        assert_eq!(levels.levels[0].live, live, "{level}");
    }
}

#[test]
fn a_levels_number_comes_as_number_or_text() {
    for (number, wanted) in [
        (json!(1), Some(1)),
        (json!("5"), Some(5)),
        (json!(" 2 "), Some(2)),
        (json!("two"), None),
        (json!(-1), None),
        (json!(4_294_967_296_u64), None),
        (json!(1.5), None),
        (json!(null), None),
        (json!({ "id": "1" }), None),
    ] {
        let body = json!({ "approval_levels": [{ "id": "1", "level": number }] });
        let levels = read_levels(&names(), &|_| None, &ok(&body)).unwrap();
        assert_eq!(levels.levels[0].number, wanted, "{number}");
    }
}

#[test]
fn approvals_inside_a_level_are_used_only_if_they_tell_their_status() {
    let ticket = known(TicketKind::Request, "874");
    let read = |inside: Inside<'_>| -> Vec<Option<Approvals>> {
        let levels = read_levels(&names(), inside, &fixture("levels_with_approvals.json")).unwrap();
        levels.levels.into_iter().map(|level| level.approvals).collect()
    };
    assert_eq!(read(&|level| (level.id != "77").then_some(&ticket)), [const { None }; 4], "only where they are wanted");
    let inside = read(&|_| Some(&ticket));
    let [Some(first), None, None, None] = inside.as_slice() else { panic!("{inside:?}") };
    let shown: Vec<String> = first.approvals.iter().map(|approval| approval.id.to_string()).collect();
    assert_eq!(shown, ["sdp:requests:874:77:310", "sdp:requests:874:77:311"]);
    assert_eq!(first.approvals[0].level, Some(1));
    assert_eq!(first.approvals[0].approver, Some(person("Ana Li", "ana@corp.example")));
    assert_eq!(first.approvals[0].sent_at, Some(1_764_000_000_000));
    assert_eq!((first.more, first.refused.len()), (false, 0));
}

#[test]
fn no_levels_are_no_error() {
    for body in [json!({}), json!({ "approval_levels": [] }), json!({ "approval_levels": null })] {
        assert_eq!(read_levels(&names(), &|_| None, &ok(&body)).unwrap(), Levels::default());
    }
    let error = read_levels(&names(), &|_| None, &ok(&json!({ "approval_levels": "none" }))).unwrap_err();
    assert_eq!(told(&error), "permanent UNREADABLE");
    // On-premises, for a change without levels: the summary tells what it meant.
    let body = json!({ "response_status": { "status_code": 4004, "status": "failed" } }).to_string();
    let error = read_levels(&names(), &|_| None, &HttpResponse::new(500, body)).unwrap_err();
    assert_eq!(told(&error), "retry INTERNAL_ERROR 2");
}

#[test]
fn the_summary_tells_whether_there_are_approvals() {
    for (body, wanted) in [
        (json!({ "approval_summary": { "has_approvals": true } }), Ok(true)),
        (json!({ "approval_summary": { "has_approvals": "false" } }), Ok(false)),
        (json!({ "has_approvals": false, "response_status": { "status": "success" } }), Ok(false)),
        (json!({ "approval_summary": {} }), Err("permanent UNREADABLE")),
        (json!({ "approval_summary": null }), Err("permanent UNREADABLE")),
        (json!({ "approval_summary": { "has_approvals": 1 } }), Err("permanent UNREADABLE")),
        (json!({}), Err("permanent UNREADABLE")),
        (json!({ "response_status": { "status_code": 4002, "status": "failed" } }), Err("permanent FORBIDDEN")),
    ] {
        let read = read_summary(&ok(&body)).map_err(|error| told(&error));
        assert_eq!(read, wanted.map_err(str::to_owned), "{body}");
    }
}
