//! An address that does not answer is left alone for the rest of the sweep: nobody storms a help desk that is down.
//!
//! A wrong implementation tries every ticket and every message to the end, burns their attempts, or never comes back.

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{ANA, Desk, minutes};

#[tokio::test]
async fn a_help_desk_that_fails_in_the_middle_of_a_walk_is_left_alone_and_taken_up_again() {
    let desk = Desk::cloud().variable("concurrency", "4").world(|world| drop(world.populate(200, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("GET", "/approval_levels").replies(503, "").always()));
    let report = desk.poll().await;
    assert!(report.codes().contains(&"CIRCUIT_OPEN".to_owned()), "{:?}", report.codes());
    assert!(!report.complete);
    let calls = desk.count("GET", "/approval_levels");
    assert!((10..=14).contains(&calls), "ten in a row, and those under way: {calls}");
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn one_sick_ticket_among_healthy_ones_is_no_outage() {
    let desk = Desk::cloud().variable("concurrency", "4").start();
    let tickets = desk.world(|world| world.populate(60, 1, 1));
    let sick = format!("/requests/{}/", tickets[30].ticket);
    desk.world(|world| world.fault(Fault::on("GET", &sick).replies(500, "").always()));
    let report = desk.poll().await;
    assert!(!report.codes().contains(&"CIRCUIT_OPEN".to_owned()), "{:?}", report.codes());
    assert_eq!(desk.told().len(), 59);
}

#[tokio::test]
async fn while_moveworks_is_down_messages_wait_without_using_up_their_attempts() {
    let desk = Desk::cloud().variable("concurrency", "4").world(|world| drop(world.populate(100, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("POST", "/messages/send").drops().always()));
    let report = desk.poll().await;
    assert_eq!(report.outbox.waiting, 100);
    let tried = desk.count("POST", "/messages/send");
    assert!((10..=14).contains(&tried), "{tried} were tried");
    let listed = desk.get("/outbox").await;
    let messages = listed.body["messages"].as_array().expect("a list");
    assert_eq!(messages.iter().filter(|message| message["attempts"] == 0).count(), 100 - tried);
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(7), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// Each answers with an internal error, which says that it has none; and they may well come one after the other.
#[tokio::test]
async fn many_changes_without_levels_are_no_outage() {
    let desk = Desk::on_premises().variable("concurrency", "4").start();
    desk.world(|world| {
        for _ in 0..30 {
            world.change().add();
        }
        world.request().level(&[ANA]).add();
    });
    desk.poll().await.clean();
    assert!(desk.count("GET", "/approval_levels") > 30);
    assert_eq!(desk.told(), desk.due());
}
