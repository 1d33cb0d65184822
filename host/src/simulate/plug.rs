//! Ends the process, fails a call or holds the process up, at a chosen call of the component to its host.
//!
//! Every use of the store and every call to a vendor counts. A plug that is pulled lets nothing through any more: the
//! call never returns, as if the machine had gone.

use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::future::BoxFuture;

use super::journal::Journal;
use super::time::Time;
use crate::clock::Clock;
use crate::egress::{EgressError, RequestOptions, Sending, Transport};
use crate::key_value::{KeyValue, StoreError};

/// What happens at a call, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The process ends before the call takes effect.
    Before,
    /// The process ends once the call has taken effect; its answer is never seen.
    After,
    /// The call fails without effect, and the process goes on.
    Fails,
    /// The call takes effect and fails all the same, and the process goes on.
    FailsAfter,
    /// The process stands still before the call takes effect, until it is told to go on.
    StandsBefore,
    /// The process stands still once the call has taken effect, until it is told to go on.
    StandsAfter,
}

/// Counts host calls and strikes at some of them. Clones share everything.
#[derive(Clone, Default)]
pub struct Plug {
    state: Arc<Mutex<State>>,
    journal: Option<Journal>,
}

#[derive(Default)]
struct State {
    calls: u64,
    planned: BTreeMap<u64, Moment>,
    struck: u64,
    pulled: bool,
    standing: bool,
    wakers: Vec<Waker>,
}

impl Plug {
    /// A plug that writes every call into a journal.
    pub fn journalled(journal: Journal) -> Self {
        Self { state: Arc::default(), journal: Some(journal) }
    }

    /// Strikes at the host call that comes after `calls` more.
    pub fn strike(&self, calls: u64, moment: Moment) {
        let mut state = self.lock();
        let at = state.calls + calls;
        state.planned.insert(at, moment);
    }

    /// How many host calls there have been.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// How often it has struck.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// Strikes no more, until told anew.
    pub fn spare(&self) {
        self.lock().planned.clear();
    }

    /// Puts the plug back, for the next process.
    pub fn reset(&self) {
        self.spare();
        self.change(|state| (state.pulled, state.standing) = (false, false));
    }

    /// Waits until the plug is pulled.
    pub async fn pulled(&self) {
        self.until(|state| state.pulled).await;
    }

    /// Waits until the process stands still.
    pub async fn stands(&self) {
        self.until(|state| state.standing).await;
    }

    /// Lets a process that stands still go on.
    pub fn go_on(&self) {
        self.change(|state| state.standing = false);
    }

    /// Runs something as this process does: while the process stands still, nothing of it moves, timers included.
    pub async fn run<F: Future>(&self, process: F) -> F::Output {
        let mut process = pin!(process);
        poll_fn(|context| if self.stopped(context) { Poll::Pending } else { process.as_mut().poll(context) }).await
    }

    async fn pull<T>(&self) -> T {
        self.change(|state| (state.struck, state.pulled) = (state.struck + 1, true));
        pending().await
    }

    async fn stand(&self) {
        self.change(|state| state.standing = true);
        self.until(|state| !state.standing).await;
        self.change(|state| state.struck += 1);
    }

    fn stopped(&self, context: &Context<'_>) -> bool {
        let mut state = self.lock();
        if state.standing {
            state.wakers.push(context.waker().clone());
        }
        state.standing
    }

