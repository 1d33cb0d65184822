//! What the scenarios and the benchmarks share: a help desk, Moveworks and the real component in wasmtime, in one
//! process and on one virtual clock. See [`harness::Desk`].

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test's set-up should stop the test with a sentence"
)]

pub mod harness;
