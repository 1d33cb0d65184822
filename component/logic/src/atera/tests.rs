//! Atera as its help pages and the clients of others know it. Nothing about its shapes is promised, so a wrong
//! implementation would read one account and stumble over the next: ids as text, a flag that is missing, an answer
//! without a body.

mod calls;
mod envelope;
mod lists;

use serde_json::json;

use super::*;
use crate::approval::{Person, TicketKind};
use crate::http::{CallError, HttpResponse};

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
