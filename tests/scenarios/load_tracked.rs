//! Many tracked approvals: a sweep that finds nothing, and a page of the list, cost the same as with few. What has to
//! read them all keeps a few leaves of the ledger in memory and no more.

use approval_bridge::limits::Limits;
use approval_bridge_tests::harness::{Desk, Setup, days, minutes};

/// Few, and many. The benchmark goes on to a hundred thousand.
const FEW: usize = 1_000;
const MANY: usize = 20_000;

/// No value of the store is larger.
const VALUE_MAX: usize = 64 << 10;

/// A leaf of the ledger is no larger, but one may be fuller than another.
const LEAF_MAX: usize = 64 << 10;

/// What a quiet sweep may do in the store: operations, bytes read and written. One leaf of the ledger is among them.
const QUIET_OPERATIONS: u64 = 14;
const QUIET_READ: u64 = 53_000;
const QUIET_WRITTEN: u64 = 5_200;

/// What a page of the list may read: the index and a leaf.
const PAGE_READ: u64 = 48_000;

/// How often the store may be used while it is cut into slots and all of these are swept.
const CUT_OPERATIONS: u64 = 880;

/// What the store may hold for each approval, all in all, in bytes.
const EACH_MAX: usize = 350;

async fn tracking(tickets: usize) -> Desk {
    let setup: Setup = Desk::cloud().world(|world| {
        world.populate(tickets, 1, 1);
        world.journal.keep(Some(0));
    });
    // What a sweep reads of the ledger does not depend on how many calls it may make.
    setup.limits(|limits| limits.outbound_calls_per_sweep = 3_000).tracked().await.start()
}

/// The peak of memory of what a new process does, in bytes.
async fn peak_of(desk: &Desk, work: impl AsyncFnOnce(&Desk)) -> usize {
    let process = desk.twin();
    work(&process).await;
    process.bridge().stats().peak_memory
}

/// What was written is what sweeps would have written: nothing is news to one.
async fn settle(desk: &Desk) {
    let report = desk.poll().await.clean();
    let requests = report.requests();
    assert_eq!((requests.new, requests.closed, requests.reminded), (0, 0, 0), "{requests:?}");
    assert_eq!(desk.cards().len(), 0);
}

#[tokio::test]
async fn a_quiet_sweep_costs_the_same_however_many_are_tracked() {
    let (mut costs, mut memory) = (Vec::new(), Vec::new());
    for tickets in [FEW, MANY] {
        let desk = tracking(tickets).await;
        settle(&desk).await;
        let process = desk.twin();
        process.poll().await.clean();
        let used = process.store_use();
        assert!(used.operations() <= QUIET_OPERATIONS, "{used:?}");
        assert!(used.bytes_read <= QUIET_READ && used.bytes_written <= QUIET_WRITTEN, "{used:?}");
        memory.push(process.bridge().stats().peak_memory);
        costs.push((used.operations(), process.bridge().stats().outbound));
    }
    assert_eq!(costs[0], costs[1], "store operations, calls");
    assert!(memory[0].abs_diff(memory[1]) <= LEAF_MAX, "{memory:?}");
}

#[tokio::test]
async fn the_store_holds_so_much_for_an_approval_and_no_more_when_there_are_many() {
    for tickets in [FEW, MANY] {
        let desk = tracking(tickets).await;
        settle(&desk).await;
        let entries = desk.entries();
        let whole: usize = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        assert!(whole <= tickets * EACH_MAX, "{whole} bytes for {tickets}");
        assert!(entries.values().all(|value| value.len() <= VALUE_MAX));
        // A leaf that is full is cut in halves.
        assert!(entries.len() <= 12 + whole / (VALUE_MAX / 2), "{} keys", entries.len());
    }
}

#[tokio::test]
async fn a_page_of_the_list_costs_the_same_however_many_are_tracked() {
    let mut costs = Vec::new();
    for tickets in [FEW, MANY] {
        let desk = tracking(tickets).await;
        let process = desk.twin();
        assert_eq!(process.get("/approvals?limit=100").await.ids().len(), 100);
        let used = process.store_use();
        assert!(used.bytes_read <= PAGE_READ, "{used:?}");
        assert_eq!(used.operations(), 3);
        costs.push(process.bridge().stats().peak_memory >> 16);
    }
    // One leaf is fuller than the other.
    assert!(costs[0].abs_diff(costs[1]) <= 2, "memory in pages of 64 KiB: {costs:?}");
}

#[tokio::test]
async fn many_tracked_approvals_fit_into_the_memory_of_an_instance() {
    let desk = tracking(MANY).await;
    settle(&desk).await;
    let whole: usize = desk.entries().values().map(Vec::len).sum();
    assert!(whole > 6 << 20, "{whole} bytes are enough to tell what keeps them from what does not");

    let page = peak_of(&desk, async |desk| assert_eq!(desk.get("/approvals?limit=100").await.ids().len(), 100)).await;
    assert!(page < 3 << 20, "a page: {page}");
    let none = peak_of(&desk, async |desk| {
        assert_eq!(desk.get("/approvals?approver=nobody@corp.example").await.ids().len(), 0);
    });
    let none = none.await;
    assert!(none < 10 << 20, "a filter that nothing passes: {none}");
    desk.advance(minutes(1));
    let minute = peak_of(&desk, async |desk| drop(desk.poll().await.clean())).await;
    assert!(minute < 5 << 20, "a sweep a minute later: {minute}");
    desk.advance(days(1));
    let day = peak_of(&desk, async |desk| drop(desk.poll().await)).await;
    assert!(day < 20 << 20, "a sweep that has a day to catch up with: {day}");
}

/// A wrong implementation holds all of it in memory, or writes each leaf anew for a handful of entries.
#[tokio::test]
async fn a_store_is_cut_into_slots_within_the_hosts_own_limits() {
    let setup = Desk::cloud().world(|world| drop(world.populate(MANY, 1, 1))).tracked().await;
    let desk = setup.limits(|limits| *limits = Limits::default()).start();
    let sweeper = desk.beside("shard", "1/1");
    sweeper.poll().await.clean();
    assert!(desk.cards().is_empty(), "nothing is news");
    let used = sweeper.store_use();
    assert!(used.operations() <= CUT_OPERATIONS, "{used:?}");
    let peak = sweeper.bridge().stats().peak_memory;
    assert!(peak <= Limits::default().memory_bytes / 2, "{peak} bytes");
}
