//! What the log says about sweeps and decisions. A sweep's lines carry its id, whoever writes them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tracing::{Span, info, info_span, warn};

use crate::bridge::Report;
use crate::call::CallError;
use crate::report;

/// The header that an answer carries if what it is about could not be written down.
const AUDIT_FAILURE: &str = "approval-bridge-audit-failure";

/// The span of one sweep. Its id is the time in milliseconds and a number that counts within this process, in hex.
pub(crate) fn sweep(now_ms: i64) -> Span {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    info_span!("sweep", id = %format_args!("{now_ms:x}-{count:x}"))
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

/// A sweep that somebody asked for over HTTP.
pub(crate) fn answer(answer: &Result<http::Response<Bytes>, CallError>) {
    if let Ok(answer) = answer {
        info!(status = answer.status().as_u16(), "a sweep that was asked for ended");
    }
}

/// A decision, or another thing that somebody did, that is not in the audit trail.
pub(crate) fn audit_failure(answer: &Result<http::Response<Bytes>, CallError>) {
    let code = answer.as_ref().ok().and_then(|answer| answer.headers().get(AUDIT_FAILURE)?.to_str().ok());
    if let Some(code) = code {
        warn!(code, "something that was done may be missing from the audit trail");
    }
}
