//! How inputs are written: HTTP messages as text.
//!
//! An answer is its status line, its headers, an empty line and its body, with plain line feeds:
//!
//! ```text
//! 429
//! retry-after: 20
//!
//! {"error":{"message":"slow down"}}
//! ```
//!
//! A request is the same with method and address in the first line. Behind a request may follow the answers that
//! vendors give while it is served, in their order, each after a line [`NEXT`].

use approval_logic::http::HttpResponse;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};

/// The line between the messages of one input.
pub const NEXT: &[u8] = b"\n===\n";

/// An input's messages.
pub fn messages(input: &[u8]) -> Vec<&[u8]> {
    let (mut messages, mut rest) = (Vec::new(), input);
    while let Some(at) = find(rest, NEXT) {
        messages.push(&rest[..at]);
        rest = &rest[at + NEXT.len()..];
    }
    messages.push(rest);
    messages
}

/// An answer. What has no status that HTTP knows has 200; what has no empty line has no body.
pub fn answer(message: &[u8]) -> HttpResponse {
    let (first, headers, body) = parts(message);
    let status = first.trim().parse().ok().filter(|status| (100..600).contains(status)).unwrap_or(200);
    let headers = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    HttpResponse { status, headers, body: body.to_vec() }
}

/// A request; none where no server would read one from it.
pub fn request(message: &[u8]) -> Option<Request<Bytes>> {
    let (first, headers, body) = parts(message);
    let (method, address) = first.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else { continue };
        request = request.header(name, value);
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}

/// First line, headers and body.
fn parts(message: &[u8]) -> (String, Vec<(String, String)>, &[u8]) {
    let (head, body) = match find(message, b"\n\n") {
        Some(at) => (&message[..at], &message[at + 2..]),
        None => (message, &[][..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    (first, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), body)
}

/// Where a piece of bytes begins.
pub(crate) fn find(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    bytes.windows(piece.len()).position(|window| window == piece)
}
