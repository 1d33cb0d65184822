//! So many messages or calls in any span of time, and no more.
//!
//! Moveworks counts the messages of the whole organisation. The times of the last span's messages are kept, so that the
//! limit holds over sweeps and restarts as well; a count that begins anew each minute would let twice as many through
//! where two minutes meet.

use crate::approval::Millis;

/// How many messages, or calls, may go in any span of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many; 0: as many as there are.
    pub messages: usize,
    /// The length of the span, in milliseconds.
    pub span: Millis,
}

impl Rate {
    /// What the Events API takes (Moveworks, "Events API": 120 requests a minute for the organisation).
    pub const EVENTS: Self = Self::per_minute(120);

    /// What a secured listener takes (Moveworks, "Webhook Listener": 5 requests a second; newer copies of the page say
    /// 50, and those who know theirs can set it).
    pub const LISTENER: Self = Self { messages: 5, span: 1_000 };

    /// So many a minute.
    pub const fn per_minute(messages: usize) -> Self {
        Self { messages, span: 60_000 }
    }

    /// What each may send where so many share the limit.
    pub fn part(self, of: usize) -> Self {
        let Self { messages, span } = self;
        match messages / of.max(1) {
            _ if messages == 0 => self,
            // Less than one in a span is one in a longer span. Should all of them send theirs at once, Moveworks says so.
            0 => Self { messages: 1, span: span * Millis::try_from(of.div_ceil(messages)).unwrap_or(1) },
            messages => Self { messages, span },
        }
    }
}

/// The messages of the last span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    rate: Rate,
    /// In order, oldest first; never more than the limit.
    taken: Vec<Millis>,
}

impl Pace {
    /// The pace of a rate, after messages at these times.
    pub fn new(rate: Rate, taken: &[Millis], now: Millis) -> Self {
        // A clock that was set back must not make anybody wait for the time that it had shown.
        let mut taken: Vec<Millis> = taken.iter().map(|at| (*at).min(now)).collect();
        taken.sort_unstable();
        let mut pace = Self { rate, taken };
        pace.forget(now);
        pace
    }

    /// Learns of more messages, some of which may be known.
    pub fn learn(&mut self, taken: &[Millis], now: Millis) {
        let mut unknown: Vec<Millis> = taken.iter().map(|at| (*at).min(now)).collect();
        for known in &self.taken {
            if let Some(at) = unknown.iter().position(|at| at == known) {
                unknown.swap_remove(at);
            }
        }
        self.taken.append(&mut unknown);
        self.taken.sort_unstable();
        self.forget(now);
    }

    /// How long the next message has to wait, in milliseconds; 0: it may go.
    pub fn wait(&self, now: Millis) -> Millis {
        let Rate { messages, span } = self.rate;
        let first = self.taken.len().checked_sub(messages).filter(|_| messages > 0).and_then(|at| self.taken.get(at));
        first.map_or(0, |first| first.saturating_add(span).saturating_sub(now).clamp(0, span))
    }

    /// A message goes now.
    pub fn take(&mut self, now: Millis) {
        if self.rate.messages > 0 {
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
        let surplus = self.taken.len().saturating_sub(self.rate.messages);
        let old = self.taken.iter().take_while(|at| now.saturating_sub(**at) >= self.rate.span).count();
        self.taken.drain(..surplus.max(old).min(self.taken.len()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_span_has_more_than_the_limit_whatever_comes_when(
            limit in 1_usize..20,
            span in prop::sample::select(&[1_000_i64, 60_000][..]),
            gaps in prop::collection::vec(0_i64..9_000, 1..200),
            restart_every in 1_usize..30,
        ) {
            let rate = Rate { messages: limit, span };
            let mut pace = Pace::new(rate, &[], 0);
            let (mut now, mut sent) = (0, Vec::new());
            for (index, gap) in gaps.into_iter().enumerate() {
                now += gap;
                if index % restart_every == 0 {
                    pace = Pace::new(rate, pace.taken(), now);
                }
                now += pace.wait(now);
                prop_assert_eq!(pace.wait(now), 0, "it waits as long as it has to");
                pace.take(now);
                sent.push(now);
                prop_assert!(pace.taken().len() <= limit);
            }
            for (index, begin) in sent.iter().enumerate() {
                let within = sent.iter().skip(index).filter(|at| **at - begin < span).count();
                prop_assert!(within <= limit);
            }
        }
    }

    #[test]
    fn those_who_share_a_limit_send_no_more_than_one_alone_in_the_long_run() {
        for messages in [0, 1, 5, 16, 120] {
            for of in 1..=16 {
                let rate = Rate { messages, span: 1_000 };
                let part = rate.part(of);
                let in_an_hour = |rate: Rate| i64::try_from(rate.messages).unwrap() * 3_600_000 / rate.span;
                assert!(i64::try_from(of).unwrap() * in_an_hour(part) <= in_an_hour(rate), "{messages} for {of}");
                assert!(part.messages > 0 || messages == 0, "nobody waits for ever");
            }
        }
    }

    #[test]
    fn what_several_tell_of_the_same_messages_counts_once() {
        let mut pace = Pace::new(Rate::per_minute(9), &[10, 20, 20], 30);
        pace.learn(&[20, 20, 25], 30);
        pace.learn(&[10, 20], 30);
        assert_eq!(pace.taken(), [10, 20, 20, 25]);
    }

    #[test]
    fn a_free_minute_is_not_waited_for() {
        let mut pace = Pace::new(Rate::per_minute(2), &[], 0);
        pace.take(10);
        assert_eq!(pace.wait(20), 0);
        pace.take(20);
        assert_eq!(pace.wait(20), 59_990);
        assert_eq!(pace.wait(60_010), 0);
    }

    #[test]
    fn without_a_limit_nobody_waits_and_nothing_is_kept() {
        let mut pace = Pace::new(Rate::per_minute(0), &[1, 2, 3], 5);
        pace.take(5);
        assert_eq!((pace.wait(5), pace.taken().len()), (0, 0));
    }

    #[test]
    fn a_clock_that_was_set_back_costs_a_minute_at_the_most() {
        let pace = Pace::new(Rate::per_minute(1), &[1_000_000_000], 5_000);
        assert_eq!(pace.wait(5_000), 60_000);
    }
}
