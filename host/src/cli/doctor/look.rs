//! What a first sweep would find. The component looks at the help desks as it always does, on a store that is gone
//! afterwards, and nothing but reads gets out.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::super::SourceArgs;
use super::reach::Reach;
use super::{Check, settings};
use crate::bridge::{Bridge, Filter, Report, types};
use crate::egress::{Egress, EgressError, RequestOptions, Sending, Transport};

const NAME: &str = "waiting approvals";

/// The look ends after so many seconds.
const BUDGET: &str = "10";

/// What a sweep says of an approval whose approver has no address; told once for all of them here.
const NOBODY_TO_TELL: &str = "NOBODY_TO_TELL";

/// Approvals in one page of the ledger.
const PAGE: u32 = 500;

pub(super) async fn checks(reach: &Reach, source: &SourceArgs) -> Vec<Check> {
    let mut variables = reach.config.variables.clone();
    // Remembered and not announced, so there is nothing to be sent.
    variables.set("first_run", "baseline");
    variables.set("sweep_budget_seconds", BUDGET);
    let reads = Arc::new(Reads(reach.egress.clone()));
    let looked = async {
        let bridge = settings::bridge(&reach.config, variables, source, reads, settings::empty()).await?;
        let report = bridge.poll(false).await.map_err(|error| error.to_string())?;
        let approvals = waiting(&bridge).await?;
        Ok((report, approvals))
    };
    match looked.await {
        Ok((report, approvals)) => judged(&report, &approvals),
        Err(problem) => vec![Check::new(NAME, Err(problem))],
    }
}

async fn waiting(bridge: &Bridge) -> Result<Vec<types::Approval>, String> {
    let mut approvals = Vec::new();
    let mut cursor = None;
    loop {
        let filter = Filter { approver: None, limit: PAGE, cursor };
        let page = bridge.pending(filter).await.map_err(|error| error.to_string())?;
        approvals.extend(page.approvals);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(approvals);
        }
    }
}

fn judged(report: &Report, approvals: &[types::Approval]) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut complete = report.complete;
    for source in &report.sources {
        let errors: Vec<_> = source.errors.iter().filter(|error| error.code != NOBODY_TO_TELL).collect();
        complete |= !errors.is_empty();
        if let Some(error) = errors.first() {
            let ticket = error.ticket.as_deref().map(|ticket| format!("ticket {ticket}: ")).unwrap_or_default();
            let more = match errors.len() {
                1 => String::new(),
                errors => format!("; and {} more", errors - 1),
            };
            let advice = format!("{ticket}{}: {}{more}", error.code, error.message);
            checks.push(Check::new(format!("{NAME} in {}", source.name), Err(advice)));
        }
    }
    let without = |one: &&types::Approval| one.approver.as_ref().is_none_or(|person| person.email.is_none());
    let unreachable: Vec<&types::Approval> = approvals.iter().filter(without).collect();
    checks.push(match (approvals.len(), unreachable.first()) {
        (0, _) => Check::note(NAME, "none; if one should wait, compare its status with sdp_pending_status"),
        (count, None) => Check::new(NAME, Ok(format!("{count}, each with an approver who has an e-mail address"))),
        (count, Some(one)) => {
            let name = one.approver.as_ref().and_then(|person| person.name.as_deref()).unwrap_or("nobody yet");
            let advice = format!(
                "{} of {count} cannot be announced, because their approver has no e-mail address, such as {} ({name}); give \
                 them one in the help desk",
                unreachable.len(),
                one.id,
            );
            // One person without an address is a gap in a directory; everybody is a help desk that tells none.
            if unreachable.len() < count { Check::note(NAME, advice) } else { Check::new(NAME, Err(advice)) }
        }
    });
    if !complete {
        checks.push(Check::note(NAME, format!("the look ended after {BUDGET} s; what comes later is not checked")));
    }
    checks
}

/// Lets through what reads, and the call that gets a token.
struct Reads(Arc<Egress>);

impl Transport for Reads {
    fn send(&self, request: http::Request<Bytes>, options: RequestOptions) -> Sending<'_> {
        if request.method() == Method::GET || request.uri().path().ends_with("/oauth/v2/token") {
            return self.0.send(request, options);
        }
        let host = request.uri().host().unwrap_or_default().to_owned();
        Box::pin(async { Err(EgressError::OriginDenied(host)) })
    }
}
