//! Making a request that the bridge keeps: who is asked hears of it at once, and what cannot be is refused.
//!
//! A wrong implementation asks somebody who may not approve, skips somebody in silence, or lets two requests about one
//! ticket live side by side.

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{AGENT, ANA, BO, CY, Desk, SAM, Who, asking, minutes};
use serde_json::{Value, json};

#[tokio::test]
async fn everybody_who_is_asked_is_told_at_once_and_once() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let answer = desk.post("/requests", asking(&ticket, &[ANA, BO], json!({ "rule": "all" }))).await;
    assert_eq!((answer.status, &answer.body["status"]), (201, &json!("pending_approval")), "{}", answer.text);
    assert_eq!(answer.body["answers"], "0 of 2 approved");
    assert_eq!(answer.body["ticket"]["requester"]["email"], SAM.1);
    let id = answer.body["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(desk.newly_told(), [(ANA.1.to_owned(), "r1".to_owned()), (BO.1.to_owned(), "r2".to_owned())]);
    assert_eq!(desk.request(id).await, answer.body);
    desk.poll_every(minutes(20), 10).await.clean();
    assert!(desk.newly_told().is_empty());
    let listed = desk.get("/approvals?source=managed").await;
    assert_eq!(listed.ids(), [format!("managed:{id}:r1"), format!("managed:{id}:r2")]);
}

#[tokio::test]
async fn the_sweep_reports_them_as_a_source_of_their_own() {
    let desk = Desk::cloud().with_atera().start();
    assert!(desk.poll().await.clean().sources.iter().all(|source| source.name != "managed"), "nobody has asked yet");
    let ticket = desk.ticket_of_sam();
    // Moveworks is out of order, so that the next sweep has something to do.
    desk.world(|world| world.fault(Fault::on("POST", "/messages/send").replies(503, "").times(1)));
    desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    desk.advance(minutes(2));
    let report = desk.poll().await;
    assert_eq!(report.source("managed").notified, 1, "{report:?}");
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_and_nobody_is_told() {
    let desk = Desk::atera().variable("allowed_approvers", "@corp.example, eve@other.example").start();
    let ticket = desk.ticket_of_sam();
    let all = || json!({ "rule": "all" });
    let changed = |field: &str, value: Value| {
        let mut body = asking(&ticket, &[ANA, BO], all());
        body[field] = value;
        body
    };
    for (body, error) in [
        (asking(&ticket, &[], all()), (422, "NO_RECIPIENT")),
        (asking(&ticket, &[ANA, SAM], all()), (422, "RECIPIENT_ASKED_FOR_IT")),
        (asking(&ticket, &[ANA, ("Agent", AGENT)], all()), (422, "RECIPIENT_ASKED_FOR_IT")),
        (asking(&ticket, &[ANA, ("Mallory", "mal@other.example")], all()), (422, "RECIPIENT_NOT_ALLOWED")),
        (asking(&ticket, &[ANA, ("Near", "ana@corp.example.org")], all()), (422, "RECIPIENT_NOT_ALLOWED")),
        (asking(&ticket, &[ANA, ("Bo", "")], all()), (422, "RECIPIENT_WITHOUT_ADDRESS")),
        (asking(&ticket, &[ANA, ("Bo", "bo")], all()), (422, "RECIPIENT_WITHOUT_ADDRESS")),
        (asking(&ticket, &[ANA], json!({ "rule": "at_least", "count": 2 })), (422, "COUNT_TOO_HIGH")),
        (asking(&ticket, &[ANA], json!({ "rule": "at_least" })), (422, "POLICY_INVALID")),
        (asking(&ticket, &[ANA], json!({ "rule": "all", "count": 1 })), (422, "POLICY_INVALID")),
        (asking(&ticket, &[ANA], json!({ "rule": "most" })), (400, "INPUT_VALIDATION_FAILED")),
        (asking("1", &[ANA], all()), (404, "TICKET_NOT_FOUND")),
        (asking("../1", &[ANA], all()), (400, "INPUT_VALIDATION_FAILED")),
        (changed("subject", json!("")), (422, "TEXT_INVALID")),
        (changed("message", json!("x".repeat(3_000))), (422, "TEXT_INVALID")),
        (changed("source", json!("jira")), (400, "INPUT_VALIDATION_FAILED")),
        (changed("source", json!("zendesk")), (400, "INPUT_VALIDATION_FAILED")),
        (changed("source", json!("sdp")), (400, "INPUT_VALIDATION_FAILED")),
        (changed("module", json!("changes")), (400, "INPUT_VALIDATION_FAILED")),
        (changed("by", json!("somebody")), (400, "INPUT_VALIDATION_FAILED")),
        (changed("by", json!(BO.1)), (422, "RECIPIENT_ASKED_FOR_IT")),
        (changed("extra", json!(1)), (400, "INPUT_VALIDATION_FAILED")),
    ] {
        let answer = desk.post("/requests", body.clone()).await;
        assert_eq!(answer.error(), error, "{body}: {}", answer.text);
    }
    assert!(desk.newly_told().is_empty());
    desk.ask(&ticket, &[ANA], all()).await;
}

#[tokio::test]
async fn the_same_person_twice_is_one_recipient() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, ("Again", " ANA@CORP.example "), BO], json!({ "rule": "all" })).await;
    assert_eq!(desk.request(&id).await["answers"], "0 of 2 approved");
    assert_eq!(desk.newly_told().len(), 2);
}

