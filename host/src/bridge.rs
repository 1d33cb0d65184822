//! The bridge: the component with everything it needs, ready to be called.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tokio::sync::Mutex;
use tracing::Instrument;
use wasmtime::component::{Accessor, Instance, InstancePre};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p3::Request;

pub use crate::bindings::bridge::approvals::bridge::types;
use crate::bindings::bridge::exports::approvals::bridge::operations as exports;
use crate::bindings::bridge::exports::wasi::http::handler;
use crate::builder::BridgeBuilder;
use crate::call::{CallError, CallStats, Caller};
use crate::clock::Clock;
use crate::key_value::{KeyValue, KeyValueStats};
use crate::limits::{Kind, LimitError, Limits};
use crate::log;
use crate::state::State;
use crate::variables::Variables;

pub use exports::{Decision, Filter, OutboxReport, Outcome, Page, Problem, Report, SourceReport};

/// The component, ready to be called. Clones share everything; every call runs on an instance of its own, so a trap
/// hurts nobody else.
#[derive(Clone)]
pub struct Bridge {
    inner: Arc<Inner>,
}

struct Inner {
    caller: Caller,
    handler: handler::GuestIndices,
    operations: exports::GuestIndices,
    /// Held while a sweep runs: two at once would look at the same tickets and write the same ledger.
    sweeping: Mutex<()>,
}

impl Bridge {
    /// Starts to collect what a bridge needs.
    pub fn builder() -> BridgeBuilder {
        BridgeBuilder::default()
    }

    pub(crate) fn new(caller: Caller) -> wasmtime::Result<Self> {
        let handler = handler::GuestIndices::new(caller.pre())?;
        let operations = exports::GuestIndices::new(caller.pre())?;
        Ok(Self { inner: Arc::new(Inner { caller, handler, operations, sweeping: Mutex::new(()) }) })
    }

    /// Answers an HTTP request. `POST /poll`, `POST /hints` and the console's button are sweeps: they get a sweep's limits,
    /// wait for one that is running, and say in the header `approval-bridge-sweep` under which id the log has them. What
    /// goes through the outbox gets a sweep's time as well, because it waits inside.
    pub async fn handle(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, CallError> {
        let path = request.uri().path();
        if *request.method() != http::Method::POST {
            return self.answer(Kind::Request, request).await;
        }
        if matches!(path, "/poll" | "/hints" | "/console/poll") {
            let log::Sweep { id, span } = log::sweep(self.clock().now_ms());
            let sweep = async {
                let _sweeping = self.inner.sweeping.lock().await;
                let mut answer = self.answer(Kind::Sweep, request).await;
                log::answer(&id, &mut answer);
                answer
            };
            return sweep.instrument(span).await;
        }
        let waits = matches!(path, "/notifications" | "/console/retry") || path.starts_with("/outbox/");
        let answer = self.answer(if waits { Kind::Sweep } else { Kind::Request }, request).await;
        log::audit_failure(&answer);
        answer
    }

    /// One sweep. With `dry_run` nothing is written or sent. A sweep that is running is waited for.
    pub async fn poll(&self, dry_run: bool) -> Result<Report, CallError> {
        let _sweeping = self.inner.sweeping.lock().await;
        let inner = self.inner.clone();
        let work = async move |accessor: &Accessor<State>, instance: Instance| {
            let guest = accessor.with(|access| inner.operations.load(access, &instance))?;
            guest.call_poll(accessor, dry_run).await
        };
        done(self.inner.caller.call(Kind::Sweep, work).await?)
    }

    /// Looks at one ticket now; `ticket` is `{module}/{id}`, or `zendesk/{id}`.
    pub async fn hint(&self, ticket: impl Into<String>) -> Result<Report, CallError> {
        let _sweeping = self.inner.sweeping.lock().await;
        let (inner, ticket) = (self.inner.clone(), ticket.into());
        let work = async move |accessor: &Accessor<State>, instance: Instance| {
            let guest = accessor.with(|access| inner.operations.load(access, &instance))?;
            guest.call_hint(accessor, ticket).await
        };
        done(self.inner.caller.call(Kind::Sweep, work).await?)
    }

    /// Takes a decision to the source and reads it back. Repeating it is harmless.
    pub async fn decide(&self, decision: Decide) -> Result<Decision, CallError> {
        let inner = self.inner.clone();
        let work = async move |accessor: &Accessor<State>, instance: Instance| {
            let guest = accessor.with(|access| inner.operations.load(access, &instance))?;
            let Decide { id, verdict, approver, comment, token } = decision;
            guest.call_decide(accessor, id, verdict, approver, comment, token).await
        };
        done(self.inner.caller.call(Kind::Request, work).await?)
    }

    /// What waits, from the ledger.
    pub async fn pending(&self, filter: Filter) -> Result<Page, CallError> {
        let inner = self.inner.clone();
        let work = async move |accessor: &Accessor<State>, instance: Instance| {
            let guest = accessor.with(|access| inner.operations.load(access, &instance))?;
            guest.call_pending(accessor, filter).await
        };
        done(self.inner.caller.call(Kind::Request, work).await?)
    }

    /// How often the store has been used.
    pub fn key_value_stats(&self) -> &KeyValueStats {
        &self.inner.caller.host().key_value_stats
    }

    /// The store.
    pub fn key_value(&self) -> &Arc<dyn KeyValue> {
        &self.inner.caller.host().key_value
    }

    /// The settings.
    pub fn variables(&self) -> &Arc<dyn Variables> {
        &self.inner.caller.host().variables
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.caller.host().clock
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.inner.caller.host().limits
    }

    /// The interfaces that the component imports: all that it can reach.
    pub fn imports(&self) -> Vec<String> {
        let pre = self.inner.caller.pre();
        pre.component().component_type().imports(pre.engine()).map(|(name, _)| name.to_owned()).collect()
    }

    pub(crate) fn compiled(&self) -> &InstancePre<State> {
        self.inner.caller.pre()
    }

    /// What the calls so far have used.
    pub fn stats(&self) -> CallStats {
        self.inner.caller.stats()
    }

    async fn answer(&self, kind: Kind, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, CallError> {
        let limit = self.inner.caller.host().limits.response_bytes;
        let inner = self.inner.clone();
        let work = async move |accessor: &Accessor<State>, instance: Instance| {
            let (guest, request) = accessor.with(|mut access| -> wasmtime::Result<_> {
                let guest = inner.handler.load(&mut access, &instance)?;
                let view = access.data_mut().http();
                let request = Request::from_http(view.hooks, request.map(body)).0;
                Ok((guest, view.table.push(request)?))
            })?;
            let response = guest.call_handle(accessor, request).await?.map_err(|code| no_answer(&code))?;
            let response = accessor.with(|mut access| -> wasmtime::Result<_> {
                let response = access.data_mut().http().table.delete(response)?;
                response.into_http(access, async { Ok(()) })
            })?;
            let (head, body) = response.into_parts();
            // The guest goes on writing while this reads.
            let body = Limited::new(body, limit).collect().await.map_err(|error| cut(&*error, limit))?;
            Ok(http::Response::from_parts(head, body.to_bytes()))
        };
        self.inner.caller.call(kind, work).await
    }
}

/// A decision to be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Decide {
    /// The approval.
    pub id: String,
    /// Yes or no.
    pub verdict: types::Verdict,
    /// The address of the person who decides.
    pub approver: String,
    /// What the person says to it.
    pub comment: Option<String>,
    /// The action token, where decisions must carry one.
    pub token: Option<String>,
}

fn body(bytes: Bytes) -> impl hyper::body::Body<Data = Bytes, Error = wasmtime_wasi_http::Error> + Send + 'static {
    Full::new(bytes).map_err(|never: std::convert::Infallible| match never {})
}

