//! A help desk with its people, Moveworks, and the bridge between them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use approval_bridge::bridge::Bridge;
use approval_bridge::call::CallError;
use approval_bridge::clock::Clock;
use approval_bridge::egress::{RequestOptions, Transport};
use approval_bridge::key_value::{KeyValue, KeyValueCounts, MemoryStore};
use approval_bridge::limits::Limits;
use approval_bridge::simulate::{
    Plug, PluggedStore, PluggedTransport, Rest, Time, Witness, WitnessedStore, WitnessedTransport, inspect,
};
use approval_bridge::stubs::{Call, Edition, Stubs, World};
use approval_bridge::variables::VariableMap;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::answer::{Answer, Sweep};
use super::card::Card;
use super::document::Called;
use super::native::NativeHost;
use super::setup::{API_TOKEN, Setup, wide_limits};

/// The bridge that all others share their compiled component with.
fn shared() -> &'static Bridge {
    static SHARED: OnceLock<Bridge> = OnceLock::new();
    SHARED.get_or_init(|| {
        let bridge = Bridge::builder().limits(wide_limits()).build();
        bridge.expect("the component is there; run `cargo xtask build` first")
    })
}

/// What a desk is made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) stubs: Stubs,
    pub(super) time: Time,
    pub(super) store: Arc<MemoryStore>,
    pub(super) variables: VariableMap,
    pub(super) limits: Limits,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) plug: Plug,
    pub(super) witness: Option<Witness>,
}

/// Everything there is, on one clock.
pub struct Desk {
    parts: Parts,
    outside: Arc<dyn Transport>,
    bridge: Bridge,
}

impl Desk {
    /// ServiceDesk Plus in the cloud, told through the Events API.
    pub fn cloud() -> Setup {
        Setup::new(Edition::Cloud)
    }

    /// ServiceDesk Plus on-premises, told through the Events API.
    pub fn on_premises() -> Setup {
        Setup::new(Edition::OnPremises)
    }

    pub(super) fn start(parts: Parts) -> Self {
        let Parts { store, plug, time, limits, .. } = &parts;
        let (mut kept, mut watched): (Arc<dyn KeyValue>, _) = (store.clone(), parts.transport.clone());
        if let Some(witness) = parts.witness.clone() {
            witness.excuse_by(plug);
            kept = Arc::new(WitnessedStore { inner: kept, witness: witness.clone() });
            watched = Arc::new(WitnessedTransport { inner: watched, witness });
        }
        let outside: Arc<dyn Transport> =
            Arc::new(PluggedTransport { inner: watched, plug: plug.clone(), time: time.clone() });
        let builder = Bridge::builder()
            .variables(parts.variables.clone())
            .limits(limits.clone())
            .clock(time.clone())
            .key_value(Arc::new(PluggedStore { inner: kept, plug: plug.clone() }))
            .transport(outside.clone());
        // The component is loaded once for all tests, but for those about the limits that its pool is made for.
        let shared = shared();
        let pool = |limits: &Limits| (limits.memory_bytes, limits.concurrent_calls);
        let builder = if pool(limits) == pool(shared.limits()) { builder.compiled_by(shared) } else { builder };
        let bridge = builder.build().expect("the bridge starts");
        Self { parts, outside, bridge }
    }

    /// Another process over the same store; the one before is gone, whatever it was doing.
    pub fn restart(self) -> Self {
        self.parts.plug.reset();
        Self::start(self.parts)
    }

    /// A second process over the same store and the same world, beside this one.
    pub fn twin(&self) -> Self {
        Self::start(Parts { plug: Plug::default(), ..self.parts.clone() })
    }

    /// Another process over the same store and the same world, with a variable of its own.
    pub fn beside(&self, name: &str, value: &str) -> Self {
        let mut variables = self.parts.variables.clone();
        variables.set(name, value);
        Self::start(Parts { plug: Plug::default(), variables, ..self.parts.clone() })
    }

    /// Sets a variable, which takes a restart.
    pub fn reconfigure(mut self, name: &str, value: &str) -> Self {
        self.parts.variables.set(name, value);
        self.restart()
    }

