//! The arithmetic of `docs/cost.md` is what happens: calls, times and memory of sweeps, against its tables.
//!
//! A wrong implementation reads a level twice, walks everything in each sweep, or waits for one call before it makes the
//! next. Nothing is wrong then but the bill, and the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use approval_bridge::bridge::Bridge;
use approval_bridge::clock::{Clock, SystemClock};
use approval_bridge::stubs::{Module, Stubs};
use approval_bridge_tests::harness::{ANA, Desk, Setup, minutes, plain_variables, requests, wide_limits};
use futures::future::BoxFuture;

/// The latency of the page's examples.
const LATENCY: Duration = Duration::from_millis(200);

/// Rows about more tickets than this are left to arithmetic.
const MOST: usize = 10_000;

/// The rows of the page's table that begins with this head, cell by cell.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let page = include_str!("../../docs/cost.md");
    let (_, rows) = page.split_once(&format!("| {head} |")).expect("the page has the table");
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// A number as the page writes it.
fn number(text: &str) -> usize {
    text.replace(',', "").parse().expect("a number")
}

/// Tickets of one level, which nobody hears of at the beginning.
fn desk(tickets: usize) -> Setup {
    let setup = Desk::cloud().variable("first_run", "baseline").variable("sweep_budget_seconds", "600");
    setup.world(|world| drop(world.populate(tickets, 1, 1)))
}

#[tokio::test]
async fn a_first_start_is_one_whole_walk_and_each_ticket_once_more() {
    for row in table("open approvals") {
        let (tickets, walk) = (number(row[0]), number(row[1]));
        if tickets > MOST {
            continue;
        }
        let desk = desk(tickets).variable("sdp_modules", "requests").start();
        desk.poll().await.clean();
        assert_eq!(desk.count("GET", "/approval_levels"), tickets * 2, "each list of levels, and each level");
        let lists = desk.calls("GET", "/requests").iter().filter(|call| call.path.ends_with("/requests")).count();
        assert_eq!(lists, tickets.div_ceil(100) + 1, "each page, and what has changed meanwhile");
        assert_eq!(desk.count("GET", "/requests"), walk + tickets + 1);
    }
}

#[tokio::test]
async fn an_hour_of_sweeps_with_nothing_new_makes_the_calls_and_store_operations_of_the_page() {
    for row in table("open approvals") {
        let (tickets, calls, operations) = (number(row[0]), number(row[3]), row[4]);
        if tickets > MOST {
            continue;
        }
        let desk = desk(tickets).start();
        desk.poll_every(minutes(1), 60).await.clean();
        desk.forget_calls();
        desk.store_use();
        desk.poll_every(minutes(1), 60).await.clean();
        let made = desk.count("*", "/");
        assert_eq!(made.div_ceil(60), calls, "{tickets}: {made} calls in an hour");
        let used = usize::try_from(desk.store_use().operations()).unwrap();
        assert_eq!(used.div_ceil(60), number(operations), "{tickets}: {used} store operations in an hour");
    }
}

#[tokio::test]
async fn sweeps_make_the_calls_and_take_the_time_of_the_page() {
    let desk = desk(1_000).start();
    desk.world(|world| world.set_latency(LATENCY));
    let mut found = Vec::new();
    let mut sweep = async |what| {
        desk.forget_calls();
        let begin = desk.now();
        desk.poll().await.clean();
        found.push((what, desk.count("*", "/"), desk.now() - begin));
    };
    sweep("a first start, 1,000 tickets").await;
    desk.poll().await.clean();
    sweep("a sweep with nothing new").await;
    desk.world(|world| {
        let now = world.now();
        let ids: Vec<String> = world.tickets(Module::Requests).take(20).map(|ticket| ticket.id.clone()).collect();
        for id in ids {
            world.ticket_mut(Module::Requests, &id).unwrap().updated = now;
        }
    });
    sweep("20 tickets have changed").await;
    desk.world(|world| {
        let now = world.now();
        for _ in 0..20 {
            world.request().updated(now).level(&[ANA]).add();
        }
    });
    sweep("20 tickets are new").await;
    let rows = table("what");
    for (what, calls, took) in found {
        let row = rows.iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("{what} has no row"));
        assert_eq!(calls, number(row[1]), "{what}");
        let seconds: f64 = row[2].trim_end_matches(" s").parse().unwrap();
        let took = Duration::from_millis(u64::try_from(took).unwrap()).as_secs_f64();
        assert!(took <= seconds && took > seconds * 0.8, "{what}: {took} s, not {seconds}");
    }
}

#[tokio::test]
async fn a_sweep_of_zendesk_with_nothing_new_reads_ten_pages_of_a_thousand_requests() {
    let desk = Desk::zendesk().variable("first_run", "baseline").start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    desk.account(|account| requests(account, ana, 1_000));
    desk.poll_every(minutes(1), 2).await.clean();
    desk.forget_calls();
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.count("*", ""), 10);
}

#[tokio::test]
async fn a_first_sweep_of_two_hundred_tickets_fits_into_three_mebibytes() {
    let desk = Desk::on_premises().variable("sdp_modules", "requests").start();
    desk.world(|world| world.populate(200, 2, 1));
    desk.poll().await.clean();
    let peak = desk.bridge().stats().peak_memory;
    assert!(peak <= 3 << 20, "{peak} bytes");
}

/// The machine's clock, which counts how often it is read.
#[derive(Clone, Default)]
struct Counted {
    clock: SystemClock,
    read: Arc<AtomicU64>,
}

impl Clock for Counted {
    fn now_ms(&self) -> i64 {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.clock.now_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.clock.monotonic_ns()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

#[tokio::test]
async fn a_clock_is_read_at_most_once_between_two_other_calls_out_of_the_component() {
    let stubs = Stubs::new(5);
    stubs.with(|world| {
        world.on_premises();
        world.populate(100, 2, 1);
    });
    let clock = Counted::default();
    let builder = Bridge::builder().variables(plain_variables()).limits(wide_limits()).clock(clock.clone());
    let bridge = builder.transport(Arc::new(stubs)).build().expect("the bridge starts; build the components first");
    assert_eq!(bridge.poll(false).await.expect("the sweep runs").outbox.sent, 100);
    let calls = bridge.stats().outbound + bridge.key_value_stats().take().operations();
    let read = clock.read.load(Ordering::Relaxed);
    assert!(read <= 2 * calls, "two clocks read {read} times, with {calls} calls");
}
