//! A store in one SQLite file: nothing to install, durable, for one machine.
//!
//! One thread owns the writing connection. It takes all writes that wait, commits them as one transaction and only then
//! answers, so that many writes at once cost one disk flush. Readers have a connection of their own and never wait for
//! a writer (write-ahead log).

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::{KeyValue, StoreError};

/// How long to wait for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to look whether it has let go.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Most writes in one transaction.
const BATCH: usize = 512;

/// A store in a SQLite file.
pub struct SqliteStore {
    writes: Mutex<Option<Sender<Write>>>,
    reader: Arc<Mutex<Option<Connection>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// A write that waits; `None` removes the key.
struct Write {
    key: String,
    value: Option<Vec<u8>>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable and writable by its owner only.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        make_private(path).map_err(|error| StoreError::Open(format!("{}: {error}", path.display())))?;
        let open =
            || patiently(|| connect(path)).map_err(|error| StoreError::Open(format!("{}: {error}", path.display())));
        let writer = open()?;
        let reader = open()?;
        let (writes, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("approval-bridge-store".to_owned())
            .spawn(move || write_all(writer, &waiting))
            .map_err(|error| StoreError::Open(error.to_string()))?;
        Ok(Self {
            writes: Mutex::new(Some(writes)),
            reader: Arc::new(Mutex::new(Some(reader))),
            writer: Mutex::new(Some(thread)),
        })
    }

    async fn write(&self, key: &str, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let write = Write { key: key.to_owned(), value, done };
        let writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        writes.ok_or(StoreError::Closed)?.send(write).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        let run = move || {
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            read(reader.as_ref().ok_or(StoreError::Closed)?).map_err(failed)
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| StoreError::Closed)?
    }
}

impl KeyValue for SqliteStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        let key = key.to_owned();
        Box::pin(self.read(move |connection| {
            let mut query = connection.prepare_cached("SELECT value FROM entries WHERE key = ?1")?;
            query.query_row(params![key], |row| row.get(0)).optional()
        }))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(key, Some(value)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(key, None))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let key = key.to_owned();
        Box::pin(self.read(move |connection| {
            connection.prepare_cached("SELECT 1 FROM entries WHERE key = ?1")?.exists(params![key])
        }))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT key FROM entries ORDER BY key")?;
            query.query_map([], |row| row.get(0))?.collect()
        }))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.writes.lock().unwrap_or_else(PoisonError::into_inner).take();
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let reader = self.reader.clone();
            let finish = move || {
                // A writer that has panicked has nothing left to finish.
                let _ = writer.map(JoinHandle::join);
                reader.lock().unwrap_or_else(PoisonError::into_inner).take();
            };
            let _ = tokio::task::spawn_blocking(finish).await;
        })
    }
}

/// Answers writes until the store is closed and nothing waits.
fn write_all(mut connection: Connection, waiting: &Receiver<Write>) {
    while let Ok(first) = waiting.recv() {
        let batch: Vec<Write> = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect();
        let outcome = commit(&mut connection, &batch).map_err(failed);
        for write in batch {
            // Whoever asked may have been cancelled; the write stands.
            let _ = write.done.send(outcome.clone());
        }
    }
}

fn commit(connection: &mut Connection, batch: &[Write]) -> rusqlite::Result<()> {
    // Immediate: the wait for another process is at the beginning, where it can be waited for.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut set = transaction.prepare_cached(
            "INSERT INTO entries (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        let mut delete = transaction.prepare_cached("DELETE FROM entries WHERE key = ?1")?;
        for write in batch {
            match &write.value {
                Some(value) => set.execute(params![write.key, value])?,
                None => delete.execute(params![write.key])?,
            };
        }
    }
    transaction.commit()
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

/// Tries again while another process has the file for itself. SQLite does not wait by itself where waiting could be for
/// ever, as when two of them turn on the log of the same new file.
fn patiently<T>(attempt: impl Fn() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => std::thread::sleep(LOOK_AGAIN),
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A transaction is appended to the log with a checksum and counts once its last page is whole. So whatever the
    // process was doing when it was killed, the next one to open the file finds all that was committed and nothing of
    // what was not. FULL flushes the log before a commit returns, and so before anybody is told: that also holds when
    // the machine loses power. NORMAL, the usual choice beside WAL, would flush only when the log is folded in.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID",
    )?;
    // A file of another program may have a table of this name in another shape.
    drop(connection.prepare("SELECT key, value FROM entries")?);
    Ok(connection)
}

/// Makes the file before SQLite does, so that nobody else can read it at any time. The log files take after it.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| *folder != PathBuf::new()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn only_the_owner_can_read_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
        store.set("k", b"v".to_vec()).await.unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn closing_folds_the_log_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
        store.set("k", b"v".to_vec()).await.unwrap();
        store.close().await;
        assert!(!folder.path().join("a.db-wal").exists());
    }
}
