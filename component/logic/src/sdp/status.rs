//! Status names → the model. Names depend on tenant and language, so the one that matters is configuration.

use crate::approval::Status;

/// The names that a tenant gives to an approval that waits for its approver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusNames {
    pending: Vec<String>,
}

impl Default for StatusNames {
    fn default() -> Self {
        Self::new("Pending Approval")
    }
}

impl StatusNames {
    /// From a comma-separated list.
    pub fn new(pending: &str) -> Self {
        let names = pending.split(',').map(normal).filter(|name| !name.is_empty());
        Self { pending: names.collect() }
    }

    /// The status of an approval. Cloud documents `Denied`, on-premises `Rejected`; both are the same here.
    pub fn read(&self, name: &str) -> Status {
        // The usual name in the usual spelling.
        if self.pending.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Status::Pending;
        }
        let known = normal(name);
        if self.pending.contains(&known) {
            return Status::Pending;
        }
        match known.as_str() {
            "to be sent" => Status::NotSent,
            "approved" => Status::Approved,
            "rejected" | "denied" => Status::Rejected,
            "delegated" => Status::Delegated,
            "pending clarification" => Status::AwaitingClarification,
            _ => Status::Unknown(name.trim().to_owned()),
        }
    }
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}
