//! What every key-value backend promises: one set of rules for all of them, sharing between processes, what stays after
//! `kill -9`, and what is said when a store cannot do what is asked.
//!
//! Redis is a real `redis-server` on a loopback port. `cargo xtask setup` installs it where it may. Without one the
//! tests of Redis do nothing, and say so on stderr.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod crash;
mod errors;
mod place;
mod rules;
mod server;
#[cfg(unix)]
mod sharing;
