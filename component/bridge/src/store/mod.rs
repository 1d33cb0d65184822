//! The repository over the key-value store: the ledger, the outbox, the audit trail, the sweep's place, the last sweeps,
//! the lease, the access token, the requests that the bridge keeps; and the slots that several sweepers share.
//!
//! The store offers get, set and delete of one key and nothing more: no listing (`get-keys` can wedge Spin's default
//! store), no transaction, no compare-and-swap that holds on every backend. So everything is reachable from a few
//! fixed keys, and every step is safe to be the last one.

pub mod audit;
pub mod lease;
pub mod ledger;
pub mod outbox;
pub mod people;
pub mod progress;
pub mod requests;
pub mod slots;
pub mod sweeps;
pub mod token;

use std::borrow::Cow;
use std::fmt::Display;

use approval_logic::approval::TicketRef;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{Host, StoreError};

/// Typed access to single keys: those that there are once, or those of a slot.
#[derive(Clone)]
pub struct Store<H> {
    host: H,
    slot: Option<usize>,
}

impl<H: Host> Store<H> {
    /// The store of this host.
    pub const fn new(host: H) -> Self {
        Self { host, slot: None }
    }

    /// The same store's part for the tickets of one slot.
    pub(crate) fn slot(&self, slot: usize) -> Self {
        Self { host: self.host.clone(), slot: Some(slot) }
    }

    /// What there is once, whatever slot is at work.
    pub(crate) fn shared(&self) -> Self {
        Self::new(self.host.clone())
    }

    /// Whether it is a slot's.
    pub(crate) const fn is_slot(&self) -> bool {
        self.slot.is_some()
    }

    /// Whether what is known of a ticket lies here.
    pub(crate) fn holds(&self, ticket: &TicketRef) -> bool {
        self.slot.is_none_or(|slot| slots::slot_of(ticket) == slot)
    }

    /// The host, for its clock.
    pub const fn host(&self) -> &H {
        &self.host
    }

    /// Reads a value. One that cannot be understood is an error: guessing would mean to announce everything again.
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(key, &error))
    }

    /// Writes a value.
    pub async fn write<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|error| unwritable(key, &error))?;
        self.set(key, bytes).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.host.get(&self.key(key)).await
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.host.set(&self.key(key), value).await
    }

    /// Removes a key.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.host.delete(&self.key(key)).await
    }

    fn key<'a>(&self, key: &'a str) -> Cow<'a, str> {
        self.slot.map_or(Cow::Borrowed(key), |slot| Cow::Owned(format!("s{slot:02}:{key}")))
    }
}

fn unreadable(key: &str, why: &dyn Display) -> StoreError {
    let message = format!("the value cannot be read ({why}); restore the store from its backup, or delete this key");
    StoreError { key: key.to_owned(), message }
}

fn unwritable(key: &str, why: &dyn Display) -> StoreError {
    StoreError { key: key.to_owned(), message: format!("not writable: {why}") }
}

#[cfg(test)]
pub(crate) mod tests;
