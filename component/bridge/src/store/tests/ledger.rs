use std::time::Duration;

use approval_logic::diff::Said;

use super::entry;
use crate::host::Host;
use crate::store::Store;
use crate::store::ledger::{Ledger, entry_key};
use crate::testing::MemoryHost;

async fn open(host: &MemoryHost) -> Ledger<MemoryHost> {
    Ledger::open(Store::new(host.clone())).await.unwrap()
}

async fn all_tickets(host: &MemoryHost) -> Vec<usize> {
    let page = open(host).await.page(None, usize::MAX, |_| true).await.unwrap();
    page.entries.iter().map(|entry| entry.approval.id.ticket().parse().unwrap()).collect()
}

#[tokio::test]
async fn entries_come_back_in_the_order_of_ticket_numbers_and_no_value_is_above_256_kib() {
    let host = MemoryHost::new();
    let tickets: Vec<usize> = (1..=2_000).collect();
    for chunk in tickets.chunks(137) {
        open(&host).await.commit(chunk.iter().rev().map(|ticket| entry(*ticket)).collect(), host.now()).await.unwrap();
    }
    assert_eq!(all_tickets(&host).await, tickets);
    assert!(host.largest_value() <= 256 * 1024, "{}", host.largest_value());
    assert!(open(&host).await.leaf_count().await > 5);
}

#[tokio::test]
async fn thousands_of_entries_in_one_commit_are_cut_into_leaves_of_the_right_size() {
    let host = MemoryHost::new();
    open(&host).await.commit((1..=3_000).map(entry).collect(), host.now()).await.unwrap();
    assert!(host.largest_value() <= 256 * 1024, "{}", host.largest_value());
    assert_eq!(all_tickets(&host).await, (1..=3_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_ticket_is_read_with_two_store_operations_however_many_are_tracked() {
    let host = MemoryHost::new();
    open(&host).await.commit((1..=2_000).map(entry).collect(), host.now()).await.unwrap();
    host.operations();
    let found = open(&host).await.of_ticket(&entry(1_234).approval.id.ticket_ref()).await.unwrap();
    assert_eq!(found, [entry(1_234)]);
    assert_eq!(host.operations(), 2);
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let host = MemoryHost::new();
    open(&host).await.commit((1..=900).map(entry).collect(), host.now()).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = open(&host).await.page(after.as_deref(), 77, |_| true).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.approval.id.ticket().parse::<usize>().unwrap()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=900).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_another_writer_put_into_a_leaf_meanwhile_is_kept() {
    let host = MemoryHost::new();
    let (one, other) = (open(&host).await, open(&host).await);
    one.of_ticket(&entry(1).approval.id.ticket_ref()).await.unwrap();
    other.commit(vec![entry(2)], host.now()).await.unwrap();
    one.commit(vec![entry(1)], host.now()).await.unwrap();
    assert_eq!(all_tickets(&host).await, [1, 2]);
}

#[tokio::test]
async fn a_crash_at_any_write_of_a_cut_loses_no_entry_that_was_there() {
    for writes in 0..12 {
        let host = MemoryHost::new();
        let before: Vec<usize> = (1..=150).collect();
        open(&host).await.commit(before.iter().map(|ticket| entry(*ticket)).collect(), host.now()).await.unwrap();
        host.dies_after(writes);
        let _ = open(&host).await.commit((100..=600).map(entry).collect(), host.now()).await;
        host.lives();
        let seen = all_tickets(&host).await;
        assert!(before.iter().all(|ticket| seen.contains(ticket)), "died after {writes} writes");
        assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]), "died after {writes} writes");
        open(&host).await.commit((100..=600).map(entry).collect(), host.now()).await.unwrap();
        assert_eq!(all_tickets(&host).await, (1..=600).collect::<Vec<_>>(), "died after {writes} writes");
    }
}

#[tokio::test]
async fn closed_entries_lose_their_description_and_leave_after_ninety_days() {
    let host = MemoryHost::new();
    let mut closed = entry(1);
    (closed.said, closed.closed_at) = (Said::Closed, Some(host.now()));
    open(&host).await.commit(vec![closed, entry(2)], host.now()).await.unwrap();
    let kept = open(&host).await.get(&entry(1).approval.id).await.unwrap().unwrap();
    assert_eq!(kept.approval.ticket.description, None);
    host.advance(Duration::from_secs(91 * 86_400));
    open(&host).await.commit(vec![entry(2)], host.now()).await.unwrap();
    assert_eq!(all_tickets(&host).await, [2]);
}

