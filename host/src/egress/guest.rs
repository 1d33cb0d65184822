//! The import `wasi:http/client`, served from a [`Transport`](super::Transport).

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, Full, Limited};
use tracing::warn;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpHooks};

use super::{EgressError, RequestOptions};
use crate::limits::Guard;
use crate::state::Host;

/// The hooks of one call.
pub(crate) struct Outbound {
    host: Arc<Host>,
    guard: Arc<Guard>,
}

impl Outbound {
    pub(crate) fn new(host: Arc<Host>, guard: Arc<Guard>) -> Self {
        Self { host, guard }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<wasmtime_wasi_http::RequestOptions>,
        _processed: Io,
    ) -> Sent {
        let (host, guard) = (self.host.clone(), self.guard.clone());
        Box::new(async move {
            let response = send(&host, &guard, request, options.unwrap_or_default()).await?;
            let body =
                |bytes| Full::new(bytes).map_err(|never: std::convert::Infallible| match never {}).boxed_unsync();
            Ok((measured(response).map(body), Box::new(async { Ok(()) }) as Io))
        })
    }
}

/// The answer with its length, so that the guest can read it in one go.
fn measured(response: http::Response<Bytes>) -> http::Response<Bytes> {
    let (mut head, body) = response.into_parts();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    http::Response::from_parts(head, body)
}

async fn send(
    host: &Host,
    guard: &Guard,
    request: http::Request<WasiBody>,
    options: wasmtime_wasi_http::RequestOptions,
) -> Result<http::Response<Bytes>, Error> {
    let name = request.uri().host().unwrap_or_default().to_owned();
    let report = |error: EgressError| {
        warn!(host = name, %error, "upstream call failed");
        to_guest(&error)
    };
    guard.count_outbound().map_err(|limit| report(limit.into()))?;
    let defaults = RequestOptions::default();
    let options = RequestOptions {
        connect_timeout: options.connect_timeout.unwrap_or(defaults.connect_timeout),
        first_byte_timeout: options.first_byte_timeout.unwrap_or(defaults.first_byte_timeout),
        between_bytes_timeout: options.between_bytes_timeout.unwrap_or(defaults.between_bytes_timeout),
        max_response_bytes: host.limits.response_bytes,
    };
    let (head, body) = request.into_parts();
    let body = Limited::new(body, host.limits.memory_bytes).collect().await;
    let body = body.map_err(|_| Error::HttpRequestBodySize(None))?.to_bytes();
    let response = host.transport.send(http::Request::from_parts(head, body), options).await.map_err(report)?;
    let limit = options.max_response_bytes;
    if response.body().len() > limit {
        return Err(report(crate::limits::LimitError::ResponseSize { limit }.into()));
    }
    Ok(response)
}

/// What the guest is told. Texts stay here: it gets the name of the case.
fn to_guest(error: &EgressError) -> Error {
    use crate::limits::LimitError;
    match error {
        EgressError::OriginDenied(_) | EgressError::PlainHttp(_) => Error::HttpRequestDenied,
        EgressError::AddressDenied { .. } => Error::DestinationIpProhibited,
        EgressError::Dns(_) => Error::DnsError { rcode: None, info_code: None },
        EgressError::Refused(_) => Error::ConnectionRefused,
        EgressError::ConnectTimeout(_) => Error::ConnectionTimeout,
        EgressError::ReadTimeout(_) => Error::HttpResponseTimeout,
        EgressError::Tls { .. } => Error::TlsProtocolError,
        EgressError::Closed(_) => Error::ConnectionTerminated,
        EgressError::Protocol(_) => Error::HttpProtocolError,
        EgressError::Limit(LimitError::ResponseSize { limit }) => {
            Error::HttpResponseBodySize(u64::try_from(*limit).ok())
        }
        EgressError::Limit(_) => Error::ConnectionLimitReached,
    }
}
