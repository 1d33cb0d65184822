//! What the ledger learns from messages that were taken. A wrong implementation would say them again: the sweep that
//! planned them may have ended before it wrote them down, and the one that finds them sent may not look at their ticket.

use super::*;
use crate::store::tests::entry;

fn told(round: u32, told_at: Option<Millis>, reminders: u32) -> Entry {
    Entry { round, told_at, reminders, ..entry(7) }
}

#[test]
fn of_a_message_that_was_taken_the_ledger_learns_what_it_does_not_have_yet() {
    const CARD: Option<Millis> = Some(9);
    for (own, message, taken, learnt_is) in [
        (None, told(1, None, 0), CARD, Some(told(1, CARD, 0))),
        (Some(told(1, None, 0)), told(1, None, 0), CARD, Some(told(1, CARD, 0))),
        (Some(told(1, Some(5), 0)), told(1, None, 0), CARD, None),
        (Some(told(1, Some(5), 0)), told(2, None, 0), CARD, Some(told(2, CARD, 0))),
        (Some(told(2, Some(5), 0)), told(1, None, 0), CARD, None),
        // A reminder, which was taken or not written down yet.
        (Some(told(1, Some(5), 1)), told(1, Some(5), 2), None, Some(told(1, Some(5), 2))),
        (Some(told(1, Some(5), 2)), told(1, Some(5), 2), None, None),
        (Some(told(1, Some(5), 3)), told(1, Some(5), 2), None, None),
        (Some(told(2, Some(5), 0)), told(1, Some(5), 2), None, None),
    ] {
        let case = format!("{own:?} and {message:?}");
        assert_eq!(learnt(own, &message, taken), learnt_is, "{case}");
    }
}
