//! A headless Chromium, driven over a pipe by the Chrome DevTools Protocol: NUL-separated JSON, so no client is needed.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What it is called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long an answer or an event may take. A busy machine is no defect.
const PATIENCE: Duration = Duration::from_secs(90);

/// How wide a page is, and whether it is dark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Its name, for the picture.
    pub(crate) name: &'static str,
    /// Its width, in CSS pixels.
    pub(crate) width: u32,
    /// Whether its owner likes it dark.
    pub(crate) dark: bool,
}

/// A browser with one page, ended with the test.
pub(crate) struct Chromium {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// Events that nobody has waited for yet.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts one. None where there is none, which is said then.
    pub(crate) fn start() -> Option<Self> {
        let Some(name) = NAMES.into_iter().find(|name| is_there(name)) else {
            say_skipped();
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The pipe has to be the file descriptors 3 and 4, which only a shell can arrange without unsafe code.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh", name]);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.args(["--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = pipes.spawn().expect("a shell");
        let (commands, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let parts = BufReader::new(answers).split(0).map_while(Result::ok);
            // It ends with the browser, or with whoever listened.
            parts.map_while(|part| serde_json::from_slice(&part).ok()).all(|message| sender.send(message).is_ok())
        });
        let events = Vec::new();
        let mut own = Self { process, commands, messages, session: None, last: 0, events, _profile: profile };
        let target = own.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = own.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        own.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "Audits", "Accessibility"] {
            own.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(own)
    }

    /// Calls a method of the protocol.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.next(method);
            if message["id"] == json!(self.last) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&self, what: &str) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Does something that leads to another page, and waits until that is there.
    pub(crate) fn lead(&mut self, way: impl FnOnce(&mut Self)) {
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        self.events.retain(|event| !loaded(event));
        way(self);
        let begun = Instant::now();
        while !self.events.iter().any(loaded) {
            assert!(begun.elapsed() < PATIENCE, "no page comes");
            let event = self.next("a page");
            self.events.push(event);
        }
    }

    /// Opens an address.
    pub(crate) fn open(&mut self, url: &str) {
        self.lead(|own| drop(own.ask("Page.navigate", json!({ "url": url }))));
    }

    /// The value of an expression on the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Types a text where the cursor is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.ask("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key: `Tab` or `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = if key == "Enter" { (13, "\r") } else { (9, "") };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.ask("Input.dispatchKeyEvent", event);
        }
    }

    /// Looks at pages on another screen from now on.
    pub(crate) fn screen(&mut self, screen: Screen) {
        let mobile = screen.width < 500;
        let size = json!({ "width": screen.width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile });
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// A picture of the whole page, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.ask("Page.captureScreenshot", params);
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// How many nodes of each of these roles those meet who do not see the page.
    pub(crate) fn roles<const N: usize>(&mut self, roles: [&str; N]) -> [usize; N] {
        let tree = self.ask("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().unwrap();
        let count = |role| nodes.iter().filter(|node| node["role"]["value"] == role && node["ignored"] != true).count();
        roles.map(count)
    }

    /// Everything that the browser has complained about so far.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        let is_one = |event: &Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Audits.issueAdded" | "Runtime.consoleAPICalled") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["level"] != "verbose",
            _ => false,
        };
        let (complaints, others) = std::mem::take(&mut self.events).into_iter().partition(is_one);
        self.events = others;
        Vec::<Value>::into_iter(complaints).map(|event| event["params"].to_string()).collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_there(name: &str) -> bool {
    let mut version = Command::new(name);
    version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match version.status() {
        Ok(status) => status.success(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Past the test runner, which keeps what a test prints to itself unless the test fails.
fn say_skipped() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let text = "\n!!! SKIPPED: there is no Chromium on PATH, so the console has NOT been looked at in a browser.\n\
                    !!! `cargo xtask setup` installs it on Debian as root; elsewhere install the package chromium.\n\n";
        let _ = std::io::stderr().write_all(text.as_bytes());
    });
}
