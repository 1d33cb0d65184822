//! A whole store → slots, once and for good.
//!
//! Everything is written into the slots while the whole store is what counts; then one write says that it has moved. A
//! crash before that leaves the store as it was, and the next sweep writes over what is in the slots; after it, keys that
//! the next one removes.

use approval_logic::approval::{Source, TicketRef};
use approval_logic::diff::Entry;

use super::{SLOTS, slot_of};
use crate::host::{Host, StoreError};
use crate::store::Store;
use crate::store::ledger::{self, Ledger};
use crate::store::outbox::Outbox;
use crate::store::{progress, sweeps};
use crate::together;

/// Entries are written into a slot so many at a time: enough for few writes, few enough to be held for every slot.
const AT_ONCE: usize = 400;

/// Cuts the store, for the holder of its lease. False: it is not the moment, see [`Outbox::can_be_cut`].
pub async fn cut<H: Host>(store: &Store<H>) -> Result<bool, StoreError> {
    if let Some(leaving) = ledger::moved(store).await? {
        remove(store, leaving).await?;
        return Ok(true);
    }
    let outbox = Outbox::open(store.clone()).await?;
    if !outbox.can_be_cut() {
        return Ok(false);
    }
    let whole = Ledger::open(store.clone()).await?;
    let (place, again) = futures::try_join!(progress::load(store), progress::revisits(store))?;
    let (outbox, place, again) = (&outbox, &place, &again);
    together::all_or_error((0..SLOTS).map(|number| async move {
        let slot = store.slot(number);
        let holds = |ticket: &TicketRef| slot.holds(ticket);
        outbox.write_part(&slot, number).await?;
        progress::save(&slot, &place.part(number == 0)).await?;
        let again = again.iter().filter(|ticket| ticket.source == Source::Zendesk || holds(ticket));
        progress::save_revisits(&slot, &again.cloned().collect::<Vec<_>>()).await
    }))
    .await?;
    cut_ledger(store, &whole).await?;
    let keys = whole.leaf_keys().await.into_iter().chain(outbox.keys()).chain(progress::keys()).chain(sweeps::keys());
    let leaving: Vec<String> = keys.collect();
    ledger::note_move(store, leaving.clone()).await?;
    remove(store, leaving).await?;
    Ok(true)
}

/// Removes keys that nobody reads any more.
async fn remove<H: Host>(store: &Store<H>, leaving: Vec<String>) -> Result<(), StoreError> {
    if leaving.is_empty() {
        return Ok(());
    }
    together::all_or_error(leaving.iter().map(|key| store.remove(key))).await?;
    ledger::note_move(store, Vec::new()).await
}

async fn cut_ledger<H: Host>(store: &Store<H>, whole: &Ledger<H>) -> Result<(), StoreError> {
    let now = store.host().now();
    let open = |number| Ledger::open(store.slot(number));
    let ledgers = together::all_or_error((0..SLOTS).map(open)).await?;
    let mut parts: Vec<(Ledger<H>, Vec<Entry>)> = ledgers.into_iter().map(|ledger| (ledger, Vec::new())).collect();
    let mut position = 0;
    while let Some(leaf) = whole.leaf_at(position).await? {
        for entry in leaf.values() {
            let Some((ledger, part)) = parts.get_mut(slot_of(&entry.approval.id.ticket_ref())) else { continue };
            part.push(entry.clone());
            if part.len() >= AT_ONCE {
                ledger.commit(std::mem::take(part), now).await?;
            }
        }
        position += 1;
    }
    for (ledger, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        ledger.commit(part, now).await?;
    }
    Ok(())
}
