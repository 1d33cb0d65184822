use std::sync::Arc;

use super::entry;
use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::testing::MemoryHost;

fn record(ticket: usize) -> Record {
    let entry = entry(ticket);
    Record {
        id: format!("{}:1:pending", entry.approval.id),
        content: Content::Pending(vec![entry]),
        recipient: "ana@corp.example".to_owned(),
        planned_at: i64::try_from(ticket).unwrap(),
        read_at: 0,
        attempts: 0,
        not_before: 0,
        last_error: None,
    }
}

fn tickets<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<i64> {
    records.into_iter().map(|record| record.planned_at).collect()
}

async fn open(host: &MemoryHost) -> Outbox<MemoryHost> {
    Outbox::open(Store::new(host.clone())).await.unwrap()
}

/// Delivers every waiting message, as a sweep does. The messages that left, also where the process dies on the way.
async fn deliver(host: &MemoryHost, left: &mut Vec<i64>) -> Result<(), StoreError> {
    let mut outbox = Outbox::open(Store::new(host.clone())).await?;
    let mut fates = Sorted::default();
    for record in outbox.recover().await? {
        fates.insert(record.id.clone(), (Fate::Sent, record));
    }
    let waiting: Vec<Record> = outbox.waiting().filter(|record| !fates.contains_key(&record.id)).cloned().collect();
    outbox.begin_delivery().await?;
    for record in waiting {
        left.push(record.planned_at);
        Outbox::mark_sent(&Store::new(host.clone()), &record.id, host.now()).await?;
        fates.insert(record.id.clone(), (Fate::Sent, record));
    }
    outbox.settle(fates).await
}

