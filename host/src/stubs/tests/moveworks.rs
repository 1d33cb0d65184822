//! Moveworks: both doors.

use super::*;

fn post(path: &str, key: Option<&str>, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut builder =
        Request::post(format!("https://api.moveworks.ai{path}")).header("content-type", "application/json");
    if let Some(key) = key {
        builder = builder.header("authorization", key);
    }
    builder.body(body.into()).unwrap()
}

fn right() -> String {
    format!("Bearer {MOVEWORKS_API_KEY}")
}

fn events() -> String {
    format!("/rest/v1/events/{MOVEWORKS_EVENT_ID}/messages/send")
}

fn listener() -> String {
    format!("/webhooks/v1/listeners/{MOVEWORKS_LISTENER_ID}/notify")
}

async fn event(tester: &Tester, body: Value) -> (u16, Value) {
    tester.send(post(&events(), Some(&right()), body.to_string())).await.unwrap()
}

fn message() -> Value {
    json!({"message": "<b>Hello</b>", "recipients": [ANA.1], "context": {"slots": {"approval_id": "x"}}})
}

#[tokio::test]
async fn an_event_is_received_and_kept() {
    let tester = Tester::bare();
    assert_eq!(event(&tester, message()).await, (200, json!({"data": {"status": "RECEIVED"}})));
    tester.with(|world| {
        let sent = &world.sent_messages()[0];
        assert_eq!(
            (sent.door, sent.text.as_str(), sent.slot("approval_id")),
            (Door::Events, "<b>Hello</b>", Some("x"))
        );
        assert_eq!((&sent.recipients[..], sent.target.as_str()), (&[ANA.1.to_owned()][..], MOVEWORKS_EVENT_ID));
    });
}

#[tokio::test]
async fn the_key_needs_bearer_before_it() {
    let tester = Tester::bare();
    for key in [None, Some(MOVEWORKS_API_KEY), Some("Bearer wrong"), Some("Basic stub-moveworks-key")] {
        let (status, body) = tester.send(post(&events(), key, message().to_string())).await.unwrap();
        assert_eq!((status, body["error"]["code"].is_string()), (401, true));
    }
    let kept = tester.with(|world| format!("{:?}{:?}", world.journal, world.sent_messages()));
    assert!(!kept.contains(MOVEWORKS_API_KEY));
}

#[tokio::test]
async fn another_event_is_404_and_a_forbidden_one_403() {
    let tester = Tester::bare();
    let other = events().replace("5d6f", "0000");
    assert_eq!(tester.send(post(&other, Some(&right()), message().to_string())).await.unwrap().0, 404);
    tester.with(|world| world.settings.moveworks.event_allowed = false);
    assert_eq!(event(&tester, message()).await.0, 403);
}

#[tokio::test]
async fn the_body_is_checked_field_by_field() {
    let tester = Tester::bare();
    let with = |field: &str, value: Value| {
        let mut body = message();
        body[field] = value;
        body
    };
    let many = |n: usize| json!(vec![ANA.1; n]);
    for (body, status) in [
        (with("message", json!("x".repeat(20_000))), 200),
        (with("message", json!("é".repeat(20_001))), 400),
        (with("message", json!("")), 400),
        (with("message", json!(1)), 400),
        (with("recipients", many(500)), 200),
        (with("recipients", many(501)), 400),
        (with("recipients", json!([])), 400),
        (with("recipients", json!(ANA.1)), 400),
        (with("recipients", json!(["Ana Li"])), 400),
        (with("recipients", json!(["Ana <ana@corp.example>"])), 400),
        (with("context", json!({"slot": {}})), 400),
        (with("context", json!({"slots": "x"})), 400),
        (with("context", json!({})), 200),
        (with("subject", json!("x")), 400),
        (json!([]), 400),
    ] {
        assert_eq!(event(&tester, body.clone()).await.0, status, "{body:.80}");
    }
    assert_eq!(tester.send(post(&events(), Some(&right()), "{")).await.unwrap().0, 400);
    tester.with(|world| world.settings.moveworks.launch_list = Some([BEN.1.to_owned()].into()));
    assert_eq!(event(&tester, message()).await.0, 400);
}