#[tokio::test]
async fn a_ticket_has_one_open_request() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let first = desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    let again = desk.post("/requests", asking(&ticket, &[BO], json!({ "rule": "all" }))).await;
    assert_eq!(again.error(), (409, "REQUEST_OPEN"));
    assert!(again.text.contains(&first), "{}", again.text);
    assert_eq!(desk.newly_told().len(), 1);
    assert_eq!(desk.respond(&first, ANA, "decline").await.status, 200);
    let second = desk.ask(&ticket, &[ANA], json!({ "rule": "all" })).await;
    assert_ne!(first, second, "also within the same millisecond");
    assert_eq!(
        (desk.status_of(&first).await, desk.status_of(&second).await),
        ("declined".into(), "pending_approval".into())
    );
    let other = desk.ticket_of_sam();
    desk.ask(&other, &[ANA], json!({ "rule": "all" })).await;
}

#[tokio::test]
async fn two_who_ask_about_one_ticket_at_once_make_one_request() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let twin = desk.twin();
    let (one, other) = (asking(&ticket, &[ANA], Value::Null), asking(&ticket, &[BO], Value::Null));
    let answers =
        desk.drive(async { futures::join!(desk.post("/requests", one), twin.post("/requests", other)) }).await;
    let mut codes = [answers.0.status, answers.1.status];
    codes.sort_unstable();
    assert_eq!(codes, [201, 409], "{} {}", answers.0.text, answers.1.text);
    desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(desk.newly_told().len(), 1);
}

#[tokio::test]
async fn a_help_desk_that_does_not_answer_is_told_as_such() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    desk.world(|world| world.fault(Fault::on("GET", "/atera/").replies(401, "").always()));
    let answer = desk.post("/requests", asking(&ticket, &[ANA], Value::Null)).await;
    assert_eq!(answer.error(), (502, "SOURCE_FAILED"));
    assert!(answer.text.contains("CREDENTIAL_REFUSED"), "{}", answer.text);
    assert!(desk.newly_told().is_empty());
}

#[tokio::test]
async fn a_ticket_of_servicedesk_plus_can_be_asked_about_too() {
    let desk = Desk::cloud().start();
    let change = desk.world(|world| world.change().subject("New switch").requester(SAM.0, SAM.1).add());
    let mut body = asking(&change.ticket, &[ANA], Value::Null);
    (body["source"], body["module"]) = (json!("sdp"), json!("changes"));
    let answer = desk.post("/requests", body.clone()).await;
    assert_eq!((answer.status, &answer.body["ticket"]["title"]), (201, &json!("New switch")), "{}", answer.text);
    assert!(desk.cards()[0].text.contains("New switch"), "{}", desk.cards()[0].text);
    body["module"] = json!("requests");
    assert_eq!(desk.post("/requests", body).await.error(), (404, "TICKET_NOT_FOUND"));
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(desk.approve(&format!("managed:{id}:r1"), ANA.1).await.outcome(), (200, "approved"));
    desk.poll().await.clean();
}

