//! The journal of a run: one line for each host call, and one for everything that people and bad luck do in between.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use sha2::{Digest, Sha256};

use super::time::Time;
use crate::clock::Clock;

/// The journal. Clones write into the same one.
#[derive(Clone)]
pub struct Journal {
    time: Time,
    state: Arc<Mutex<State>>,
}

struct State {
    lines: u64,
    hash: Sha256,
    out: Option<Box<dyn Write + Send>>,
    failed: Option<std::io::Error>,
}

impl Journal {
    /// A journal with times of this clock. Its lines go to `out`, if there is one, and into the hash.
    pub fn new(time: Time, out: Option<Box<dyn Write + Send>>) -> Self {
        let state = State { lines: 0, hash: Sha256::new(), out, failed: None };
        Self { time, state: Arc::new(Mutex::new(state)) }
    }

    /// A host call, with its number.
    pub(super) fn call(&self, number: u64, text: &str) {
        self.write(&format!("{number:>8} {text}"));
    }

    /// Something else that happened.
    pub fn note(&self, text: &str) {
        self.write(&format!("       · {text}"));
    }

    /// How many lines there are.
    pub fn lines(&self) -> u64 {
        self.lock().lines
    }

    /// SHA-256 over all lines so far, in hexadecimal: the same for the same run.
    pub fn hash(&self) -> String {
        let digest = self.lock().hash.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes out what is kept back, and tells whether every line could be written.
    ///
    /// # Errors
    /// If one could not.
    pub fn finish(&self) -> std::io::Result<()> {
        let mut state = self.lock();
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        state.out.as_mut().map_or(Ok(()), |out| out.flush())
    }

    fn write(&self, text: &str) {
        let now = self.time.now_ms();
        let at = DateTime::from_timestamp_millis(now).unwrap_or_default().format("%m-%d %H:%M:%S%.3f");
        let line = format!("{at} {text}\n");
        let mut state = self.lock();
        state.lines += 1;
        state.hash.update(line.as_bytes());
        if let Some(out) = &mut state.out
            && let Err(error) = out.write_all(line.as_bytes())
        {
            (state.out, state.failed) = (None, Some(error));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
