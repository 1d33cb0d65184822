//! Where the sweeps stand, so that the next one goes on from there.

use std::collections::BTreeMap;
use std::time::Duration;

use approval_logic::approval::{Millis, TicketRef};
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::tally::Tally;

const KEY: &str = "v1:progress";
const REVISIT: &str = "v1:revisit";

/// Tickets to look at again are remembered up to this number; beyond it the full walk finds them.
const REVISIT_MAX: usize = 500;

/// Longer than a store takes for reading and writing the list, so that whoever did it meanwhile is done.
const REVISIT_SETTLES: Duration = Duration::from_millis(50);

/// How often a ticket is put on the list before its loss is left to the walk over the ledger.
const REVISIT_TRIES: usize = 4;

/// All modules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The modules of ServiceDesk Plus, by their names in reports.
    pub modules: Sorted<ModuleProgress>,
    /// The walk over the requests that the bridge keeps.
    #[serde(default, skip_serializing_if = "LedgerProgress::is_new")]
    pub managed: LedgerProgress,
    /// How gently each source wants to be treated, by its name; those with no wish are not in it.
    #[serde(default)]
    pub limits: Sorted<Limit>,
    /// What the sweeps so far have counted.
    #[serde(default)]
    pub tally: Tally,
    /// Zendesk.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zendesk: ZendeskProgress,
}

/// Zendesk's list of what is asked now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZendeskProgress {
    /// Whether the list has been read to its end once.
    pub walked_once: bool,
    /// What the list said when all of it was last compared with the ledger, as a hash; none: not all of it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<String>,
    /// When that was.
    #[serde(default)]
    pub compared_at: Millis,
    /// Where a list goes on that took more time than there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The ticket key up to which open approvals have been looked at one by one, while lists are cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Progress {
    /// What goes into a slot of a store that is cut: the same place in every source. What was counted is counted on in the
    /// first one only.
    pub(super) fn part(&self, first: bool) -> Self {
        Self { tally: if first { self.tally.clone() } else { Tally::default() }, ..self.clone() }
    }
}

fn is_default(progress: &ZendeskProgress) -> bool {
    *progress == ZendeskProgress::default()
}

/// What a source that met its limit asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// It wants to be left alone until then; 0: no longer.
    #[serde(default)]
    pub paused_until: Millis,
    /// How many tickets the next sweep looks at side by side; none: as many as calls are allowed at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleProgress {
    /// Whether a first full walk has been completed.
    pub walked_once: bool,
    /// Tickets updated before this time have been looked at. In the source's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Millis>,
    /// The tickets looked at in the overlap behind the watermark, with the update that was seen.
    #[serde(default)]
    pub recent: BTreeMap<String, Millis>,
    /// The walk over all tickets.
    pub tickets: WalkProgress,
    /// The walk over the tickets with open approvals.
    pub ledger: LedgerProgress,
    /// Tickets that could not be read, to be tried again.
    #[serde(default)]
    pub failed: Vec<String>,
}

/// The walk over all tickets of a module, in pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkProgress {
    /// When this round began.
    pub begun_at: Millis,
    /// How many rows are done.
    pub position: u64,
    /// How many there are, as last told.
    pub total: u64,
    /// Whether the end has been reached.
    pub done: bool,
}

/// The walk over the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerProgress {
    /// When this round began.
    pub begun_at: Millis,
    /// The ticket key that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether the end has been reached.
    pub done: bool,
}

impl LedgerProgress {
    fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the place.
pub async fn load<H: Host>(store: &Store<H>) -> Result<Progress, StoreError> {
    Ok(store.read(KEY).await?.unwrap_or_default())
}

/// Writes the place.
pub async fn save<H: Host>(store: &Store<H>, progress: &Progress) -> Result<(), StoreError> {
    store.write(KEY, progress).await
}

/// Asks the next sweep to look at a ticket: a hint, or a decision that may have opened the next level.
///
/// Several may ask at once, and a sweep may be forgetting what it has seen; the last one to write the list wins. So each
/// looks again a moment later whether its ticket is still there. Where it is not, in spite of all, the walk over the
/// ledger finds the ticket within its period.
pub async fn revisit<H: Host>(store: &Store<H>, ticket: TicketRef) -> Result<(), StoreError> {
    for _ in 0..REVISIT_TRIES {
        let mut tickets = revisits(store).await?;
        if tickets.contains(&ticket) || tickets.len() >= REVISIT_MAX {
            return Ok(());
        }
        tickets.push(ticket.clone());
        store.write(REVISIT, &tickets).await?;
        store.host().sleep(REVISIT_SETTLES).await;
    }
    Ok(())
}

/// The tickets to look at again.
pub async fn revisits<H: Host>(store: &Store<H>) -> Result<Vec<TicketRef>, StoreError> {
    Ok(store.read(REVISIT).await?.unwrap_or_default())
}

/// Writes the tickets to look at again anew.
pub(super) async fn save_revisits<H: Host>(store: &Store<H>, tickets: &[TicketRef]) -> Result<(), StoreError> {
    if tickets.is_empty() { store.remove(REVISIT).await } else { store.write(REVISIT, &tickets).await }
}

/// Its keys.
pub(super) fn keys() -> [String; 2] {
    [KEY.to_owned(), REVISIT.to_owned()]
}

/// Forgets tickets that have been looked at.
pub async fn forget_revisits<H: Host>(store: &Store<H>, seen: &[TicketRef]) -> Result<(), StoreError> {
    if seen.is_empty() {
        return Ok(());
    }
    let mut tickets = revisits(store).await?;
    tickets.retain(|ticket| !seen.contains(ticket));
    save_revisits(store, &tickets).await
}
