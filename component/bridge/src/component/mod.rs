//! The shell as a component: the host over the Spin SDK, the HTTP handler, and the typed operations.

mod host;
mod operations;

use ::http::Request;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use send_wrapper::SendWrapper;
use spin_sdk::http::{FullBody, IntoResponse};

use crate::routes::{self, BODY_MAX, Incoming, TooLarge};
use host::SpinHost;

#[allow(warnings, missing_docs, unsafe_code, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

/// One request in, one answer out.
#[spin_sdk::http_service]
async fn handle(request: spin_sdk::http::Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let declared = parts.headers.get(::http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let body: Incoming = match declared.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > BODY_MAX => Err(TooLarge),
        _ => Limited::new(body, BODY_MAX).collect().await.map(|body| body.to_bytes()).map_err(|_| TooLarge),
    };
    let answer = routes::handle(SpinHost::new(), Request::from_parts(parts, body)).await;
    answer.map(FullBody::<Bytes>::new)
}

/// Futures of host calls stay on the one thread that a component has.
fn on_this_thread<F: Future>(future: F) -> SendWrapper<F> {
    SendWrapper::new(future)
}
