//! Moveworks takes so many messages a minute from the whole organisation; the bridge never sends more, and loses none.
//!
//! A wrong implementation counts anew with each sweep, each process or each minute on the clock, lets a backlog overtake
//! itself, or keeps what is new behind it.

use approval_bridge::stubs::Door;
use approval_bridge_tests::harness::{ANA, Desk, Setup, minutes, seconds};
use serde_json::json;

const SEND: &str = "/messages/send";

fn setup(per_minute: usize) -> Setup {
    Desk::cloud().variable("moveworks_per_minute", &per_minute.to_string()).world(|world| {
        world.settings.moveworks.events_per_minute = Some(per_minute);
    })
}

/// The most calls in any span of a minute.
fn busiest_minute(desk: &Desk, part: &str) -> usize {
    busiest(desk, part, 60_000)
}

/// The most calls in any span of so many milliseconds.
fn busiest(desk: &Desk, part: &str, span: i64) -> usize {
    let times: Vec<i64> = desk.calls("POST", part).iter().map(|call| call.at).collect();
    let within = |begin: &i64| times.iter().filter(|at| (*begin..*begin + span).contains(at)).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn no_minute_has_more_messages_than_allowed_and_none_is_refused() {
    let desk = setup(30).world(|world| drop(world.populate(100, 1, 1))).start();
    let mut sweeps = 0;
    while desk.told() != desk.due() {
        let report = desk.poll().await;
        sweeps += 1;
        assert!(sweeps < 20, "{} were told", desk.told().len());
        assert!(report.errors().is_empty(), "{report:?}");
        assert_eq!(report.complete, report.outbox.waiting == 0, "what waits for its turn makes a sweep incomplete");
        desk.advance(seconds(10));
    }
    assert_eq!(busiest_minute(&desk, SEND), 30);
    assert!(desk.calls("POST", SEND).iter().all(|call| call.status() != Some(429)));
}

#[tokio::test]
async fn the_count_outlasts_the_process() {
    let mut desk = setup(10).world(|world| drop(world.populate(40, 1, 1))).start();
    for _ in 0..40 {
        desk.poll().await;
        desk = desk.restart();
        desk.advance(seconds(7));
    }
    assert_eq!(desk.told(), desk.due());
    assert_eq!(busiest_minute(&desk, SEND), 10);
}

#[tokio::test]
async fn notices_count_like_cards() {
    let desk = setup(5).world(|world| drop(world.populate(4, 1, 1))).start();
    desk.poll().await.clean();
    for message in ["one", "two", "three"] {
        let sent = desk.post("/notifications", json!({ "message": message, "recipients": [ANA.1] })).await;
        assert_eq!(sent.status, 202);
    }
    assert!(busiest_minute(&desk, SEND) <= 5);
    desk.poll_every(minutes(2), 1).await.clean();
    assert_eq!(desk.cards().len(), 7, "and none is lost");
}

#[tokio::test]
async fn what_waits_goes_in_the_order_in_which_it_was_planned() {
    let desk = setup(2).variable("concurrency", "8").start();
    let mut planned = Vec::new();
    for _ in 0..6 {
        let ticket = desk.world(|world| world.request().updated(desk.now()).level(&[ANA]).add());
        planned.push(ticket.approval(0, 0).id());
        desk.poll_every(seconds(5), 1).await;
    }
    desk.poll_every(seconds(45), 6).await.clean();
    assert_eq!(desk.cards().into_iter().map(|card| card.approval_id).collect::<Vec<_>>(), planned);
}

#[tokio::test]
async fn what_is_new_does_not_wait_behind_what_had_been_waiting_when_the_bridge_was_switched_on() {
    let desk = setup(10).world(|world| drop(world.populate(200, 1, 1))).start();
    assert!(desk.poll().await.outbox.waiting > 100);
    desk.advance(seconds(20));
    let ticket = desk.world(|world| world.request().updated(desk.now()).level(&[ANA]).add());
    desk.poll_every(seconds(20), 4).await;
    assert!(desk.told().contains(&ticket.approval(0, 0).id()), "told with the next messages that fit");
    assert!(desk.told().len() < 60);
}

#[tokio::test]
async fn without_a_limit_everything_goes_at_once() {
    let desk = Desk::cloud().door(Door::Listener).variable("moveworks_per_minute", "0").start();
    desk.world(|world| world.populate(300, 1, 1));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn unless_it_is_set_the_limit_is_the_one_that_moveworks_documents() {
    let desk = Desk::cloud().without("moveworks_per_minute").world(|world| drop(world.populate(130, 1, 1))).start();
    assert_eq!(desk.poll().await.outbox.waiting, 10);
    assert_eq!(busiest_minute(&desk, SEND), 120);
}

#[tokio::test]
async fn unless_it_is_set_a_listener_gets_the_five_a_second_that_moveworks_documents_for_it() {
    let desk = Desk::cloud().door(Door::Listener).without("moveworks_per_minute");
    let desk = desk.world(|world| drop(world.populate(160, 1, 1))).start();
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due(), "more than the Events API takes in a minute");
    assert_eq!(busiest(&desk, "/notify", 1_000), 5);
}
