//! The world through the Spin SDK: WASI HTTP and clocks, Spin's key-value store and variables.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use send_wrapper::SendWrapper;
use spin_sdk::http::FullBody;
use spin_sdk::key_value::Store;
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;
use tokio::sync::OnceCell;

use super::on_this_thread;
use crate::host::{CallLimits, Host, StoreError, VariableError};

/// The host of this instance. The store is opened at the first use.
#[derive(Clone)]
pub(super) struct SpinHost {
    store: Arc<OnceCell<SendWrapper<Store>>>,
}

impl SpinHost {
    pub(super) fn new() -> Self {
        Self { store: Arc::default() }
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
        request: HttpRequest,
        limits: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        on_this_thread(send(request, limits))
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
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        on_this_thread(monotonic_clock::wait_for(nanos))
    }
}

async fn send(request: HttpRequest, limits: CallLimits) -> Result<HttpResponse, TransportError> {
    let odd = |_| TransportError::Denied;
    let mut builder = ::http::Request::builder().method(request.method.name()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let mut outgoing = builder.body(FullBody::new(Bytes::from(request.body))).map_err(|error| odd(error))?;
    outgoing.extensions_mut().insert(RequestOptionsExtension(options(&limits)));
    let response = spin_sdk::http::send(outgoing).await.map_err(transport)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, limits.body_bytes).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            TransportError::TooLarge(limits.body_bytes)
        } else {
            TransportError::Lost("the answer broke off".to_owned())
        }
    })?;
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    Ok(HttpResponse { status: parts.status.as_u16(), headers: headers.collect(), body: body.to_bytes().to_vec() })
}

fn options(limits: &CallLimits) -> RequestOptions {
    let nanos = |duration: Duration| Some(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    let options = RequestOptions::new();
    // A host without time-outs of its own says so here; the client's own deadline holds all the same.
    let _ = options.set_connect_timeout(nanos(limits.connect));
    let _ = options.set_first_byte_timeout(nanos(limits.wait));
    let _ = options.set_between_bytes_timeout(nanos(limits.wait));
    options
}

/// Whether anything was sent decides whether a write has to be read back.
fn transport(error: ErrorCode) -> TransportError {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => TransportError::Denied,
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsProtocolError => TransportError::Connect(name(&error)),
        ErrorCode::HttpResponseBodySize(_) => TransportError::TooLarge(crate::http::ANSWER_MAX),
        other => TransportError::Lost(name(&other)),
    }
}

/// The case's name without its payload, which may hold an address.
fn name(error: &ErrorCode) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(text.len());
    let text = text.get(..end).unwrap_or_default();
    text.rsplit("::").next().unwrap_or_default().to_owned()
}
