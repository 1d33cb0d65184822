//! A store on a Redis server: for several machines.
//!
//! `set` returns when the server has taken the value. How long it then keeps it is the server's setting: with
//! `appendfsync always` it is as durable as a file, with `everysec` a crash of the server may lose a second.

use std::time::Duration;

use futures::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, RedisError};

use super::{KeyValue, StoreError};

/// For connecting, and for one command.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keys asked for in one step of a listing.
const SCAN: usize = 1000;

/// A store on a Redis server. Its connection is opened again when it breaks.
pub struct RedisStore {
    connection: ConnectionManager,
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
        let connection = tokio::time::timeout(TIMEOUT * 2, ConnectionManager::new_with_config(client, config))
            .await
            .map_err(|_| StoreError::Open("redis: no connection in time".to_owned()))?
            .map_err(|error| StoreError::Open(format!("redis: {}", describe(&error))))?;
        Ok(Self { connection, prefix: prefix.into() })
    }

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn list(&self) -> Result<Vec<String>, RedisError> {
        let pattern = format!("{}*", escape(&self.prefix));
        let mut keys = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN);
            let (next, found): (u64, Vec<String>) = command.query_async(&mut self.connection.clone()).await?;
            keys.extend(found.iter().filter_map(|name| Some(name.strip_prefix(&self.prefix)?.to_owned())));
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
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.category()),
        None => error.category().to_owned(),
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError::Backend(format!("redis: {}", describe(&error)))
}

impl KeyValue for RedisStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { self.connection.clone().get(self.name(key)).await.map_err(failed) })
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.connection.clone().set(self.name(key), value).await.map_err(failed) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.connection.clone().del(self.name(key)).await.map_err(failed) })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.connection.clone().exists(self.name(key)).await.map_err(failed) })
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async move { self.list().await.map_err(failed) })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A server of our own, ended with the test.
    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn start() -> Option<(Server, String)> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port().to_string();
        let arguments = ["--port", &port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
        let mut command = Command::new("redis-server");
        let server = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        Some((Server(server), format!("redis://127.0.0.1:{port}")))
    }

    #[tokio::test]
    async fn the_redis_store_keeps_the_rules_of_all_stores() {
        let Some((_server, url)) = start() else {
            eprintln!("\n!!! SKIPPED: no redis-server on PATH; the Redis store has NOT been tested !!!\n");
            return;
        };
        let mut store = None;
        for _ in 0..50 {
            match RedisStore::connect(&url, "a[*]:").await {
                Ok(connected) => {
                    store = Some(connected);
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        let other = RedisStore::connect(&url, "a*:").await.unwrap();
        other.set("not ours", vec![1]).await.unwrap();
        super::super::conformance::check(&store.unwrap()).await;
        assert_eq!(other.keys().await.unwrap(), ["not ours"], "prefixes keep stores apart");
    }

    #[tokio::test]
    async fn a_wrong_address_is_not_shown() {
        let error = RedisStore::connect("http://user:hunter2@host", "").await.err().unwrap().to_string();
        assert!(error.contains("store.url") && !error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn nobody_there_is_said_soon() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = RedisStore::connect(&format!("redis://:hunter2@127.0.0.1:{port}"), "").await.err().unwrap();
        assert!(matches!(&error, StoreError::Open(text) if !text.contains("hunter2")), "{error}");
    }
}
