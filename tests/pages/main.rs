//! The console in a real browser: nothing is loaded or run that the policy forbids, a form that the bridge wrote is one
//! that it takes, and everybody can read it: on a desk and on a phone, in light and dark, with eyes, ears or keys.
//!
//! Without Chromium the tests say that they were skipped. What the browser saw is left as pictures in
//! `target/tmp/console`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

mod chromium;
mod console;
