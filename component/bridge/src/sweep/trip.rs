//! What the slots that are swept together have in common: the ways to the vendors with their limits, and the
//! pace of messages. A whole store is swept in the same way, as the only one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use approval_logic::approval::{Millis, Source};
use approval_logic::pace::{Pace, Rate};
use tokio::sync::Semaphore;

use super::limits;
use crate::config::Settings;
use crate::host::Host;
use crate::http::Client;
use crate::sources::Sources;
use crate::store::Store;
use crate::store::outbox::Outbox;
use crate::store::progress::Progress;
use crate::store::requests::Touched;
use crate::store::slots::Shard;

/// Of the sweep's time, this much is kept for writing down what happened.
const CLOSING: Duration = Duration::from_secs(2);

/// Of what is left, so many tenths go to looking around. The rest is for telling people: a source that takes all the
/// time there is must not keep what it has already said from them.
const LOOKING_TENTHS: u32 = 7;

/// So many messages may wait before the walks rest, in all slots together: they are held in memory, and found again where
/// they are. At Moveworks' limit this is a quarter of an hour's work.
const WAITING_MAX: usize = 2_000;

/// One sweep of one or more slots.
pub(super) struct Trip<'a, H> {
    /// All settings.
    pub(super) settings: &'a Settings,
    /// When it began.
    pub(super) now: Millis,
    /// The same in ticks.
    pub(super) begun: u64,
    /// Nothing is written or told.
    pub(super) dry_run: bool,
    /// The client, with time for answers.
    pub(super) telling: Client<H>,
    /// The same with the time in which messages are handed over: the last tenth is for answers, because a message whose
    /// answer is cut off has to be repeated.
    pub(super) handing: Client<H>,
    /// The sources, with the time for looking around.
    pub(super) sources: Sources<H>,
    /// The sources, for reading again what is about to be told.
    pub(super) live: Sources<H>,
    /// The requests that have changed; none: the bridge keeps none.
    pub(super) touched: Option<Vec<Touched>>,
    /// Held while the audit trail is written: its lease is for others.
    pub(super) trail: tokio::sync::Mutex<()>,
    /// The messages of the last span, as far as the slots have told of them.
    pub(super) pace: tokio::sync::Mutex<Pace>,
    slots: usize,
    side_by_side: Mutex<Vec<(Source, Arc<Semaphore>)>>,
}

impl<'a, H: Host> Trip<'a, H> {
    /// The beginning of a sweep.
    pub(super) fn begin(
        stores: &[Store<H>],
        shared: &Store<H>,
        settings: &'a Settings,
        touched: Option<Vec<Touched>>,
        dry_run: bool,
    ) -> Self {
        let host = shared.host().clone();
        // Moveworks' limit is one for all sweepers.
        let sweepers = settings.shard.filter(|_| stores.iter().any(Store::is_slot)).map_or(1, Shard::of);
        let rate = settings.moveworks.as_ref().map_or(Rate::EVENTS, |moveworks| moveworks.rate).part(sweepers);
        let (now, begun) = (host.now(), host.ticks());
        let budget = settings.sweep_budget.saturating_sub(CLOSING).max(settings.sweep_budget / 2);
        let telling = Client::new(host, settings.concurrency, budget);
        let looking = telling.until(budget / 10 * LOOKING_TENTHS);
        let handing = telling.until(budget / 10 * 9);
        Self {
            settings,
            now,
            begun,
            dry_run,
            sources: Sources::new(settings, &looking, shared),
            live: Sources::new(settings, &handing, shared),
            telling,
            handing,
            touched,
            trail: tokio::sync::Mutex::default(),
            pace: tokio::sync::Mutex::new(Pace::new(rate, &[], now)),
            slots: stores.len().max(1),
            side_by_side: Mutex::default(),
        }
    }

    /// Takes up the limits that a slot has kept over from earlier sweeps.
    pub(super) async fn keep_limits(&self, place: &Progress, outbox: &Outbox<H>) {
        limits::keep(&self.telling, self.settings, place, self.now);
        self.pace.lock().await.learn(outbox.recent(), self.now);
    }

    /// A permit for each ticket of a source that may be looked at side by side.
    pub(super) fn side_by_side(&self, source: Source, place: &Progress) -> Arc<Semaphore> {
        let mut all = self.side_by_side.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, permits)) = all.iter().find(|(own, _)| *own == source) {
            return permits.clone();
        }
        let width = place.limits.get(source.name()).and_then(|limit| limit.width);
        let permits = Arc::new(Semaphore::new(width.unwrap_or(self.settings.concurrency).max(1)));
        all.push((source, permits.clone()));
        permits
    }

    /// How many messages may wait in one slot before the walks rest.
    pub(super) const fn waiting_max(&self) -> usize {
        WAITING_MAX / self.slots
    }
}
