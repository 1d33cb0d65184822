//! The example does what it is there to show, against the vendor stubs on a socket.
//!
//! A wrong store forgets what was announced, a wrong client reaches nobody, or reaches whom the settings do not name: by
//! itself, or because an answer sends it there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a mistake in a test should stop it")]

use std::path::Path;
use std::process::{Command, Output};

use approval_bridge::stubs::{Fault, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, SDP_AUTHTOKEN, Stubs};
use tokio::net::TcpListener;

const STORE: &str = "store.db";

/// The example, with nothing in its environment but these settings. It runs beside the stubs' thread.
async fn embed(file: &Path, base: &str, more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embed"));
    command.arg(file).env_clear().envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    let settings = [
        ("SDP_BASE_URL", base),
        ("SDP_AUTHTOKEN", SDP_AUTHTOKEN),
        ("MOVEWORKS_BASE_URL", base),
        ("MOVEWORKS_API_KEY", MOVEWORKS_API_KEY),
        ("MOVEWORKS_EVENT_ID", MOVEWORKS_EVENT_ID),
    ];
    for (name, value) in settings.iter().chain(more) {
        command.env(format!("APPROVAL_BRIDGE_{name}"), value);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// The stubs on a socket, with one approval that waits.
async fn stage() -> (Stubs, String) {
    let stubs = Stubs::new(1);
    stubs.with(|world| {
        world.on_premises();
        world.request().id("874").subject("Projector").level(&[("Ana Abara", "ana@corp.example")]).add();
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let serving = stubs.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    (stubs, base)
}

fn text(output: &Output) -> (String, String) {
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (read(&output.stdout), read(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_announces_what_waits_once_and_remembers_that_in_its_own_store() {
    let (stubs, base) = stage().await;
    let folder = tempfile::tempdir().unwrap();
    for (run, notified) in [(1, "1 notified"), (2, "0 notified")] {
        let output = embed(&folder.path().join(STORE), &base, &[]).await;
        let (said, complained) = text(&output);
        assert!(output.status.success(), "run {run}: {complained}");
        assert!(said.starts_with("sweep complete") && said.contains(notified), "run {run}: {said}");
        assert!(said.lines().any(|line| line.starts_with("sdp:requests:874:") && line.ends_with("waits: Projector")));
    }
    assert_eq!(stubs.with(|world| world.journal.count("POST", "/rest/v1/events")), 1);
    assert!(folder.path().join(STORE).is_file());
}

/// The other place would answer; nobody asks it.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_sends_elsewhere_is_not_followed() {
    let (stubs, base) = stage().await;
    let (elsewhere, other) = stage().await;
    let sent = Fault::on("GET", "/requests").replies(302, "").header("location", &format!("{other}/api/v3/requests"));
    stubs.with(|world| world.fault(sent.always()));
    let folder = tempfile::tempdir().unwrap();
    let output = embed(&folder.path().join(STORE), &base, &[]).await;
    let (said, complained) = text(&output);
    assert!(output.status.success(), "{complained}");
    assert!(said.contains("0 notified"), "{said}");
    assert!(stubs.with(|world| world.journal.count("GET", "/requests")) > 0);
    assert_eq!(elsewhere.with(|world| world.journal.total()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_missing_are_named_and_nobody_is_called() {
    let (stubs, base) = stage().await;
    let folder = tempfile::tempdir().unwrap();
    let output = embed(&folder.path().join(STORE), &base, &[("MOVEWORKS_API_KEY", "")]).await;
    let (_, complained) = text(&output);
    assert!(!output.status.success());
    assert!(complained.contains("moveworks_api_key"), "{complained}");
    assert_eq!(stubs.with(|world| world.journal.total()), 0);
}
