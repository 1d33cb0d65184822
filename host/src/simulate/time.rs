//! One virtual clock for the bridge and for the vendors, which moves only when nobody has anything left to do.
//!
//! [`Time::drive`] runs a future and watches whether anything woke it. Once every driven future waits and nothing has
//! woken any of them, the clock jumps to the earliest sleeper's deadline. So a sweep of virtual hours takes
//! milliseconds, and takes the same virtual time on every machine.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::future::BoxFuture;

use crate::clock::Clock;

/// How often a future that waits is given the chance to be joined by others before the clock may jump.
const CALM: u32 = 2;

/// The clock. Clones share everything.
#[derive(Clone)]
pub struct Time {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    start_ms: i64,
    elapsed: Duration,
    next: u64,
    sleepers: BTreeMap<(Duration, u64), Waker>,
    drivers: usize,
    idle: usize,
}

impl Time {
    /// A clock that stands at this time, milliseconds since 1970.
    pub fn new(start_ms: i64) -> Self {
        let (elapsed, sleepers) = (Duration::ZERO, BTreeMap::new());
        Self { inner: Arc::new(Mutex::new(Inner { start_ms, elapsed, next: 0, sleepers, drivers: 0, idle: 0 })) }
    }

    /// Moves on, and wakes whoever is due.
    pub fn advance(&self, by: Duration) {
        let to = self.lock().elapsed.saturating_add(by);
        self.move_to(to);
    }

    /// Runs a future to its end, moving the clock whenever everything waits for it.
    pub async fn drive<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let flag = Arc::new(Flag {
            time: self.clone(),
            woken: AtomicBool::new(true),
            idle: AtomicBool::new(false),
            outer: Mutex::new(None),
        });
        self.lock().drivers += 1;
        let _leave = Leave(flag.clone());
        let waker = Waker::from(flag.clone());
        let mut calm = 0;
        poll_fn(move |context| {
            *flag.outer() = Some(context.waker().clone());
            if flag.woken.swap(false, Ordering::SeqCst) {
                calm = 0;
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(output);
                }
            } else {
                calm += 1;
            }
            if flag.woken.load(Ordering::SeqCst) || calm <= CALM {
                // Through the runtime, so that it stays in charge of its own timers.
                context.waker().wake_by_ref();
            } else {
                flag.rest();
            }
            Poll::Pending
        })
        .await
    }

    fn move_to(&self, to: Duration) {
        let mut inner = self.lock();
        inner.elapsed = inner.elapsed.max(to);
        let now = inner.elapsed;
        let later = inner.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut inner.sleepers, later);
        drop(inner);
        due.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Time {
    fn now_ms(&self) -> i64 {
        let inner = self.lock();
        inner.start_ms.saturating_add(i64::try_from(inner.elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.lock().elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut inner = self.lock();
        inner.next += 1;
        let key = (inner.elapsed.saturating_add(duration), inner.next);
        drop(inner);
        Box::pin(Sleep { time: self.clone(), key })
    }
}

struct Sleep {
    time: Time,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.time.lock();
        if inner.elapsed >= self.key.0 {
            return Poll::Ready(());
        }
        inner.sleepers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.time.lock().sleepers.remove(&self.key);
    }
}

/// Whether a driven future has been woken.
struct Flag {
    time: Time,
    woken: AtomicBool,
    idle: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Flag {
    fn outer(&self) -> MutexGuard<'_, Option<Waker>> {
        self.outer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that this future waits, and moves the clock if all others do as well.
    fn rest(&self) {
        let mut inner = self.time.lock();
        if !self.idle.swap(true, Ordering::SeqCst) {
            inner.idle += 1;
        }
        let next = inner.sleepers.first_key_value().map(|((deadline, _), _)| *deadline);
        let all = inner.idle == inner.drivers;
        drop(inner);
        if let Some(next) = next.filter(|_| all) {
            self.time.move_to(next);
        }
    }

    fn stir(&self) {
        let mut inner = self.time.lock();
        if self.idle.swap(false, Ordering::SeqCst) {
            inner.idle -= 1;
        }
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.stir();
        let outer = self.outer().clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

struct Leave(Arc<Flag>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.stir();
        self.0.time.lock().drivers -= 1;
    }
}

/// What a machine takes the time for: [`Time`], off by what its clock has been set back. Clones share everything.
#[derive(Clone)]
pub struct WallClock {
    time: Time,
    behind_ms: Arc<AtomicI64>,
}

impl WallClock {
    /// A clock that is right.
    pub fn new(time: Time) -> Self {
        Self { time, behind_ms: Arc::default() }
    }

    /// Sets the clock back, as a time service does that finds it fast. What measures durations goes on as before.
    pub fn set_back(&self, by: Duration) {
        self.behind_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Puts the clock right again.
    pub fn put_right(&self) {
        self.behind_ms.store(0, Ordering::Relaxed);
    }
}

impl Clock for WallClock {
    fn now_ms(&self) -> i64 {
        self.time.now_ms().saturating_sub(self.behind_ms.load(Ordering::Relaxed))
    }

    fn monotonic_ns(&self) -> u64 {
        self.time.monotonic_ns()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.time.sleep(duration)
    }
}
