//! Addresses of the contract that this version does not serve yet. They are guarded and read like all others, so that a
//! caller learns about a wrong body today, and answer 501.

use http::StatusCode;

use super::Answering;
use super::call::Call;
use super::error::ApiError;
use super::shape::{Field, Shape};

/// `POST /gateway/{source}/tickets/{id}/comments`
pub(super) const COMMENT: &[Field] = &[Field::required("text", Shape::Text), Field::required("public", Shape::Flag)];

/// `POST /gateway/{source}/tickets/{id}/attachments`
pub(super) const ATTACHMENT: &[Field] =
    &[Field::required("file_name", Shape::Text), Field::required("content", Shape::Text)];

/// `PUT /gateway/{source}/tickets/{id}/assignment`
pub(super) const ASSIGNMENT: &[Field] = &[Field::required("group", Shape::Text)];

/// An address without a body.
pub(super) fn empty() -> Answering {
    answering(Ok(()))
}

/// An address with a body of these fields.
pub(super) fn with(call: &Call, expected: &[Field]) -> Answering {
    answering(call.body(expected).map(drop))
}

/// An address with a body of any fields: those of a ticket are free.
pub(super) fn with_any(call: &Call) -> Answering {
    answering(call.any_body().map(drop))
}

fn answering(read: Result<(), ApiError>) -> Answering {
    let message = "this address is part of the contract, but this version does not serve it yet";
    let not_yet = || ApiError::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message);
    let error = read.err().unwrap_or_else(not_yet);
    Box::pin(std::future::ready(Err(error)))
}
