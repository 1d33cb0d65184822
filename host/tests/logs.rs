//! The log as JSON lines: every line about a sweep carries the sweep's id, and whoever asked for it gets the same id.
//!
//! A wrong implementation writes the lines of upstream calls outside of the sweep they belong to, so that nobody can tell
//! afterwards which of two sweeps met which failure.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use approval_bridge::stubs::{Fault, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, SDP_AUTHTOKEN, Stubs};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const TOKEN: &str = "0123456789-0123456789-0123456789";

/// Vendors that fail now and then, and a configuration for them.
struct Stage {
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let stubs = Stubs::new(7);
        stubs.with(|world| {
            world.on_premises();
            world.populate(3, 1, 1);
            // One that the report tells, and one that only the log does.
            world.fault(Fault::on("GET", "/api/v3/releases").always().sdp_error(4002, "Not allowed"));
            world.fault(Fault::on("GET", "/api/v3/changes").times(1).drops());
        });
        runtime.spawn(async move { stubs.serve(listener, std::future::pending()).await });
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[variables]\napi_token = '{TOKEN}'\nsdp_base_url = 'http://{address}'\nsdp_authtoken = '{SDP_AUTHTOKEN}'\n\
             moveworks_base_url = 'http://{address}'\nmoveworks_api_key = '{MOVEWORKS_API_KEY}'\n\
             moveworks_event_id = '{MOVEWORKS_EVENT_ID}'\n[store]\nkind = 'memory'\n"
        );
        fs::write(folder.path().join("bridge.toml"), text).unwrap();
        Self { folder, _runtime: runtime }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_approval-bridge"))
            .args(["--log-format", "json"])
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("bridge.toml"))
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.log()).unwrap())
            .spawn()
            .unwrap()
    }

    /// The lines of the log, and the ids of their sweeps.
    fn lines(&self) -> Vec<(Value, Option<String>)> {
        let log = fs::read_to_string(self.log()).unwrap();
        let line = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let sweep = line["span"]["name"] == "sweep";
            let id = line["span"]["id"].as_str().filter(|_| sweep).map(str::to_owned);
            (line, id)
        };
        log.lines().map(line).collect()
    }
}

/// What the log has to say of a sweep here, by the beginning of its message.
fn messages(lines: &[(Value, Option<String>)], id: &str) -> Vec<String> {
    let own = lines.iter().filter(|(_, own)| own.as_deref() == Some(id));
    own.map(|(line, _)| line["message"].as_str().unwrap().to_owned()).collect()
}

/// `POST /poll`; the head of the answer.
fn ask(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /poll HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().0.to_lowercase()
}

#[test]
fn every_line_of_a_served_sweep_carries_its_id_and_the_answer_names_it() {
    let stage = Stage::new();
    let mut served = stage.start(&["serve", "--listen", "127.0.0.1:0"]);
    let mut said = String::new();
    BufReader::new(served.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let head = ask(said.trim().strip_prefix("listening on http://").unwrap());
    served.kill().unwrap();
    served.wait().unwrap();
    let asked = head.lines().find_map(|line| line.strip_prefix("approval-bridge-sweep: ")).unwrap().to_owned();
    let lines = stage.lines();
    assert!(lines.iter().all(|(_, id)| id.is_some()), "{lines:?}");
    let ids: BTreeSet<String> = lines.iter().filter_map(|(_, id)| id.clone()).collect();
    assert_eq!(ids.len(), 2, "{lines:?}");
    let first = ids.iter().find(|id| **id != asked).unwrap();
    let begins = |text: &str, id: &str| messages(&lines, id).iter().any(|message| message.starts_with(text));
    assert!(begins("upstream call failed", first), "{lines:?}");
    assert!(begins("sweep ", first) && begins("something went wrong", first), "{lines:?}");
    assert!(begins("a sweep that was asked for ended", &asked), "{lines:?}");
    assert!(begins("something went wrong", &asked), "{lines:?}");
}

#[test]
fn every_line_of_a_single_sweep_carries_its_id() {
    let stage = Stage::new();
    let output = stage.start(&["poll"]).wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = stage.lines();
    let ids: BTreeSet<Option<String>> = lines.iter().map(|(_, id)| id.clone()).collect();
    assert!(ids.len() == 1 && !ids.contains(&None), "{lines:?}");
    let wrong = lines.iter().find(|(line, _)| line["message"] == "something went wrong").unwrap();
    assert_eq!((&wrong.0["source"], &wrong.0["code"]), (&"sdp/releases".into(), &"FORBIDDEN".into()));
    assert!(lines.iter().any(|(line, _)| line["message"].as_str().unwrap().starts_with("sweep ")), "{lines:?}");
}
