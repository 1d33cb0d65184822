//! Addresses of the contract that this version does not serve yet. They are guarded like all others and answer 501.

use http::StatusCode;

use super::call::Reply;
use super::error::ApiError;

/// An address of this kind.
pub(super) async fn empty() -> Result<Reply, ApiError> {
    let message = "this address is part of the contract, but this version does not serve it yet";
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message))
}
