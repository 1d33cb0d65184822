//! Everything that the page shows, gathered from the settings and the store. Nothing is written, and nobody is called.

use approval_logic::approval::Millis;

use super::health::{Health, health};
use super::waiting::{self, Place, Waiting};
use super::{Failure, Shared};
use crate::config::{self, Shown};
use crate::host::Host;
use crate::shell::OperationError;
use crate::sorted::Sorted;
use crate::store::outbox::{self, Record};
use crate::store::progress::{self, Limit, Progress};
use crate::store::sweeps::{self, Sweep};
use crate::together;

/// What was just done, for a line on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// A sweep.
    Swept,
    /// A message was taken up again.
    Retried,
    /// The same, and it could not be written into the audit trail.
    RetriedUnnoted,
}

impl Done {
    /// The words in addresses, in the order of the cases.
    pub(super) const NAMES: [&'static str; 3] = ["swept", "retried", "retried-unnoted"];
    const ALL: [Self; 3] = [Self::Swept, Self::Retried, Self::RetriedUnnoted];

    /// The word in addresses.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(own, _)| *own == self).map_or("", |(_, name)| name)
    }

    /// What an address says; none: nothing that is known.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.name() == name)
    }
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    /// Now.
    pub(super) now: Millis,
    /// What the forms carry; none: whoever looks has not signed in and can change nothing.
    pub(super) form_token: Option<String>,
    /// What was just done.
    pub(super) done: Option<Done>,
    /// What waits.
    pub(super) waiting: Waiting,
    /// The last sweeps, the latest first.
    pub(super) sweeps: Vec<Sweep>,
    /// How the systems are.
    pub(super) health: Vec<Health>,
    /// Messages that wait, in their order.
    pub(super) queue: Messages,
    /// Messages that were given up, the latest first.
    pub(super) dead: Messages,
    /// The settings.
    pub(super) settings: Vec<(&'static str, Shown)>,
    /// Why no sweep can run.
    pub(super) problems: Vec<String>,
}

/// The first of some messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// As many as are shown.
    pub(super) rows: Vec<Record>,
    /// How many there are.
    pub(super) total: usize,
}

impl Messages {
    fn first(all: Vec<Record>) -> Self {
        let total = all.len();
        Self { rows: all.into_iter().take(SHOWN).collect(), total }
    }
}

/// How many messages of each kind are shown.
const SHOWN: usize = 50;

/// Gathers it.
pub(super) async fn gather<H: Host>(
    shell: &Shared<H>,
    place: Place,
    done: Option<Done>,
    form_token: Option<String>,
) -> Result<View, Failure> {
    let (slots, now) = (shell.slots().await?, shell.host().now());
    let (settings, loaded) = config::shown(shell.host()).await;
    let problems = loaded.map_or_else(|problems| problems, |settings| settings.missing(false));
    let stores = slots.all();
    let places = together::all_or_error(stores.iter().map(progress::load));
    let waiting = waiting::list(&slots, place);
    let (waiting, places, outboxes) = futures::join!(waiting, places, shell.outboxes());
    let waiting = waiting.map_err(OperationError::Store)?;
    let (places, outboxes) = (places.map_err(OperationError::Store)?, outboxes?);
    let paused_until = outboxes.iter().map(|outbox| outbox.paused_until(now)).max().unwrap_or(0);
    let (queue, dead) = outbox::in_order(&outboxes);
    let sweeps = sweeps::latest(&stores).await;
    Ok(View {
        now,
        form_token,
        done,
        waiting,
        health: health(&sweeps, &longest_limits(places), paused_until, now),
        sweeps,
        queue: Messages::first(queue),
        dead: Messages::first(dead.into_iter().rev().collect()),
        settings,
        problems,
    })
}

/// What each source asked for, by the one sweeper that met the longest pause.
fn longest_limits(places: Vec<Progress>) -> Sorted<Limit> {
    let mut longest: Sorted<Limit> = Sorted::default();
    for (source, limit) in places.into_iter().flat_map(|place| place.limits) {
        if longest.get(&source).is_none_or(|own| own.paused_until < limit.paused_until) {
            longest.insert(source, limit);
        }
    }
    longest
}
