//! Stand-ins for the vendors: ServiceDesk Plus, Zoho accounts, Zendesk, Moveworks and Atera, behaving as they are
//! documented to.
//!
//! One [`Stubs`] answers all of them, told apart by path, in process ([`Stubs::handle`]) or on a socket
//! ([`Stubs::serve`]). What it knows is a [`World`]: build it with [`World::request`] and its siblings, change it
//! afterwards as people in the product would, and compare what the bridge did with [`World::pending`],
//! [`World::sent_messages`] and [`World::journal`].
//!
//! Where the vendors document nothing, the choice made here is named at its place and can be switched in [`Settings`].
//! A wrong stub shows as a bridge that passes every test and fails at its first real tenant; so these refuse whatever
//! the documents do not allow.

mod advance;
mod atera;
mod builder;
mod change;
mod faults;
mod ids;
mod journal;
mod model;
mod moveworks;
mod names;
mod sdp;
mod seed;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod truth;
mod wire;
mod world;
mod zendesk;
mod zoho;

pub use self::atera::{ATERA_API_KEY, ATERA_TECHNICIAN_ID, AteraComment, AteraContact, AteraSettings, AteraTicket};
pub use self::builder::TicketBuilder;
pub use self::faults::{Cut, Fault, Quirk, RateLimit, Refusal};
pub use self::ids::{ApprovalRef, LevelRef, Missing, TicketRef};
pub use self::journal::{Auth, Call, Effect, Ending, Journal, Mark, Vendor, Verdict};
pub use self::model::{Approval, Edition, File, Level, Module, Note, Patch, Person, Rule, State, Ticket};
pub use self::moveworks::{Door, Message, Signature};
pub(crate) use self::names::Dice;
pub use self::settings::*;
pub use self::truth::Truth;
pub use self::wire::Via;
pub use self::world::World;
pub use self::zendesk::*;

use self::faults::Strike;
use self::wire::Incoming;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells the time, in epoch milliseconds. It is asked while the world is locked, so it must not ask the stubs anything.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Waits. Replaceable, so that tests own time.
pub type Sleeper = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// The connection ends without an answer, as a scripted fault asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was dropped, as a scripted fault asked for")
    }
}

impl std::error::Error for Dropped {}

/// All vendors in one. Clones share one world.
#[derive(Clone)]
pub struct Stubs {
    world: Arc<Mutex<World>>,
    sleeper: Sleeper,
}

/// An answer and what it changed.
pub(crate) struct Outcome {
    pub(crate) response: Response<Bytes>,
    pub(crate) effect: Effect,
}

impl From<Response<Bytes>> for Outcome {
    fn from(response: Response<Bytes>) -> Self {
        Self { response, effect: Effect::Nothing }
    }
}

impl Stubs {
    /// An empty world on the system's clock. The seed drives names, texts and jitter.
    pub fn new(seed: u64) -> Self {
        Self::with_clock(seed, Arc::new(|| chrono::Utc::now().timestamp_millis()))
    }

    /// An empty world on this clock.
    pub fn with_clock(seed: u64, clock: Clock) -> Self {
        let sleeper: Sleeper = Arc::new(|time| Box::pin(tokio::time::sleep(time)));
        Self { world: Arc::new(Mutex::new(World::new(seed, clock))), sleeper }
    }

    /// The same world, waiting another way.
    pub fn with_sleeper(mut self, sleeper: Sleeper) -> Self {
        self.sleeper = sleeper;
        self
    }

    /// Looks at the world, or changes it. The world is locked meanwhile: do not call `with` inside `with`.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.lock())
    }

    /// Answers one call. The world is not locked while it waits, so calls overlap as they would at the vendors.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        let mut call = Incoming::new(request);
        let vendor = vendor_of(&call);
        let arrival = self.lock().arrive(&call, vendor);
        let mut guard = InFlight { stubs: self, number: arrival.number, ending: Ending::Abandoned };
        self.wait(arrival.wait).await;
        let mut strike = Strike::Pass;
        let (mut in_effect, mut delay_reply) = (true, Duration::ZERO);
        if let Some(fault) = arrival.fault {
            (strike, in_effect, delay_reply) = (fault.strike, fault.in_effect, fault.delay_reply);
        }
        if let Strike::List(quirk) = strike {
            call.quirk = Some(quirk);
        }
        let reaches_vendor = in_effect || matches!(strike, Strike::Pass | Strike::Truncate | Strike::List(_));
        let own = match arrival.refusal {
            Some(refusal) => Some(refusal),
            None if reaches_vendor => Some(self.lock().dispatch(&call, vendor, arrival.number)),
            None => None,
        };
        self.wait(delay_reply).await;
        let answer = match (strike, own) {
            (Strike::Drop, _) => None,
            (Strike::Truncate, Some(response)) => Some(faults::truncate(response)),
            (Strike::Reply { status, content_type, headers, body }, _) => {
                Some(faults::reply(status, &content_type, &headers, &body))
            }
            (Strike::TooMany(retry_after), _) => Some(faults::too_many(vendor, arrival.flat, retry_after.as_deref())),
            (_, own) => own,
        };
        guard.ending = answer.as_ref().map_or(Ending::Dropped, |response| Ending::Status(response.status().as_u16()));
        answer.ok_or(Dropped)
    }

    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            (self.sleeper)(time).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes the end of a call, also when the caller goes away first.
