//! The commands as an operator runs them: nothing that they print, log, answer or store shows a secret, at the highest
//! level of logging, on good days and where vendors repeat the caller's credential in their errors.
//!
//! A wrong implementation logs a header, prints what a vendor said as it came, or quotes the line of the configuration
//! that it could not read. What the component itself may show is in `tests/scenarios/secrets.rs`, whose search this uses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

#[path = "../../tests/scenarios/secrets/canary.rs"]
mod canary;

use std::fs::{self, File};
use std::future::pending;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use approval_bridge::stubs::{Edition, Fault, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, Stubs, ZENDESK_EMAIL};
use approval_bridge::variables::{ENVIRONMENT_PREFIX, KNOWN};
use canary::{canary, shows};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// All that we and our HTTP and TLS parts would say; the compiler's own logs are about code alone, and endless.
const LOG: &str = "trace,cranelift=off,cranelift_codegen=off,regalloc2=off,wasmtime=off,wasmtime_internal_cache=off,\
                   wasmtime_cranelift=off,wasmtime_internal_cranelift=off,wasmtime_environ=off";

/// The vendors on a socket, and a configuration full of canaries in a folder of its own.
struct Stage {
    stubs: Stubs,
    folder: tempfile::TempDir,
    secrets: Vec<&'static str>,
    _runtime: Runtime,
}

impl Stage {
    fn new(edition: Edition) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let stubs = Stubs::new(7);
        stubs.with(|world| {
            let settings = &mut world.settings;
            (settings.zoho.client_id, settings.zoho.client_secret) = (None, None);
            (settings.zoho.refresh_token, settings.moveworks.api_key) = (None, None);
            settings.sdp.authtoken = canary("sdp_authtoken");
            settings.zendesk.api_token = canary("zendesk_api_token");
            match edition {
                Edition::Cloud => settings.sdp.portal = Some("itdesk".to_owned()),
                Edition::OnPremises => world.on_premises(),
            }
            world.populate(3, 1, 1);
        });
        let serving = stubs.clone();
        runtime.spawn(async move { serving.serve(listener, pending()).await });
        let (sdp, not_ours): (_, fn(&str) -> bool) = match edition {
            Edition::Cloud => (format!("http://{address}/app/itdesk"), |name| name == "sdp_authtoken"),
            Edition::OnPremises => (format!("http://{address}"), |name| {
                ["sdp_client_id", "sdp_client_secret", "sdp_refresh_token"].contains(&name)
            }),
        };
        let mut file = format!("[variables]\nsdp_base_url = '{sdp}'\nmoveworks_base_url = 'http://{address}'\n");
        file.push_str(&match edition {
            Edition::Cloud => {
                format!("sdp_accounts_url = 'http://{address}'\nmoveworks_event_id = '{MOVEWORKS_EVENT_ID}'\n")
            }
            Edition::OnPremises => format!("moveworks_listener_id = '{MOVEWORKS_LISTENER_ID}'\n"),
        });
        file.push_str(&format!("zendesk_base_url = 'http://{address}'\nzendesk_email = '{ZENDESK_EMAIL}'\n"));
        let served = |name: &str| name != "atera_api_key";
        let listener_secret = |name: &str| edition == Edition::Cloud && name == "moveworks_listener_secret";
        let secrets: Vec<_> = KNOWN.iter().filter(|known| known.secret).map(|known| known.name).collect();
        let secrets: Vec<_> =
            secrets.into_iter().filter(|name| served(name) && !not_ours(name) && !listener_secret(name)).collect();
        // Every second one from the environment.
        for name in secrets.iter().step_by(2) {
            file.push_str(&format!("{name} = '{}'\n", canary(name)));
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bridge.toml"), file + "[store]\npath = 'data/ledger.db'\n").unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        Self { stubs, folder, secrets, _runtime: runtime }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the command; what it prints goes into the file `output`.
    fn start(&self, arguments: &[&str]) -> Child {
        let output = File::create(self.path("output")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_approval-bridge"));
        command.args(arguments).arg("--config").arg(self.path("bridge.toml")).env("RUST_LOG", LOG);
        for name in self.secrets.iter().skip(1).step_by(2) {
            command.env(format!("{ENVIRONMENT_PREFIX}{}", name.to_uppercase()), canary(name));
        }
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
    }

    /// Runs the command to its end; whether it succeeded, and what it printed.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let status = self.start(arguments).wait().unwrap();
        (status.success(), self.output())
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("output")).unwrap()).into_owned()
    }

    fn assert_kept(&self, what: &str, text: &[u8]) {
        for name in &self.secrets {
            assert!(!shows(text, &canary(name)), "{name} in {what}: {}", String::from_utf8_lossy(text));
        }
    }

    fn assert_store_kept(&self) {
        let files: Vec<_> = fs::read_dir(self.path("data")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty());
        for file in files {
            self.assert_kept(&file.display().to_string(), &fs::read(&file).unwrap());
        }
    }
}

