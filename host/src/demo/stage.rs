//! What the story needs: stubs and bridge on sockets, a store in a folder of its own, and a caller.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use approval_logic::signature::{hmac_sha256_hex, same_secret};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::clock::ShiftedClock;
use super::page::Page;
use super::{Broken, check};
use crate::bridge::{Bridge, Report};
use crate::card_box::CardBox;
use crate::clock::Clock;
use crate::egress::EgressOptions;
use crate::key_value::SqliteStore;
use crate::stubs::{
    ATERA_API_KEY, ATERA_TECHNICIAN_ID, MOVEWORKS_API_KEY, MOVEWORKS_LISTENER_ID, Message, Signature, SignatureCheck,
    Stubs, ZENDESK_API_TOKEN, ZENDESK_EMAIL, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use crate::variables::VariableMap;
use crate::{schedule, serve};

/// What callers of the demo's bridge present.
const TOKEN: &str = "demo-token";
/// What signs the demo's listener messages.
const LISTENER_SECRET: &str = "demo-listener-secret";
/// What the stubs wait before every answer: a vendor near by.
pub(super) const LATENCY: Duration = Duration::from_millis(20);
/// When a reminder is due.
pub(super) const REMIND_AFTER_HOURS: u64 = 24;
/// Time between two sweeps with `--keep`.
const KEEP_POLL: Duration = Duration::from_secs(15);

/// Everything that runs while the story is told.
pub(super) struct Stage {
    pub(super) stubs: Stubs,
    pub(super) bridge: Bridge,
    pub(super) clock: ShiftedClock,
    address: SocketAddr,
    vendors: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    servers: JoinSet<()>,
    stop: watch::Sender<bool>,
    folder: Folder,
}

/// A card as it reached its person.
pub(super) struct Delivered {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) email: String,
    pub(super) token: String,
    pub(super) text: String,
    pub(super) card: CardBox,
}

/// An answer of the bridge.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// A field of the body as text; empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

fn failed(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Broken {
    move |error| Broken(format!("{what}: {error}"))
}

impl Stage {
    /// Starts everything. With `keep` the bridge listens where `serve` would.
    pub(super) async fn set(page: &Page, keep: bool) -> Result<Self, Broken> {
        let clock = ShiftedClock::default();
        let time = clock.clone();
        let stubs = Stubs::demo_with_clock(1, Arc::new(move || time.now_ms()));
        stubs.with(|world| {
            world.set_latency(LATENCY);
            world.settings.moveworks.listener_signature = Some(SignatureCheck::new(|body, given| {
                let right = hmac_sha256_hex(LISTENER_SECRET.as_bytes(), body);
                same_secret(right.as_bytes(), given.as_bytes())
            }));
        });
        let (vendors, vendors_address) = listen(&[0]).await?;
        let ports: &[u16] = if keep { &[3000, 3002, 3003, 3004, 3005, 0] } else { &[0] };
        let (door, address) = listen(ports).await?;
        let folder = Folder::new()?;
        let bridge = build(page, &folder, &format!("http://{vendors_address}"), clock.clone()).await?;
        let (stop, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        let asked = |mut stopped: watch::Receiver<bool>| async move {
            // The other end goes away only when the story has ended, which is a reason to stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let (stand_in, until) = (stubs.clone(), asked(stopped.clone()));
        servers.spawn(async move {
            // A listener that breaks shows as calls without an answer.
            let _ = stand_in.serve(vendors, until).await;
        });
        let (handler, limit, until) =
            (serve::handler(bridge.clone()), bridge.limits().request_body_bytes, asked(stopped));
        servers.spawn(async move {
            let _ = serve::serve(door, handler, limit, serve::ServeOptions::default(), until).await;
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { stubs, bridge, clock, address, vendors: vendors_address, client, servers, stop, folder })
    }

    /// One sweep. Counts what happens meanwhile, where a person watches.
    pub(super) async fn sweep(&self, page: &Page) -> Result<Report, Broken> {
        let spinner = page.spinner("sweeping");
        let mut sweep = std::pin::pin!(self.bridge.poll(false));
        let outcome = loop {
            tokio::select! {
                outcome = &mut sweep => break outcome,
                () = tokio::time::sleep(Duration::from_millis(80)) => {
                    let (calls, cards) = self.stubs.with(|w| (w.journal.total(), w.sent_messages().len()));
                    spinner.set_message(format!("sweeping: {calls} calls so far, {cards} cards"));
                }
            }
        };
        spinner.finish_and_clear();
        let report = outcome.map_err(|error| failed("the sweep failed")(&error))?;
        check(report.complete, || "a sweep of this little world is complete".to_owned())?;
        Ok(report)
    }

    /// The cards that reached somebody, after the first `skip`.
    pub(super) fn delivered(&self, skip: usize) -> Result<Vec<Delivered>, Broken> {
        let read = |message: &Message| {
            let text = |key: &str| Some(message.body.get(key)?.as_str()?.to_owned());
            Some(Delivered {
                id: message.slot("approval_id")?.to_owned(),
                // Nothing is left to be answered with the token of a closing.
                token: message.slot("action_token").unwrap_or_default().to_owned(),
                event: text("event")?,
                email: message.recipients.first()?.clone(),
                text: message.text.clone(),
                card: CardBox::of_message(&message.body)?,
            })
        };
        self.stubs.with(|world| {
            let messages = world.sent_messages().iter().skip(skip);
            messages
                .map(|message| {
                    check(message.delivered && message.signature == Signature::Right, || {
                        "every message is signed rightly, so Moveworks passes it on".to_owned()
                    })?;
                    read(message).ok_or_else(|| Broken("a message lacks its card or its slots".to_owned()))
                })
                .collect()
        })
    }

    /// Calls the bridge as Moveworks would. `body` is sent as JSON.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, Broken> {
        self.call_as(Some(TOKEN), method, path, body).await
    }

    /// Calls the bridge with this bearer token, or without any.
    pub(super) async fn call_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Broken> {
        let lost = failed("the bridge did not answer");
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(bytes))).map_err(|error| lost(&error))?;
        let response = self.client.request(request).await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|error| lost(&error))?.to_bytes();
        let body = serde_json::from_slice(&bytes).map_err(|error| lost(&error))?;
        Ok(Answer { status, body })
    }

    /// Goes on serving until `stop` ends, and says how to look around.
    pub(super) async fn keep(&self, page: &Page, stop: impl Future<Output = ()>) -> Result<(), Broken> {
        let (bridge, vendors) = (self.address, self.vendors);
        let open = self.stubs.with(|world| world.pending());
        let last = self.delivered(0)?.into_iter().rev().find(|card| open.iter().any(|row| row.id == card.id));
        page.line("")?;
        page.line(&format!("Still serving: the bridge on http://{bridge}, the stubs on http://{vendors}."))?;
        page.line(&format!("A sweep runs every {} s. Ctrl-C stops. Try:", KEEP_POLL.as_secs()))?;
        page.line("")?;
        let curl = format!("curl -s -H 'Authorization: Bearer {TOKEN}'");
        page.line(&format!("  curl -s http://{bridge}/"))?;
        page.line(&format!("  {curl} http://{bridge}/approvals"))?;
        page.line(&format!("  {curl} -X POST http://{bridge}/poll"))?;
        if let Some(Delivered { id, email, token, .. }) = last {
            let body = serde_json::json!({"approver": email, "token": token});
            page.line(&format!("  {curl} http://{bridge}/approvals/{id}/approve -d '{body}'"))?;
        }
        let (first, _) = oneshot::channel();
        tokio::select! {
            () = stop => Ok(()),
            () = schedule::run(self.bridge.clone(), KEEP_POLL, first) => Ok(()),
        }
    }

    /// Ends everything and leaves nothing behind.
    pub(super) async fn strike(mut self) {
        drop(self.client);
        self.stop.send_replace(true);
        while self.servers.join_next().await.is_some() {}
        self.bridge.key_value().close().await;
        drop(self.folder);
    }
}

