//! One classifier for every answer of Zendesk.
//!
//! The HTTP status decides; the text is for people only. Four shapes of errors are documented beside each other: a list
//! of `{code, title, detail}`, a code with a description, an object of title and message, and plain text at the rate
//! limit (Zendesk API reference, "Approval Requests", "Requests and responses", "Rate limits").

use std::borrow::Cow;
use std::time::Duration;

use crate::http::{CallError, HttpResponse, Method, RATE_LIMITED};
use crate::json::{self, Value};
use crate::text::{clean_line, truncate};

/// How long to wait where a limit gives no time: it counts per minute ("Rate limits").
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

/// Zendesk may ask for one second only, which many callers at once then use up again.
const LIMIT_FLOOR: Duration = Duration::from_secs(5);

/// How long to leave a source alone that is out of order.
const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// What answers where an account is suspended, under maintenance, or where there is none.
const PAGE: &str =
    "a page answers in place of the API; is the subdomain in zendesk_base_url right, and the account active?";

/// The body of a success, or what the failure means.
pub fn classify(method: Method, response: &HttpResponse) -> Result<Value<'_>, CallError> {
    let body = json::read(&response.body);
    match body {
        Some(body) if response.is_success() && body.as_object().is_some() => Ok(body),
        body => Err(failure(method, response, body.as_ref())),
    }
}

fn failure(method: Method, response: &HttpResponse, body: Option<&Value>) -> CallError {
    let status = response.status;
    let said = body.and_then(said);
    let message = |fallback: &str| match &said {
        Some(said) => format!("HTTP {status}: {said}"),
        None => format!("HTTP {status}: {fallback}"),
    };
    // What the operator can do about it is told whatever the source says.
    let hinted = |hint: &str| match &said {
        Some(said) => format!("HTTP {status}: {said}; {hint}"),
        None => format!("HTTP {status}: {hint}"),
    };
    let pause = || response.retry_after().unwrap_or(FAULT_PAUSE).max(FAULT_PAUSE);
    let page = body.is_none() && !response.body.iter().all(u8::is_ascii_whitespace);
    match status {
        429 => {
            let after = response.retry_after().unwrap_or(LIMIT_PAUSE).max(LIMIT_FLOOR);
            CallError::Retry { code: RATE_LIMITED, message: message("rate limit"), after }
        }
        401 => {
            let hint = "zendesk_email or zendesk_api_token is wrong, or token access is switched off";
            CallError::Auth { code: "CREDENTIAL_REFUSED", message: hinted(hint) }
        }
        403 => CallError::Permanent { code: "FORBIDDEN", message: message("forbidden") },
        // A page says nothing about the thing that was asked for, though its status may.
        404 | 410 if page && !method.is_write() => {
            CallError::Retry { code: "NOT_JSON", message: message(PAGE), after: FAULT_PAUSE }
        }
        404 | 410 => CallError::NotFound { code: "NOT_FOUND", message: message("not found") },
        300..=399 => CallError::Permanent {
            code: "REDIRECTED",
            message: format!("HTTP {status}: redirects are not followed; put the final address into zendesk_base_url"),
        },
        422 => CallError::Permanent { code: "UNPROCESSABLE", message: message("refused") },
        400..=499 if status != 408 => CallError::Permanent { code: "REFUSED", message: message("refused") },
        200..=299 if body.is_some() && !method.is_write() => {
            CallError::Permanent { code: "UNREADABLE", message: message("the reply is not an object") }
        }
        // From here on Zendesk, or something in front of it, is out of order: a write may have happened.
        _ if method.is_write() => CallError::Unknown { code: "SOURCE_FAULT", message: message("the source failed") },
        200..=299 => CallError::Retry { code: "NOT_JSON", message: message(PAGE), after: FAULT_PAUSE },
        _ => CallError::Retry { code: "SOURCE_FAULT", message: message("the source failed"), after: pause() },
    }
}

/// What an error says, in one line, whichever of the shapes it has.
fn said(body: &Value) -> Option<String> {
    let error = match body.get("errors") {
        Some(Value::Array(errors)) => errors.first()?,
        _ => body.get("error")?,
    };
    let parts = match error {
        Value::String(error) => [Some(clean_line(error)), text(body, "description"), None],
        error => [text(error, "code"), text(error, "title"), text(error, "detail").or_else(|| text(error, "message"))],
    };
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| truncate(&parts.join(": "), 300).into_owned())
}

fn text<'a>(value: &'a Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    value.get(name).and_then(Value::as_str).map(clean_line)
}
