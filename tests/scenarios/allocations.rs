//! What the pure part takes of the heap, as a budget in blocks: natively, where it can be counted, and the same number on
//! every machine.
//!
//! A wrong change copies a text that could be looked at, or makes a new one for each step that it goes through. Each is a
//! call of the allocator, and in a component most of what is computed.

use approval_bridge_tests::harness::heap_blocks;

/// What reading, comparing and rendering 200 approvals may take, and comparing them when they are known and as they were,
/// each with no room.
const BUDGETS: [u64; 4] = [1_432, 19, 3_600, 12];

fn blocks(approvals: usize) -> [u64; 4] {
    heap_blocks(env!("CARGO_BIN_EXE_allocations"), approvals)
}

#[test]
fn two_hundred_approvals_are_read_compared_and_rendered_within_their_blocks() {
    let parts = blocks(200);
    for ((part, budget), what) in
        parts.into_iter().zip(BUDGETS).zip(["reading", "comparing", "rendering", "comparing again"])
    {
        assert!(part <= budget, "{what} takes {part} blocks, more than {budget}");
    }
    assert_eq!(blocks(200), parts, "the same work takes the same blocks");
}

/// What is taken once is only spread over more of them.
#[test]
fn an_approval_takes_no_more_blocks_among_many_than_among_few() {
    let (few, many) = (blocks(200), blocks(2_000));
    for (few, many) in few.into_iter().zip(many) {
        assert!(many <= few * 10, "{few} for 200, {many} for 2,000");
    }
}
