//! A new approval request in Zendesk: made once, and a refusal is told plainly.
//!
//! A wrong implementation sends what Zendesk has to refuse, hides why it did, or says that nothing was made where that is
//! not known.

use approval_bridge::stubs::{Creation, Effect, Fault};
use approval_bridge_tests::harness::{ANA, BO, Desk, minutes};
use serde_json::{Value, json};

const PATH: &str = "/approval-requests/zendesk";

fn body(ticket: u64, assignee: (&str, u64)) -> Value {
    json!({ "ticket_id": ticket, "subject": "Laptop", "message": "Model X\n2 100 EUR", assignee.0: assignee.1 })
}

#[tokio::test]
async fn a_request_is_made_for_a_user_or_a_group_and_its_approvers_are_told() {
    let desk = Desk::zendesk().start();
    let (ana, group, tickets) = desk.account(|account| {
        let (ana, bo) = (account.user(ANA.0, ANA.1), account.user(BO.0, BO.1));
        let group = account.group("Security", &[ana, bo]);
        (ana, group, [account.ticket("One"), account.ticket("Two")])
    });
    for (ticket, assignee) in [(tickets[0], ("assignee_user_id", ana)), (tickets[1], ("assignee_group_id", group))] {
        let answer = desk.post(PATH, body(ticket, assignee)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let request = answer.body["request_id"].as_str().unwrap();
        assert_eq!(answer.body["id"], format!("zendesk:{request}"));
        assert_eq!(
            (&answer.body["ticket_id"], &answer.body["status"]),
            (&json!(ticket.to_string()), &json!("pending"))
        );
        let made = desk.account(|account| account.request(request).unwrap().clone());
        assert_eq!((made.ticket, made.message.as_str()), (ticket, "Model X\n2 100 EUR"));
    }
    let mut text = body(tickets[0], ("assignee_user_id", ana));
    text["ticket_id"] = json!(tickets[0].to_string());
    assert_eq!(desk.post(PATH, text).await.status, 422, "the ticket has one, and its number may be text");
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.asked());
    assert_eq!(desk.cards().len(), 3);
}

#[tokio::test]
async fn a_ticket_that_takes_no_further_request_is_told_by_either_reading_of_the_pages() {
    for (rule, again) in [(Creation::OnePerTicket, 422), (Creation::OneLivePerTicket, 201)] {
        let desk = Desk::zendesk().start();
        let (ana, ticket) = desk.world(|world| {
            world.settings.zendesk.creation = rule;
            (world.zendesk.user(ANA.0, ANA.1), world.zendesk.ticket("One"))
        });
        let new = || body(ticket, ("assignee_user_id", ana));
        let made = desk.post(PATH, new()).await;
        let refused = desk.post(PATH, new()).await;
        assert_eq!(refused.error(), (422, "SOURCE_REFUSED"));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("ApprovalRequestCreationFailed: Approval request could not be sent"), "{detail}");
        let id = made.body["request_id"].as_str().unwrap().to_owned();
        desk.account(|account| account.decide(&id, ana, false, Some("No"))).unwrap();
        assert_eq!(desk.post(PATH, new()).await.status, again, "{rule:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_expected_never_reaches_zendesk() {
    let desk = Desk::zendesk().start();
    for odd in [
        json!({}),
        json!({ "ticket_id": 1, "subject": "s", "message": "m" }),
        json!({ "ticket_id": 1, "subject": "s", "message": "m", "assignee_user_id": 1, "assignee_group_id": 2 }),
        json!({ "ticket_id": 1, "subject": "s", "message": "m", "assignee_user_id": "ana" }),
        json!({ "ticket_id": -1, "subject": "s", "message": "m", "assignee_user_id": 1 }),
        json!({ "ticket_id": 1, "subject": " ", "message": "m", "assignee_user_id": 1 }),
        json!({ "ticket_id": 1, "subject": "s", "message": "m", "assignee_user_id": 1, "priority": "high" }),
    ] {
        assert_eq!(desk.post(PATH, odd.clone()).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{odd}");
    }
    assert_eq!(desk.get(PATH).await.status, 405);
    assert_eq!(desk.count("*", ""), 0);
    let without = Desk::cloud().start();
    let answer = without.post(PATH, body(1, ("assignee_user_id", 1))).await;
    assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"));
    assert!(answer.text.contains("zendesk_base_url"));
}

#[tokio::test]
async fn every_other_failure_says_whether_something_may_have_been_made() {
    let create = || Fault::on("POST", "/api/v2/approval_requests");
    let escaped = json!({ "errors": [{ "code": "X", "title": "<b>No</b>\u{202e}" }] }).to_string();
    for (fault, status, code) in [
        (create().replies(422, escaped), 422, "SOURCE_REFUSED"),
        (create().replies(403, "{}"), 502, "SOURCE_REFUSED"),
        (create().replies(401, "{}"), 502, "SOURCE_REFUSED"),
        (create().too_many(Some("30")), 503, "SOURCE_UNAVAILABLE"),
        (create().replies(500, "{}"), 503, "UNCLEAR"),
        (create().drops_after_effect(), 503, "UNCLEAR"),
        (create().in_effect().replies(201, "{}"), 503, "UNCLEAR"),
    ] {
        let desk = Desk::zendesk().start();
        let (ana, ticket) = desk.account(|account| (account.user(ANA.0, ANA.1), account.ticket("One")));
        desk.world(|world| world.fault(fault));
        let answer = desk.post(PATH, body(ticket, ("assignee_user_id", ana))).await;
        assert_eq!(answer.error(), (status, code), "{answer:?}");
        assert!(!answer.text.contains('\u{202e}'));
        assert_eq!(desk.count("POST", "/approval_requests"), 1, "{code}");
        // What was made is found all the same, and asking once more makes no second one.
        let made = desk.calls("POST", "").iter().filter(|call| matches!(call.effect, Effect::Asked { .. })).count();
        desk.poll_every(minutes(1), 1).await.clean();
        assert_eq!(desk.cards().len(), made);
        let again = desk.post(PATH, body(ticket, ("assignee_user_id", ana))).await;
        assert_eq!(again.status, if made == 1 { 422 } else { 201 });
    }
}
