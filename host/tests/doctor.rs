//! `doctor` at Zendesk: what it finds, and what to do about it.
//!
//! A wrong implementation takes any answer for a good one: Zendesk answers a call that it does not let in with an anonymous
//! user, and agents who may not read the list are let in all the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::fs;
use std::process::Command;

use approval_bridge::stubs::{MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, Stubs, World, ZENDESK_API_TOKEN, ZENDESK_EMAIL};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Runs `doctor` against this world, with this address and token; the lines about Zendesk.
fn doctor(email: &str, token: &str, world: impl FnOnce(&mut World)) -> Vec<String> {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let stubs = Stubs::new(7);
    stubs.with(world);
    runtime.spawn(async move { stubs.serve(listener, std::future::pending()).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge.toml");
    let variables = [
        ("zendesk_base_url", format!("http://{address}")),
        ("zendesk_email", email.to_owned()),
        ("zendesk_api_token", token.to_owned()),
        ("moveworks_base_url", format!("http://{address}")),
        ("moveworks_api_key", MOVEWORKS_API_KEY.to_owned()),
        ("moveworks_event_id", MOVEWORKS_EVENT_ID.to_owned()),
    ];
    let variables: String = variables.iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
    fs::write(&file, format!("[variables]\n{variables}[store]\nkind = 'memory'\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_approval-bridge")).args(["doctor", "--config"]).arg(&file).output();
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    output.lines().filter(|line| line.contains("Zendesk ")).map(str::to_owned).collect()
}

#[test]
fn an_administrator_with_the_right_token_may_read_the_list() {
    let lines = doctor(ZENDESK_EMAIL, ZENDESK_API_TOKEN, |_| {});
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("ok ") && line.contains("HTTP 200")), "{lines:?}");
}

#[test]
fn a_call_that_is_not_let_in_is_told_with_what_to_look_at() {
    for (email, token, anonymous) in [
        (ZENDESK_EMAIL, "another-token", true),
        (ZENDESK_EMAIL, "another-token", false),
        ("nobody@corp.example", ZENDESK_API_TOKEN, true),
    ] {
        let lines = doctor(email, token, |world| world.settings.zendesk.anonymous_me = anonymous);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("FAIL") && lines[0].contains("zendesk_api_token"), "{lines:?}");
        assert!(!lines[0].contains(token), "{lines:?}");
    }
}

#[test]
fn an_agent_who_may_not_read_the_list_is_told_apart_from_a_wrong_token() {
    let lines = doctor("ana@corp.example", ZENDESK_API_TOKEN, |world| {
        world.zendesk.user("Ana Li", "ana@corp.example");
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("ok "), "{lines:?}");
    assert!(lines[1].contains("FAIL") && lines[1].contains("administrator"), "{lines:?}");
}
