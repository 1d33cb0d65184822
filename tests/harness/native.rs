//! The shell as native code, on the services of a desk: the same source as the component, without WebAssembly.

use std::sync::Arc;
use std::time::Duration;

use approval_bridge::clock::{Clock, SystemClock};
use approval_bridge::egress::{EgressError, RequestOptions, Transport};
use approval_bridge::key_value::{KeyValue, MemoryStore};
use approval_bridge::limits::LimitError;
use approval_bridge::variables::{VariableMap, Variables};
use approval_bridge_component::host::{CallLimits, Host, StoreError, VariableError};
use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};
use bytes::Bytes;
use http::Request;

/// A host for the native shell. Clones share everything.
#[derive(Clone)]
pub struct NativeHost {
    pub(super) key_value: Arc<dyn KeyValue>,
    pub(super) variables: Arc<dyn Variables>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) transport: Arc<dyn Transport>,
}

impl NativeHost {
    /// A host with an empty store and the system's clock.
    pub fn new(variables: VariableMap, transport: Arc<dyn Transport>) -> Self {
        let (key_value, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock::default()));
        Self { key_value, variables: Arc::new(variables), clock, transport }
    }

    /// The same with a store of one's own.
    #[must_use]
    pub fn with_key_value(self, key_value: Arc<dyn KeyValue>) -> Self {
        Self { key_value, ..self }
    }
}

fn failed(key: &str, error: approval_bridge::key_value::StoreError) -> StoreError {
    StoreError { key: key.to_owned(), message: error.to_string() }
}

impl Host for NativeHost {
    async fn send(&self, request: &HttpRequest, limits: CallLimits) -> Result<HttpResponse, TransportError> {
        let mut call = Request::builder().method(request.method.name()).uri(request.url.as_str());
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        let options = RequestOptions {
            connect_timeout: limits.connect,
            first_byte_timeout: limits.wait,
            max_response_bytes: limits.body_bytes,
            ..RequestOptions::default()
        };
        let call = call
            .body(Bytes::from(request.pieces().collect::<Vec<_>>().concat()))
            .expect("the shell builds proper requests");
        let (head, body) = self.transport.send(call, options).await.map_err(transport)?.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let status = head.status.as_u16();
        let read = limits.headers_of(status, &body);
        let wanted = head.headers.iter().filter(|(name, _)| read.is_none_or(|read| read.contains(&name.as_str())));
        let headers = wanted.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(HttpResponse { status, headers, body: body.to_vec() })
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.key_value.get(key).await.map_err(|error| failed(key, error))
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.key_value.set(key, value).await.map_err(|error| failed(key, error))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.key_value.delete(key).await.map_err(|error| failed(key, error))
    }

    async fn variable(&self, name: &'static str) -> Result<Option<String>, VariableError> {
        Ok(self.variables.get(name))
    }

    fn now(&self) -> Millis {
        self.clock.now_ms()
    }

    fn nanos(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

/// The case that the component would see of it, by the name that it has in `wasi:http`.
fn transport(error: EgressError) -> TransportError {
    let connect = |name: &str| TransportError::Connect(name.to_owned());
    let lost = |name: &str| TransportError::Lost(name.to_owned());
    match error {
        EgressError::OriginDenied(_) | EgressError::PlainHttp(_) | EgressError::AddressDenied { .. } => {
            TransportError::Denied
        }
        EgressError::Dns(_) => connect("DnsError"),
        EgressError::Refused(_) => connect("ConnectionRefused"),
        EgressError::ConnectTimeout(_) => connect("ConnectionTimeout"),
        EgressError::Tls { .. } => connect("TlsProtocolError"),
        EgressError::ReadTimeout(_) => lost("HttpResponseTimeout"),
        EgressError::Closed(_) => lost("ConnectionTerminated"),
        EgressError::Limit(LimitError::ResponseSize { .. }) => TransportError::TooLarge(None),
        EgressError::Limit(_) => TransportError::NoMoreCalls,
        _ => lost("HttpProtocolError"),
    }
}
