//! One suite, three packagings: requests to the component's routes, calls of its `operations`, and the shell as native
//! code. What is asked, what comes back and what the vendors saw is written down, and is the same in all three.
//!
//! A wrong packaging keeps a rule of its own, loses a part of an answer on the way, or asks the vendors for more.

use approval_bridge::bridge::types::Verdict;
use approval_bridge::bridge::{Decide, Decision, Filter, Outcome};
use approval_bridge::report;
use approval_bridge::stubs::{ApprovalRef, Module, World};
use approval_bridge_component::decide::{self, Order};
use approval_bridge_component::shell::{self, Shell};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, NativeHost, minutes};
use approval_logic::approval::{self, Person, Source, TicketRef};
use approval_logic::audit::Door;
use serde_json::{Value, json};

use crate::operations::{CASES, busy, named};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Packaging {
    Routes,
    Operations,
    Native,
}

/// A desk, and the one way by which it is asked.
struct Bridge {
    desk: Desk,
    by: Packaging,
    /// What was asked and seen so far.
    seen: Vec<Value>,
}

impl Bridge {
    fn new(by: Packaging, world: impl FnOnce(&mut World) + 'static) -> Self {
        Self { desk: Desk::cloud().world(world).start(), by, seen: Vec::new() }
    }

    fn shell(&self) -> Shell<NativeHost> {
        Shell::new(self.desk.native())
    }

    async fn poll(&mut self, dry_run: bool) {
        let desk = &self.desk;
        let report = match self.by {
            Packaging::Routes => desk.post(&format!("/poll?dry_run={dry_run}"), Value::Null).await.body,
            Packaging::Operations => report::to_json(&desk.drive(desk.bridge().poll(dry_run)).await.expect("a report")),
            Packaging::Native => json!(desk.drive(self.shell().poll(dry_run)).await.expect("a report")),
        };
        self.seen.push(json!({ "report": report, "told": desk.told() }));
    }

    async fn hint(&mut self, module: &str, ticket: &str) {
        let desk = &self.desk;
        let report = match self.by {
            Packaging::Routes => {
                desk.post("/hints", json!({ "source": "sdp", "module": module, "ticket_id": ticket })).await.body
            }
            Packaging::Operations => {
                let looked = desk.drive(desk.bridge().hint(format!("{module}/{ticket}"))).await;
                report::to_json(&looked.expect("a report"))
            }
            Packaging::Native => {
                let kind = approval::TicketKind::module(module).expect("a module");
                let ticket = TicketRef { source: Source::Sdp, kind, ticket: ticket.to_owned() };
                json!(desk.drive(self.shell().hint(ticket)).await.expect("a report").expect("nobody else sweeps"))
            }
        };
        self.seen.push(json!({ "report": report, "told": desk.told() }));
    }

    /// What waits, page by page.
    async fn pending(&mut self, approver: Option<&str>, limit: u32) {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let (ids, next) = self.page(approver, limit, cursor).await;
            pages.push(ids);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        self.seen.push(json!({ "pending": pages }));
    }

    async fn page(&self, approver: Option<&str>, limit: u32, cursor: Option<String>) -> (Vec<String>, Option<String>) {
        let desk = &self.desk;
        let approver = approver.map(str::to_owned);
        match self.by {
            Packaging::Routes => {
                let mut path = format!("/approvals?status=pending&limit={limit}");
                for (name, value) in [("approver", approver), ("cursor", cursor)] {
                    path += &value.map_or(String::new(), |value| format!("&{name}={value}"));
                }
                let answer = desk.get(&path).await;
                (answer.ids(), answer.body["cursor"].as_str().map(str::to_owned))
            }
            Packaging::Operations => {
                let page = desk.drive(desk.bridge().pending(Filter { approver, limit, cursor })).await.expect("a page");
                (page.approvals.into_iter().map(|approval| approval.id).collect(), page.cursor)
            }
            Packaging::Native => {
                let limit = usize::try_from(limit).expect("a small number");
                let status = Some("pending".to_owned());
                let filter = shell::Filter { approver, limit, cursor, status, source: None };
                let page = desk.drive(self.shell().approvals(&filter)).await.expect("a page");
                (page.entries.into_iter().map(|entry| entry.approval.id.to_string()).collect(), page.next)
            }
        }
    }

