//! What `doctor` is run on: systems that are configured well, and the world behind them.

use std::fs;
use std::process::Command;

use approval_bridge::stubs::{
    ATERA_API_KEY, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, SDP_AUTHTOKEN, Stubs, World,
    ZENDESK_API_TOKEN, ZENDESK_EMAIL, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use System::{Atera, Cloud, Event, Listener, OnPremises, Zendesk};

/// What is configured: everything right.
#[derive(Clone, Copy)]
pub(crate) enum System {
    Cloud,
    OnPremises,
    Zendesk,
    Atera,
    Event,
    Listener,
}

impl System {
    /// Its settings; `{host}` stands for the address of the stubs.
    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Cloud => &[
                ("sdp_base_url", "http://{host}/app/itdesk"),
                ("sdp_accounts_url", "http://{host}"),
                ("sdp_client_id", ZOHO_CLIENT_ID),
                ("sdp_client_secret", ZOHO_CLIENT_SECRET),
                ("sdp_refresh_token", ZOHO_REFRESH_TOKEN),
            ],
            OnPremises => &[("sdp_base_url", "http://{host}"), ("sdp_authtoken", SDP_AUTHTOKEN)],
            Zendesk => &[
                ("zendesk_base_url", "http://{host}"),
                ("zendesk_email", ZENDESK_EMAIL),
                ("zendesk_api_token", ZENDESK_API_TOKEN),
            ],
            Atera => &[("atera_base_url", "http://{host}/atera"), ("atera_api_key", ATERA_API_KEY)],
            Event => &[("moveworks_event_id", MOVEWORKS_EVENT_ID)],
            Listener => &[("moveworks_listener_id", MOVEWORKS_LISTENER_ID)],
        }
    }
}

/// Settings that every configuration has.
const COMMON: [(&str, &str); 3] = [
    ("api_token", "0123456789-0123456789-0123456789"),
    ("moveworks_base_url", "http://{host}"),
    ("moveworks_api_key", MOVEWORKS_API_KEY),
];

/// Runs `doctor` on these systems, with some settings changed, against this world.
pub(crate) fn doctor(
    systems: &[System],
    changes: &[(&str, &str)],
    store: &str,
    world: impl FnOnce(&mut World),
) -> (Vec<String>, bool) {
    run("doctor", systems, changes, store, world)
}

/// Runs a command in the same way: what it printed, and whether it was content.
pub(crate) fn run(
    command: &str,
    systems: &[System],
    changes: &[(&str, &str)],
    store: &str,
    world: impl FnOnce(&mut World),
) -> (Vec<String>, bool) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let stubs = Stubs::new(7);
    stubs.with(world);
    runtime.spawn(async move { stubs.serve(listener, std::future::pending()).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge.toml");
    let mut settings: Vec<(&str, &str)> = COMMON.to_vec();
    settings.extend(systems.iter().flat_map(|system| system.settings()));
    settings.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    settings.extend(changes);
    let lines = settings.iter().map(|(name, value)| format!("{name} = '{value}'\n"));
    let variables = lines.collect::<String>().replace("{host}", &host);
    fs::write(&file, format!("[variables]\n{variables}[store]\n{store}\n")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_approval-bridge"));
    let output = program.args([command, "--config"]).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace(&host, "{host}");
    let text = text.replace(&folder.path().display().to_string(), "{folder}");
    (text.lines().map(str::to_owned).collect(), output.status.success())
}

/// A store that needs no file.
pub(crate) const MEMORY: &str = "kind = 'memory'";
