//! Everything that the page shows, gathered from the settings and the store. Nothing is written, and nobody is called.

use approval_logic::approval::Millis;

use super::health::{Health, health};
use super::waiting::{self, Place, Waiting};
use super::{Failure, Shared};
use crate::config::{self, Shown};
use crate::host::Host;
use crate::shell::OperationError;
use crate::store::outbox::{Outbox, Record};
use crate::store::sweeps::Sweep;
use crate::store::{progress, sweeps};

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

/// How many messages of each kind are shown.
const SHOWN: usize = 50;

/// Gathers it.
pub(super) async fn gather<H: Host>(
    shell: &Shared<H>,
    place: Place,
    done: Option<Done>,
    form_token: Option<String>,
) -> Result<View, Failure> {
    let (store, now) = (shell.store(), shell.host().now());
    let (settings, loaded) = config::shown(shell.host()).await;
    let problems = loaded.map_or_else(|problems| problems, |settings| settings.missing(false));
    let (waiting, place, outbox) =
        futures::try_join!(waiting::list(store, place), progress::load(store), Outbox::open(store.clone()),)
            .map_err(OperationError::Store)?;
    // They are told of for the reader's sake: where they cannot be read, the rest of the page is needed all the more.
    let sweeps = sweeps::load(store).await.unwrap_or_default();
    Ok(View {
        now,
        form_token,
        done,
        waiting,
        health: health(&sweeps, &place.limits, outbox.paused_until(), now),
        sweeps,
        queue: Messages { total: outbox.waiting().count(), rows: outbox.waiting().take(SHOWN).cloned().collect() },
        dead: Messages { total: outbox.dead().len(), rows: outbox.dead().iter().rev().take(SHOWN).cloned().collect() },
        settings,
        problems,
    })
}
