//! The harness: set up a [`Desk`], change its world as people would, call the bridge, look at what came of it.
//!
//! Nothing here waits in real time. The bridge and the vendors share one [`Time`], which moves on when nobody has
//! anything left to do.

mod answer;
mod browser;
mod card;
mod desk;
mod document;
mod fuel;
mod heap;
pub mod level;
mod native;
mod requests;
mod served;
mod setup;
mod tls;
mod tracked;
mod zendesk;

pub use answer::{Answer, Sweep};
pub use approval_bridge::simulate::{Moment, Plug, Time};
pub use browser::Browser;
pub use card::Card;
pub use desk::Desk;
pub use fuel::{to_announce, to_start};
pub use heap::heap_blocks;
pub use native::NativeHost;
pub use requests::{AGENT, SAM, asking};
pub use served::Served;
pub use setup::{API_TOKEN, Setup, plain_variables, wide_limits};
pub use tls::{TLS_NAME, Tls};
pub use tracked::Tracked;
pub use zendesk::requests;

use std::time::Duration;

/// Budgets of the two components, in KiB. Every system that is added brings what is known about it.
pub const SIZES: [(&str, u16); 2] = [("approval_logic", 432), ("approval_bridge", 2320)];

/// Somebody who approves, with an address.
pub type Who = (&'static str, &'static str);

/// An approver.
pub const ANA: Who = ("Ana Abara", "ana@corp.example");
/// Another approver.
pub const BO: Who = ("Bo Lind", "bo@corp.example");
/// A third approver.
pub const CY: Who = ("Cy Ito", "cy@corp.example");

/// Seconds.
pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Minutes.
pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// Hours.
pub fn hours(n: u64) -> Duration {
    minutes(n * 60)
}

/// Days.
pub fn days(n: u64) -> Duration {
    hours(n * 24)
}

/// Days, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
