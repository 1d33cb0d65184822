//! Many tracked approvals, and many callers at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use approval_bridge::bridge::Bridge;
use approval_bridge::key_value::MemoryStore;
use approval_bridge::limits::Limits;
use approval_bridge::stubs::{MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, SDP_AUTHTOKEN, Stubs};
use approval_bridge::variables::VariableMap;
use approval_bridge_tests::harness::{API_TOKEN, Served, Tracked};

use crate::figure::{Figures, number, number_of};

/// Who reads at the same time, and how often each.
const READERS: usize = 8;
const READS: usize = 150;

/// Bytes of the store for each approval.
const EACH: usize = 350;

/// Decisions, one after the other.
const DECISIONS: usize = 50;

/// One way to the help desk.
const LATENCY: Duration = Duration::from_millis(20);

pub(crate) async fn measure(figures: &mut Figures) {
    for tickets in [1_000, 10_000, 100_000] {
        tracked(figures, tickets).await;
    }
    serving(figures).await;
}

fn stubs(tickets: usize) -> Stubs {
    let stubs = Stubs::new(4);
    stubs.with(|world| {
        world.on_premises();
        world.settings.moveworks.events_per_minute = None;
        world.journal.keep(Some(0));
        world.populate(tickets, 1, 1);
    });
    stubs
}

/// A new process over a store, so that its figures begin at zero.
fn bridge(stubs: &Stubs, store: &Arc<MemoryStore>) -> Bridge {
    let variables = VariableMap::new([
        ("api_token", API_TOKEN),
        ("sdp_base_url", "https://sdp.example"),
        ("sdp_authtoken", SDP_AUTHTOKEN),
        ("sdp_modules", "requests"),
        ("moveworks_base_url", "https://moveworks.example"),
        ("moveworks_event_id", MOVEWORKS_EVENT_ID),
        ("moveworks_per_minute", "0"),
        ("moveworks_api_key", MOVEWORKS_API_KEY),
    ]);
    // The stand-ins of the help desk sort a hundred thousand tickets for each list, in the time of the call.
    let wide = Duration::from_secs(600);
    let limits = Limits { cpu: wide, sweep_timeout: wide, ..Limits::default() };
    let builder = Bridge::builder().variables(variables).limits(limits).key_value(store.clone());
    builder.transport(Arc::new(stubs.clone())).build().expect("the bridge starts; build the components first")
}

async fn store_of(stubs: &Stubs) -> Arc<MemoryStore> {
    let tracked = stubs.with(|world| Tracked::of(world));
    Arc::new(MemoryStore::from_entries(tracked.store().await))
}

fn mebibytes(bytes: usize) -> f64 {
    number_of(bytes >> 10) / 1024.0
}

/// What one call takes: its time in milliseconds, the peak of its memory in MiB, the store operations.
async fn cost(bridge: Bridge, work: impl AsyncFnOnce(&Bridge)) -> (f64, f64, f64) {
    bridge.key_value_stats().take();
    let begun = Instant::now();
    work(&bridge).await;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    (took, mebibytes(bridge.stats().peak_memory), number(bridge.key_value_stats().take().operations()))
}

async fn tracked(figures: &mut Figures, tickets: usize) {
    let stubs = stubs(tickets);
    let store = store_of(&stubs).await;
    let poll = async |bridge: &Bridge| drop(bridge.poll(false).await.expect("the sweep runs"));
    poll(&bridge(&stubs, &store)).await;
    let [quiet, ledger, page, none] = match tickets {
        1_000 => [
            "1,000 tracked: memory of a quiet sweep",
            "1,000 tracked: ledger",
            "1,000 tracked: GET /approvals",
            "1,000 tracked: GET /approvals?approver=nobody",
        ],
        10_000 => [
            "10,000 tracked: memory of a quiet sweep",
            "10,000 tracked: ledger",
            "10,000 tracked: GET /approvals",
            "10,000 tracked: GET /approvals?approver=nobody",
        ],
        _ => [
            "100,000 tracked: memory of a quiet sweep",
            "100,000 tracked: ledger",
            "100,000 tracked: GET /approvals",
            "100,000 tracked: GET /approvals?approver=nobody",
        ],
    };
    let (took, memory, operations) = cost(bridge(&stubs, &store), poll).await;
    figures.add(quiet, memory, "MiB", Some(4.0), format!("{operations} store operations, {took:.0} ms"));
    let entries = store.entries();
    let whole = entries.values().map(Vec::len).sum::<usize>();
    let largest = entries.values().map(Vec::len).max().unwrap_or_default() >> 10;
    let target = Some(mebibytes(tickets * EACH));
    figures.add(ledger, mebibytes(whole), "MiB", target, format!("{} keys, the largest {largest} KiB", entries.len()));
    for (what, path) in [(page, "/approvals"), (none, "/approvals?approver=nobody@corp.example")] {
        let get = async |bridge: &Bridge| {
            let request = http::Request::get(format!("http://bridge.example{path}"))
                .header("authorization", format!("Bearer {API_TOKEN}"))
                .body(bytes::Bytes::new())
                .expect("a request");
            assert_eq!(bridge.handle(request).await.expect("an answer").status(), 200);
        };
        let (took, memory, operations) = cost(bridge(&stubs, &store), get).await;
        figures.add(what, took, "ms", None, format!("{operations} store operations, {memory:.1} MiB"));
    }
}

/// Callers over a socket while the bridge sweeps without a pause.
async fn serving(figures: &mut Figures) {
    let stubs = stubs(1_000);
    let bridge = bridge(&stubs, &store_of(&stubs).await);
    let served = Served::start(bridge.clone()).await;
    let ids = served.get("/approvals?limit=500").await.ids();
    let sweeps = tokio::spawn(async move {
        loop {
            bridge.poll(false).await.expect("the sweep runs");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    for (what, path) in [
        ("GET /approvals, 8 callers, while sweeping", "/approvals"),
        ("GET /approvals/{id}, 8 callers, while sweeping", ""),
    ] {
        let begun = Instant::now();
        let readers = (0..READERS).map(async |reader| {
            for turn in 0..READS {
                let id = &ids[(reader * READS + turn) % ids.len()];
                let path = if path.is_empty() { format!("/approvals/{id}") } else { path.to_owned() };
                assert_eq!(served.get(&path).await.status, 200);
            }
        });
        futures::future::join_all(readers).await;
        let each = number_of(READERS * READS) / begun.elapsed().as_secs_f64();
        figures.add(what, each, "per s", None, "1,000 tracked, each answer from a fresh instance");
    }
    stubs.with(|world| world.set_latency(LATENCY));
    let rows = served.get("/approvals?limit=500").await;
    let rows = rows.body["approvals"].as_array().expect("a list");
    let mut times: Vec<f64> = Vec::new();
    for row in rows.iter().take(DECISIONS) {
        let text = |name: &serde_json::Value| name.as_str().unwrap_or_default().to_owned();
        let begun = Instant::now();
        let answer = served.approve(&text(&row["id"]), &text(&row["approver"]["email"])).await;
        assert_eq!(answer.outcome(), (200, "approved"));
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    sweeps.abort();
    // Levels and approval side by side, the decision, the reading back.
    let upstream = 3.0 * LATENCY.as_secs_f64() * 1e3;
    let (middle, late) = (times[DECISIONS / 2], times[DECISIONS * 9 / 10]);
    let note = format!("{middle:.0} ms in all, 3 round trips of 20 ms; 9 of 10 within {late:.0} ms");
    figures.add("a decision while sweeping, above the help desk's time", middle - upstream, "ms", None, note);
    served.stop().await;
}
