//! Addresses of the contract that this version does not serve yet. They are guarded and read like all others, so that a
//! caller learns about a wrong body today, and answer 501.

use http::StatusCode;

use super::Answering;
use super::call::Call;
use super::error::ApiError;
use super::shape::{Field, Shape};

const RECIPIENTS: Field = Field::required("recipients", Shape::List(&Shape::Object(RECIPIENT)));
const RECIPIENT: &[Field] = &[Field::required("name", Shape::Text), Field::required("email", Shape::Text)];

/// `POST /requests`
pub(super) const CREATE: &[Field] = &[
    Field::required("source", Shape::Text),
    Field::required("ticket_id", Shape::Text),
    RECIPIENTS,
    Field::required("policy", Shape::Object(POLICY)),
    Field::required("subject", Shape::Text),
    Field::required("message", Shape::Text),
];

const POLICY: &[Field] =
    &[Field::required("rule", Shape::Word(&["all", "any", "at_least"])), Field::optional("count", Shape::Count)];

/// `PATCH /requests/{id}`
pub(super) const EDIT: &[Field] = &[RECIPIENTS];

/// `POST /requests/{id}/responses`
pub(super) const ANSWER: &[Field] = &[
    Field::required("approver", Shape::Text),
    Field::required("answer", Shape::Word(&["approve", "decline", "feedback"])),
    Field::optional("comment", Shape::Text),
];

/// An address without a body.
pub(super) fn empty() -> Answering {
    answering(Ok(()))
}

/// An address with a body of these fields.
pub(super) fn with(call: &Call, expected: &[Field]) -> Answering {
    answering(call.body(expected).map(drop))
}

fn answering(read: Result<(), ApiError>) -> Answering {
    let message = "this address is part of the contract, but this version does not serve it yet";
    let not_yet = || ApiError::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message);
    let error = read.err().unwrap_or_else(not_yet);
    Box::pin(std::future::ready(Err(error)))
}
