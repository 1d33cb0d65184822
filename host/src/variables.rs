//! The settings by name, from the configuration file and the environment.

use std::collections::BTreeMap;
use std::fmt;

/// Where the guest's `spin:variables` come from.
pub trait Variables: Send + Sync + 'static {
    /// The value of a variable; none where it is not set.
    fn get(&self, name: &str) -> Option<String>;
}

/// A variable that the component knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What it is for.
    pub doc: &'static str,
}

const fn plain(name: &'static str, doc: &'static str) -> Known {
    Known { name, secret: false, doc }
}

const fn secret(name: &'static str, doc: &'static str) -> Known {
    Known { name, secret: true, doc }
}

/// All variables there are.
pub const KNOWN: &[Known] = &[
    secret("api_token", "bearer token that callers of the bridge present"),
    secret("action_secret", "when set, decisions must carry the signed action token"),
    plain("sdp_base_url", "https://…/app/{portal} or https://host[:port]; empty: ServiceDesk Plus off"),
    plain("sdp_accounts_url", "accounts server for cloud OAuth"),
    secret("sdp_client_id", "OAuth client id"),
    secret("sdp_client_secret", "OAuth client secret"),
    secret("sdp_refresh_token", "OAuth refresh token"),
    secret("sdp_authtoken", "on-premises technician key; exclusive with OAuth"),
    plain("sdp_modules", "requests,changes,releases"),
    plain("sdp_pending_status", "name of the approval status that waits; Pending Approval"),
    plain("sdp_web_url", "where people look at tickets"),
    plain("zendesk_base_url", "empty: Zendesk off"),
    plain("zendesk_email", "administrator who reads the lists"),
    secret("zendesk_api_token", "Zendesk API token"),
    plain("atera_base_url", "empty: Atera off"),
    secret("atera_api_key", "Atera API key"),
    plain("atera_technician_id", "in whose name outcomes are noted; empty: they are not"),
    plain("atera_technician_email", "that technician's address"),
    plain("atera_status_field", "custom field for outcomes; empty: none"),
    plain("allowed_approvers", "who may approve requests kept here: addresses and @domain; empty: anybody"),
    plain("moveworks_base_url", "https://api.moveworks.ai"),
    plain("moveworks_event_id", "event of the Events API"),
    plain("moveworks_listener_id", "webhook listener"),
    secret("moveworks_api_key", "Moveworks API key"),
    secret("moveworks_listener_secret", "signs listener messages"),
    plain(
        "moveworks_per_minute",
        "messages in any minute, 0: no limit; unset: 120 as events, 5 a second to a listener",
    ),
    plain("poll_seconds", "time between sweeps; 60"),
    plain("sweep_budget_seconds", "a sweep stops by itself after this; 50"),
    plain("reconcile_minutes", "the slow full walk takes this long; 60"),
    plain("concurrency", "vendor calls at the same time; 16"),
    plain("max_age_days", "older approvals are not announced; 30"),
    plain("first_run", "announce or baseline"),
    plain("remind_after_hours", "0: never"),
    plain("max_reminders", "3"),
    plain("quiet_hours", "such as 19:00-08:00"),
    plain("timezone", "of quiet_hours, such as Europe/Berlin; UTC"),
    plain("closing_notices", "none, reassigned or all; reassigned"),
    plain("digest_above", "more new approvals than this make one message; 0: never"),
    plain("card_fields", "type,number,requester,priority,description"),
    plain("card_title", "title of a card"),
    plain("silent_approvers", "addresses that get no cards"),
    plain("comment_required_on_reject", "true"),
    plain("gateway_states", "states of the help desk as Moveworks' codes, such as Open=WIP,On Hold=WAITING_FOR_USER"),
    plain("gateway_system", "system and integration id of identities; ServiceDesk Plus: MANAGE_ENGINE:manage_engine"),
    plain("gateway_user_id", "how people are named towards Moveworks: email or id"),
    plain("gateway_resolved_state", "the state that resolves a ticket; Resolved, solved"),
    plain("gateway_reopened_state", "the state that reopens a ticket; Open, open"),
    plain("gateway_fields", "more fields of a ticket, such as cost_center=udf_fields.udf_char1"),
    plain("gateway_destinations", "groups of like tickets, such as it_requests=group:IT Support"),
    plain("audit_days", "how long the audit trail is kept, 0: for ever; 400"),
    plain("shard", "which sweeper of how many, such as 2/3; empty: the only one"),
];

