//! The process may end at any call, and any call may fail: nothing is lost, at most what was under way is said once more
//! under the same event id, nothing false is said, and no key is left behind.
//!
//! Each scene is played once for every host call that it makes, with the process ending before that call and after it,
//! and with the call failing without effect and with it; then another process goes on until things are quiet. A wrong
//! implementation sends before it writes, writes before it knows, or cannot read what half a sweep left behind.

mod scenes;

use approval_bridge::simulate::{Moment, Promise, Rest};
use approval_bridge_tests::harness::{API_TOKEN, Card, Desk, minutes};
use serde_json::json;

/// What the scene is about: it is this that is cut short.
enum Act {
    /// A sweep.
    Sweep,
    /// Somebody decides in chat: the approval, the approver, the verb. After the end they try again.
    Decide(String, &'static str, &'static str),
}

/// A desk on which something is about to happen.
struct Scene {
    desk: Desk,
    act: Act,
}

impl Scene {
    fn sweep(desk: Desk) -> Self {
        Self { desk, act: Act::Sweep }
    }

    fn decide(desk: Desk, id: String, approver: &'static str, verb: &'static str) -> Self {
        Self { desk, act: Act::Decide(id, approver, verb) }
    }

    /// Plays it. False: the process ended.
    async fn play(&self) -> bool {
        self.desk.witness().look();
        match &self.act {
            Act::Sweep => self.desk.poll_until_pulled().await.is_some(),
            Act::Decide(id, approver, verb) => {
                let body = json!({ "approver": approver, "comment": "because" });
                let path = format!("/approvals/{id}/{verb}");
                self.desk
                    .until_pulled(async { self.desk.bridge().handle(decision(&path, &body)).await })
                    .await
                    .is_some()
            }
        }
    }

    /// Whoever got no answer tries again.
    async fn repeat(&self) -> Option<(u16, String)> {
        let Act::Decide(id, approver, verb) = &self.act else { return None };
        let body = json!({ "approver": approver, "comment": "because" });
        let answer = self.desk.post(&format!("/approvals/{id}/{verb}"), body).await;
        Some((answer.status, answer.outcome().1.to_owned()))
    }

    fn restart(self) -> Self {
        Self { desk: self.desk.restart(), act: self.act }
    }

    /// Sweeps until there is nothing left to do, and checks every promise.
    async fn settle(&self, what: &str, repeats: u32) {
        let mut quiet = 0;
        for _ in 0..60 {
            self.desk.advance(minutes(2));
            let report = self.desk.poll().await;
            let done = report.complete && report.outbox.planned == 0 && report.outbox.waiting == 0;
            quiet = if done { quiet + 1 } else { 0 };
            if quiet == 4 {
                break;
            }
        }
        assert_eq!(quiet, 4, "{what}: it never comes to rest");
        self.desk.inspect(Rest::Done).await;
        let breaches: Vec<_> = self.desk.witness().breaches().iter().map(ToString::to_string).collect();
        assert!(breaches.is_empty(), "{what}: {breaches:#?}");
        let handed = self.desk.witness().handed();
        assert!(handed.values().all(|times| *times <= 1 + repeats), "{what}: {handed:?}");
    }
}

/// `pending`, `reminder`.
fn event(card: &Card) -> String {
    card.body["event"].as_str().unwrap_or_default().trim_start_matches("approval.").to_owned()
}

fn decision(path: &str, body: &serde_json::Value) -> http::Request<bytes::Bytes> {
    http::Request::post(format!("http://bridge.example{path}"))
        .header("authorization", format!("Bearer {}", API_TOKEN))
        .body(bytes::Bytes::from(body.to_string()))
        .unwrap()
}

/// Plays a scene whole, then with every single call struck in every way. `events`: what the whole scene tells, sorted.
async fn everywhere(name: &str, events: &[&str], scene: impl AsyncFn() -> Scene) {
    at_the_last(u64::MAX, name, events, scene).await;
}

/// The same, but only so many calls before the end of the scene are struck.
async fn at_the_last(count: u64, name: &str, events: &[&str], scene: impl AsyncFn() -> Scene) {
    let whole = scene().await;
    let before = whole.desk.plug().calls();
    let told = whole.desk.cards().len();
    assert!(whole.play().await);
    let calls = whole.desk.plug().calls() - before;
    let outcome = whole.repeat().await;
    whole.settle(name, 0).await;
    let mut said: Vec<_> = whole.desk.cards().iter().skip(told).map(event).collect();
    said.sort_unstable();
    said.retain(|event| event != "closed");
    assert_eq!(said, events, "{name}");
    for call in calls.saturating_sub(count)..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("{name}: {moment:?} call {call} of {calls}");
            let mut scene = scene().await;
            scene.desk.plug().strike(call, moment);
            let ended = !scene.play().await;
            if matches!(moment, Moment::Before | Moment::After) {
                assert!(ended, "{what}: the plug was not pulled");
                scene = scene.restart();
            }
            assert_eq!(scene.repeat().await, outcome, "{what}");
            scene.settle(&what, 1).await;
        }
    }
}

/// What the checks above would say if the bridge were wrong: a check that never fails shows nothing.
#[tokio::test]
async fn the_witness_notices_what_is_missed_false_or_said_twice() {
    let Scene { desk, .. } = scenes::one_new_approval().await;
    desk.witness().look();
    desk.inspect(Rest::Done).await;
    let promises = |desk: &Desk| desk.witness().breaches().iter().map(|breach| breach.promise).collect::<Vec<_>>();
    assert_eq!(promises(&desk), [Promise::NothingMissed, Promise::Ledger], "not looked at yet");
    desk.poll().await.clean();
    desk.inspect(Rest::Done).await;
    assert_eq!(promises(&desk).len(), 2, "nothing new");
    // Somebody hands the same message over again, and then one about an approval that is gone.
    let sent = desk.cards().remove(0);
    let again = |raw: bytes::Bytes| {
        let uri = format!("https://moveworks.example/webhooks/v1/listeners/{}/notify", scenes::LISTENER);
        let request = http::Request::post(uri).header("authorization", format!("Bearer {}", scenes::KEY));
        request.header("content-type", "application/json").body(raw).unwrap()
    };
    desk.send_out(again(sent.raw.clone())).await;
    assert_eq!(promises(&desk)[2..], [Promise::NothingTwice]);
    let other = String::from_utf8(sent.raw.to_vec()).unwrap().replace(":1:pending", ":2:pending");
    desk.send_out(again(other.into())).await;
    assert_eq!(promises(&desk)[3..], [Promise::OneEventId]);
    desk.advance(minutes(5));
    desk.world(|world| {
        let at = approval_bridge::stubs::ApprovalRef::parse(&sent.approval_id).unwrap();
        world.withdraw(&at).unwrap();
    });
    desk.witness().look();
    desk.advance(minutes(5));
    let late = String::from_utf8(sent.raw.to_vec()).unwrap().replace(":1:pending", ":1:reminder-1");
    desk.send_out(again(late.replace("approval.pending", "approval.reminder").into())).await;
    assert_eq!(promises(&desk)[4..], [Promise::NothingFalse]);
}
