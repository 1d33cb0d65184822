//! A month, and most of a year, of ordinary days: what a sweep takes and what the store holds stays as it is.

use approval_bridge::stubs::{ApprovalRef, Module, Ticket, TicketRef};
use approval_bridge_tests::harness::{DAY_MS, Desk, hours};

/// New requests of a day.
const A_DAY: usize = 8;

/// How long the help desk shows a request after it was decided, in the long run.
const SHOWN: i64 = 10 * DAY_MS;

/// A day in which as much is decided as is asked: in the help desk, in chat, or taken back.
async fn day(desk: &Desk, pause: u64) {
    desk.world(|world| {
        let now = world.now();
        world.clear_messages();
        for n in 0..A_DAY {
            let email = format!("approver{n}@corp.example");
            let text = "<p>The lamp is at the end of its life, and the room is booked for the whole week.</p>";
            world.request().created(now).updated(now).description(text).level(&[("Somebody", &email)]).add();
        }
    });
    desk.poll().await.clean();
    assert_eq!(desk.told().len(), A_DAY, "the day's requests, and nothing of former days");
    for (number, row) in desk.world(|world| world.pending()).iter().take(A_DAY).enumerate() {
        let at = ApprovalRef::parse(&row.id).unwrap();
        match number % 3 {
            0 => desk.world(|world| world.reject(&at, "Somebody").unwrap()),
            1 => desk.world(|world| world.remove(&at).unwrap()),
            _ => {
                let answer = desk.approve(&row.id, row.email.as_deref().unwrap()).await;
                assert_eq!(answer.outcome(), (200, "approved"), "{answer:?}");
            }
        }
    }
    for _ in 0..24 / pause {
        desk.advance(hours(pause));
        desk.poll().await.clean();
    }
}

/// Requests that were asked long ago leave the help desk, as they do where old ones are archived.
fn archive(desk: &Desk) {
    desk.world(|world| {
        let before = world.now() - SHOWN;
        let old = |ticket: &&Ticket| ticket.updated < before;
        let ids: Vec<String> = world.tickets(Module::Requests).filter(old).map(|ticket| ticket.id.clone()).collect();
        for id in ids {
            let ticket = TicketRef { module: Module::Requests, ticket: id, number: String::new(), levels: Vec::new() };
            world.remove_ticket(&ticket).unwrap();
        }
    });
}

fn desk() -> Desk {
    let desk = Desk::cloud().variable("sdp_modules", "requests").variable("audit_days", "60").start();
    desk.world(|world| {
        world.journal.keep(Some(0));
        // What waits at the beginning and is never decided, because a day decides what is oldest.
        world.populate(2 * A_DAY, 1, 1);
    });
    desk
}

fn store_size(desk: &Desk) -> usize {
    desk.entries().iter().map(|(key, value)| key.len() + value.len()).sum()
}

/// A process of each five days, whose figures begin at zero. What grows is the help desk, and with it the ledger until
/// what was closed leaves it; a sweep that has hours to catch up with reads all of both.
#[tokio::test]
async fn a_month_of_sweeps_takes_no_more_memory_from_day_to_day() {
    let mut desk = desk();
    desk.poll().await;
    let mut peaks = Vec::new();
    for _ in 0..6 {
        desk = desk.restart();
        for _ in 0..5 {
            day(&desk, 6).await;
        }
        peaks.push(desk.bridge().stats().peak_memory);
    }
    let grown = peaks[5].saturating_sub(peaks[0]);
    assert!(grown < 1 << 20, "{peaks:?} bytes, {} in the store", store_size(&desk));
}

/// What was closed is kept for ninety days, so after these the store holds what it always will.
#[tokio::test]
async fn the_store_stops_growing_once_what_is_closed_is_old_enough() {
    let mut desk = desk();
    desk.poll().await;
    let mut sizes = Vec::new();
    for days in [95, 25, 25] {
        desk = desk.restart();
        for _ in 0..days {
            day(&desk, 12).await;
            archive(&desk);
        }
        sizes.push((store_size(&desk), desk.entries().len(), desk.bridge().stats().peak_memory));
    }
    let [first, _, last] = sizes[..] else { unreachable!() };
    assert!(last.0 < first.0 * 5 / 4, "bytes in the store, keys, peak of memory: {sizes:?}");
    assert!(last.1 <= first.1 + 3, "bytes in the store, keys, peak of memory: {sizes:?}");
    assert!(last.2 < first.2 + (1 << 20), "bytes in the store, keys, peak of memory: {sizes:?}");
}
