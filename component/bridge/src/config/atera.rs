//! Atera, and who may approve what the bridge itself keeps.

use approval_logic::atera::Technician;
use approval_logic::managed::Allowed;

use super::reader::Reader;
use crate::secret::Secret;

/// Atera.
#[derive(Clone, Debug)]
pub struct AteraSettings {
    /// The base without `/api/v3`.
    pub base_url: String,
    /// The API key.
    pub api_key: Secret,
    /// In whose name outcomes are written as notes; none: they are not.
    pub technician: Option<Technician>,
    /// The custom field that outcomes are written to; none: no field.
    pub status_field: Option<String>,
}

impl Reader {
    pub(super) fn atera(&mut self) -> Option<AteraSettings> {
        let base_url = self.url("atera_base_url")?;
        if base_url.ends_with("/api/v3") {
            self.wrong("atera_base_url", "the address without /api/v3, which is appended");
        }
        let Some(api_key) = self.secret("atera_api_key") else {
            self.wrong("atera_api_key", "the API key: tickets cannot be read without it");
            return None;
        };
        let id = self.number("atera_technician_id", 0, 1, u64::from(u32::MAX));
        let email = self.text("atera_technician_email");
        if email.as_deref().is_some_and(|email| !approval_logic::approval::is_address(email)) {
            self.wrong("atera_technician_email", "an e-mail address");
        }
        if email.is_some() && self.value("atera_technician_id").is_none() {
            self.wrong("atera_technician_email", "atera_technician_id beside it");
        }
        let technician = (id > 0).then_some(Technician { id, email });
        Some(AteraSettings { base_url, api_key, technician, status_field: self.text("atera_status_field") })
    }

    pub(super) fn allowed(&mut self) -> Allowed {
        let list = self.text("allowed_approvers").unwrap_or_default();
        Allowed::parse(&list).unwrap_or_else(|| {
            self.wrong("allowed_approvers", "a comma list of e-mail addresses and @domain");
            Allowed::default()
        })
    }
}
