//! The world through the Spin SDK: WASI HTTP and clocks, Spin's key-value store and variables.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};
use send_wrapper::SendWrapper;
use spin_sdk::key_value::Store;
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use tokio::sync::OnceCell;

use super::timers::Timers;
use super::wire::Told;
use super::{on_this_thread, wire};
use crate::host::{CallLimits, Host, StoreError, VariableError};

/// The host of this instance. The store is opened at the first use.
#[derive(Clone)]
pub(super) struct SpinHost {
    store: Arc<OnceCell<SendWrapper<Store>>>,
    timers: Timers,
    told: Told,
}

impl SpinHost {
    fn new() -> Self {
        Self { store: Arc::default(), timers: Timers::default(), told: Told::default() }
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
}

fn failed(key: &str, error: &spin_sdk::key_value::Error) -> StoreError {
    StoreError { key: key.to_owned(), message: error.to_string() }
}

impl Host for SpinHost {
    fn send(
        &self,
        request: &HttpRequest,
        limits: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        on_this_thread(wire::send(request, limits, &self.told))
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(async move { host.store(&key).await?.get(&key).await.map_err(|error| failed(&key, &error)) })
    }

    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(
            async move { host.store(&key).await?.set(&key, value).await.map_err(|error| failed(&key, &error)) },
        )
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (host, key) = (self.clone(), key.to_owned());
        on_this_thread(async move { host.store(&key).await?.delete(&key).await.map_err(|error| failed(&key, &error)) })
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
        let now = system_clock::now();
        now.seconds.saturating_mul(1000).saturating_add(Millis::from(now.nanoseconds / 1_000_000))
    }

    fn ticks(&self) -> u64 {
        monotonic_clock::now() / 1_000_000
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        on_this_thread(self.timers.sleep(duration))
    }
}
