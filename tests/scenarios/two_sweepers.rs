//! Two processes on one store: at every host call of the first one it stands still while the second one sweeps, and then
//! it goes on with what it has in its head.
//!
//! The lease should keep them apart, but it ends when its holder stands still for too long, and a store may lose it. The
//! store offers nothing but get, set and delete, so two can always meet. Then nothing may be missed or false, and what is
//! said twice is said under one event id. A wrong implementation loses what the other one wrote over what it read before.

use approval_bridge::simulate::{Moment, Promise, Rest};
use approval_bridge::stubs::Door;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, minutes, seconds};

/// How the second process comes by the lease.
#[derive(Clone, Copy, Debug)]
enum Lease {
    /// The first one stands still until it has ended.
    Ended,
    /// The store has lost it.
    Lost,
}

/// Two approvals that were told, one about to reach its next level, one passed on to somebody else, and a new one.
async fn desk(a_second: Option<usize>) -> Desk {
    let desk = Desk::cloud()
        .witnessed()
        .door(Door::Listener)
        .variable("sdp_modules", "requests")
        .variable("reconcile_minutes", "5")
        .start();
    let (one, other) =
        desk.world(|world| (world.request().level(&[ANA]).level(&[CY]).add(), world.request().level(&[BO]).add()));
    desk.witness().look();
    desk.poll().await.clean();
    desk.poll_every(minutes(3), 2).await.clean();
    desk.world(|world| {
        world.settings.moveworks.listener_per_second = a_second;
        world.approve(&one.approval(0, 0), ANA.0).unwrap();
        world.reassign(&other.approval(0, 0), CY.0, CY.1).unwrap();
        let now = world.now();
        world.request().updated(now).level(&[ANA, BO]).add();
    });
    desk.witness().look();
    desk
}

/// The first process sweeps and stands still at a call; meanwhile things change and the second one sweeps. False: the
/// sweep of the first one has fewer calls.
async fn overlap(desk: &Desk, twin: &Desk, (call, moment): (u64, Moment), lease: Lease) -> bool {
    desk.plug().strike(call, moment);
    let mut first = Box::pin(desk.plug().run(desk.bridge().poll(false)));
    let second = async {
        desk.plug().stands().await;
        match lease {
            Lease::Ended => desk.advance(seconds(20)),
            Lease::Lost => desk.lose("v1:lease").await,
        }
        desk.world(|world| {
            let now = world.now();
            world.request().updated(now).level(&[CY, BO]).add();
        });
        desk.witness().look();
        let report = twin.bridge().poll(false).await;
        desk.plug().go_on();
        report
    };
    desk.drive(Box::pin(async {
        tokio::select! {
            biased;
            _ = &mut first => false,
            report = second => {
                assert!(report.is_ok(), "the second one sweeps: {report:?}");
                // Whether the first one's sweep ends well is its own affair.
                drop(first.await);
                true
            }
        }
    }))
    .await
}

async fn settle(twin: &Desk, what: &str) {
    let mut quiet = 0;
    for _ in 0..40 {
        twin.advance(minutes(2));
        let report = twin.poll().await;
        let done = report.complete && report.outbox.planned == 0 && report.outbox.waiting == 0;
        quiet = if done { quiet + 1 } else { 0 };
        if quiet == 5 {
            break;
        }
    }
    assert_eq!(quiet, 5, "{what}: it never comes to rest");
    twin.inspect(Rest::Done).await;
    let mut breaches = twin.witness().breaches();
    // That something is said twice is what the lease prevents while it holds, and no more.
    breaches.retain(|breach| breach.promise != Promise::NothingTwice);
    let breaches: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    assert!(breaches.is_empty(), "{what}: {breaches:#?}");
    let handed = twin.witness().handed();
    assert!(handed.values().all(|times| *times <= 2), "{what}: at most once by each: {handed:?}");
}

async fn interleaved(name: &str, a_second: Option<usize>, lease: Lease) {
    for moment in [Moment::StandsBefore, Moment::StandsAfter] {
        let mut call = 0;
        loop {
            let desk = desk(a_second).await;
            let twin = desk.twin();
            if !overlap(&desk, &twin, (call, moment), lease).await {
                break;
            }
            settle(&twin, &format!("{name}: {lease:?} lease, {moment:?} call {call}")).await;
            call += 1;
        }
        assert!(call > 25, "{name}: a sweep makes several calls: {call}");
    }
}

#[tokio::test]
async fn a_sweep_may_run_in_the_middle_of_another_one_that_stood_still() {
    interleaved("plain", None, Lease::Ended).await;
}

#[tokio::test]
async fn a_sweep_may_run_in_the_middle_of_another_one_whose_lease_is_lost() {
    interleaved("plain", None, Lease::Lost).await;
}

/// What the second one leaves waiting in the outbox, the first one must not lose.
#[tokio::test]
async fn messages_that_wait_outlive_a_sweep_that_stood_still() {
    interleaved("rate limit", Some(1), Lease::Ended).await;
}

#[tokio::test]
async fn messages_that_wait_outlive_a_sweep_whose_lease_is_lost() {
    interleaved("rate limit", Some(1), Lease::Lost).await;
}
