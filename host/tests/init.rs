//! `init`: what it asks, what it writes, and that the bridge takes what was written.
//!
//! A wrong implementation writes a file that its own reader refuses, asks for a secret, or writes over somebody's file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use approval_bridge::config::Config;
use approval_bridge::variables::{KNOWN, Variables};

/// Runs `init` in a folder with these lines on standard input.
fn init(folder: &Path, arguments: &[&str], lines: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_approval-bridge"));
    command.current_dir(folder).arg("init").args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that asks nothing ends without reading.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    child.wait_with_output().unwrap()
}

/// The configuration that was written, read as every command reads it.
fn written(folder: &Path) -> Config {
    let text = fs::read_to_string(folder.join("approval-bridge.toml")).unwrap();
    Config::parse(&text, folder, []).unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const CLOUD: &str = "sdp, zendesk
https://sdpondemand.manageengine.eu/app/itdesk


https://corp.zendesk.com
admin@corp.example
https://api.am-eu-central.moveworks.ai
event
5d6f1f0e-4c1b-4f0a-9f57-0e3b8f6a2c11
type,number,title
false
48
19:00-08:00
Europe/Berlin
";

#[test]
fn answers_become_a_configuration_and_empty_ones_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &[], CLOUD);
    assert!(output.status.success(), "{output:?}");
    let config = written(folder.path());
    for (name, value) in [
        ("sdp_base_url", "https://sdpondemand.manageengine.eu/app/itdesk"),
        // The data centre of the address.
        ("sdp_accounts_url", "https://accounts.zoho.eu"),
        ("sdp_modules", "requests,changes,releases"),
        ("zendesk_email", "admin@corp.example"),
        ("atera_base_url", ""),
        ("moveworks_base_url", "https://api.am-eu-central.moveworks.ai"),
        ("moveworks_event_id", "5d6f1f0e-4c1b-4f0a-9f57-0e3b8f6a2c11"),
        ("moveworks_listener_id", ""),
        ("card_fields", "type,number,title"),
        ("comment_required_on_reject", "false"),
        ("remind_after_hours", "48"),
        ("timezone", "Europe/Berlin"),
        ("max_reminders", "3"),
    ] {
        assert_eq!(config.variables.get(name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn flags_write_the_same_file_as_answers() {
    let (asked, told) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(init(asked.path(), &[], CLOUD).status.success());
    let flags = [
        "--defaults",
        "--sdp-base-url=https://sdpondemand.manageengine.eu/app/itdesk",
        "--zendesk-base-url=https://corp.zendesk.com",
        "--zendesk-email=admin@corp.example",
        "--moveworks-base-url=https://api.am-eu-central.moveworks.ai",
        "--moveworks-event-id=5d6f1f0e-4c1b-4f0a-9f57-0e3b8f6a2c11",
        "--card-fields=type,number,title",
        "--comment-required-on-reject=false",
        "--remind-after-hours=48",
        "--quiet-hours=19:00-08:00",
        "--timezone=Europe/Berlin",
    ];
    let output = init(told.path(), &flags, "");
    assert!(output.status.success() && error(&output).is_empty(), "{output:?}");
    let read = |folder: &Path| fs::read_to_string(folder.join("approval-bridge.toml")).unwrap();
    assert_eq!(read(asked.path()), read(told.path()));
}

#[test]
fn no_secret_is_asked_or_written_and_the_file_says_where_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &[], CLOUD);
    let (config, text) =
        (written(folder.path()), fs::read_to_string(folder.path().join("approval-bridge.toml")).unwrap());
    let (head, _) = text.split_once("[variables]").unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    for known in KNOWN {
        assert_eq!(config.variables.get(known.name).is_none(), known.secret, "{}", known.name);
        let needed = ["api_token", "sdp_client_id", "sdp_refresh_token", "zendesk_api_token", "moveworks_api_key"];
        let environment = format!("APPROVAL_BRIDGE_{}:", known.name.to_ascii_uppercase());
        if needed.contains(&known.name) {
            assert!(head.contains(&environment) && said.contains(&environment), "{}", known.name);
        }
        if ["sdp_authtoken", "atera_api_key", "moveworks_listener_secret"].contains(&known.name) {
            assert!(!head.contains(&environment) && !said.contains(&environment), "{}", known.name);
        }
    }
    assert!(!error(&output).to_lowercase().contains("secret"), "{output:?}");
}

#[test]
fn the_bridge_takes_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "--defaults",
        "--sdp-base-url=http://127.0.0.1:9",
        "--moveworks-base-url=http://127.0.0.1:9",
        "--moveworks-listener-id=0815",
    ];
    assert!(init(folder.path(), &flags, "").status.success());
    assert_eq!(written(folder.path()).variables.get("moveworks_listener_id").as_deref(), Some("0815"));
    let output = Command::new(env!("CARGO_BIN_EXE_approval-bridge"))
        .current_dir(folder.path())
        .args(["doctor", "--config", "approval-bridge.toml"])
        .env("APPROVAL_BRIDGE_API_TOKEN", "0123456789-0123456789-0123456789")
        .env("APPROVAL_BRIDGE_SDP_AUTHTOKEN", "a-technician-key")
        .env("APPROVAL_BRIDGE_MOVEWORKS_API_KEY", "a-moveworks-key")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("ok   settings: complete and consistent\nok   store: "), "{said}");
}

