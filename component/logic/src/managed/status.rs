//! Where a request stands: a function of how many were asked, how many answered, and how many it takes.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// How many approvals a request needs.
///
/// Written as `{"rule":"all"}`, `{"rule":"any"}` or `{"rule":"at_least","count":2}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Policy {
    /// Everybody's.
    #[default]
    All,
    /// Anybody's.
    Any,
    /// That of so many people, whoever they are.
    AtLeast {
        /// 1 or more, and never more than there are recipients.
        count: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Written {
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

impl TryFrom<Written> for Policy {
    type Error = Refusal;

    fn try_from(written: Written) -> Result<Self, Refusal> {
        Self::new(&written.rule, written.count)
    }
}

impl From<Policy> for Written {
    fn from(policy: Policy) -> Self {
        let (rule, count) = match policy {
            Policy::All => ("all", None),
            Policy::Any => ("any", None),
            Policy::AtLeast { count } => ("at_least", Some(count)),
        };
        Self { rule: rule.to_owned(), count }
    }
}

impl Policy {
    /// The policy of a rule's name. A count belongs to `at_least` and to nothing else.
    pub fn new(rule: &str, count: Option<u32>) -> Result<Self, Refusal> {
        match (rule, count) {
            ("all", None) => Ok(Self::All),
            ("any", None) => Ok(Self::Any),
            ("at_least", Some(count)) if count > 0 => Ok(Self::AtLeast { count }),
            _ => Err(Refusal::OddPolicy),
        }
    }

    /// How many of `all` people have to approve.
    pub const fn need(self, all: u32) -> u32 {
        match self {
            Self::All => all,
            Self::Any => 1,
            Self::AtLeast { count } => count,
        }
    }

    /// The policy for a card: `all of 3 must approve`.
    pub fn words(self, all: u32) -> String {
        match (self, all) {
            (Self::All | Self::Any | Self::AtLeast { count: 1 }, 1) => "the one person asked must approve".to_owned(),
            (Self::All, _) => format!("all of {all} must approve"),
            (Self::Any, _) => format!("any one of {all} must approve"),
            (Self::AtLeast { count }, _) => format!("at least {count} of {all} must approve"),
        }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// Nobody has approved yet, and it can still come to that.
    PendingApproval,
    /// Somebody has approved, not yet as many as it takes.
    PartiallyApproved,
    /// As many have approved as it takes.
    Approved,
    /// So many have declined that it can no longer be approved.
    Declined,
    /// Everybody was removed, or the request was deleted.
    Cancelled,
}

impl RequestStatus {
    /// The word in answers: `pending_approval` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "pending_approval",
            Self::PartiallyApproved => "partially_approved",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether answers and edits are still taken.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::PendingApproval | Self::PartiallyApproved)
    }
}

/// How the people stand whom a request asks now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everybody who is asked.
    pub all: u32,
    /// Those who approved.
    pub approved: u32,
    /// Those who declined.
    pub declined: u32,
}

impl Counts {
    /// Where a request with these answers stands. Total: any numbers have one status.
    pub fn status(self, policy: Policy) -> RequestStatus {
        let Self { all, approved, declined } = self;
        let need = policy.need(all);
        if all == 0 {
            RequestStatus::Cancelled
        } else if approved >= need {
            RequestStatus::Approved
        } else if u64::from(declined) + u64::from(need) > u64::from(all) {
            RequestStatus::Declined
        } else if approved > 0 {
            RequestStatus::PartiallyApproved
        } else {
            RequestStatus::PendingApproval
        }
    }

    /// The answers for people: `1 of 3 approved`, with the declines where there are any.
    pub fn words(self) -> String {
        let Self { all, approved, declined } = self;
        let declines = if declined > 0 { format!(", {declined} declined") } else { String::new() };
        format!("{approved} of {all} approved{declines}")
    }
}
