//! The vendor stubs as a transport: calls reach them without a socket.

use bytes::Bytes;

use super::{EgressError, RequestOptions, Sending, Transport};
use crate::stubs::Stubs;

impl Transport for Stubs {
    fn send(&self, request: http::Request<Bytes>, _options: RequestOptions) -> Sending<'_> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        Box::pin(async move { self.handle(request).await.map_err(|_| EgressError::Closed(host)) })
    }
}
