//! The whole bridge in a program with a store and HTTP of its own: one sweep, then a list of what waits. Settings are the
//! README's variables, from the environment: `APPROVAL_BRIDGE_SDP_BASE_URL=… embed FILE.db`.

use std::{error::Error, sync::Arc};

use approval_bridge::bridge::{Bridge, Filter};
use approval_bridge::egress::{EgressError, Policy, RequestOptions, Sending, Transport};
use approval_bridge::key_value::{Blocking, BlockingStore};
use approval_bridge::{report, variables::VariableMap};
use http_body_util::{BodyExt, Limited};
use rusqlite::{Connection, OptionalExtension, params};

/// The store: one table of SQLite. The bridge reads, writes and deletes, and never lists.
struct Table(Connection);

impl BlockingStore for Table {
    type Error = rusqlite::Error;

    fn get(&mut self, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        self.0.query_row("SELECT value FROM entries WHERE key = ?", [key], |row| row.get(0)).optional()
    }

    fn set(&mut self, key: &str, value: &[u8]) -> rusqlite::Result<()> {
        self.0.execute("REPLACE INTO entries VALUES (?, ?)", params![key, value]).map(drop)
    }

    fn delete(&mut self, key: &str) -> rusqlite::Result<()> {
        self.0.execute("DELETE FROM entries WHERE key = ?", [key]).map(drop)
    }
}

/// HTTP, to the origins that the settings name. That none of them leads inside is left to the network here;
/// `approval_bridge::egress::Egress` looks at each address.
struct Http(Policy, reqwest::Client);

impl Transport for Http {
    fn send(&self, request: http::Request<bytes::Bytes>, options: RequestOptions) -> Sending<'_> {
        Box::pin(async move {
            self.0.check_uri(request.uri())?;
            let host = request.uri().host().unwrap_or_default().to_owned();
            let exchange = async {
                let answer = http::Response::from(self.1.execute(request.try_into()?).await?);
                let (head, body) = answer.into_parts();
                let body = Limited::new(body, options.max_response_bytes).collect().await?;
                Ok::<_, Box<dyn Error + Send + Sync>>(http::Response::from_parts(head, body.to_bytes()))
            };
            let answer = tokio::time::timeout(options.first_byte_timeout, exchange).await;
            answer.map_err(|_| EgressError::ReadTimeout(host.clone()))?.map_err(|_| EgressError::Closed(host))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut variables = VariableMap::default();
    variables.overlay(std::env::vars());
    let policy = Policy::from_settings(&variables, &[], false).map_err(|problems| problems.join("; "))?;
    let table = Connection::open(std::env::args_os().nth(1).ok_or("usage: embed FILE.db")?)?;
    table.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB)", [])?;
    rustls::crypto::ring::default_provider().install_default().ok();
    // A redirect would take credentials elsewhere.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;

    let (store, http) = (Arc::new(Blocking::new(Table(table))), Arc::new(Http(policy, client)));
    let bridge = Bridge::builder().variables(variables).key_value(store).transport(http).build()?;
    println!("{}", report::line(&bridge.poll(false).await?));
    for approval in bridge.pending(Filter { approver: None, limit: 0, cursor: None }).await?.approvals {
        println!("{} waits: {}", approval.id, approval.ticket.title.unwrap_or_default());
    }
    Ok(())
}
