//! What the pure part computes, as a budget in fuel, which is the same on every machine.
//!
//! A wrong change copies an answer once more for each row, compares every approval with every other one, or goes through a
//! text once for each of its characters. On a fast machine nobody sees it.

use approval_bridge_tests::harness::to_announce;

/// The cap that hosts of small functions commonly set for one call.
const WHOLE_MAX: u64 = 11_000_000;

#[test]
fn two_hundred_approvals_are_read_compared_and_rendered_within_the_cap_of_a_small_function() {
    let parts = to_announce(200);
    let whole: u64 = parts.iter().sum();
    assert!(whole <= WHOLE_MAX, "{whole}: {parts:?} for reading, comparing, rendering");
    assert_eq!(to_announce(200), parts, "the same work takes the same fuel");
}

#[test]
fn twice_the_approvals_take_twice_the_fuel() {
    let (few, many) = (to_announce(100), to_announce(200));
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < few * 5 / 2, "{few} for 100, {many} for 200");
    }
}
