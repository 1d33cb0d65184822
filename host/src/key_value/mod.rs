//! The key-value store: one trait, three backends, and the import `spin:key-value` over any of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;

use crate::config::StoreConfig;

pub mod blocking;
pub(crate) mod guest;
pub mod memory;
pub mod redis;
pub mod sqlite;

pub use blocking::{Blocking, BlockingStore};
pub use memory::MemoryStore;
pub use redis::RedisStore;
pub use sqlite::SqliteStore;

/// One flat store of bytes by key. Operations of one call run at the same time. One that blocks is a [`BlockingStore`].
pub trait KeyValue: Send + Sync + 'static {
    /// The value of a key, if there is one.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>>;

    /// Writes a value. It is durable when this returns.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes a key; no error if there is none.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Whether there is a value.
    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.get(key).await?.is_some()) })
    }

    /// All keys, sorted. The component never asks for them, so a store may do without.
    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async { Err(StoreError::Backend("this store does not list its keys".to_owned())) })
    }

    /// Finishes what is under way and lets go of files and connections. Later operations fail.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Why the store could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or opened.
    #[error("the store cannot be opened: {0}")]
    Open(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// The backend failed.
    #[error("the store failed: {0}")]
    Backend(String),
    /// A value is larger than allowed.
    #[error("a value of {size} bytes is above the limit of {limit} (limits.value_bytes)")]
    TooLarge {
        /// The value's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl StoreConfig {
    /// Opens the store.
    pub async fn open(&self) -> Result<Arc<dyn KeyValue>, StoreError> {
        match self {
            Self::Memory => Ok(Arc::new(MemoryStore::new())),
            Self::Sqlite { path } => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || SqliteStore::open(path)).await;
                Ok(Arc::new(opened.map_err(|error| StoreError::Open(error.to_string()))??))
            }
            Self::Redis { url, prefix } => Ok(Arc::new(RedisStore::connect(url, prefix.clone()).await?)),
        }
    }
}

/// How often the guest has used the store, since the bridge was built.
#[derive(Debug, Default)]
pub struct KeyValueStats {
    gets: AtomicU64,
    sets: AtomicU64,
    deletes: AtomicU64,
    exists: AtomicU64,
    keys: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
}

/// A reading of [`KeyValueStats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyValueCounts {
    /// Values read.
    pub gets: u64,
    /// Values written.
    pub sets: u64,
    /// Keys removed.
    pub deletes: u64,
    /// Keys looked for.
    pub exists: u64,
    /// Listings.
    pub keys: u64,
    /// Bytes of values read.
    pub bytes_read: u64,
    /// Bytes of values written.
    pub bytes_written: u64,
}

impl KeyValueCounts {
    /// All operations together.
    pub fn operations(&self) -> u64 {
        self.gets + self.sets + self.deletes + self.exists + self.keys
    }
}

impl KeyValueStats {
    /// The counts so far.
    pub fn counts(&self) -> KeyValueCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        KeyValueCounts {
            gets: read(&self.gets),
            sets: read(&self.sets),
            deletes: read(&self.deletes),
            exists: read(&self.exists),
            keys: read(&self.keys),
            bytes_read: read(&self.bytes_read),
            bytes_written: read(&self.bytes_written),
        }
    }

    /// The counts so far, which start again at zero.
    pub fn take(&self) -> KeyValueCounts {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        KeyValueCounts {
            gets: take(&self.gets),
            sets: take(&self.sets),
            deletes: take(&self.deletes),
            exists: take(&self.exists),
            keys: take(&self.keys),
            bytes_read: take(&self.bytes_read),
            bytes_written: take(&self.bytes_written),
        }
    }
}

fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
}