    /// Looks at the vendors' world, or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.parts.stubs.with(look)
    }

    /// The clock.
    pub fn time(&self) -> &Time {
        &self.parts.time
    }

    /// Now, epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.parts.time.now_ms()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.parts.time.advance(by);
    }

    /// The plug of this process.
    pub fn plug(&self) -> &Plug {
        &self.parts.plug
    }

    /// The bridge, for typed calls.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// What the native shell runs on: the services of this desk's bridge.
    pub fn native(&self) -> NativeHost {
        NativeHost {
            key_value: self.bridge.key_value().clone(),
            variables: self.bridge.variables().clone(),
            clock: self.bridge.clock().clone(),
            transport: self.outside.clone(),
        }
    }

    /// What the store holds.
    pub fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        self.parts.store.entries()
    }

    /// The store holds something else under a key.
    pub async fn keep(&self, key: &str, value: Vec<u8>) {
        self.parts.store.set(key, value).await.expect("memory does not fail");
    }

    /// The store loses a key.
    pub async fn lose(&self, key: &str) {
        self.parts.store.delete(key).await.expect("memory does not fail");
    }

    /// How often the store was used since this was last asked.
    pub fn store_use(&self) -> KeyValueCounts {
        self.bridge.key_value_stats().take()
    }

    /// Runs something on this desk's clock: for several calls at once, or a typed call.
    pub async fn drive<F: Future>(&self, future: F) -> F::Output {
        // On the heap: the futures of several calls at once are too much for the stack of a test's thread.
        self.parts.time.drive(Box::pin(future)).await
    }

    /// One sweep.
    pub async fn poll(&self) -> Sweep {
        self.try_poll().await.expect("the sweep runs")
    }

    /// One sweep, which may be refused.
    pub async fn try_poll(&self) -> Result<Sweep, CallError> {
        self.drive(self.bridge.poll(false)).await.map(Sweep)
    }

    /// One sweep that ends early if the plug is pulled; then none.
    pub async fn poll_until_pulled(&self) -> Option<Result<Sweep, CallError>> {
        self.until_pulled(async { self.bridge.poll(false).await.map(Sweep) }).await
    }

    /// Anything that ends early if the plug is pulled; then none.
    pub async fn until_pulled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let run = async {
            tokio::select! {
                biased;
                () = self.parts.plug.pulled() => None,
                done = work => Some(done),
            }
        };
        self.drive(run).await
    }

    /// The witness.
    ///
    /// # Panics
    /// If the desk was not set up with one; see [`Setup::witnessed`].
    pub fn witness(&self) -> &Witness {
        self.parts.witness.as_ref().expect("this test wants a witness: set it up with one")
    }

    /// Lets the witness check the ledger, the outbox and the store against the world.
    pub async fn inspect(&self, rest: Rest) {
        let (entries, witness) = (self.entries(), self.witness());
        witness.look();
        self.drive(inspect(&self.bridge, API_TOKEN, &self.parts.stubs, witness, &entries, rest)).await;
    }

    /// Lets time pass and sweeps, so many times; the last report.
    pub async fn poll_every(&self, pause: Duration, times: usize) -> Sweep {
        let mut last = None;
        for _ in 0..times {
            self.advance(pause);
            last = Some(self.poll().await);
        }
        last.expect("at least one sweep")
    }

    /// A request to the bridge, as it is.
    pub async fn send(&self, request: Request<Bytes>) -> Answer {
        let called = Called::new(request.method(), request.uri(), request.body());
        Answer::new(&called, self.drive(self.bridge.handle(request)).await.expect("the bridge answers"))
    }

    /// A request with the right token. No body: null.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://bridge.example{path}"))
            .header("authorization", format!("Bearer {API_TOKEN}"))
            .body(body);
        self.send(request.expect("a proper request")).await
    }

    /// A call to a vendor, on the way that the bridge's calls take.
    pub async fn send_out(&self, request: Request<Bytes>) {
        let answer = self.drive(self.outside.send(request, RequestOptions::default())).await;
        assert!(answer.is_ok_and(|answer| answer.status().is_success()), "the vendor takes the call");
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    /// `POST`.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    /// Somebody approves in chat.
    pub async fn approve(&self, id: &str, approver: &str) -> Answer {
        self.post(&format!("/approvals/{id}/approve"), json!({ "approver": approver })).await
    }

    /// Somebody rejects in chat, with a reason.
    pub async fn reject(&self, id: &str, approver: &str, comment: &str) -> Answer {
        self.post(&format!("/approvals/{id}/reject"), json!({ "approver": approver, "comment": comment })).await
    }

    /// Every message that Moveworks took, in order.
    pub fn cards(&self) -> Vec<Card> {
        self.world(|world| world.sent_messages().iter().map(Card::new).collect())
    }

    /// Every message that Moveworks took since this was last asked.
    pub fn new_cards(&self) -> Vec<Card> {
        let cards = self.cards();
        self.world(World::clear_messages);
        cards
    }

    /// The approvals that people were told about, sorted, each as often as it was told.
    pub fn told(&self) -> Vec<String> {
        let mut told: Vec<_> = self.cards().into_iter().map(|card| card.approval_id).collect();
        told.sort_unstable();
        told
    }

    /// The approvals that wait and whose approver can be told, sorted: what should have been announced.
    pub fn due(&self) -> Vec<String> {
        let pending = self.world(|world| world.pending());
        let mut due: Vec<_> = pending.into_iter().filter(|row| row.email.is_some()).map(|row| row.id).collect();
        due.sort_unstable();
        due
    }

    /// The calls that the vendors got, by method (`*`: any) and part of the path.
    pub fn calls(&self, method: &str, part: &str) -> Vec<Call> {
        self.world(|world| world.journal.matching(method, part).cloned().collect())
    }

    /// How many calls the vendors got, by method (`*`: any) and part of the path.
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.world(|world| world.journal.count(method, part))
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.world(|world| world.journal.clear());
    }
}
