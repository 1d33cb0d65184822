//! The figures that the design promises, each measured in one run against its target. `cargo xtask bench` prints them
//! as a table and writes them to `bench.json` in the target folder.
//!
//! Times are shown, never asserted: a busy machine is not a defect. What is exact (sizes, calls, store operations) is
//! asserted in the scenarios.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where it cannot measure"
)]

mod cost;
mod diffing;
mod figure;
mod load;
mod packaging;
mod sizes;
mod sweeps;

use figure::Figures;

fn main() {
    // `cargo test --benches` starts this with --test: there is nothing to check then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    if std::env::args().any(|argument| argument == packaging::STAND_INS) {
        return packaging::stand_ins();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let mut figures = Figures::default();
    sizes::measure(&mut figures);
    runtime.block_on(cost::measure(&mut figures));
    packaging::measure(&mut figures);
    runtime.block_on(sweeps::measure(&mut figures));
    runtime.block_on(load::measure(&mut figures));
    diffing::measure(&mut figures);
    figures.print();
    figures.save();
    if std::env::args().any(|argument| argument == "--publish") {
        figures.publish();
    }
}
