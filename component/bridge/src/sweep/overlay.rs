//! What is known: the ledger, and above it the messages that a crash kept from reaching the ledger.

use approval_logic::approval::{Millis, TicketKind, TicketRef};
use approval_logic::diff::Entry;

use crate::host::{Host, StoreError};
use crate::sorted::Sorted;
use crate::store::ledger::{Ledger, entry_key, ticket_key};
use crate::store::outbox::{Fate, Record};

/// No sweep takes up more tickets of the ledger than this, however long it has been since the last one.
const SLICE_MAX: usize = 2_000;

/// The ledger with the outbox laid over it.
#[derive(Clone)]
pub(super) struct Known<H> {
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
    pub(super) fn new<'a>(ledger: Ledger<H>, records: impl IntoIterator<Item = &'a Record>) -> Self {
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

    /// The ledger below.
    pub(super) const fn ledger(&self) -> &Ledger<H> {
        &self.ledger
    }

    /// The entries of one ticket.
    pub(super) async fn of_ticket(&self, ticket: &TicketRef) -> Result<Vec<Entry>, StoreError> {
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

    /// What the ledger has to learn from the fates of messages: entries that it does not have yet, and which cards were
    /// taken. `written` goes to the ledger anyway.
    pub(super) async fn settled(
        &self,
        fates: &Sorted<(Fate, Record)>,
        written: &Sorted<Entry>,
        now: Millis,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut settled = Vec::new();
        for (fate, record) in fates.values().filter(|(fate, _)| *fate != Fate::Waiting) {
            let told = *fate == Fate::Sent && record.content.announces();
            for entry in record.content.asked() {
                let own = match written.get(&entry_key(&entry.approval.id)) {
                    Some(own) => Some(own.clone()),
                    None => self.ledger.get(&entry.approval.id).await?,
                };
                let own = own.filter(|own| own.round >= entry.round);
                let tells = told && own.as_ref().is_none_or(|own| own.round == entry.round && own.told_at.is_none());
                let missing = own.is_none();
                let own = own.unwrap_or_else(|| entry.clone());
                if tells {
                    settled.push(Entry { told_at: Some(now), ..own });
                } else if missing {
                    settled.push(own);
                }
            }
        }
        Ok(settled)
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
