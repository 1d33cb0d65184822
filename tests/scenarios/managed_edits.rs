//! Changing whom a request asks, and cancelling it.
//!
//! A wrong implementation tells people again who were told before, leaves cards open that nobody waits for, or counts the
//! answer of somebody who was removed.

use approval_bridge_tests::harness::{AGENT, ANA, BO, CY, Desk, SAM, Who, minutes};
use serde_json::{Value, json};

async fn asked(people: &[Who], policy: Value) -> (Desk, String, String) {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, people, policy).await;
    desk.new_cards();
    (desk, ticket, id)
}

#[tokio::test]
async fn only_who_is_added_is_asked_and_who_is_removed_hears_that_it_is_over() {
    let (desk, _, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    let answer = desk.edit(&id, &[BO, CY]).await;
    assert_eq!((answer.status, &answer.body["revision"]), (200, &json!(2)), "{}", answer.text);
    let cards = desk.new_cards();
    let mut told: Vec<_> =
        cards.iter().map(|card| (card.to.as_str(), card.text.contains("No longer needed"))).collect();
    told.sort_unstable();
    assert_eq!(told, [(ANA.1, true), (CY.1, false)]);
    assert_eq!(desk.approve(&format!("managed:{id}:r1"), ANA.1).await.outcome(), (410, "withdrawn"));
    desk.poll_every(minutes(20), 5).await.clean();
    assert!(desk.newly_told().is_empty());
    assert_eq!(desk.edit(&id, &[CY, BO]).await.body["revision"], 2, "the same people: no edit");
}

#[tokio::test]
async fn removing_everybody_cancels_and_nothing_is_written_into_the_ticket() {
    let (desk, ticket, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    let answer = desk.edit(&id, &[]).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("cancelled")), "{}", answer.text);
    assert_eq!(desk.newly_told().len(), 2, "one closing notice for each");
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (410, "withdrawn"));
    assert_eq!(desk.edit(&id, &[ANA]).await.error(), (409, "REQUEST_CLOSED"));
    desk.poll_every(minutes(20), 5).await.clean();
    assert!(desk.newly_told().is_empty() && desk.notes(&ticket).is_empty());
    assert_eq!(desk.get("/approvals?source=managed").await.ids(), [""; 0]);
    desk.ask(&ticket, &[ANA], Value::Null).await;
}

#[tokio::test]
async fn deleting_cancels_and_may_be_repeated() {
    let (desk, ticket, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    for _ in 0..2 {
        let answer = desk.call("DELETE", &format!("/requests/{id}?by={AGENT}"), Value::Null).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("cancelled")), "{}", answer.text);
    }
    assert_eq!(desk.newly_told().len(), 1);
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (410, "withdrawn"));
    assert!(desk.notes(&ticket).is_empty());
}

#[tokio::test]
async fn what_has_an_outcome_is_not_cancelled_any_more() {
    let (desk, _, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    desk.respond(&id, ANA, "approve").await;
    assert_eq!(desk.call("DELETE", &format!("/requests/{id}"), Value::Null).await.error(), (409, "REQUEST_CLOSED"));
    assert_eq!(desk.edit(&id, &[]).await.error(), (409, "REQUEST_CLOSED"));
    assert_eq!(desk.post(&format!("/requests/{id}/resend"), Value::Null).await.error(), (409, "REQUEST_CLOSED"));
    assert_eq!(desk.status_of(&id).await, "approved");
}

#[tokio::test]
async fn removing_the_last_who_waits_completes_the_request_in_the_editors_name() {
    let (desk, ticket, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    desk.respond(&id, ANA, "approve").await;
    let body = json!({ "recipients": [{ "email": ANA.1 }], "by": "tess@it.example" });
    let answer = desk.call("PATCH", &format!("/requests/{id}"), body).await;
    assert_eq!(answer.body["status"], "approved", "{}", answer.text);
    let lines = answer.body["activity"].as_array().unwrap();
    let outcome = lines.iter().find(|line| line["what"] == "approved" && line["recipient"].is_null()).unwrap();
    assert_eq!(outcome["by"], "tess@it.example");
    assert_eq!(desk.notes(&ticket).len(), 1);
}

#[tokio::test]
async fn somebody_added_back_is_asked_anew() {
    let (desk, _, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    desk.respond(&id, ANA, "approve").await;
    desk.edit(&id, &[BO]).await;
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (410, "withdrawn"));
    desk.new_cards();
    desk.edit(&id, &[ANA, BO]).await;
    assert_eq!(desk.newly_told(), [(ANA.1.to_owned(), "r1".to_owned())]);
    assert_eq!(desk.request(&id).await["answers"], "0 of 2 approved", "the old answer counts no more");
    assert_eq!(desk.respond(&id, ANA, "decline").await.outcome(), (200, "rejected"));
}

#[tokio::test]
async fn an_edit_that_cannot_be_changes_nothing() {
    let (desk, _, id) = asked(&[ANA, BO], json!({ "rule": "at_least", "count": 2 })).await;
    let before = desk.request(&id).await;
    for (people, error) in [
        (&[ANA][..], (422, "COUNT_TOO_HIGH")),
        (&[ANA, BO, SAM], (422, "RECIPIENT_ASKED_FOR_IT")),
        (&[ANA, BO, ("Nobody", "nobody")], (422, "RECIPIENT_WITHOUT_ADDRESS")),
    ] {
        assert_eq!(desk.edit(&id, people).await.error(), error);
    }
    assert_eq!(desk.request(&id).await, before);
    assert!(desk.newly_told().is_empty());
}

/// While a sweep of another process runs, a change is taken and told by the next sweep.
#[tokio::test]
async fn a_change_during_a_sweep_is_told_by_the_next_one() {
    let desk = Desk::cloud().with_atera().world(|world| drop(world.populate(20, 1, 1))).start();
    desk.poll().await.clean();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    desk.new_cards();
    desk.advance(minutes(61));
    desk.world(|world| world.set_latency(minutes(1) / 60));
    let twin = desk.twin();
    let edit = async {
        approval_bridge::clock::Clock::sleep(desk.time(), minutes(1) / 120).await;
        twin.edit(&id, &[ANA, BO]).await
    };
    let (_, answer) = desk.drive(async { futures::join!(desk.poll(), edit) }).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    desk.poll_every(minutes(1), 2).await.clean();
    let told: Vec<_> = desk.newly_told().into_iter().filter(|(_, recipient)| recipient == "r2").collect();
    assert_eq!(told, [(BO.1.to_owned(), "r2".to_owned())]);
}
