//! Takes in the body of a request, up to a limit, in a way that lets its client read our answer.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::ServeOptions;
use super::refuse::Refusal;

/// The whole body, if it is no longer than `limit`.
///
/// A client that is still sending when we answer and close never reads the answer: its system drops it for the reset.
/// So a body that is too long is read to its end first, within reason, and thrown away.
pub(super) async fn read(head: &Parts, body: Incoming, limit: usize, options: &ServeOptions) -> Result<Bytes, Refusal> {
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let too_long = announced.is_some_and(|length| length > limit);
    if too_long && head.headers.contains_key(EXPECT) {
        // This client waits for our word before it sends anything.
        return Err(too_large());
    }
    let drain = options.drain_bytes;
    if announced.is_some_and(|length| length > drain) {
        return Err(too_large());
    }
    match tokio::time::timeout(options.body_timeout, collect(body, limit, drain, too_long)).await {
        Ok(collected) => collected,
        Err(_) => {
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "The body did not arrive in time.")
                .close())
        }
    }
}

async fn collect(mut body: Incoming, limit: usize, drain: usize, mut too_long: bool) -> Result<Bytes, Refusal> {
    let mut collected = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The body is not complete.").close())?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        too_long |= length > limit;
        if too_long {
            collected = BytesMut::new();
            if length > drain {
                break;
            }
        } else {
            collected.extend_from_slice(&data);
        }
    }
    if too_long { Err(too_large()) } else { Ok(collected.freeze()) }
}

fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "The body is larger than 1 MiB.").close()
}
