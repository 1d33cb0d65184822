//! Moveworks' answers. Code values are not published, so only the HTTP status decides; both error envelopes are shown.

use std::time::Duration;

use serde_json::Value;

use crate::http::{CallError, HttpResponse};
use crate::text::{clean_line, truncate};

/// The limit is counted per minute and 429 names no time ("Events API": 120 requests a minute for an organisation).
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// Whether a message was taken. Taken is not delivered: there is no receipt.
pub fn read_acceptance(response: &HttpResponse) -> Result<(), CallError> {
    let status = response.status;
    let message = describe(response);
    match status {
        // A proxy's log-in page, or a gateway's: Moveworks has seen nothing of the message.
        200..=299 if is_page(response) => Err(CallError::Retry {
            code: "NOT_MOVEWORKS",
            message: "a web page answered in Moveworks' place; look at what is between it and the bridge".to_owned(),
            after: FAULT_PAUSE,
        }),
        200..=299 => Ok(()),
        401 => Err(CallError::Auth { code: "CREDENTIAL_REFUSED", message }),
        403 => Err(CallError::Permanent { code: "FORBIDDEN", message }),
        404 => Err(CallError::Permanent {
            code: "NOT_FOUND",
            message: format!("{message}; no such event or listener, or moveworks_base_url is of another region"),
        }),
        429 => Err(CallError::Retry {
            code: "RATE_LIMITED",
            message,
            after: response.retry_after().unwrap_or(LIMIT_PAUSE).max(Duration::from_secs(1)),
        }),
        408 | 425 => Err(CallError::Retry { code: "TRY_LATER", message, after: FAULT_PAUSE }),
        300..=399 => Err(CallError::Permanent { code: "REDIRECTED", message }),
        400..=499 => Err(CallError::Permanent { code: "REFUSED", message }),
        _ => Err(CallError::Retry {
            code: "MOVEWORKS_FAULT",
            message,
            after: response.retry_after().unwrap_or(FAULT_PAUSE).max(FAULT_PAUSE),
        }),
    }
}

fn is_page(response: &HttpResponse) -> bool {
    response.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// `{"error":{"code","message"}}`, or the two unwrapped as in the OpenAPI text.
fn describe(response: &HttpResponse) -> String {
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    let error = body.as_ref().map(|body| body.get("error").filter(|error| error.is_object()).unwrap_or(body));
    let part = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str).map(clean_line);
    let said = [part("code"), part("message")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let text =
        if said.is_empty() { format!("HTTP {}", response.status) } else { format!("HTTP {}: {said}", response.status) };
    truncate(&text, 300).into_owned()
}
