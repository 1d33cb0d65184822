//! What the pure part takes of the heap, natively.

use std::process::Command;

/// The heap blocks that it takes to read so many approvals from answers, to compare them with an empty ledger, to write a
/// card for each, and to compare them with a ledger that has them as they are: its parts, in this order. `program` is the
/// one of `bench/allocations.rs`, which cargo names to tests and benchmarks only.
pub fn heap_blocks(program: &str, approvals: usize) -> [u64; 4] {
    let output = Command::new(program).arg(approvals.to_string()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("four numbers")
}