#[test]
fn a_file_that_is_there_is_left_alone_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("approval-bridge.toml");
    fs::write(&file, "mine").unwrap();
    let flags = ["--defaults", "--zendesk-base-url=https://corp.zendesk.com", "--zendesk-email=admin@corp.example"];
    let flags = [flags.as_slice(), &["--moveworks-listener-id=8b0c"]].concat();
    let output = init(folder.path(), &flags, "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(error(&output), "approval-bridge: approval-bridge.toml is there already; --force writes over it\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let forced = init(folder.path(), &[flags.as_slice(), &["--force"]].concat(), "");
    assert!(forced.status.success(), "{forced:?}");
    assert_eq!(written(folder.path()).variables.get("zendesk_base_url").as_deref(), Some("https://corp.zendesk.com"));
    let printed = init(folder.path(), &[flags.as_slice(), &["--output=-"]].concat(), "");
    assert_eq!(printed.stdout, fs::read(&file).unwrap());
}

#[test]
fn an_answer_that_cannot_be_is_refused_with_its_flag() {
    let good = ["--zendesk-base-url=https://corp.zendesk.com", "--zendesk-email=admin@corp.example", "--door=event"];
    for (flag, wanted) in [
        ("--systems=sdp,jira", "--systems: expected some of sdp, zendesk, atera, with commas between"),
        ("--moveworks-event-id=a/b", "--moveworks-event-id: expected the id, as Moveworks shows it"),
        ("--card-fields=type,colour", "--card-fields: expected names of lines, with commas between"),
        ("--remind-after-hours=soon", "--remind-after-hours: expected a number of hours, 0 to 8760"),
        ("--quiet-hours=night", "--quiet-hours: expected two times of day, such as 19:00-08:00, or nothing"),
        ("--moveworks-base-url=ftp://x", "--moveworks-base-url: expected an address that begins with https://"),
        ("--timezone=UTC", "--timezone: does not go with the other answers"),
        ("--max-reminders=3", "unexpected argument '--max-reminders'"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let event = if flag.contains("event-id") { "--force" } else { "--moveworks-event-id=5d6f" };
        let output = init(folder.path(), &[good.as_slice(), &["--defaults", event, flag]].concat(), "");
        assert_eq!(output.status.code(), Some(2), "{flag}");
        assert!(error(&output).contains(wanted), "{flag}: {}", error(&output));
        assert!(!folder.path().join("approval-bridge.toml").exists());
    }
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &["--defaults"], "");
    assert_eq!(error(&output), "approval-bridge: --sdp-base-url: expected an address that begins with https://\n");
}
