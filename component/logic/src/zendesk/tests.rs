//! Every quirk of the reference, one row each. Fixtures are document-shaped: no recorded reply is public.
//!
//! A wrong implementation would pass on a friendly account and fail on the next: a page in place of JSON, plain text at
//! the rate limit, a cursor that comes back, a status of another name, a row with a group where a person was.

mod calls;
mod errors;
mod pages;
mod people;
mod requests;

use std::fs;
use std::path::Path;

use super::*;
use crate::http::{CallError, HttpResponse};

fn fixture_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zendesk")
}

/// The reply of a fixture file, with HTTP 200.
fn fixture(name: &str) -> HttpResponse {
    HttpResponse::new(200, fs::read(fixture_folder().join(name)).expect("a fixture"))
}

fn ok(body: &Value) -> HttpResponse {
    HttpResponse::new(200, body.to_string())
}

/// A failure in one line: `retry RATE_LIMITED 60`, `auth CREDENTIAL_REFUSED`.
fn told(error: &CallError) -> String {
    let code = error.code();
    match error {
        CallError::Retry { after, .. } => format!("retry {code} {}", after.as_secs()),
        CallError::Permanent { .. } => format!("permanent {code}"),
        CallError::Auth { .. } => format!("auth {code}"),
        CallError::Unknown { .. } => format!("unknown {code}"),
        CallError::NotFound { .. } => format!("not found {code}"),
    }
}

#[test]
fn every_fixture_says_that_it_is_document_shaped() {
    let files = fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let body: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let about = body["_about"].as_str().unwrap_or_default();
        assert!(about.starts_with("document-shaped: "), "{}", path.display());
    }
}
