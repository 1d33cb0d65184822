//! What the bridge said: to a caller over HTTP, and about a sweep.

use std::ops::Deref;

use approval_bridge::bridge::{Report, SourceReport};
use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::Value;

use super::document::Called;

/// An answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The answer to a call, once it has been held against the document of the routes.
    pub(super) fn new(call: &Called, response: Response<Bytes>) -> Self {
        call.check(&response);
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.to_vec()).expect("answers are text");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: head.status.as_u16(), headers: head.headers, body, text }
    }

    /// The status and the `outcome` of a decision.
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["outcome"].as_str().unwrap_or_default())
    }

    /// The status and the code of the error envelope.
    pub fn error(&self) -> (u16, &str) {
        let error = &self.body["error"];
        assert!(
            error["message"].as_str().is_some_and(|text| !text.is_empty()),
            "an error says what happened: {self:?}"
        );
        (self.status, error["code"].as_str().unwrap_or_default())
    }

    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The ids of `approvals` in a list.
    pub fn ids(&self) -> Vec<String> {
        let rows = self.body["approvals"].as_array().expect("a list of approvals");
        rows.iter().map(|row| row["id"].as_str().expect("every row has an id").to_owned()).collect()
    }
}

/// The report of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep(pub Report);

impl Deref for Sweep {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

impl Sweep {
    /// The part about one source.
    ///
    /// # Panics
    /// If there is none.
    pub fn source(&self, name: &str) -> &SourceReport {
        self.sources.iter().find(|source| source.name == name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// `sdp/requests`.
    pub fn requests(&self) -> &SourceReport {
        self.source("sdp/requests")
    }

    /// The codes of all errors, with their tickets: `("", "FORBIDDEN")` where a whole source failed.
    pub fn errors(&self) -> Vec<(String, String)> {
        let errors = self.sources.iter().flat_map(|source| &source.errors);
        errors.map(|error| (error.ticket.clone().unwrap_or_default(), error.code.clone())).collect()
    }

    /// The codes of all errors.
    pub fn codes(&self) -> Vec<String> {
        self.errors().into_iter().map(|(_, code)| code).collect()
    }

    /// The texts of all errors.
    pub fn messages(&self) -> String {
        let errors = self.sources.iter().flat_map(|source| &source.errors);
        errors.map(|error| error.message.clone()).collect::<Vec<_>>().join("\n")
    }

    /// Fails the test unless everything due was looked at and nothing went wrong.
    pub fn clean(self) -> Self {
        assert!(self.complete && self.errors().is_empty(), "this sweep should have gone well: {self:#?}");
        self
    }
}
