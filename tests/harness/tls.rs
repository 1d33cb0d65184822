//! TLS in front of a server of plain HTTP, with a certificate of an authority of its own.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The only name that the certificate is good for.
pub const TLS_NAME: &str = "localhost";

/// An authority and a server that it vouches for. Clones share both.
#[derive(Clone)]
pub struct Tls {
    authority: Arc<NamedTempFile>,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// A new authority, with a new certificate.
    pub fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new([TLS_NAME.to_owned()]).expect("a name");
        let server = server.signed_by(&key, &authority).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("the usual versions").with_no_client_auth();
        let config = config.with_single_cert(vec![server.der().clone()], key).expect("a certificate and its key");
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(authority.pem().as_bytes()).expect("room for a certificate");
        Self { authority: Arc::new(file), acceptor: Arc::new(config).into() }
    }

    /// The file with the authority's certificate.
    pub fn authority(&self) -> &Path {
        self.authority.path()
    }

    /// Takes TLS off what comes in, and hands it to the server at `port`.
    pub async fn serve(&self, listener: TcpListener, port: u16) {
        loop {
            // A connection that ended before it was taken is nobody's error.
            let Ok((outer, _)) = listener.accept().await else { continue };
            let acceptor = self.acceptor.clone();
            tokio::spawn(async move {
                let _ = outer.set_nodelay(true);
                let Ok(mut outer) = acceptor.accept(outer).await else { return };
                let Ok(mut inner) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let _ = inner.set_nodelay(true);
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}
