//! Every block of shell on a page is run, page by page, as a newcomer would who has unpacked the sources and built them.
//!
//! `approval-bridge` is the program under test, over the vendors' stand-ins; `serve` goes on in the background. What a
//! test cannot have (a cluster, Spin, a compiler's half hour) is a stand-in of the same name: it notes how it was called,
//! and the rules below say what such a call may be. `curl` has to be there; without it a test says so and does nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use approval_bridge::stubs::{
    MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, Stubs, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET,
    ZOHO_REFRESH_TOKEN,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{Page, pages, root};

/// Programs that are only noted.
const NOTED: [&str; 7] = ["cargo", "spin", "kubectl", "wkg", "wasm-tools", "sha256sum", "npm"];

/// Files and folders that the commands use, in the place where the sources are unpacked.
const SOURCES: [&str; 8] = [
    "approval-bridge.example.toml",
    "spin.toml",
    "CHANGELOG.md",
    "component",
    "deploy",
    "examples",
    "moveworks",
    "ops",
];

/// Runs the program; of `serve` it waits until the door is open, and leaves it running.
const PROGRAM: &str = r#"#!/bin/sh
if [ "$1" != serve ]; then exec "$PROGRAM" "$@"; fi
"$PROGRAM" "$@" --listen "$LISTEN" > serve.out 2> serve.err &
echo $! >> served
for i in $(seq 300); do grep -q listening serve.out && exit 0; sleep 0.1; done
cat serve.err >&2
exit 1
"#;

const NOTE: &str = r#"#!/bin/sh
printf '%s' "${0##*/}" >> called
for word in "$@"; do printf '\t%s' "$word" >> called; done
printf '\n' >> called
"#;

/// The blocks of shell on a page, in order.
fn shell(page: &Page) -> Vec<String> {
    let blocks = page.text.split("\n```sh\n").skip(1);
    blocks.map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned()).collect()
}

/// A place like that of somebody who has unpacked the sources and built them.
struct Place {
    folder: TempDir,
    _runtime: Runtime,
    listen: String,
    environment: Vec<(String, String)>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in SOURCES {
            symlink(
                root().join(name).canonicalize().unwrap_or_else(|_| panic!("{name} is not there")),
                folder.path().join(name),
            )
            .unwrap();
        }
        let program = env!("CARGO_BIN_EXE_approval-bridge");
        let bin = folder.path().join("bin");
        fs::create_dir_all(folder.path().join("target/release")).unwrap();
        fs::create_dir_all(&bin).unwrap();
        for (name, script) in NOTED.iter().map(|name| (*name, NOTE)).chain([("approval-bridge", PROGRAM)]) {
            let path = bin.join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(bin.join("approval-bridge"), folder.path().join("target/release/approval-bridge")).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let vendors = listener.local_addr().unwrap();
        let stubs = Stubs::new(7);
        stubs.with(|world| drop(world.populate(3, 2, 1)));
        runtime.spawn(async move { stubs.serve(listener, std::future::pending()).await });
        // A port that nobody has just now.
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let set = |name: &str, value: &str| (format!("APPROVAL_BRIDGE_{name}"), value.to_owned());
        let environment = vec![
            set("SDP_BASE_URL", &format!("http://{vendors}/app/itdesk")),
            set("SDP_ACCOUNTS_URL", &format!("http://{vendors}")),
            set("SDP_CLIENT_ID", ZOHO_CLIENT_ID),
            set("SDP_CLIENT_SECRET", ZOHO_CLIENT_SECRET),
            set("SDP_REFRESH_TOKEN", ZOHO_REFRESH_TOKEN),
            set("MOVEWORKS_BASE_URL", &format!("http://{vendors}")),
            set("MOVEWORKS_EVENT_ID", MOVEWORKS_EVENT_ID),
            set("MOVEWORKS_LISTENER_ID", MOVEWORKS_LISTENER_ID),
            set("MOVEWORKS_API_KEY", MOVEWORKS_API_KEY),
            set("API_TOKEN", "token-of-the-pages"),
            ("API_TOKEN".to_owned(), "token-of-the-pages".to_owned()),
            ("PROGRAM".to_owned(), program.to_owned()),
            ("LISTEN".to_owned(), listen.clone()),
            ("PATH".to_owned(), format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())),
        ];
        Self { folder, _runtime: runtime, listen, environment }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, block: &str) -> Output {
        // Pages listen where the program listens by itself; a test takes what is free.
        let block = block.replace("127.0.0.1:3000", &self.listen).replace(&format!(" --listen {}", self.listen), "");
        let mut shell = Command::new("sh");
        shell.args(["-euc", &block]).current_dir(self.path()).envs(self.environment.iter().map(|(k, v)| (k, v)));
        shell.stdin(Stdio::null()).output().expect("a shell")
    }

    /// How noted programs were called.
    fn called(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.path().join("called")).unwrap_or_default();
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for id in fs::read_to_string(self.path().join("served")).unwrap_or_default().lines() {
            let _ = Command::new("kill").arg(id).status();
        }
    }
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn every_command_on_a_page_works() {
    if !is_there("curl") {
        eprintln!("LEFT OUT: the commands of the pages need curl");
        return;
    }
    let mut blocks = 0;
    for page in pages() {
        let place = Place::new();
        if !page.text.contains("approval-bridge init") {
            // Pages for those who have been through the first ones.
            let settings = "[variables]\nfirst_run = \"baseline\"\n";
            fs::write(place.path().join("approval-bridge.toml"), settings).unwrap();
        }
        for block in shell(&page) {
            blocks += 1;
            let output = place.run(&block);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(output.status.success(), "{}: {block}\n{said}", page.path);
        }
        for call in place.called() {
            let words: Vec<&str> = call.iter().map(String::as_str).collect();
            assert!(is_right(&words), "{}: {}", page.path, words.join(" "));
        }
    }
    assert!(blocks > 10, "only {blocks} blocks");
}