/// What an environment variable starts with: `APPROVAL_BRIDGE_API_TOKEN` sets `api_token`.
pub const ENVIRONMENT_PREFIX: &str = "APPROVAL_BRIDGE_";

/// A variable's entry in [`KNOWN`].
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The known name that a wrong one was probably meant to be.
pub fn nearest(name: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .map(|known| (distance(&name.to_ascii_lowercase(), known.name), known.name))
        .min()
        .filter(|(distance, known)| *distance * 3 <= known.len())
        .map(|(_, known)| known)
}

/// How many letters apart two names are (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Variables by name. Shows names only: most values are nobody's business.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VariableMap(BTreeMap<String, String>);

impl VariableMap {
    /// Variables from pairs, without any check.
    pub fn new<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Sets one variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Overlays what the environment says. Returns the names of environment variables with our prefix that no variable
    /// goes by; they deserve a warning. Names in `reserved` (without the prefix) are left alone.
    pub fn overlay(&mut self, environment: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, value) in environment {
            let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            match known(&rest.to_ascii_lowercase()) {
                Some(known) => self.set(known.name, value),
                None => unknown.push(name),
            }
        }
        unknown.sort_unstable();
        unknown
    }
}

impl Variables for VariableMap {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

impl fmt::Debug for VariableMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

pub(crate) mod guest {
    //! The import `spin:variables`, served from [`Variables`](super::Variables).

    use wasmtime::component::{Accessor, HasSelf};

    use crate::bindings::bridge::spin::variables::variables::{Error, Host, HostWithStore};
    use crate::state::State;

    impl Host for State {}

    impl HostWithStore<State> for HasSelf<State> {
        async fn get(accessor: &Accessor<State, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
            let value = accessor.with(|mut access| access.get().host.variables.get(&name));
            Ok(value.ok_or(Error::Undefined(name)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut map = VariableMap::new([("poll_seconds", "60"), ("timezone", "UTC")]);
        let unknown = map.overlay([
            ("APPROVAL_BRIDGE_POLL_SECONDS".to_owned(), "5".to_owned()),
            ("APPROVAL_BRIDGE_POL_SECONDS".to_owned(), "6".to_owned()),
            ("PATH".to_owned(), "/bin".to_owned()),
        ]);
        assert_eq!(map.get("poll_seconds").as_deref(), Some("5"));
        assert_eq!(map.get("timezone").as_deref(), Some("UTC"));
        assert_eq!(unknown, ["APPROVAL_BRIDGE_POL_SECONDS"]);
    }

    #[test]
    fn a_map_never_shows_a_value() {
        let map = VariableMap::new([("api_token", "hunter2")]);
        assert_eq!(format!("{map:?}"), r#"{"api_token"}"#);
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_a_foreign_one_finds_none() {
        assert_eq!(nearest("poll_second"), Some("poll_seconds"));
        assert_eq!(nearest("moveworks_apikey"), Some("moveworks_api_key"));
        assert_eq!(nearest("SDP_BASE_URL"), Some("sdp_base_url"));
        assert_eq!(nearest("colour"), None);
    }

    #[test]
    fn no_name_is_listed_twice_and_every_secret_looks_like_one() {
        for (index, one) in KNOWN.iter().enumerate() {
            assert!(KNOWN.iter().skip(index + 1).all(|other| other.name != one.name), "{}", one.name);
            let looks_secret = ["token", "secret", "key", "client_id"].iter().any(|word| one.name.contains(word));
            assert_eq!(one.secret, looks_secret, "{}", one.name);
        }
    }
}
