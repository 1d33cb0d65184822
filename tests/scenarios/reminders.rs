//! Who does not answer is reminded, so often and no more; who has answered is left alone.
//!
//! A wrong implementation reminds at every sweep, after the decision, or several times at once after a night off.

use approval_bridge::stubs::Door;
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, hours, minutes};

fn setup() -> Setup {
    Desk::cloud().door(Door::Listener).variable("remind_after_hours", "4").variable("max_reminders", "2")
}

fn events(desk: &Desk) -> Vec<String> {
    desk.cards().iter().map(|card| card.body["event"].as_str().unwrap_or_default().to_owned()).collect()
}

/// sdp.md §12, row 43.
#[tokio::test]
async fn an_approval_that_waits_is_reminded_up_to_the_maximum() {
    let desk = setup().world(|world| drop(world.request().level(&[ANA]).add())).start();
    let begin = desk.now();
    desk.poll().await.clean();
    let mut reminded = 0;
    for _ in 0..48 {
        reminded += desk.poll_every(minutes(30), 1).await.clean().requests().reminded;
    }
    assert_eq!(events(&desk), ["approval.pending", "approval.reminder", "approval.reminder"]);
    assert_eq!(reminded, 2, "the reports count them");
    let cards = desk.cards();
    for (number, card) in cards.iter().enumerate().skip(1) {
        let after = hours(4).as_millis() as i64 * number as i64;
        assert!((after..after + hours(2).as_millis() as i64).contains(&(card.at - begin)), "reminder {number}");
        assert_eq!(card.approval_id, cards[0].approval_id);
        assert!(card.event_id != cards[0].event_id, "a reminder is not a repeat");
        assert!(card.text.contains("Reminder"), "{}", card.text);
    }
    assert!(cards[1].event_id != cards[2].event_id);
}

#[tokio::test]
async fn nobody_is_reminded_unless_that_is_configured() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.poll_every(hours(12), 10).await.clean();
    assert_eq!(desk.cards().len(), 1);
}

#[tokio::test]
async fn who_has_answered_is_not_reminded() {
    let desk = setup().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    desk.poll().await.clean();
    desk.advance(hours(1));
    desk.approve(&ticket.approval(0, 0).id(), ANA.1).await;
    desk.poll_every(minutes(30), 16).await.clean();
    let reminded: Vec<_> = desk.cards().into_iter().skip(2).map(|card| card.to).collect();
    assert!(!reminded.is_empty() && reminded.iter().all(|to| to == BO.1), "{reminded:?}");
}

/// Decided at the source a moment before, without a trace on the ticket.
#[tokio::test]
async fn a_reminder_is_preceded_by_a_look_at_the_source() {
    let desk = setup().start();
    let ticket = desk.world(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        world.request().level(&[ANA]).add()
    });
    desk.poll().await.clean();
    desk.advance(hours(3));
    desk.world(|world| world.approve(&ticket.approval(0, 0), ANA.0).unwrap());
    desk.poll_every(minutes(30), 16).await.clean();
    assert_eq!(events(&desk), ["approval.pending"]);
}

#[tokio::test]
async fn after_a_long_stop_one_reminder_is_sent_and_not_all_that_were_missed() {
    let desk = setup().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.advance(hours(40));
    let desk = desk.restart();
    desk.poll_every(minutes(30), 6).await.clean();
    assert_eq!(events(&desk), ["approval.pending", "approval.reminder"]);
}

#[tokio::test]
async fn a_new_round_begins_its_reminders_anew() {
    let desk = setup().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    desk.poll().await.clean();
    desk.poll_every(minutes(30), 24).await.clean();
    assert_eq!(desk.new_cards().len(), 3);
    desk.world(|world| world.reassign(&ticket.approval(0, 0), BO.0, BO.1).unwrap());
    desk.poll_every(minutes(30), 24).await.clean();
    assert_eq!(events(&desk), ["approval.pending", "approval.closed", "approval.reminder", "approval.reminder"]);
    assert!(desk.cards().iter().all(|card| (card.to == ANA.1) == (card.body["event"] == "approval.closed")));
}
