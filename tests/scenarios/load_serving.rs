//! Reads and decisions over a socket while the bridge sweeps, on a real clock and a real file: nothing fails, nothing
//! that was acknowledged is lost, nobody hears twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use approval_bridge::bridge::{Bridge, Report};
use approval_bridge::key_value::SqliteStore;
use approval_bridge::stubs::{Module, State, Stubs, World};
use approval_bridge_tests::harness::{Served, plain_variables, wide_limits};

/// Requests at the beginning, and those that come while the bridge works.
const AT_FIRST: usize = 150;
const LATER: usize = 100;

/// People who read, and people who decide.
const READERS: usize = 6;
const DECIDERS: usize = 4;

/// Decisions of each who decides, and reads of each who reads.
const DECISIONS: usize = 20;
const READS: usize = 40;

struct Office {
    stubs: Stubs,
    bridge: Bridge,
    served: Served,
    over: AtomicBool,
}

/// A help desk on premises, told over the Events API, the ledger in a file.
async fn office(folder: &std::path::Path) -> Office {
    let stubs = Stubs::new(11);
    stubs.with(|world| {
        world.on_premises();
        world.settings.moveworks.events_per_minute = None;
        // Where they do not, what was decided beside a sweep may be known to the ledger only after the next walk over it.
        world.settings.sdp.approvals_touch_tickets = true;
        world.populate(AT_FIRST, 1, 1);
        world.set_latency(Duration::from_millis(2));
        world.set_jitter(Duration::from_millis(6));
    });
    let bridge = Bridge::builder()
        .variables(plain_variables())
        .limits(wide_limits())
        .key_value(Arc::new(SqliteStore::open(folder.join("ledger.db")).unwrap()))
        .transport(Arc::new(stubs.clone()))
        .build()
        .unwrap();
    let served = Served::start(bridge.clone()).await;
    Office { stubs, bridge, served, over: AtomicBool::new(false) }
}

impl Office {
    /// Sweeps one after the other until it is over.
    async fn sweep(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        while !self.over.load(Ordering::SeqCst) {
            reports.push(self.bridge.poll(false).await.unwrap());
        }
        reports
    }

    /// New requests, a few at a time.
    async fn ask(&self) {
        for _ in 0..LATER / 5 {
            self.stubs.with(|world| {
                let now = world.now();
                for n in 0..5 {
                    let email = format!("late{n}@corp.example");
                    world.request().updated(now).level(&[("Somebody Late", &email)]).add();
                }
            });
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Reads the list and the single approvals on it.
    async fn read(&self) {
        for _ in 0..READS {
            let list = self.served.get("/approvals?limit=30").await;
            assert_eq!(list.status, 200, "{list:?}");
            for id in list.ids().iter().step_by(7) {
                let one = self.served.get(&format!("/approvals/{id}")).await;
                assert_eq!((one.status, one.body["id"].as_str()), (200, Some(id.as_str())), "{one:?}");
            }
        }
    }

    /// Decides what is known and nobody else decides; the ids and who was said to have decided.
    async fn decide(&self, number: usize) -> Vec<(String, String)> {
        let mut decided = Vec::new();
        let mut cursor = String::new();
        while decided.len() < DECISIONS {
            let list = self.served.get(&format!("/approvals?limit=50{cursor}")).await;
            assert_eq!(list.status, 200, "{list:?}");
            cursor = list.body["cursor"].as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            for row in list.body["approvals"].as_array().unwrap() {
                let (id, approver) = (row["id"].as_str().unwrap(), row["approver"]["email"].as_str().unwrap());
                let mine = id.bytes().map(usize::from).sum::<usize>() % DECIDERS == number;
                if !mine || decided.len() == DECISIONS {
                    continue;
                }
                let answer = self.served.approve(id, approver).await;
                assert_eq!(answer.outcome(), (200, "approved"), "{answer:?}");
                decided.push((id.to_owned(), approver.to_owned()));
            }
            // Until the first sweep has written there is nothing to decide.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        decided
    }
}

/// How often each approval was told.
fn told(world: &World) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for message in world.sent_messages() {
        let id = message.body["context"]["slots"]["approval_id"].as_str().unwrap();
        *told.entry(id.to_owned()).or_default() += 1;
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_decisions_while_sweeping_lose_nothing_and_say_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path()).await;
    let left = AtomicUsize::new(READERS + DECIDERS + 1);
    let leave = || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            office.over.store(true, Ordering::SeqCst);
        }
    };
    let readers = futures::future::join_all((0..READERS).map(async |_| {
        office.read().await;
        leave();
    }));
    let deciders = futures::future::join_all((0..DECIDERS).map(async |number| {
        let decided = office.decide(number).await;
        leave();
        decided
    }));
    let ask = async {
        office.ask().await;
        leave();
    };
    let (mut reports, _, decided, ()) = futures::join!(office.sweep(), readers, deciders, ask);
    reports.push(office.bridge.poll(false).await.unwrap());
    reports.push(office.bridge.poll(false).await.unwrap());
    for report in &reports {
        assert!(report.complete && report.sources.iter().all(|source| source.errors.is_empty()), "{report:?}");
    }
    assert!(reports.len() > 5, "only {} sweeps ran beside the rest", reports.len());

    let decided: BTreeMap<String, String> = decided.into_iter().flatten().collect();
    assert_eq!(decided.len(), DECIDERS * DECISIONS);
    let truth = office.stubs.with(|world| world.truth());
    assert_eq!(truth.len(), AT_FIRST + LATER);
    for row in &truth {
        match decided.get(&row.id) {
            Some(approver) => {
                assert_eq!(row.state, State::Approved, "{} was acknowledged", row.id);
                assert!(row.comments.as_ref().unwrap().contains(approver), "{row:?}");
            }
            None => assert_eq!(row.state, State::Pending, "{} was decided by nobody", row.id),
        }
    }
    let once = truth.iter().map(|row| (row.id.clone(), 1)).collect();
    assert_eq!(office.stubs.with(|world| told(world)), once, "each approval is told once");
    assert_eq!(office.stubs.with(|world| world.tickets(Module::Requests).count()), AT_FIRST + LATER);

    let list = async |status: &str| office.served.get(&format!("/approvals?limit=500{status}")).await.ids();
    let (pending, approved) = (list("").await, list("&status=approved").await);
    assert_eq!(approved.len(), decided.len(), "the ledger knows what was decided");
    assert!(approved.iter().all(|id| decided.contains_key(id)));
    assert_eq!(pending.len(), truth.len() - decided.len(), "and what waits");
    assert_eq!(office.bridge.stats().failed, 0, "no call of the component ended without an answer");
    office.served.stop().await;
}
