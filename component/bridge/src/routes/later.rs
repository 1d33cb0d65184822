//! Addresses of the contract that this version does not serve yet. They are guarded and read like all others, so that a
//! caller learns about a wrong body today, and answer 501.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::Body;
use super::error::ApiError;

fn not_yet() -> ApiError {
    let message = "this address is part of the contract, but this version does not serve it yet";
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message)
}

pub(super) async fn empty() -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct Recipient {
    name: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct Policy {
    rule: Rule,
    count: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    All,
    Any,
    AtLeast,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct CreateRequest {
    source: String,
    ticket_id: String,
    recipients: Vec<Recipient>,
    policy: Policy,
    subject: String,
    message: String,
}

pub(super) async fn create_request(_: Body<CreateRequest>) -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct EditRequest {
    recipients: Vec<Recipient>,
}

pub(super) async fn edit_request(_: Body<EditRequest>) -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct AnswerRequest {
    approver: String,
    answer: AnswerKind,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerKind {
    Approve,
    Decline,
    Feedback,
}

pub(super) async fn answer_request(_: Body<AnswerRequest>) -> ApiError {
    not_yet()
}

/// Fields of a ticket are free.
pub(super) async fn fields(_: Body<Map<String, Value>>) -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct Comment {
    text: String,
    public: bool,
}

pub(super) async fn comment(_: Body<Comment>) -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct Attachment {
    file_name: String,
    content: String,
}

pub(super) async fn attachment(_: Body<Attachment>) -> ApiError {
    not_yet()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be checked")]
pub(super) struct Assignment {
    group: String,
}

pub(super) async fn assignment(_: Body<Assignment>) -> ApiError {
    not_yet()
}
