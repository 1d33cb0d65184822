//! The help desk's names of states → Moveworks' internal codes ("Ticket Gateway: Configuration Guide", states).

/// What a state means to Moveworks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InternalState {
    /// Created, untouched.
    New,
    /// Being worked on.
    Wip,
    /// On hold until the user answers.
    WaitingForUser,
    /// On hold until a vendor delivers.
    WaitingForVendor,
    /// An approval is open.
    WaitingForApproval,
    /// Done, may be reopened.
    Resolved,
    /// Done for good.
    Closed,
    /// None of these, or a name that nobody has mapped.
    NotApplicable,
}

impl InternalState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Wip,
        Self::WaitingForUser,
        Self::WaitingForVendor,
        Self::WaitingForApproval,
        Self::Resolved,
        Self::Closed,
        Self::NotApplicable,
    ];

    /// The code on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Wip => "WIP",
            Self::WaitingForUser => "WAITING_FOR_USER",
            Self::WaitingForVendor => "WAITING_FOR_VENDOR",
            Self::WaitingForApproval => "WAITING_FOR_APPROVAL",
            Self::Resolved => "RESOLVED",
            Self::Closed => "CLOSED",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }

    /// The state of a code, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether the work is over.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// Which name means what. Names are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States(Vec<(String, InternalState)>);

impl States {
    /// A table of these names.
    pub(crate) fn new(pairs: &[(&str, InternalState)]) -> Self {
        Self(pairs.iter().map(|(name, state)| (normal(name), *state)).collect())
    }

    /// Maps a name, whatever it meant before.
    pub(super) fn set(&mut self, name: &str, state: InternalState) {
        let name = normal(name);
        self.0.retain(|(own, _)| *own != name);
        self.0.push((name, state));
    }

    /// What a name means; [`InternalState::NotApplicable`] where nobody has said.
    pub fn read(&self, name: &str) -> InternalState {
        self.get(name).unwrap_or(InternalState::NotApplicable)
    }

    /// Whether somebody has said what a name means.
    pub fn knows(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<InternalState> {
        let name = normal(name);
        self.0.iter().find(|(own, _)| *own == name).map(|(_, state)| *state)
    }
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}