#[tokio::test]
async fn a_ticket_of_zendesk_can_be_asked_about_too() {
    let desk = Desk::zendesk().start();
    let ticket = desk.world(|world| {
        let sam = world.zendesk.end_user(SAM.0, SAM.1);
        let ticket = world.zendesk.ticket("New badge");
        world.zendesk.ticket_mut(ticket).unwrap().requester = Some(sam);
        ticket.to_string()
    });
    let ask = |people: &[Who]| {
        let mut body = asking(&ticket, people, Value::Null);
        body["source"] = json!("zendesk");
        body
    };
    assert_eq!(desk.post("/requests", ask(&[ANA, SAM])).await.error(), (422, "RECIPIENT_ASKED_FOR_IT"));
    let answer = desk.post("/requests", ask(&[ANA])).await;
    assert_eq!((answer.status, &answer.body["ticket"]["title"]), (201, &json!("New badge")), "{}", answer.text);
    assert!(desk.cards()[0].text.contains("New badge") && desk.cards()[0].text.contains(SAM.0));
    let mut other = ask(&[ANA]);
    other["ticket_id"] = json!("1");
    assert_eq!(desk.post("/requests", other).await.error(), (404, "TICKET_NOT_FOUND"));
}

#[tokio::test]
async fn a_request_that_is_not_there_is_not_found() {
    let desk = Desk::atera().start();
    for (method, path, body) in [
        ("GET", "/requests/1", Value::Null),
        ("GET", "/requests/a%2Fb", Value::Null),
        ("PATCH", "/requests/1", json!({ "recipients": [] })),
        ("DELETE", "/requests/1", Value::Null),
        ("POST", "/requests/1/resend", Value::Null),
        ("POST", "/requests/1/responses", json!({ "approver": ANA.1, "answer": "approve" })),
    ] {
        assert_eq!(desk.call(method, path, body).await.error(), (404, "NOT_FOUND"), "{method} {path}");
    }
    assert_eq!(desk.approve("managed:1:r1", ANA.1).await.outcome(), (404, "unknown"));
}

#[tokio::test]
async fn what_waits_is_reminded_of_like_everything_else() {
    let desk = Desk::atera().variable("remind_after_hours", "4").variable("reconcile_minutes", "10").start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO, CY], json!({ "rule": "at_least", "count": 2 })).await;
    desk.respond(&id, ANA, "approve").await;
    desk.new_cards();
    desk.poll_every(minutes(10), 26).await.clean();
    assert_eq!(desk.newly_told(), [(BO.1.to_owned(), "r2".to_owned()), (CY.1.to_owned(), "r3".to_owned())]);
    desk.respond(&id, BO, "approve").await;
    desk.new_cards();
    desk.poll_every(minutes(10), 40).await.clean();
    assert!(desk.newly_told().is_empty(), "the request has come to its end");
}

#[tokio::test]
async fn lists_go_on_behind_a_request_that_the_bridge_keeps() {
    let desk = Desk::cloud().with_atera().world(|world| drop(world.request().level(&[BO]).add())).start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, CY], Value::Null).await;
    desk.poll().await.clean();
    let (mut listed, mut path) = (Vec::new(), "/approvals?limit=1".to_owned());
    while !path.is_empty() {
        let page = desk.get(&path).await;
        listed.extend(page.ids());
        path =
            page.body["cursor"].as_str().map_or(String::new(), |cursor| format!("/approvals?limit=1&cursor={cursor}"));
    }
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!(listed[..2], [format!("managed:{id}:r1"), format!("managed:{id}:r2")]);
    let one = desk.get(&format!("/approvals/managed:{id}:r1")).await;
    assert_eq!((&one.body["source"], &one.body["ticket_id"]), (&json!("managed"), &json!(ticket)));
    assert!(one.body["card"]["text"].as_str().unwrap().contains("The budget is there."));
}
