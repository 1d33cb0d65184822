//! The wasmtime engine: how components are compiled, where instances come from, and what interrupts them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Cache, CacheConfig, Config, PoolingAllocationConfig, Store, UpdateDeadline};

use crate::limits::{Guard, Limits, TABLE_ELEMENTS};
use crate::state::State;

/// How often a running guest is looked at. A guest that computes gives way to others as often.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Core instances, memories and tables that one component may consist of: its module, and what joins it to its imports.
const CORE_INSTANCES: u32 = 8;

/// Where compiled components are kept from one start to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CompileCache {
    /// `approval-bridge` in the user's cache folder; none where that cannot be written.
    #[default]
    User,
    /// This folder.
    Folder(PathBuf),
    /// Nowhere: every start compiles.
    Off,
}

impl CompileCache {
    fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::User => {
                let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
                let home = || std::env::home_dir().map(|home| home.join(".cache"));
                cache.or_else(home).map(|folder| folder.join("approval-bridge"))
            }
            Self::Folder(folder) => std::path::absolute(folder).ok(),
            Self::Off => None,
        }
    }

    fn open(&self) -> Option<Cache> {
        let folder = self.folder()?;
        let mut config = CacheConfig::new();
        config.with_directory(&folder);
        Cache::new(config).inspect_err(|_| debug!(folder = %folder.display(), "compiled code is not kept")).ok()
    }
}

/// The engine for world `bridge`: asynchronous, interruptible, instances from a pool.
pub(crate) fn bridge_engine(limits: &Limits, cache: &CompileCache) -> wasmtime::Result<wasmtime::Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.cache(cache.open());
    config.allocation_strategy(pool(limits));
    let engine = match wasmtime::Engine::new(&config) {
        Ok(engine) => engine,
        // Address space can be short, in a small container for one. Without the pool all is the same, only slower.
        Err(error) => {
            debug!(%error, "instances are not pooled");
            config.allocation_strategy(wasmtime::InstanceAllocationStrategy::OnDemand);
            wasmtime::Engine::new(&config)?
        }
    };
    tick(&engine)?;
    Ok(engine)
}

/// The engine for world `logic`: plain calls, counted in fuel where a test wants that.
pub(crate) fn logic_engine(fuel: bool, cache: &CompileCache) -> wasmtime::Result<wasmtime::Engine> {
    let mut config = Config::new();
    config.concurrency_support(false);
    config.consume_fuel(fuel);
    config.cache(cache.open());
    wasmtime::Engine::new(&config)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    // A few more than may run, for calls that are just ending.
    let calls = limits.concurrent_calls.saturating_add(16);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls);
    pool.total_core_instances(calls.saturating_mul(CORE_INSTANCES));
    pool.max_core_instances_per_component(CORE_INSTANCES);
    pool.total_memories(calls);
    pool.max_memories_per_component(1);
    pool.max_memory_size(limits.memory_bytes.next_multiple_of(1 << 16));
    pool.total_tables(calls.saturating_mul(CORE_INSTANCES));
    pool.max_tables_per_component(CORE_INSTANCES);
    pool.table_elements(TABLE_ELEMENTS);
    pool.total_stacks(calls.saturating_mul(2));
    pool.linear_memory_keep_resident(256 << 10);
    pool
}

/// Moves the epoch on until the engine is gone.
fn tick(engine: &wasmtime::Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    let run = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("approval-bridge-epoch".to_owned()).spawn(run)?;
    Ok(())
}

/// Compiles a component, or takes it from the cache.
pub(crate) fn compile(engine: &wasmtime::Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    Component::new(engine, bytes)
}

/// A store for one call, under its limits.
pub(crate) fn store(engine: &wasmtime::Engine, state: State) -> wasmtime::Result<Store<State>> {
    let guard = state.guard.clone();
    let (hostcall_fuel, unyielding) = (state.host.limits.hostcall_fuel, state.host.unyielding);
    let mut store = Store::try_new(engine, state)?;
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(hostcall_fuel);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        guard.check_cpu()?;
        Ok(if unyielding { UpdateDeadline::Continue(1) } else { UpdateDeadline::Yield(1) })
    });
    Ok(store)
}

/// A fresh instance in its own store.
pub(crate) async fn instantiate(pre: &InstancePre<State>, state: State) -> wasmtime::Result<(Store<State>, Instance)> {
    let mut store = store(pre.engine(), state)?;
    let instance = pre.instantiate_async(&mut store).await?;
    Ok((store, instance))
}

/// Measures how long a future runs, as against waits: see [`Guard::ran`].
pub(crate) async fn metered<F: Future>(guard: Arc<Guard>, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| {
        guard.poll_begins();
        let outcome = future.as_mut().poll(context);
        guard.poll_ends();
        outcome
    })
    .await
}
