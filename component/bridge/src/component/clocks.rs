//! The clocks of the host, read no more often than time can have passed.
//!
//! To read a clock is a call out of the component, and a message that is sent asks a dozen times what time it is. What was
//! read holds until a vendor or the store has answered, or the component has waited: what it computes in between takes
//! next to no time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approval_logic::approval::Millis;
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};

/// The clocks of one call of the component. Clones share what was read.
#[derive(Clone, Default)]
pub(super) struct Clocks(Arc<Mutex<Reading>>);

#[derive(Default)]
struct Reading {
    monotonic: Option<u64>,
    wall: Option<Millis>,
}

impl Clocks {
    /// Nanoseconds of the clock that only goes forward.
    pub(super) fn monotonic(&self) -> u64 {
        *self.reading().monotonic.get_or_insert_with(monotonic_clock::now)
    }

    /// The wall clock.
    pub(super) fn wall(&self) -> Millis {
        *self.reading().wall.get_or_insert_with(|| {
            let now = system_clock::now();
            now.seconds.saturating_mul(1000).saturating_add(Millis::from(now.nanoseconds / 1_000_000))
        })
    }

    /// Time has passed.
    pub(super) fn pass(&self) {
        *self.reading() = Reading::default();
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
