//! A host in memory under the native shell. Its clock moves by what is called and slept, so every run of an input is the
//! same, and a sweep that would not end runs out of its budget.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn, ready};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use approval_bridge_component::host::{CallLimits, Host, StoreError, VariableError};
use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};

use crate::desk::Desk;

/// What the store holds.
pub(crate) type Keys = BTreeMap<String, Vec<u8>>;

/// How long a call to a vendor takes.
const CALL_TAKES: Duration = Duration::from_millis(200);

/// 2025-11-24T16:00:00Z.
const BEGIN: Millis = 1_764_000_000_000;

/// The host. Clones share everything.
#[derive(Clone)]
pub(crate) struct MemoryHost {
    keys: Arc<Mutex<Keys>>,
    store_use: Arc<AtomicUsize>,
    clock: Arc<AtomicI64>,
    variables: &'static [(&'static str, &'static str)],
    pub(crate) desk: Arc<Desk>,
}

impl MemoryHost {
    pub(crate) fn new(keys: Keys, variables: &'static [(&'static str, &'static str)], desk: Desk) -> Self {
        Self {
            keys: Arc::new(Mutex::new(keys)),
            store_use: Arc::default(),
            clock: Arc::new(AtomicI64::new(BEGIN)),
            variables,
            desk: Arc::new(desk),
        }
    }

    pub(crate) fn keys(&self) -> Keys {
        self.lock().clone()
    }

    /// How often the store was used.
    pub(crate) fn store_use(&self) -> usize {
        self.store_use.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Keys> {
        self.store_use.fetch_add(1, Ordering::Relaxed);
        self.lock()
    }

    fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Host for MemoryHost {
    fn send(
        &self,
        request: &HttpRequest,
        _: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        self.advance(CALL_TAKES);
        ready(self.desk.answer(request))
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(self.store().get(key).cloned()))
    }

    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.store().insert(key.to_owned(), value);
        ready(Ok(()))
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.store().remove(key);
        ready(Ok(()))
    }

    fn variable(&self, name: &'static str) -> impl Future<Output = Result<Option<String>, VariableError>> + Send {
        let value = self.variables.iter().find(|(own, _)| *own == name);
        ready(Ok(value.map(|(_, value)| (*value).to_owned())))
    }

    fn now(&self) -> Millis {
        self.clock.load(Ordering::Relaxed)
    }

    fn nanos(&self) -> u64 {
        self.now().unsigned_abs().saturating_mul(1_000_000)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let host = self.clone();
        async move {
            // Others get their turn first, as they would while a real clock runs.
            let mut waited = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            host.advance(duration);
        }
    }
}