/// A closed entry, so long ago that it need not be kept.
fn long_closed(ticket: usize, host: &MemoryHost) -> approval_logic::diff::Entry {
    let mut closed = entry(ticket);
    (closed.said, closed.closed_at) = (Said::Closed, Some(host.now() - 91 * 86_400_000));
    closed
}

/// Reads everything, as the walk over the ledger does in the course of an hour, and commits nothing new.
async fn walk(host: &MemoryHost) -> Result<(), crate::host::StoreError> {
    let ledger = open(host).await;
    let mut position = 0;
    while ledger.leaf_at(position).await?.is_some() {
        position += 1;
    }
    ledger.commit(vec![], host.now()).await
}

/// Three leaves' worth of closed entries between open ones, none of which is ever written again.
async fn old_ledger() -> MemoryHost {
    let host = MemoryHost::new();
    open(&host).await.commit((1..=300).map(entry).collect(), host.now()).await.unwrap();
    open(&host).await.commit((301..=1_200).map(entry).collect(), host.now()).await.unwrap();
    let old = host.now() - 91 * 86_400_000;
    open(&host).await.commit((301..=1_100).map(|ticket| long_closed(ticket, &host)).collect(), old).await.unwrap();
    host
}

#[tokio::test]
async fn what_was_closed_long_ago_goes_although_nobody_writes_to_its_leaf_any_more() {
    let host = old_ledger().await;
    let (leaves, keys) = (open(&host).await.leaf_count().await, host.key_names().len());
    walk(&host).await.unwrap();
    let left: Vec<usize> = (1..=300).chain(1_101..=1_200).collect();
    assert_eq!(all_tickets(&host).await, left);
    let fewer = leaves - open(&host).await.leaf_count().await;
    assert!(fewer > 0, "leaves that became empty are not listed any more");
    assert_eq!(host.key_names().len(), keys - fewer, "nor are they kept");
    host.operations();
    walk(&host).await.unwrap();
    assert_eq!(host.operations(), 1 + open(&host).await.leaf_count().await, "a tidy ledger is only read");
}

#[tokio::test]
async fn a_crash_at_any_write_of_tidying_loses_nothing_and_the_next_walk_goes_on() {
    let left: Vec<usize> = (1..=300).chain(1_101..=1_200).collect();
    for writes in 0..20 {
        let host = old_ledger().await;
        host.dies_after(writes);
        let _ = walk(&host).await;
        host.lives();
        let seen = all_tickets(&host).await;
        assert!(left.iter().all(|ticket| seen.contains(ticket)), "died after {writes} writes");
        walk(&host).await.unwrap();
        assert_eq!(all_tickets(&host).await, left, "died after {writes} writes");
        assert_eq!(host.key_names().len(), 1 + open(&host).await.leaf_count().await, "died after {writes} writes");
    }
}

/// A crash in a cut leaves entries where they no longer belong. They stay unseen when the leaf they belong to goes.
#[tokio::test]
async fn what_a_crash_left_behind_does_not_come_back_when_its_leaf_goes() {
    let mut gone = 0;
    for writes in 1..6 {
        let host = MemoryHost::new();
        open(&host).await.commit((1..=150).map(|ticket| entry(ticket * 2)).collect(), host.now()).await.unwrap();
        host.dies_after(writes);
        let _ = open(&host).await.commit((1..=150).map(|ticket| entry(ticket * 2 - 1)).collect(), host.now()).await;
        host.lives();
        let (mut stay, mut close) = (Vec::new(), Vec::new());
        for ticket in all_tickets(&host).await {
            let first = open(&host).await.position_of(&entry_key(&entry(ticket).approval.id)).await == 0;
            if first { stay.push(ticket) } else { close.push(long_closed(ticket, &host)) }
        }
        gone += close.len();
        open(&host).await.commit(close, host.now() - 91 * 86_400_000).await.unwrap();
        walk(&host).await.unwrap();
        assert_eq!(all_tickets(&host).await, stay, "died after {writes} writes");
    }
    assert!(gone > 0, "no crash came between the cut and its end");
}

#[tokio::test]
async fn reading_a_ledger_of_any_length_keeps_a_few_leaves() {
    let host = MemoryHost::new();
    for first in (1..=12_000).step_by(1_000) {
        let entries = (first..first + 1_000).map(entry).collect();
        open(&host).await.commit(entries, host.now()).await.unwrap();
    }
    let ledger = open(&host).await;
    assert!(ledger.leaf_count().await > 50);
    let page = ledger.page(None, 10, |entry| entry.approval.id.ticket() == "11999").await.unwrap();
    assert_eq!(page.entries, [entry(11_999)]);
    assert!(ledger.leaves_kept().await <= 48);
}
