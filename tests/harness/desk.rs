//! A help desk with its people, Moveworks, and the bridge between them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use approval_bridge::bridge::Bridge;
use approval_bridge::call::CallError;
use approval_bridge::clock::Clock;
use approval_bridge::egress::Transport;
use approval_bridge::key_value::{KeyValueCounts, MemoryStore};
use approval_bridge::limits::Limits;
use approval_bridge::stubs::{Call, Edition, Stubs, World};
use approval_bridge::variables::VariableMap;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::answer::{Answer, Sweep};
use super::card::Card;
use super::plug::{Plug, PluggedStore, PluggedTransport};
use super::setup::{API_TOKEN, Setup};
use super::time::Time;

/// The bridge that all others share their compiled component with.
fn shared() -> &'static Bridge {
    static SHARED: OnceLock<Bridge> = OnceLock::new();
    SHARED.get_or_init(|| {
        let bridge = Bridge::builder().limits(Setup::limits_of_tests()).build();
        bridge.expect("the component is there; run `cargo xtask build` first")
    })
}

/// Everything there is, on one clock.
pub struct Desk {
    stubs: Stubs,
    time: Time,
    store: Arc<MemoryStore>,
    variables: VariableMap,
    limits: Limits,
    transport: Arc<dyn Transport>,
    plug: Plug,
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

    pub(super) fn start(
        stubs: Stubs,
        time: Time,
        store: Arc<MemoryStore>,
        variables: VariableMap,
        limits: Limits,
        transport: Arc<dyn Transport>,
        plug: Plug,
    ) -> Self {
        let builder = Bridge::builder()
            .variables(variables.clone())
            .limits(limits.clone())
            .clock(time.clone())
            .key_value(Arc::new(PluggedStore { inner: store.clone(), plug: plug.clone() }))
            .transport(Arc::new(PluggedTransport { inner: transport.clone(), plug: plug.clone(), time: time.clone() }));
        // The component is loaded once for all tests, but for those about the limits that its pool is made for.
        let shared = shared();
        let pool = |limits: &Limits| (limits.memory_bytes, limits.concurrent_calls);
        let builder = if pool(&limits) == pool(shared.limits()) { builder.compiled_by(shared) } else { builder };
        let bridge = builder.build().expect("the bridge starts");
        Self { stubs, time, store, variables, limits, transport, plug, bridge }
    }

    /// Another process over the same store; the one before is gone, whatever it was doing.
    pub fn restart(self) -> Self {
        self.plug.reset();
        Self::start(self.stubs, self.time, self.store, self.variables, self.limits, self.transport, self.plug)
    }

    /// A second process over the same store and the same world, beside this one.
    pub fn twin(&self) -> Self {
        let (stubs, time, store) = (self.stubs.clone(), self.time.clone(), self.store.clone());
        let (variables, limits, transport) = (self.variables.clone(), self.limits.clone(), self.transport.clone());
        Self::start(stubs, time, store, variables, limits, transport, Plug::default())
    }

    /// Sets a variable, which takes a restart.
    pub fn reconfigure(mut self, name: &str, value: &str) -> Self {
        self.variables.set(name, value);
        self.restart()
    }

    /// Looks at the vendors' world, or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.stubs.with(look)
    }

    /// The clock.
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// Now, epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.time.now_ms()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    /// The plug of this process.
    pub fn plug(&self) -> &Plug {
        &self.plug
    }

    /// The bridge, for typed calls.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// What the store holds.
    pub fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        self.store.entries()
    }

    /// How often the store was used since this was last asked.
    pub fn store_use(&self) -> KeyValueCounts {
        self.bridge.key_value_stats().take()
    }

    /// Runs something on this desk's clock: for several calls at once, or a typed call.
    pub async fn drive<F: Future>(&self, future: F) -> F::Output {
        // On the heap: the futures of several calls at once are too much for the stack of a test's thread.
        self.time.drive(Box::pin(future)).await
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
        let run = async {
            tokio::select! {
                biased;
                () = self.plug.pulled() => None,
                report = self.bridge.poll(false) => Some(report.map(Sweep)),
            }
        };
        self.drive(run).await
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
        Answer::new(self.drive(self.bridge.handle(request)).await.expect("the bridge answers"))
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
