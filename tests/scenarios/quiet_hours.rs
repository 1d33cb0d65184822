//! In quiet hours nobody is disturbed, and nothing is forgotten.
//!
//! A wrong implementation drops what falls into the night, says in the morning what was decided meanwhile, reminds at
//! the hour at which it could not tell, or takes UTC for everybody's clock.

use approval_bridge::stubs::Door;
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, hours, minutes};
use chrono::{DateTime, Timelike, Utc};
use serde_json::json;

/// Tests begin on 24 November 2025 at 16:00 UTC, which is 17:00 in Berlin.
fn setup() -> Setup {
    Desk::cloud().variable("quiet_hours", "19:00-08:00").variable("timezone", "Europe/Berlin")
}

fn clock(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).expect("a time of our days")
}

#[tokio::test]
async fn what_comes_up_at_night_is_told_in_the_morning() {
    let desk = setup().start();
    desk.advance(hours(3));
    let ticket = desk.world(|world| world.request().updated(desk.now()).level(&[ANA]).add());
    let report = desk.poll().await.clean();
    assert_eq!((report.outbox.planned, report.outbox.sent, report.outbox.waiting), (1, 0, 1));
    desk.poll_every(minutes(30), 24).await.clean();
    assert_eq!(desk.told(), [ticket.approval(0, 0).id()]);
    let told = clock(desk.cards()[0].at).to_rfc3339();
    assert!(told.starts_with("2025-11-25T07:00:0"), "08:00 in Berlin, not {told}");
}

#[tokio::test]
async fn what_was_decided_during_the_night_is_not_told() {
    let desk = setup().start();
    desk.advance(hours(3));
    let (decided, open) = desk.world(|world| (world.request().level(&[ANA]).add(), world.request().level(&[BO]).add()));
    desk.poll().await.clean();
    desk.advance(hours(5));
    desk.world(|world| world.approve(&decided.approval(0, 0), "Somebody Else").expect("it is there"));
    desk.poll_every(minutes(30), 24).await.clean();
    assert_eq!(desk.told(), [open.approval(0, 0).id()]);
}

#[tokio::test]
async fn reminders_are_counted_from_the_card_and_keep_the_night_as_well() {
    let setup = setup().door(Door::Listener).variable("remind_after_hours", "10").variable("max_reminders", "5");
    let desk = setup.start();
    desk.advance(hours(3));
    desk.world(|world| world.request().updated(desk.now()).level(&[ANA]).add());
    desk.poll().await.clean();
    desk.poll_every(minutes(30), 48 * 3).await.clean();
    let events: Vec<_> = desk.cards().iter().map(|card| card.body["event"].clone()).collect();
    assert_eq!(events[..2], [json!("approval.pending"), json!("approval.reminder")]);
    for card in desk.cards() {
        let hour = clock(card.at).hour();
        assert!((7..18).contains(&hour), "somebody was told at {hour} UTC");
    }
    let first = desk.cards()[0].at;
    assert!(desk.cards()[1].at - first >= 10 * 3_600_000, "ten hours after the card");
}

#[tokio::test]
async fn a_notice_that_somebody_hands_in_goes_at_once() {
    let desk = setup().start();
    desk.advance(hours(4));
    let sent = desk.post("/notifications", json!({ "message": "The lift is stuck", "recipients": [ANA.1] })).await;
    assert_eq!(sent.status, 202);
    assert_eq!(desk.cards().len(), 1);
}

#[tokio::test]
async fn the_night_outlasts_the_process_and_can_be_called_off() {
    let desk = setup().start();
    desk.advance(hours(3));
    desk.world(|world| world.request().updated(desk.now()).level(&[ANA]).add());
    desk.poll().await.clean();
    let desk = desk.restart();
    desk.poll_every(minutes(10), 2).await.clean();
    assert!(desk.cards().is_empty());
    let desk = desk.reconfigure("quiet_hours", "");
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}
