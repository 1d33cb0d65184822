//! A sweep now and then one every so often, on a fixed beat.
//!
//! A sweep that takes longer than the beat skips the beats it missed; the beat itself does not move. Two sweeps never
//! run at the same time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{Instrument, error};

use crate::bridge::Bridge;
use crate::clock::Clock;
use crate::log;

/// Sweeps until the future is dropped. A sweep that fails is logged; the next beat tries again. `first` is told when
/// the first sweep has ended, however it did.
pub async fn run(bridge: Bridge, every: Duration, first: oneshot::Sender<()>) {
    let clock = bridge.clock().clone();
    let mut first = Some(first);
    beat(clock, every, || {
        let bridge = bridge.clone();
        let first = first.take();
        async move {
            let sweep = async {
                match bridge.poll(false).await {
                    Ok(report) => log::report(&report),
                    Err(error) => error!(%error, "the sweep failed; the next one tries again"),
                }
            };
            sweep.instrument(log::sweep(bridge.clock().now_ms()).span).await;
            if let Some(first) = first {
                // Nobody waits any more where the first sweep took long.
                let _ = first.send(());
            }
        }
    })
    .await;
}

/// Runs `work` now and on every beat after it.
async fn beat<F: Future<Output = ()>>(clock: Arc<dyn Clock>, every: Duration, mut work: impl FnMut() -> F) {
    let every = u64::try_from(every.as_nanos()).unwrap_or(u64::MAX).max(1);
    let start = clock.monotonic_ns();
    loop {
        work().await;
        let since = clock.monotonic_ns().saturating_sub(start);
        clock.sleep(Duration::from_nanos(every - since % every)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::clock::TestClock;

    /// Runs until `count` sweeps have begun; each takes as long as its entry says. Returns when they began, in seconds.
    async fn beginnings(lengths: &[u64]) -> Vec<i64> {
        let clock = TestClock::auto(0, Duration::ZERO);
        let began = Mutex::new(Vec::new());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (began, clock) = (&began, &clock);
        let run = beat(shared, Duration::from_secs(60), || async move {
            let turn = {
                let mut began = began.lock().unwrap();
                began.push(clock.now_ms() / 1000);
                began.len()
            };
            match lengths.get(turn - 1) {
                Some(length) => clock.sleep(Duration::from_secs(*length)).await,
                None => std::future::pending().await,
            }
        });
        let _ = tokio::time::timeout(Duration::from_millis(500), run).await;
        let began = began.lock().unwrap();
        began.clone()
    }

    #[tokio::test]
    async fn the_first_sweep_is_at_once_and_the_beat_does_not_drift() {
        assert_eq!(beginnings(&[10, 20, 0]).await, [0, 60, 120, 180]);
    }

    #[tokio::test]
    async fn a_long_sweep_skips_beats_and_overlaps_with_nothing() {
        assert_eq!(beginnings(&[150, 10]).await, [0, 180, 240]);
    }
}
