//! The document at `GET /openapi.json` from the outside: a validator reads it, and schemathesis makes requests of it and
//! sends them to a bridge that is served, with stubs behind it.
//!
//! A wrong document, or a wrong bridge, refuses what is allowed, takes what is forbidden, answers 5xx or what is not
//! documented, lets strangers in, or hides which methods there are.
//!
//! `cargo xtask setup` gets the packages from PyPI where it can. Without them a test does nothing, and says so on stderr.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use approval_bridge::bridge::Bridge;
use approval_bridge::limits::Limits;
use approval_bridge::stubs::{
    ATERA_API_KEY, ApprovalRef, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, SDP_AUTHTOKEN, Stubs, ZENDESK_API_TOKEN,
    ZENDESK_EMAIL,
};
use approval_bridge::variables::VariableMap;
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, SAM, Served, asking};
use serde_json::{Value, json};

use crate::languages::packages_in;
use crate::{root, target};

/// The folder of the packages, in the versions that are pinned.
fn packages() -> Option<PathBuf> {
    packages_in(target().join("openapi"), &folder().join("requirements.txt"), "the document of the routes")
}

fn folder() -> PathBuf {
    root().join("tests/embedding/openapi")
}

fn document() -> PathBuf {
    root().join("component/bridge/openapi.json")
}

#[test]
fn the_document_is_valid_openapi() {
    let Some(packages) = packages() else { return };
    let output = Command::new(packages.join("bin/openapi-spec-validator")).arg(document()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// All help desks, and somebody who waits at each.
async fn served(stubs: &Stubs) -> (Bridge, Served) {
    stubs.with(|world| {
        world.on_premises();
        world.settings.moveworks.events_per_minute = None;
    });
    let variables = VariableMap::new([
        ("api_token", API_TOKEN),
        ("sdp_base_url", "https://sdp.example"),
        ("sdp_authtoken", SDP_AUTHTOKEN),
        ("zendesk_base_url", "https://zendesk.example"),
        ("zendesk_email", ZENDESK_EMAIL),
        ("zendesk_api_token", ZENDESK_API_TOKEN),
        ("atera_base_url", "https://atera.example/atera"),
        ("atera_api_key", ATERA_API_KEY),
        ("moveworks_base_url", "https://moveworks.example"),
        ("moveworks_event_id", MOVEWORKS_EVENT_ID),
        ("moveworks_api_key", MOVEWORKS_API_KEY),
        ("moveworks_per_minute", "0"),
    ]);
    // A busy machine is no defect.
    let wide = Duration::from_secs(120);
    let limits = Limits { cpu: wide, request_timeout: wide, sweep_timeout: wide, ..Limits::default() };
    let bridge = Bridge::builder().variables(variables).limits(limits).transport(std::sync::Arc::new(stubs.clone()));
    let bridge = bridge.build().expect("the bridge starts");
    let served = Served::start(bridge.clone()).await;
    (bridge, served)
}

/// The settings of schemathesis, with what is there filled in.
fn settings(to: &Path, names: &[(&str, &str)]) {
    let text = fs::read_to_string(folder().join("schemathesis.toml")).expect("the settings");
    let text =
        names.iter().fold(text, |text, (name, value)| text.replace(&format!("\"{name}\""), &json!(value).to_string()));
    fs::write(to, text).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_says_is_so() {
    let Some(packages) = packages() else { return };
    let stubs = Stubs::new(7);
    let (_bridge, served) = served(&stubs).await;
    let (ticket, other) = stubs.with(|world| {
        let ticket = world.request().level(&[ANA, BO]).add();
        (ticket, world.atera_ticket("New laptop", SAM))
    });
    assert_eq!(served.call("POST", "/poll", Value::Null).await.status, 200);
    let asked = served.call("POST", "/requests", asking(&other, &[ANA, BO], json!({ "rule": "all" }))).await;
    let request = asked.body["id"].as_str().expect("a request").to_owned();
    let approval = ticket.approval(0, 0);
    let config = packages.join("schemathesis.toml");
    let (id, ApprovalRef { ticket, approval, .. }) = (approval.id(), approval);
    let names = [("TICKET", &ticket), ("MEMBER", &approval), ("REQUEST", &request), ("APPROVAL", &id)];
    settings(&config, &names.map(|(name, value)| (name, value.as_str())));

    let mut command = Command::new(packages.join("bin/schemathesis"));
    command.arg("--config-file").arg(&config).arg("run").arg(document()).args([
        "--no-color",
        "--url",
        &served.origin(),
    ]);
    command.args(["--header", &format!("Authorization: Bearer {API_TOKEN}")]);
    command.env("SCHEMATHESIS_HOOKS", "checks").env("PYTHONPATH", folder()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.current_dir(&packages);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    served.stop().await;
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
}
