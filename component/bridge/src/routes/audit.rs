//! `GET /audit`, and what other answers say when something could not be written down.

use approval_logic::audit::Link;
use http::{HeaderName, HeaderValue};

use super::Shared;
use super::call::{Call, Reply, text};
use super::error::ApiError;
use super::shape::{Field, Shape};
use crate::host::Host;
use crate::store::audit::Noted;

/// JSON lines, as the media type that is in use for them (ndjson.org); none is registered.
pub(super) const JSON_LINES: &str = "application/x-ndjson";

/// `{number}:{hash}` of the last line that retention has dropped: the first one that is left continues it.
const BEGIN: HeaderName = HeaderName::from_static("approval-bridge-audit-begin");

/// `{number}:{hash}` of the last line there is.
const END: HeaderName = HeaderName::from_static("approval-bridge-audit-end");

/// Why something is not in the trail.
const FAILURE: HeaderName = HeaderName::from_static("approval-bridge-audit-failure");

/// Where a page begins.
pub(super) const AFTER: &[Field] =
    &[Field::optional("after", Shape::Number(0, u64::MAX), "The `seq` of the last line that is known already")];

/// One page of the trail. The next one is after the last line's number; one without lines is the end.
pub(super) async fn list<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    let after = call.query(AFTER)?.take_number("after").unwrap_or(0);
    let page = shell.audit(after).await?;
    let mut reply = text(JSON_LINES, page.lines);
    for (name, place) in [(BEGIN, page.begin), (END, page.end)] {
        reply.headers_mut().extend(header(&place).map(|value| (name, value)));
    }
    Ok(reply)
}

fn header(place: &Link) -> Option<HeaderValue> {
    HeaderValue::from_str(&place.to_string()).ok()
}

/// The answer, which says so if what it is about is not in the trail.
pub(super) fn with_note(mut reply: Reply, noted: Noted) -> Reply {
    if let Some(code) = noted.failure() {
        reply.headers_mut().insert(FAILURE, HeaderValue::from_static(code));
    }
    reply
}
