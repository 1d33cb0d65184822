//! The error envelope: `{"error":{"code","message"}}`. Messages are ours; what a vendor said goes into `detail` only.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "code": self.code, "message": self.message } }));
        let mut response = (self.status, body).into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("30"));
            }
            _ => {}
        }
        response
    }
}
