//! How a test names what it made: references to tickets and approvals, in the bridge's own form of id.

use super::model::Module;
use std::fmt;

/// Points at one approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalRef {
    /// The module.
    pub module: Module,
    /// The ticket's id.
    pub ticket: String,
    /// The level's id.
    pub level: String,
    /// The approval's id.
    pub approval: String,
}

impl ApprovalRef {
    /// The bridge's id: `sdp:{module}:{ticket}:{level}:{approval}`.
    pub fn id(&self) -> String {
        self.to_string()
    }

    /// Reads the bridge's id.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.strip_prefix("sdp:")?.split(':');
        let module = Module::from_plural(parts.next()?)?;
        let (ticket, level, approval) = (parts.next()?.into(), parts.next()?.into(), parts.next()?.into());
        parts.next().is_none().then_some(Self { module, ticket, level, approval })
    }
}

impl fmt::Display for ApprovalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sdp:{}:{}:{}:{}", self.module.plural(), self.ticket, self.level, self.approval)
    }
}

/// Points at one ticket, and remembers the levels and approvals it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRef {
    /// The module.
    pub module: Module,
    /// The ticket's id.
    pub ticket: String,
    /// The number people know.
    pub number: String,
    /// For each level its id and its approvals.
    pub levels: Vec<LevelRef>,
}

/// One level of a [`TicketRef`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRef {
    /// The level's id.
    pub level: String,
    /// Its approvals, in order.
    pub approvals: Vec<ApprovalRef>,
}

impl TicketRef {
    /// The approval at these places, both from 0.
    ///
    /// # Panics
    /// If the ticket was not made with one: a mistake in a test's set-up.
    #[allow(clippy::panic, reason = "a mistake in a test's set-up should stop the test with a sentence")]
    pub fn approval(&self, level: usize, place: usize) -> ApprovalRef {
        match self.levels.get(level).and_then(|level| level.approvals.get(place)) {
            Some(approval) => approval.clone(),
            None => panic!("ticket {} was made without approval {place} on level {level}", self.number),
        }
    }

    /// Every approval, level by level.
    pub fn approvals(&self) -> impl Iterator<Item = &ApprovalRef> {
        self.levels.iter().flat_map(|level| &level.approvals)
    }
}

/// What a setter was pointed at does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stubs hold no {}", self.0)
    }
}

impl std::error::Error for Missing {}
