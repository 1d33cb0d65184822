//! `approval-bridge simulate`: days of the bridge's life in seconds, with every promise checked.
//!
//! The real component runs in wasmtime; what is around it is played: the vendors in this process, a store in memory, a
//! clock that jumps to whatever happens next. People ask, answer, reassign and delete, in ServiceDesk Plus, in Zendesk, and
//! in requests that the bridge keeps; with faults switched on, processes end at any call, stores fail, vendors falter and
//! the clock is set back. All of it is decided by one seed, and every call that the component makes to its host is numbered
//! and written into a journal: the same seed gives the same journal, byte for byte, so whatever goes wrong can be looked at
//! again as often as one likes.
//!
//! [`Time`], [`Plug`] and [`Witness`] also serve tests that set up their own scenes.

mod asked;
mod inspect;
mod journal;
mod kept;
mod keys;
mod people;
mod plug;
mod promise;
mod run;
mod stage;
mod story;
mod sweepers;
mod time;
mod trouble;
mod watched;
mod witness;

use std::io::Write;
use std::time::Duration;

pub use inspect::{Rest, inspect};
pub use journal::Journal;
pub use keys::Keys;
pub use people::Done;
pub use plug::{Moment, Plug, PluggedStore, PluggedTransport};
pub use promise::{Breach, Promise};
pub use run::{Outcome, run};
pub use story::story;
pub use time::{Time, WallClock};
pub use trouble::Went;
pub use watched::{WitnessedStore, WitnessedTransport};
pub use witness::{Question, READ_WINDOW_MS, Said, Witness};

/// What is simulated.
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// How many days.
    pub days: u64,
    /// How many tickets are made in that time.
    pub tickets: u64,
    /// The time between two sweeps.
    pub poll: Duration,
    /// How many sweepers share the work at most; how many there are changes from day to day.
    pub sweepers: usize,
    /// Whether things go wrong.
    pub faults: bool,
    /// Where the journal goes; its hash is taken in any case.
    pub journal: Option<Box<dyn Write + Send>>,
}

impl Options {
    /// The command that does the same again.
    pub fn command(&self) -> String {
        let Self { seed, days, tickets, .. } = self;
        let faults = if self.faults { " --faults" } else { "" };
        let sweepers = if self.sweepers > 1 { format!(" --sweepers {}", self.sweepers) } else { String::new() };
        let poll = self.poll.as_secs();
        format!(
            "approval-bridge simulate --seed {seed} --days {days} --tickets {tickets} --poll-seconds {poll}{sweepers}{faults}"
        )
    }
}

/// Why a simulation could not be run; that a promise is broken is no such reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulation cannot run: {0}")]
pub struct SimulateError(String);
