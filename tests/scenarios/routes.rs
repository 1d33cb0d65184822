//! The door: nobody gets past without the token, and everything that fails says so in one envelope.
//!
//! A wrong implementation answers before it knows who asks, calls a vendor for a stranger, takes unknown fields for
//! spelling, or ends in a bare 500.

use approval_bridge_tests::harness::{ANA, API_TOKEN, Answer, Desk};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

/// Every route of the contract but `GET /` and the console's, which answer with pages.
const ROUTES: [(&str, &str); 30] = [
    ("POST", "/poll"),
    ("POST", "/poll?dry_run=true"),
    ("GET", "/approvals"),
    ("GET", "/approvals/sdp:requests:1:2:3"),
    ("POST", "/approvals/sdp:requests:1:2:3/approve"),
    ("POST", "/approvals/sdp:requests:1:2:3/reject"),
    ("POST", "/approvals/1/3/approve"),
    ("POST", "/approvals/1/3/reject?reason=no"),
    ("POST", "/notifications"),
    ("POST", "/hints"),
    ("GET", "/outbox"),
    ("POST", "/outbox/notice:1:a/retry"),
    ("GET", "/audit"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("POST", "/requests"),
    ("GET", "/requests/1"),
    ("PATCH", "/requests/1"),
    ("DELETE", "/requests/1"),
    ("POST", "/requests/1/resend"),
    ("POST", "/requests/1/responses"),
    ("GET", "/gateway/sdp/tickets"),
    ("POST", "/gateway/sdp/tickets"),
    ("GET", "/gateway/sdp/tickets/1"),
    ("PATCH", "/gateway/sdp/tickets/1"),
    ("POST", "/gateway/sdp/tickets/1/comments"),
    ("POST", "/gateway/sdp/tickets/1/attachments"),
    ("POST", "/gateway/sdp/tickets/1/resolve"),
    ("POST", "/gateway/sdp/tickets/1/reopen"),
    ("PUT", "/gateway/sdp/tickets/1/assignment"),
];

fn request(method: &str, path: &str, authorization: &[&str]) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
    for value in authorization {
        request = request.header("authorization", *value);
    }
    request.body(Bytes::from_static(b"{}")).unwrap()
}

