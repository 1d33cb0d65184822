//! What is known: the ledger, and above it the messages that wait or were given up. An approval is in the ledger once its
//! card was taken, so that a message that gets lost on the way there is one that was never planned.

use approval_logic::approval::{ApprovalId, Millis, TicketKind, TicketRef};
use approval_logic::diff::Entry;

use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::ledger::{EntryPage, Ledger, entry_key, ticket_key};
use crate::store::outbox::{Content, Outbox, Record};

/// The ledger with the outbox laid over it.
#[derive(Clone)]
pub struct Known<H> {
    ledger: Ledger<H>,
    /// By the key of the ticket.
    planned: Sorted<Vec<Entry>>,
}

/// A part of the ledger that is due to be looked at.
#[derive(Debug, Default)]
pub(super) struct Slice {
    /// Tickets with open approvals, in the order of their keys.
    pub(super) tickets: Vec<TicketRef>,
    /// Whether this part reaches to the end.
    pub(super) end: bool,
}

impl<H: Host> Known<H> {
    /// Lays the entries of messages over the ledger.
    pub fn new<'a>(ledger: Ledger<H>, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut planned: Sorted<Vec<Entry>> = Sorted::default();
        for entry in records.into_iter().filter_map(|record| record.content.entry()) {
            if let Some(entries) = planned.or_default(&ticket_key(&entry.approval.id.ticket_ref())) {
                entries.push(entry.clone());
            }
        }
        Self { ledger, planned }
    }

    /// What is known now.
    pub async fn open(store: &Store<H>) -> Result<Self, StoreError> {
        let (ledger, outbox) = futures::try_join!(Ledger::open(store.clone()), Outbox::open(store.clone()))?;
        Ok(Self::new(ledger, outbox.unsaid()))
    }

    /// The ledger below.
    pub const fn ledger(&self) -> &Ledger<H> {
        &self.ledger
    }

    /// The entries of one ticket.
    pub async fn of_ticket(&self, ticket: &TicketRef) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.ledger.of_ticket(ticket).await?;
        for planned in self.planned.get(&ticket_key(ticket)).into_iter().flatten() {
            match entries.iter_mut().find(|entry| entry.approval.id == planned.approval.id) {
                Some(entry) if entry.round < planned.round => *entry = planned.clone(),
                Some(_) => {}
                None => entries.push(planned.clone()),
            }
        }
        Ok(entries)
    }

    /// One entry.
    pub async fn get(&self, id: &ApprovalId) -> Result<Option<Entry>, StoreError> {
        let entries = self.of_ticket(&id.ticket_ref()).await?;
        Ok(entries.into_iter().find(|entry| entry.approval.id == *id))
    }

    /// A page of entries, as [`Ledger::page`] gives them, those that wait to be announced among them.
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<EntryPage, StoreError> {
        let planned = self.planned.values().flatten().filter(|entry| wanted(entry)).cloned().collect();
        let mut above: Sorted<Entry> = Sorted::default();
        for entry in self.missing(planned).await? {
            above.insert(entry_key(&entry.approval.id), entry);
        }
        let below = self
            .ledger
            .page(after, limit, |entry| wanted(entry) && !above.contains_key(&entry_key(&entry.approval.id)));
        let EntryPage { entries, next } = below.await?;
        let mut all: Sorted<Entry> = entries.into_iter().map(|entry| (entry_key(&entry.approval.id), entry)).collect();
        let here = |key: &str| after.is_none_or(|after| key > after) && next.as_deref().is_none_or(|next| key <= next);
        all.extend(above.into_iter().filter(|(key, _)| here(key)));
        let more = next.is_some() || all.len() > limit;
        let entries: Vec<Entry> = all.into_iter().map(|(_, entry)| entry).take(limit).collect();
        let next = entries.last().filter(|_| more).map(|entry| entry_key(&entry.approval.id));
        Ok(EntryPage { entries, next })
    }

    /// The announcements among waiting messages that need not be made: the ledger has them, because another sweep has
    /// made them meanwhile, or because the approval has been closed.
    pub(super) async fn said_already<'a>(
        &self,
        waiting: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut said = Vec::new();
        for record in waiting {
            let Content::Pending(entry) = &record.content else { continue };
            let own = self.ledger.get(&entry.approval.id).await?;
            if own.is_some_and(|own| own.round >= entry.round) {
                said.push(record.clone());
            }
        }
        Ok(said)
    }

    /// Of the given entries those that the ledger does not have yet.
    pub(super) async fn missing(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, StoreError> {
        let mut missing = Vec::new();
        for entry in entries {
            if self.ledger.get(&entry.approval.id).await?.is_none_or(|own| own.round < entry.round) {
                missing.push(entry);
            }
        }
        Ok(missing)
    }

    /// The tickets with open approvals behind `after`, up to where the walk should be after `elapsed` of `period`.
    pub(super) async fn slice(
        &self,
        kind: TicketKind,
        after: Option<&str>,
        elapsed: Millis,
        period: Millis,
    ) -> Result<Slice, StoreError> {
        let first = format!("sdp:{}:", kind.plural());
        let last = format!("sdp:{};", kind.plural());
        let (from, to) = (self.ledger.position_of(&first).await, self.ledger.position_of(&last).await);
        let width = i64::try_from(to.saturating_sub(from) + 1).unwrap_or(i64::MAX);
        // In thousandths of a leaf, so that a small ledger is spread over the period as well.
        let due = if elapsed >= period {
            i64::MAX
        } else {
            i64::try_from(i128::from(width) * 1000 * i128::from(elapsed) / i128::from(period.max(1)))
                .unwrap_or(i64::MAX)
        };
        let begin = after.unwrap_or(&first);
        let mut slice = Slice { tickets: Vec::new(), end: due == i64::MAX };
        let mut position = self.ledger.position_of(begin).await.max(from);
        while position <= to {
            let before = i64::try_from(position - from).unwrap_or(i64::MAX).saturating_mul(1000);
            if before > due {
                slice.end = false;
                break;
            }
            let Some(leaf) = self.ledger.leaf_at(position).await? else { break };
            let size = i64::try_from(leaf.len().max(1)).unwrap_or(i64::MAX);
            for (index, (key, entry)) in (0i64..).zip(leaf.iter()) {
                if key < first.as_str() || key >= last.as_str() || !entry.is_open() {
                    continue;
                }
                if before.saturating_add((index + 1) * 1000 / size) > due {
                    return Ok(Slice { end: false, ..slice });
                }
                let ticket = entry.approval.id.ticket_ref();
                let behind = after.is_none_or(|after| ticket_key(&ticket).as_str() > after);
                if behind && slice.tickets.last() != Some(&ticket) {
                    slice.tickets.push(ticket);
                }
            }
            position += 1;
        }
        Ok(slice)
    }
}
