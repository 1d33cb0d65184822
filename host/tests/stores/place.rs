//! Where a test keeps its values: one kind of backend, made for this test and gone with it.

use std::path::PathBuf;
use std::sync::Arc;

use approval_bridge::config::StoreConfig;
use approval_bridge::key_value::{KeyValue, MemoryStore};
use tempfile::TempDir;

use crate::server::Server;

/// The beginning of our keys on a server; each of its signs means something in a pattern.
pub(crate) const PREFIX: &str = "ours[a-z]*?\\:";

/// A place for values, empty at first.
pub(crate) enum Place {
    /// This process; all handles are one store.
    Memory(Arc<MemoryStore>),
    /// A file in a folder of its own.
    Sqlite(TempDir),
    /// A server of its own.
    Redis(Server),
}

impl Place {
    pub(crate) fn memory() -> Option<Self> {
        Some(Self::Memory(Arc::new(MemoryStore::new())))
    }

    pub(crate) fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(tempfile::tempdir().unwrap()))
    }

    /// None where there is no `redis-server`, which has been said then.
    pub(crate) fn redis() -> Option<Self> {
        Server::start(&[]).map(Self::Redis)
    }

    /// The file, where it is one.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("a.db"),
            _ => panic!("this place is no file"),
        }
    }

    /// The server, where it is one.
    pub(crate) fn server(&mut self) -> &mut Server {
        match self {
            Self::Redis(server) => server,
            _ => panic!("this place is no server"),
        }
    }

    /// As the configuration file would name it.
    pub(crate) fn config(&self) -> StoreConfig {
        match self {
            Self::Memory(_) => StoreConfig::Memory,
            Self::Sqlite(_) => StoreConfig::Sqlite { path: self.file() },
            Self::Redis(server) => StoreConfig::Redis { url: server.url(), prefix: PREFIX.to_owned() },
        }
    }

    /// Another handle on the same values.
    pub(crate) async fn open(&self) -> Arc<dyn KeyValue> {
        match self {
            Self::Memory(store) => store.clone(),
            _ => self.config().open().await.unwrap(),
        }
    }
}
