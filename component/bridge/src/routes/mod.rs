//! The HTTP door: authentication first, then one handler for each route, and one envelope for everything that fails.

mod approvals;
mod body;
mod decisions;
mod error;
mod later;
mod outbox;
mod sweeps;

use std::sync::Arc;

use approval_logic::signature::same_secret;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use tower_service::Service;

use crate::config;
use crate::host::Host;
use crate::secret::Secret;
use crate::shell::Shell;
use error::ApiError;

/// The largest body that is read.
pub const BODY_MAX: usize = 1024 * 1024;

/// A body as it arrived, or that it was too large.
pub type Incoming = Result<Bytes, TooLarge>;

/// The body was larger than [`BODY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

type Shared<H> = Arc<Shell<H>>;

/// Answers one request.
pub async fn handle<H: Host>(host: H, request: Request<Incoming>) -> Response<Bytes> {
    let answer = match admit(&host, &request).await {
        Err(refusal) => respond(refusal).await,
        Ok(()) => route(host, request).await,
    };
    envelope(answer)
}

/// Nobody gets past without the token; only `GET /` needs none.
async fn admit<H: Host>(host: &H, request: &Request<Incoming>) -> Result<(), ApiError> {
    let health = request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD);
    if health {
        return Ok(());
    }
    let token = config::api_token(host).await.map_err(|problem| ApiError::unavailable("NOT_CONFIGURED", problem))?;
    let Some(token) = token else {
        let message = "api_token is not set, so nobody can be let in; set it and send it as a bearer token";
        return Err(ApiError::unavailable("NOT_CONFIGURED", message));
    };
    if bearer(request).is_some_and(|given| same_secret(given.reveal().as_bytes(), token.reveal().as_bytes())) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED", "a valid bearer token is required"))
}

fn bearer(request: &Request<Incoming>) -> Option<Secret> {
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token))
}

async fn route<H: Host>(host: H, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body else {
        let message = format!("the body is larger than {BODY_MAX} bytes");
        return respond(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)).await;
    };
    let mut router = router(Arc::new(Shell::new(host)));
    match router.call(Request::from_parts(parts, Body::from(body))).await {
        Ok(response) => collect(response).await,
        Err(never) => match never {},
    }
}

/// The routes of the contract.
fn router<H: Host>(shell: Shared<H>) -> Router {
    Router::new()
        .route("/", get(health))
        .route("/poll", post(sweeps::poll::<H>))
        .route("/hints", post(sweeps::hint::<H>))
        .route("/approvals", get(approvals::list::<H>))
        .route("/approvals/{id}", get(approvals::one::<H>))
        .route("/approvals/{id}/approve", post(decisions::approve::<H>))
        .route("/approvals/{id}/reject", post(decisions::reject::<H>))
        .route("/approvals/{id}/{approval}/approve", post(decisions::sample_approve::<H>))
        .route("/approvals/{id}/{approval}/reject", post(decisions::sample_reject::<H>))
        .route("/notifications", post(outbox::notify::<H>))
        .route("/outbox", get(outbox::list::<H>))
        .route("/outbox/{id}/retry", post(outbox::retry::<H>))
        .route("/audit", get(later::empty))
        .route("/metrics", get(later::empty))
        .route("/console", get(later::empty))
        .route("/openapi.json", get(later::empty))
        .route("/requests", post(later::create_request))
        .route("/requests/{id}", get(later::empty).patch(later::edit_request).delete(later::empty))
        .route("/requests/{id}/resend", post(later::empty))
        .route("/requests/{id}/responses", post(later::answer_request))
        .route("/gateway/{source}/tickets", get(later::empty).post(later::fields))
        .route("/gateway/{source}/tickets/{id}", get(later::empty).patch(later::fields))
        .route("/gateway/{source}/tickets/{id}/comments", post(later::comment))
        .route("/gateway/{source}/tickets/{id}/attachments", post(later::attachment))
        .route("/gateway/{source}/tickets/{id}/resolve", post(later::empty))
        .route("/gateway/{source}/tickets/{id}/reopen", post(later::empty))
        .route("/gateway/{source}/tickets/{id}/assignment", put(later::assignment))
        .with_state(shell)
}

async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn respond(error: ApiError) -> Response<Bytes> {
    collect(axum::response::IntoResponse::into_response(error)).await
}

async fn collect(response: Response<Body>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    // Our own bodies are in memory already.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Response::from_parts(parts, body)
}

/// Gives the envelope to what the framework refuses by itself: unknown paths, wrong methods, odd addresses.
fn envelope(answer: Response<Bytes>) -> Response<Bytes> {
    let json = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let status = answer.status();
    if json || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is no such address"),
        StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "the address does not take this method; see Allow"),
        StatusCode::INTERNAL_SERVER_ERROR => ("INTERNAL_SERVER_ERROR", "the bridge could not answer"),
        _ => ("BAD_REQUEST", "the address or its parameters are malformed"),
    };
    let allow = answer.headers().get(ALLOW).cloned();
    let body = json!({ "error": { "code": code, "message": message } }).to_string();
    let mut envelope = Response::new(Bytes::from(body));
    *envelope.status_mut() = status;
    envelope.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    if let Some(allow) = allow {
        envelope.headers_mut().insert(ALLOW, allow);
    }
    envelope
}

#[cfg(test)]
mod tests;
