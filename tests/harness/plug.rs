//! Ends the process, or fails a call, at a chosen call of the component to its host.
//!
//! Every use of the store and every call to a vendor counts. A plug that is pulled lets nothing through any more: the
//! call never returns, as if the machine had gone.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use approval_bridge::clock::Clock;
use approval_bridge::egress::{EgressError, RequestOptions, Transport};
use approval_bridge::key_value::{KeyValue, StoreError};
use bytes::Bytes;
use futures::future::BoxFuture;

use super::time::Time;

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The process ends before the call takes effect.
    Before,
    /// The process ends once the call has taken effect; its answer is never seen.
    After,
    /// The call fails without effect, and the process goes on.
    Fails,
}

/// Counts host calls and strikes at one of them. Clones share everything.
#[derive(Clone, Default)]
pub struct Plug {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: u64,
    strike: Option<(u64, Moment)>,
    pulled: bool,
    waker: Option<Waker>,
}

impl Plug {
    /// Strikes at the host call that comes after `calls` more.
    pub fn strike(&self, calls: u64, moment: Moment) {
        let mut state = self.lock();
        state.strike = Some((state.calls + calls, moment));
    }

    /// How many host calls there have been.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Puts the plug back, for the next process.
    pub fn reset(&self) {
        let mut state = self.lock();
        (state.pulled, state.strike) = (false, None);
    }

    /// Waits until the plug is pulled.
    pub async fn pulled(&self) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.pulled {
                return Poll::Ready(());
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn pull(&self) {
        let mut state = self.lock();
        state.pulled = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// Lets a call through, or not. An error: the call fails.
    async fn pass<T>(&self, call: impl Future<Output = T>, failed: impl FnOnce() -> T) -> T {
        let (strike, pulled) = {
            let mut state = self.lock();
            let strike = state.strike.filter(|(at, _)| *at == state.calls).map(|(_, moment)| moment);
            state.calls += 1;
            (strike, state.pulled)
        };
        match strike {
            _ if pulled => pending().await,
            None => call.await,
            Some(Moment::Fails) => failed(),
            Some(Moment::Before) => {
                self.pull();
                pending().await
            }
            Some(Moment::After) => {
                drop(call.await);
                self.pull();
                pending().await
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store behind a plug.
pub(super) struct PluggedStore {
    pub(super) inner: Arc<dyn KeyValue>,
    pub(super) plug: Plug,
}

fn broken<T>() -> Result<T, StoreError> {
    Err(StoreError::Backend("the disk is full".to_owned()))
}

impl KeyValue for PluggedStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(self.plug.pass(self.inner.get(key), broken))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.plug.pass(self.inner.set(key, value), broken))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.plug.pass(self.inner.delete(key), broken))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.plug.pass(self.inner.exists(key), broken))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(self.plug.pass(self.inner.keys(), broken))
    }
}

/// A transport behind a plug. It keeps the time-out that the caller asks for, as a real client does.
pub(super) struct PluggedTransport {
    pub(super) inner: Arc<dyn Transport>,
    pub(super) plug: Plug,
    pub(super) time: Time,
}

impl Transport for PluggedTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        options: RequestOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let gone = EgressError::Closed(host.clone());
        let send = self.inner.send(request, options);
        let over = self.time.sleep(options.first_byte_timeout);
        let send = async {
            tokio::select! {
                biased;
                answer = send => answer,
                () = over => Err(EgressError::ReadTimeout(host)),
            }
        };
        Box::pin(self.plug.pass(send, || Err(gone)))
    }
}
