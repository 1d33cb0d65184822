//! Requests, compared to the letter: the path table, the decoded input, the headers of both editions.

use percent_encoding::percent_decode_str;

use super::*;

const BASE: &str = "https://sdp.corp.example/app/itdesk";

fn token() -> Credential {
    Credential::AccessToken("1000.aa11".to_owned())
}

/// Method and URL without the query.
fn line(request: &HttpRequest) -> String {
    format!("{} {}", request.method.name(), request.url.split('?').next().unwrap())
}

/// What `input_data` says, in the query or in the form. There is nothing beside it.
fn input(request: &HttpRequest) -> Option<Value> {
    let query = request.url.split_once('?').map(|(_, query)| query.to_owned());
    let body = String::from_utf8(request.body.clone()).unwrap();
    let text = query.unwrap_or(body);
    if text.is_empty() {
        return None;
    }
    let encoded = text.strip_prefix("input_data=").unwrap();
    assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{encoded}");
    Some(serde_json::from_str(&percent_decode_str(encoded).decode_utf8().unwrap()).unwrap())
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut values = request.headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    let first = values.next();
    assert_eq!(values.next(), None, "{name} twice");
    first
}

#[test]
fn the_path_of_every_call_is_exact_for_every_module() {
    let credential = token();
    let calls = Calls::new(BASE, &credential);
    for (kind, module) in
        [(TicketKind::Request, "requests"), (TicketKind::Change, "changes"), (TicketKind::Release, "releases")]
    {
        let id = ApprovalId::sdp(kind, "874", "77", "310").unwrap();
        let root = format!("{BASE}/api/v3/{module}");
        let levels = format!("{root}/874/approval_levels");
        let query = ListQuery { start_index: 1, rows: PAGE_SIZE, scope: Scope::All };
        for (request, wanted) in [
            (calls.list(kind, &query), format!("GET {root}")),
            (calls.ticket(kind, "874"), format!("GET {root}/874")),
            (calls.levels(kind, "874"), format!("GET {levels}")),
            (calls.summary(kind, "874"), format!("GET {levels}/approval_summary")),
            (calls.approvals(kind, "874", "77", 1), format!("GET {levels}/77/approvals")),
            (calls.approval(&id), format!("GET {levels}/77/approvals/310")),
            (calls.decide(&id, Verdict::Approve, "c", false), format!("PUT {levels}/77/approvals/310/_approve")),
            (calls.decide(&id, Verdict::Reject, "c", false), format!("PUT {levels}/77/approvals/310/_reject")),
            (calls.decide(&id, Verdict::Approve, "c", true), format!("PUT {levels}/77/approvals/310/approve")),
            (calls.decide(&id, Verdict::Reject, "c", true), format!("PUT {levels}/77/approvals/310/reject")),
        ] {
            assert_eq!(line(&request), wanted);
        }
    }
}

#[test]
fn the_base_url_may_end_in_slashes() {
    let credential = token();
    for base in ["https://sdp.corp.example:8443", "https://sdp.corp.example:8443/", "https://sdp.corp.example:8443//"] {
        let request = Calls::new(base, &credential).ticket(TicketKind::Request, "1");
        assert_eq!(request.url, "https://sdp.corp.example:8443/api/v3/requests/1");
    }
}

#[test]
fn ids_cannot_leave_their_place_in_the_path() {
    let credential = token();
    let calls = Calls::new(BASE, &credential);
    let odd = "8/4?a=b#c%2e é&;";
    let encoded = "8%2F4%3Fa%3Db%23c%252e%20%C3%A9%26%3B";
    let root = format!("GET {BASE}/api/v3/requests/{encoded}");
    assert_eq!(line(&calls.ticket(TicketKind::Request, odd)), root);
    assert_eq!(line(&calls.levels(TicketKind::Request, odd)), format!("{root}/approval_levels"));
    let approvals = calls.approvals(TicketKind::Request, odd, odd, 1);
    assert_eq!(line(&approvals), format!("{root}/approval_levels/{encoded}/approvals"));
}

#[test]
fn a_list_asks_for_every_column_a_card_and_the_sweep_need() {
    let credential = token();
    let calls = Calls::new(BASE, &credential);
    let query = ListQuery { start_index: 101, rows: PAGE_SIZE, scope: Scope::All };
    for (kind, fields) in [
        (
            TicketKind::Request,
            json!([
                "id",
                "display_id",
                "subject",
                "requester",
                "priority",
                "created_time",
                "last_updated_time",
                "approval_status"
            ]),
        ),
        (
            TicketKind::Change,
            json!([
                "id",
                "display_id",
                "title",
                "change_requester",
                "priority",
                "created_time",
                "last_updated_time",
                "approval_status"
            ]),
        ),
        (
            TicketKind::Release,
            json!(["id", "display_id", "title", "release_requester", "priority", "created_time", "last_updated_time"]),
        ),
    ] {
        let wanted = json!({ "list_info": {
            "row_count": 100, "start_index": 101, "sort_field": "created_time", "sort_order": "asc",
            "get_total_count": true, "fields_required": fields,
        }});
        assert_eq!(input(&calls.list(kind, &query)), Some(wanted));
    }
}

