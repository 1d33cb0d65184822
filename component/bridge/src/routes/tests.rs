//! The door, natively: who gets in, and what wrong requests are told. A wrong implementation would do work before it
//! knows the caller, or answer in another form than the envelope.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{Incoming, TooLarge, handle};
use crate::testing::MemoryHost;

const TOKEN: &str = "a-token-of-the-bridge";

fn request(method: &str, path: &str, body: impl Into<Bytes>) -> Request<Incoming> {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
    request.body(Ok(body.into())).unwrap()
}

fn configured() -> MemoryHost {
    MemoryHost::new().with_variables(&[("api_token", TOKEN)])
}

fn code(response: &Response<Bytes>) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    body["error"]["code"].as_str().unwrap_or_default().to_owned()
}

const ADDRESSES: [(&str, &str); 13] = [
    ("POST", "/poll"),
    ("GET", "/approvals"),
    ("GET", "/approvals/sdp:requests:1:2:3"),
    ("POST", "/approvals/sdp:requests:1:2:3/approve"),
    ("POST", "/approvals/1/2/reject"),
    ("POST", "/approval-requests/zendesk"),
    ("POST", "/notifications"),
    ("POST", "/hints"),
    ("GET", "/outbox"),
    ("GET", "/metrics"),
    ("PATCH", "/requests/1"),
    ("GET", "/gateway/sdp/tickets"),
    ("GET", "/no/such/address"),
];

#[tokio::test]
async fn without_the_token_every_address_but_health_is_401_and_nothing_is_read() {
    for (method, path) in ADDRESSES {
        for credential in [None, Some("Bearer wrong"), Some("Bearer "), Some("Basic a-token-of-the-bridge")] {
            let host = configured();
            let mut request = request(method, path, "{}");
            request.headers_mut().remove("authorization");
            if let Some(credential) = credential {
                request.headers_mut().insert("authorization", credential.parse().unwrap());
            }
            let response = handle(host.clone(), request).await;
            assert_eq!(
                (response.status(), code(&response).as_str()),
                (StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED")
            );
            assert_eq!(host.operations(), 0, "{method} {path}");
        }
    }
    let mut health = request("GET", "/", "");
    health.headers_mut().remove("authorization");
    assert_eq!(handle(configured(), health).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    let mut request = request("GET", "/approvals", "");
    request.headers_mut().append("authorization", "Bearer other".parse().unwrap());
    assert_eq!(handle(configured(), request).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_configured_token_nobody_gets_in_and_the_answer_says_why() {
    for (method, path) in ADDRESSES {
        let response = handle(MemoryHost::new(), request(method, path, "{}")).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(String::from_utf8_lossy(response.body()).contains("api_token"));
    }
}

#[tokio::test]
async fn wrong_addresses_methods_and_sizes_have_their_own_answers() {
    let response = handle(configured(), request("GET", "/no/such/address", "")).await;
    assert_eq!((response.status(), code(&response).as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    let response = handle(configured(), request("GET", "/approvals/sdp:requests:1:2:3/approve", "")).await;
    assert_eq!((response.status(), code(&response).as_str()), (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"));
    assert_eq!(response.headers()["allow"], "POST");
    let response = handle(configured(), request("POST", "/hints", "{}").map(|_| Err(TooLarge))).await;
    assert_eq!((response.status(), code(&response).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE"));
    let response = handle(configured(), request("GET", "/approvals/%ff%fe", "")).await;
    assert!(response.status().is_client_error() && !code(&response).is_empty());
}

#[tokio::test]
async fn bodies_and_queries_are_read_strictly_and_the_offender_is_named() {
    let wrong = [
        ("/notifications", r#"{"message":"m","recipients":["a@corp.example"],"extra":1}"#, "extra"),
        ("/notifications", r#"{"message":"m"}"#, "recipients"),
        ("/notifications", r#"{"message":" ","recipients":["a@corp.example"]}"#, "message"),
        ("/notifications", r#"{"message":"m","recipients":[]}"#, "recipients"),
        ("/notifications", "[]", "object"),
        ("/notifications", "{", "body"),
        ("/hints", r#"{"source":"sdp","ticket_id":"../x"}"#, "ticket_id"),
        ("/hints", r#"{"source":"sdp","ticket_id":"1","module":"problems"}"#, "module"),
        ("/hints", r#"{"source":"zendesk","ticket_id":"1","module":"requests"}"#, "module"),
        ("/hints", r#"{"source":"elsewhere","ticket_id":"1"}"#, "source"),
        ("/approval-requests/zendesk", r#"{"ticket_id":1,"subject":"s","message":"m"}"#, "assignee_user_id"),
        (
            "/approval-requests/zendesk",
            r#"{"ticket_id":1,"subject":"s","message":"m","assignee_user_id":1,"assignee_group_id":2}"#,
            "assignee_group_id",
        ),
        ("/approval-requests/zendesk", r#"{"ticket_id":"x","subject":"s","message":"m"}"#, "ticket_id"),
        (
            "/approval-requests/zendesk",
            r#"{"ticket_id":1,"subject":" ","message":"m","assignee_user_id":1}"#,
            "subject",
        ),
        (
            "/approval-requests/zendesk",
            r#"{"ticket_id":1,"subject":"s","message":"m","assignee_user_id":1,"x":1}"#,
            "`x`",
        ),
        ("/poll?dry_run=perhaps", "", "query"),
        ("/poll?surprise=1", "", "surprise"),
    ];
    for (path, body, named) in wrong {
        let response = handle(configured(), request("POST", path, body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path} {body}");
        assert_eq!(code(&response), "INPUT_VALIDATION_FAILED");
        assert!(String::from_utf8_lossy(response.body()).contains(named), "{path} {body}: {response:?}");
    }
    for query in ["limit=0", "limit=501", "limit=x", "cursor=!", "surprise=1"] {
        let response = handle(configured(), request("GET", &format!("/approvals?{query}"), "")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn a_decision_with_a_wrong_body_is_invalid_and_one_on_an_odd_id_unknown() {
    for body in ["", "{", "{}", r#"{"approver":""}"#, r#"{"approver":5}"#, r#"{"approver":"a@corp.example","x":1}"#] {
        let response = handle(configured(), request("POST", "/approvals/sdp:requests:1:2:3/approve", body)).await;
        assert_eq!(
            (response.status(), code(&response).as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
            "{body}"
        );
    }
    for id in ["nonsense", "sdp:problems:1:2:3", "sdp:requests:1:2", "zendesk:1", "sdp:requests:..:2:3"] {
        let body = r#"{"approver":"ana@corp.example"}"#;
        let response = handle(configured(), request("POST", &format!("/approvals/{id}/approve"), body)).await;
        assert_eq!((response.status(), code(&response).as_str()), (StatusCode::NOT_FOUND, "UNKNOWN"), "{id}");
    }
}

#[tokio::test]
async fn missing_settings_are_all_named_and_secrets_are_not_shown() {
    let host = MemoryHost::new().with_variables(&[("api_token", TOKEN), ("moveworks_api_key", "hidden-key")]);
    let response = handle(host, request("POST", "/poll", "")).await;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(code(&response), "CONFIGURATION");
    assert!(text.contains("moveworks_event_id") && !text.contains("hidden-key"), "{text}");
}
