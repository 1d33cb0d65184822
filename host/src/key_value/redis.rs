//! A store on a Redis server: for several machines.
//!
//! `set` returns when the server has taken the value. How long it then keeps it is the server's setting: with
//! `appendfsync always` it is as durable as a file, with `everysec` a crash of the server may lose a second.

use std::time::Duration;

use futures::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, RedisError};
use tokio::sync::RwLock;

use super::{KeyValue, StoreError};

/// For connecting, and for one command.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keys asked for in one step of a listing.
const SCAN: usize = 1000;

/// A store on a Redis server. Its connection is opened again when it breaks.
pub struct RedisStore {
    /// Operations share it; closing has to have it alone, and so waits for them. None: closed.
    connection: RwLock<Option<ConnectionManager>>,
    prefix: String,
}

impl RedisStore {
    /// Connects to `redis://[user:password@]host:port[/database]`. All keys begin with `prefix`.
    pub async fn connect(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        // The library's words could quote the URL, which may hold a password.
        let client = redis::Client::open(url).map_err(|_| {
            StoreError::Open("store.url: expected redis://[user:password@]host:port[/database]".to_owned())
        })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(2);
        let connect = async {
            let mut connection = ConnectionManager::new_with_config(client, config).await?;
            // A server that wants a password takes the connection without one, and refuses everything after it.
            redis::cmd("PING").exec_async(&mut connection).await?;
            Ok(connection)
        };
        let connection = tokio::time::timeout(TIMEOUT * 2, connect)
            .await
            .map_err(|_| StoreError::Open("redis: no connection in time".to_owned()))?
            .map_err(|error: RedisError| StoreError::Open(format!("redis: {}", describe(&error))))?;
        Ok(Self { connection: RwLock::new(Some(connection)), prefix: prefix.into() })
    }

    /// Runs an operation on the connection.
    async fn run<T>(
        &self,
        operation: impl AsyncFnOnce(ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.read().await;
        operation(connection.clone().ok_or(StoreError::Closed)?).await.map_err(failed)
    }

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn list(&self, mut connection: ConnectionManager) -> Result<Vec<String>, RedisError> {
        let pattern = format!("{}*", escape(&self.prefix));
        let mut keys = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN);
            let (next, found): (u64, Vec<Vec<u8>>) = command.query_async(&mut connection).await?;
            // What is no text is not ours, whatever it begins with.
            let names = found.into_iter().filter_map(|name| String::from_utf8(name).ok());
            keys.extend(names.filter_map(|name| Some(name.strip_prefix(&self.prefix)?.to_owned())));
            if next == 0 {
                break;
            }
            cursor = next;
        }
        // A scan may name a key twice.
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

/// A prefix in which nothing is a wildcard.
fn escape(prefix: &str) -> String {
    let mut escaped = String::new();
    for c in prefix.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The kind of error and what the server said, which is about commands and never about values.
fn describe(error: &RedisError) -> String {
    match (error.category(), error.detail()) {
        ("", Some(detail)) => detail.to_owned(),
        (category, Some(detail)) => format!("{category}: {detail}"),
        (category, None) => category.to_owned(),
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError::Backend(format!("redis: {}", describe(&error)))
}

impl KeyValue for RedisStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(self.run(async move |mut connection| connection.get(self.name(key)).await))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.run(async move |mut connection| connection.set(self.name(key), value).await))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.run(async move |mut connection| connection.del(self.name(key)).await))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.run(async move |mut connection| connection.exists(self.name(key)).await))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(self.run(async |connection| self.list(connection).await))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { drop(self.connection.write().await.take()) })
    }
}
