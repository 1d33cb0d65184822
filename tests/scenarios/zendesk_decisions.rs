//! A decision in Zendesk is taken in the name of its approver, once, and what the caller hears is what Zendesk has.
//!
//! A wrong implementation decides as the owner of the token, repeats what was refused, or believes its own call.

use approval_bridge::stubs::{Effect, Fault, ZENDESK_EMAIL, ZendeskAssignee, ZendeskState};
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, minutes};
use serde_json::json;

/// A desk on which Ana has been asked, with her user and the request's id.
async fn asked(setup: Setup) -> (Desk, u64, String) {
    let desk = setup.start();
    let (ana, request) = desk.account(|account| {
        account.user(BO.0, BO.1);
        let (ana, ticket) = (account.user(ANA.0, ANA.1), account.ticket("Laptop"));
        (ana, account.ask(ticket, ZendeskAssignee::User(ana)))
    });
    desk.poll().await.clean();
    desk.forget_calls();
    (desk, ana, request)
}

fn id(request: &str) -> String {
    format!("zendesk:{request}")
}

fn decided(desk: &Desk) -> usize {
    desk.calls("PATCH", "").iter().filter(|call| matches!(call.effect, Effect::Decided { .. })).count()
}

#[tokio::test]
async fn the_approver_decides_under_their_own_name_at_the_request_s_own_workflow() {
    let (desk, ana, request) = asked(Desk::zendesk()).await;
    assert_eq!(desk.reject(&id(&request), ANA.1, "Over budget").await.outcome(), (200, "rejected"));
    let calls = desk.calls("PATCH", "");
    assert_eq!(calls.len(), 1);
    let path = format!("/api/v2/approval_workflow_instances/{request}/approval_requests/{request}/decision");
    assert_eq!((calls[0].path.as_str(), calls[0].person.as_str()), (path.as_str(), ANA.1));
    assert_eq!(calls[0].input, Some(json!({ "status": "rejected", "notes": "Over budget" })));
    let reads = desk.calls("GET", "");
    assert!(reads.iter().all(|call| call.person == ZENDESK_EMAIL), "{reads:?}");
    let decision = desk.account(|account| account.request(&request).unwrap().decision.clone().unwrap());
    assert_eq!((decision.by, decision.notes.as_deref()), (ana, Some("Over budget")));
    let again = desk.reject(&id(&request), ANA.1, "Over budget").await;
    assert_eq!(again.outcome(), (200, "rejected"), "repeating it is harmless");
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (409, "already_decided"));
    assert_eq!(desk.count("PATCH", ""), 1);
    desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(desk.cards().len(), 1, "who decided in chat hears nothing more");
}

#[tokio::test]
async fn a_rejection_needs_its_reason_whatever_the_settings_say() {
    let (desk, _, request) = asked(Desk::zendesk().variable("comment_required_on_reject", "false")).await;
    for comment in [json!(null), json!(" ")] {
        let body = json!({ "approver": ANA.1, "comment": comment });
        let answer = desk.post(&format!("/approvals/{}/reject", id(&request)), body).await;
        assert_eq!(answer.outcome(), (422, "invalid"));
    }
    assert_eq!(desk.count("PATCH", ""), 0);
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"), "an approval needs none");
    assert_eq!(desk.calls("PATCH", "")[0].input, Some(json!({ "status": "approved" })));
}

#[tokio::test]
async fn an_account_that_takes_no_decisions_from_outside_is_told_with_the_place_that_does() {
    for status in [404, 410] {
        for lists_only in [false, true] {
            let (desk, _, request) = asked(Desk::zendesk()).await;
            let ticket = desk.world(|world| {
                world.settings.zendesk.decision_status = Some(status);
                world.settings.zendesk.show_status = lists_only.then_some(status);
                world.zendesk.request(&request).unwrap().ticket
            });
            let answer = desk.approve(&id(&request), ANA.1).await;
            assert_eq!(answer.outcome(), (502, "source_refused"), "{answer:?}");
            let link = format!("https://zendesk.example/agent/tickets/{ticket}");
            assert!(answer.body["detail"].as_str().unwrap().contains(&link), "{answer:?}");
            assert_eq!(desk.count("PATCH", ""), 1, "nothing is retried");
            let card = desk.cards().remove(0);
            assert!(card.body.to_string().contains(&link), "the card has it from the start");
        }
    }
}

