//! What the bridge promises, one file for each behaviour, run against the built component.
//!
//! Everything runs in one process on a virtual clock; see `approval_bridge_tests::harness`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a mistake in a test should stop it"
)]

mod allocations;
mod announcing;
mod atera;
mod audit;
mod budget;
mod closings;
mod console;
mod cost;
mod crash;
mod credentials;
mod decisions;
mod delivery;
mod digests;
mod doors;
mod finding;
mod first_run;
mod fuel;
mod gateway_errors;
mod gateway_finding;
mod gateway_writing;
mod gateway_zendesk;
mod hints;
mod imports;
mod lengths;
mod limits;
mod listing;
mod lists;
mod load_month;
mod load_serving;
mod load_tracked;
mod managed_answers;
mod managed_cards;
mod managed_crashes;
mod managed_edits;
mod managed_requests;
mod managed_resends;
mod metrics;
mod notices;
mod noticing;
mod operations;
mod outages;
mod pacing;
mod pack;
mod packagings;
mod poison;
mod quiet_hours;
mod reconcile;
mod reminders;
mod routes;
mod sample_addresses;
mod secrets;
mod sharding;
mod signatures;
mod simulation;
mod spin;
mod tls;
mod tokens;
mod two_sweepers;
mod vendor_faults;
mod zendesk_crashes;
mod zendesk_creating;
mod zendesk_decisions;
mod zendesk_finding;
mod zendesk_groups;
mod zendesk_limits;
