//! `GET /metrics`.

use approval_logic::metrics::CONTENT_TYPE;

use super::Shared;
use super::call::{Reply, text};
use super::error::ApiError;
use crate::host::Host;

pub(super) async fn all<H: Host>(shell: Shared<H>) -> Result<Reply, ApiError> {
    Ok(text(CONTENT_TYPE, shell.metrics().await?.into_bytes()))
}