    async fn decide(&mut self, id: &str, verdict: Verdict, approver: &str, comment: Option<&str>) {
        let desk = &self.desk;
        let (id, approver, comment) = (id.to_owned(), approver.to_owned(), comment.map(str::to_owned));
        let answer = match self.by {
            Packaging::Routes => {
                let verb = if verdict == Verdict::Approve { "approve" } else { "reject" };
                let mut body = json!({ "approver": approver });
                if let Some(comment) = comment {
                    body["comment"] = json!(comment);
                }
                let answer = desk.post(&format!("/approvals/{id}/{verb}"), body).await;
                let body = &answer.body;
                json!([answer.outcome().1, body["message"], body["status"], body["decided_by"], body["detail"]])
            }
            Packaging::Operations => {
                let order = Decide { id, verdict, approver, comment, token: None };
                called(&desk.drive(desk.bridge().decide(order)).await.expect("an answer"))
            }
            Packaging::Native => {
                let verdict = match verdict {
                    Verdict::Approve => approval::Verdict::Approve,
                    Verdict::Reject => approval::Verdict::Reject,
                };
                let door = Door::Operations;
                let order = Order { id: id.parse().expect("an id"), verdict, approver, comment, token: None, door };
                native(&desk.drive(self.shell().decide(&order)).await.expect("an answer"))
            }
        };
        let truth = desk.world(|world| format!("{:?}", world.truth()));
        self.seen.push(json!({ "decision": answer, "truth": truth }));
    }
}

fn called(decision: &Decision) -> Value {
    let by = decision.decided_by.as_ref().and_then(|person| person.name.clone());
    let status = decision.status.as_ref().map(crate::operations::status_name);
    json!([named(decision.outcome).1, decision.message, status, by, decision.detail])
}

fn native(answer: &decide::Answer) -> Value {
    let approval = answer.approval.as_ref();
    let by = approval.and_then(|approval| approval.decided_by.as_ref()).and_then(Person::label);
    let status = approval.map(|approval| approval.status.name());
    json!([answer.outcome.name(), answer.message, status, by, answer.detail])
}

/// Plays a story in each packaging, and compares what was seen.
async fn in_all(story: impl AsyncFn(Packaging) -> Bridge) {
    let routes = story(Packaging::Routes).await;
    assert!(!routes.seen.is_empty());
    for by in [Packaging::Operations, Packaging::Native] {
        let other = story(by).await;
        for (step, (theirs, ours)) in routes.seen.iter().zip(&other.seen).enumerate() {
            assert_eq!(ours, theirs, "step {step} by {by:?}");
        }
        assert_eq!(other.seen.len(), routes.seen.len());
        // And nobody asked the vendors for more.
        assert_eq!(other.desk.count("*", ""), routes.desk.count("*", ""), "{by:?}");
        assert_eq!(other.desk.told(), routes.desk.told(), "{by:?}");
    }
}

#[tokio::test]
async fn sweeps_find_and_tell_the_same_in_every_packaging() {
    in_all(async |by| {
        let mut bridge = Bridge::new(by, busy);
        bridge.poll(true).await;
        for _ in 0..3 {
            bridge.poll(false).await;
            bridge.desk.advance(minutes(1));
        }
        bridge.desk.world(|world| world.request().level(&[CY]).add());
        bridge.poll(false).await;
        bridge
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_listed_alike_in_every_packaging() {
    in_all(async |by| {
        let mut bridge = Bridge::new(by, busy);
        bridge.pending(None, 100).await;
        bridge.poll(false).await;
        for limit in [500, 3, 1] {
            bridge.pending(None, limit).await;
        }
        bridge.pending(Some("ANA@corp.example"), 2).await;
        bridge.pending(Some("nobody@corp.example"), 2).await;
        bridge
    })
    .await;
}

#[tokio::test]
async fn a_hint_finds_the_same_in_every_packaging() {
    in_all(async |by| {
        let mut bridge = Bridge::new(by, busy);
        bridge.poll(false).await;
        bridge.desk.advance(minutes(1));
        for module in ["requests", "changes", "releases"] {
            let kind = Module::from_plural(module).expect("a module");
            let ticket = bridge.desk.world(|world| world.new_ticket(kind).level(&[BO]).add().ticket);
            bridge.hint(module, &ticket).await;
            // And once more, with nothing new there.
            bridge.hint(module, &ticket).await;
        }
        bridge.hint("requests", "999999").await;
        bridge
    })
    .await;
}

#[tokio::test]
async fn a_decision_ends_alike_in_every_packaging() {
    for (before, verdict, who, comment, outcome) in CASES {
        in_all(async |by| {
            let mut bridge = Bridge::new(by, |_| ());
            let at: ApprovalRef = bridge.desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
            bridge.poll(false).await;
            bridge.desk.world(|world| before(world, &at));
            bridge.decide(&at.id(), verdict, who, comment).await;
            let said = bridge.seen.last().expect("an answer")["decision"][0].clone();
            assert_eq!(said, json!(named(outcome).1), "{by:?}");
            // Pressed again, and seen by the next sweep.
            bridge.decide(&at.id(), verdict, who, comment).await;
            bridge.desk.advance(minutes(1));
            bridge.poll(false).await;
            bridge.pending(None, 100).await;
            bridge
        })
        .await;
    }
    in_all(async |by| {
        let mut bridge = Bridge::new(by, |_| ());
        bridge.decide("sdp:requests:1:2:3", Verdict::Approve, ANA.1, None).await;
        assert_eq!(bridge.seen[0]["decision"][0], json!(named(Outcome::Unknown).1));
        bridge
    })
    .await;
}
