//! Everything is read once in each reconcile period, whatever the lists of updates leave out.
//!
//! A wrong implementation trusts the times of updates, which approvals do not always move (sdp.md §6), forgets those at
//! the edges of its slices, or reads everything at once when a period is over.

use std::collections::BTreeMap;

use approval_bridge::stubs::{Fault, TicketRef, World};
use approval_bridge_tests::harness::{ANA, Desk, minutes};

/// How often each ticket's levels were read.
fn reads(desk: &Desk) -> BTreeMap<String, usize> {
    let mut reads = BTreeMap::new();
    for call in desk.calls("GET", "/approval_levels") {
        if call.path.ends_with("/approval_levels") {
            let ticket = call.path.rsplit('/').nth(1).unwrap().to_owned();
            *reads.entry(ticket).or_default() += 1;
        }
    }
    reads
}

/// Changes a ticket without moving its time of update.
fn unnoticed(world: &mut World, ticket: &TicketRef, change: impl FnOnce(&mut World)) {
    let updated = world.ticket(ticket.module, &ticket.ticket).expect("it is there").updated;
    change(world);
    world.ticket_mut(ticket.module, &ticket.ticket).expect("it is there").updated = updated;
}

/// Sweeps every five minutes for an hour.
async fn an_hour(desk: &Desk) -> BTreeMap<String, usize> {
    desk.forget_calls();
    desk.poll_every(minutes(5), 12).await.clean();
    reads(desk)
}

#[tokio::test]
async fn every_open_approval_is_read_once_in_each_period() {
    for tickets in [1, 7, 120] {
        let desk = Desk::cloud().variable("reconcile_minutes", "60").start();
        let all = desk.world(|world| world.populate(tickets, 1, 1));
        desk.poll().await.clean();
        for _ in 0..4 {
            let reads = an_hour(&desk).await;
            for ticket in &all {
                let times = reads.get(&ticket.ticket).copied().unwrap_or(0);
                assert!((1..=2).contains(&times), "of {tickets}, {} was read {times} times", ticket.ticket);
            }
            let sum: usize = reads.values().sum();
            assert!(sum <= tickets + tickets / 4 + 2, "{tickets} tickets took {sum} reads");
        }
    }
}

#[tokio::test]
async fn the_reads_of_a_period_are_spread_over_it() {
    let desk = Desk::cloud().variable("reconcile_minutes", "60").start();
    desk.world(|world| world.populate(240, 1, 1));
    desk.poll().await.clean();
    desk.poll_every(minutes(5), 12).await.clean();
    for sweep in 0..12 {
        desk.forget_calls();
        desk.poll_every(minutes(5), 1).await.clean();
        let reads: usize = reads(&desk).values().sum();
        assert!(reads <= 60, "sweep {sweep} read {reads} of 240 tickets");
    }
}

/// A ticket whose decision moved nothing in the lists.
#[tokio::test]
async fn what_no_list_tells_is_found_within_the_period() {
    let desk = Desk::cloud().variable("reconcile_minutes", "60").start();
    let tickets = desk.world(|world| world.populate(30, 1, 1));
    desk.poll().await.clean();
    desk.advance(minutes(3));
    let silent = desk.world(|world| {
        let ticket = &tickets[17];
        unnoticed(world, ticket, |world| world.approve(&ticket.approval(0, 0), "Somebody Else").expect("it is there"));
        ticket.approval(0, 0).id()
    });
    desk.poll_every(minutes(5), 13).await.clean();
    assert!(!desk.get("/approvals").await.ids().contains(&silent));
}

/// A ticket that got an approver although its time of update stood still.
#[tokio::test]
async fn a_new_approver_that_no_list_tells_hears_within_the_period() {
    let desk = Desk::cloud().variable("reconcile_minutes", "60").start();
    let ticket = desk.world(|world| {
        world.populate(150, 0, 0);
        world.request().add()
    });
    desk.poll().await.clean();
    desk.advance(minutes(3));
    desk.world(|world| {
        unnoticed(world, &ticket, |world| {
            world.add_level(&ticket, &[ANA]).expect("it is there");
            world.send(&ticket).expect("it is there");
        });
    });
    assert_eq!(desk.due().len(), 1);
    desk.poll_every(minutes(5), 13).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// The walk over the ledger does not come to it: it is known from the outbox only, where its card was given up.
#[tokio::test]
async fn a_ticket_whose_card_was_given_up_is_read_in_each_period_as_well() {
    let desk = Desk::cloud().variable("reconcile_minutes", "60").start();
    let ticket = desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").times(1));
        world.request().level(&[ANA]).add()
    });
    assert_eq!(desk.poll().await.outbox.dead, 1);
    an_hour(&desk).await;
    desk.world(|world| {
        let at = ticket.approval(0, 0);
        unnoticed(world, &ticket, |world| world.withdraw(&at).expect("it is there"));
    });
    assert_eq!(an_hour(&desk).await.get(&ticket.ticket), Some(&1));
    let listed = desk.get("/approvals").await;
    assert_eq!(listed.body["approvals"], serde_json::json!([]), "{}", listed.text);
}
