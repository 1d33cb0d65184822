//! The error envelope: `{"error":{"code","message"}}`. Messages are ours; what a vendor said goes into `detail` only.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::call::{Reply, json as reply};
use crate::shell::OperationError;

/// What a caller did wrong, or why the bridge could not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INPUT_VALIDATION_FAILED", message)
    }

    pub(super) fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// An address that cannot be read.
    pub(super) fn bad_address() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "the address or its parameters are malformed")
    }

    /// The answer.
    pub(super) fn into_reply(self) -> Reply {
        let mut reply = reply(self.status, &json!({ "error": { "code": self.code, "message": self.message } }));
        let (name, value) = match self.status {
            StatusCode::UNAUTHORIZED => (WWW_AUTHENTICATE, "Bearer"),
            StatusCode::SERVICE_UNAVAILABLE => (RETRY_AFTER, "30"),
            _ => return reply,
        };
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
        reply
    }

    /// The status, for an answer of another form.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for the caller.
    pub(super) fn into_message(self) -> String {
        self.message
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        let message = error.to_string();
        match error {
            OperationError::Configuration(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "CONFIGURATION", message),
            OperationError::Store(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "STORE_FAILED", message),
            OperationError::Busy => Self::unavailable("BUSY", message),
            OperationError::Argument(_) => Self::bad_request(message),
            OperationError::NotFound(_) => Self::not_found(message),
        }
    }
}
