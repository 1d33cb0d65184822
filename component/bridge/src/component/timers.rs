//! All waits of a call, on one wait of the host.
//!
//! Every call to a vendor has a time-out that nearly never comes. A wait of the host is half a dozen calls out of the
//! component, and one more each time that somebody looks whether it is over. So whoever waits shares one, for who is
//! due first.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use spin_sdk::wasip3::clocks::monotonic_clock;

use super::clocks::Clocks;

/// The waits of one call of the component. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Timers {
    waits: Arc<Mutex<Waits>>,
    clocks: Clocks,
}

#[derive(Default)]
struct Waits {
    /// By the time at which they are over, in nanoseconds of the host's clock, and a number of their own.
    waiting: BTreeMap<(u64, u64), Waker>,
    next: u64,
}

impl Timers {
    /// The waits of who reads these clocks.
    pub(super) fn by(clocks: Clocks) -> Self {
        Self { waits: Arc::default(), clocks }
    }

    /// Waits so long. Only within [`Self::during`] does it come to an end.
    pub(super) fn sleep(&self, duration: Duration) -> Sleep {
        Sleep { timers: self.clone(), duration, place: None }
    }

    /// Runs work, and waits for the host as long as anybody waits in it.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        // At most one, in a list because that looks at it only when it is over: to look is a call out of here. For the same
        // reason one that nobody needs any more is left alone.
        let mut wait = FuturesUnordered::new();
        let mut until = u64::MAX;
        poll_fn(|context| {
            loop {
                self.clocks.pass();
                if let Poll::Ready(result) = work.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                if let Some(first) = self.first().filter(|first| *first < until) {
                    wait = FuturesUnordered::from_iter([monotonic_clock::wait_until(first)]);
                    until = first;
                }
                if !matches!(wait.poll_next_unpin(context), Poll::Ready(Some(()))) {
                    return Poll::Pending;
                }
                until = u64::MAX;
                self.end(self.clocks.monotonic());
            }
        })
        .await
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the first of the waits is over.
    fn first(&self) -> Option<u64> {
        self.waits().waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Tells those whose time has come.
    fn end(&self, now: u64) {
        let mut waits = self.waits();
        let later = waits.waiting.split_off(&(now.saturating_add(1), 0));
        for waker in std::mem::replace(&mut waits.waiting, later).into_values() {
            waker.wake();
        }
    }
}

/// A wait. It begins when it is first looked at.
pub(super) struct Sleep {
    timers: Timers,
    duration: Duration,
    place: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timers = self.timers.clone();
        let mut waits = timers.waits();
        if let Some(place) = self.place {
            // Who is not in the list any more was told.
            let Some(waker) = waits.waiting.get_mut(&place) else { return Poll::Ready(()) };
            waker.clone_from(context.waker());
            return Poll::Pending;
        }
        let nanos = u64::try_from(self.duration.as_nanos()).unwrap_or(u64::MAX);
        let place = (timers.clocks.monotonic().saturating_add(nanos), waits.next);
        waits.next = waits.next.wrapping_add(1);
        waits.waiting.insert(place, context.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.timers.waits().waiting.remove(&place);
        }
    }
}