fn done<T>(answer: Result<T, exports::OperationError>) -> Result<T, CallError> {
    answer.map_err(|error| match error {
        exports::OperationError::Configuration(problems) => CallError::Configuration(problems),
        exports::OperationError::Store(text) => CallError::Store(text),
        exports::OperationError::Argument(text) => CallError::Argument(text),
        exports::OperationError::Busy => CallError::Sweeping,
    })
}

/// The name of the case only; its text comes from the guest.
fn no_answer(code: &handler::ErrorCode) -> CallError {
    let text = format!("{code:?}");
    let name = text.split('(').next().unwrap_or_default();
    CallError::NoAnswer(name.trim_start_matches("ErrorCode::").to_owned())
}

fn cut(error: &(dyn std::error::Error + Send + Sync + 'static), limit: usize) -> CallError {
    if error.is::<LengthLimitError>() {
        LimitError::ResponseSize { limit }.into()
    } else {
        CallError::NoAnswer("the body was not completed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::{BRIDGE_COMPONENT, BuildError};
    use crate::egress::{EgressError, transport_fn};
    use crate::variables::VariableMap;

    fn bridge() -> Option<Bridge> {
        if BRIDGE_COMPONENT.is_none() {
            eprintln!("SKIPPED: the component is not built; run `cargo xtask build`");
            return None;
        }
        let nobody = transport_fn(|_| async { Err(EgressError::Refused("nobody".to_owned())) });
        let variables = VariableMap::new([("api_token", "0123456789-0123456789-0123456789")]);
        Some(Bridge::builder().variables(variables).transport(Arc::new(nobody)).build().unwrap())
    }

    fn request(path: &str) -> http::Request<Bytes> {
        http::Request::get(format!("http://localhost{path}")).body(Bytes::new()).unwrap()
    }

    /// The futures have to run on any thread of a server.
    #[tokio::test]
    async fn the_component_answers_requests() {
        let Some(bridge) = bridge() else { return };
        let answer = tokio::spawn(async move { bridge.handle(request("/")).await }).await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.body().starts_with(b"{\"status\":\"ok\""), "{answer:?}");
    }

    #[tokio::test]
    async fn missing_settings_are_named_by_the_component() {
        let Some(bridge) = bridge() else { return };
        let Err(CallError::Configuration(problems)) = bridge.poll(true).await else { panic!("must be refused") };
        assert!(!problems.is_empty());
    }

    #[tokio::test]
    async fn calls_run_side_by_side_on_instances_of_their_own() {
        let Some(bridge) = bridge() else { return };
        let answers = (0..50).map(|_| bridge.handle(request("/approvals")));
        for answer in futures::future::join_all(answers).await {
            assert_eq!(answer.unwrap().status(), 401);
        }
        assert_eq!((bridge.stats().calls, bridge.stats().failed), (50, 0));
    }

    #[test]
    fn a_component_of_another_world_is_refused_with_words() {
        let other = wat::parse_str("(component)").unwrap();
        let error = Bridge::builder().component(other).build().err().unwrap();
        assert!(matches!(error, BuildError::Component(_)), "{error}");
    }
}
