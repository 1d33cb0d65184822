//! Putting a bridge together: the component, and the services it gets.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::{HasSelf, InstancePre, Linker};

use crate::bindings::bridge as world;
use crate::bridge::Bridge;
use crate::call::Caller;
use crate::clock::{Clock, SystemClock};
use crate::egress::{Egress, EgressOptions, Policy, TlsError, Transport};
use crate::engine::{self, CompileCache};
use crate::key_value::{KeyValue, KeyValueStats, MemoryStore};
use crate::limits::Limits;
use crate::state::{Host, State};
use crate::variables::{VariableMap, Variables};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/components.rs"));
}

pub(crate) use embedded::{BRIDGE_COMPONENT, LOGIC_COMPONENT};

/// Where a component comes from.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// The one that was built into this library.
    #[default]
    Embedded,
    /// A file.
    File(PathBuf),
    /// These bytes.
    Bytes(Bytes),
}

impl Source {
    /// The component's bytes. `embedded` is the one built in.
    pub(crate) fn read(&self, embedded: Option<&'static [u8]>) -> Result<Bytes, BuildError> {
        match self {
            Self::Embedded => embedded.map(Bytes::from_static).ok_or(BuildError::NotBuilt),
            Self::File(path) => std::fs::read(path)
                .map(Bytes::from)
                .map_err(|error| BuildError::File { path: path.clone(), why: error.to_string() }),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

/// Why a bridge could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The component was not there when this program was built.
    #[error(
        "this program was built without the component: run `cargo xtask build` and build again, \
         or pass --component FILE"
    )]
    NotBuilt,
    /// The component cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// wasmtime refuses the component or its settings.
    #[error("the component cannot be used: {0:#}")]
    Component(wasmtime::Error),
    /// Base URLs or origins are wrong; one sentence each.
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Collects what a [`Bridge`] needs. All but the variables have sensible defaults; the default store is in memory.
#[derive(Default)]
pub struct BridgeBuilder {
    component: Source,
    variables: Option<Arc<dyn Variables>>,
    key_value: Option<Arc<dyn KeyValue>>,
    transport: Option<Arc<dyn Transport>>,
    egress: EgressOptions,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
    cache: CompileCache,
    compiled: Option<Compiled>,
    unyielding: bool,
}

/// A compiled component, and the limits that its pool of instances was made for.
struct Compiled {
    pre: InstancePre<State>,
    limits: Limits,
}

impl BridgeBuilder {
    /// Takes the component from these bytes, not the embedded one.
    pub fn component(mut self, bytes: impl Into<Bytes>) -> Self {
        self.component = Source::Bytes(bytes.into());
        self
    }

    /// Takes the component from a file, not the embedded one.
    pub fn component_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.component = Source::File(path.into());
        self
    }

    /// The settings.
    pub fn variables(mut self, variables: impl Variables) -> Self {
        self.variables = Some(Arc::new(variables));
        self
    }

    /// The store.
    pub fn key_value(mut self, store: Arc<dyn KeyValue>) -> Self {
        self.key_value = Some(store);
        self
    }

    /// What sends upstream calls, in place of the client that keeps the egress policy.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Rules for the client that keeps the egress policy.
    pub fn egress(mut self, options: EgressOptions) -> Self {
        self.egress = options;
        self
    }

    /// What a call may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Where compiled code is kept.
    pub fn cache(mut self, cache: CompileCache) -> Self {
        self.cache = cache;
        self
    }

    /// Shares the compiled component, and the pool of instances, of another bridge: for programs with many bridges.
    /// Both must have the same `memory_bytes` and `concurrent_calls`, which the pool is made for.
    pub fn compiled_by(mut self, other: &Bridge) -> Self {
        self.compiled = Some(Compiled { pre: other.compiled().clone(), limits: other.limits().clone() });
        self
    }

    /// Lets a guest that computes go on until it waits: for simulations, where the order in which things happen must not
    /// depend on how fast the machine is. The limit of its computing time holds all the same.
    pub fn unyielding(mut self) -> Self {
        self.unyielding = true;
        self
    }

    /// Compiles the component, or takes it from the cache, and links it. May take a second.
    pub fn build(self) -> Result<Bridge, BuildError> {
        let problems = self.limits.problems();
        if !problems.is_empty() {
            return Err(BuildError::Settings(problems));
        }
        let variables = self.variables.unwrap_or_else(|| Arc::new(VariableMap::default()));
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let EgressOptions { allow, allow_http, ca_file } = &self.egress;
                let policy = Policy::from_settings(&*variables, allow, *allow_http).map_err(BuildError::Settings)?;
                Arc::new(Egress::new(policy, ca_file.as_deref())?)
            }
        };
        let pre = match self.compiled {
            Some(compiled) => compiled.fitting(&self.limits)?,
            None => {
                let bytes = self.component.read(BRIDGE_COMPONENT)?;
                compile(&bytes, &self.limits, &self.cache).map_err(BuildError::Component)?
            }
        };
        let host = Arc::new(Host {
            key_value: self.key_value.unwrap_or_else(|| Arc::new(MemoryStore::new())),
            key_value_stats: Arc::new(KeyValueStats::default()),
            variables,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::default())),
            transport,
            limits: self.limits,
            unyielding: self.unyielding,
        });
        Bridge::new(Caller::new(pre, host)).map_err(BuildError::Component)
    }
}

impl Compiled {
    fn fitting(self, limits: &Limits) -> Result<InstancePre<State>, BuildError> {
        let pool = |limits: &Limits| (limits.memory_bytes, limits.concurrent_calls);
        if pool(&self.limits) == pool(limits) {
            return Ok(self.pre);
        }
        let problem = "limits.memory_bytes, limits.concurrent_calls: expected those of the bridge that is shared with";
        Err(BuildError::Settings(vec![problem.to_owned()]))
    }
}

fn compile(bytes: &[u8], limits: &Limits, cache: &CompileCache) -> wasmtime::Result<InstancePre<State>> {
    let engine = engine::bridge_engine(limits, cache)?;
    let component = engine::compile(&engine, bytes)?;
    linker(&engine)?.instantiate_pre(&component)
}

/// Everything that a component of world `bridge` may import.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    type Own = HasSelf<State>;
    let mut linker = Linker::new(engine);
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    world::spin::key_value::key_value::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    world::spin::variables::variables::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    world::wasi::clocks::types::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    world::wasi::clocks::monotonic_clock::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    world::wasi::clocks::system_clock::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    Ok(linker)
}
