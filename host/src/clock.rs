//! Time, as the guest sees it: the machine's, or a test's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use tokio::sync::oneshot;

/// Where the bridge gets its time from. Limits are kept in real time, whatever this says.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Nanoseconds since some fixed moment; never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Returns when this much time has passed on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock.
#[derive(Clone, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic_ns(&self) -> u64 {
        saturating_ns(self.start.elapsed())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is told to move.
///
/// Sleepers wake in the order of their deadlines. With [`TestClock::auto`] time moves by itself to the next deadline as
/// soon as nothing else has run for a moment, so that hours of waiting take no time.
#[derive(Clone)]
pub struct TestClock {
    inner: Arc<Mutex<Inner>>,
    auto: Option<Duration>,
}

struct Inner {
    start_ms: i64,
    elapsed: Duration,
    next_id: u64,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
}

/// How often an automatic sleeper lets others run before it moves the clock.
const YIELDS: usize = 64;

impl TestClock {
    /// A clock that reads `start_ms` (since 1970) and moves only by [`TestClock::advance`].
    pub fn new(start_ms: i64) -> Self {
        let inner = Inner { start_ms, elapsed: Duration::ZERO, next_id: 0, sleepers: BTreeMap::new() };
        Self { inner: Arc::new(Mutex::new(inner)), auto: None }
    }

    /// A clock that jumps to the next deadline when all that can run has run. With a `grace` above zero a sleeper waits
    /// that much real time first, for tests with real sockets.
    pub fn auto(start_ms: i64, grace: Duration) -> Self {
        Self { auto: Some(grace), ..Self::new(start_ms) }
    }

    /// Moves time on and wakes whoever is due, earliest deadline first.
    pub fn advance(&self, by: Duration) {
        let mut inner = self.lock();
        let to = inner.elapsed.saturating_add(by);
        inner.move_to(to);
    }

    /// How many sleepers wait.
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn settle(&self, grace: Duration) {
        if grace.is_zero() {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        } else {
            tokio::time::sleep(grace).await;
        }
    }
}

impl Inner {
    fn move_to(&mut self, to: Duration) {
        self.elapsed = self.elapsed.max(to);
        while let Some(entry) = self.sleepers.first_entry() {
            if entry.key().0 > self.elapsed {
                break;
            }
            // A sleeper that has been dropped does not mind.
            let _ = entry.remove().send(());
        }
    }

    /// Moves to `deadline` if nobody who still waits is due earlier.
    fn jump_if_first(&mut self, deadline: Duration) {
        self.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        if self.sleepers.first_key_value().is_none_or(|((first, _), _)| *first >= deadline) {
            self.move_to(deadline);
        }
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        let inner = self.lock();
        inner.start_ms.saturating_add(i64::try_from(inner.elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ns(&self) -> u64 {
        saturating_ns(self.lock().elapsed)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (wake, mut woken) = oneshot::channel();
        let deadline = {
            let mut inner = self.lock();
            let deadline = inner.elapsed.saturating_add(duration);
            if duration.is_zero() {
                let _ = wake.send(());
            } else {
                let id = inner.next_id;
                inner.next_id = inner.next_id.wrapping_add(1);
                inner.sleepers.insert((deadline, id), wake);
            }
            deadline
        };
        let clock = self.clone();
        Box::pin(async move {
            let Some(grace) = clock.auto else {
                let _ = woken.await;
                return;
            };
            loop {
                tokio::select! {
                    biased;
                    _ = &mut woken => return,
                    () = clock.settle(grace) => clock.lock().jump_if_first(deadline),
                }
            }
        })
    }
}

fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) mod guest {
    //! The imports `wasi:clocks`, served from a [`Clock`](super::Clock).

    use std::time::Duration;

    use wasmtime::component::{Accessor, HasSelf};

    use crate::bindings::bridge::wasi::clocks::{monotonic_clock, system_clock, types};
    use crate::state::State;

    /// What the guest is told about the precision of both clocks.
    const RESOLUTION_NS: u64 = 1_000_000;

    impl types::Host for State {}

    impl system_clock::Host for State {
        fn now(&mut self) -> wasmtime::Result<system_clock::Instant> {
            let now = self.host.clock.now_ms();
            let nanoseconds = u32::try_from(now.rem_euclid(1000))?.saturating_mul(1_000_000);
            Ok(system_clock::Instant { seconds: now.div_euclid(1000), nanoseconds })
        }

        fn get_resolution(&mut self) -> wasmtime::Result<types::Duration> {
            Ok(RESOLUTION_NS)
        }
    }

    impl monotonic_clock::Host for State {
        fn now(&mut self) -> wasmtime::Result<monotonic_clock::Mark> {
            Ok(self.host.clock.monotonic_ns())
        }

        fn get_resolution(&mut self) -> wasmtime::Result<types::Duration> {
            Ok(RESOLUTION_NS)
        }
    }

    impl monotonic_clock::HostWithStore<State> for HasSelf<State> {
        async fn wait_until(store: &Accessor<State, Self>, when: monotonic_clock::Mark) -> wasmtime::Result<()> {
            let sleep = store.with(|mut state| {
                let clock = &state.get().host.clock;
                clock.sleep(Duration::from_nanos(when.saturating_sub(clock.monotonic_ns())))
            });
            sleep.await;
            Ok(())
        }

        async fn wait_for(store: &Accessor<State, Self>, how_long: types::Duration) -> wasmtime::Result<()> {
            let sleep = store.with(|mut state| state.get().host.clock.sleep(Duration::from_nanos(how_long)));
            sleep.await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_deadlines() {
        let clock = TestClock::new(0);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for seconds in [3, 1, 2] {
            let (sleep, order) = (clock.sleep(Duration::from_secs(seconds)), order.clone());
            tasks.push(tokio::spawn(async move {
                sleep.await;
                order.lock().unwrap().push(seconds);
            }));
        }
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        assert_eq!(clock.now_ms(), 3000);
    }

    #[tokio::test]
    async fn time_stands_still_until_it_is_moved() {
        let clock = TestClock::new(5);
        let sleep = clock.sleep(Duration::from_secs(1));
        clock.advance(Duration::from_millis(999));
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_millis(1));
        sleep.await;
        assert_eq!(clock.now_ms(), 1005);
    }

    #[tokio::test]
    async fn an_automatic_clock_waits_hours_in_no_time_and_in_order() {
        let clock = TestClock::auto(0, Duration::ZERO);
        let late = clock.sleep(Duration::from_secs(7200));
        let early = {
            let clock = clock.clone();
            tokio::spawn(async move {
                clock.sleep(Duration::from_secs(3600)).await;
                clock.now_ms()
            })
        };
        tokio::task::yield_now().await;
        late.await;
        assert_eq!(early.await.unwrap(), 3_600_000);
        assert_eq!(clock.now_ms(), 7_200_000);
    }

    #[tokio::test]
    async fn a_dropped_sleeper_holds_nobody_up() {
        let clock = TestClock::auto(0, Duration::ZERO);
        drop(clock.sleep(Duration::from_secs(1)));
        clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(clock.now_ms(), 2000);
    }
}
