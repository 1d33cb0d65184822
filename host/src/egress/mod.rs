//! Outbound HTTP: one trait that tests can stand in for, and the client that keeps the policy.
//!
//! Two layers, both needed. First the origin: only what the settings name may be called, so that text from a ticket can
//! never pick a destination. Then the address that the name resolved to, on the very connection that is used, so that a
//! name cannot lead inside afterwards.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

pub mod address;
mod client;
mod connect;
pub(crate) mod guest;
pub mod policy;
mod stubs;

pub use client::{Egress, EgressOptions, TlsError};
pub use policy::{Origin, OriginError, Policy};

use crate::limits::LimitError;

/// What becomes of a request: the whole answer, or why there is none.
pub type Sending<'a> = BoxFuture<'a, Result<http::Response<Bytes>, EgressError>>;

/// Sends a request and brings back the whole answer.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request; its URI is absolute.
    fn send(&self, request: http::Request<Bytes>, options: RequestOptions) -> Sending<'_>;
}

/// How long to wait, and how much to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestOptions {
    /// For the connection, TLS included.
    pub connect_timeout: Duration,
    /// For the head of the answer, once connected.
    pub first_byte_timeout: Duration,
    /// Between two pieces of the body.
    pub between_bytes_timeout: Duration,
    /// Largest body.
    pub max_response_bytes: usize,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(30),
            between_bytes_timeout: Duration::from_secs(30),
            max_response_bytes: 8 << 20,
        }
    }
}

/// Why no answer came. Texts name the host at most: a path may hold what is nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The origin is not among those that the settings name.
    #[error("{0} is not an allowed origin")]
    OriginDenied(String),
    /// Plain http is not allowed there.
    #[error("{0}: plain http is allowed for loopback only, or with [egress] allow_http = true")]
    PlainHttp(String),
    /// The name leads to an address that may not be called.
    #[error("{host} leads to {address}, which is not allowed: {why}")]
    AddressDenied {
        /// The host.
        host: String,
        /// The address.
        address: std::net::IpAddr,
        /// What kind of address it is.
        why: &'static str,
    },
    /// The name does not resolve.
    #[error("{0} cannot be resolved")]
    Dns(String),
    /// Nobody listens there.
    #[error("{0} refuses connections")]
    Refused(String),
    /// The connection took too long.
    #[error("{0}: no connection in time")]
    ConnectTimeout(String),
    /// The answer, or its next piece, took too long.
    #[error("{0}: no answer in time")]
    ReadTimeout(String),
    /// TLS failed.
    #[error("{host}: TLS failed: {why}")]
    Tls {
        /// The host.
        host: String,
        /// What the TLS library says.
        why: String,
    },
    /// The connection ended before the answer was complete.
    #[error("{0}: the connection was closed before the answer was complete")]
    Closed(String),
    /// Something else that is not HTTP.
    #[error("{0}: not a proper HTTP answer")]
    Protocol(String),
    /// A limit of this call.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// A transport made of a function; for tests.
pub fn transport_fn<F, R>(answer: F) -> impl Transport
where
    F: Fn(http::Request<Bytes>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<http::Response<Bytes>, EgressError>> + Send + 'static,
{
    FnTransport(answer)
}

struct FnTransport<F>(F);

impl<F, R> Transport for FnTransport<F>
where
    F: Fn(http::Request<Bytes>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<http::Response<Bytes>, EgressError>> + Send + 'static,
{
    fn send(&self, request: http::Request<Bytes>, _options: RequestOptions) -> Sending<'_> {
        Box::pin(self.0(request))
    }
}
