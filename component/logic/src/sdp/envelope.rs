//! One classifier for every answer of ServiceDesk Plus.
//!
//! Success and failure share one envelope and HTTP 200 can carry a failure, so `response_status` is read first
//! (ManageEngine, "ServiceDesk Plus API v3", Response status).

use std::time::Duration;

use crate::http::{CallError, HttpResponse, Method};
use crate::json::{self, Names, Value};
use crate::text::{clean_line, truncate};

/// How long to wait where a limit gives no time. The on-premises limits count per minute.
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

/// The vendor's own client waits two seconds before its first repeat (ManageEngine's Ansible collection).
const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// What an operator can look at when a URL leads nowhere.
const NOT_FOUND_HINT: &str = "not found; is the portal name in the base URL right?";

/// A failure as the envelope tells it.
struct Told {
    code: i64,
    message: String,
    field: Option<String>,
}

/// The body of a success, or what the failure means.
pub fn classify(method: Method, response: &HttpResponse) -> Result<Value<'_>, CallError> {
    of_body(method, response, json::read(&response.body))
}

/// The same of the fields with these names.
pub(super) fn classify_only<'a>(names: &'static Names, response: &'a HttpResponse) -> Result<Value<'a>, CallError> {
    of_body(Method::Get, response, json::read_only(names, &response.body))
}

fn of_body<'a>(method: Method, response: &HttpResponse, body: Option<Value<'a>>) -> Result<Value<'a>, CallError> {
    let told = body.as_ref().and_then(told);
    match (body, told) {
        (Some(body), None) if response.is_success() && body.as_object().is_some() => Ok(body),
        (body, told) => Err(failure(method, response, body.is_some(), told)),
    }
}

fn failure(method: Method, response: &HttpResponse, is_json: bool, told: Option<Told>) -> CallError {
    let status = response.status;
    let (code, said) = told.map_or((0, None), |told| (told.code, Some(told.describe())));
    let message = |fallback: &str| said.clone().unwrap_or_else(|| format!("HTTP {status}: {fallback}"));
    // What the operator can do about it is told whatever the source says.
    let hinted = |hint: &str| match &said {
        Some(said) => format!("{said}; {hint}"),
        None => format!("HTTP {status}: {hint}"),
    };
    let blocked = said.as_deref().is_some_and(is_blocked)
        || (status == 400 && is_blocked(&String::from_utf8_lossy(&response.body)));
    if status == 429 || code == 4015 || blocked {
        let after = response.retry_after().unwrap_or(LIMIT_PAUSE);
        let after = if blocked { after.max(LIMIT_PAUSE) } else { after.max(FAULT_PAUSE) };
        return CallError::Retry { code: "RATE_LIMITED", message: message("rate limit"), after };
    }
    if status == 401 || code == 4022 {
        let message = hinted("the credential is missing, wrong or expired; technician keys and tokens expire");
        return CallError::Auth { code: "CREDENTIAL_REFUSED", message };
    }
    match code {
        4007 => return CallError::NotFound { code: "NOT_FOUND", message: hinted(NOT_FOUND_HINT) },
        4004 if !method.is_write() => {
            let after = response.retry_after().unwrap_or(FAULT_PAUSE).max(FAULT_PAUSE);
            return CallError::Retry { code: "INTERNAL_ERROR", message: message("internal error"), after };
        }
        4004 => return CallError::Unknown { code: "SOURCE_FAULT", message: message("internal error") },
        4002 => return CallError::Permanent { code: "FORBIDDEN", message: message("forbidden") },
        4012 => return CallError::Permanent { code: "MANDATORY_FIELD", message: message("a field is missing") },
        4001 | 4021 => return CallError::Permanent { code: "INVALID_VALUE", message: message("a value is invalid") },
        3000 => return CallError::Permanent { code: "PARTLY_REFUSED", message: message("a part was refused") },
        7001 => return CallError::Permanent { code: "LICENCE", message: message("the licence does not cover this") },
        _ => {}
    }
    match status {
        404 | 410 => CallError::NotFound { code: "NOT_FOUND", message: hinted(NOT_FOUND_HINT) },
        403 => CallError::Permanent { code: "FORBIDDEN", message: message("forbidden") },
        300..=399 => CallError::Permanent {
            code: "REDIRECTED",
            message: format!("HTTP {status}: redirects are not followed; put the final address into the base URL"),
        },
        400..=499 if status != 408 => CallError::Permanent { code: "REFUSED", message: message("refused") },
        200..=299 if said.is_some() => {
            CallError::Permanent { code: "REFUSED", message: message("a failure inside HTTP 200") }
        }
        200..=299 if is_json && !method.is_write() => {
            CallError::Permanent { code: "UNREADABLE", message: message("the reply is not an object") }
        }
        // From here on the product, or something in front of it, is out of order: a write may have happened.
        _ if method.is_write() => CallError::Unknown { code: "SOURCE_FAULT", message: message("the source failed") },
        200..=299 => CallError::Retry {
            code: "NOT_JSON",
            message: format!("HTTP {status} without JSON: a log-in or maintenance page answers in place of the API"),
            after: FAULT_PAUSE,
        },
        _ => CallError::Retry {
            code: "SOURCE_FAULT",
            message: message("the source failed"),
            after: response.retry_after().unwrap_or(FAULT_PAUSE).max(FAULT_PAUSE),
        },
    }
}

/// On-premises: "URL blocked as maximum access limit for the page is exceeded". There is no code for it.
///
/// The limit must be named as well: a ticket may be about a blocked URL.
fn is_blocked(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("url blocked") && text.contains("limit")
}

/// The failure an envelope tells, if it tells one. `response_status` is an array on most lists, an object elsewhere.
fn told(body: &Value) -> Option<Told> {
    let status = match body.get("response_status")? {
        Value::Array(items) => items.first()?,
        other => other,
    };
    let outer = number(status.get("status_code"));
    let word = status.get("status").and_then(Value::as_str).unwrap_or_default();
    let succeeded = match (word.to_ascii_lowercase().as_str(), outer) {
        // A part was refused and nothing applied, whatever the word beside it.
        (_, Some(3000)) => false,
        ("success", _) => true,
        ("", Some(code)) => code == 2000,
        ("", None) => true,
        _ => false,
    };
    if succeeded {
        return None;
    }
    let first = status.get("messages").and_then(Value::as_array).and_then(|messages| messages.first());
    let inner = first.and_then(|message| number(message.get("status_code")));
    // A warning says 3000 outside; inside it only names the fields.
    let code = if outer == Some(3000) { 3000 } else { inner.or(outer).unwrap_or(0) };
    let text = |name: &str| first.and_then(|message| message.get(name)).and_then(Value::as_str).map(str::to_owned);
    Some(Told { code, message: text("message").unwrap_or_default(), field: text("field") })
}

impl Told {
    fn describe(&self) -> String {
        let message = clean_line(&self.message);
        let message = if message.is_empty() { "no reason given" } else { &message };
        let text = match &self.field {
            Some(field) => format!("{} {message} (field {})", self.code, clean_line(field)),
            None => format!("{} {message}", self.code),
        };
        truncate(&text, 300).into_owned()
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