/// sdp.md §12, rows 29, 36 and 37.
#[tokio::test]
async fn without_the_token_every_route_is_closed_and_nobody_is_called() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    let basic = format!("Basic {API_TOKEN}");
    let twice = format!("Bearer {API_TOKEN}");
    let longer = format!("Bearer {API_TOKEN}x");
    let shorter = format!("Bearer {}", &API_TOKEN[..API_TOKEN.len() - 1]);
    let wrong: [&[&str]; 9] = [
        &[],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &[API_TOKEN],
        &[&basic],
        &[&longer],
        &[&shorter],
        &[&twice, "Bearer another"],
    ];
    for (number, authorization) in wrong.into_iter().enumerate() {
        for (method, path) in ROUTES {
            let answer = desk.send(request(method, path, authorization)).await;
            assert_eq!(answer.error(), (401, "AUTHENTICATION_FAILED"), "{method} {path} with {number}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(desk.count("*", ""), 0, "no vendor was called");
    assert!(desk.entries().is_empty(), "nothing was written");
    assert_eq!(desk.send(request("GET", "/nowhere", &[])).await.status, 401, "nor does a stranger learn what exists");
}

#[tokio::test]
async fn the_scheme_is_read_without_case() {
    let desk = Desk::cloud().start();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = desk.send(request("GET", "/approvals", &[&format!("{scheme} {API_TOKEN}")])).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn health_is_open_and_tells_the_version_only() {
    let desk = Desk::cloud().without("api_token").start();
    let answer = desk.send(request("GET", "/", &[])).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ok")));
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    assert!(answer.body["version"].is_string());
    assert_eq!(desk.send(request("POST", "/", &[])).await.status, 503);
}

/// CONTRACT, variables: `api_token`.
#[tokio::test]
async fn without_api_token_everything_else_is_503_and_says_why() {
    for setup in [Desk::cloud().without("api_token"), Desk::cloud().without("api_token").variable("api_token", "  ")] {
        let desk = setup.start();
        for (method, path) in ROUTES {
            for authorization in [&[][..], &["Bearer "], &["Bearer anything"]] {
                let answer = desk.send(request(method, path, authorization)).await;
                assert_eq!(answer.error(), (503, "NOT_CONFIGURED"), "{method} {path}");
                assert!(answer.text.contains("api_token"));
            }
        }
        assert_eq!(desk.count("*", ""), 0);
    }
}

/// What it says is held against every answer of every scenario (harness/document.rs).
#[tokio::test]
async fn the_document_of_the_routes_is_served_as_it_is() {
    let desk = Desk::cloud().start();
    let answer = desk.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.text, include_str!("../../component/bridge/openapi.json"));
    assert!(desk.entries().is_empty());
}

/// sdp.md §12, row 32.
#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_ones() {
    let desk = Desk::cloud().start();
    for (method, path, allow) in [
        ("GET", "/poll", "POST"),
        ("DELETE", "/approvals", "GET,HEAD"),
        ("POST", "/approvals/sdp:requests:1:2:3", "GET,HEAD"),
        ("GET", "/notifications", "POST"),
        ("PUT", "/hints", "POST"),
        ("POST", "/outbox", "GET,HEAD"),
        ("GET", "/outbox/1/retry", "POST"),
        ("POST", "/", "GET,HEAD"),
        ("TRACE", "/poll", "POST"),
        ("OPTIONS", "/requests/1", "GET,HEAD,PATCH,DELETE"),
    ] {
        let answer = desk.call(method, path, Value::Null).await;
        assert_eq!(answer.error(), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
        assert_eq!(answer.header("allow").replace(' ', ""), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let desk = Desk::cloud().start();
    for path in ["/", "/approvals", "/metrics", "/nowhere"] {
        let (head, get) = (desk.call("HEAD", path, Value::Null).await, desk.get(path).await);
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
    }
    assert_eq!(desk.call("HEAD", "/", Value::Null).await.text, "");
}

#[tokio::test]
async fn an_unknown_address_is_404() {
    let desk = Desk::cloud().start();
    for path in [
        "/nowhere",
        "/approvals/",
        "/approvals/a/b",
        "/approvals/a/b/c/approve",
        "/approvals/sdp:requests:1:2:3/maybe",
        "//approvals",
        "/poll/",
        "/APPROVALS",
    ] {
        assert_eq!(desk.get(path).await.error(), (404, "NOT_FOUND"), "{path}");
    }
}

/// CONTRACT: unknown fields are an error, and so are unknown parameters.
#[tokio::test]
async fn unknown_fields_and_parameters_are_refused_by_name() {
    let desk = Desk::cloud().start();
    let mut answers: Vec<Answer> = Vec::new();
    for path in ["/approvals?approvr=ana", "/approvals?limit=10&offset=5"] {
        answers.push(desk.get(path).await);
    }
    answers.push(desk.post("/poll?dryrun=true", Value::Null).await);
    answers.push(desk.post("/hints", json!({ "source": "sdp", "ticket_id": "1", "modul": "changes" })).await);
    let notice = json!({ "message": "hello", "recipients": [ANA.1], "subject": "hi" });
    answers.push(desk.post("/notifications", notice).await);
    for (answer, name) in answers.iter().zip(["approvr", "offset", "dryrun", "modul", "subject"]) {
        assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"), "{name}: {answer:?}");
        assert!(answer.text.contains(name), "{}", answer.text);
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn values_out_of_range_are_refused() {
    let desk = Desk::cloud().start();
    for path in [
        "/approvals?limit=0",
        "/approvals?limit=501",
        "/approvals?limit=-1",
        "/approvals?limit=many",
        "/approvals?cursor=nonsense",
        "/approvals?cursor=%ff",
    ] {
        assert_eq!(desk.get(path).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{path}");
    }
    assert_eq!(desk.post("/poll?dry_run=perhaps", Value::Null).await.error().0, 400);
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_refused() {
    let desk = Desk::cloud().start();
    for body in ["", "{", "[]", "null", "\"text\"", "{\"message\":\"\\ud800\"}", "\u{feff}{}"] {
        for path in ["/notifications", "/hints"] {
            let mut request = request("POST", path, &[&format!("Bearer {API_TOKEN}")]);
            *request.body_mut() = Bytes::from(body);
            assert_eq!(desk.send(request).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{path} {body}");
        }
    }
    assert_eq!(desk.count("*", ""), 0);
}

/// CONTRACT: 413 above 1 MiB.
#[tokio::test]
async fn a_body_above_a_mebibyte_is_413() {
    let desk = Desk::cloud().start();
    for path in ["/notifications", "/approvals/sdp:requests:1:2:3/approve"] {
        let mut request = request("POST", path, &[&format!("Bearer {API_TOKEN}")]);
        *request.body_mut() = Bytes::from(vec![b' '; (1 << 20) + 1]);
        assert_eq!(desk.send(request).await.error(), (413, "BODY_TOO_LARGE"), "{path}");
    }
}

/// Settings that are wrong are no secret to the operator who calls, and every one is named at once.
#[tokio::test]
async fn wrong_settings_are_all_named_and_their_values_are_not_shown() {
    let desk = Desk::cloud()
        .variable("poll_seconds", "soon")
        .variable("first_run", "maybe-this")
        .variable("sdp_modules", "tickets")
        .variable("sdp_base_url", "ftp://sdp.example")
        .start();
    for (method, path) in [("POST", "/poll"), ("POST", "/poll?dry_run=true")] {
        let answer = desk.call(method, path, Value::Null).await;
        assert_eq!(answer.error(), (500, "CONFIGURATION"));
        for name in ["poll_seconds", "first_run", "sdp_base_url"] {
            assert!(answer.text.contains(name), "{name}: {}", answer.text);
        }
        for value in ["soon", "maybe-this", "ftp:"] {
            assert!(!answer.text.contains(value), "{value}: {}", answer.text);
        }
    }
    assert_eq!(desk.count("*", ""), 0);
}

/// CONTRACT: a failing source is in `errors` and the status is still 200.
#[tokio::test]
async fn the_report_has_the_contracts_fields() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    let report = desk.post("/poll", Value::Null).await;
    assert_eq!(report.status, 200);
    let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let sorted = |names: &[&str]| -> Vec<String> {
        let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    let same = |value: &Value, names: &[&str]| {
        let mut keys = keys(value);
        keys.sort();
        assert_eq!(keys, sorted(names));
    };
    same(&report.body, &["started_at", "duration_ms", "complete", "dry_run", "sources", "outbox"]);
    same(&report.body["sources"], &["sdp/requests", "sdp/changes", "sdp/releases"]);
    same(
        &report.body["sources"]["sdp/requests"],
        &[
            "calls",
            "tickets",
            "approvals",
            "pending",
            "new",
            "baselined",
            "notified",
            "reminded",
            "closed",
            "skipped",
            "errors",
        ],
    );
    same(&report.body["outbox"], &["planned", "sent", "waiting", "dead"]);
    // A moment after the call: the lease is taken first.
    let started_at = report.body["started_at"].as_str().unwrap();
    assert!(started_at.starts_with("2025-11-24T16:00:00.") && started_at.ends_with('Z'), "{started_at}");
}
