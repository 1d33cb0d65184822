//! One classifier for every answer of Atera. No schema of its errors is published, so the status decides.

use std::time::Duration;

use crate::http::{CallError, HttpResponse, Method, RATE_LIMITED};
use crate::json::{self, Value};
use crate::text::{clean_line, truncate};

/// How long to wait where a limit gives no time. The limits that are reported count per minute or more.
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// What a refused key means: the answer itself has no body.
const KEY_HINT: &str = "the API key is missing, wrong or expired; keys of Atera end after at most a year";

/// The body of a success, null where there is none, or what the failure means.
pub fn classify(method: Method, response: &HttpResponse) -> Result<Value<'_>, CallError> {
    let empty = response.body.iter().all(u8::is_ascii_whitespace);
    let body = if empty { None } else { json::read(&response.body) };
    match body {
        Some(body) if response.is_success() => Ok(body),
        None if response.is_success() && empty && method.is_write() => Ok(Value::Null),
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
    let after = response.retry_after();
    match status {
        429 => CallError::Retry {
            code: RATE_LIMITED,
            message: message("rate limit"),
            after: after.unwrap_or(LIMIT_PAUSE).max(FAULT_PAUSE),
        },
        401 => CallError::Auth { code: "CREDENTIAL_REFUSED", message: message(KEY_HINT) },
        403 => {
            let hint = "the API key may not do this; keys can be limited by address and domain";
            CallError::Permanent { code: "FORBIDDEN", message: message(hint) }
        }
        // A body that is not as expected is answered with 404 "Invalid input": the ticket may well be there.
        404 if method.is_write() => CallError::Permanent { code: "REFUSED", message: message("not accepted") },
        404 | 410 => CallError::NotFound { code: "NOT_FOUND", message: message("not found") },
        300..=399 => CallError::Permanent {
            code: "REDIRECTED",
            message: format!("HTTP {status}: redirects are not followed; put the final address into the base URL"),
        },
        400..=499 if status != 408 => CallError::Permanent { code: "REFUSED", message: message("refused") },
        // From here on Atera, or something in front of it, is out of order: a write may have happened.
        _ if method.is_write() => CallError::Unknown { code: "SOURCE_FAULT", message: message("the source failed") },
        200..=299 => CallError::Retry {
            code: "NOT_JSON",
            message: format!("HTTP {status} without JSON: a log-in or maintenance page answers in place of the API"),
            after: FAULT_PAUSE,
        },
        _ => CallError::Retry {
            code: "SOURCE_FAULT",
            message: message("the source failed"),
            after: after.unwrap_or(FAULT_PAUSE).max(FAULT_PAUSE),
        },
    }
}

/// What a failure says in words: a text, or the message of an object.
fn said(body: &Value) -> Option<String> {
    let text = match body {
        Value::String(text) => text,
        Value::Object(fields) => ["Message", "message", "error"].iter().find_map(|name| fields.get(name)?.as_str())?,
        _ => return None,
    };
    let text = clean_line(text);
    (!text.is_empty()).then(|| truncate(&text, 200).into_owned())
}
