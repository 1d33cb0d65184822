//! The machine's clock, which the story moves on by hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;

use crate::clock::{Clock, SystemClock};

/// Real time and what the story added. Clones share one shift, so bridge and stubs never disagree.
#[derive(Clone, Default)]
pub(super) struct ShiftedClock {
    real: SystemClock,
    shift_ms: Arc<AtomicU64>,
}

impl ShiftedClock {
    /// Lets this much time pass at once.
    pub(super) fn advance(&self, by: Duration) {
        self.shift_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    fn shift(&self) -> u64 {
        self.shift_ms.load(Ordering::Relaxed)
    }
}

impl Clock for ShiftedClock {
    fn now_ms(&self) -> i64 {
        self.real.now_ms().saturating_add(i64::try_from(self.shift()).unwrap_or(i64::MAX))
    }

    fn monotonic_ns(&self) -> u64 {
        self.real.monotonic_ns().saturating_add(self.shift().saturating_mul(1_000_000))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.real.sleep(duration)
    }
}
