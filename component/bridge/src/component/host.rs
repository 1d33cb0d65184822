//! The world through the Spin SDK: WASI HTTP and clocks, Spin's key-value store and variables.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};
use send_wrapper::SendWrapper;
use spin_sdk::key_value::{self, Store};
use tokio::sync::OnceCell;

use super::clocks::Clocks;
use super::timers::Timers;
use super::wire::Told;
use super::{on_this_thread, wire};
use crate::host::{CallLimits, Host, StoreError, VariableError};

/// The host of this instance. The store is opened at the first use.
#[derive(Clone)]
pub(super) struct SpinHost {
    store: Arc<OnceCell<SendWrapper<Store>>>,
    timers: Timers,
    clocks: Clocks,
    told: Told,
}

impl SpinHost {
    fn new() -> Self {
        let clocks = Clocks::default();
        Self { store: Arc::default(), timers: Timers::by(clocks.clone()), clocks, told: Told::default() }
    }

    /// Does something with a host of its own.
    pub(super) async fn lent<T>(work: impl AsyncFnOnce(Self) -> T) -> T {
        let host = Self::new();
        let timers = host.timers.clone();
        timers.during(work(host)).await
    }

    async fn store(&self, key: &str) -> Result<&Store, StoreError> {
        let open = || async { Store::open_default().await.map(SendWrapper::new) };
        let store = self.store.get_or_try_init(open).await;
        store.map(|store| &**store).map_err(|error| failed(key, &error))
    }

    /// What the store answered.
    fn answered<T>(&self, key: &str, answer: Result<T, key_value::Error>) -> Result<T, StoreError> {
        self.clocks.pass();
        answer.map_err(|error| failed(key, &error))
    }
}

fn failed(key: &str, error: &key_value::Error) -> StoreError {
    StoreError { key: key.to_owned(), message: error.to_string() }
}

impl Host for SpinHost {
    fn send(
        &self,
        request: &HttpRequest,
        limits: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        on_this_thread(async move {
            let answer = wire::send(request, limits, &self.told).await;
            self.clocks.pass();
            answer
        })
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(async move { host.answered(&key, host.store(&key).await?.get(&key).await) })
    }

    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(async move { host.answered(&key, host.store(&key).await?.set(&key, value).await) })
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(async move { host.answered(&key, host.store(&key).await?.delete(&key).await) })
    }

    fn variable(&self, name: &'static str) -> impl Future<Output = Result<Option<String>, VariableError>> + Send {
        on_this_thread(async move {
            match spin_sdk::variables::get(name).await {
                Ok(value) => Ok(Some(value)),
                Err(spin_sdk::variables::Error::Undefined(_)) => Ok(None),
                Err(_) => Err(VariableError { name }),
            }
        })
    }

    fn now(&self) -> Millis {
        self.clocks.wall()
    }

    fn nanos(&self) -> u64 {
        self.clocks.monotonic()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        on_this_thread(self.timers.sleep(duration))
    }
}
