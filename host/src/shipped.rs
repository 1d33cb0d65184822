//! The files that come with the program say the same as the program: the example configuration and `spin.toml`. The pages
//! are looked at by `tests/documentation`.
//!
//! A variable that is missing in one of them works on one host and is unknown on the other, and nobody notices before
//! an operator does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use approval_logic::card::{DEFAULT_TITLE, FieldKind};
use toml::{Table, Value};

use crate::config::{Config, DEFAULT_STORE, StoreConfig};
use crate::egress::EgressOptions;
use crate::limits::Limits;
use crate::variables::{KNOWN, Variables};

const EXAMPLE: &str = include_str!("../../approval-bridge.example.toml");
const SPIN: &str = include_str!("../../spin.toml");

/// Variables that only the Spin manifest has.
const MANIFEST_ONLY: [&str; 4] = ["sdp_origin", "sdp_accounts_origin", "zendesk_origin", "atera_origin"];

fn example() -> Config {
    Config::parse(EXAMPLE, Path::new(""), []).unwrap()
}

fn spin() -> Table {
    SPIN.parse().unwrap()
}

fn names() -> BTreeSet<&'static str> {
    KNOWN.iter().map(|known| known.name).collect()
}

#[test]
fn the_example_has_every_variable_and_the_defaults_of_everything_else() {
    let config = example();
    for known in KNOWN {
        let value = config.variables.get(known.name);
        assert!(value.is_some(), "{} is missing", known.name);
        assert!(!known.secret || value.as_deref() == Some(""), "{} is a secret", known.name);
    }
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.egress, EgressOptions::default());
    assert_eq!(config.store, StoreConfig::Sqlite { path: DEFAULT_STORE.into() });
    assert!(config.warnings.is_empty());
    assert_eq!(config.variables.get("card_title").as_deref(), Some(DEFAULT_TITLE));
    let fields = FieldKind::DEFAULT.map(FieldKind::name).join(",");
    assert_eq!(config.variables.get("card_fields"), Some(fields));
}

#[test]
fn the_example_says_what_each_variable_means_and_which_are_secret() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for known in KNOWN {
        let at = lines.iter().position(|line| line.starts_with(&format!("{} = ", known.name))).unwrap();
        let before = lines[at - 1];
        assert!(before.starts_with("# "), "{} has no comment", known.name);
        assert_eq!(before.ends_with("Secret."), known.secret, "{}", known.name);
    }
}

#[test]
fn spin_has_the_same_variables_with_the_same_defaults_and_marks_the_secrets() {
    let manifest = spin();
    let declared = manifest["variables"].as_table().unwrap();
    let expected: BTreeSet<&str> = names().into_iter().chain(MANIFEST_ONLY).collect();
    assert_eq!(declared.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    let config = example();
    for known in KNOWN {
        let entry = declared[known.name].as_table().unwrap();
        assert_eq!(entry["default"].as_str(), config.variables.get(known.name).as_deref(), "{}", known.name);
        assert_eq!(entry.get("secret").and_then(Value::as_bool).unwrap_or(false), known.secret, "{}", known.name);
        // A variable without a default stops Spin, or denies every outbound call.
        assert!(entry.keys().all(|key| key == "default" || key == "secret"), "{}", known.name);
    }
}

#[test]
fn spin_hands_every_variable_to_the_component_under_its_own_name() {
    let manifest = spin();
    let mapped = manifest["component"]["approval-bridge"]["variables"].as_table().unwrap();
    let mapped: BTreeMap<&str, &str> =
        mapped.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(mapped.keys().copied().collect::<BTreeSet<_>>(), names());
    for (name, template) in mapped {
        assert_eq!(template, format!("{{{{ {name} }}}}"));
    }
}

/// What Spin's own parser wants of an allowed host once templates are resolved: scheme, host, no path, no wildcard.
#[test]
fn spin_may_call_what_the_settings_name_and_no_default_denies_everything() {
    let manifest = spin();
    let component = &manifest["component"]["approval-bridge"];
    let hosts = component["allowed_outbound_hosts"].as_array().unwrap();
    assert_eq!(hosts.len(), 5);
    for host in hosts {
        let host = host.as_str().unwrap();
        let name = host.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
        let default = manifest["variables"][name]["default"].as_str().unwrap();
        let rest = default.strip_prefix("https://").unwrap();
        assert!(!rest.is_empty() && !rest.contains(['/', '*', ' ']), "{default}");
        assert!(!MANIFEST_ONLY.contains(&name) || rest.ends_with(".invalid"), "{default}");
    }
    assert_eq!(component["key_value_stores"].as_array().unwrap(), &[Value::from("default")]);
    assert_eq!(manifest["application"]["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
}
