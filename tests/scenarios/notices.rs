//! `POST /notifications`: a message from outside, through the same outbox as everything else.
//!
//! A wrong implementation sends past any record, to many people in one call, twice after a restart, or lets the text
//! write markup.

use approval_bridge::stubs::{Door, Fault};
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, Desk, minutes};
use serde_json::{Value, json};

/// sdp.md §12, row 37.
#[tokio::test]
async fn each_recipient_gets_the_message_once() {
    for door in [Door::Events, Door::Listener] {
        let desk = Desk::cloud().door(door).start();
        let body = json!({ "message": "Back at noon.", "recipients": [ANA.1, " BO@corp.example", ANA.1] });
        let answer = desk.post("/notifications", body).await;
        assert_eq!((answer.status, &answer.body["status"]), (202, &json!("accepted")));
        assert_eq!(answer.body["ids"].as_array().map(Vec::len), Some(2));
        desk.poll_every(minutes(5), 13).await.clean();
        let cards = desk.cards();
        let mut to: Vec<_> = cards.iter().map(|card| card.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, [ANA.1, BO.1], "{door:?}");
        assert!(cards.iter().all(|card| card.body.to_string().contains("Back at noon.")), "{door:?}");
    }
}

/// All instances of a process have one clock, so two calls of one moment read the same time there.
#[tokio::test]
async fn two_messages_that_come_at_the_same_moment_are_both_sent_once() {
    let desk = Desk::cloud().start();
    let call = |message: &str| {
        let body = json!({ "message": message, "recipients": [ANA.1] }).to_string();
        let request = http::Request::post("http://bridge.example/notifications");
        request.header("authorization", format!("Bearer {API_TOKEN}")).body(body.into()).unwrap()
    };
    let (bridge, other) = (desk.bridge(), desk.bridge());
    let both = futures::future::join(bridge.handle(call("Back at noon.")), other.handle(call("Lunch is here.")));
    let (one, two) = desk.drive(both).await;
    assert_eq!((one.unwrap().status(), two.unwrap().status()), (202.try_into().unwrap(), 202.try_into().unwrap()));
    desk.poll_every(minutes(5), 3).await.clean();
    let said = |text: &str| desk.cards().iter().filter(|card| card.body.to_string().contains(text)).count();
    assert_eq!((said("Back at noon."), said("Lunch is here.")), (1, 1));
}

#[tokio::test]
async fn slots_that_no_event_takes_are_refused() {
    let desk = Desk::cloud().start();
    let body = |size: usize| json!({ "message": "Hello", "recipients": [ANA.1], "context": { "slots": { "note": "x".repeat(size) } } });
    assert_eq!(desk.post("/notifications", body(10_000)).await.status, 202);
    let refused = desk.post("/notifications", body(20_000)).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("context.slots"), "{}", refused.text);
}

#[tokio::test]
async fn the_context_goes_along() {
    let desk = Desk::cloud().start();
    let slots = json!({ "order": "17", "deep": { "n": 1 } });
    let body = json!({ "message": "Hello", "recipients": [ANA.1], "context": { "slots": slots } });
    assert_eq!(desk.post("/notifications", body).await.status, 202);
    assert_eq!(desk.cards()[0].slots, slots);
}

#[tokio::test]
async fn the_text_is_text_and_no_markup() {
    let desk = Desk::cloud().start();
    let message = "a < b & <script>alert(1)</script>\nsecond line <a href=\"https://evil.example\">here</a>";
    assert_eq!(desk.post("/notifications", json!({ "message": message, "recipients": [ANA.1] })).await.status, 202);
    let text = &desk.cards()[0].text;
    assert!(!text.contains("<script") && !text.contains("<a "), "{text}");
    assert!(text.contains("a &lt; b &amp;") && text.contains("<br>"), "{text}");
}

/// An accepted message is kept, whatever becomes of the process and of Moveworks.
#[tokio::test]
async fn an_accepted_message_survives_a_restart() {
    let desk = Desk::cloud().start();
    desk.world(|world| world.fault(Fault::on("POST", "/messages/send").too_many(Some("120")).always()));
    let answer = desk.post("/notifications", json!({ "message": "Hello", "recipients": [ANA.1] })).await;
    assert_eq!(answer.status, 202);
    let listed = desk.get("/outbox").await;
    assert_eq!(listed.body["messages"][0]["id"], answer.body["ids"][0]);
    assert!(!listed.text.contains("Hello"), "the outbox shows what it is about, not what it says");
    let desk = desk.restart();
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(3), 1).await.clean();
    assert_eq!(desk.cards().len(), 1);
    assert_eq!(desk.get("/outbox").await.body["messages"], json!([]));
}

#[tokio::test]
async fn a_wrong_body_is_refused_whole_and_nobody_is_told() {
    let desk = Desk::cloud().start();
    let many: Vec<_> = (0..501).map(|n| format!("a{n}@corp.example")).collect();
    for body in [
        json!({ "message": "", "recipients": [ANA.1] }),
        json!({ "message": "  ", "recipients": [ANA.1] }),
        json!({ "message": "Hello", "recipients": [] }),
        json!({ "message": "Hello", "recipients": ["ana"] }),
        json!({ "message": "Hello", "recipients": [ANA.1, "ana"] }),
        json!({ "message": "Hello", "recipients": many }),
        json!({ "message": "Hello", "recipients": ANA.1 }),
        json!({ "message": "x".repeat(20_001), "recipients": [ANA.1] }),
        json!({ "message": 5, "recipients": [ANA.1] }),
        json!({ "message": "Hello", "recipients": [ANA.1], "context": { "slot": {} } }),
    ] {
        assert_eq!(desk.post("/notifications", body.clone()).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{body}");
    }
    assert_eq!(desk.cards().len(), 0);
    assert_eq!(desk.get("/outbox").await.body["messages"], json!([]));
}

/// While a sweep writes the outbox, a message waits for it and is not lost.
#[tokio::test]
async fn a_message_during_a_sweep_is_sent_as_well() {
    let desk = Desk::cloud().world(|world| drop(world.populate(10, 1, 1))).start();
    desk.world(|world| world.set_latency(minutes(1) / 120));
    let twin = desk.twin();
    let body = json!({ "message": "Hello", "recipients": [BO.1] });
    let (report, answer) = desk.drive(async { futures::join!(desk.poll(), twin.post("/notifications", body)) }).await;
    assert_eq!((report.outbox.sent, answer.status), (10, 202));
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(desk.cards().len(), 11);
    assert_eq!(desk.get("/outbox").await.body["messages"], json!([]));
}

#[tokio::test]
async fn a_message_that_moveworks_refuses_is_given_up_and_can_be_retried() {
    let desk = Desk::cloud().start();
    desk.world(|world| world.settings.moveworks.launch_list = Some([BO.1.to_owned()].into()));
    let answer = desk.post("/notifications", json!({ "message": "Hello", "recipients": [ANA.1] })).await;
    assert_eq!(answer.status, 202);
    let listed = desk.get("/outbox").await;
    assert_eq!(listed.body["messages"][0]["state"], json!("dead"), "{}", listed.text);
    desk.world(|world| world.settings.moveworks.launch_list = None);
    let id = answer.body["ids"][0].as_str().unwrap();
    assert_eq!(desk.post(&format!("/outbox/{id}/retry"), Value::Null).await.status, 200);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.cards().len(), 1);
}
