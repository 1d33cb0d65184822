//! Embed and run approval-bridge: the component in wasmtime, with its stores, its egress policy and its limits.
//!
//! A [`Bridge`](bridge::Bridge) holds the compiled component. Every call runs on a fresh instance from a pool, inside
//! [`Limits`](limits::Limits), and reaches nothing but what the host hands it: a [`KeyValue`](key_value::KeyValue)
//! store, [`Variables`](variables::Variables), a [`Clock`](clock::Clock) and a [`Transport`](egress::Transport). Each
//! of these is a trait, so a program or a test brings its own.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use approval_bridge::bridge::Bridge;
//! use approval_bridge::key_value::SqliteStore;
//! use approval_bridge::report;
//! use approval_bridge::variables::VariableMap;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bridge = Bridge::builder()
//!     .variables(VariableMap::new([
//!         ("sdp_base_url", "https://desk.example.com:8080"),
//!         ("sdp_authtoken", "…"),
//!         ("moveworks_api_key", "…"),
//!         ("moveworks_listener_id", "…"),
//!     ]))
//!     .key_value(Arc::new(SqliteStore::open("approval-bridge.db")?))
//!     .build()?;
//! let report = bridge.poll(false).await?;
//! println!("{}", report::line(&report));
//! # Ok(())
//! # }
//! ```
//!
//! The pure part alone, for programs with their own HTTP and store, is [`logic`]. The command `approval-bridge` is
//! [`cli`]; vendors to test against are [`stubs`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "a test that fails may panic"
    )
)]

pub mod bindings;
pub mod bridge;
pub mod builder;
pub mod call;
pub mod card_box;
pub mod cli;
pub mod clock;
pub mod config;
mod demo;
pub mod egress;
mod engine;
pub mod key_value;
pub mod limits;
mod log;
pub mod logic;
pub mod pack;
pub mod report;
pub mod schedule;
pub mod serve;
#[cfg(test)]
mod shipped;
pub mod simulate;
mod state;
pub mod stubs;
pub mod variables;

/// The README, so that its examples are built.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
