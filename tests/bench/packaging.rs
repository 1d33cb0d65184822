//! What it costs to be WebAssembly: the same sweep of the same shell, as a component and as native code.
//!
//! It is measured as `serve` does it, with TLS to every vendor and the ledger in a file, and once more with neither.
//! The stand-ins of the vendors are another process; what counts is the computing time of this one, whatever thread
//! spends it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use approval_bridge::bridge::Bridge;
use approval_bridge::egress::{Egress, Policy};
use approval_bridge::key_value::{KeyValue, MemoryStore, SqliteStore};
use approval_bridge::variables::VariableMap;
use approval_bridge_component::shell::Shell;
use approval_bridge_tests::harness::{NativeHost, TLS_NAME, Tls, plain_variables, wide_limits};
use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::cost::stubs;
use crate::figure::Figures;

/// The argument with which the benchmark starts itself once more, to be the vendors.
pub(crate) const STAND_INS: &str = "--stand-ins";

/// Tickets with two levels of one approval each, of which the first waits.
const TICKETS: usize = 300;

/// How often each of them sweeps, by turns: the machine may be slow for a while.
const ROUNDS: usize = 15;

pub(crate) fn measure(figures: &mut Figures) {
    let vendors = Vendors::start();
    let first = vendors.world(Setting::Bare).bridge(None);
    let mut measured = |what, setting, target| {
        let mut times: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| {
                let world = vendors.world(setting);
                let bridge = world.bridge(Some(&first));
                let component = computing(async { bridge.poll(false).await.expect("the sweep runs").outbox.sent });
                let world = vendors.world(setting);
                let shell = Shell::new(world.native());
                (component, computing(async { shell.poll(false).await.expect("the sweep runs").outbox.sent }))
            })
            .collect();
        times.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
        let (component, native) = times[ROUNDS / 2];
        let note = format!("{:.0} ms and {:.0} ms of computing, with {TICKETS} tickets", component * 1e3, native * 1e3);
        figures.add(what, component / native, "x", target, note);
    };
    measured("a sweep as WebAssembly / as native code", Setting::Served, Some(1.5));
    measured("the same without TLS and with the ledger in memory", Setting::Bare, None);
}

/// What is there beside the shell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// As `serve` has it.
    Served,
    /// Plain HTTP, and a store in memory.
    Bare,
}

/// The computing time of a sweep, in seconds.
fn computing(sweep: impl Future<Output = u32>) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let begun = ProcessTime::now();
    assert_eq!(runtime.block_on(sweep), u32::try_from(TICKETS).expect("few"));
    begun.elapsed().as_secs_f64()
}

/// Where the stand-ins are.
#[derive(Deserialize, Serialize)]
struct Places {
    http: u16,
    https: u16,
    authority: PathBuf,
}

/// The process that stands in for the vendors. It ends with this value.
struct Vendors {
    process: Child,
    places: Places,
}

impl Vendors {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        let mut process =
            command.arg(STAND_INS).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let said = process.stdout.take().expect("what it says");
        BufReader::new(said).read_line(&mut line).expect("a line");
        Self { process, places: serde_json::from_str(&line).expect("where they are") }
    }

    fn world(&self, setting: Setting) -> World {
        let Places { http, https, authority } = &self.places;
        let (origin, authority) = match setting {
            Setting::Served => (format!("https://{TLS_NAME}:{https}"), Some(authority.as_path())),
            Setting::Bare => (format!("http://127.0.0.1:{http}"), None),
        };
        let mut variables = plain_variables();
        for base in ["sdp_base_url", "moveworks_base_url"] {
            variables.set(base, &origin);
        }
        variables.set("sdp_modules", "requests");
        let policy = Policy::from_settings(&variables, &[origin], true).expect("an origin");
        let egress = Arc::new(Egress::new(policy, authority).expect("a client"));
        let folder = TempDir::new().expect("a folder");
        let key_value: Arc<dyn KeyValue> = match setting {
            Setting::Served => Arc::new(SqliteStore::open(folder.path().join("ledger.db")).expect("a file")),
            Setting::Bare => Arc::new(MemoryStore::new()),
        };
        World { variables, egress, key_value, _folder: folder }
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        // It ends when nobody can say anything to it any more.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Everything round one sweep, new each time.
struct World {
    variables: VariableMap,
    egress: Arc<Egress>,
    key_value: Arc<dyn KeyValue>,
    _folder: TempDir,
}

impl World {
    fn bridge(&self, compiled: Option<&Bridge>) -> Bridge {
        let builder = Bridge::builder().variables(self.variables.clone()).limits(wide_limits());
        let builder = builder.transport(self.egress.clone()).key_value(self.key_value.clone());
        let builder = if let Some(compiled) = compiled { builder.compiled_by(compiled) } else { builder };
        builder.build().expect("the bridge starts; build the components first")
    }

    fn native(&self) -> NativeHost {
        NativeHost::new(self.variables.clone(), self.egress.clone()).with_key_value(self.key_value.clone())
    }
}

/// Is the vendors until nobody listens any more.
pub(crate) fn stand_ins() {
    let stubs = stubs(TICKETS);
    let tls = Tls::new();
    let [plain, secure] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"));
    let [http, https] = [&plain, &secure].map(|socket| socket.local_addr().expect("a bound socket").port());
    let places = Places { http, https, authority: tls.authority().to_owned() };
    println!("{}", serde_json::to_string(&places).expect("JSON"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let [plain, secure] = [plain, secure].map(|socket| {
            socket.set_nonblocking(true).expect("a socket");
            tokio::net::TcpListener::from_std(socket).expect("a socket")
        });
        let over = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::select! {
            served = stubs.serve(plain, async { drop(over.await) }) => served.expect("it serves"),
            () = tls.serve(secure, http) => {}
        }
    });
}
