//! The settings as a person may see them: what is in force, and never the value of a secret or of what is wrong.

use super::{NAMES, Problem, Settings, read};
use crate::host::Host;

/// The variables whose values nobody may see.
pub const SECRETS: &[&str] = &[
    "api_token",
    "action_secret",
    "sdp_client_id",
    "sdp_client_secret",
    "sdp_refresh_token",
    "sdp_authtoken",
    "zendesk_api_token",
    "atera_api_key",
    "moveworks_api_key",
    "moveworks_listener_secret",
];

/// What holds where a variable is not set. The others have no value then.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("sdp_modules", "requests,changes,releases"),
    ("sdp_pending_status", "Pending Approval"),
    ("moveworks_base_url", "https://api.moveworks.ai"),
    ("poll_seconds", "60"),
    ("sweep_budget_seconds", "50"),
    ("reconcile_minutes", "60"),
    ("concurrency", "16"),
    ("max_age_days", "30"),
    ("first_run", "announce"),
    ("remind_after_hours", "0"),
    ("max_reminders", "3"),
    ("timezone", "UTC"),
    ("closing_notices", "reassigned"),
    ("digest_above", "0"),
    ("card_fields", "type,number,requester,priority,description"),
    ("comment_required_on_reject", "true"),
    ("audit_days", "400"),
];

/// What may be shown of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its value.
    Value(String),
    /// It is not set; this holds.
    Default(&'static str),
    /// It is not set.
    Unset,
    /// It is set; its value is nobody's business.
    Hidden,
    /// Its value is wrong; this was expected.
    Wrong(String),
}

/// Every variable by its name, with the settings that they make or everything that is wrong with them.
pub async fn shown<H: Host>(host: &H) -> (Vec<(&'static str, Shown)>, Result<Settings, Vec<Problem>>) {
    let mut reader = read(host).await;
    let settings = reader.settings();
    let rows = NAMES.iter().map(|name| {
        let wrong = reader.problems.iter().find_map(|problem| problem.strip_prefix(name)?.strip_prefix(": "));
        let default = DEFAULTS.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let shown = match (wrong, reader.value(name)) {
            (Some(expected), _) => Shown::Wrong(expected.to_owned()),
            (None, None) => default.map_or(Shown::Unset, Shown::Default),
            (None, Some(value)) if may_be_shown(name, value) => Shown::Value(value.to_owned()),
            (None, Some(_)) => Shown::Hidden,
        };
        (*name, shown)
    });
    let rows = rows.collect();
    (rows, if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) })
}

/// An address of a system that is off is not looked at, so it could have a password in it.
fn may_be_shown(name: &str, value: &str) -> bool {
    let with_password = name.ends_with("_url") && value.contains('@');
    !with_password && !SECRETS.contains(&name)
}
