//! The Ticket Gateway when something is wrong: its envelope has six codes, each with its own status, because builders in
//! Moveworks see nothing else.
//!
//! A wrong implementation blames the caller for the help desk's failures, keeps a throttled caller waiting, or tells what
//! the help desk said in confidence.

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{API_TOKEN, Answer, Desk};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

const LIST: &str = "/gateway/sdp/tickets?updated_start_ts=2025-11-24T15:59:00Z";

#[tokio::test]
async fn without_the_token_every_address_is_401_and_the_help_desk_is_not_called() {
    let desk = Desk::cloud().start();
    for (method, path) in [
        ("GET", "/gateway/sdp/tickets?updated_start_ts=2025-11-24T15:59:00Z"),
        ("POST", "/gateway/sdp/tickets"),
        ("GET", "/gateway/sdp/tickets/1"),
        ("PATCH", "/gateway/sdp/tickets/1"),
        ("POST", "/gateway/sdp/tickets/1/comments"),
        ("POST", "/gateway/sdp/tickets/1/attachments"),
        ("POST", "/gateway/sdp/tickets/1/resolve"),
        ("POST", "/gateway/sdp/tickets/1/reopen"),
        ("PUT", "/gateway/sdp/tickets/1/assignment"),
    ] {
        let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
        let answer = desk.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.error(), (401, "AUTHENTICATION_FAILED"), "{method} {path}");
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn input_that_cannot_be_meant_is_400_before_anybody_is_called() {
    let desk = Desk::cloud().start();
    let mut answers: Vec<(&str, Answer)> = Vec::new();
    for (named, query) in [
        ("updated_start_ts", ""),
        ("updated_start_ts", "?updated_end_ts=2025-11-24T15:59:00Z"),
        ("updated_start_ts", "?updated_start_ts=yesterday"),
        ("updated_end_ts", "?updated_start_ts=2025-11-24T15:59:00Z&updated_end_ts=x"),
        ("updated_end_ts", "?updated_start_ts=2025-11-24T15:59:00Z&updated_end_ts=2025-11-24T15:58:59Z"),
        ("cursor", "?updated_start_ts=2025-11-24T15:59:00Z&cursor=nonsense"),
        ("requestor", "?requestor=%7B%7D"),
        ("requestor", "?requestor=../7"),
        ("limit", "?updated_start_ts=2025-11-24T15:59:00Z&limit=5"),
    ] {
        answers.push((named, desk.get(&format!("/gateway/sdp/tickets{query}")).await));
    }
    for (named, body) in [
        ("object", json!([])),
        ("at least one", json!({})),
        ("at least one", json!({ "description": "" })),
        ("subject", json!({ "subject": "s" })),
        ("requestor", json!({ "short_description": "s", "requestor": { "full_name": "Ana" } })),
    ] {
        answers.push((named, desk.post("/gateway/sdp/tickets", body).await));
    }
    for (named, path, body) in [
        ("text", "comments", json!({ "text": " ", "public": true })),
        ("public", "comments", json!({ "text": "t" })),
        ("visible", "comments", json!({ "text": "t", "public": true, "visible": true })),
        ("content", "attachments", json!({ "file_name": "a" })),
        ("reason", "resolve", json!({ "reason": "r" })),
        ("state", "reopen", json!({ "state": "Open" })),
    ] {
        answers.push((named, desk.post(&format!("/gateway/sdp/tickets/874/{path}"), body).await));
    }
    for (named, answer) in answers {
        assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"), "{named}: {}", answer.text);
        assert!(answer.text.contains(named), "{named}: {}", answer.text);
    }
    assert_eq!(desk.count("*", ""), 0);
}

/// schemathesis, "Schema-violating request accepted".
#[tokio::test]
async fn a_body_that_may_be_missing_is_read_once_it_is_there() {
    let desk = Desk::cloud().start();
    for path in ["/gateway/sdp/tickets/874/resolve", "/gateway/sdp/tickets/874/reopen"] {
        for body in [" ", "\r", "x"] {
            let request = Request::post(format!("http://bridge.example{path}"));
            let request = request.header("authorization", format!("Bearer {API_TOKEN}"));
            let answer = desk.send(request.body(Bytes::from(body)).unwrap()).await;
            assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"), "{path} {body:?}");
        }
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn a_cursor_of_another_window_is_refused() {
    let desk = Desk::cloud().start();
    let cursor = approval_logic::gateway::Cursor { from: 5, skip: 0 }.write();
    assert_eq!(desk.get(&format!("{LIST}&cursor={cursor}")).await.error(), (400, "INPUT_VALIDATION_FAILED"));
}

#[tokio::test]
async fn a_help_desk_that_is_not_there_is_404() {
    let desk = Desk::cloud().start();
    for source in ["atera", "managed", "SDP", "zendesk"] {
        let answer = desk.get(&format!("/gateway/{source}/tickets/1")).await;
        assert_eq!(answer.error(), (404, "NOT_FOUND"), "{source}");
    }
}

#[tokio::test]
async fn a_throttle_of_the_help_desk_is_passed_on_at_once() {
    let desk = Desk::cloud().start();
    desk.world(|world| {
        world.fault(Fault::on("GET", "/api/v3/").too_many(Some("45")).always());
    });
    let before = desk.now();
    let calls = [("GET", LIST, Value::Null), ("GET", "/gateway/sdp/tickets/874", Value::Null)];
    for (method, path, body) in calls {
        let answer = desk.call(method, path, body).await;
        assert_eq!(answer.error(), (429, "RATE_LIMIT_EXCEEDED"), "{path}");
        assert_eq!((answer.header("retry-after"), answer.header("x-ratelimit-reset")), ("45", "45"));
        assert_eq!(answer.header("x-ratelimit-remaining"), "0");
    }
    assert!(desk.now() - before < 2_000, "nobody was kept waiting");
}

#[tokio::test]
async fn what_the_help_desk_tells_of_its_limit_is_handed_on() {
    let desk = Desk::cloud().start();
    let reply = r#"{"requests":[],"response_status":[{"status_code":2000,"status":"success"}]}"#;
    desk.world(|world| {
        let fault = Fault::on("GET", "/requests").replies(200, reply);
        world.fault(
            fault.header("ratelimit-limit", "700").header("ratelimit-remaining", "650").header("ratelimit-reset", "17"),
        );
    });
    let answer = desk.get(LIST).await;
    let told = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| answer.header(name));
    assert_eq!((answer.status, told), (200, ["700", "650", "17"]));
    let silent = desk.get(LIST).await;
    assert_eq!(silent.header("x-ratelimit-limit"), "", "and nothing is made up");
}

#[tokio::test]
async fn a_help_desk_that_is_out_of_order_is_502_and_says_nothing_of_its_own() {
    for fault in [
        Fault::on("GET", "/api/v3/").replies(503, r#"{"secret":"internal trace"}"#),
        Fault::on("GET", "/api/v3/").replies(200, "<html>internal trace</html>").content_type("text/html"),
        Fault::on("GET", "/api/v3/").sdp_error(4002, "internal trace"),
        Fault::on("GET", "/api/v3/").sdp_error(7001, "internal trace"),
    ] {
        let desk = Desk::on_premises().start();
        desk.world(|world| world.fault(fault.always()));
        for path in [LIST, "/gateway/sdp/tickets/874"] {
            let answer = desk.get(path).await;
            assert_eq!(answer.error(), (502, "EXTERNAL_REST_ERROR"), "{path}");
            assert!(!answer.text.contains("internal trace"), "{}", answer.text);
        }
    }
}

/// The caller's credential was right: 401 would have an administrator look in the wrong place.
#[tokio::test]
async fn a_credential_that_the_help_desk_refuses_is_502_and_names_doctor() {
    let desk = Desk::on_premises().without("sdp_authtoken").variable("sdp_authtoken", "wrong-key-0123456789").start();
    let answer = desk.get(LIST).await;
    assert_eq!(answer.error(), (502, "EXTERNAL_REST_ERROR"));
    assert!(answer.text.contains("doctor") && !answer.text.contains("wrong-key"), "{}", answer.text);
}

#[tokio::test]
async fn wrong_tables_are_named_by_their_variable() {
    let desk = Desk::cloud().variable("gateway_states", "Open").variable("gateway_user_id", "name").start();
    let answer = desk.get(LIST).await;
    assert_eq!(answer.error(), (500, "INTERNAL_SERVER_ERROR"));
    assert!(answer.text.contains("gateway_states") && answer.text.contains("gateway_user_id"), "{}", answer.text);
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn the_gateway_needs_no_moveworks_settings() {
    let desk = Desk::cloud().without("moveworks_api_key").without("moveworks_event_id").start();
    assert_eq!(desk.get(LIST).await.status, 200);
}
