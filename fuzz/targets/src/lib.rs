//! What must hold for any bytes, whoever sent them. One function for each door through which strangers' bytes come in;
//! it panics where a rule is broken.
//!
//! Each function is here once and runs twice: for hours under cargo-fuzz (`fuzz/fuzz_targets`), and for seconds in the
//! tests, over the inputs in `fuzz/corpus` and seeded mutations of them. Inputs are text that people can read and write:
//! see [`message`]. `fuzz/README.md` has the commands.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken rule is told by a panic"
)]

mod atera;
mod card;
mod desk;
mod gateway;
mod host;
pub mod message;
mod moveworks;
mod router;
mod rules;
mod sdp;
mod signed;
mod zendesk;

pub use atera::atera_answer;
pub use card::{html, markup};
pub use gateway::{gateway_answer, gateway_payload, gateway_window};
pub use moveworks::moveworks_answer;
pub use router::router;
pub use sdp::{sdp_approval, sdp_approvals, sdp_decision, sdp_levels, sdp_page, sdp_summary, sdp_ticket, sdp_token};
pub use signed::{action_token, approval_id};
pub use zendesk::zendesk_answer;

/// A target: its name, which is that of its corpus and of its cargo-fuzz binary, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 19] = [
    ("action_token", action_token),
    ("approval_id", approval_id),
    ("atera_answer", atera_answer),
    ("gateway_answer", gateway_answer),
    ("gateway_payload", gateway_payload),
    ("gateway_window", gateway_window),
    ("html", html),
    ("markup", markup),
    ("moveworks_answer", moveworks_answer),
    ("router", router),
    ("sdp_approval", sdp_approval),
    ("sdp_approvals", sdp_approvals),
    ("sdp_decision", sdp_decision),
    ("sdp_levels", sdp_levels),
    ("sdp_page", sdp_page),
    ("sdp_summary", sdp_summary),
    ("sdp_ticket", sdp_ticket),
    ("sdp_token", sdp_token),
    ("zendesk_answer", zendesk_answer),
];
