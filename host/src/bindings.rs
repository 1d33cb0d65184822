//! Typed bindings to the WIT worlds `bridge` and `logic`, generated at build time.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated code; the WIT files hold the documentation"
)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
