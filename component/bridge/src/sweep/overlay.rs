//! What is known: the ledger, and above it the messages that wait or were given up. An approval is in the ledger once its
//! card was taken, so that a message that gets lost on the way there is one that was never planned.

mod everywhere;

use approval_logic::approval::{ApprovalId, Millis, Source, TicketKind, TicketRef};
use approval_logic::diff::{Entry, Said};

use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::ledger::{EntryPage, Ledger, entry_key, ticket_key};
use crate::store::outbox::{Fate, Outbox, Record};

pub use everywhere::Everywhere;

/// No sweep takes up more tickets of the ledger than this, however long it has been since the last one.
const SLICE_MAX: usize = 2_000;

/// The ledger with the outbox laid over it.
#[derive(Clone)]
pub struct Known<H> {
    ledger: Ledger<H>,
    /// By the key of the ticket.
    planned: Sorted<Vec<Entry>>,
    waiting: usize,
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
        let mut waiting = 0;
        for entry in records.into_iter().flat_map(|record| record.content.asked()) {
            waiting += 1;
            if let Some(entries) = planned.or_default(&ticket_key(&entry.approval.id.ticket_ref())) {
                entries.push(entry.clone());
            }
        }
        Self { ledger, planned, waiting }
    }

    /// How many cards wait in the outbox.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// The tickets of a part that waiting or given-up messages are about. The ledger need not have them.
    pub(super) fn planned(&self, part: &str) -> impl Iterator<Item = TicketRef> {
        let (first, last) = (format!("{part}:"), format!("{part};"));
        let entries: Vec<&Vec<Entry>> = self.planned.between(&first, &last).collect();
        entries.into_iter().filter_map(|entries| entries.first()).map(|entry| entry.approval.id.ticket_ref())
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

    /// Whether what is known of a ticket lies here.
    pub fn holds(&self, ticket: &TicketRef) -> bool {
        self.ledger.holds(ticket)
    }

    /// The entries of one ticket.
    pub async fn of_ticket(&self, ticket: &TicketRef) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.ledger.of_ticket(ticket).await?;
        for planned in self.planned.get(&ticket_key(ticket)).into_iter().flatten() {
            match entries.iter_mut().find(|entry| entry.approval.id == planned.approval.id) {
                Some(entry) if planned.is_ahead_of(entry) => *entry = planned.clone(),
                Some(_) => {}
                None => entries.push(planned.clone()),
            }
        }
        Ok(entries)
    }

    /// Which of these tickets have approvals of a source that wait for their approvers. Looks through all that is known of
    /// the source: its approvals lie by their own ids, not by those of their tickets.
    pub async fn waiting_for(&self, source: Source, tickets: &[(TicketKind, &str)]) -> Result<Vec<String>, StoreError> {
        let (first, last) = (format!("{source}:"), format!("{source};"));
        let mut found = Vec::new();
        let mut look = |entry: &Entry| {
            let ticket = &entry.approval.ticket;
            let wanted = tickets.contains(&(ticket.kind, ticket.id.as_str()));
            if wanted && entry.waits() && !found.contains(&ticket.id) {
                found.push(ticket.id.clone());
            }
        };
        let (mut position, to) = (self.ledger.position_of(&first).await, self.ledger.position_of(&last).await);
        while position <= to {
            let Some(leaf) = self.ledger.leaf_at(position).await? else { break };
            leaf.between(&first, &last).for_each(&mut look);
            position += 1;
        }
        self.planned.values().flatten().filter(|entry| entry.approval.id.source() == source).for_each(&mut look);
        Ok(found)
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

    /// The announcements and closings among waiting messages that need not be made: the ledger has them, because another
    /// sweep has made them meanwhile, or because the approval has been closed.
    pub(super) async fn said_already<'a>(
        &self,
        waiting: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut said = Vec::new();
        for record in waiting {
            let closes = record.content.closes();
            let mut all = closes || record.content.announces();
            for entry in record.content.about() {
                let own = self.ledger.get(&entry.approval.id).await?;
                all &=
                    own.is_some_and(|own| if closes { own.end_told >= entry.round } else { !entry.is_ahead_of(&own) });
            }
            if all {
                said.push(record.clone());
            }
        }
        Ok(said)
    }

    /// Of the given entries those that the ledger does not have yet.
    async fn missing(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, StoreError> {
        let mut missing = Vec::new();
        for entry in entries {
            if self.ledger.get(&entry.approval.id).await?.is_none_or(|own| entry.is_ahead_of(&own)) {
                missing.push(entry);
            }
        }
        Ok(missing)
    }

    /// What the ledger has to learn from messages that were taken: entries that it does not have yet, when their cards
    /// were taken, and whose end was told. `written` goes to the ledger anyway.
    pub(super) async fn settled(
        &self,
        fates: &Sorted<(Fate, Record)>,
        written: &Sorted<Entry>,
        now: Millis,
    ) -> Result<Sorted<Entry>, StoreError> {
        let mut settled: Sorted<Entry> = Sorted::default();
        for (_, record) in fates.values().filter(|(fate, _)| *fate == Fate::Sent) {
            for entry in record.content.about() {
                let key = entry_key(&entry.approval.id);
                let own = match settled.get(&key).or_else(|| written.get(&key)) {
                    Some(own) => Some(own.clone()),
                    None => self.ledger.get(&entry.approval.id).await?,
                };
                let learnt = if record.content.closes() {
                    own.filter(|own| own.end_told < entry.round).map(|own| Entry { end_told: entry.round, ..own })
                } else {
                    learnt(own, entry, record.content.announces().then_some(now))
                };
                if let Some(learnt) = learnt {
                    settled.insert(key, learnt);
                }
            }
        }
        Ok(settled)
    }

    /// Announcements that were left out because their approvals are no longer asked of their readers, as far as nothing else
    /// is known of these. The card may have come all the same, and its event id is that reader's: so the round is kept, for
    /// whoever looks at the ticket next.
    pub(super) async fn held_back<'a>(
        &self,
        waiting: impl IntoIterator<Item = &'a Record>,
        fates: &Sorted<(Fate, Record)>,
        written: &Sorted<Entry>,
    ) -> Result<Sorted<Entry>, StoreError> {
        let mut held_back: Sorted<Entry> = Sorted::default();
        for record in waiting.into_iter().filter(|record| record.content.announces()) {
            let Some((_, after)) = fates.get(&record.id) else { continue };
            for entry in record.content.asked() {
                let key = entry_key(&entry.approval.id);
                let left = after.content.asked().iter().any(|left| left.approval.id == entry.approval.id);
                if left || written.contains_key(&key) {
                    continue;
                }
                let own = self.ledger.get(&entry.approval.id).await?;
                if own.as_ref().is_none_or(|own| entry.is_ahead_of(own)) {
                    let said = Said::Parked("no longer asked when the card was to be sent".to_owned());
                    let end_told = own.map_or(0, |own| own.end_told);
                    held_back.insert(key, Entry { said, announced_at: None, end_told, ..entry.clone() });
                }
            }
        }
        Ok(held_back)
    }

    /// The tickets with open approvals behind `after`, up to where the walk should be after `elapsed` of `period`.
    pub(super) async fn slice(
        &self,
        part: &str,
        after: Option<&str>,
        elapsed: Millis,
        period: Millis,
    ) -> Result<Slice, StoreError> {
        // `;` follows `:`, so this is behind every key of the part.
        let (first, last) = (format!("{part}:"), format!("{part};"));
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
                if before.saturating_add((index + 1) * 1000 / size) > due || slice.tickets.len() >= SLICE_MAX {
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

/// What is to be remembered of an entry whose card (then with the time) or reminder was taken; none: nothing new. The
/// ledger may lag behind both: the sweep that planned them may have ended before it wrote them down.
fn learnt(own: Option<Entry>, entry: &Entry, told_at: Option<Millis>) -> Option<Entry> {
    let end_told = own.as_ref().map_or(0, |own| own.end_told);
    match own.filter(|own| !entry.is_ahead_of(own)) {
        None => Some(Entry { told_at: told_at.or(entry.told_at), end_told, ..entry.clone() }),
        Some(own) if own.round == entry.round => {
            let (told_at, reminders) = (own.told_at.or(told_at), own.reminders.max(entry.reminders));
            let new = (told_at, reminders) != (own.told_at, own.reminders);
            new.then_some(Entry { told_at, reminders, ..own })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
