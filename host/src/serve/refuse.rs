//! Requests that never reach the component, and how they are answered.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version};

/// A refusal: status, a stable code, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    retry_after: Option<&'static str>,
    close: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, retry_after: None, close: false }
    }

    /// Tells the client when to try again, in seconds.
    pub(super) fn retry_after(self, seconds: &'static str) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Closes the connection after the answer: what follows on it cannot be trusted to be a request.
    pub(super) fn close(self) -> Self {
        Self { close: true, ..self }
    }

    pub(super) fn response(&self) -> Response<Bytes> {
        let body = serde_json::json!({"error": {"code": self.code, "message": self.message}});
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn bad(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message).close()
}

/// Checks a head, and puts its address in the one form that the component sees: `http://host/path?query`.
pub(super) fn check(mut head: Parts, head_bytes: usize) -> Result<Parts, Refusal> {
    if size(&head) > head_bytes {
        let message = "The head of the request is too large.";
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEAD_TOO_LARGE", message).close());
    }
    // Every other method that is not served is refused where it is known which ones are.
    if head.method == Method::CONNECT {
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This method is not served.");
        return Err(refusal.close());
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => authority(host.as_bytes()).ok_or_else(|| bad("The Host header is not a host."))?,
        (None, _) if head.version == Version::HTTP_10 => Authority::from_static("localhost"),
        _ => return Err(bad("Exactly one Host header is needed.")),
    };
    let path = head.uri.path_and_query().filter(|path| is_plain(path)).cloned();
    let path = path.ok_or_else(|| bad("The address is not a path."))?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(host);
    parts.path_and_query = Some(path);
    head.uri = Uri::from_parts(parts).map_err(|_| bad("The address is not a path."))?;
    Ok(head)
}

/// About what a head takes on the wire.
fn size(head: &Parts) -> usize {
    let path = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    head.headers.iter().fold(path, |sum, (name, value)| sum + name.as_str().len() + value.len() + 4)
}

fn is_plain(path: &PathAndQuery) -> bool {
    path.as_str().starts_with('/') && path.as_str().bytes().all(|byte| byte.is_ascii_graphic())
}

fn authority(host: &[u8]) -> Option<Authority> {
    Authority::try_from(host).ok().filter(|authority| !authority.as_str().contains('@'))
}
