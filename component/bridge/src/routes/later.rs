//! Addresses of the contract that this version does not serve yet. They are guarded like all others and answer 501.

use http::StatusCode;

use super::Answering;
use super::error::ApiError;

/// An address of this kind.
pub(super) fn empty() -> Answering {
    let message = "this address is part of the contract, but this version does not serve it yet";
    let error = ApiError::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message);
    Box::pin(std::future::ready(Err(error)))
}