    async fn until(&self, reached: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.lock();
            if reached(&state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Lets a call through, or not.
    async fn pass<T>(&self, call: impl Future<Output = T>, line: Line<'_, T>) -> T {
        self.until(|state| !state.standing).await;
        let (number, strike, pulled) = {
            let mut state = self.lock();
            let number = state.calls;
            state.calls += 1;
            let strike = state.planned.remove(&number);
            (number, strike, state.pulled)
        };
        let (name, key) = line.what;
        let write = |ending: &str| {
            if let Some(journal) = &self.journal {
                journal.call(number, &format!("{name} {key} → {ending}"));
            }
        };
        let finish = |answer: T| {
            if self.journal.is_some() {
                write(&(line.ending)(&answer));
            }
            answer
        };
        match strike {
            _ if pulled => pending().await,
            None => finish(call.await),
            Some(Moment::Fails) => {
                self.change(|state| state.struck += 1);
                finish((line.failed)())
            }
            Some(Moment::FailsAfter) => {
                drop(call.await);
                self.change(|state| state.struck += 1);
                finish((line.failed)())
            }
            Some(Moment::Before) => {
                write("the process ends before it");
                self.pull().await
            }
            Some(Moment::After) => {
                drop(call.await);
                write("the process ends after it");
                self.pull().await
            }
            Some(Moment::StandsBefore) => {
                self.stand().await;
                finish(call.await)
            }
            Some(Moment::StandsAfter) => {
                let answer = call.await;
                self.stand().await;
                finish(answer)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a call stands in the journal, and how it fails.
struct Line<'a, T> {
    /// What is called, and with what.
    what: (&'a str, &'a str),
    /// Its answer, in a word.
    ending: fn(&T) -> String,
    /// The answer of a call that fails.
    failed: Box<dyn Fn() -> T + Send + 'a>,
}

impl<'a, T> Line<'a, Result<T, StoreError>> {
    fn of_store(name: &'a str, key: &'a str, ending: fn(&Result<T, StoreError>) -> String) -> Self {
        let broken = || Err(StoreError::Backend("the disk is full".to_owned()));
        Self { what: (name, key), ending, failed: Box::new(broken) }
    }
}

/// A store behind a plug.
pub struct PluggedStore<S: ?Sized> {
    /// The store.
    pub inner: Arc<S>,
    /// The plug.
    pub plug: Plug,
}

fn worked<T>(answer: &Result<T, StoreError>) -> String {
    if answer.is_ok() { "ok".to_owned() } else { "error".to_owned() }
}

fn size(answer: &Result<Option<Vec<u8>>, StoreError>) -> String {
    match answer {
        Ok(Some(value)) => format!("{} bytes", value.len()),
        Ok(None) => "nothing".to_owned(),
        Err(_) => "error".to_owned(),
    }
}

impl<S: KeyValue + ?Sized> KeyValue for PluggedStore<S> {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(self.plug.pass(self.inner.get(key), Line::of_store("get", key, size)))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        let name = format!("set {}", value.len());
        let set = self.inner.set(key, value);
        Box::pin(async move { self.plug.pass(set, Line::of_store(&name, key, worked)).await })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.plug.pass(self.inner.delete(key), Line::of_store("delete", key, worked)))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.plug.pass(self.inner.exists(key), Line::of_store("exists", key, worked)))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(self.plug.pass(self.inner.keys(), Line::of_store("keys", "", worked)))
    }
}

/// A transport behind a plug. It keeps the time-out that the caller asks for, as a real client does.
pub struct PluggedTransport {
    /// The transport.
    pub inner: Arc<dyn Transport>,
    /// The plug.
    pub plug: Plug,
    /// The clock of time-outs.
    pub time: Time,
}

fn status(answer: &Result<http::Response<Bytes>, EgressError>) -> String {
    match answer {
        Ok(response) => response.status().as_u16().to_string(),
        Err(error) => error.to_string(),
    }
}

impl Transport for PluggedTransport {
    fn send(&self, request: http::Request<Bytes>, options: RequestOptions) -> Sending<'_> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let (method, target) = (request.method().clone(), format!("{host}{}", request.uri().path()));
        let gone = host.clone();
        let send = self.inner.send(request, options);
        let over = self.time.sleep(options.first_byte_timeout);
        let send = async move {
            tokio::select! {
                biased;
                answer = send => answer,
                () = over => Err(EgressError::ReadTimeout(host)),
            }
        };
        Box::pin(async move {
            let failed = Box::new(move || Err(EgressError::Closed(gone.clone())));
            let line = Line { what: (method.as_str(), &target), ending: status, failed };
            self.plug.pass(send, line).await
        })
    }
}
