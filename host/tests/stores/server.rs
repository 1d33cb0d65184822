//! A real `redis-server` for one test: on a free loopback port, in a folder of its own, with a password.

use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use redis::{Client, Connection};
use tempfile::TempDir;

/// How often a server is asked whether it is ready, and how long to wait in between.
const LOOKS: u32 = 1_000;
const LOOK: Duration = Duration::from_millis(10);

/// A server, ended with the test.
pub(crate) struct Server {
    process: Child,
    options: Vec<String>,
    port: u16,
    folder: TempDir,
}

impl Server {
    /// Starts one with these options. None where there is no `redis-server`, which is said then.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        // Somebody else may take the port before the server does.
        for _ in 0..10 {
            let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
            let Some(process) = launch(&options, port, &folder) else {
                say_skipped();
                return None;
            };
            let mut server = Self { process, options: options.clone(), port, folder };
            if server.becomes_ready() {
                return Some(server);
            }
        }
        panic!("redis-server does not start");
    }

    /// Its address, with the password.
    pub(crate) fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", password(&self.folder), self.port)
    }

    /// Its address, with other credentials.
    pub(crate) fn url_with(&self, credentials: &str) -> String {
        format!("redis://{credentials}127.0.0.1:{}", self.port)
    }

    /// A connection past the store, to do what the store never would.
    pub(crate) fn connection(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = launch(&self.options, self.port, &self.folder).unwrap();
        assert!(self.becomes_ready(), "redis-server does not start again");
    }

    /// Waits until it answers; false if it has ended. The password tells it from another one on the same port.
    fn becomes_ready(&mut self) -> bool {
        let client = Client::open(self.url()).unwrap();
        for _ in 0..LOOKS {
            let ready = client.get_connection().and_then(|mut connection| redis::cmd("PING").exec(&mut connection));
            if ready.is_ok() {
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        panic!("redis-server runs and does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The folder's name was made at random and is known to nobody else.
fn password(folder: &TempDir) -> String {
    folder.path().file_name().unwrap().to_str().unwrap().replace('.', "p")
}

/// The process; none where there is no such program.
fn launch(options: &[String], port: u16, folder: &TempDir) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--requirepass", &password(folder)]);
    command.args(["--save", "", "--dir"]).arg(folder.path()).args(options);
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(process) => Some(process),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("redis-server: {error}"),
    }
}

/// Past the test runner, which keeps what a test prints to itself unless the test fails.
fn say_skipped() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let text = "\n!!! SKIPPED: there is no redis-server on PATH, so the Redis store has NOT been tested.\n\
                    !!! `cargo xtask setup` installs it on Debian as root; elsewhere install the package redis.\n\n";
        let _ = std::io::stderr().write_all(text.as_bytes());
    });
}