#[tokio::test]
async fn the_organisation_has_120_calls_a_minute() {
    let tester = Tester::bare();
    for _ in 0..120 {
        assert_eq!(event(&tester, message()).await.0, 200);
    }
    assert_eq!(event(&tester, message()).await.0, 429);
    tester.pass(60_000);
    assert_eq!(event(&tester, message()).await.0, 200);
    tester.with(|world| world.settings.moveworks.events_per_minute = None);
    for _ in 0..200 {
        assert_eq!(event(&tester, message()).await.0, 200);
    }
}

#[tokio::test]
async fn a_listener_answers_200_before_it_checks_the_signature() {
    let tester = Tester::bare();
    tester.with(|world| {
        world.settings.moveworks.listener_signature =
            Some(SignatureCheck::new(|body, value| value == format!("{:x}", body.len())));
    });
    let body = json!({"event_id": "e", "user_email": ANA.1, "card": {"text": "hi"}, "slots": {"approval_id": "x"}})
        .to_string();
    for (signature, expected) in [
        (None, Signature::Missing),
        (Some("nonsense".to_owned()), Signature::Wrong),
        (Some(format!("{:x}", body.len())), Signature::Right),
    ] {
        let mut request = post(&listener(), Some(&right()), body.clone());
        if let Some(value) = &signature {
            request.headers_mut().insert("x-signature", value.parse().unwrap());
        }
        let (status, answer) = tester.send(request).await.unwrap();
        assert!(status == 200 && answer["message"].is_string() && answer["status"].is_string());
        tester.with(|world| {
            let sent = world.sent_messages().last().unwrap();
            assert_eq!((sent.signature, sent.delivered), (expected, expected == Signature::Right));
            assert_eq!((&sent.recipients[..], sent.slot("approval_id")), (&[ANA.1.to_owned()][..], Some("x")));
            assert_eq!(sent.raw, body);
        });
    }
}

#[tokio::test]
async fn a_listener_checks_its_credential_and_its_id() {
    let tester = Tester::bare();
    let (status, body) = tester.send(post(&listener(), None, "{}")).await.unwrap();
    assert_eq!((status, body["error"]["code"].is_string()), (401, true));
    let other = listener().replace("8b0c", "0000");
    let response = tester.stubs.handle(post(&other, Some(&right()), "{}")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().len()), (404, 0));
    assert_eq!(tester.send(post(&listener(), Some(&right()), "[]")).await.unwrap().0, 400);
}

#[tokio::test]
async fn a_listener_takes_50_a_second_secured_and_one_in_ten_seconds_unsecured() {
    let tester = Tester::bare();
    let status = async || tester.send(post(&listener(), Some(&right()), "{}")).await.unwrap().0;
    for _ in 0..50 {
        assert_eq!(status().await, 200);
    }
    assert_eq!(status().await, 429);
    tester.pass(1_000);
    assert_eq!(status().await, 200);
    tester.with(|world| world.settings.moveworks.listener_credential = false);
    tester.pass(9_999);
    assert_eq!(status().await, 429);
    tester.pass(1);
    assert_eq!(status().await, 200);
}

#[tokio::test]
async fn a_body_over_a_megabyte_is_answered_and_dropped() {
    let tester = Tester::bare();
    let body = json!({"text": "x".repeat(1 << 20)}).to_string();
    assert_eq!(tester.send(post(&listener(), Some(&right()), body)).await.unwrap().0, 200);
    assert!(tester.with(|world| world.sent_messages().is_empty()));
}

#[tokio::test]
async fn errors_come_in_either_documented_form() {
    let tester = Tester::bare();
    tester.with(|world| world.settings.moveworks.flat_errors = true);
    let (_, body) = tester.send(post(&events(), None, "{}")).await.unwrap();
    assert!(body["code"].is_string() && body["message"].is_string() && body.get("error").is_none());
}

#[tokio::test]
async fn the_credential_can_be_checked() {
    let tester = Tester::bare();
    let test = |key: &str| {
        let request = Request::get("https://api.moveworks.ai/rest/v1/auth/test").header("authorization", key);
        tester.send(request.body(Bytes::new()).unwrap())
    };
    let (status, body) = test(&right()).await.unwrap();
    assert_eq!((status, body["Message"].is_string()), (200, true));
    assert_eq!(test("Bearer no").await.unwrap().0, 401);
}
