use std::collections::BTreeSet;

use approval_logic::approval::{Source, TicketKind, TicketRef};
use proptest::prelude::*;

use crate::host::Host;
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::ledger::Ledger;
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::store::progress::{self, Progress};
use crate::store::slots::{SLOTS, Shard, Slots, cut, slot_of};
use crate::store::tests::entry;
use crate::testing::MemoryHost;

fn ticket(id: &str) -> TicketRef {
    TicketRef { source: Source::Sdp, kind: TicketKind::Request, ticket: id.to_owned() }
}

#[test]
fn each_slot_is_one_sweepers_however_many_there_are() {
    for of in 1..=SLOTS {
        let all = (1..=of).flat_map(|number| format!("{number}/{of}").parse::<Shard>().unwrap().slots());
        let all: Vec<usize> = all.collect();
        assert_eq!(all.len(), SLOTS, "{of} sweepers");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), SLOTS, "{of} sweepers");
    }
}

#[test]
fn a_share_is_one_of_so_many() {
    for (text, shown) in [("1/1", "1/1"), ("2/3", "2/3"), (" 16 / 16 ", "16/16")] {
        assert_eq!(text.parse::<Shard>().unwrap().to_string(), shown);
    }
    for wrong in ["", "1", "0/1", "2/1", "1/17", "1/0", "-1/2", "a/b", "1/2/3", "1.0/2"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
}

/// Where tickets are is written in stores that are in use: another answer here loses them.
#[test]
fn a_ticket_has_the_slot_that_it_has_always_had() {
    let slots: Vec<usize> = ["1", "2", "874", "158000000004217"].map(|id| slot_of(&ticket(id))).into();
    assert_eq!(slots, [14, 6, 13, 5]);
    let managed = TicketRef { source: Source::Managed, kind: TicketKind::Ticket, ticket: "874".to_owned() };
    assert_eq!(slot_of(&managed), 5);
}

#[test]
fn slots_are_about_equally_full() {
    let mut counts = [0; SLOTS];
    for number in 0..16_000 {
        counts[slot_of(&ticket(&(158_000_000_000_000_u64 + number * 7).to_string()))] += 1;
    }
    assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
}

fn record(number: usize, others: &[usize]) -> Record {
    let entries = std::iter::once(&number).chain(others).map(|number| entry(*number)).collect();
    Record {
        id: format!("message-{number}"),
        content: Content::Pending(entries),
        recipient: "ana@corp.example".to_owned(),
        planned_at: i64::try_from(number).unwrap(),
        read_at: 0,
        attempts: 0,
        not_before: 0,
        last_error: None,
    }
}

async fn slots(store: &Store<MemoryHost>) -> Slots<MemoryHost> {
    Slots::open(store, Some("1/1".parse().unwrap())).await.unwrap()
}

#[tokio::test]
async fn cutting_leaves_every_entry_and_message_in_the_slot_of_its_ticket() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    assert!(slots(&store).await.is_whole());
    let entries: Vec<_> = (0..3_000).map(entry).collect();
    Ledger::open(store.clone()).await.unwrap().commit(entries.clone(), host.now()).await.unwrap();
    let mut outbox = Outbox::open(store.clone()).await.unwrap();
    outbox.plan((0..250).map(|number| record(number, &[])).collect()).await.unwrap();
    let again: Vec<TicketRef> = entries.iter().take(40).map(|entry| entry.approval.id.ticket_ref()).collect();
    progress::save_revisits(&store, &again).await.unwrap();
    let mut place = Progress::default();
    place.tally.add("x", &[], 7);
    progress::save(&store, &place).await.unwrap();

    assert!(cut(&store).await.unwrap());
    let slots = slots(&store).await;
    assert!(!slots.is_whole() && !slots.is_to_cut());
    for own in &entries {
        let ticket = own.approval.id.ticket_ref();
        let place = slots.of(&ticket);
        assert!(place.holds(&ticket));
        let found = Ledger::open(place).await.unwrap().get(&own.approval.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(own));
    }
    let (mut found, mut waiting, mut revisits, mut counted) = (0, 0, 0, 0);
    for slot in slots.all() {
        let ledger = Ledger::open(slot.clone()).await.unwrap();
        found += ledger.page(None, usize::MAX, |_| true).await.unwrap().entries.len();
        let outbox = Outbox::open(slot.clone()).await.unwrap();
        waiting += outbox.waiting().count();
        assert!(outbox.waiting().all(|record| slot.holds(&record.content.about()[0].approval.id.ticket_ref())));
        revisits += progress::revisits(&slot).await.unwrap().len();
        counted += progress::load(&slot).await.unwrap().tally.get("x");
    }
    assert_eq!((found, waiting, revisits, counted), (3_000, 250, 40, 7));
    let left: Vec<String> = host.key_names().into_iter().filter(|key| !key.starts_with('s')).collect();
    assert_eq!(left, ["v1:ledger"], "nothing of the whole store is left but the note that it has moved");
}

