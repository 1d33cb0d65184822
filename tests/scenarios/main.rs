//! What the bridge promises, one file for each behaviour, run against the built component.
//!
//! Everything runs in one process on a virtual clock; see `approval_bridge_tests::harness`.

mod announcing;
mod crash;
mod credentials;
mod decisions;
mod delivery;
mod doors;
mod finding;
mod first_run;
mod imports;
mod limits;
mod lists;
mod noticing;
mod operations;
mod reminders;
mod sample_addresses;
mod secrets;
mod spin;
mod tokens;
