//! Every quirk of the reference, one row each. Fixtures are document-shaped: no recorded reply is public.
//!
//! A wrong implementation would pass on a friendly account and fail on the next: a page in place of JSON, plain text at
//! the rate limit, a cursor that comes back, a status of another name, a row with a group where a person was.

mod errors;

use serde_json::json;

use super::*;
use crate::http::{CallError, HttpResponse};

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
