//! The process may end at any call: nothing is lost, and at most what was under way is said once more, under the same
//! event id.
//!
//! The scenario is run once for every host call there is, with the plug pulled before the call and after it, and with
//! the call failing; then another process goes on. A wrong implementation sends before it writes, writes before it
//! knows, or cannot read what half a sweep left behind.

use std::collections::BTreeMap;

use approval_bridge::stubs::{Door, TicketRef};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Moment, minutes};

/// Something of everything: new, closing, next level, re-sent.
struct Scene {
    desk: Desk,
    advancing: TicketRef,
}

async fn scene() -> Scene {
    let desk = Desk::cloud().door(Door::Listener).variable("sdp_modules", "requests").start();
    let (advancing, resent) =
        desk.world(|world| (world.request().level(&[ANA]).level(&[BO]).add(), world.request().level(&[CY]).add()));
    desk.poll().await.clean();
    assert_eq!(desk.new_cards().len(), 2);
    desk.advance(minutes(5));
    desk.world(|world| {
        world.approve(&advancing.approval(0, 0), ANA.0).unwrap();
        world.resend(&resent.approval(0, 0)).unwrap();
        world.request().updated(desk.now()).level(&[BO]).add();
    });
    Scene { desk, advancing }
}

/// What was told in the second sweep and after it: every approval, by event id, with how often.
fn told(desk: &Desk) -> BTreeMap<(String, String), usize> {
    let mut told = BTreeMap::new();
    for card in desk.cards() {
        *told.entry((card.approval_id, card.event_id)).or_default() += 1;
    }
    told
}

async fn check(desk: Desk, advancing: &TicketRef, what: &str) {
    let desk = desk.restart();
    for _ in 0..4 {
        desk.advance(minutes(2));
        desk.poll().await;
    }
    let report = desk.poll_every(minutes(2), 1).await;
    assert!(report.complete && report.outbox.planned == 0 && report.outbox.waiting == 0, "{what}: {report:?}");
    let told = told(&desk);
    let ids: Vec<_> = told.keys().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, desk.due(), "{what}: each approval that waits was told, under one event id");
    assert!(told.values().all(|times| *times <= 2), "{what}: {told:?}");
    let listed = desk.get("/approvals").await.ids();
    assert_eq!(listed.len(), 3, "{what}");
    assert!(!listed.contains(&advancing.approval(0, 0).id()), "{what}");
}

/// How many host calls the second sweep makes when nothing happens.
async fn calls() -> u64 {
    let Scene { desk, .. } = scene().await;
    let before = desk.plug().calls();
    desk.poll().await.clean();
    assert!(told(&desk).values().all(|times| *times == 1), "without a crash: exactly once");
    assert_eq!(desk.told(), desk.due());
    desk.plug().calls() - before
}

/// sdp.md §12, row 9.
#[tokio::test]
async fn the_process_may_end_before_or_after_any_call() {
    let calls = calls().await;
    assert!(calls > 30, "the scene has something of everything: {calls}");
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After] {
            let Scene { desk, advancing } = scene().await;
            desk.plug().strike(call, moment);
            let ended = desk.poll_until_pulled().await;
            let what = format!("{moment:?} call {call} of {calls}");
            assert!(ended.is_none(), "{what}: the plug was not pulled");
            check(desk, &advancing, &what).await;
        }
    }
}

/// A disk that is full for a moment, or a connection that breaks, is no crash.
#[tokio::test]
async fn any_single_call_may_fail() {
    let calls = calls().await;
    for call in 0..calls {
        let Scene { desk, advancing } = scene().await;
        desk.plug().strike(call, Moment::Fails);
        // Whether this sweep ends well or not: what counts is what the next ones make of it.
        let _ = desk.try_poll().await;
        check(desk, &advancing, &format!("failing call {call} of {calls}")).await;
    }
}

/// A decision whose process ends is not lost: the source is asked again, and nothing is decided twice.
#[tokio::test]
async fn a_decision_may_end_at_any_call_and_be_repeated() {
    let mut call = 0;
    loop {
        let Scene { desk, advancing } = scene().await;
        let id = format!("/approvals/{}/approve", advancing.approval(1, 0).id());
        let body = serde_json::json!({ "approver": BO.1 });
        desk.plug().strike(call, Moment::After);
        let first = async {
            tokio::select! {
                biased;
                () = desk.plug().pulled() => None,
                answer = desk.post(&id, body.clone()) => Some(answer),
            }
        };
        let first = desk.drive(first).await;
        if let Some(answer) = first {
            assert_eq!(answer.outcome(), (200, "approved"));
            break;
        }
        let desk = desk.restart();
        assert_eq!(desk.post(&id, body).await.outcome(), (200, "approved"), "after call {call}");
        let decided = desk.calls("PUT", "").iter().filter(|call| call.status() == Some(200)).count();
        assert!(decided <= 1, "after call {call}: one decision at most");
        call += 1;
    }
    assert!(call > 5, "a decision makes several calls: {call}");
}
