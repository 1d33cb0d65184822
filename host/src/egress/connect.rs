//! Opens connections: resolves a name once, keeps the addresses that the policy permits, and connects to those.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower::Service;

use super::policy::{Origin, Policy};
use super::{EgressError, RequestOptions};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    /// The connect time-out of the request for which a connection is being opened.
    pub(super) static CONNECT_TIMEOUT: Duration;
}

/// Answers "which addresses has this name"; replaced in tests.
pub(super) type Lookup = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The system's resolver.
pub(super) fn system_lookup() -> Lookup {
    Arc::new(|host, port| {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.map(|found| found.ip()).collect()) })
    })
}

/// Opens TCP connections under the policy.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) policy: Arc<Policy>,
    pub(super) lookup: Lookup,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, EgressError> {
        let origin = self.policy.check_uri(&uri)?;
        let addresses = self.addresses(&origin).await?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, origin.port())).await {
                Ok(stream) => {
                    // Small requests should leave at once; where that cannot be set they still leave.
                    let _ = stream.set_nodelay(true);
                    return Ok(TokioIo::new(stream));
                }
                Err(error) => last = Some(error),
            }
        }
        Err(match last.map(|error| error.kind()) {
            Some(io::ErrorKind::TimedOut) => EgressError::ConnectTimeout(origin.host().to_owned()),
            Some(_) => EgressError::Refused(origin.host().to_owned()),
            None => EgressError::Dns(origin.host().to_owned()),
        })
    }

    /// The permitted addresses, or why there are none.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<IpAddr>, EgressError> {
        let found = match origin.literal() {
            Some(address) => vec![address],
            None => (self.lookup)(origin.host().to_owned(), origin.port())
                .await
                .map_err(|_| EgressError::Dns(origin.host().to_owned()))?,
        };
        let mut permitted = Vec::new();
        let mut refusal = EgressError::Dns(origin.host().to_owned());
        for address in found {
            match self.policy.check_address(origin, address) {
                Ok(()) => permitted.push(address),
                Err(error) => refusal = error,
            }
        }
        if permitted.is_empty() { Err(refusal) } else { Ok(permitted) }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = EgressError;
    type Future = BoxFuture<'static, Result<Self::Response, EgressError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EgressError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Bounds the whole of connecting, TLS included.
#[derive(Clone)]
pub(super) struct Timed<C>(pub(super) C);

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = BoxError>,
    C::Future: Send + 'static,
    C::Response: 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<C::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = CONNECT_TIMEOUT.try_with(|limit| *limit).unwrap_or(RequestOptions::default().connect_timeout);
        let host = uri.host().unwrap_or_default().to_owned();
        let connect = self.0.call(uri);
        Box::pin(async move {
            match tokio::time::timeout(limit, connect).await {
                Ok(connected) => connected,
                Err(_) => Err(EgressError::ConnectTimeout(host).into()),
            }
        })
    }
}
