//! `deploy/spinkube`: manifests that a cluster would take, and that fit the app.
//!
//! Those of Kubernetes are read into its own published types and written back: a field that these do not know would be
//! lost on the way. The resource of SpinKube is restated here as far as it is used (SpinKube, "SpinApp" reference,
//! `core.spinkube.dev/v1alpha1`).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{EnvVarSource, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::read;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SpinApp {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    image: String,
    executor: String,
    replicas: u32,
    checks: Checks,
    resources: Resources,
    runtime_config: RuntimeConfig,
    variables: Vec<Named>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Checks {
    readiness: Probe,
    liveness: Probe,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Probe {
    http_get: HttpGet,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HttpGet {
    path: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Resources {
    requests: BTreeMap<String, Quantity>,
    limits: BTreeMap<String, Quantity>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuntimeConfig {
    key_value_stores: Vec<KeyValueStore>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeyValueStore {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    options: Vec<Named>,
}

/// A value, or where it comes from.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_from: Option<EnvVarSource>,
}

impl Named {
    /// The key of our Secret that the value comes from.
    fn secret(&self) -> Option<&str> {
        let key = self.value_from.as_ref()?.secret_key_ref.as_ref()?;
        assert_eq!(key.name, "approval-bridge", "{}", self.name);
        Some(&key.key)
    }
}

/// The documents of a file.
fn documents(file: &str) -> Vec<Value> {
    let text = read(&format!("deploy/spinkube/{file}"));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Reads a document as its type, and looks whether anything of it was lost.
fn typed<T: DeserializeOwned + Serialize>(document: &Value) -> T {
    let kind = document["kind"].as_str().unwrap_or("?");
    let typed: T = serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert_eq!(&serde_json::to_value(&typed).expect("JSON"), document, "{kind} has a field that nobody knows");
    typed
}

fn only<T: DeserializeOwned + Serialize>(file: &str) -> T {
    let documents = documents(file);
    assert_eq!(documents.len(), 1, "{file}");
    typed(&documents[0])
}

fn manifest() -> toml::Table {
    read("spin.toml").parse().expect("TOML")
}

#[test]
fn the_app_gives_the_manifests_variables_and_the_secret_ones_from_the_secret() {
    let (app, secret, manifest): (SpinApp, Secret, _) = (only("app.yaml"), only("secrets.yaml"), manifest());
    assert_eq!((app.api_version.as_str(), app.kind.as_str()), ("core.spinkube.dev/v1alpha1", "SpinApp"));
    assert_eq!((app.metadata.name.as_str(), app.spec.executor.as_str()), ("approval-bridge", "containerd-shim-spin"));
    assert_eq!(secret.metadata.name.as_deref(), Some("approval-bridge"));
    let secrets = secret.string_data.expect("values");
    let declared = manifest["variables"].as_table().expect("variables");
    for variable in &app.spec.variables {
        let declared = declared.get(&variable.name).unwrap_or_else(|| panic!("{} is unknown", variable.name));
        let is_secret = declared.get("secret").and_then(toml::Value::as_bool).unwrap_or(false);
        assert_eq!(variable.secret().is_some(), is_secret, "{}", variable.name);
        assert!(variable.value.is_some() != is_secret, "{}", variable.name);
        assert!(variable.secret().is_none_or(|key| secrets.contains_key(key)), "{}", variable.name);
    }
    let given = |name: &str| app.spec.variables.iter().any(|variable| variable.name == name);
    assert!(given("sdp_origin") && given("sdp_accounts_origin"), "else Spin lets no call through");
    assert!(secrets.values().all(|value| value == "change-me" || value.starts_with("redis://")), "a real secret");
    for probe in [&app.spec.checks.readiness, &app.spec.checks.liveness] {
        assert_eq!(probe.http_get.path, "/", "the only route without a token");
    }
}

#[test]
fn one_replica_over_the_store_that_the_manifest_names() {
    let (app, manifest): (SpinApp, _) = (only("app.yaml"), manifest());
    assert_eq!(app.spec.replicas, 1, "the sweep is a single writer");
    let [store] = app.spec.runtime_config.key_value_stores.as_slice() else { panic!("one store") };
    let named = manifest["component"]["approval-bridge"]["key_value_stores"].as_array().expect("stores");
    assert_eq!(named.as_slice(), [toml::Value::from(store.name.as_str())]);
    assert_eq!((store.kind.as_str(), store.options.len()), ("redis", 1));
    assert_eq!((store.options[0].name.as_str(), store.options[0].secret()), ("url", Some("redis-url")));
    assert_eq!(app.spec.image.rsplit(':').next(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_tick_never_runs_twice_at_once_and_outlives_a_sweep() {
    let tick: CronJob = only("tick.yaml");
    let spec = tick.spec.expect("a spec");
    assert_eq!((spec.schedule.as_str(), spec.concurrency_policy.as_deref()), ("* * * * *", Some("Forbid")));
    let job = spec.job_template.spec.expect("a job");
    let pod = job.template.spec.expect("a pod");
    let container = &pod.containers[0];
    let command = container.args.as_ref().expect("a command")[0].clone();
    assert!(command.contains("--request POST") && command.ends_with("http://approval-bridge/poll"), "{command}");
    let patience: i64 =
        command.split("--max-time ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    assert!(patience > 130 && job.active_deadline_seconds.is_some_and(|deadline| deadline > patience), "{patience}");
    assert_eq!((job.backoff_limit, pod.automount_service_account_token), (Some(0), Some(false)));
    let cage = json!(container.security_context);
    assert_eq!(cage["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!((&cage["readOnlyRootFilesystem"], &cage["allowPrivilegeEscalation"]), (&json!(true), &json!(false)));
}

#[test]
fn redis_keeps_what_it_has_acknowledged_and_lets_nobody_else_in() {
    let documents = documents("redis.yaml");
    let [service, set, policy] = documents.as_slice() else { panic!("three documents") };
    let (service, set, policy): (Service, StatefulSet, NetworkPolicy) = (typed(service), typed(set), typed(policy));
    let secret: Secret = only("secrets.yaml");
    let address = secret.string_data.expect("values")["redis-url"].clone();
    let name = service.metadata.name.expect("a name");
    assert_eq!(address, format!("redis://{name}:6379/0"));
    let spec = set.spec.expect("a spec");
    let pod = spec.template.spec.expect("a pod");
    let args = pod.containers[0].args.clone().expect("arguments").join(" ");
    assert_eq!(args, "--appendonly yes --appendfsync always");
    assert!(spec.volume_claim_templates.is_some_and(|claims| claims.len() == 1));
    let from = json!(policy.spec.expect("a spec").ingress);
    let label = &from[0]["from"][0]["podSelector"]["matchLabels"];
    assert_eq!(label, &json!({ "core.spinkube.dev/app-name": "approval-bridge" }));
}