#[tokio::test]
async fn whoever_does_not_know_of_slots_is_refused() {
    let store = Store::new(MemoryHost::new());
    assert!(cut(&store).await.unwrap());
    let error = Ledger::open(store.clone()).await.err().unwrap();
    assert!(error.message.contains("set the variable shard"), "{error}");
    assert!(Slots::open(&store, None).await.unwrap().is_whole(), "without the setting nobody looks");
}

#[tokio::test]
async fn a_message_about_several_approvals_is_not_cut_while_it_waits() {
    let store = Store::new(MemoryHost::new());
    let mut outbox = Outbox::open(store.clone()).await.unwrap();
    outbox.plan(vec![record(1, &[2, 3])]).await.unwrap();
    assert!(!cut(&store).await.unwrap());
    assert!(slots(&store).await.is_whole());
}

#[tokio::test]
async fn a_crash_at_any_write_of_the_move_neither_loses_nor_revives_anything() {
    let mut writes = 0;
    loop {
        let host = MemoryHost::new();
        let store = Store::new(host.clone());
        Ledger::open(store.clone()).await.unwrap().commit((0..40).map(entry).collect(), host.now()).await.unwrap();
        let mut outbox = Outbox::open(store.clone()).await.unwrap();
        outbox.plan(vec![record(50, &[]), record(51, &[])]).await.unwrap();

        host.dies_after(writes);
        let done = cut(&store).await.is_ok();
        host.lives();
        let mut waiting = 2;
        if slots(&store).await.is_whole() {
            // Meanwhile one of the messages is handed over.
            let mut outbox = Outbox::open(store.clone()).await.unwrap();
            let (mut fates, sent): (Sorted<(Fate, Record)>, _) = (Sorted::default(), record(50, &[]));
            fates.insert(sent.id.clone(), (Fate::Sent, sent));
            outbox.settle(fates).await.unwrap();
            waiting = 1;
        }
        assert!(cut(&store).await.unwrap(), "write {writes}");
        let slots = slots(&store).await;
        let (mut known, mut left) = (0, 0);
        for slot in slots.all() {
            known += Ledger::open(slot.clone()).await.unwrap().page(None, 99, |_| true).await.unwrap().entries.len();
            left += Outbox::open(slot).await.unwrap().waiting().count();
        }
        assert_eq!((known, left), (40, waiting), "write {writes}");
        assert!(!slots.is_to_cut(), "write {writes}");
        let whole: Vec<String> = host.key_names().into_iter().filter(|key| !key.starts_with('s')).collect();
        assert_eq!(whole, ["v1:ledger"], "write {writes}");
        if done {
            break;
        }
        writes += 1;
    }
    assert!(writes > 60, "the move makes many writes: {writes}");
}

proptest! {
    #[test]
    fn no_text_is_taken_for_a_share_that_is_none(text in ".{0,12}") {
        if let Ok(shard) = text.parse::<Shard>() {
            prop_assert!((1..=SLOTS).contains(&shard.of()));
            prop_assert!(shard.slots().count() >= 1);
        }
    }
}
