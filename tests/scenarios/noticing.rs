//! What is noticed without anybody saying so, and what noticing costs when there is nothing.
//!
//! A wrong implementation forgets those it could not tell at first, keeps listing what is decided, or pays for every
//! tracked approval at every sweep.

use approval_bridge_tests::harness::{ANA, BO, Desk, minutes};

#[tokio::test]
async fn an_approver_without_an_address_is_reported_and_told_once_there_is_one() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    let silent = ticket.approval(0, 0);
    desk.world(|world| world.set_email(&silent, None)).expect("it is there");
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(silent.ticket.clone(), "NOBODY_TO_TELL".to_owned())]);
    assert_eq!((report.requests().skipped, report.requests().notified), (1, 1));
    assert_eq!(desk.told(), [ticket.approval(0, 1).id()]);
    desk.world(|world| world.set_email(&silent, Some(ANA.1))).expect("it is there");
    desk.advance(minutes(61));
    desk.poll().await.clean();
    assert!(desk.told().contains(&silent.id()));
}

#[tokio::test]
async fn silent_approvers_hear_nothing_until_they_are_taken_off_the_list() {
    let desk = Desk::cloud().variable("silent_approvers", "ANA@corp.example").start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    desk.poll().await.clean();
    assert_eq!(desk.told(), [ticket.approval(0, 1).id()]);
    let desk = desk.reconfigure("silent_approvers", "");
    desk.advance(minutes(61));
    desk.poll().await.clean();
    assert!(desk.told().contains(&ticket.approval(0, 0).id()));
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_closed_and_no_longer_listed() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    desk.poll().await.clean();
    assert_eq!(desk.get(&format!("/approvals?approver={}", ANA.1)).await.ids(), [at.id()]);
    desk.advance(minutes(1));
    desk.world(|world| world.approve(&at, "Somebody Else")).expect("it is there");
    let report = desk.poll().await.clean();
    assert_eq!(report.requests().closed, 1);
    assert!(desk.get(&format!("/approvals?approver={}", ANA.1)).await.ids().is_empty());
    assert_eq!(desk.get("/approvals?status=approved").await.ids(), [at.id()]);
    assert_eq!(desk.told().len(), 1);
}

#[tokio::test]
async fn a_quiet_sweep_costs_one_list_call_a_module_and_as_few_store_operations_as_a_small_desk() {
    let mut costs = Vec::new();
    for tickets in [20, 600, 5_000] {
        let desk = Desk::cloud().start();
        desk.world(|world| world.populate(tickets, 2, 1));
        desk.world(|world| world.settings.moveworks.events_per_minute = None);
        // Five thousand are announced in several sweeps.
        for _ in 0..4 {
            desk.poll().await;
        }
        desk.poll().await.clean();
        desk.forget_calls();
        desk.store_use();
        desk.poll().await.clean();
        // Of many tickets one may be due in the walk over everything already, which lists a page.
        assert!((3..=4).contains(&desk.count("*", "/")), "{tickets} tickets: {} calls", desk.count("*", "/"));
        costs.push(desk.store_use().operations());
        assert_eq!(desk.told().len(), tickets);
    }
    assert!(costs.iter().all(|cost| *cost <= costs[0] + 2), "the slice may touch a leaf of the ledger: {costs:?}");
}
