//! The stage: the vendors, a store that outlives processes, and the process of the bridge that runs at the moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::Value;

use super::inspect::{Rest, inspect};
use super::journal::Journal;
use super::people::populate;
use super::plug::{Plug, PluggedStore, PluggedTransport};
use super::sweepers::{Step, step};
use super::time::{Time, WallClock};
use super::watched::{WitnessedStore, WitnessedTransport};
use super::witness::Witness;
use super::{Options, SimulateError};
use crate::bridge::{Bridge, Report};
use crate::call::CallError;
use crate::clock::Clock;
use crate::key_value::{KeyValue, MemoryStore, StoreError};
use crate::limits::Limits;
use crate::stubs::{
    ATERA_API_KEY, ATERA_TECHNICIAN_ID, Dice, Hosts, MOVEWORKS_API_KEY, MOVEWORKS_LISTENER_ID, SDP_AUTHTOKEN, Stubs,
    ZENDESK_API_TOKEN, ZENDESK_EMAIL, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use crate::variables::VariableMap;

/// 2025-11-24T00:00:00Z, a Monday: when every simulation begins.
pub(super) const BEGIN: i64 = 1_763_942_400_000;

const API_TOKEN: &str = "simulated-api-token-0123456789";
const ACTION_SECRET: &str = "simulated-action-secret-0123456789";
const SDP: &str = "sdp.example";
const ACCOUNTS: &str = "accounts.example";
const ZENDESK: &str = "zendesk.example";
const ATERA: &str = "atera.example";
const MOVEWORKS: &str = "moveworks.example";

/// Everything there is.
pub(super) struct Stage {
    pub(super) time: Time,
    pub(super) wall: WallClock,
    pub(super) stubs: Stubs,
    pub(super) plug: Plug,
    pub(super) witness: Witness,
    pub(super) journal: Journal,
    /// Whether things go wrong in this run: then an answer may be missing, and not every refusal is a mistake.
    pub(super) faults: bool,
    store: Arc<MemoryStore>,
    latency: Arc<Mutex<Dice>>,
    variables: VariableMap,
    compiled: Bridge,
    /// The shares of the processes, whether they run or not.
    shards: Mutex<Vec<Option<String>>>,
    running: Mutex<Vec<Bridge>>,
}

impl Stage {
    /// Sets the stage. The process has not been started.
    pub(super) fn set(options: Options, dice: &mut Dice) -> Result<Self, SimulateError> {
        let time = Time::new(BEGIN);
        let (now, sleep) = (time.clone(), time.clone());
        let stubs = Stubs::with_clock(options.seed, Arc::new(move || now.now_ms()))
            .with_sleeper(Arc::new(move |duration| sleep.sleep(duration)));
        let cloud = dice.below(2) == 0;
        stubs.with(|world| {
            let hosts = Hosts {
                sdp: SDP.to_owned(),
                zoho: ACCOUNTS.to_owned(),
                zendesk: ZENDESK.to_owned(),
                moveworks: MOVEWORKS.to_owned(),
            };
            world.settings.hosts = Some(hosts);
            if cloud {
                world.settings.sdp.portal = Some("itdesk".to_owned());
            } else {
                world.on_premises();
            }
            populate(world);
            world.set_latency(Duration::from_millis(40));
            world.set_jitter(Duration::from_millis(80));
            world.journal.keep(Some(256));
        });
        let variables = variables(cloud, &options, dice);
        let journal = Journal::new(time.clone(), options.journal);
        let plug = Plug::journalled(journal.clone());
        let witness = Witness::new(stubs.clone(), time.clone());
        witness.excuse_by(&plug);
        let limits = Limits {
            // Limits are kept in real time, which must not decide anything here.
            cpu: Duration::from_secs(600),
            sweep_timeout: Duration::from_secs(3600),
            request_timeout: Duration::from_secs(3600),
            ..Limits::default()
        };
        let compiled = Bridge::builder().limits(limits).build().map_err(|error| SimulateError(error.to_string()))?;
        Ok(Self {
            wall: WallClock::new(time.clone()),
            faults: options.faults,
            store: Arc::default(),
            latency: Arc::new(Mutex::new(Dice::new(dice.roll()))),
            variables,
            shards: Mutex::new(vec![None]),
            running: Mutex::default(),
            time,
            stubs,
            plug,
            witness,
            journal,
            compiled,
        })
    }

    /// Starts the processes over what the store holds.
    pub(super) fn start(&self) -> Result<(), SimulateError> {
        self.plug.reset();
        let shards = lock(&self.shards).clone();
        let started = shards.iter().map(|shard| self.process(shard.as_deref()));
        *lock(&self.running) = started.collect::<Result<_, _>>()?;
        Ok(())
    }

    fn process(&self, shard: Option<&str>) -> Result<Bridge, SimulateError> {
        let slow = SlowStore { inner: self.store.clone(), time: self.time.clone(), dice: self.latency.clone() };
        let kept = WitnessedStore { inner: Arc::new(slow), witness: self.witness.clone() };
        let watched = WitnessedTransport { inner: Arc::new(self.stubs.clone()), witness: self.witness.clone() };
        let transport = PluggedTransport { inner: Arc::new(watched), plug: self.plug.clone(), time: self.time.clone() };
        let mut variables = self.variables.clone();
        if let Some(shard) = shard {
            variables.set("shard", shard);
        }
        let built = Bridge::builder()
            .variables(variables)
            .limits(self.compiled.limits().clone())
            .clock(self.wall.clone())
            .key_value(Arc::new(PluggedStore { inner: Arc::new(kept), plug: self.plug.clone() }))
            .transport(Arc::new(transport))
            .compiled_by(&self.compiled)
            .unyielding()
            .build();
        built.map_err(|error| SimulateError(error.to_string()))
    }

    /// The processes are gone, whatever they were doing.
    pub(super) fn stop(&self) {
        lock(&self.running).clear();
    }

    /// Goes a step towards another number of sweepers, if that is another one.
    pub(super) fn step_towards(&self, wanted: usize) -> Result<(), SimulateError> {
        let (mut shards, mut running) = (lock(&self.shards), lock(&self.running));
        match step(&shards, wanted) {
            None => {}
            Some(Step::Start(at, shard)) => {
                let started = self.process(Some(&shard))?;
                self.journal.note(&format!("a sweeper begins as {shard}"));
                put(&mut shards, at, Some(shard));
                put(&mut running, at, started);
            }
            Some(Step::End) => {
                let ended = shards.pop().flatten();
                running.truncate(shards.len());
                self.journal.note(&format!("the sweeper {} ends", ended.unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// One sweep of each process; none if there is no process, or if they end meanwhile.
    pub(super) async fn sweep(&self) -> Option<Vec<Result<Report, CallError>>> {
        let running = lock(&self.running).clone();
        if running.is_empty() {
            return None;
        }
        let sweeps = running.iter().map(|bridge| bridge.poll(false));
        self.while_alive(futures::future::join_all(sweeps)).await
    }

    /// A request to the bridge, with the right token; none if no answer comes.
    pub(super) async fn ask(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let bridge = self.first()?;
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://bridge.example{path}"))
            .header("authorization", format!("Bearer {API_TOKEN}"))
            .body(body)
            .ok()?;
        let answer = self.while_alive(bridge.handle(request)).await?.ok()?;
        Some((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default()))
    }

    /// Checks the bridge's account of itself against the world.
    pub(super) async fn inspect(&self, rest: Rest) {
        let Some(bridge) = self.first() else { return };
        let entries = self.store.entries();
        inspect(&bridge, API_TOKEN, &self.stubs, &self.witness, &entries, rest).await;
    }

    /// Waits until this time, milliseconds since 1970.
    pub(super) async fn until(&self, at: i64) {
        let left = u64::try_from(at.saturating_sub(self.time.now_ms())).unwrap_or(0);
        self.time.sleep(Duration::from_millis(left)).await;
    }

    async fn while_alive<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.plug.pulled() => None,
            answer = call => Some(answer),
        }
    }

    /// The process that answers.
    fn first(&self) -> Option<Bridge> {
        lock(&self.running).first().cloned()
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts something in the place of what is there, or behind all.
fn put<T>(all: &mut Vec<T>, at: usize, one: T) {
    match all.get_mut(at) {
        Some(place) => *place = one,
        None => all.push(one),
    }
}

fn variables(cloud: bool, options: &Options, dice: &mut Dice) -> VariableMap {
    let mut variables = vec![
        ("api_token", API_TOKEN.to_owned()),
        ("zendesk_base_url", format!("https://{ZENDESK}")),
        ("zendesk_email", ZENDESK_EMAIL.to_owned()),
        ("zendesk_api_token", ZENDESK_API_TOKEN.to_owned()),
        ("atera_base_url", format!("https://{ATERA}/atera")),
        ("atera_api_key", ATERA_API_KEY.to_owned()),
        ("atera_technician_id", ATERA_TECHNICIAN_ID.to_string()),
        ("atera_technician_email", "it.agent@corp.example".to_owned()),
        ("atera_status_field", "Approval status".to_owned()),
        ("moveworks_base_url", format!("https://{MOVEWORKS}")),
        ("moveworks_api_key", MOVEWORKS_API_KEY.to_owned()),
        ("moveworks_listener_id", MOVEWORKS_LISTENER_ID.to_owned()),
        ("remind_after_hours", "24".to_owned()),
        ("max_reminders", "2".to_owned()),
        ("poll_seconds", options.poll.as_secs().to_string()),
    ];
    if dice.below(2) == 0 {
        variables.push(("action_secret", ACTION_SECRET.to_owned()));
    }
    if dice.below(2) == 0 {
        variables.push(("closing_notices", "all".to_owned()));
    }
    if dice.below(3) == 0 {
        variables.push(("digest_above", "1".to_owned()));
    }
    if dice.below(3) == 0 {
        variables.push(("moveworks_per_minute", "4".to_owned()));
    }
    // Not where the clock is set: what the night holds back then is not said by the time at which all is looked at.
    if !options.faults && dice.below(2) == 0 {
        let quiet = [("quiet_hours", "14:00-18:30".to_owned()), ("timezone", "Europe/Berlin".to_owned())];
        variables.extend(quiet);
    }
    if cloud {
        variables.extend([
            ("sdp_base_url", format!("https://{SDP}/app/itdesk")),
            ("sdp_accounts_url", format!("https://{ACCOUNTS}")),
            ("sdp_client_id", ZOHO_CLIENT_ID.to_owned()),
            ("sdp_client_secret", ZOHO_CLIENT_SECRET.to_owned()),
            ("sdp_refresh_token", ZOHO_REFRESH_TOKEN.to_owned()),
        ]);
    } else {
        variables.extend([("sdp_base_url", format!("https://{SDP}")), ("sdp_authtoken", SDP_AUTHTOKEN.to_owned())]);
    }
    VariableMap::new(variables)
}

/// A store that takes its time, a little for each use, so that what runs side by side meets in it.
struct SlowStore {
    inner: Arc<MemoryStore>,
    time: Time,
    dice: Arc<Mutex<Dice>>,
}

impl SlowStore {
    fn pause(&self) -> BoxFuture<'static, ()> {
        let pause = self.dice.lock().unwrap_or_else(PoisonError::into_inner).below(3_000);
        self.time.sleep(Duration::from_micros(500 + pause))
    }
}

impl KeyValue for SlowStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.get(key).await
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.set(key, value).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.delete(key).await
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.exists(key).await
        })
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.keys().await
        })
    }
}
