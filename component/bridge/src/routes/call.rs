//! A request as a route reads it and the answer it gives: one shape for all of them, so that a route is a plain
//! function. What is not expected is refused with its name.

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use serde::Serialize;

use super::error::ApiError;
use super::shape::{Field, Fields, Shape};

/// An answer.
pub(super) type Reply = Response<Bytes>;

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    // Strings, numbers, lists and maps by name only: writing them cannot fail.
    reply(status, serde_json::to_vec(body).unwrap_or_default())
}

fn reply(status: StatusCode, json: Vec<u8>) -> Reply {
    let mut reply = text("application/json", json);
    *reply.status_mut() = status;
    reply
}

/// An answer of another type.
pub(super) fn text(kind: &'static str, text: Vec<u8>) -> Reply {
    let mut reply = Response::new(Bytes::from(text));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// A request, taken apart.
pub(super) struct Call {
    path: Vec<String>,
    query: Option<String>,
    headers: HeaderMap,
    body: Bytes,
}

/// The whole of a body. Those that pass through the routes are in memory already.
pub(super) async fn in_memory(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

impl Call {
    /// Takes a request apart.
    pub(super) async fn read(request: Request) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let path = RawPathParams::from_request_parts(&mut parts, &()).await.map_err(|_| ApiError::bad_address())?;
        let path = path.iter().map(|(_, value)| value.to_owned()).collect();
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self { path, query, headers: parts.headers, body: in_memory(body).await })
    }

    /// The headers that the door lets through.
    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Whether there is a body at all.
    pub(super) fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// Lets go of the body, once it has been read.
    pub(super) fn forget_body(&mut self) {
        self.body = Bytes::new();
    }

    /// A part of the address, by its place among the variable ones.
    pub(super) fn path(&self, place: usize) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// The parameters behind the address.
    pub(super) fn query(&self, expected: &[Field]) -> Result<Fields, ApiError> {
        let odd = |problem| ApiError::bad_request(format!("the query is not as expected: {problem}"));
        Fields::read_query(self.query.as_deref().unwrap_or_default(), expected).map_err(odd)
    }

    /// The body: a JSON object. The content type is not looked at: chat builders get it wrong too often.
    pub(super) fn body(&self, expected: &Shape) -> Result<Fields, ApiError> {
        let odd = |problem| ApiError::bad_request(format!("the body is not as expected: {problem}"));
        Fields::read(&self.body, expected).map_err(odd)
    }
}
