//! All that is known, wherever it lies.

use approval_logic::approval::{Source, TicketKind, TicketRef};
use approval_logic::diff::Entry;

use super::Known;
use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::store::ledger::{EntryPage, entry_key};
use crate::store::slots::Slots;
use crate::together;

/// What is known in every slot, or in the one store there is.
pub struct Everywhere<H>(Vec<Known<H>>);

impl<H: Host> Everywhere<H> {
    /// What is known now.
    pub async fn open(slots: &Slots<H>) -> Result<Self, StoreError> {
        let stores = slots.all();
        Ok(Self(together::all_or_error(stores.iter().map(Known::open)).await?))
    }

    /// The entries of one ticket.
    pub async fn of_ticket(&self, ticket: &TicketRef) -> Result<Vec<Entry>, StoreError> {
        match self.0.iter().find(|known| known.holds(ticket)) {
            Some(known) => known.of_ticket(ticket).await,
            None => Ok(Vec::new()),
        }
    }

    /// A page of entries, as [`Known::page`] gives them.
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool + Sync,
    ) -> Result<EntryPage, StoreError> {
        let wanted = &wanted;
        let pages = together::all_or_error(self.0.iter().map(|known| known.page(after, limit, wanted))).await?;
        let mut more = pages.iter().any(|page| page.next.is_some());
        let mut all: Sorted<Entry> = Sorted::default();
        for entry in pages.into_iter().flat_map(|page| page.entries) {
            all.insert(entry_key(&entry.approval.id), entry);
        }
        let mut entries: Vec<Entry> = all.into_iter().map(|(_, entry)| entry).collect();
        more |= entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|entry| entry_key(&entry.approval.id));
        Ok(EntryPage { entries, next })
    }

    /// Which of these tickets wait, as [`Known::waiting_for`] tells.
    pub async fn waiting_for(&self, source: Source, tickets: &[(TicketKind, &str)]) -> Result<Vec<String>, StoreError> {
        let found = self.0.iter().map(|known| known.waiting_for(source, tickets));
        Ok(together::all_or_error(found).await?.concat())
    }
}
