//! Moveworks' answers. Code values are not published, so the HTTP status decides, but for a web page in Moveworks' place;
//! both error envelopes are shown.

use std::time::Duration;

use serde_json::Value;

use crate::http::{CallError, HttpResponse};
use crate::text::{clean_line, truncate};

/// The limit is counted per minute and 429 names no time ("Events API": 120 requests a minute for an organisation).
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

/// Some servers write it before their pages.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// Whether a message was taken. Taken is not delivered: there is no receipt.
pub fn read_acceptance(response: &HttpResponse) -> Result<(), CallError> {
    let status = response.status;
    if (200..300).contains(&status) {
        return if is_page(response) { Err(page()) } else { Ok(()) };
    }
    let message = describe(response);
    match status {
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

/// A proxy's log-in page, or a gateway's, by its declared type or by its text: Moveworks has seen nothing of the message.
fn is_page(response: &HttpResponse) -> bool {
    let declared = response.header("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
    let text = response.body.trim_ascii_start();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start();
    declared.starts_with("text/html") || text.starts_with(b"<")
}

fn page() -> CallError {
    let message = "a web page answered in Moveworks' place; look at what is between it and the bridge".to_owned();
    CallError::Retry { code: "NOT_MOVEWORKS", message, after: FAULT_PAUSE }
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