#[tokio::test]
async fn where_single_requests_are_not_shown_the_list_is_read_instead() {
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.world(|world| world.settings.zendesk.show_status = Some(404));
    assert_eq!(desk.approve(&id(&request), BO.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"));
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"));
    assert_eq!(desk.count("PATCH", ""), 1);
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_reported_once() {
    let faults: [fn(Fault) -> Fault; 3] = [
        |fault| fault.drops_after_effect(),
        |fault| fault.in_effect().replies(500, "{}"),
        |fault| fault.in_effect().html(),
    ];
    for fault in faults {
        let (desk, _, request) = asked(Desk::zendesk()).await;
        desk.world(|world| world.fault(fault(Fault::on("PATCH", "/decision"))));
        assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"));
        assert_eq!((desk.count("PATCH", ""), decided(&desk)), (1, 1));
    }
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.world(|world| {
        world.fault(Fault::on("PATCH", "/decision").delays_reply(std::time::Duration::from_secs(60)));
    });
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"), "a time-out is no answer");
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.world(|world| world.fault(Fault::on("PATCH", "/decision").drops()));
    let answer = desk.approve(&id(&request), ANA.1).await;
    assert_eq!(answer.status / 100, 5, "nothing was done: {answer:?}");
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (200, "approved"), "and repeating it is safe");
}

#[tokio::test]
async fn what_is_over_or_somebody_else_s_is_refused_before_any_decision() {
    let (desk, ana, request) = asked(Desk::zendesk()).await;
    assert_eq!(desk.approve(&id(&request), BO.1).await.outcome(), (403, "not_approver"));
    assert_eq!(
        desk.approve(&format!("{}:{ana}", id(&request)), ANA.1).await.outcome(),
        (200, "approved"),
        "her own part"
    );
    let (desk, ana, request) = asked(Desk::zendesk()).await;
    desk.account(|account| account.decide(&request, ana, false, Some("No"))).unwrap();
    let answer = desk.approve(&id(&request), ANA.1).await;
    assert_eq!(answer.outcome(), (409, "already_decided"));
    assert_eq!(answer.body["source_status"], "rejected");
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.account(|account| account.withdraw(&request)).unwrap();
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (410, "withdrawn"));
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.account(|account| account.request_mut(&request).unwrap().state = ZendeskState::Other("on_hold".to_owned()));
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (502, "source_refused"));
    let (desk, ana, request) = asked(Desk::zendesk()).await;
    desk.account(|account| account.user_mut(ana).unwrap().suspended = true);
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (403, "not_approver"), "she is shut out");
    let (desk, _, request) = asked(Desk::zendesk()).await;
    desk.account(|account| account.remove(&request)).unwrap();
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (410, "withdrawn"));
    assert_eq!(desk.approve("zendesk:01JZNOSUCH", ANA.1).await.outcome(), (404, "unknown"));
    assert_eq!(desk.count("PATCH", ""), 0);
}

#[tokio::test]
async fn what_zendesk_says_no_to_is_told_and_nothing_is_recorded() {
    for (status, body, outcome) in [
        (403, json!({ "error": { "title": "Forbidden", "message": "Not yours" } }), (502, "source_refused")),
        (422, json!({ "errors": [{ "code": "X", "title": "No <b>" }] }), (502, "source_refused")),
        (401, json!({ "error": "Couldn't authenticate you" }), (502, "source_refused")),
    ] {
        let (desk, _, request) = asked(Desk::zendesk()).await;
        desk.world(|world| world.fault(Fault::on("PATCH", "/decision").replies(status, body.to_string())));
        let answer = desk.approve(&id(&request), ANA.1).await;
        assert_eq!(answer.outcome(), outcome, "{answer:?}");
        assert!(status != 401 || answer.text.contains("act as the approver"), "{answer:?}");
        assert_eq!((desk.count("PATCH", ""), decided(&desk)), (1, 0));
    }
}

#[tokio::test]
async fn a_card_s_token_decides_for_its_person_only() {
    let (desk, _, request) = asked(Desk::zendesk().variable("action_secret", "an-action-secret-0123456789")).await;
    let token = desk.cards()[0].slot("action_token").to_owned();
    let path = format!("/approvals/{}/approve", id(&request));
    assert_eq!(desk.approve(&id(&request), ANA.1).await.outcome(), (403, "not_approver"));
    let other = desk.post(&path, json!({ "approver": BO.1, "token": token })).await;
    assert_eq!(other.outcome(), (403, "not_approver"));
    assert_eq!(desk.count("*", "zendesk"), 0, "nothing was asked of anybody");
    let own = desk.post(&path, json!({ "approver": ANA.1, "token": token })).await;
    assert_eq!(own.outcome(), (200, "approved"));
}
