//! `spin.toml`: the same component on Spin, with no more than it needs.
//!
//! A wrong manifest lacks a variable or misspells one, shows a secret, forgets to hand a variable on to the component
//! (which then runs with a default and says nothing), or allows more of the network than the settings name.

use std::collections::{BTreeMap, BTreeSet};

use approval_bridge::variables::{KNOWN, known};
use toml::{Table, Value};

const COMPONENT: &str = "approval-bridge";

/// For the manifest alone: what may be called beside `moveworks_base_url`. Spin takes no path there and nothing empty,
/// so the base URLs themselves cannot stand in the list.
const ORIGINS: [&str; 4] = ["sdp_origin", "sdp_accounts_origin", "zendesk_origin", "atera_origin"];

fn text() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../spin.toml")).expect("spin.toml is there")
}

fn manifest() -> Table {
    text().parse().expect("spin.toml is TOML")
}

fn component() -> Table {
    let manifest = manifest();
    let components = manifest["component"].as_table().expect("components");
    assert_eq!(components.keys().collect::<Vec<_>>(), [COMPONENT], "one component");
    components[COMPONENT].as_table().expect("a table").clone()
}

fn variables() -> BTreeMap<String, Table> {
    let manifest = manifest();
    let variables = manifest["variables"].as_table().expect("variables").iter();
    variables.map(|(name, value)| (name.clone(), value.as_table().expect("a table").clone())).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|one| one.as_str().expect("text")).collect()
}

/// The name inside of `{{ name }}`, if there is nothing else.
fn template(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(name)
}

#[test]
fn the_first_line_names_the_schema_and_the_version_is_two() {
    let text = text();
    let schema = "#:schema https://schemas.spinframework.dev/spin/manifest-v2/latest.json";
    assert_eq!(text.lines().next(), Some(schema));
    assert_eq!(manifest()["spin_manifest_version"].as_integer(), Some(2));
}

#[test]
fn its_variables_are_those_that_the_bridge_knows_and_the_origins() {
    let names: BTreeSet<String> = variables().into_keys().collect();
    let wanted = KNOWN.iter().map(|known| known.name).chain(ORIGINS).map(str::to_owned).collect();
    assert_eq!(names, wanted);
    let text = text();
    for origin in ORIGINS {
        let said =
            text.lines().filter(|line| line.starts_with('#')).any(|line| line.contains("for this manifest only"));
        assert!(said, "{origin} is not explained");
    }
}

#[test]
fn every_secret_is_marked_and_nothing_else() {
    for (name, variable) in variables() {
        let marked = variable.get("secret").and_then(Value::as_bool).unwrap_or(false);
        let secret = known(&name).is_some_and(|known| known.secret);
        assert_eq!(marked, secret, "{name}");
        if secret {
            assert_eq!(variable["default"].as_str(), Some(""), "{name}: a secret has no default");
        }
    }
}

/// Spin refuses to start without a value, and most settings are not needed.
#[test]
fn every_variable_has_a_default_that_is_a_text_and_a_required_flag_nowhere() {
    for (name, variable) in variables() {
        assert!(variable.get("default").is_some_and(Value::is_str), "{name}: {variable:?}");
        let odd: Vec<&String> = variable.keys().filter(|key| !["default", "secret"].contains(&key.as_str())).collect();
        assert!(odd.is_empty(), "{name}: {odd:?}");
    }
}

#[test]
fn every_variable_of_the_bridge_is_handed_on_under_its_own_name() {
    let component = component();
    let given = component["variables"].as_table().expect("variables");
    let names: BTreeSet<&str> = given.keys().map(String::as_str).collect();
    assert_eq!(names, KNOWN.iter().map(|known| known.name).collect());
    for (name, value) in given {
        assert_eq!(value.as_str().and_then(template), Some(name.as_str()));
    }
}

#[test]
fn the_defaults_start_the_bridge_as_the_contract_says() {
    let contract = [
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
        ("card_title", approval_logic::card::DEFAULT_TITLE),
        ("comment_required_on_reject", "true"),
        ("audit_days", "400"),
        ("gateway_user_id", "email"),
    ];
    for (name, variable) in variables().into_iter().filter(|(name, _)| !ORIGINS.contains(&name.as_str())) {
        let wanted = contract.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value);
        assert_eq!(variable["default"].as_str(), Some(wanted), "{name}");
    }
}

/// The manifest's own defaults, put through the component: none of them may be a value that it refuses.
#[tokio::test]
async fn the_defaults_are_values_that_the_component_takes() {
    use approval_bridge::bridge::Bridge;
    use approval_bridge::call::CallError;
    use approval_bridge::variables::VariableMap;
    let defaults = variables().into_iter().map(|(name, of)| (name, of["default"].as_str().expect("text").to_owned()));
    let desk = approval_bridge_tests::harness::Desk::cloud().start();
    let builder = Bridge::builder().compiled_by(desk.bridge()).limits(desk.bridge().limits().clone());
    let bridge = builder.variables(VariableMap::new(defaults)).build().expect("the bridge starts");
    let Err(CallError::Configuration(problems)) = bridge.poll(false).await else { panic!("nothing is configured yet") };
    let named: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(named, ["sdp_base_url", "moveworks_api_key"], "{problems:?}");
}

#[test]
fn the_network_is_what_the_settings_name_and_nothing_wider() {
    let component = component();
    let hosts = texts(&component["allowed_outbound_hosts"]);
    assert!(!hosts.is_empty());
    let variables = variables();
    for host in &hosts {
        assert!(!host.contains('*'), "{host}");
        let name = template(host).unwrap_or_else(|| panic!("{host}: nothing but one variable"));
        let default = variables[name]["default"].as_str().expect("text");
        // Spin denies every call when one entry is empty or has a path.
        let rest = default.strip_prefix("https://").unwrap_or_else(|| panic!("{name}: {default:?} is no https origin"));
        assert!(!rest.is_empty() && !rest.contains(['/', '*']), "{name}: {default}");
        assert!(name == "moveworks_base_url" || rest.ends_with(".invalid"), "{name}: {default} is somebody's address");
    }
    let named: BTreeSet<&str> = hosts.iter().filter_map(|host| template(host)).collect();
    assert_eq!(named, ["moveworks_base_url"].into_iter().chain(ORIGINS).collect());
}

#[test]
fn the_component_gets_one_store_no_files_and_every_path() {
    let component = component();
    assert_eq!(texts(&component["key_value_stores"]), ["default"]);
    for more in ["files", "environment", "sqlite_databases", "ai_models", "dependencies_inherit_configuration"] {
        assert!(!component.contains_key(more), "{more}");
    }
    let manifest = manifest();
    let triggers = manifest["trigger"].as_table().expect("triggers");
    assert_eq!(triggers.keys().collect::<Vec<_>>(), ["http"]);
    let routes = triggers["http"].as_array().expect("a list");
    assert_eq!(routes.len(), 1);
    assert_eq!((routes[0]["route"].as_str(), routes[0]["component"].as_str()), (Some("/..."), Some(COMPONENT)));
}

#[test]
fn it_is_built_by_the_project_s_own_command_into_the_file_that_it_runs() {
    let component = component();
    assert_eq!(component["source"].as_str(), Some("target/components/approval_bridge.wasm"));
    assert_eq!(component["build"]["command"].as_str(), Some("cargo xtask build"));
}
