//! The shell of approval-bridge: everything round the pure logic that reads, waits, sends and remembers.
//!
//! It is written against the small trait [`host::Host`], so the same code is the WebAssembly component and, natively,
//! what tests and measurements run.

pub mod config;
pub mod decide;
pub mod deliver;
pub mod gateway;
pub mod host;
pub mod http;
pub mod report;
pub mod requests;
pub mod routes;
pub mod secret;
pub mod shell;
pub mod sorted;
pub mod sources;
pub mod store;
pub mod sweep;
pub mod tally;
mod together;

#[cfg(target_arch = "wasm32")]
mod component;

#[cfg(test)]
mod testing;
