//! Another process that writes: this test program again, told to be it.
//!
//! It numbers what it writes and says each number on its standard output as soon as the store has acknowledged it.
//! What a value has to be follows from its key, so that a torn or mixed one shows.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use approval_bridge::config::StoreConfig;
use approval_bridge::key_value::{KeyValue, StoreError};

use crate::place::Place;
use crate::rules::Dice;

/// Writers side by side in one process, so that writes share a transaction.
pub(crate) const LANES: usize = 3;

/// After so many numbers the store is closed and opened again, so that the end may also come there.
const PIECE: usize = 20;

/// Every so manieth value is removed again at once.
const REMOVED: usize = 5;

/// What the process says for us begins with it.
const MARK: &str = "writer: ";

const FILE: &str = "STORE_CHILD_FILE";
const URL: &str = "STORE_CHILD_URL";
const NAME: &str = "STORE_CHILD_NAME";
const COUNT: &str = "STORE_CHILD_COUNT";

/// What the process said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The store has acknowledged that this key is there.
    Set(String),
    /// The store has acknowledged that this key is gone.
    Removed(String),
    /// The store failed, with these words, and the process ended.
    Failed(String),
}

/// A process that writes.
pub(crate) struct Writer {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Writer {
    /// Starts one on this place. Its keys begin with `name`; each lane writes `count` of them.
    pub(crate) fn start(place: &Place, name: &str, count: usize) -> Self {
        Self::start_by(Command::new(this_program()), place, name, count).unwrap()
    }

    /// The same by a command that goes on to run [`this_program`].
    pub(crate) fn start_by(mut command: Command, place: &Place, name: &str, count: usize) -> std::io::Result<Self> {
        command.args(["child::another_process", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        match place.config() {
            StoreConfig::Sqlite { path } => command.env(FILE, path),
            StoreConfig::Redis { url, .. } => command.env(URL, url),
            StoreConfig::Memory => panic!("a store in memory is not shared"),
        };
        command.env(NAME, name).env(COUNT, count.to_string());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let said = BufReader::new(process.stdout.take().unwrap());
        Ok(Self { process, said })
    }

    /// What it says next; none once it has ended and everything was read.
    pub(crate) fn next(&mut self) -> Option<Said> {
        loop {
            let mut line = String::new();
            if self.said.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The test runner says things of its own, also on the same line. A line without an end was cut off.
            let Some((_, words)) = line.strip_suffix('\n').and_then(|line| line.split_once(MARK)) else { continue };
            let (what, about) = words.split_once(' ').unwrap();
            return Some(match what {
                "set" => Said::Set(about.to_owned()),
                "removed" => Said::Removed(about.to_owned()),
                _ => Said::Failed(about.to_owned()),
            });
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Ends it at once, as `kill -9` does; what it had said until then.
    pub(crate) fn kill(mut self) -> Vec<Said> {
        self.process.kill().unwrap();
        self.rest().0
    }

    /// Waits until it ends; what it said, and whether it ended well.
    pub(crate) fn rest(mut self) -> (Vec<Said>, bool) {
        let said = std::iter::from_fn(|| self.next()).collect();
        (said, self.process.wait().unwrap().success())
    }
}

/// The program that a writer runs.
pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// What the value of a key has to be.
pub(crate) fn value_of(key: &str) -> Vec<u8> {
    let mut dice = Dice(key.bytes().fold(0, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte))));
    // Mostly small, sometimes large enough for many pages.
    let length = if dice.below(10) == 0 { dice.below(200_000) } else { dice.below(2_000) };
    let byte = dice.below(256) as u8;
    let mut value = vec![byte; length];
    value.extend(key.as_bytes());
    value
}

/// Whether the writer removes this key again right after it wrote it.
pub(crate) fn is_removed(key: &str) -> bool {
    let number = key.rsplit('/').next().unwrap().parse::<usize>().unwrap();
    number % REMOVED == 0
}

async fn lane(store: &dyn KeyValue, name: &str, lane: usize, from: usize, to: usize) -> Result<(), StoreError> {
    for number in from..to {
        let key = format!("{name}/{lane}/{number}");
        store.set(&key, value_of(&key)).await?;
        println!("{MARK}set {key}");
        if is_removed(&key) {
            store.delete(&key).await?;
            println!("{MARK}removed {key}");
        }
    }
    Ok(())
}

async fn write(config: StoreConfig, name: &str, count: usize) -> Result<(), StoreError> {
    for from in (0..count).step_by(PIECE) {
        let store: Arc<dyn KeyValue> = config.open().await?;
        let to = count.min(from + PIECE);
        let lanes = (0..LANES).map(|number| lane(&*store, name, number, from, to));
        futures::future::try_join_all(lanes).await?;
        store.close().await;
    }
    Ok(())
}

/// Not a test: what [`Writer`] starts. Fails when the store does.
#[test]
#[ignore = "the other process of the tests beside it"]
fn another_process() {
    let variable = |name| std::env::var(name).ok();
    let config = match (variable(FILE), variable(URL)) {
        (Some(path), _) => StoreConfig::Sqlite { path: path.into() },
        (_, Some(url)) => StoreConfig::Redis { url, prefix: crate::place::PREFIX.to_owned() },
        _ => return,
    };
    let (name, count) = (variable(NAME).unwrap(), variable(COUNT).unwrap().parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Err(error) = runtime.block_on(write(config, &name, count)) {
        println!("{MARK}failed {error}");
        panic!("{error}");
    }
}
