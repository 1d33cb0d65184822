//! Every quirk of the reference, one row each. Fixtures are document-shaped: no recorded reply is public.
//!
//! A wrong implementation would pass on a friendly instance and fail on the next tenant: a number where text was, a
//! failure inside HTTP 200, a renamed status, a level that is no longer current.

mod approvals;
mod calls;
mod comments;
mod envelope;
mod levels;
mod tickets;
mod token;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::approval::Ticket;
use crate::http::{CallError, HttpResponse};

fn fixture_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sdp")
}

/// The reply of a fixture file, with HTTP 200.
fn fixture(name: &str) -> HttpResponse {
    HttpResponse::new(200, fs::read(fixture_folder().join(name)).expect("a fixture"))
}

fn ok(body: &Value) -> HttpResponse {
    HttpResponse::new(200, body.to_string())
}

fn names() -> StatusNames {
    StatusNames::default()
}

fn ticket(kind: TicketKind, id: &str) -> Ticket {
    Ticket {
        kind,
        id: id.to_owned(),
        number: id.to_owned(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

/// The same, known already.
fn known(kind: TicketKind, id: &str) -> Arc<Ticket> {
    ticket(kind, id).into()
}

fn person(name: &str, email: &str) -> Person {
    Person { name: Some(name.to_owned()), email: Some(email.to_owned()) }
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
