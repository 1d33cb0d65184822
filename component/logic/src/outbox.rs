//! When a message that was not taken is tried again.

use std::time::Duration;

use crate::approval::Millis;

/// Waits before the next attempt, after the first, second … failure (Standard Webhooks, "Deliverability").
const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// The longest of them, in milliseconds. What is to wait longer was told so by a clock that ran ahead.
pub const WAIT_MAX: Millis = 29 * 3_600_000;

/// Up to so many hundredths are added, so that messages which failed together do not come back together.
const JITTER: u64 = 20;

/// How often a message is tried in all.
pub const ATTEMPTS_MAX: usize = SCHEDULE.len() + 1;

/// How long a message waits that has failed `failures` times, at least as long as was asked for; none: it is given up.
/// `id` decides the jitter: the same message always waits the same.
pub fn next_wait(id: &str, failures: u32, at_least: Duration) -> Option<Millis> {
    let planned = usize::try_from(failures).ok()?.checked_sub(1).and_then(|at| SCHEDULE.get(at))?;
    let wait = u64::try_from(planned.max(&at_least).as_millis()).unwrap_or(u64::MAX);
    // FNV-1a: spreads ids that differ only in their last digits.
    let spread = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = id.bytes().chain(failures.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, spread);
    let jitter = wait / 100 * JITTER / 1_000 * (hash % 1_000);
    Some(Millis::try_from(wait.saturating_add(jitter)).unwrap_or(Millis::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (1..=9).map(|failures| next_wait("a", failures, Duration::ZERO).unwrap()).collect();
        assert!(waits.is_sorted(), "{waits:?}");
        assert!((5_000..6_000).contains(&waits[0]) && waits[8] >= 86_400_000, "{waits:?}");
        assert_eq!(next_wait("a", 10, Duration::ZERO), None);
        let longest = (0..1_000).filter_map(|id| next_wait(&id.to_string(), 9, Duration::ZERO)).max().unwrap();
        assert!((WAIT_MAX - 3_600_000..WAIT_MAX).contains(&longest), "{longest}");
        assert_eq!(ATTEMPTS_MAX, 10);
    }

    #[test]
    fn what_the_receiver_asks_for_is_the_least() {
        assert!(next_wait("a", 1, Duration::from_secs(600)).unwrap() >= 600_000);
    }

    #[test]
    fn messages_that_failed_together_come_back_apart_and_always_at_the_same_time() {
        let wait = |number: u32| next_wait(&format!("sdp:requests:1:2:{number}:1:pending"), 2, Duration::ZERO).unwrap();
        let mut waits: Vec<_> = (0..100).map(wait).collect();
        assert_eq!(waits, (0..100).map(wait).collect::<Vec<_>>());
        assert!(waits.iter().all(|wait| (300_000..=360_000).contains(wait)), "{waits:?}");
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 80, "{} different waits", waits.len());
    }
}