/// The answer of the vendor that gets this secret, which repeats a text.
fn echo(name: &str, text: &str) -> Fault {
    let (path, body) = match name {
        "sdp_authtoken" => {
            let message = format!(r#"{{"status_code":4001,"message":"{text}"}}"#);
            let status = format!(r#"{{"status_code":4000,"status":"failed","messages":[{message}]}}"#);
            ("/api/v3/", format!(r#"{{"response_status":{status}}}"#))
        }
        "zendesk_api_token" => ("/api/v2/", format!(r#"{{"error":{{"title":"{text}","message":"{text}"}}}}"#)),
        "moveworks_api_key" => ("v1/", format!(r#"{{"error":{{"code":"{text}","message":"{text}"}}}}"#)),
        _ => ("/oauth/", format!(r#"{{"error":"{text}","error_description":"{text}"}}"#)),
    };
    Fault::on("*", path).replies(400, body).always()
}

#[test]
fn doctor_and_poll_show_no_secret_on_good_days_nor_where_vendors_repeat_it() {
    for edition in [Edition::Cloud, Edition::OnPremises] {
        let stage = Stage::new(edition);
        for (command, good) in [(&["doctor"][..], "ok "), (&["poll", "--dry-run"], "complete"), (&["poll"], "complete")]
        {
            let (success, output) = stage.run(command);
            assert!(success && output.contains(good), "{command:?}: {output}");
            stage.assert_kept(&format!("{command:?}"), output.as_bytes());
        }
        stage.assert_store_kept();
        let sent = [
            "sdp_authtoken",
            "sdp_client_id",
            "sdp_client_secret",
            "sdp_refresh_token",
            "zendesk_api_token",
            "moveworks_api_key",
        ];
        for name in sent.into_iter().filter(|name| stage.secrets.contains(name)) {
            let own = canary(name);
            for text in [own.clone(), own.replace('=', "\\u003d").replace('/', "\\/")] {
                stage.stubs.with(|world| {
                    world.clear_faults();
                    world.fault(echo(name, &format!("not good: {text}")));
                    world.populate(1, 1, 1);
                });
                for command in [&["doctor"][..], &["poll"]] {
                    let (_, output) = stage.run(command);
                    assert!(command != ["doctor"] || output.contains("not good: (secret)"), "{name}: {output}");
                    stage.assert_kept(&format!("{command:?} where {name} is repeated"), output.as_bytes());
                }
            }
        }
        stage.assert_store_kept();
    }
}

/// A request as it goes over the wire; the whole answer.
fn ask(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A door that closes at once is an answer too.
    let _ = socket.read_to_end(&mut answer);
    answer
}

#[test]
fn serve_logs_and_answers_no_secret_to_requests_of_every_kind() {
    let stage = Stage::new(Edition::OnPremises);
    let mut served = stage.start(&["--log-format", "json", "serve", "--listen", "127.0.0.1:0"]);
    let address = loop {
        let output = stage.output();
        if let Some((_, rest)) = output.split_once("listening on http://") {
            break rest.lines().next().unwrap().trim().parse().unwrap();
        }
        assert!(served.try_wait().unwrap().is_none(), "it ended: {output}");
        sleep(Duration::from_millis(50));
    };
    let token = canary("api_token");
    let end = "host: bridge.example\r\nconnection: close\r\n";
    let known = format!("{end}authorization: Bearer {token}\r\n");
    for request in [
        format!("GET /approvals HTTP/1.1\r\n{known}\r\n"),
        format!("GET /approvals HTTP/1.1\r\n{end}authorization: Basic {token}\r\n\r\n"),
        format!("GET /outbox HTTP/1.1\r\n{known}authorization: Bearer {token}\r\n\r\n"),
        format!("POST /poll HTTP/1.1\r\n{known}content-length: 0\r\n\r\n"),
        format!("POST /hints HTTP/1.1\r\n{known}content-length: 2\r\n\r\n{{}}"),
        format!("GET /approvals?api_token={token} HTTP/1.1\r\n{known}\r\n"),
        format!("GET /nowhere/{token} HTTP/1.1\r\n{known}\r\n"),
        format!("POST /poll HTTP/1.1\r\n{known}content-length: x\r\n\r\n"),
        format!("GET / HTTP/9.9\r\n{known}\r\n"),
        format!("{token}\r\n\r\n"),
    ] {
        stage.assert_kept(&request, &ask(address, &request));
    }
    let id = served.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(served.wait().unwrap().success());
    let output = stage.output();
    assert!(output.contains("\"TRACE\"") && output.contains("stopped"), "{output}");
    stage.assert_kept("the log of serve", output.as_bytes());
    stage.assert_store_kept();
}

/// A configuration that cannot be read is told by line and key.
#[test]
fn a_broken_configuration_is_told_without_the_secrets_in_it() {
    let stage = Stage::new(Edition::Cloud);
    let own = canary("api_token");
    for broken in [
        format!("[variables]\napi_token = '{own}"),
        format!("[variables]\napi_token = {own}"),
        format!("[variables]\napi_token = ['{own}']"),
        format!("[variables]\napi_token = '{own}'\napi_token = '{own}'"),
        format!("[variables]\napi_token = '{own}'\nsdp_modules = '{own}'"),
        format!("[store]\nkind = 'redis'\nurl = 'redis://user:{own}@127.0.0.1:1'"),
    ] {
        fs::write(stage.path("bridge.toml"), &broken).unwrap();
        for command in [&["doctor"][..], &["poll", "--dry-run"]] {
            let (success, output) = stage.run(command);
            assert!(!success, "{broken}");
            stage.assert_kept(&broken, output.as_bytes());
        }
    }
    assert!(!Path::new("data").exists());
}
