//! A store of this program's own. Three functions: the component reads, writes and deletes, and never lists.

use std::io::{self, Write};
use std::{fs, path::PathBuf};

use approval_bridge::key_value::{KeyValue, StoreError};
use futures::future::{BoxFuture, ready};

/// One small file for each key.
pub(crate) struct Files(pub(crate) PathBuf);

type Stored<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Files {
    fn path(&self, key: &str) -> PathBuf {
        self.0.join(percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string())
    }

    /// Whole and durable before it has the key's name: the bridge goes on as soon as this returns.
    fn write(&self, key: &str, value: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(value)?;
        file.as_file().sync_all()?;
        file.persist(self.path(key))?;
        fs::File::open(&self.0)?.sync_all()
    }
}

/// What is not there is no error.
fn stored<'a, T: Send + 'a>(result: io::Result<T>) -> Stored<'a, Option<T>> {
    Box::pin(ready(match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some).map_err(|error| StoreError::Backend(error.to_string())),
    }))
}

impl KeyValue for Files {
    fn get<'a>(&'a self, key: &'a str) -> Stored<'a, Option<Vec<u8>>> {
        stored(fs::read(self.path(key)))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> Stored<'a, ()> {
        Box::pin(ready(self.write(key, &value).map_err(|error| StoreError::Backend(error.to_string()))))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        let removed = stored(fs::remove_file(self.path(key)));
        Box::pin(async { removed.await.map(|_| ()) })
    }
}
