//! Answers to requests that the bridge keeps.
//!
//! A wrong implementation believes whoever answers, counts an answer twice, loses one of two that come at once, or takes
//! an answer after the end.

use approval_bridge_tests::harness::{ANA, BO, CY, Desk, SAM, Who, minutes};
use serde_json::{Value, json};

async fn asked(people: &[Who], policy: Value) -> (Desk, String, String) {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, people, policy).await;
    desk.new_cards();
    (desk, ticket, id)
}

fn deeds(request: &Value) -> Vec<String> {
    let lines = request["activity"].as_array().unwrap();
    lines.iter().map(|line| line["what"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_statuses_follow_the_policy() {
    let (all, any, two) =
        (json!({ "rule": "all" }), json!({ "rule": "any" }), json!({ "rule": "at_least", "count": 2 }));
    for (policy, answers) in [
        (
            &all,
            vec![
                (ANA, "approve", "partially_approved"),
                (BO, "approve", "partially_approved"),
                (CY, "approve", "approved"),
            ],
        ),
        (&all, vec![(ANA, "decline", "declined")]),
        (&any, vec![(ANA, "decline", "pending_approval"), (BO, "approve", "approved")]),
        (
            &two,
            vec![
                (ANA, "approve", "partially_approved"),
                (BO, "decline", "partially_approved"),
                (CY, "approve", "approved"),
            ],
        ),
        (&two, vec![(ANA, "decline", "pending_approval"), (BO, "decline", "declined")]),
    ] {
        let (desk, _, id) = asked(&[ANA, BO, CY], policy.clone()).await;
        for (who, answer, status) in answers {
            let said = desk.respond(&id, who, answer).await;
            assert_eq!((said.status, &said.body["request_status"]), (200, &json!(status)), "{policy}: {}", said.text);
            assert_eq!(desk.status_of(&id).await, status);
        }
        desk.poll_every(minutes(1), 2).await.clean();
    }
}

#[tokio::test]
async fn the_buttons_of_the_card_and_the_response_are_one_decision() {
    let (desk, _, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    let (ana, bo) = (format!("managed:{id}:r1"), format!("managed:{id}:r2"));
    let first = desk.approve(&ana, ANA.1).await;
    assert_eq!(first.outcome(), (200, "approved"));
    assert_eq!((&first.body["approval_id"], &first.body["source_status"]), (&json!(ana), &json!("partially_approved")));
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (200, "approved"), "the same again is success");
    assert_eq!(desk.respond(&id, ANA, "decline").await.outcome(), (409, "already_decided"));
    assert_eq!(desk.reject(&ana, ANA.1, "no").await.outcome(), (409, "already_decided"));
    assert_eq!(desk.approve(&bo, ANA.1).await.outcome(), (403, "not_approver"), "the card is Bo's");
    assert_eq!(desk.reject(&bo, BO.1, "too dear").await.outcome(), (200, "rejected"));
    let request = desk.request(&id).await;
    assert_eq!((&request["status"], &request["recipients"][1]["comment"]), (&json!("declined"), &json!("too dear")));
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    let (desk, _, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    for who in [BO, SAM] {
        let answer = desk.respond(&id, who, "approve").await;
        assert_eq!(answer.outcome(), (403, "not_approver"));
        assert!(!answer.text.contains("request_status") && !answer.text.contains(ANA.1), "{}", answer.text);
    }
    assert_eq!(desk.approve(&format!("managed:{id}:r9"), ANA.1).await.outcome(), (403, "not_approver"));
    assert_eq!(deeds(&desk.request(&id).await), ["created", "sent"]);
}

#[tokio::test]
async fn a_wrong_answer_is_refused() {
    let (desk, _, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    let path = format!("/requests/{id}/responses");
    for body in [
        json!({ "approver": ANA.1 }),
        json!({ "approver": "Ana", "answer": "approve" }),
        json!({ "approver": ANA.1, "answer": "yes" }),
        json!({ "approver": ANA.1, "answer": "approve", "more": 1 }),
    ] {
        assert_eq!(desk.post(&path, body.clone()).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{body}");
    }
    let mute = |answer: &str| json!({ "approver": ANA.1, "answer": answer });
    assert_eq!(desk.post(&path, mute("decline")).await.outcome(), (422, "invalid"), "a decline needs a reason");
    assert_eq!(desk.post(&path, mute("feedback")).await.outcome(), (422, "invalid"), "feedback needs words");
    assert_eq!(desk.status_of(&id).await, "pending_approval");
}

#[tokio::test]
async fn a_decline_needs_no_reason_where_that_is_configured() {
    let desk = Desk::atera().variable("comment_required_on_reject", "false").start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA], Value::Null).await;
    let body = json!({ "approver": ANA.1, "answer": "decline" });
    assert_eq!(desk.post(&format!("/requests/{id}/responses"), body).await.outcome(), (200, "rejected"));
}

#[tokio::test]
async fn feedback_is_kept_and_decides_nothing() {
    let (desk, ticket, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    let answer = desk.respond(&id, ANA, "feedback").await;
    assert_eq!(answer.outcome(), (200, "noted"));
    desk.poll_every(minutes(10), 10).await.clean();
    let request = desk.request(&id).await;
    assert_eq!(
        (&request["status"], deeds(&request)),
        (&json!("pending_approval"), vec!["created".into(), "sent".into(), "feedback".into()])
    );
    assert_eq!(request["recipients"][0]["feedback"][0]["text"], "because");
    assert!(desk.newly_told().is_empty() && desk.notes(&ticket).is_empty());
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (200, "approved"));
    assert_eq!(desk.respond(&id, ANA, "feedback").await.outcome(), (409, "already_decided"));
}

#[tokio::test]
async fn after_the_end_no_answer_is_taken_and_the_others_hear_of_it_once() {
    let (desk, _, id) = asked(&[ANA, BO, CY], json!({ "rule": "any" })).await;
    desk.respond(&id, ANA, "approve").await;
    assert_eq!(desk.newly_told(), [(BO.1.to_owned(), "r2".to_owned()), (CY.1.to_owned(), "r3".to_owned())]);
    assert_eq!(desk.respond(&id, BO, "approve").await.outcome(), (409, "already_decided"));
    let late = desk.reject(&format!("managed:{id}:r3"), CY.1, "no").await;
    assert_eq!(late.outcome(), (409, "already_decided"));
    assert!(late.body["message"].as_str().unwrap().contains("approved already (1 of 3 approved)"), "{}", late.text);
    desk.poll_every(minutes(20), 10).await.clean();
    assert!(desk.newly_told().is_empty());
    assert_eq!(desk.status_of(&id).await, "approved");
}

#[tokio::test]
async fn nobody_hears_of_the_end_where_closing_notices_are_off() {
    let desk = Desk::atera().variable("closing_notices", "none").start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "any" })).await;
    desk.new_cards();
    desk.respond(&id, ANA, "approve").await;
    desk.poll_every(minutes(20), 4).await.clean();
    assert!(desk.newly_told().is_empty());
}

#[tokio::test]
async fn the_list_of_those_who_may_approve_counts_when_the_answer_comes() {
    let (desk, _, id) = asked(&[ANA, BO], json!({ "rule": "all" })).await;
    let desk = desk.reconfigure("allowed_approvers", "bo@corp.example");
    assert_eq!(desk.respond(&id, ANA, "approve").await.outcome(), (403, "not_approver"));
    assert_eq!(desk.approve(&format!("managed:{id}:r1"), ANA.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.respond(&id, BO, "approve").await.outcome(), (200, "approved"));
}

#[tokio::test]
async fn two_answers_at_once_are_both_recorded_and_written_back_once() {
    for (policy, status, counted) in [
        (json!({ "rule": "all" }), "approved", "2 of 2 approved"),
        (json!({ "rule": "at_least", "count": 2 }), "approved", "2 of 2 approved"),
    ] {
        let (desk, ticket, id) = asked(&[ANA, BO], policy).await;
        let twin = desk.twin();
        let both = async { futures::join!(desk.respond(&id, ANA, "approve"), twin.respond(&id, BO, "approve")) };
        let (ana, bo) = desk.drive(both).await;
        assert_eq!((ana.outcome(), bo.outcome()), ((200, "approved"), (200, "approved")), "{} {}", ana.text, bo.text);
        desk.poll_every(minutes(1), 3).await.clean();
        let request = desk.request(&id).await;
        assert_eq!((&request["status"], &request["answers"]), (&json!(status), &json!(counted)));
        assert_eq!(desk.notes(&ticket).len(), 1);
    }
}

#[tokio::test]
async fn the_same_answer_twice_at_once_is_one_answer() {
    let (desk, ticket, id) = asked(&[ANA], json!({ "rule": "all" })).await;
    let twin = desk.twin();
    let both = async { futures::join!(desk.respond(&id, ANA, "approve"), twin.respond(&id, ANA, "approve")) };
    let (one, other) = desk.drive(both).await;
    assert_eq!((one.status, other.status), (200, 200));
    desk.poll_every(minutes(1), 2).await.clean();
    let deeds = deeds(&desk.request(&id).await);
    assert_eq!(deeds.iter().filter(|deed| *deed == "approved").count(), 2, "the answer and the outcome: {deeds:?}");
    assert_eq!(desk.notes(&ticket).len(), 1);
}

#[tokio::test]
async fn where_tokens_are_configured_every_answer_needs_the_one_of_its_card() {
    let desk = Desk::atera().variable("action_secret", "the-secret-of-action-tokens").start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "all" })).await;
    let token = |desk: &Desk, who: Who| {
        let card = desk.cards().into_iter().rfind(|card| card.to == who.1).expect("a card");
        card.slot("action_token").to_owned()
    };
    let (ana, bo) = (token(&desk, ANA), token(&desk, BO));
    let path = format!("/requests/{id}/responses");
    let with = |answer: &str, token: Option<&str>| json!({ "approver": ANA.1, "answer": answer, "comment": "w", "token": token });
    for answer in ["approve", "decline", "feedback"] {
        for token in [None, Some("forged.token"), Some(bo.as_str())] {
            assert_eq!(
                desk.post(&path, with(answer, token)).await.outcome(),
                (403, "not_approver"),
                "{answer} {token:?}"
            );
        }
    }
    let foreign = json!({ "approver": ANA.1, "token": bo });
    assert_eq!(
        desk.post(&format!("/approvals/managed:{id}:r1/approve"), foreign).await.outcome(),
        (403, "not_approver")
    );
    assert_eq!(desk.post(&path, with("feedback", Some(&ana))).await.outcome(), (200, "noted"));
    // Earlier cards stay usable until the first answer.
    desk.advance(minutes(5));
    assert_eq!(desk.post(&format!("/requests/{id}/resend"), Value::Null).await.status, 200);
    assert_ne!(token(&desk, ANA), ana, "another card");
    assert_eq!(desk.post(&path, with("approve", Some(&ana))).await.outcome(), (200, "approved"));
    let own = json!({ "approver": BO.1, "token": bo });
    assert_eq!(desk.post(&format!("/approvals/managed:{id}:r2/approve"), own).await.outcome(), (200, "approved"));
}
