//! A sweep ends in time, whatever the vendors do, and the next ones finish what it began.
//!
//! A wrong implementation runs into the host's time-out, begins anew each time and never reaches the end, or lets one
//! sick module keep the others from being looked at.

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Sweep, minutes, seconds};

/// Sweeps once a minute until everything has been told; how many sweeps it took.
async fn until_told(desk: &Desk, most: usize) -> usize {
    for sweeps in 1..=most {
        let begin = desk.now();
        let report = desk.poll().await;
        assert!(desk.now() - begin <= 50_000, "sweep {sweeps} took {} ms", desk.now() - begin);
        if desk.told() == desk.due() {
            return sweeps;
        }
        assert!(!report.complete, "a sweep that left something says so: {report:?}");
        desk.advance(seconds(10));
    }
    panic!("after {most} sweeps {} of {} were told", desk.told().len(), desk.due().len());
}

/// 400 tickets at 3 calls each, 4 at a time, 0.5 s a call: 150 s of work in sweeps of 50 s.
#[tokio::test]
async fn a_slow_vendor_is_walked_in_several_sweeps() {
    let desk = Desk::cloud().variable("concurrency", "4").world(|world| drop(world.populate(400, 1, 1))).start();
    desk.world(|world| world.set_latency(minutes(1) / 120));
    let sweeps = until_told(&desk, 12).await;
    assert!((3..=12).contains(&sweeps), "{sweeps}");
    desk.world(|world| world.set_latency(seconds(0)));
    desk.poll_every(minutes(5), 13).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// The same over restarts: the place is kept in the store.
#[tokio::test]
async fn the_place_outlasts_the_process() {
    let mut desk = Desk::cloud().variable("concurrency", "4").world(|world| drop(world.populate(400, 1, 1))).start();
    desk.world(|world| world.set_latency(minutes(1) / 120));
    let mut told = 0;
    for sweep in 1..=12 {
        desk.poll().await;
        assert!(desk.cards().len() > told, "sweep {sweep} brought nothing");
        told = desk.cards().len();
        if desk.told() == desk.due() {
            return;
        }
        desk = desk.restart();
        desk.advance(seconds(10));
    }
    panic!("{told} of {} were told", desk.due().len());
}

/// A backlog must not keep what is new waiting for hours.
#[tokio::test]
async fn what_is_new_is_told_although_the_first_walk_is_not_over() {
    let desk = Desk::cloud().variable("concurrency", "2").world(|world| drop(world.populate(1500, 1, 1))).start();
    desk.world(|world| world.set_latency(minutes(1) / 120));
    assert!(!desk.poll().await.complete);
    desk.advance(seconds(10));
    let fresh = desk.world(|world| {
        let now = world.now();
        world.request().updated(now).level(&[ANA]).add()
    });
    for _ in 0..5 {
        desk.poll().await;
        desk.advance(seconds(10));
    }
    assert!(desk.told().contains(&fresh.approval(0, 0).id()));
    assert!(desk.told() != desk.due(), "the backlog is still being walked");
}

fn modules(report: &Sweep) -> Vec<(&str, bool)> {
    report.sources.iter().map(|source| (source.name.as_str(), source.errors.is_empty())).collect()
}

/// DESIGN, "Nothing blocked".
#[tokio::test]
async fn a_module_that_fails_is_reported_and_the_others_go_on() {
    for fault in [
        Fault::on("GET", "/changes").sdp_error(4002, "Forbidden"),
        Fault::on("GET", "/changes").replies(503, ""),
        Fault::on("GET", "/changes").html(),
        Fault::on("GET", "/changes").drops(),
        Fault::on("GET", "/changes").truncates(),
        Fault::on("GET", "/changes").delays(minutes(10)),
        Fault::on("GET", "/changes").replies(200, "[]"),
        Fault::on("GET", "/changes").replies(200, r#"{"changes":"none"}"#),
        Fault::on("GET", "/changes").replies(200, "x".repeat(5 << 20)),
    ] {
        let desk = Desk::cloud().start();
        let change = desk.world(|world| {
            world.request().level(&[ANA]).add();
            world.release().level(&[BO]).add();
            world.fault(fault.clone().always());
            world.change().level(&[CY]).add()
        });
        let begin = desk.now();
        let report = desk.poll().await;
        assert!(desk.now() - begin <= 50_000, "{fault:?}");
        assert!(!report.complete, "{fault:?}");
        let timed_out = report.source("sdp/changes").errors.is_empty();
        assert_eq!(modules(&report), [("sdp/changes", timed_out), ("sdp/releases", true), ("sdp/requests", true)]);
        assert_eq!(desk.cards().len(), 2, "{fault:?}");
        desk.world(|world| world.clear_faults());
        desk.poll_every(minutes(2), 1).await.clean();
        assert_eq!(desk.cards().last().unwrap().approval_id, change.approval(0, 0).id(), "{fault:?}");
    }
}

/// One ticket that never answers.
#[tokio::test]
async fn one_ticket_that_hangs_holds_nobody_up() {
    let desk = Desk::cloud().start();
    let tickets = desk.world(|world| world.populate(8, 1, 1));
    let path = format!("/requests/{}/", tickets[3].ticket);
    desk.world(|world| world.fault(Fault::on("GET", &path).delays(minutes(60)).always()));
    let begin = desk.now();
    let report = desk.poll().await;
    assert!(desk.now() - begin <= 50_000, "{} ms", desk.now() - begin);
    assert_eq!(desk.cards().len(), 7);
    assert!(!report.complete || !report.errors().is_empty());
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(1), 1).await;
    assert_eq!(desk.told(), desk.due());
}

/// Calls run at the same time, and never more than allowed.
#[tokio::test]
async fn the_configured_number_of_calls_is_under_way_and_no_more() {
    for (concurrency, time) in [(1, 61_000), (8, 9_000), (32, 4_000)] {
        let desk = Desk::cloud()
            .variable("concurrency", &concurrency.to_string())
            .variable("sdp_modules", "requests")
            .variable("sweep_budget_seconds", "600")
            .variable("first_run", "baseline")
            .world(|world| drop(world.populate(100, 1, 1)))
            .start();
        desk.world(|world| world.set_latency(minutes(1) / 300));
        let begin = desk.now();
        desk.poll().await.clean();
        assert_eq!(desk.world(|world| world.journal.max_in_flight()), concurrency);
        assert!(desk.now() - begin <= time, "{concurrency} at a time took {} ms", desk.now() - begin);
    }
}

/// A sweep that finds another one running waits for it, and says so if it waits in vain.
#[tokio::test]
async fn sweeps_of_two_processes_follow_one_another() {
    let desk = Desk::cloud().world(|world| drop(world.populate(20, 1, 1))).start();
    desk.world(|world| world.set_latency(minutes(1) / 120));
    let twin = desk.twin();
    let (one, other) = desk.drive(async { futures::join!(desk.poll(), twin.poll()) }).await;
    assert!(one.complete && other.complete);
    assert_eq!(one.requests().new + other.requests().new, 20);
    assert_eq!(desk.told(), desk.due());
}

/// A process that died in the middle of a sweep holds the next one up for seconds, not for ever.
#[tokio::test]
async fn a_dead_process_does_not_hold_the_lease() {
    use approval_bridge_tests::harness::Moment;
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.plug().strike(20, Moment::Before);
    assert!(desk.poll_until_pulled().await.is_none());
    let desk = desk.restart();
    let begin = desk.now();
    desk.poll().await.clean();
    assert!(desk.now() - begin < 15_000, "{} ms", desk.now() - begin);
    assert_eq!(desk.told(), desk.due());
}
