//! What the pure part computes, as a budget in fuel, which is the same on every machine.
//!
//! A wrong change copies an answer once more for each row, compares every approval with every other one, or goes through a
//! text once for each of its characters. On a fast machine nobody sees it.

use approval_bridge_tests::harness::{to_announce, to_start};

/// What reading, comparing and rendering 200 approvals, and writing their cards, may take, each with next to no room.
const BUDGETS: [u64; 4] = [4_640_000, 2_080_000, 4_020_000, 4_350_000];

#[test]
fn two_hundred_approvals_are_read_compared_rendered_and_written_within_their_budgets() {
    let parts = to_announce(200);
    let names = ["reading", "comparing", "rendering", "writing"];
    for ((part, budget), what) in parts.into_iter().zip(BUDGETS).zip(names) {
        assert!(part <= budget, "{what} takes {part}, more than {budget}");
    }
    assert_eq!(to_announce(200), parts, "the same work takes the same fuel");
}

#[test]
fn twice_the_approvals_take_twice_the_fuel() {
    let (few, many) = (to_announce(100), to_announce(200));
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < few * 5 / 2, "{few} for 100, {many} for 200");
    }
}

/// Its memory comes as it was built; nothing runs until it is called.
#[test]
fn a_fresh_instance_has_computed_nothing() {
    assert_eq!(to_start(), 0);
}
