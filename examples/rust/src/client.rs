//! HTTP of this program's own. It keeps the first layer of the egress policy, the origins; the second, the resolved
//! address, is here left to the network around. `approval_bridge::egress::Egress` keeps both.

use std::error::Error;

use approval_bridge::egress::{EgressError, Policy, RequestOptions, Transport};
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

/// A plain client with pooled connections.
pub(crate) struct Http {
    policy: Policy,
    client: Client<HttpsConnector<HttpConnector>, Full<bytes::Bytes>>,
}

impl Http {
    pub(crate) fn new(policy: Policy) -> Self {
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self { policy, client: Client::builder(TokioExecutor::new()).build(https) }
    }
}

type Response = http::Response<bytes::Bytes>;

impl Transport for Http {
    fn send(
        &self,
        request: http::Request<bytes::Bytes>,
        options: RequestOptions,
    ) -> BoxFuture<'_, Result<Response, EgressError>> {
        Box::pin(async move {
            self.policy.check_uri(request.uri())?;
            let host = request.uri().host().unwrap_or_default().to_owned();
            let exchange = async {
                let (head, body) = self.client.request(request.map(Full::new)).await?.into_parts();
                let body = Limited::new(body, options.max_response_bytes).collect().await?;
                Ok::<_, Box<dyn Error + Send + Sync>>(Response::from_parts(head, body.to_bytes()))
            };
            match tokio::time::timeout(options.first_byte_timeout, exchange).await {
                Ok(answer) => answer.map_err(|_| EgressError::Closed(host)),
                Err(_) => Err(EgressError::ReadTimeout(host)),
            }
        })
    }
}
