//! How decisions end, and what their callers hear.

use approval_logic::approval::Approval;

use crate::store::audit::Noted;

/// How a decision ended. Each case has its own HTTP status, because Moveworks' builders see nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Approved now and read back, or this approver had approved before.
    Approved,
    /// Rejected now and read back, or this approver had rejected before.
    Rejected,
    /// Decided otherwise by somebody or something.
    AlreadyDecided,
    /// No longer asked.
    Withdrawn,
    /// Not the live approver, or a bad, expired or foreign token.
    NotApprover,
    /// No such approval at the source.
    Unknown,
    /// A comment is required, or the body is wrong.
    Invalid,
    /// Not yet sent at the source.
    NotReady,
    /// The source said no.
    SourceRefused,
    /// The answer was lost and reading back failed too; safe to repeat.
    Unclear,
}

impl Outcome {
    /// The word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::AlreadyDecided => "already_decided",
            Self::Withdrawn => "withdrawn",
            Self::NotApprover => "not_approver",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::NotReady => "not_ready",
            Self::SourceRefused => "source_refused",
            Self::Unclear => "unclear",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Approved | Self::Rejected => 200,
            Self::AlreadyDecided => 409,
            Self::Withdrawn => 410,
            Self::NotApprover => 403,
            Self::Unknown => 404,
            Self::Invalid => 422,
            Self::NotReady => 425,
            Self::SourceRefused => 502,
            Self::Unclear => 503,
        }
    }
}

/// What a caller hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence for a person.
    pub message: String,
    /// The approval as the source has it, where it could be read.
    pub approval: Option<Approval>,
    /// The source's own word for its status.
    pub word: Option<String>,
    /// What the source said, where it refused.
    pub detail: Option<String>,
    /// Whether the attempt is in the audit trail.
    pub noted: Noted,
}

impl Answer {
    /// An answer with nothing but its sentence.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), approval: None, word: None, detail: None, noted: Noted::Written }
    }

    pub(super) fn about(outcome: Outcome, message: impl Into<String>, approval: Approval) -> Self {
        Self { approval: Some(approval), ..Self::new(outcome, message) }
    }

    pub(super) fn refused(message: impl Into<String>, detail: String) -> Self {
        Self { detail: Some(detail), ..Self::new(Outcome::SourceRefused, message) }
    }
}
