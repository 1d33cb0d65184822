//! One client for every vendor: bounded concurrency, a deadline, repeats of what is worth repeating, a pause for everybody
//! once an origin says that it is too much, and a pace for a vendor that does not say so in time.

mod calls;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval_logic::http::{
    CALL_LIMIT, CIRCUIT_OPEN, CallError, HttpRequest, HttpResponse, RATE_LIMITED, TransportError,
};
use approval_logic::pace::{Pace, Rate};
use approval_logic::redact::Carried;
use futures::future::{Either, select};
use tokio::sync::Semaphore;

use crate::host::{CallLimits, Host};
pub use calls::Calls;

/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait for an answer to begin. For all of it a read has twice as long.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest wait for a whole answer to a write: short enough that there is time to read back what it did.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an answer is looked for once its time is over: one that came while the process stood still is there already.
const LAST_LOOK: Duration = Duration::from_millis(10);
/// The largest answer that is read. A page of a hundred rows is far below.
pub const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// How often a read is tried. The vendor's own client repeats three times (ManageEngine's Ansible collection).
const TRIES: u32 = 3;

/// So many calls to one origin may fail in a row before the others of this sweep are not made any more. More than one
/// call with all its repeats, so that a single sick ticket does not count as an outage.
const FAULTS_MAX: u32 = 10;

/// How a call ended that brought no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// The sweep's time is over; nothing is wrong with the vendor.
    #[error("the time of this sweep is over")]
    OutOfTime,
    /// The vendor, or the way there, failed.
    #[error(transparent)]
    Failed(#[from] CallError),
}

/// Reads an answer and keeps what it says.
pub(crate) type Reader<'a> = &'a mut (dyn FnMut(&HttpResponse) -> Result<(), CallError> + Send);

/// Counts the calls made on somebody's behalf.
pub type Counter = Arc<AtomicU32>;

/// The client. Clones share everything.
#[derive(Clone)]
pub struct Client<H> {
    host: H,
    permits: Arc<Semaphore>,
    deadline: u64,
    /// Origins with the ticks until which calls to them wait.
    pauses: Arc<Mutex<Vec<(String, u64)>>>,
    /// Origins with the number of calls to them that have failed in a row.
    faults: Arc<Mutex<Vec<(String, u32)>>>,
    /// The host has said that it allows no more calls.
    spent: Arc<AtomicBool>,
    /// Whether limits are waited out; otherwise the caller is told at once, and reads from each answer what is left.
    patient: bool,
    /// None: as fast as the vendor takes it.
    pace: Option<Arc<tokio::sync::Mutex<Pace>>>,
    calls: Calls,
}

impl<H: Host> Client<H> {
    /// A client that makes at most so many calls at once and starts none after `budget` from now.
    pub fn new(host: H, concurrency: usize, budget: Duration) -> Self {
        let deadline = host.ticks().saturating_add(millis(budget));
        Self {
            host,
            permits: Arc::new(Semaphore::new(concurrency.max(1))),
            deadline,
            pauses: Arc::default(),
            faults: Arc::default(),
            spent: Arc::default(),
            patient: true,
            pace: None,
            calls: Calls::default(),
        }
    }

    /// The same client for a caller who would rather hear of a limit than wait for it.
    #[must_use]
    pub fn impatient(self) -> Self {
        Self { patient: false, ..self }
    }

    /// The same client at this pace, which it shares with its clones and nobody else.
    #[must_use]
    pub fn paced(self, rate: Rate) -> Self {
        let pace = Pace::new(rate, &[], self.host.now());
        Self { pace: Some(Arc::new(tokio::sync::Mutex::new(pace))), ..self }
    }

    /// The same client with another end: everybody shares the calls under way and the pauses.
    pub fn until(&self, budget: Duration) -> Self {
        Self { deadline: self.host.ticks().saturating_add(millis(budget)), ..self.clone() }
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        Duration::from_millis(self.deadline.saturating_sub(self.host.ticks()))
    }

