//! The client that keeps the policy: pooled connections, TLS, no redirects, no proxies.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

use super::connect::{CONNECT_TIMEOUT, Connector, Lookup, Timed, system_lookup};
use super::{EgressError, Policy, RequestOptions, Sending, Transport};
use crate::limits::LimitError;

/// Idle connections are given up before most servers do, so that a request rarely meets a closing one.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// Idle connections kept per host.
const POOL_SIZE: usize = 32;

/// Head of an answer, in bytes.
const MAX_HEAD: usize = 128 << 10;

/// `[egress]` of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressOptions {
    /// Origins that may be called besides those of the base URLs, and that may lead to private addresses:
    /// `http://host:port`.
    pub allow: Vec<String>,
    /// Accept plain http beyond loopback.
    pub allow_http: bool,
    /// Certificates (PEM) to trust besides the public ones, for servers on premises.
    pub ca_file: Option<PathBuf>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates cannot be used.
    #[error("egress.ca_file: {}: {why}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library refused its settings.
    #[error("TLS: {0}")]
    Settings(#[from] rustls::Error),
}

/// The outbound client. Clones of the `Arc` around it share their connections.
pub struct Egress {
    policy: Arc<Policy>,
    client: Client<Timed<HttpsConnector<Connector>>, Full<Bytes>>,
}

impl Egress {
    /// A client under this policy, trusting the public certificate authorities and those of `ca_file`.
    pub fn new(policy: Policy, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        Self::with_lookup(policy, ca_file, system_lookup())
    }

    fn with_lookup(policy: Policy, ca_file: Option<&Path>, lookup: Lookup) -> Result<Self, TlsError> {
        let policy = Arc::new(policy);
        let connector = Connector { policy: policy.clone(), lookup };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(ca_file)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .http1_max_buf_size(MAX_HEAD)
            .build(Timed(https));
        Ok(Self { policy, client })
    }

    /// The rules it keeps.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn answer(
        &self,
        request: http::Request<Bytes>,
        options: RequestOptions,
    ) -> Result<http::Response<Bytes>, EgressError> {
        self.policy.check_uri(request.uri())?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let sent = CONNECT_TIMEOUT.scope(options.connect_timeout, self.client.request(request.map(Full::new)));
        let limit = options.connect_timeout.saturating_add(options.first_byte_timeout);
        let response = match tokio::time::timeout(limit, sent).await {
            Ok(response) => response.map_err(|error| named(&host, &error))?,
            Err(_) => return Err(EgressError::ReadTimeout(host)),
        };
        let (head, body) = response.into_parts();
        let body = collect(&host, body, options).await?;
        Ok(http::Response::from_parts(head, body))
    }
}

impl Transport for Egress {
    fn send(&self, request: http::Request<Bytes>, options: RequestOptions) -> Sending<'_> {
        Box::pin(self.answer(request, options))
    }
}

async fn collect(host: &str, mut body: Incoming, options: RequestOptions) -> Result<Bytes, EgressError> {
    let limit = options.max_response_bytes;
    let mut collected = BytesMut::new();
    loop {
        let frame = match tokio::time::timeout(options.between_bytes_timeout, body.frame()).await {
            Ok(None) => return Ok(collected.freeze()),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => return Err(EgressError::Closed(host.to_owned())),
            Err(_) => return Err(EgressError::ReadTimeout(host.to_owned())),
        };
        if let Ok(data) = frame.into_data() {
            if collected.len().saturating_add(data.len()) > limit {
                return Err(LimitError::ResponseSize { limit }.into());
            }
            collected.extend_from_slice(&data);
        }
    }
}

/// Finds the case that an error of the client stands for, among its causes.
fn named(host: &str, error: &(dyn Error + 'static)) -> EgressError {
    let host = || host.to_owned();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<EgressError>() {
            return own.clone();
        }
        if let Some(tls) = tls_error(error) {
            return EgressError::Tls { host: host(), why: tls.to_string() };
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            let closed = hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed();
            if hyper.is_parse() || hyper.is_parse_too_large() {
                return EgressError::Protocol(host());
            } else if closed {
                return EgressError::Closed(host());
            }
        }
        cause = error.source();
    }
    EgressError::Closed(host())
}

/// A TLS error travels inside I/O errors, which do not name what they carry as their source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    loop {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        error = error.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, TlsError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        let unusable = |why: String| TlsError::CaFile { path: path.to_owned(), why };
        let mut added = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(unusable("no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
