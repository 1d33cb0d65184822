//! What the bridge promises, and how a broken promise is told.

use std::fmt;

/// What the bridge promises; see DESIGN, "What must always hold".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// What waits at its approver is announced.
    NothingMissed,
    /// One announcement for each asking; a repeat only where a process, an answer or a write was lost.
    NothingTwice,
    /// All that is announced of one asking carries one event id, so that who can collapse repeats does.
    OneEventId,
    /// Nothing is said of what is not so.
    NothingFalse,
    /// The ledger says what the world says.
    Ledger,
    /// The outbox is empty once there is nothing left to say.
    Outbox,
    /// Every key of the store can be reached.
    Keys,
    /// A decision is its approver's, and the caller hears what the help desk says.
    Decisions,
    /// What came of a request that the bridge keeps stands in its ticket, once.
    Outcomes,
}

impl Promise {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 9] = [
        Self::NothingMissed,
        Self::NothingTwice,
        Self::OneEventId,
        Self::NothingFalse,
        Self::Ledger,
        Self::Outbox,
        Self::Keys,
        Self::Decisions,
        Self::Outcomes,
    ];

    /// The promise in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingMissed => "nothing missed",
            Self::NothingTwice => "nothing twice",
            Self::OneEventId => "one event id for each asking",
            Self::NothingFalse => "nothing false",
            Self::Ledger => "the ledger is the world",
            Self::Outbox => "the outbox drains",
            Self::Keys => "no key is lost",
            Self::Decisions => "decisions hold",
            Self::Outcomes => "outcomes stand in their tickets",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which one.
    pub promise: Promise,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = chrono::DateTime::from_timestamp_millis(self.at).unwrap_or_default();
        write!(f, "{}, {}: {}", self.promise.words(), at.format("%Y-%m-%d %H:%M:%S"), self.what)
    }
}