    /// Sends a request once.
    pub async fn once(&self, counter: &Counter, request: &HttpRequest) -> Result<HttpResponse, CallFailure> {
        let method = request.method;
        let origin = origin(&request.url);
        self.turn(origin).await?;
        let Ok(_permit) = self.permits.acquire().await else { return Err(CallFailure::OutOfTime) };
        self.out_of_pause(origin).await?;
        self.closed_circuit(origin)?;
        if self.spent.load(Ordering::Relaxed) {
            return Err(CallError::from_transport(&TransportError::NoMoreCalls, method).into());
        }
        let left = self.left();
        if left.is_zero() {
            return Err(CallFailure::OutOfTime);
        }
        counter.fetch_add(1, Ordering::Relaxed);
        let wait = ANSWER_TIMEOUT.min(left);
        let connect = CONNECT_TIMEOUT.min(left);
        let limits = CallLimits { connect, wait, body_bytes: ANSWER_MAX, headers: !self.patient };
        let send = self.host.send(request, limits);
        // Above the host's own limits, so that an answer that drips for ever ends as well.
        let whole = if method.is_write() { WRITE_TIMEOUT } else { 2 * ANSWER_TIMEOUT };
        let over = self.host.sleep(left.min(whole));
        futures::pin_mut!(send, over);
        let answer = match select(send, over).await {
            Either::Left((answer, _)) => answer,
            // A process that stood still finds both, and may be told of the time first.
            Either::Right(((), send)) => {
                let last = self.host.sleep(LAST_LOOK);
                futures::pin_mut!(last);
                match select(send, last).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(_) => Err(TransportError::Lost("no whole answer in time".to_owned())),
                }
            }
        };
        if answer.is_err() && !method.is_write() && self.left().is_zero() {
            return Err(CallFailure::OutOfTime);
        }
        self.count_fault(origin, &answer);
        self.calls.count(origin, &answer);
        if matches!(answer, Err(TransportError::NoMoreCalls)) {
            self.spent.store(true, Ordering::Relaxed);
        }
        let mut answer = answer.map_err(|error| CallError::from_transport(&error, method))?;
        Carried::by(request).hide(&mut answer.body);
        Ok(answer)
    }

    /// Reads something: repeats what is worth repeating while there is time. Only for calls that change nothing.
    pub async fn read<T: Send>(
        &self,
        counter: &Counter,
        request: HttpRequest,
        reader: impl Fn(&HttpResponse) -> Result<T, CallError> + Sync,
    ) -> Result<T, CallFailure> {
        let mut found = None;
        self.repeat(counter, request, &mut |response| reader(response).map(|value| found = Some(value))).await?;
        found.ok_or(CallFailure::OutOfTime)
    }

    /// The same for every kind of result, which the reader keeps.
    pub(crate) async fn repeat(
        &self,
        counter: &Counter,
        request: HttpRequest,
        reader: Reader<'_>,
    ) -> Result<(), CallFailure> {
        let mut pause = Duration::from_secs(2);
        let mut tried = 0;
        loop {
            tried += 1;
            let result = match self.once(counter, &request).await {
                Ok(response) => reader(&response).map_err(CallFailure::Failed),
                Err(failure) => Err(failure),
            };
            let Err(CallFailure::Failed(CallError::Retry { code, after, .. })) = &result else { return result };
            if matches!(*code, CALL_LIMIT | CIRCUIT_OPEN) {
                return result;
            }
            let wait = (*after).max(pause) + jitter(&request.url, tried);
            let limited = *code == RATE_LIMITED;
            if limited {
                self.pause(origin(&request.url), wait);
            }
            // A limit is waited out as often as time allows; a fault is given up after a few tries.
            if limited && !self.patient || tried >= TRIES && !limited || wait >= self.left() {
                return result;
            }
            self.host.sleep(wait).await;
            pause *= 2;
        }
    }

    /// The calls so far, by what came back.
    pub const fn calls(&self) -> &Calls {
        &self.calls
    }

    /// How long calls to an origin have to wait still.
    pub fn pause_left(&self, origin: &str) -> Duration {
        let until = self.pauses.lock().ok().and_then(|pauses| {
            let own = pauses.iter().find(|(own, _)| own == origin);
            own.map(|(_, until)| *until)
        });
        until.map_or(Duration::ZERO, |until| Duration::from_millis(until.saturating_sub(self.host.ticks())))
    }

    /// Whether an origin asked to be left alone at any time in this sweep, or in the one before it.
    pub fn was_limited(&self, origin: &str) -> bool {
        self.pauses.lock().is_ok_and(|pauses| pauses.iter().any(|(own, _)| own == origin))
    }

    /// Makes all calls to an origin wait.
    pub fn pause(&self, origin: &str, wait: Duration) {
        let until = self.host.ticks().saturating_add(millis(wait));
        if let Ok(mut pauses) = self.pauses.lock() {
            match pauses.iter_mut().find(|(own, _)| own == origin) {
                Some((_, own)) => *own = until.max(*own),
                None => pauses.push((origin.to_owned(), until)),
            }
        }
    }

    /// An error once too many calls to an origin have failed in a row. The next sweep tries again.
    fn closed_circuit(&self, origin: &str) -> Result<(), CallFailure> {
        let open = self
            .faults
            .lock()
            .is_ok_and(|faults| faults.iter().any(|(own, count)| own == origin && *count >= FAULTS_MAX));
        if !open {
            return Ok(());
        }
        let message = format!("{FAULTS_MAX} calls in a row failed; the next sweep tries again");
        Err(CallError::Retry { code: CIRCUIT_OPEN, message, after: Duration::ZERO }.into())
    }

    fn count_fault(&self, origin: &str, answer: &Result<HttpResponse, TransportError>) {
        let fault = match answer {
            Ok(answer) => answer.status >= 500 && !is_about_this_call(answer),
            Err(error) => matches!(error, TransportError::Connect(_) | TransportError::Lost(_)),
        };
        let Ok(mut faults) = self.faults.lock() else { return };
        match faults.iter_mut().find(|(own, _)| own == origin) {
            Some((_, count)) => *count = if fault { *count + 1 } else { 0 },
            None => faults.push((origin.to_owned(), u32::from(fault))),
        }
    }

    async fn out_of_pause(&self, origin: &str) -> Result<(), CallFailure> {
        loop {
            let wait = self.pause_left(origin);
            if wait.is_zero() {
                return Ok(());
            }
            self.wait(wait).await?;
        }
    }

    /// Waits for a turn, one caller after another. Nobody takes one for a call that will not be made.
    async fn turn(&self, origin: &str) -> Result<(), CallFailure> {
        let Some(pace) = &self.pace else { return Ok(()) };
        let mut pace = pace.lock().await;
        self.out_of_pause(origin).await?;
        self.closed_circuit(origin)?;
        let wait = u64::try_from(pace.wait(self.host.now())).unwrap_or(0);
        self.wait(Duration::from_millis(wait)).await?;
        pace.take(self.host.now());
        Ok(())
    }

    async fn wait(&self, wait: Duration) -> Result<(), CallFailure> {
        if wait.is_zero() {
            return Ok(());
        }
        if wait >= self.left() {
            return Err(CallFailure::OutOfTime);
        }
        self.host.sleep(wait).await;
        Ok(())
    }
}

/// Whether an answer above 500 says something about its call alone. ServiceDesk Plus answers so, in its own form, where a
/// change has no levels; a service that is down, or who stands before it, has no such words.
fn is_about_this_call(answer: &HttpResponse) -> bool {
    answer.status == 500 && serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok()
}

/// Scheme, host and port of an address.
pub fn origin(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    url.get(..end).unwrap_or(url)
}

/// A part of a second that differs between calls, so that repeats do not come in step.
fn jitter(url: &str, tried: u32) -> Duration {
    let hash = url.bytes().fold(tried, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    Duration::from_millis(u64::from(hash % 500))
}

/// A duration as whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
