//! The gateway's six error codes (Moveworks' convention for content gateways; the Ticket Gateway's own are not published).
//! A builder sees the status alone, so each code has its own.

use std::time::Duration;

use crate::http::{CallError, RATE_LIMITED};

/// What went wrong, as Moveworks tells cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The caller's input, or what the help desk refuses of it.
    InputValidationFailed,
    /// The caller's credential.
    AuthenticationFailed,
    /// No such ticket.
    NotFound,
    /// The help desk asked to be left alone for a while.
    RateLimitExceeded,
    /// The bridge itself.
    InternalServerError,
    /// The help desk, or the way there.
    ExternalRestError,
}

impl Code {
    /// The code on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputValidationFailed => "INPUT_VALIDATION_FAILED",
            Self::AuthenticationFailed => "AUTHENTICATION_FAILED",
            Self::NotFound => "NOT_FOUND",
            Self::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
            Self::ExternalRestError => "EXTERNAL_REST_ERROR",
        }
    }

    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::InputValidationFailed => 400,
            Self::AuthenticationFailed => 401,
            Self::NotFound => 404,
            Self::RateLimitExceeded => 429,
            Self::InternalServerError => 500,
            Self::ExternalRestError => 502,
        }
    }
}

/// What a call to the help desk was about; the same refusal means something else in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One ticket, by its id.
    One,
    /// A list.
    List,
    /// A write.
    Write,
}

/// A failure, as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// A sentence for people. What the help desk said is in it, cut and without secrets, where the caller can do
    /// something about it.
    pub message: String,
    /// How long to wait before the same is worth trying again.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a time to wait.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// The caller's input is wrong.
    pub fn input(message: impl std::fmt::Display) -> Self {
        Self::new(Code::InputValidationFailed, message.to_string())
    }

    /// There is no such ticket.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is no such ticket")
    }

    /// What a failed call to the help desk means to the caller.
    pub fn of_call(error: &CallError, step: Step) -> Self {
        let external = |what: &str| Self::new(Code::ExternalRestError, what);
        match (error, step) {
            (CallError::Retry { code, after, .. }, _) if matches!(*code, RATE_LIMITED | "TOKEN_THROTTLED") => Self {
                retry_after: Some(*after),
                ..Self::new(Code::RateLimitExceeded, "the help desk asks for fewer calls; try again later")
            },
            (CallError::Retry { .. }, _) => external("the help desk cannot be reached, or is out of order"),
            (CallError::Auth { .. }, _) => {
                external("the help desk refuses the bridge's credential; `approval-bridge doctor` says more")
            }
            (CallError::NotFound { .. }, Step::One | Step::Write) => Self::not_found(),
            // An id that is none, as one help desk calls it.
            (CallError::Permanent { code: "INVALID_VALUE", .. }, Step::One) => Self::not_found(),
            (CallError::Permanent { code, message }, Step::Write) if is_about_input(code) => {
                Self::input(format!("the help desk refuses this: {message}"))
            }
            (CallError::Permanent { code, .. } | CallError::NotFound { code, .. }, _) => {
                external(&format!("the help desk did not do this: {code}"))
            }
            (CallError::Unknown { .. }, _) => {
                external("the answer was lost; what was asked for may have been done, so look before asking again")
            }
        }
    }
}

/// Whether a refusal is about what was to be written, and not about who writes.
fn is_about_input(code: &str) -> bool {
    !matches!(
        code,
        "FORBIDDEN" | "LICENCE" | "EGRESS_DENIED" | "REDIRECTED" | "UNREADABLE" | "STORE_FAILED" | "ANSWER_TOO_LARGE"
    )
}
