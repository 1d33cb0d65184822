//! Each limit tripped by the smallest guest that can, and what a failing guest does to its neighbours.

use std::time::Instant;

use super::*;
use crate::builder::linker;
use crate::clock::SystemClock;
use crate::egress::{RequestOptions, transport_fn};
use crate::engine::{CompileCache, bridge_engine, compile};
use crate::key_value::{KeyValueStats, MemoryStore};
use crate::limits::Limits;
use crate::variables::VariableMap;

fn caller(wat: &str, limits: Limits) -> Caller {
    let host = Host {
        key_value: Arc::new(MemoryStore::new()),
        key_value_stats: Arc::new(KeyValueStats::default()),
        variables: Arc::new(VariableMap::default()),
        clock: Arc::new(SystemClock::default()),
        transport: Arc::new(transport_fn(|_| async { Ok(http::Response::default()) })),
        limits,
        unyielding: false,
    };
    let engine = bridge_engine(&host.limits, &CompileCache::Off).unwrap();
    let component = compile(&engine, &wat::parse_str(wat).unwrap()).unwrap();
    Caller::new(linker(&engine).unwrap().instantiate_pre(&component).unwrap(), Arc::new(host))
}

async fn run(caller: &Caller) -> Result<(), CallError> {
    let work = async |accessor: &Accessor<State>, instance: Instance| {
        let run = accessor.with(|access| instance.get_typed_func::<(), ()>(access, "run"))?;
        run.call_concurrent(accessor, ()).await
    };
    caller.call(Kind::Request, work).await
}

/// A component whose `run` is this body.
fn plain(body: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory 1) (func (export "run") {body}))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

/// A component that waits for so many nanoseconds, `times` times.
fn waiting(nanoseconds: u64, times: u32) -> String {
    format!(
        r#"(component
            (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
                (export "wait-for" (func async (param "how-long" u64)))))
            (core func $wait (canon lower (func $clock "wait-for")))
            (core module $m
                (import "" "wait" (func $wait (param i64)))
                (func (export "run") (local $left i32)
                    (local.set $left (i32.const {times}))
                    (loop $again
                        (call $wait (i64.const {nanoseconds}))
                        (local.tee $left (i32.sub (local.get $left) (i32.const 1)))
                        (br_if $again))))
            (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait))))))
            (func (export "run") async (canon lift (core func $i "run"))))"#
    )
}

fn brief() -> Limits {
    Limits {
        memory_bytes: 1 << 20,
        request_timeout: Duration::from_millis(1500),
        cpu: Duration::from_millis(300),
        concurrent_calls: 4,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_guest_that_wants_too_much_memory_is_ended_and_the_limit_named() {
    let caller = caller(&plain("(drop (memory.grow (i32.const 16)))"), brief());
    assert_eq!(run(&caller).await, Err(LimitError::Memory { limit: 1 << 20 }.into()));
    assert!(caller.stats().peak_memory <= 1 << 20);
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_is_ended_and_the_limit_named() {
    let caller = caller(&plain("(loop $again (br $again))"), brief());
    let start = Instant::now();
    assert_eq!(run(&caller).await, Err(LimitError::Cpu { limit: Duration::from_millis(300) }.into()));
    assert!(start.elapsed() < Duration::from_millis(1400), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_guest_that_waits_for_ever_is_ended_and_the_limit_named() {
    let caller = caller(&waiting(3_600_000_000_000, 1), brief());
    assert_eq!(run(&caller).await, Err(LimitError::WallTime { limit: Duration::from_millis(1500) }.into()));
}

/// Epochs count wall time: an implementation that counts ticks ends this guest after 300 ms.
#[tokio::test]
async fn waiting_is_not_computing() {
    let caller = caller(&waiting(15_000_000, 50), Limits { cpu: Duration::from_millis(200), ..brief() });
    let start = Instant::now();
    assert_eq!(run(&caller).await, Ok(()));
    assert!(start.elapsed() >= Duration::from_millis(750));
    assert!(caller.stats().ran < Duration::from_millis(200), "{:?}", caller.stats());
}

#[tokio::test]
async fn a_computing_guest_gives_way_to_others() {
    let caller = Arc::new(caller(&plain("(loop $again (br $again))"), brief()));
    let busy = { tokio::spawn(async move { run(&caller).await }) };
    tokio::task::yield_now().await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(start.elapsed() < Duration::from_millis(250), "one thread, and yet {:?}", start.elapsed());
    assert!(busy.await.unwrap().is_err());
}

#[tokio::test]
async fn a_trap_has_a_name_and_hurts_no_neighbour() {
    let trapping = caller(&plain("unreachable"), brief());
    let waiting = caller(&waiting(100_000_000, 1), brief());
    let (trapped, waited) = tokio::join!(run(&trapping), run(&waiting));
    assert_eq!(trapped, Err(CallError::Trap("wasm trap: wasm `unreachable` instruction executed".to_owned())));
    assert_eq!(waited, Ok(()));
    assert_eq!(run(&waiting).await, Ok(()));
    assert_eq!(trapping.stats().failed, 1);
}

#[tokio::test]
async fn one_call_too_many_is_told_that_we_are_busy() {
    let caller = caller(&waiting(100_000_000, 1), Limits { concurrent_calls: 2, ..brief() });
    let (a, b, c) = tokio::join!(run(&caller), run(&caller), run(&caller));
    assert_eq!((a, b, c), (Ok(()), Ok(()), Err(CallError::Busy)));
    assert_eq!(run(&caller).await, Ok(()), "and there is room again");
}

/// A wrong implementation runs calls one after another, or instances that share the pool run out.
#[tokio::test]
async fn calls_wait_side_by_side() {
    let caller = caller(&waiting(200_000_000, 1), Limits { concurrent_calls: 100, ..brief() });
    let start = Instant::now();
    for outcome in futures::future::join_all((0..100).map(|_| run(&caller))).await {
        assert_eq!(outcome, Ok(()));
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn too_many_upstream_calls_are_refused_one_by_one_and_the_limit_named() {
    let limits = Limits { outbound_calls_per_request: 2, outbound_calls_per_sweep: 3, ..brief() };
    for (kind, allowed) in [(Kind::Request, 2), (Kind::Sweep, 3)] {
        let guard = Guard::new(&limits, kind);
        for _ in 0..allowed {
            assert_eq!(guard.count_outbound(), Ok(()));
        }
        for _ in 0..2 {
            assert_eq!(guard.count_outbound(), Err(LimitError::OutboundCalls { limit: allowed }));
        }
        assert_eq!(guard.outbound(), allowed);
    }
}

#[test]
fn options_have_the_defaults_that_are_written_down() {
    let options = RequestOptions::default();
    assert_eq!(options.connect_timeout, Duration::from_secs(5));
    assert_eq!(options.first_byte_timeout, Duration::from_secs(30));
    assert_eq!(options.between_bytes_timeout, Duration::from_secs(30));
}