/// Whether a program that is not run here would know what to do.
fn is_right(call: &[&str]) -> bool {
    let file = |path: &str| root().join(path).exists() || path.starts_with("target/");
    match call {
        ["cargo", "xtask", task, rest @ ..] => is_task(task, rest),
        ["cargo", "build", "--release", "-p", "approval-bridge"] => true,
        ["cargo", "test", rest @ ..] => rest.iter().all(|word| !word.is_empty()),
        ["cargo", "install", "cargo-fuzz" | "wkg" | "wasm-tools"] => true,
        ["cargo", "audit", "bin", path] => file(path),
        ["spin", "up", rest @ ..] => rest.chunks(2).all(|pair| match pair {
            ["--variable", setting] => setting.split_once('=').is_some_and(|(name, value)| in_manifest(name, value)),
            _ => false,
        }),
        ["spin", "registry", "push", _] => true,
        ["kubectl", "apply", rest @ ..] => {
            rest.chunks(2).all(|pair| matches!(pair, ["-f", path] if root().join(path).is_file()))
        }
        ["wasm-tools", "metadata", "show", path] | ["wasm-tools", "component", "wit", path] => file(path),
        ["wkg", "publish", path] => file(path),
        ["wkg", "build", "--output", _] => fs::exists(root().join("wkg.toml")).unwrap(),
        ["sha256sum", "-c", _] => true,
        _ => false,
    }
}

/// Whether `cargo xtask` has this task with these options, as its own help says.
fn is_task(task: &str, rest: &[&str]) -> bool {
    let help = Command::new(env!("CARGO")).args(["xtask", task, "--help"]).current_dir(root()).output().expect("cargo");
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    let mut options = rest.iter().take_while(|word| **word != "--").filter(|word| word.starts_with("--"));
    help.status.success()
        && options.all(|option| text.contains(&format!("{option} ")) || text.contains(&format!("{option}\n")))
}

fn in_manifest(name: &str, value: &str) -> bool {
    let manifest: toml::Table = fs::read_to_string(root().join("spin.toml")).unwrap().parse().unwrap();
    !value.is_empty() && manifest["variables"].as_table().is_some_and(|table| table.contains_key(name))
}
