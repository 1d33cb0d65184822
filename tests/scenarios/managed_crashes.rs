//! The process may end at any call of an operation on a request: what was answered stands, and nothing is said or written
//! twice but what was under way.
//!
//! A wrong implementation loses an answer that it has confirmed, writes an outcome twice, or makes two requests of one.

use approval_bridge::simulate::{Keys, Moment};
use approval_bridge::stubs::Effect;
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, Desk, asking, minutes};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

fn call(path: &str, body: &Value) -> Request<Bytes> {
    Request::post(format!("http://bridge.example{path}"))
        .header("authorization", format!("Bearer {API_TOKEN}"))
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

/// A call that may be cut short; its answer if it came to one.
async fn tried(desk: &Desk, path: &str, body: &Value) -> Option<u16> {
    let answer = desk.until_pulled(async { desk.bridge().handle(call(path, body)).await }).await?;
    Some(answer.map_or(0, |answer| answer.status().as_u16()))
}

async fn settle(desk: &Desk) {
    desk.poll_every(minutes(2), 12).await;
}

#[tokio::test]
async fn an_answer_that_ends_a_request_is_written_back_exactly_once() {
    let scene = async || {
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "any" })).await;
        desk.new_cards();
        (desk, ticket, id)
    };
    let body = json!({ "approver": ANA.1, "answer": "approve" });
    let (desk, _, id) = scene().await;
    let before = desk.plug().calls();
    assert_eq!(tried(&desk, &format!("/requests/{id}/responses"), &body).await, Some(200));
    let calls = desk.plug().calls() - before;
    for at in 0..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("{moment:?} call {at} of {calls}");
            let (desk, ticket, id) = scene().await;
            let path = format!("/requests/{id}/responses");
            desk.plug().strike(at, moment);
            tried(&desk, &path, &body).await;
            let desk = desk.restart();
            desk.advance(minutes(1));
            assert_eq!(desk.post(&path, body.clone()).await.outcome(), (200, "approved"), "{what}");
            settle(&desk).await;
            assert_eq!(desk.status_of(&id).await, "approved", "{what}");
            assert_eq!(desk.notes(&ticket).len(), 1, "{what}");
            let closings = desk.newly_told();
            assert!(
                (1..=2).contains(&closings.len()) && closings.iter().all(|(to, _)| to == BO.1),
                "{what}: {closings:?}"
            );
            let deeds = desk.request(&id).await["activity"].as_array().unwrap().clone();
            let count = |deed: &str| deeds.iter().filter(|line| line["what"] == deed).count();
            assert_eq!((count("approved"), count("written_back")), (2, 1), "{what}: {deeds:?}");
        }
    }
}

#[tokio::test]
async fn a_request_is_made_once_however_its_making_was_cut_short() {
    let scene = async || {
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        (desk, asking(&ticket, &[ANA, BO], json!({ "rule": "all" })))
    };
    let (desk, body) = scene().await;
    let before = desk.plug().calls();
    assert_eq!(tried(&desk, "/requests", &body).await, Some(201));
    let calls = desk.plug().calls() - before;
    for at in 0..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("{moment:?} call {at} of {calls}");
            let (desk, body) = scene().await;
            desk.plug().strike(at, moment);
            tried(&desk, "/requests", &body).await;
            let desk = desk.restart();
            if at % 2 == 0 {
                // What was begun and came to nothing is cleared away.
                settle(&desk).await;
                assert_eq!(Keys::of(&desk.entries()).orphans, [""; 0], "{what}");
            }
            desk.advance(minutes(1));
            let again = desk.post("/requests", body).await;
            assert!([201, 409].contains(&again.status), "{what}: {}", again.text);
            settle(&desk).await;
            let told = desk.newly_told();
            let count = |to: &str| told.iter().filter(|(own, _)| own == to).count();
            assert!((1..=2).contains(&count(ANA.1)) && (1..=2).contains(&count(BO.1)), "{what}: {told:?}");
            assert_eq!(desk.get("/approvals?source=managed").await.ids().len(), 2, "{what}");
        }
    }
}

/// Closed requests are removed one day, so whatever happened at their end, something has to lead to them.
#[tokio::test]
async fn a_request_that_ended_in_a_crash_is_not_forgotten_in_the_store() {
    let scene = async || {
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        let id = desk.ask(&ticket, &[ANA], Value::Null).await;
        (desk, ticket, format!("/requests/{id}/responses"))
    };
    let body = json!({ "approver": ANA.1, "answer": "approve" });
    let (desk, _, path) = scene().await;
    let before = desk.plug().calls();
    assert_eq!(tried(&desk, &path, &body).await, Some(200));
    for at in 0..desk.plug().calls() - before {
        let (desk, ticket, path) = scene().await;
        desk.plug().strike(at, Moment::After);
        tried(&desk, &path, &body).await;
        let desk = desk.restart();
        desk.advance(minutes(1));
        assert_eq!(desk.post(&path, body.clone()).await.outcome(), (200, "approved"), "call {at}");
        settle(&desk).await;
        // The ticket's next request takes the place of the one before.
        desk.ask(&ticket, &[BO], Value::Null).await;
        settle(&desk).await;
        assert_eq!(Keys::of(&desk.entries()).orphans, [""; 0], "call {at}");
    }
}

/// The process ends once the note has been taken, so that the store does not learn of it.
#[tokio::test]
async fn what_was_written_before_a_crash_is_found_by_its_marker() {
    let body = json!({ "approver": ANA.1, "answer": "approve" });
    let noted = |desk: &Desk| {
        let calls = desk.calls("POST", "/comments");
        calls.iter().any(|call| matches!(call.effect, Effect::Noted(_)))
    };
    for at in 0.. {
        assert!(at < 200, "the note is written at some call");
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        let id = desk.ask(&ticket, &[ANA], Value::Null).await;
        desk.plug().strike(at, Moment::After);
        tried(&desk, &format!("/requests/{id}/responses"), &body).await;
        if !noted(&desk) {
            continue;
        }
        let desk = desk.restart();
        desk.advance(minutes(1));
        settle(&desk).await;
        assert_eq!(desk.notes(&ticket).len(), 1);
        assert_eq!(desk.count("POST", "/comments"), 1, "it was looked for, and found");
        return;
    }
}
