//! Sending a request again.
//!
//! A wrong implementation asks people who have answered, or sends twice because a call was repeated.

use approval_bridge::stubs::Door;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, minutes};
use serde_json::{Value, json};

async fn resend(desk: &Desk, id: &str, query: &str) -> Vec<String> {
    let answer = desk.post(&format!("/requests/{id}/resend{query}"), Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["resent"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn only_who_has_not_answered_gets_it_again() {
    let desk = Desk::atera().door(Door::Listener).start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "all" })).await;
    let first = desk.new_cards();
    desk.respond(&id, ANA, "approve").await;
    desk.advance(minutes(1));
    assert_eq!(resend(&desk, &id, "").await, ["r2"]);
    let cards = desk.new_cards();
    assert_eq!((cards.len(), cards[0].to.as_str()), (1, BO.1));
    assert!(first.iter().all(|card| card.event_id != cards[0].event_id), "another event id");
    assert_eq!(desk.status_of(&id).await, "partially_approved");
    let one = desk.post(&format!("/requests/{id}/resend?recipient=r1"), Value::Null).await;
    assert_eq!(one.error(), (409, "RECIPIENT_HAS_ANSWERED"));
    let nobody = desk.post(&format!("/requests/{id}/resend?recipient=r7"), Value::Null).await;
    assert_eq!(nobody.error(), (404, "RECIPIENT_UNKNOWN"));
    let odd = desk.post(&format!("/requests/{id}/resend?who=r1"), Value::Null).await;
    assert_eq!(odd.error(), (400, "INPUT_VALIDATION_FAILED"));
    desk.poll_every(minutes(20), 5).await.clean();
    assert!(desk.newly_told().is_empty());
}

#[tokio::test]
async fn a_repeated_call_sends_once_and_a_later_one_again() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO, CY], json!({ "rule": "all" })).await;
    desk.new_cards();
    let bo = format!("?recipient={}", BO.1);
    assert_eq!(resend(&desk, &id, &bo).await, ["r2"], "by address as well");
    assert_eq!(resend(&desk, &id, "?recipient=r2").await, [""; 0]);
    assert_eq!(desk.newly_told(), [(BO.1.to_owned(), "r2".to_owned())]);
    assert_eq!(resend(&desk, &id, "").await, ["r1", "r3"]);
    assert_eq!(resend(&desk, &id, "").await, [""; 0]);
    desk.new_cards();
    desk.advance(minutes(1));
    assert_eq!(resend(&desk, &id, "").await, ["r1", "r2", "r3"]);
    assert_eq!(desk.newly_told().len(), 3);
    let request = desk.request(&id).await;
    assert_eq!(request["recipients"][1]["times_sent"], 3);
}

#[tokio::test]
async fn the_same_call_twice_at_once_sends_once() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    desk.new_cards();
    let twin = desk.twin();
    let path = format!("/requests/{id}/resend");
    desk.drive(async { futures::join!(desk.post(&path, Value::Null), twin.post(&path, Value::Null)) }).await;
    desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(desk.newly_told().len(), 1);
}

#[tokio::test]
async fn an_answer_through_an_earlier_card_still_counts() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    resend(&desk, &id, "").await;
    let cards = desk.new_cards();
    assert_eq!(cards.len(), 2);
    assert_eq!(cards[0].approval_id, cards[1].approval_id);
    assert_eq!(desk.approve(&cards[0].approval_id, ANA.1).await.outcome(), (200, "approved"));
}
