//! `POST /hints`: look at this ticket now. Whoever sends a hint only says where; what is there is read from the source.
//!
//! A wrong implementation believes the hint, walks everything for it, loses it while a sweep runs, or announces twice.

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{ANA, BO, Desk, minutes};
use serde_json::{Value, json};

fn hint(module: &str, ticket: &str) -> Value {
    json!({ "source": "sdp", "module": module, "ticket_id": ticket })
}

#[tokio::test]
async fn a_hint_announces_the_ticket_at_once_and_costs_a_handful_of_calls() {
    let desk = Desk::cloud().world(|world| drop(world.populate(50, 1, 1))).start();
    desk.poll().await.clean();
    desk.new_cards();
    let change = desk.world(|world| world.change().level(&[ANA]).add());
    desk.forget_calls();
    let answer = desk.post("/hints", hint("changes", &change.ticket)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["sources"]["sdp/changes"]["notified"], json!(1), "{}", answer.text);
    assert_eq!(desk.told(), [change.approval(0, 0).id()]);
    assert!(desk.count("GET", "") <= 4, "levels, approvals, the ticket: {}", desk.count("GET", ""));
    desk.poll_every(minutes(5), 13).await.clean();
    assert_eq!(desk.cards().len(), 1, "and never again");
}

#[tokio::test]
async fn the_module_is_requests_unless_told() {
    let desk = Desk::cloud().start();
    let request = desk.world(|world| world.request().level(&[ANA]).add());
    let answer = desk.post("/hints", json!({ "source": "sdp", "ticket_id": request.ticket })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn a_hint_closes_what_was_decided() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).level(&[BO]).add());
    desk.poll().await.clean();
    desk.world(|world| world.approve(&ticket.approval(0, 0), ANA.0).unwrap());
    let answer = desk.post("/hints", hint("requests", &ticket.ticket)).await;
    let counts = &answer.body["sources"]["sdp/requests"];
    assert_eq!((&counts["closed"], &counts["notified"]), (&json!(1), &json!(1)));
    assert_eq!(desk.cards().last().unwrap().to, BO.1);
}

#[tokio::test]
async fn a_hint_about_a_ticket_that_is_not_there_is_no_error() {
    let desk = Desk::cloud().start();
    let answer = desk.post("/hints", hint("requests", "999")).await;
    assert_eq!((answer.status, &answer.body["complete"]), (200, &json!(true)), "{}", answer.text);
}

#[tokio::test]
async fn a_wrong_hint_is_refused() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").start();
    for body in [
        json!({ "source": "jira", "ticket_id": "1" }),
        json!({ "source": "sdp" }),
        json!({ "source": "sdp", "ticket_id": 5 }),
        hint("problems", "1"),
        hint("changes", "1"),
        hint("requests", "../changes/1"),
        hint("requests", ""),
    ] {
        assert_eq!(desk.post("/hints", body.clone()).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{body}");
    }
    assert_eq!(desk.count("*", ""), 0);
}

/// A hint that comes while a sweep of another process runs is noted, and kept.
#[tokio::test]
async fn a_hint_during_a_sweep_is_noted_and_looked_at_next() {
    let desk = Desk::cloud().world(|world| drop(world.populate(20, 1, 1))).start();
    let ticket = desk.world(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        world.request().level(&[BO]).unsent().add()
    });
    desk.poll().await.clean();
    desk.new_cards();
    desk.advance(minutes(61));
    desk.world(|world| world.set_latency(minutes(1) / 60));
    let twin = desk.twin();
    let send = async {
        approval_bridge::clock::Clock::sleep(desk.time(), minutes(1) / 120).await;
        desk.world(|world| world.send(&ticket).unwrap());
        twin.post("/hints", hint("requests", &ticket.ticket)).await
    };
    let (_, answer) = desk.drive(async { futures::join!(desk.poll(), send) }).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.body["status"], json!("noted"));
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), [ticket.approval(0, 0).id()]);
}

/// A hint whose ticket cannot be read is not forgotten.
#[tokio::test]
async fn a_hint_that_failed_is_taken_up_by_the_next_sweep() {
    let desk = Desk::cloud().start();
    desk.poll().await.clean();
    let ticket = desk.world(|world| {
        let before = world.now() - 30 * 60_000;
        let ticket = world.request().updated(before).level(&[ANA]).add();
        world.fault(Fault::on("GET", "/approval_levels").replies(503, "").times(3));
        ticket
    });
    let answer = desk.post("/hints", hint("requests", &ticket.ticket)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(desk.cards().len(), 0);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn hints_of_one_ticket_at_once_are_one_card() {
    let desk = Desk::cloud().start();
    desk.world(|world| world.set_latency(minutes(1) / 300));
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let (one, other) = (desk.twin(), desk.twin());
    let body = hint("requests", &ticket.ticket);
    desk.drive(async {
        futures::join!(
            desk.post("/hints", body.clone()),
            one.post("/hints", body.clone()),
            other.post("/hints", body.clone())
        )
    })
    .await;
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(desk.cards().len(), 1);
}
