//! One call of the component: a fresh instance, its limits around it, and a name for whatever ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::warn;
use wasmtime::component::{Accessor, Instance, InstancePre};

use crate::engine;
use crate::limits::{Guard, Kind, LimitError};
use crate::state::{Host, State};

/// Why a call gave no answer. Nothing of what the guest said is in here: it could hold what nobody may see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call ran into a limit.
    #[error("the call was ended by a limit: {0}")]
    Limit(#[from] LimitError),
    /// The guest trapped.
    #[error("the component trapped: {0}")]
    Trap(String),
    /// As many calls as allowed are running.
    #[error("too many calls at the same time (limits.concurrent_calls)")]
    Busy,
    /// The guest answered a request with an error of `wasi:http`.
    #[error("the component could not answer: {0}")]
    NoAnswer(String),
    /// The operation could not start: settings are missing or wrong; one sentence each.
    #[error("configuration: {}", .0.join("; "))]
    Configuration(Vec<String>),
    /// The store failed.
    #[error("store: {0}")]
    Store(String),
    /// An argument is wrong.
    #[error("argument: {0}")]
    Argument(String),
    /// Another sweep is running; it holds the lease in the store.
    #[error("another sweep is running")]
    Sweeping,
    /// wasmtime could not run the call.
    #[error("the call could not be run: {0}")]
    Host(String),
}

/// What the calls so far have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallStats {
    /// Calls that ended.
    pub calls: u64,
    /// Of these, without an answer.
    pub failed: u64,
    /// Upstream calls.
    pub outbound: u64,
    /// Most linear memory that one instance had.
    pub peak_memory: usize,
    /// Time that guests ran.
    pub ran: Duration,
}

#[derive(Default)]
struct Counters {
    calls: AtomicU64,
    failed: AtomicU64,
    outbound: AtomicU64,
    peak_memory: AtomicUsize,
    ran_us: AtomicU64,
}

/// Runs calls on fresh instances of one component.
pub(crate) struct Caller {
    pre: InstancePre<State>,
    host: Arc<Host>,
    running: Semaphore,
    counters: Counters,
}

impl Caller {
    pub(crate) fn new(pre: InstancePre<State>, host: Arc<Host>) -> Self {
        let running = Semaphore::new(usize::try_from(host.limits.concurrent_calls).unwrap_or(Semaphore::MAX_PERMITS));
        Self { pre, host, running, counters: Counters::default() }
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    pub(crate) fn host(&self) -> &Arc<Host> {
        &self.host
    }

    pub(crate) fn stats(&self) -> CallStats {
        let counters = &self.counters;
        CallStats {
            calls: counters.calls.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            outbound: counters.outbound.load(Ordering::Relaxed),
            peak_memory: counters.peak_memory.load(Ordering::Relaxed),
            ran: Duration::from_micros(counters.ran_us.load(Ordering::Relaxed)),
        }
    }

    /// Calls a fresh instance. The time-out is outside of everything, because one inside `run_concurrent` may not fire;
    /// when it does fire the store is dropped, and with it all that the call was doing.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        kind: Kind,
        work: impl AsyncFnOnce(&Accessor<State>, Instance) -> wasmtime::Result<R> + Send,
    ) -> Result<R, CallError> {
        let _permit = self.running.try_acquire().map_err(|_| CallError::Busy)?;
        let state = State::new(self.host.clone(), kind);
        let guard = state.guard.clone();
        let limit = self.host.limits.wall_time(kind);
        let run = async {
            let (mut store, instance) = engine::instantiate(&self.pre, state).await?;
            store.run_concurrent(async |accessor| work(accessor, instance).await).await?
        };
        let outcome = match tokio::time::timeout(limit, engine::metered(guard.clone(), run)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(named(&guard, &error)),
            Err(_) => Err(guard.end(LimitError::WallTime { limit }).into()),
        };
        self.count(&guard, outcome.is_err());
        if let Err(error) = &outcome {
            warn!(%error, "a call failed");
        }
        outcome
    }

    fn count(&self, guard: &Guard, failed: bool) {
        let counters = &self.counters;
        counters.calls.fetch_add(1, Ordering::Relaxed);
        counters.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        counters.outbound.fetch_add(u64::from(guard.outbound()), Ordering::Relaxed);
        counters.peak_memory.fetch_max(guard.peak_memory(), Ordering::Relaxed);
        let ran = u64::try_from(guard.ran().as_micros()).unwrap_or(u64::MAX);
        counters.ran_us.fetch_add(ran, Ordering::Relaxed);
    }
}

/// The limit, where one was hit; else the kind of trap; else what wasmtime says.
fn named(guard: &Guard, error: &wasmtime::Error) -> CallError {
    if let Some(own) = error.downcast_ref::<CallError>() {
        return own.clone();
    }
    if let Some(limit) = guard.ended_by().or_else(|| error.downcast_ref::<LimitError>().cloned()) {
        return limit.into();
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => CallError::Trap(trap.to_string()),
        None => CallError::Host(error.root_cause().to_string()),
    }
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