#[tokio::test]
async fn messages_wait_in_the_order_in_which_they_were_planned() {
    let host = MemoryHost::new();
    assert_eq!(open(&host).await.plan((1..=250).map(record).collect()).await.unwrap(), 250);
    assert_eq!(open(&host).await.plan((200..=300).map(record).collect()).await.unwrap(), 50);
    assert_eq!(tickets(open(&host).await.waiting()), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_quiet_outbox_is_read_with_one_store_operation() {
    let host = MemoryHost::new();
    host.operations();
    let mut outbox = open(&host).await;
    assert_eq!(outbox.recover().await.unwrap(), []);
    outbox.settle(Sorted::default()).await.unwrap();
    assert_eq!(host.operations(), 1);
}

#[tokio::test]
async fn a_crash_at_any_write_loses_no_message_repeats_at_most_one_and_leaves_no_key_behind() {
    let writes_of_a_whole_run = 40;
    for writes in 0..writes_of_a_whole_run {
        let host = MemoryHost::new();
        open(&host).await.plan((1..=12).map(record).collect()).await.unwrap();
        let mut left = Vec::new();
        host.dies_after(writes);
        let _ = deliver(&host, &mut left).await;
        host.lives();
        deliver(&host, &mut left).await.unwrap();
        let mut distinct = left.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct, (1..=12).collect::<Vec<_>>(), "died after {writes} writes");
        assert!(left.len() <= 13, "died after {writes} writes: {left:?}");
        assert_eq!(host.key_names(), ["v1:outbox"], "died after {writes} writes");
    }
}

/// One is sent, one given up, one waits on: all in the same segment.
#[tokio::test]
async fn a_crash_while_settling_in_part_settles_all_of_it_or_nothing() {
    for writes in 0..8 {
        let host = MemoryHost::new();
        open(&host).await.plan(vec![record(1), record(2), record(3)]).await.unwrap();
        host.dies_after(writes);
        let deliver = async {
            let mut outbox = Outbox::open(Store::new(host.clone())).await?;
            outbox.begin_delivery().await?;
            Outbox::mark_sent(&Store::new(host.clone()), &record(1).id, 0).await?;
            let fates = [(Fate::Sent, record(1)), (Fate::Dead, record(2)), (Fate::Waiting, record(3))];
            outbox.settle(fates.into_iter().map(|fate| (fate.1.id.clone(), fate)).collect()).await
        };
        let _ = deliver.await;
        host.lives();
        let mut outbox = open(&host).await;
        let sent = outbox.recover().await.unwrap();
        let (waiting, dead) = (tickets(outbox.waiting()), tickets(outbox.dead()));
        let settled = dead == [2] && waiting == [3];
        assert!(settled || dead.is_empty() && waiting == [1, 2, 3], "died after {writes} writes: {waiting:?} {dead:?}");
        outbox
            .settle(sent.into_iter().map(|record| (record.id.clone(), (Fate::Sent, record))).collect())
            .await
            .unwrap();
        let marks = host.key_names().into_iter().filter(|key| key.starts_with("v1:sent:")).count();
        assert_eq!(marks, 0, "died after {writes} writes");
    }
}

#[tokio::test]
async fn a_crash_while_planning_plans_all_of_it_or_nothing() {
    for writes in 0..6 {
        let host = MemoryHost::new();
        open(&host).await.plan(vec![record(1)]).await.unwrap();
        host.dies_after(writes);
        let planned = open(&host).await.plan((2..=250).map(record).collect()).await;
        host.lives();
        let waiting = tickets(open(&host).await.waiting());
        let expected = if planned.is_ok() { 250 } else { 1 };
        assert_eq!(waiting, (1..=expected).collect::<Vec<_>>(), "died after {writes} writes");
        open(&host).await.plan((2..=250).map(record).collect()).await.unwrap();
        assert_eq!(tickets(open(&host).await.waiting()), (1..=250).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_dead_message_is_kept_until_somebody_takes_it_up_again() {
    let host = MemoryHost::new();
    let mut outbox = open(&host).await;
    outbox.plan(vec![record(1), record(2)]).await.unwrap();
    let dead = Record { last_error: Some("REFUSED: HTTP 400".to_owned()), ..record(1) };
    outbox
        .settle(Sorted::from_iter([(dead.id.clone(), (Fate::Dead, Record { attempts: 1, ..dead.clone() }))]))
        .await
        .unwrap();
    let mut outbox = open(&host).await;
    assert_eq!((tickets(outbox.waiting()), tickets(outbox.dead())), (vec![2], vec![1]));
    assert!(!outbox.retry("nothing").await.unwrap());
    assert!(outbox.retry(&dead.id).await.unwrap());
    assert_eq!((tickets(open(&host).await.waiting()), open(&host).await.dead().len()), (vec![2, 1], 0));
}

/// A record of so many approvals, each with a long text.
fn digest(number: usize, approvals: usize) -> Record {
    let mut entries: Vec<_> = (0..approvals).map(|at| entry(1_000 * number + at)).collect();
    for entry in &mut entries {
        Arc::make_mut(&mut entry.approval.ticket).description = Some("long ".repeat(400));
    }
    Record { id: format!("digest:{number}"), content: Content::Pending(entries), ..record(number) }
}

#[tokio::test]
async fn messages_that_wait_never_make_a_value_that_no_store_takes() {
    let host = MemoryHost::new();
    open(&host).await.plan((1..=40).map(|number| digest(number, 10)).collect()).await.unwrap();
    assert_eq!(tickets(open(&host).await.waiting()), (1..=40).collect::<Vec<_>>());
    assert!(host.largest_value() < 256 * 1024, "{} bytes", host.largest_value());
}

#[tokio::test]
async fn one_large_message_that_is_given_up_does_not_push_out_all_others() {
    let host = MemoryHost::new();
    let mut outbox = open(&host).await;
    let mut all: Vec<Record> = (1..=30).map(record).collect();
    all.push(digest(31, 80));
    outbox.plan(all.clone()).await.unwrap();
    outbox.settle(all.into_iter().map(|record| (record.id.clone(), (Fate::Dead, record))).collect()).await.unwrap();
    let outbox = open(&host).await;
    assert_eq!(tickets(outbox.dead()).last(), Some(&31), "the newest is always kept");
    assert!(outbox.dead().len() > 1, "{} are kept", outbox.dead().len());
}

#[tokio::test]
async fn given_up_messages_never_make_a_value_that_no_store_takes() {
    let host = MemoryHost::new();
    let long = |ticket: usize| {
        let mut record = record(ticket);
        if let Content::Pending(entries) = &mut record.content {
            Arc::make_mut(&mut entries[0].approval.ticket).description = Some("long ".repeat(1_500));
        }
        record
    };
    let mut outbox = open(&host).await;
    outbox.plan((1..=60).map(long).collect()).await.unwrap();
    outbox.begin_delivery().await.unwrap();
    let mut fates = Sorted::default();
    for record in outbox.waiting() {
        fates.insert(record.id.clone(), (Fate::Dead, record.clone()));
    }
    outbox.settle(fates).await.unwrap();
    let outbox = open(&host).await;
    assert!((5..60).contains(&outbox.dead().len()), "{} are kept", outbox.dead().len());
    assert_eq!(tickets(outbox.dead()).last(), Some(&60), "the oldest went first");
    assert!(host.largest_value() < 256 * 1024, "{} bytes", host.largest_value());
}
