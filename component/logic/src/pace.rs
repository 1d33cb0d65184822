//! So many messages in any minute, and no more.
//!
//! Moveworks counts 120 calls a minute for the whole organisation (Moveworks, "Events API: limits"). The times of the
//! last minute's messages are kept, so that the limit holds over sweeps and restarts as well; a count that begins anew
//! each minute would let twice as many through where two minutes meet.

use crate::approval::Millis;

/// The span that is counted over.
const MINUTE: Millis = 60_000;

/// The messages of the last minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    limit: usize,
    /// In order, oldest first; never more than the limit.
    taken: Vec<Millis>,
}

impl Pace {
    /// A pace of `limit` messages a minute, 0 for as many as there are, after messages at these times.
    pub fn new(limit: usize, taken: &[Millis], now: Millis) -> Self {
        // A clock that was set back must not make anybody wait for the time that it had shown.
        let mut taken: Vec<Millis> = taken.iter().map(|at| (*at).min(now)).collect();
        taken.sort_unstable();
        let mut pace = Self { limit, taken };
        pace.forget(now);
        pace
    }

    /// How long the next message has to wait, in milliseconds; 0: it may go.
    pub fn wait(&self, now: Millis) -> Millis {
        let first =
            self.taken.len().checked_sub(self.limit).filter(|_| self.limit > 0).and_then(|at| self.taken.get(at));
        first.map_or(0, |first| first.saturating_add(MINUTE).saturating_sub(now).clamp(0, MINUTE))
    }

    /// A message goes now.
    pub fn take(&mut self, now: Millis) {
        if self.limit > 0 {
            self.taken.push(now);
            self.forget(now);
        }
    }

    /// The message that took its turn last is not sent after all.
    pub fn give_back(&mut self) {
        self.taken.pop();
    }

    /// The times to keep.
    pub fn taken(&self) -> &[Millis] {
        &self.taken
    }

    fn forget(&mut self, now: Millis) {
        let surplus = self.taken.len().saturating_sub(self.limit);
        let old = self.taken.iter().take_while(|at| now.saturating_sub(**at) >= MINUTE).count();
        self.taken.drain(..surplus.max(old).min(self.taken.len()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_has_more_than_the_limit_whatever_comes_when(
            limit in 1_usize..20,
            gaps in prop::collection::vec(0_i64..9_000, 1..200),
            restart_every in 1_usize..30,
        ) {
            let mut pace = Pace::new(limit, &[], 0);
            let (mut now, mut sent) = (0, Vec::new());
            for (index, gap) in gaps.into_iter().enumerate() {
                now += gap;
                if index % restart_every == 0 {
                    pace = Pace::new(limit, pace.taken(), now);
                }
                now += pace.wait(now);
                prop_assert_eq!(pace.wait(now), 0, "it waits as long as it has to");
                pace.take(now);
                sent.push(now);
                prop_assert!(pace.taken().len() <= limit);
            }
            for (index, begin) in sent.iter().enumerate() {
                let within = sent.iter().skip(index).filter(|at| **at - begin < MINUTE).count();
                prop_assert!(within <= limit);
            }
        }
    }

    #[test]
    fn a_free_minute_is_not_waited_for() {
        let mut pace = Pace::new(2, &[], 0);
        pace.take(10);
        assert_eq!(pace.wait(20), 0);
        pace.take(20);
        assert_eq!(pace.wait(20), 59_990);
        assert_eq!(pace.wait(60_010), 0);
    }

    #[test]
    fn without_a_limit_nobody_waits_and_nothing_is_kept() {
        let mut pace = Pace::new(0, &[1, 2, 3], 5);
        pace.take(5);
        assert_eq!((pace.wait(5), pace.taken().len()), (0, 0));
    }

    #[test]
    fn a_clock_that_was_set_back_costs_a_minute_at_the_most() {
        let pace = Pace::new(1, &[1_000_000_000], 5_000);
        assert_eq!(pace.wait(5_000), 60_000);
    }
}
