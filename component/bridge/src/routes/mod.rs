//! The HTTP door: authentication first, then one handler for each route, and one envelope for everything that fails.

mod approvals;
mod asking;
mod audit;
mod call;
mod console;
mod decisions;
#[cfg(test)]
mod document;
mod error;
mod gateway;
mod metrics;
mod outbox;
mod requests;
mod shape;
mod sweeps;
mod table;

use std::sync::Arc;

use approval_logic::signature::same_secret;
use axum::body::Body;
use axum::handler::Handler;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::json;
use tower_service::Service;

use crate::config;
use crate::host::Host;
use crate::secret::Secret;
use crate::shell::Shell;
use call::{Call, Reply, in_memory, json as reply, text};
use error::ApiError;
use table::{Action, router};

/// The largest body that is read.
pub const BODY_MAX: usize = 1024 * 1024;

/// A body as it arrived, or that it was too large.
pub type Incoming = Result<Bytes, TooLarge>;

/// The body was larger than [`BODY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

type Shared<H> = Arc<Shell<H>>;

#[derive(Clone)]
struct Run<H>(Action<H>);

impl<H: Host> Handler<(), Shared<H>> for Run<H> {
    type Future = BoxFuture<'static, Response<Body>>;

    fn call(self, request: Request<Body>, shell: Shared<H>) -> Self::Future {
        Box::pin(async move {
            let answer = match Call::read(request).await {
                Ok(call) => (self.0)(shell, call).await,
                Err(refusal) => Err(refusal),
            };
            answer.unwrap_or_else(ApiError::into_reply).map(Body::from)
        })
    }
}

/// Answers one request.
pub async fn handle<H: Host>(host: H, request: Request<Incoming>) -> Response<Bytes> {
    let answer = match admit(&host, &request).await {
        Err(refusal) => refusal.into_reply(),
        Ok(()) => route(host, request).await,
    };
    envelope(answer)
}

/// Nobody gets past without the token; only `GET /` needs none, and the console looks at its callers itself.
async fn admit<H: Host>(host: &H, request: &Request<Incoming>) -> Result<(), ApiError> {
    let health = request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD);
    if health || console::is_own_door(request.method(), request.uri().path(), request.headers()) {
        return Ok(());
    }
    let token = config::api_token(host).await.map_err(|problem| ApiError::unavailable("NOT_CONFIGURED", problem))?;
    let Some(token) = token else {
        let message = "api_token is not set, so nobody can be let in; set it and send it as a bearer token";
        return Err(ApiError::unavailable("NOT_CONFIGURED", message));
    };
    if bearer(request.headers()).is_some_and(|given| same_secret(given.reveal().as_bytes(), token.reveal().as_bytes()))
    {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED", "a valid bearer token is required"))
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token))
}

async fn route<H: Host>(host: H, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body else {
        let message = format!("the body is larger than {BODY_MAX} bytes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message).into_reply();
    };
    let mut router = router(Arc::new(Shell::new(host)));
    match router.call(Request::from_parts(parts, Body::from(body))).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            Response::from_parts(parts, in_memory(body).await)
        }
        Err(never) => match never {},
    }
}

async fn health() -> Result<Reply, ApiError> {
    Ok(reply(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })))
}

/// The document of the routes; `document` writes it.
async fn openapi() -> Result<Reply, ApiError> {
    Ok(text("application/json", include_bytes!("../../openapi.json").to_vec()))
}

/// Gives the envelope to what the framework refuses by itself: unknown paths, wrong methods, odd addresses.
fn envelope(answer: Response<Bytes>) -> Response<Bytes> {
    let kind = answer.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let own = kind.starts_with(b"application/json") || kind == console::PAGE.as_bytes();
    let status = answer.status();
    if own || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is no such address"),
        StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "the address does not take this method; see Allow"),
        StatusCode::INTERNAL_SERVER_ERROR => ("INTERNAL_SERVER_ERROR", "the bridge could not answer"),
        _ => ("BAD_REQUEST", "the address or its parameters are malformed"),
    };
    let allow = answer.headers().get(ALLOW).cloned();
    let mut envelope = ApiError::new(status, code, message).into_reply();
    if let Some(allow) = allow {
        envelope.headers_mut().insert(ALLOW, allow);
    }
    envelope
}

#[cfg(test)]
mod tests;
