//! What approval-bridge knows, without doing anything: no network, no store, no clock.

pub mod approval;
pub mod atera;
pub mod audit;
pub mod card;
pub mod diff;
mod fields;
pub mod gateway;
pub mod http;
pub mod json;
pub mod managed;
pub mod markup;
pub mod metrics;
pub mod moveworks;
pub mod outbox;
pub mod pace;
pub mod policy;
pub mod quiet;
pub mod redact;
pub mod sdp;
pub mod signature;
pub mod text;
pub mod zendesk;

#[cfg(feature = "component")]
mod exports;
