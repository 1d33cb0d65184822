//! Requests, compared to the letter: paths, queries, bodies, and who they act as.

use super::*;

const BASE: &str = "https://corp.zendesk.example";

fn credential() -> Credential {
    Credential { email: "bridge@corp.example".to_owned(), api_token: "key-0123456789".to_owned() }
}

fn line(request: &HttpRequest) -> String {
    format!("{} {}", request.method.name(), request.url.strip_prefix(BASE).unwrap())
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut values = request.headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    let first = values.next();
    assert_eq!(values.next(), None, "{name} twice");
    first
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn the_address_of_every_read_is_exact() {
    let credential = credential();
    let calls = Calls::new(BASE, &credential);
    let of = |status, user, group| Filter { status, user, group };
    let ulid = "01JZ4Q8M3T5V7W9X1Y2Z3A4B5C";
    for (request, wanted) in [
        (calls.list(Filter::default(), None), "GET /api/v2/approval_requests".to_owned()),
        (
            calls.list(of("active", "", ""), Some("cGFnZS0y=")),
            "GET /api/v2/approval_requests?filter%5Bstatus%5D=active&after_cursor=cGFnZS0y%3D".to_owned(),
        ),
        (
            calls.list(of("approved,rejected", "901", ""), None),
            "GET /api/v2/approval_requests?filter%5Bstatus%5D=approved%2Crejected&filter%5Bassignee_user_id%5D=901"
                .to_owned(),
        ),
        (
            calls.list(of("", "", "77"), None),
            "GET /api/v2/approval_requests?filter%5Bassignee_group_id%5D=77".to_owned(),
        ),
        (calls.request(ulid), format!("GET /api/v2/approval_workflow_instances/{ulid}/approval_requests/{ulid}")),
        (calls.users(&["901", "902"]), "GET /api/v2/users/show_many?ids=901%2C902".to_owned()),
        (
            calls.users_with_address("ana+x@corp.example"),
            "GET /api/v2/users/search?query=email%3Aana%2Bx%40corp.example".to_owned(),
        ),
        (calls.members("77", None), "GET /api/v2/groups/77/memberships?page%5Bsize%5D=100".to_owned()),
        (
            calls.members("77", Some("a=")),
            "GET /api/v2/groups/77/memberships?page%5Bsize%5D=100&page%5Bafter%5D=a%3D".to_owned(),
        ),
        (calls.groups_of("901"), "GET /api/v2/users/901/group_memberships?page%5Bsize%5D=100".to_owned()),
        (calls.tickets(&["5120"]), "GET /api/v2/tickets/show_many?ids=5120".to_owned()),
        (calls.me(), "GET /api/v2/users/me".to_owned()),
    ] {
        assert_eq!(line(&request), wanted);
        assert!(request.body.is_empty());
    }
}

#[test]
fn the_base_url_may_end_in_slashes() {
    let credential = credential();
    for base in [BASE, "https://corp.zendesk.example/", "https://corp.zendesk.example//"] {
        assert_eq!(Calls::new(base, &credential).me().url, "https://corp.zendesk.example/api/v2/users/me");
        assert_eq!(ticket_link(base, "5120"), "https://corp.zendesk.example/agent/tickets/5120");
    }
}

#[test]
fn ids_cannot_leave_their_place() {
    let credential = credential();
    let calls = Calls::new(BASE, &credential);
    let (odd, encoded) = ("8/4?a=b#c%2e&", "8%2F4%3Fa%3Db%23c%252e%26");
    let request = format!("/api/v2/approval_workflow_instances/{encoded}/approval_requests/{encoded}");
    assert_eq!(line(&calls.request(odd)), format!("GET {request}"));
    assert_eq!(line(&calls.decide(odd, Verdict::Approve, "")), format!("PATCH {request}/decision"));
    assert_eq!(line(&calls.members(odd, None)), format!("GET /api/v2/groups/{encoded}/memberships?page%5Bsize%5D=100"));
    assert_eq!(line(&calls.users(&[odd])), format!("GET /api/v2/users/show_many?ids={encoded}"));
    assert_eq!(ticket_link(BASE, odd), format!("{BASE}/agent/tickets/{encoded}"));
}

#[test]
fn a_decision_acts_as_its_person_and_sends_the_reason_where_there_is_one() {
    let own = credential();
    let ana = own.acting_as(" ana@corp.example ");
    for (verdict, reason, wanted) in [
        (Verdict::Approve, "", json!({ "status": "approved" })),
        (Verdict::Approve, "Fine", json!({ "status": "approved", "notes": "Fine" })),
        (Verdict::Reject, "Too \"dear\"\n<b>", json!({ "status": "rejected", "notes": "Too \"dear\"\n<b>" })),
    ] {
        let request = Calls::new(BASE, &ana).decide("01JZ", verdict, reason);
        assert_eq!(body(&request), wanted);
        assert_eq!(header(&request, "content-type"), Some("application/json"));
        let basic = STANDARD.encode("ana@corp.example/token:key-0123456789");
        assert_eq!(header(&request, "authorization"), Some(format!("Basic {basic}").as_str()));
    }
    let long = Calls::new(BASE, &ana).decide("01JZ", Verdict::Reject, &"x".repeat(NOTES_MAX + 1));
    assert_eq!(body(&long)["notes"].as_str().unwrap().chars().count(), NOTES_MAX);
    let basic = STANDARD.encode("bridge@corp.example/token:key-0123456789");
    let me = Calls::new(BASE, &own).me();
    assert_eq!(header(&me, "authorization"), Some(format!("Basic {basic}").as_str()));
    assert_eq!(header(&me, "accept"), Some("application/json"));
}

#[test]
fn a_new_request_names_its_ticket_and_one_assignee_by_number() {
    let credential = credential();
    let new = |assignee| NewRequest { ticket: 5120, subject: "Laptop".into(), message: "Model X".into(), assignee };
    for (assignee, name, id) in
        [(NewAssignee::User(901), "assignee_user_id", 901), (NewAssignee::Group(77), "assignee_group_id", 77)]
    {
        let request = Calls::new(BASE, &credential).create(&new(assignee));
        assert_eq!(line(&request), "POST /api/v2/approval_requests");
        let wanted = json!({ "ticket_id": 5120, "subject": "Laptop", "message": "Model X", name: id });
        assert_eq!(body(&request), wanted);
    }
}

#[test]
fn a_request_in_a_log_shows_neither_credential_nor_input() {
    let credential = credential();
    let calls = Calls::new(BASE, &credential);
    for request in [calls.decide("01JZ", Verdict::Approve, "words"), calls.users_with_address("ana@corp.example")] {
        let shown = format!("{request:?}");
        for secret in ["key-0123456789", "Basic", "words", "ana@", "query"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
