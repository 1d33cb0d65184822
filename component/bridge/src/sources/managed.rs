//! The bridge itself as a source: what it keeps is read from the store.

use approval_logic::approval::ApprovalId;
use approval_logic::http::CallError;

use super::{Live, store_failed};
use crate::host::Host;
use crate::http::CallFailure;
use crate::store::requests::Requests;

/// An approval of a request that the bridge keeps.
pub(super) async fn live<H: Host>(requests: &Requests<H>, id: &ApprovalId) -> Result<Live, CallFailure> {
    let request = requests.get(id.ticket()).await.map_err(store_failed)?;
    let word = request.as_ref().map_or("", |request| request.status().name()).to_owned();
    let approvals = request.map(|request| request.approvals()).unwrap_or_default();
    match approvals.into_iter().find(|approval| approval.id == *id) {
        Some(approval) => Ok(Live { approval, word }),
        None => {
            let message = "the bridge keeps no such approval".to_owned();
            Err(CallFailure::Failed(CallError::NotFound { code: "NOT_FOUND", message }))
        }
    }
}
