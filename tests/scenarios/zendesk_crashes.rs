//! The process may end at any call, and any call may fail, while Zendesk is looked at or decided in: everybody who is asked
//! is told, at most once more under the same event id, and what ended is not asked again.
//!
//! A wrong implementation keeps its place before it has kept what it saw, so that what was lost looks as if it had been
//! told; or takes a half-read list for a whole one.

use std::collections::BTreeMap;

use approval_bridge::simulate::Moment;
use approval_bridge::stubs::ZendeskAssignee;
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, CY, Desk, minutes, requests};

/// Ana, Bo and Cy; two requests of Ana and one of the group of Ana and Bo.
fn desk() -> (Desk, [u64; 3], Vec<String>) {
    let desk = Desk::zendesk().start();
    let (users, all) = desk.account(|account| {
        let users = [ANA, BO, CY].map(|(name, email)| account.user(name, email));
        let group = account.group("Security", &users[..2]);
        let mut all = requests(account, users[0], 2);
        let ticket = account.ticket("Port 443");
        all.push(account.ask(ticket, ZendeskAssignee::Group(group)));
        (users, all)
    });
    (desk, users, all)
}

/// Sweeps until there is nothing left to do.
async fn settle(desk: &Desk, what: &str) {
    let mut quiet = 0;
    for _ in 0..40 {
        desk.advance(minutes(2));
        let report = desk.poll().await;
        let done = report.complete && report.outbox.planned == 0 && report.outbox.waiting == 0;
        quiet = if done { quiet + 1 } else { 0 };
        if quiet == 3 {
            return;
        }
    }
    panic!("{what}: it never comes to rest");
}

/// Checks what was said: every message at most twice, and who is asked now was told and is in the ledger.
async fn check(desk: &Desk, what: &str, least: &[&str]) {
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for card in desk.cards() {
        *said.entry(card.event_id).or_default() += 1;
    }
    assert!(said.values().all(|times| *times <= 2), "{what}: {said:?}");
    for id in desk.asked() {
        assert!(said.contains_key(&format!("{id}:1:pending")), "{what}: {id} was not told: {said:?}");
    }
    for event in least {
        assert!(said.keys().any(|id| id.ends_with(event)), "{what}: {event} in {said:?}");
    }
    assert!(said.keys().all(|id| id.contains(":1:")), "{what}: no round was begun anew: {said:?}");
    let mut open = desk.get("/approvals?source=zendesk").await.ids();
    open.sort();
    assert_eq!(open, desk.asked(), "{what}");
}

/// Plays something whole, then with every single call struck in every way.
async fn everywhere(name: &str, least: &[&str], scene: impl AsyncFn() -> Desk) {
    let whole = scene().await;
    let before = whole.plug().calls();
    whole.poll().await;
    let calls = whole.plug().calls() - before;
    settle(&whole, name).await;
    check(&whole, name, least).await;
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("{name}: {moment:?} call {call} of {calls}");
            let mut desk = scene().await;
            desk.plug().strike(call, moment);
            let ended = desk.poll_until_pulled().await.is_none();
            if ended {
                desk = desk.restart();
            }
            settle(&desk, &what).await;
            check(&desk, &what, least).await;
        }
    }
}

#[tokio::test]
async fn the_first_sweep() {
    everywhere("first sweep", &[], async || desk().0).await;
}

#[tokio::test]
async fn endings_and_a_new_member() {
    let scene = async || {
        let (desk, users, all) = desk();
        desk.poll().await.clean();
        desk.advance(minutes(10));
        desk.account(|account| {
            account.withdraw(&all[0]).unwrap();
            account.decide(&all[2], users[1], true, None).unwrap();
            let group = account.group("Finance", &[users[2]]);
            let ticket = account.ticket("Invoice");
            account.ask(ticket, ZendeskAssignee::Group(group));
        });
        desk
    };
    everywhere("endings", &[":1:closed"], scene).await;
}

#[tokio::test]
async fn a_decision_from_chat() {
    let asked = async || {
        let (desk, _, all) = desk();
        desk.poll().await.clean();
        desk.advance(minutes(1));
        (desk, format!("zendesk:{}", all[0]))
    };
    let (desk, id) = asked().await;
    let before = desk.plug().calls();
    assert_eq!(desk.approve(&id, ANA.1).await.status, 200);
    let calls = desk.plug().calls() - before;
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("decision: {moment:?} call {call} of {calls}");
            let (mut desk, id) = asked().await;
            desk.plug().strike(call, moment);
            let wish = serde_json::json!({ "approver": ANA.1 }).to_string();
            let request = http::Request::post(format!("http://bridge.example/approvals/{id}/approve"))
                .header("authorization", format!("Bearer {API_TOKEN}"))
                .body(bytes::Bytes::from(wish))
                .unwrap();
            if desk.until_pulled(desk.bridge().handle(request)).await.is_none() {
                desk = desk.restart();
            }
            assert_eq!(desk.approve(&id, ANA.1).await.outcome(), (200, "approved"), "{what}");
            let decided = desk.calls("PATCH", "").iter().filter(|call| call.status() == Some(200)).count();
            assert!(decided <= 1, "{what}: it was decided twice");
            settle(&desk, &what).await;
            check(&desk, &what, &[]).await;
        }
    }
}
