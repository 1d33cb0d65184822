//! Zendesk.

use approval_logic::approval::{is_address, normal_address};

use super::reader::Reader;
use crate::secret::Secret;

/// Zendesk.
#[derive(Clone, Debug)]
pub struct ZendeskSettings {
    /// The account's address, without `/api/v2`.
    pub base_url: String,
    /// The administrator in whose name lists are read.
    pub email: String,
    /// The account's API token; decisions use it in the name of their approvers.
    pub api_token: Secret,
}

impl Reader {
    pub(super) fn zendesk(&mut self) -> Option<ZendeskSettings> {
        let base_url = self.url("zendesk_base_url")?;
        if base_url.contains("/api/v2") {
            self.wrong("zendesk_base_url", "the address without /api/v2, which is appended");
        }
        for name in ["zendesk_email", "zendesk_api_token"] {
            if self.value(name).is_none() {
                self.wrong(name, "a value beside zendesk_base_url: lists are read and decisions taken with both");
            }
        }
        let email = self.text("zendesk_email");
        // A colon would end the name in basic authorisation.
        if email.as_deref().is_some_and(|email| !is_address(email) || email.contains(':')) {
            self.wrong("zendesk_email", "the e-mail address of an administrator, without /token");
        }
        let api_token = self.secret("zendesk_api_token");
        Some(ZendeskSettings { base_url, email: normal_address(&email?), api_token: api_token? })
    }
}
