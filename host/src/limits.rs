//! What one call may use: every limit with its name, its default and its error.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use wasmtime::ResourceLimiter;

/// What a call of the component may use. Written as `[limits]` in the configuration file, under the same names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of an instance, in bytes. 64 MiB.
    pub memory_bytes: usize,
    /// Wall time of a request or a decision, in seconds. 30.
    #[serde(rename = "request_timeout_seconds", with = "seconds")]
    pub request_timeout: Duration,
    /// Wall time of a sweep, in seconds; above `sweep_budget_seconds`, at which a sweep stops by itself, and
    /// above the time it may wait for another one. 130.
    #[serde(rename = "sweep_timeout_seconds", with = "seconds")]
    pub sweep_timeout: Duration,
    /// Time that the guest itself may run within a call, in seconds; waiting does not count. 10.
    #[serde(rename = "cpu_seconds", with = "seconds")]
    pub cpu: Duration,
    /// Body of one upstream response, and of an answer of the component. 8 MiB.
    pub response_bytes: usize,
    /// Body of a request to the bridge. 1 MiB; the component says so itself, the host stops a little above.
    pub request_body_bytes: usize,
    /// Upstream calls of a request or a decision. 64.
    pub outbound_calls_per_request: u32,
    /// Upstream calls of a sweep. 20 000.
    pub outbound_calls_per_sweep: u32,
    /// Largest key-value entry, read or written. 1 MiB.
    pub value_bytes: usize,
    /// Live resource handles of a call. 4096.
    pub handles: usize,
    /// Bytes that one call across the border may carry. 64 MiB.
    pub hostcall_fuel: usize,
    /// Calls at the same time; one more is answered "busy". 256.
    pub concurrent_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            request_timeout: Duration::from_secs(30),
            sweep_timeout: Duration::from_secs(130),
            cpu: Duration::from_secs(10),
            response_bytes: 8 << 20,
            request_body_bytes: 1 << 20,
            outbound_calls_per_request: 64,
            outbound_calls_per_sweep: 20_000,
            value_bytes: 1 << 20,
            handles: 4096,
            hostcall_fuel: 64 << 20,
            concurrent_calls: 256,
        }
    }
}

impl Limits {
    /// Why these limits cannot work, one sentence each, naming the key.
    pub fn problems(&self) -> Vec<String> {
        let zero = |zero: bool, key: &str| zero.then(|| format!("limits.{key}: expected more than 0"));
        [
            zero(self.memory_bytes == 0, "memory_bytes"),
            zero(self.request_timeout.is_zero(), "request_timeout_seconds"),
            zero(self.sweep_timeout.is_zero(), "sweep_timeout_seconds"),
            zero(self.cpu.is_zero(), "cpu_seconds"),
            zero(self.concurrent_calls == 0, "concurrent_calls"),
            (self.memory_bytes > (4 << 30)).then(|| "limits.memory_bytes: expected at most 4294967296".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The limit that a call ran into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The instance wanted more memory.
    #[error("memory: more than {limit} bytes (limits.memory_bytes)")]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// The call took too long.
    #[error("wall time: more than {limit:?} (limits.request_timeout_seconds, limits.sweep_timeout_seconds)")]
    WallTime {
        /// The limit.
        limit: Duration,
    },
    /// The guest computed for too long.
    #[error("computing time: more than {limit:?} (limits.cpu_seconds)")]
    Cpu {
        /// The limit.
        limit: Duration,
    },
    /// A body was too long.
    #[error("response size: more than {limit} bytes (limits.response_bytes)")]
    ResponseSize {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many upstream calls.
    #[error("outbound calls: more than {limit} in one call (limits.outbound_calls_per_request, …_per_sweep)")]
    OutboundCalls {
        /// The limit.
        limit: u32,
    },
}

/// What kind of call it is; sweeps get more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Sweep,
}

impl Limits {
    pub(crate) fn wall_time(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Request => self.request_timeout,
            Kind::Sweep => self.sweep_timeout,
        }
    }

    pub(crate) fn outbound_calls(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Request => self.outbound_calls_per_request,
            Kind::Sweep => self.outbound_calls_per_sweep,
        }
    }
}

/// Watches one call: counts what it uses, and remembers the first limit that ended it.
#[derive(Debug)]
pub(crate) struct Guard {
    limits: Limits,
    outbound_limit: u32,
    ended_by: OnceLock<LimitError>,
    outbound: AtomicU32,
    peak_memory: AtomicUsize,
    born: Instant,
    /// Nanoseconds the guest has run, without the poll that is under way.
    ran: AtomicU64,
    /// When the poll under way began, in nanoseconds after `born`; `IDLE` when there is none.
    polled_at: AtomicU64,
}

const IDLE: u64 = u64::MAX;

impl Guard {
    pub(crate) fn new(limits: &Limits, kind: Kind) -> Self {
        Self {
            limits: limits.clone(),
            outbound_limit: limits.outbound_calls(kind),
            ended_by: OnceLock::new(),
            outbound: AtomicU32::new(0),
            peak_memory: AtomicUsize::new(0),
            born: Instant::now(),
            ran: AtomicU64::new(0),
            polled_at: AtomicU64::new(IDLE),
        }
    }

    pub(crate) fn end(&self, limit: LimitError) -> LimitError {
        self.ended_by.get_or_init(|| limit).clone()
    }

    pub(crate) fn ended_by(&self) -> Option<LimitError> {
        self.ended_by.get().cloned()
    }

    pub(crate) fn outbound(&self) -> u32 {
        self.outbound.load(Ordering::Relaxed).min(self.outbound_limit)
    }

    pub(crate) fn peak_memory(&self) -> usize {
        self.peak_memory.load(Ordering::Relaxed)
    }

    /// Counts an upstream call. Too many are refused one by one; the guest may still end in good order.
    pub(crate) fn count_outbound(&self) -> Result<(), LimitError> {
        let limit = self.outbound_limit;
        if self.outbound.fetch_add(1, Ordering::Relaxed) < limit {
            Ok(())
        } else {
            self.outbound.fetch_sub(1, Ordering::Relaxed);
            Err(LimitError::OutboundCalls { limit })
        }
    }

    /// How long the guest has run. Epochs count wall time, so waiting has to be left out: only polls are measured.
    pub(crate) fn ran(&self) -> Duration {
        let now = self.now();
        let under_way = match self.polled_at.load(Ordering::Relaxed) {
            IDLE => 0,
            began => now.saturating_sub(began),
        };
        Duration::from_nanos(self.ran.load(Ordering::Relaxed).saturating_add(under_way))
    }

    pub(crate) fn check_cpu(&self) -> Result<(), LimitError> {
        let limit = self.limits.cpu;
        if self.ran() > limit { Err(self.end(LimitError::Cpu { limit })) } else { Ok(()) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(IDLE - 1)
    }

    pub(crate) fn poll_begins(&self) {
        self.polled_at.store(self.now(), Ordering::Relaxed);
    }

    pub(crate) fn poll_ends(&self) {
        let began = self.polled_at.swap(IDLE, Ordering::Relaxed);
        self.ran.fetch_add(self.now().saturating_sub(began), Ordering::Relaxed);
    }
}

/// The limiter that wasmtime asks, for one call's guard.
pub(crate) struct Limiter(pub(crate) std::sync::Arc<Guard>);

/// Elements of a table; the pool has room for no more either.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.0.limits.memory_bytes;
        if desired > limit {
            return Err(self.0.end(LimitError::Memory { limit }).into());
        }
        self.0.peak_memory.fetch_max(desired, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| D::Error::custom("expected a number of seconds, 0 or more"))
    }
}
