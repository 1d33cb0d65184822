//! What a first start says about the backlog, and what is too old to be said at all.
//!
//! A wrong implementation floods everybody with years of approvals, or calls a restart a first start.

use approval_bridge_tests::harness::{ANA, BO, CY, DAY_MS, Desk, minutes};

/// sdp.md §12, row 13.
#[tokio::test]
async fn announce_tells_what_waits_now_and_nothing_decided() {
    let desk = Desk::cloud().start();
    desk.world(|world| {
        let decided = world.request().level(&[ANA]).add();
        world.approve(&decided.approval(0, 0), ANA.0).unwrap();
        world.request().level(&[BO]).add();
        world.request().level(&[CY]).unsent().add();
    });
    let report = desk.poll().await.clean();
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
    let counts = report.requests();
    assert_eq!((counts.new, counts.baselined, counts.notified), (1, 0, 1));
}

/// sdp.md §12, row 13.
#[tokio::test]
async fn baseline_tells_nothing_of_the_backlog_and_everything_after_it() {
    let desk = Desk::cloud()
        .variable("first_run", "baseline")
        .world(|world| {
            world.populate(7, 1, 1);
            world.change().level(&[ANA, BO]).add();
        })
        .start();
    let report = desk.poll().await.clean();
    assert_eq!(desk.cards().len(), 0);
    assert_eq!((report.requests().new, report.requests().baselined), (7, 7));
    assert_eq!((report.source("sdp/changes").baselined, report.outbox.planned), (2, 0));
    let desk = desk.restart();
    desk.world(|world| drop(world.request().updated(desk.now()).level(&[CY]).add()));
    desk.poll_every(minutes(1), 1).await.clean();
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [CY.1]);
}

/// The backlog can be decided by its address, and its next level is news.
#[tokio::test]
async fn a_baselined_approval_can_be_decided_and_its_next_level_is_told() {
    let desk = Desk::cloud().variable("first_run", "baseline").start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).level(&[BO]).add());
    desk.poll().await.clean();
    assert_eq!(desk.get("/approvals").await.ids(), [ticket.approval(0, 0).id()]);
    assert_eq!(desk.approve(&ticket.approval(0, 0).id(), ANA.1).await.status, 200);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
}

/// A first start that is cut short goes on as a first start.
#[tokio::test]
async fn a_baseline_that_takes_several_sweeps_announces_none_of_the_backlog() {
    let desk = Desk::cloud()
        .variable("first_run", "baseline")
        .variable("sweep_budget_seconds", "5")
        .variable("concurrency", "2")
        .world(|world| {
            world.populate(120, 1, 1);
            world.set_latency(minutes(1) / 600);
        })
        .start();
    assert!(!desk.poll().await.complete);
    let report = desk.poll_every(minutes(1), 12).await;
    assert!(report.complete);
    assert_eq!(desk.cards().len(), 0);
    assert_eq!(desk.get("/approvals?limit=500").await.ids(), desk.due());
}

/// sdp.md §12, row 13.
#[tokio::test]
async fn what_was_sent_before_the_maximum_age_is_baselined() {
    let desk = Desk::cloud().variable("max_age_days", "10").start();
    desk.world(|world| {
        let now = world.now();
        world.request().updated(now - 11 * DAY_MS).level(&[ANA]).add();
        world.request().updated(now - 9 * DAY_MS).level(&[BO]).add();
    });
    let report = desk.poll().await.clean();
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
    assert_eq!((report.requests().new, report.requests().baselined), (2, 1));
}

#[tokio::test]
async fn a_maximum_age_of_0_is_none() {
    let desk = Desk::cloud().variable("max_age_days", "0").start();
    desk.world(|world| drop(world.request().updated(desk.now() - 2000 * DAY_MS).level(&[ANA]).add()));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// CONTRACT: `POST /poll?dry_run=true`.
#[tokio::test]
async fn a_dry_run_tells_what_it_would_do_and_does_nothing() {
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.poll().await.clean();
    let before = desk.entries();
    desk.world(|world| drop(world.request().updated(desk.now()).level(&[ANA]).add()));
    let report = desk.post("/poll?dry_run=true", serde_json::Value::Null).await;
    assert_eq!(report.status, 200);
    assert_eq!((report.body["dry_run"].as_bool(), report.body["outbox"]["planned"].as_u64()), (Some(true), Some(1)));
    assert_eq!(desk.cards().len(), 3);
    assert_eq!(desk.entries(), before, "nothing was written");
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
}