struct InFlight<'s> {
    stubs: &'s Stubs,
    number: u64,
    ending: Ending,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.stubs.lock().journal.end(self.number, self.ending);
    }
}

/// What was decided about a call when it came in.
struct Arrival {
    number: u64,
    wait: Duration,
    fault: Option<Fault>,
    refusal: Option<Response<Bytes>>,
    flat: bool,
}

impl World {
    fn arrive(&mut self, call: &Incoming, vendor: Vendor) -> Arrival {
        let (input, via) = call.input_for_journal();
        let text = input.as_ref().map(ToString::to_string).unwrap_or_default();
        let auth = match vendor {
            Vendor::Sdp => sdp::auth(self, call).1,
            Vendor::Zoho => zoho::auth(self, call),
            Vendor::Zendesk => zendesk::auth(self, call),
            Vendor::Moveworks => moveworks::auth(self, call),
            Vendor::Atera => atera::auth(self, call),
            Vendor::Unknown => Auth::new("", Verdict::Missing),
        };
        let now = self.now();
        let fault = self.faults.iter_mut().find_map(|fault| fault.ready(call, &text).then(|| fault.clone()));
        let refusal = self.limits.iter_mut().find_map(|limit| limit.check(call, now));
        let flat = self.settings.moveworks.flat_errors;
        let refusal = refusal.map(|refusal| match refusal {
            Refusal::TooMany(retry_after) => faults::too_many(vendor, flat, retry_after.as_deref()),
            Refusal::UrlBlocked => wire::json(400, &sdp::envelope(4000, sdp::URL_BLOCKED, None)),
        });
        let number = self.journal.arrive(Call {
            number: 0,
            at: now,
            vendor,
            method: call.method.to_string(),
            host: call.host.clone(),
            path: call.path.clone(),
            input,
            via,
            auth,
            person: if vendor == Vendor::Zendesk { zendesk::person(call) } else { String::new() },
            accept: call.header("accept").into(),
            content_type: call.header("content-type").into(),
            signed: !call.header("x-signature").is_empty(),
            ending: Ending::InFlight,
            effect: Effect::Nothing,
            struck: fault.is_some() || refusal.is_some(),
        });
        let mut wait = self.latency;
        if !self.jitter.is_zero() {
            wait += Duration::from_micros(self.dice.below(self.jitter.as_micros() as u64 + 1));
        }
        let wait = wait + fault.as_ref().map_or(Duration::ZERO, |fault| fault.delay);
        Arrival { number, wait, fault, refusal, flat }
    }

    fn dispatch(&mut self, call: &Incoming, vendor: Vendor, number: u64) -> Response<Bytes> {
        let at_home = self.settings.hosts.as_ref().is_none_or(|hosts| match vendor {
            Vendor::Sdp => hosts.sdp == call.host,
            Vendor::Zoho => hosts.zoho == call.host,
            Vendor::Zendesk => hosts.zendesk == call.host,
            Vendor::Moveworks => hosts.moveworks == call.host,
            Vendor::Atera | Vendor::Unknown => true,
        });
        let outcome = match vendor {
            _ if !at_home => wire::raw(404, "text/plain", "nothing of the kind on this host").into(),
            Vendor::Sdp => sdp::answer(self, call),
            Vendor::Zoho => zoho::answer(self, call),
            Vendor::Zendesk => zendesk::answer(self, call),
            Vendor::Moveworks => moveworks::answer(self, call),
            Vendor::Atera => atera::answer(self, call),
            Vendor::Unknown => wire::raw(404, "text/plain", "no vendor has this address").into(),
        };
        let effect = outcome.effect;
        self.journal.update(number, |call| call.effect = effect);
        outcome.response
    }
}

/// Whose address this is.
fn vendor_of(call: &Incoming) -> Vendor {
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["app", _, "api", "v3", ..] | ["api", "v3", ..] => Vendor::Sdp,
        ["api", "v2", ..] => Vendor::Zendesk,
        ["atera", "api", "v3", ..] => Vendor::Atera,
        ["oauth", "v2", "token"] => Vendor::Zoho,
        ["rest", "v1", "events", ..] | ["rest", "v1", "auth", "test"] | ["webhooks", "v1", ..] => Vendor::Moveworks,
        _ => Vendor::Unknown,
    }
}
