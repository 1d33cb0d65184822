//! Where what is known of a ticket lies: in one store as a rule, or, where several sweepers share the work, in one of a
//! fixed number of slots, each a whole store under keys of its own.
//!
//! A ticket has its slot for good, and a sweeper takes whole slots. So when there are more sweepers, or fewer, slots go from
//! one to another with all that is known in them, and nothing has to be handed over.

mod cut;

use std::fmt;
use std::str::FromStr;

use approval_logic::approval::{Source, TicketRef};
use approval_logic::signature::hmac_sha256;

use super::Store;
use super::ledger::{self, ticket_key};
use crate::host::{Host, StoreError};

pub use cut::cut;

/// How many slots there are, and the most sweepers. Never to be changed: a ticket would be looked for in another slot.
pub const SLOTS: usize = 16;

/// The share of one sweeper: `2/3` is the second of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    number: usize,
    /// Of how many.
    of: usize,
}

impl Shard {
    /// Of how many it is one.
    pub const fn of(self) -> usize {
        self.of
    }

    /// Its slots: never none, and each slot is one sweeper's.
    pub fn slots(self) -> impl Iterator<Item = usize> {
        (self.number - 1..SLOTS).step_by(self.of)
    }
}

impl FromStr for Shard {
    /// What was expected.
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (number, of) = text.split_once('/')?;
            let (number, of) = (number.trim().parse().ok()?, of.trim().parse().ok()?);
            ((1..=of).contains(&number) && of <= SLOTS).then_some(Self { number, of })
        };
        parse().ok_or("which sweeper of how many, such as 2/3, of 16 at most")
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

/// The slot of a ticket. Requests of Zendesk and those that the bridge keeps count as tickets of their own.
pub fn slot_of(ticket: &TicketRef) -> usize {
    let [first, ..] = hmac_sha256(b"approval-bridge slot", ticket_key(ticket).as_bytes());
    usize::from(first) % SLOTS
}

/// All that is known, wherever it lies.
#[derive(Clone)]
pub struct Slots<H> {
    store: Store<H>,
    /// None: in one store.
    shard: Option<Shard>,
    /// Whether the store is still to be cut, or what was before that has still to go.
    to_cut: bool,
}

impl<H: Host> Slots<H> {
    /// As the store is. One that no sweep has cut yet is whole, whatever the settings say.
    pub async fn open(store: &Store<H>, shard: Option<Shard>) -> Result<Self, StoreError> {
        let moved = match shard {
            Some(_) => ledger::moved(store).await?,
            None => None,
        };
        let to_cut = shard.is_some() && moved.as_ref().is_none_or(|leaving| !leaving.is_empty());
        Ok(Self { store: store.clone(), shard: shard.filter(|_| moved.is_some()), to_cut })
    }

    /// Whether a sweeper has to see to [`cut`] first.
    pub const fn is_to_cut(&self) -> bool {
        self.to_cut
    }

    /// Whether everything lies in one store.
    pub const fn is_whole(&self) -> bool {
        self.shard.is_none()
    }

    /// Every store that there is.
    pub fn all(&self) -> Vec<Store<H>> {
        match self.shard {
            Some(_) => (0..SLOTS).map(|slot| self.store.slot(slot)).collect(),
            None => vec![self.store.clone()],
        }
    }

    /// The stores that this sweeper sweeps; there is at least one.
    pub fn own(&self) -> Vec<Store<H>> {
        match self.shard {
            Some(shard) => shard.slots().map(|slot| self.store.slot(slot)).collect(),
            None => vec![self.store.clone()],
        }
    }

    /// Where what is known of a ticket lies.
    pub fn of(&self, ticket: &TicketRef) -> Store<H> {
        match self.shard {
            Some(_) => self.store.slot(slot_of(ticket)),
            None => self.store.clone(),
        }
    }

    /// Where a hint about a ticket has to be heard. One about Zendesk may name a ticket, whose requests may lie anywhere.
    pub fn concerned(&self, ticket: &TicketRef) -> Vec<Store<H>> {
        if ticket.source == Source::Zendesk { self.all() } else { vec![self.of(ticket)] }
    }

    /// Where messages wait that are about no ticket.
    pub fn first(&self) -> Store<H> {
        if self.is_whole() { self.store.clone() } else { self.store.slot(0) }
    }
}
