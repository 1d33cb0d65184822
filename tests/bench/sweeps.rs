//! Sweeps through the real component, against stubs in the same process that answer after a fixed time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use approval_bridge::bridge::Bridge;
use approval_bridge::key_value::MemoryStore;
use approval_bridge::stubs::{
    MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, Stubs, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use approval_bridge::variables::VariableMap;

use crate::figure::{Figures, number, number_of};

const LATENCY: Duration = Duration::from_millis(20);
const CONCURRENCY: u32 = 32;
const TICKETS: usize = 1_000;

pub(crate) async fn measure(figures: &mut Figures) {
    first_sweep(figures).await;
    for tickets in [100, TICKETS, 5 * TICKETS] {
        quiet_sweep(figures, tickets).await;
    }
    health(figures).await;
}

fn bridge(stubs: &Stubs) -> Bridge {
    stubs.with(|world| {
        world.settings.moveworks.events_per_minute = None;
        world.journal.keep(Some(0));
    });
    let concurrency = CONCURRENCY.to_string();
    let variables = VariableMap::new([
        ("api_token", "a-token-for-the-benchmark"),
        ("sdp_base_url", "https://sdp.example/app/itdesk"),
        ("sdp_accounts_url", "https://accounts.example"),
        ("sdp_client_id", ZOHO_CLIENT_ID),
        ("sdp_client_secret", ZOHO_CLIENT_SECRET),
        ("sdp_refresh_token", ZOHO_REFRESH_TOKEN),
        ("moveworks_base_url", "https://moveworks.example"),
        ("moveworks_event_id", MOVEWORKS_EVENT_ID),
        ("moveworks_api_key", MOVEWORKS_API_KEY),
        // Rates are not what is measured.
        ("moveworks_per_minute", "0"),
        ("concurrency", concurrency.as_str()),
        ("sweep_budget_seconds", "600"),
    ]);
    Bridge::builder()
        .variables(variables)
        .key_value(Arc::new(MemoryStore::new()))
        .transport(Arc::new(stubs.clone()))
        .build()
        .expect("the bridge starts; build the components first")
}

/// The design's bound: no faster than three round trips, nor than the calls divided by what may be under way.
async fn first_sweep(figures: &mut Figures) {
    let stubs = Stubs::new(1);
    stubs.with(|world| world.populate(TICKETS, 2, 1));
    let bridge = bridge(&stubs);
    stubs.with(|world| world.set_latency(LATENCY));
    let begun = Instant::now();
    let report = bridge.poll(false).await.expect("the sweep runs");
    let took = begun.elapsed().as_secs_f64();
    let calls = number(stubs.with(|world| world.journal.total()));
    let bound = (3.0 * LATENCY.as_secs_f64()).max(calls / f64::from(CONCURRENCY) * LATENCY.as_secs_f64());
    let note = format!("{calls} calls, {} cards; bound {:.2} s", report.outbox.sent, bound);
    figures.add("first sweep, 1,000 tickets x 2 levels: time / bound", took / bound, "x", Some(1.25), note);
    let overlap = stubs.with(|world| world.journal.max_in_flight());
    let overlap = u64::try_from(overlap).map(number).expect("few at once");
    figures.add("calls under way at once, 32 allowed", overlap, "calls", None, "");
}

/// The default of `reconcile_minutes`.
const RECONCILE: Duration = Duration::from_secs(3_600);

/// What a sweep costs when nothing has changed: one list call a module and the slice that is due.
async fn quiet_sweep(figures: &mut Figures, tickets: usize) {
    let stubs = Stubs::new(2);
    stubs.with(|world| world.populate(tickets, 2, 1));
    let bridge = bridge(&stubs);
    let first = Instant::now();
    bridge.poll(false).await.expect("the first sweep runs");
    // Thousands are announced in several sweeps.
    while !bridge.poll(false).await.expect("the sweeps after it run").complete {}
    bridge.poll(false).await.expect("and one that finds nothing new");
    let before = stubs.with(|world| world.journal.total());
    // What the rounds of reading owe by now: the levels and approvals of a ticket, and a page that lists the next ones.
    let due = (number_of(tickets) * first.elapsed().as_secs_f64() / RECONCILE.as_secs_f64()).ceil();
    let slice = if due > 0.0 { 1.0 + 2.0 * due } else { 0.0 };
    bridge.key_value_stats().take();
    let begun = Instant::now();
    let report = bridge.poll(false).await.expect("the quiet sweep runs");
    let took = begun.elapsed();
    let calls = stubs.with(|world| world.journal.total()) - before;
    let operations = bridge.key_value_stats().take().operations();
    let (what_calls, what_operations) = match tickets {
        100 => ("quiet sweep, 100 tracked: calls", "quiet sweep, 100 tracked: store operations"),
        1_000 => ("quiet sweep, 1,000 tracked: calls", "quiet sweep, 1,000 tracked: store operations"),
        _ => ("quiet sweep, 5,000 tracked: calls", "quiet sweep, 5,000 tracked: store operations"),
    };
    let note = format!("{} sent, {:.1} ms", report.outbox.sent, took.as_secs_f64() * 1000.0);
    figures.add(what_calls, number(calls), "calls", Some(3.0 + slice), note);
    figures.add(what_operations, number(operations), "ops", Some(20.0), "must not grow with what is tracked");
}

/// A request that does nothing: what a call into a fresh instance costs.
async fn health(figures: &mut Figures) {
    let bridge = bridge(&Stubs::new(3));
    let request = || http::Request::get("http://bridge.example/").body(bytes::Bytes::new()).expect("a request");
    bridge.handle(request()).await.expect("an answer");
    let rounds = 500;
    let begun = Instant::now();
    for _ in 0..rounds {
        bridge.handle(request()).await.expect("an answer");
    }
    let each = begun.elapsed().as_secs_f64() / f64::from(rounds) * 1e6;
    figures.add("GET / on a fresh instance", each, "us", None, "instantiation, router, answer");
}
