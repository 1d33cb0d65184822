//! What the log says about sweeps and decisions. A sweep's lines carry its id, whoever writes them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tracing::{Span, info, info_span, warn};

use crate::bridge::Report;
use crate::call::CallError;
use crate::report;

/// The header that an answer carries if what it is about could not be written down.
const AUDIT_FAILURE: &str = "approval-bridge-audit-failure";

/// The header of an answer that names the sweep which was asked for.
pub(crate) const SWEEP: HeaderName = HeaderName::from_static("approval-bridge-sweep");

/// One sweep, as the log knows it.
pub(crate) struct Sweep {
    /// The time in milliseconds and a number that counts within this process, in hex.
    pub(crate) id: String,
    /// What its lines are written in.
    pub(crate) span: Span,
}

/// A sweep that begins.
pub(crate) fn sweep(now_ms: i64) -> Sweep {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = format!("{now_ms:x}-{count:x}");
    Sweep { span: info_span!("sweep", id), id }
}

/// A sweep that ended with a report: its counts, and a line for each error. What a vendor said stays in the report.
pub(crate) fn report(report: &Report) {
    info!("{}", report::line(report));
    for (source, error) in
        report.sources.iter().flat_map(|source| source.errors.iter().map(move |error| (source, error)))
    {
        let ticket = error.ticket.as_deref().unwrap_or_default();
        warn!(source = source.name, ticket, code = error.code, "something went wrong");
    }
}

/// A sweep that somebody asked for over HTTP: its status, and a line for each error. The answer gets the sweep's id.
pub(crate) fn answer(id: &str, answer: &mut Result<http::Response<Bytes>, CallError>) {
    let Ok(answer) = answer else { return };
    info!(status = answer.status().as_u16(), "a sweep that was asked for ended");
    let report: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    for (source, done) in report.get("sources").and_then(Value::as_object).into_iter().flatten() {
        for error in done.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let text = |key| error.get(key).and_then(Value::as_str).unwrap_or_default();
            warn!(source, ticket = text("ticket"), code = text("code"), "something went wrong");
        }
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        answer.headers_mut().insert(SWEEP, id);
    }
}

/// A decision, or another thing that somebody did, that is not in the audit trail.
pub(crate) fn audit_failure(answer: &Result<http::Response<Bytes>, CallError>) {
    let code = answer.as_ref().ok().and_then(|answer| answer.headers().get(AUDIT_FAILURE)?.to_str().ok());
    if let Some(code) = code {
        warn!(code, "something that was done may be missing from the audit trail");
    }
}
