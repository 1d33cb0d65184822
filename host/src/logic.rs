//! The pure part on its own: no store, no network, plain calls on an engine without concurrency.
//!
//! This is what a program embeds that has its own HTTP and its own store. One [`Logic`] serves one call at a time.

use wasmtime::component::{Component, Linker};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};

pub use crate::bindings::bridge::approvals::bridge::types;
use crate::bindings::logic::Logic as World;
use crate::bindings::logic::exports::approvals::bridge as exports;
use crate::builder::{BuildError, LOGIC_COMPONENT, Source};
use crate::engine::{self, CompileCache};

pub use exports::{cards, decoding, diffing, payloads};

/// How a [`Logic`] is run.
#[derive(Clone, Debug, Default)]
pub struct LogicOptions {
    /// The component.
    pub component: Source,
    /// Where compiled code is kept.
    pub cache: CompileCache,
    /// Counts instructions and stops after so many. Deterministic; for tests and budgets.
    pub fuel: Option<u64>,
    /// Linear memory, in bytes; 64 MiB where none is given.
    pub memory_bytes: Option<usize>,
}

/// The component of world `logic`, compiled and ready for instances.
pub struct LogicFactory {
    engine: wasmtime::Engine,
    pre: crate::bindings::logic::LogicPre<Cage>,
    options: LogicOptions,
}

/// An instance of the component.
pub struct Logic {
    store: Store<Cage>,
    world: World,
}

struct Cage {
    limits: StoreLimits,
}

/// What a call ends with when the guest traps or runs into a limit.
pub type Answer<T> = Result<T, wasmtime::Error>;

impl LogicFactory {
    /// Compiles the component, or takes it from the cache. Refuses one that imports a function.
    pub fn new(options: LogicOptions) -> Result<Self, BuildError> {
        let bytes = options.component.read(LOGIC_COMPONENT)?;
        let make = || {
            let engine = engine::logic_engine(options.fuel.is_some(), &options.cache)?;
            let component = Component::new(&engine, &bytes)?;
            let pre = Linker::new(&engine).instantiate_pre(&component)?;
            Ok((engine, crate::bindings::logic::LogicPre::new(pre)?))
        };
        let (engine, pre) = make().map_err(BuildError::Component)?;
        Ok(Self { engine, pre, options })
    }

    /// A fresh instance.
    pub fn instance(&self) -> Answer<Logic> {
        let memory = self.options.memory_bytes.unwrap_or(64 << 20);
        let limits = StoreLimitsBuilder::new().memory_size(memory).trap_on_grow_failure(true).build();
        let mut store = Store::new(&self.engine, Cage { limits });
        store.limiter(|cage| &mut cage.limits);
        if let Some(fuel) = self.options.fuel {
            store.set_fuel(fuel)?;
        }
        let world = self.pre.instantiate(&mut store)?;
        Ok(Logic { store, world })
    }
}

impl Logic {
    /// An instance of the embedded component, with default options.
    pub fn embedded() -> Result<Self, BuildError> {
        LogicFactory::new(LogicOptions::default())?.instance().map_err(BuildError::Component)
    }

    /// What is left of the fuel; none where it is not counted.
    pub fn fuel_left(&self) -> Option<u64> {
        self.store.get_fuel().ok()
    }

    /// Fills up the fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Answer<()> {
        self.store.set_fuel(fuel)
    }

    /// What changed between a ledger and what was just read.
    pub fn diff(
        &mut self,
        ledger: &[diffing::Entry],
        snapshot: &[diffing::TicketSnapshot],
    ) -> Answer<Vec<diffing::Change>> {
        self.world.approvals_bridge_diffing().call_diff(&mut self.store, ledger, snapshot)
    }

    /// What to do about each change.
    pub fn plan(
        &mut self,
        ledger: &[diffing::Entry],
        changes: &[diffing::Change],
        rules: &diffing::Rules,
        now: types::Timestamp,
    ) -> Answer<Vec<diffing::Planned>> {
        self.world.approvals_bridge_diffing().call_plan(&mut self.store, ledger, changes, rules, now)
    }

    /// An approval as a card.
    pub fn render(
        &mut self,
        approval: &types::Approval,
        kind: cards::Kind,
        style: &cards::Style,
    ) -> Answer<Result<cards::Card, cards::UnknownField>> {
        self.world.approvals_bridge_cards().call_render(&mut self.store, approval, kind, style)
    }

    /// A card written down.
    pub fn write(&mut self, card: &cards::Card, dialect: cards::Dialect) -> Answer<String> {
        self.world.approvals_bridge_cards().call_write(&mut self.store, card, dialect)
    }

    /// HTML as plain text.
    pub fn plain_text(&mut self, html: &str) -> Answer<String> {
        self.world.approvals_bridge_cards().call_plain_text(&mut self.store, html)
    }

    /// All functions of `payloads` and `decoding`, as generated, with the store they want.
    pub fn raw(&mut self) -> (&exports::payloads::Guest, &exports::decoding::Guest, impl wasmtime::AsContextMut) {
        (self.world.approvals_bridge_payloads(), self.world.approvals_bridge_decoding(), &mut self.store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factory(fuel: Option<u64>) -> Option<LogicFactory> {
        if LOGIC_COMPONENT.is_none() {
            eprintln!("SKIPPED: the component is not built; run `cargo xtask build`");
            return None;
        }
        Some(LogicFactory::new(LogicOptions { fuel, ..LogicOptions::default() }).unwrap())
    }

    #[test]
    fn the_pure_part_runs_without_any_import() {
        let Some(factory) = factory(None) else { return };
        let mut logic = factory.instance().unwrap();
        assert_eq!(logic.plain_text("<p>a &amp; b</p>").unwrap(), "a & b");
        assert!(logic.diff(&[], &[]).unwrap().is_empty());
        assert_eq!(logic.fuel_left(), None);
    }

    #[test]
    fn fuel_is_counted_alike_every_time_and_ends_a_call() {
        let Some(factory) = factory(Some(10_000_000)) else { return };
        let used = || {
            let mut logic = factory.instance().unwrap();
            let before = logic.fuel_left().unwrap();
            logic.plain_text("<p>hello</p>").unwrap();
            before - logic.fuel_left().unwrap()
        };
        assert_eq!(used(), used());
        let mut logic = factory.instance().unwrap();
        logic.set_fuel(100).unwrap();
        let error = logic.plain_text("<p>hello</p>").unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::OutOfFuel));
    }

    #[test]
    fn a_component_that_is_none_is_an_error_with_words() {
        let options = LogicOptions { component: Source::Bytes("no".into()), ..LogicOptions::default() };
        assert!(matches!(LogicFactory::new(options), Err(BuildError::Component(_))));
        let options = LogicOptions { component: Source::File("/nowhere.wasm".into()), ..LogicOptions::default() };
        assert!(LogicFactory::new(options).err().unwrap().to_string().starts_with("/nowhere.wasm: "));
        assert!(BuildError::NotBuilt.to_string().contains("cargo xtask build"));
    }
}