async fn build(page: &Page, folder: &Folder, origin: &str, clock: ShiftedClock) -> Result<Bridge, Broken> {
    let store = SqliteStore::open(folder.0.join("demo.db")).map_err(|error| failed("the store")(&error))?;
    let remind_after = REMIND_AFTER_HOURS.to_string();
    let variables = VariableMap::new([
        ("api_token", TOKEN),
        ("action_secret", "demo-action-secret"),
        ("sdp_base_url", &format!("{origin}/app/itdesk")),
        ("sdp_accounts_url", origin),
        ("sdp_client_id", ZOHO_CLIENT_ID),
        ("sdp_client_secret", ZOHO_CLIENT_SECRET),
        ("sdp_refresh_token", ZOHO_REFRESH_TOKEN),
        ("zendesk_base_url", origin),
        ("zendesk_email", ZENDESK_EMAIL),
        ("zendesk_api_token", ZENDESK_API_TOKEN),
        ("atera_base_url", &format!("{origin}/atera")),
        ("atera_api_key", ATERA_API_KEY),
        ("atera_technician_id", &ATERA_TECHNICIAN_ID.to_string()),
        ("atera_status_field", "Approval status"),
        ("moveworks_base_url", origin),
        ("moveworks_listener_id", MOVEWORKS_LISTENER_ID),
        ("moveworks_listener_secret", LISTENER_SECRET),
        ("moveworks_api_key", MOVEWORKS_API_KEY),
        ("remind_after_hours", &remind_after),
    ]);
    let builder = Bridge::builder()
        .variables(variables)
        .key_value(Arc::new(store))
        .egress(EgressOptions { allow: vec![origin.to_owned()], ..EgressOptions::default() })
        .clock(clock);
    let spinner = page.spinner("compiling the component");
    let built = tokio::task::spawn_blocking(move || builder.build()).await;
    spinner.finish_and_clear();
    let built = built.map_err(|error| failed("compiling the component")(&error))?;
    built.map_err(|error| Broken(error.to_string()))
}

/// Listens on the first port that is free; 0 is any.
async fn listen(ports: &[u16]) -> Result<(TcpListener, SocketAddr), Broken> {
    let mut why = None;
    for port in ports {
        match TcpListener::bind(("127.0.0.1", *port)).await {
            Ok(listener) => {
                let address = listener.local_addr().map_err(|error| failed("listening")(&error))?;
                return Ok((listener, address));
            }
            Err(error) => why = Some(error),
        }
    }
    Err(Broken(format!("cannot listen on 127.0.0.1: {}", why.map(|error| error.to_string()).unwrap_or_default())))
}

/// A folder of this process alone; gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Broken> {
        let base = std::env::temp_dir();
        let mut why = None;
        for attempt in 0..100 {
            let path = base.join(format!("approval-bridge-demo-{}-{attempt}", std::process::id()));
            // Fails where the folder exists, so nobody can have put anything into it.
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) => why = Some(error),
            }
        }
        let why = why.map(|error| error.to_string()).unwrap_or_default();
        Err(Broken(format!("no folder for the store in {}: {why}", base.display())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is a demo's ledger in the folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
