//! The import pack against the bridge: every HTTP action that is pasted into Moveworks does here what it says.
//!
//! A wrong pack has an address that has moved, a field that is no longer taken, or an outcome that nobody speaks.

use approval_bridge::pack::{Place, actions, files};
use approval_bridge::stubs::{ZENDESK_API_TOKEN, ZENDESK_EMAIL};
use approval_bridge_component::decide::Outcome;
use approval_bridge_tests::harness::{API_TOKEN, Answer, Desk};
use bytes::Bytes;
use http::Request;

/// Both help desks, each with a ticket 874; that of ServiceDesk Plus waits for Ana.
fn desk() -> Desk {
    Desk::cloud()
        .variable("zendesk_base_url", "https://zendesk.example")
        .variable("zendesk_email", ZENDESK_EMAIL)
        .variable("zendesk_api_token", ZENDESK_API_TOKEN)
        .world(|world| {
            let request = world.request().id("874").number("874").requester("Sam Stinson", "sam@corp.example");
            request.level(&[("Ana Ruiz", "ana@corp.example")]).level_id("77").approval_ids(&["310"]).add();
            world.zendesk.user("Ana Ruiz", "ana@corp.example");
            world.zendesk.group("IT Support", &[]);
        })
        .start()
}

/// The action's own example, with a ticket that is there.
async fn call(desk: &Desk, method: &str, (target, body): (String, Option<String>), ticket: &str) -> Answer {
    let target = target.replace("/tickets/874", &format!("/tickets/{ticket}"));
    let request = Request::builder()
        .method(method)
        .uri(format!("http://bridge.example{target}"))
        .header("authorization", format!("Bearer {API_TOKEN}"))
        .body(Bytes::from(body.unwrap_or_default()));
    desk.send(request.unwrap()).await
}

#[tokio::test]
async fn every_action_of_the_pack_works_with_its_own_examples() {
    for action in actions() {
        let desk = desk();
        let ticket = match action.group {
            "ticket-gateway-zendesk" => desk.world(|world| world.zendesk.ticket("Laptop")).to_string(),
            _ => "874".to_owned(),
        };
        let answer = call(&desk, action.method, action.example(), &ticket).await;
        assert!((200..300).contains(&answer.status), "{}: {}", action.name, answer.text);
        let wanted = match action.name.as_str() {
            "bridge_approve" | "bridge_reject" => "outcome",
            "bridge_my_approvals" => "approvals",
            name if name.contains("_tickets_by_") => "tickets",
            _ => "ticket",
        };
        assert!(!answer.body[wanted].is_null(), "{}: {}", action.name, answer.text);
    }
}

/// Builders leave inputs unset; then nothing may be said for them.
#[tokio::test]
async fn inputs_that_are_left_empty_count_as_not_given() {
    for action in actions().into_iter().filter(|action| action.group == "ticket-gateway-sdp") {
        let optional =
            ["priority", "group", "description", "requested_for", "close_notes", "requestor", "updated_end_ts"];
        let can_be_empty = |input: &approval_bridge::pack::Input| optional.contains(&input.name);
        if !action.inputs.iter().any(can_be_empty) || action.name.ends_with("_assign") {
            continue;
        }
        let mut emptied = action.clone();
        for input in emptied.inputs.iter_mut().filter(|input| input.place != Place::Path && can_be_empty(input)) {
            input.example = "";
        }
        let answer = call(&desk(), action.method, emptied.example(), "874").await;
        assert!((200..300).contains(&answer.status), "{}: {}", action.name, answer.text);
    }
}

#[test]
fn every_outcome_of_a_decision_is_spoken() {
    let readme = files().into_iter().find(|file| file.path == "README.md").expect("a README").text;
    for outcome in [
        Outcome::Approved,
        Outcome::Rejected,
        Outcome::AlreadyDecided,
        Outcome::Withdrawn,
        Outcome::NotApprover,
        Outcome::Unknown,
        Outcome::Invalid,
        Outcome::NotReady,
        Outcome::SourceRefused,
        Outcome::Unclear,
    ] {
        let row = readme.lines().find(|line| line.starts_with(&format!("| {} |", outcome.status())));
        assert!(row.is_some_and(|row| row.contains(outcome.name())), "{}", outcome.name());
    }
}