#[test]
fn the_watermark_is_one_criterion_that_includes_its_own_millisecond() {
    let credential = token();
    let calls = Calls::new(BASE, &credential);
    for (since, value) in
        [(1_764_000_000_000, "1763999999999"), (1, "0"), (0, "-1"), (Millis::MIN, "-9223372036854775808")]
    {
        let query = ListQuery { start_index: 1, rows: 50, scope: Scope::UpdatedSince(since) };
        let input = input(&calls.list(TicketKind::Request, &query)).unwrap();
        let info = &input["list_info"];
        let criterion = json!([{ "field": "last_updated_time", "condition": "greater than", "value": value }]);
        assert_eq!(info["search_criteria"], criterion);
        assert_eq!((&info["sort_field"], &info["sort_order"]), (&json!("last_updated_time"), &json!("asc")));
        assert_eq!(info["row_count"], 50);
        assert_eq!(info.get("get_total_count"), None);
    }
}

#[test]
fn the_newest_come_first_without_a_criterion() {
    let credential = token();
    let query = ListQuery { start_index: 1, rows: 1, scope: Scope::Newest };
    let input = input(&Calls::new(BASE, &credential).list(TicketKind::Change, &query)).unwrap();
    let info = &input["list_info"];
    assert_eq!((&info["sort_field"], &info["sort_order"]), (&json!("last_updated_time"), &json!("desc")));
    assert_eq!((info.get("search_criteria"), info.get("get_total_count")), (None, None));
}

#[test]
fn sub_lists_ask_for_the_largest_page_and_single_reads_for_nothing() {
    let credential = token();
    let calls = Calls::new(BASE, &credential);
    let page = |start: u64| Some(json!({ "list_info": { "row_count": 100, "start_index": start } }));
    assert_eq!(input(&calls.levels(TicketKind::Change, "874")), page(1));
    assert_eq!(input(&calls.approvals(TicketKind::Change, "874", "77", 101)), page(101));
    let id = ApprovalId::sdp(TicketKind::Change, "874", "77", "310").unwrap();
    for request in
        [calls.ticket(TicketKind::Change, "874"), calls.summary(TicketKind::Change, "874"), calls.approval(&id)]
    {
        assert_eq!((input(&request), request.url.contains('?')), (None, false));
    }
}

#[test]
fn each_edition_is_let_in_its_own_way() {
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    let key = Credential::Authtoken("KEY-1".to_owned());
    for (credential, authorization, authtoken) in
        [(token(), Some("Zoho-oauthtoken 1000.aa11"), None), (key, None, Some("KEY-1"))]
    {
        let calls = Calls::new(BASE, &credential);
        for request in [calls.approval(&id), calls.decide(&id, Verdict::Approve, "c", false)] {
            assert_eq!(header(&request, "accept"), Some("application/vnd.manageengine.sdp.v3+json"));
            assert_eq!(header(&request, "authorization"), authorization);
            assert_eq!(header(&request, "authtoken"), authtoken);
            let form = (request.method == Method::Put).then_some("application/x-www-form-urlencoded");
            assert_eq!(header(&request, "content-type"), form);
        }
    }
}

#[test]
fn a_decision_is_a_form_with_its_comment() {
    let credential = token();
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    let comment = "Rejected by Ana Li (ana@corp.example) in chat: 50% + \"more\" & <b>é</b>=\n🎫";
    let request = Calls::new(BASE, &credential).decide(&id, Verdict::Reject, comment, false);
    assert!(!request.url.contains('?'));
    assert_eq!(input(&request), Some(json!({ "approval": { "comments": comment } })));
}

#[test]
fn a_comment_is_cut_to_the_limit_between_characters() {
    let credential = token();
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    let sent = |comment: &str| {
        let request = Calls::new(BASE, &credential).decide(&id, Verdict::Reject, comment, false);
        input(&request).unwrap()["approval"]["comments"].as_str().unwrap().to_owned()
    };
    assert_eq!(sent(&"x".repeat(250)), "x".repeat(250));
    assert_eq!(sent(&"x".repeat(300)), "x".repeat(249) + "…");
    // The accent would be character 250; it goes with its letter.
    let accent = "x".repeat(248) + "e\u{301}" + &"y".repeat(50);
    assert_eq!(sent(&accent), "x".repeat(248) + "…");
    let family = "x".repeat(246) + "👩\u{200d}👩\u{200d}👧" + &"y".repeat(50);
    assert_eq!(sent(&family), "x".repeat(246) + "…");
}

#[test]
fn a_request_in_a_log_shows_neither_credential_nor_input() {
    let credential = token();
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    let calls = Calls::new(BASE, &credential);
    for request in [calls.decide(&id, Verdict::Approve, "words", false), calls.levels(TicketKind::Request, "874")] {
        let shown = format!("{request:?}");
        for secret in ["1000.aa11", "words", "input_data", "list_info"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
