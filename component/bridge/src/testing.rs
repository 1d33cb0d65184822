//! A host in memory, for tests: a store that can be made to fail at a chosen call, a clock that is set by hand, and a
//! vendor that is a function.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};

use crate::host::{CallLimits, Host, StoreError, VariableError};

type Vendor = Arc<dyn Fn(HttpRequest) -> Result<HttpResponse, TransportError> + Send + Sync>;

/// A host in memory. Clones share everything.
#[derive(Clone)]
pub(crate) struct MemoryHost {
    keys: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    variables: Arc<BTreeMap<&'static str, String>>,
    vendor: Vendor,
    clock: Arc<AtomicI64>,
    /// How many writes still succeed before the process counts as dead.
    writes_left: Arc<AtomicUsize>,
    operations: Arc<AtomicUsize>,
}

impl MemoryHost {
    pub(crate) fn new() -> Self {
        Self {
            keys: Arc::default(),
            variables: Arc::default(),
            vendor: Arc::new(|_| Err(TransportError::Denied)),
            clock: Arc::new(AtomicI64::new(1_790_000_000_000)),
            writes_left: Arc::new(AtomicUsize::new(usize::MAX)),
            operations: Arc::default(),
        }
    }

    pub(crate) fn with_variables(self, variables: &[(&'static str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { variables: Arc::new(variables), ..self }
    }

    pub(crate) fn with_vendor(
        self,
        vendor: impl Fn(HttpRequest) -> Result<HttpResponse, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self { vendor: Arc::new(vendor), ..self }
    }

    /// Lets so many writes through and fails all later ones, as a process that has died.
    pub(crate) fn dies_after(&self, writes: usize) {
        self.writes_left.store(writes, Ordering::SeqCst);
    }

    pub(crate) fn lives(&self) {
        self.dies_after(usize::MAX);
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn key_names(&self) -> Vec<String> {
        self.keys.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn largest_value(&self) -> usize {
        self.keys.lock().unwrap().values().map(Vec::len).max().unwrap_or(0)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.keys.lock().unwrap().values().flatten().copied().collect()
    }

    /// Store operations since the last time this was asked.
    pub(crate) fn operations(&self) -> usize {
        self.operations.swap(0, Ordering::SeqCst)
    }

    fn may_write(&self, key: &str) -> Result<(), StoreError> {
        let spend = |left: usize| if left == usize::MAX { Some(left) } else { left.checked_sub(1) };
        let dead = self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_err();
        self.operations.fetch_add(1, Ordering::SeqCst);
        if dead { Err(StoreError { key: key.to_owned(), message: "dead".to_owned() }) } else { Ok(()) }
    }
}

impl Host for MemoryHost {
    fn send(
        &self,
        request: &HttpRequest,
        _: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        std::future::ready((self.vendor)(request.clone()))
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        self.operations.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(self.keys.lock().unwrap().get(key).cloned()))
    }

    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send {
        let allowed = self.may_write(key);
        if allowed.is_ok() {
            self.keys.lock().unwrap().insert(key.to_owned(), value);
        }
        std::future::ready(allowed)
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        let allowed = self.may_write(key);
        if allowed.is_ok() {
            self.keys.lock().unwrap().remove(key);
        }
        std::future::ready(allowed)
    }

    fn variable(&self, name: &'static str) -> impl Future<Output = Result<Option<String>, VariableError>> + Send {
        std::future::ready(Ok(self.variables.get(name).cloned()))
    }

    fn now(&self) -> Millis {
        self.clock.load(Ordering::SeqCst)
    }

    fn nanos(&self) -> u64 {
        self.clock.load(Ordering::SeqCst).unsigned_abs().saturating_mul(1_000_000)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let host = self.clone();
        async move {
            // Others get their turn first, as they would while a real clock runs.
            tokio::task::yield_now().await;
            host.advance(duration);
        }
    }
}
