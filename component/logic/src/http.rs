//! HTTP as values: what a vendor module asks for and what it reads. Nothing here sends anything.

use std::iter::once;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::approval::Millis;

/// What is percent-encoded in paths, queries and forms: everything but the characters that RFC 3986 never reserves.
pub(crate) const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The methods the vendors use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Create or act.
    Post,
    /// Replace or act.
    Put,
    /// Change a part.
    Patch,
    /// Remove.
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a lost answer leaves open what happened.
    pub const fn is_write(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// A request to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL. Its origin always comes from configuration.
    pub url: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// A file that goes out behind the body.
    pub file: Option<FilePart>,
}

/// A file within a body, in sound base64. It is decoded in pieces on its way out, so that it is in memory once, however
/// often the request is built.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The file.
    pub base64: Arc<String>,
    /// What ends the body behind it.
    pub after: Vec<u8>,
}

/// Base64 is decoded in pieces of so many characters.
const PIECE: usize = 64 * 1024;

/// Headers and bodies carry credentials, so only method and address are shown, and of the address only the path.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        let file = self.file.as_ref().map_or("", |_| " and a file");
        write!(f, "HttpRequest({} {path}, {} bytes{file})", self.method.name(), self.body.len())
    }
}

impl HttpRequest {
    /// A request without headers or body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Vec::new(), file: None }
    }

    /// Where the request goes; none where the URL has another scheme than HTTP's two, or no path.
    pub fn address(&self) -> Option<Address<'_>> {
        let (scheme, rest) = self.url.split_once("://")?;
        let secure = scheme.eq_ignore_ascii_case("https");
        let (authority, path) = rest.split_at_checked(rest.find('/')?)?;
        (secure || scheme.eq_ignore_ascii_case("http")).then_some(Address { secure, authority, path })
    }

    /// How many bytes the whole body has.
    pub fn length(&self) -> usize {
        let file = self.file.as_ref().map_or(0, |file| {
            let padding = file.base64.bytes().rev().take_while(|byte| *byte == b'=').count();
            file.base64.len() / 4 * 3 - padding.min(2) + file.after.len()
        });
        self.body.len() + file
    }

    /// The whole body in the pieces in which it goes out.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + use<> {
        let (base64, after) = self.file.clone().map(|file| (file.base64, file.after)).unwrap_or_default();
        let decoded = (0..base64.len()).step_by(PIECE).map(move |at| {
            let rest = base64.as_bytes().get(at..).unwrap_or_default();
            // It was checked when it was taken.
            STANDARD.decode(rest.get(..PIECE).unwrap_or(rest)).unwrap_or_default()
        });
        once(self.body.clone()).chain(decoded).chain(once(after)).filter(|piece| !piece.is_empty())
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn with_body(self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("content-type", content_type);
        request.body = body.into();
        request
    }
}

/// The parts of a request's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// Whether it is HTTPS.
    pub secure: bool,
    /// Host and port.
    pub authority: &'a str,
    /// Path and query; it begins with a slash.
    pub path: &'a str,
}

/// The longest pause that a system may ask for. Whoever asks for a month is asked again in an hour: that costs a call, and
/// to believe it would leave everybody untold.
pub const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// What is left of a pause that was noted earlier, by the wall clock. One that is longer than any was noted by a clock that
/// ran ahead, and holds nobody.
pub fn pause_left(until: Millis, now: Millis) -> Duration {
    let left = Duration::from_millis(u64::try_from(until.saturating_sub(now)).unwrap_or(0));
    if left > PAUSE_MAX { Duration::ZERO } else { left }
}

/// An answer that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, with their values. Of a good answer the type alone, where its text does not tell it,
    /// unless all were asked for: there can be dozens, and each one costs two ways into the component.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The first value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// `Retry-After` in seconds, at most [`PAUSE_MAX`]. The date form is not used by any vendor here and counts as absent.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(PAUSE_MAX))
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The host's egress policy refuses the destination.
    #[error("the host does not allow calls to this address; check the base URL and the egress list")]
    Denied,
    /// No connection: nothing was sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection ended, or the time ran out, before the answer was complete.
    #[error("the answer was lost: {0}")]
    Lost(String),
    /// The host lets this run make no more calls: nothing was sent.
    #[error("the host allows no more calls in this run; the next one goes on (limits.outbound_calls_…)")]
    NoMoreCalls,
    /// The answer is larger than the client allows, in bytes; none: than the host allows.
    #[error("the answer is larger than {}", .0.map_or("the host allows (limits.response_bytes)".to_owned(), |max| format!("{max} bytes")))]
    TooLarge(Option<usize>),
}

/// The code of [`CallError::Retry`] where the source asked to be left alone.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// The code of [`CallError::Retry`] where the host lets a run make no more calls.
pub const CALL_LIMIT: &str = "CALL_LIMIT";

/// The code of [`CallError::Retry`] where an address failed so often in a row that nothing is sent to it for a while.
pub const CIRCUIT_OPEN: &str = "CIRCUIT_OPEN";

/// What a failed call means for its caller. Every vendor's reader ends in one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Worth repeating, not before `after`.
    #[error("{code}: {message}")]
    Retry {
        /// A stable name for the case, in upper case.
        code: &'static str,
        /// What the vendor said, cut and without secrets.
        message: String,
        /// How long to wait at least.
        after: Duration,
    },
    /// Repeating changes nothing.
    #[error("{code}: {message}")]
    Permanent {
        /// A stable name for the case, in upper case.
        code: &'static str,
        /// What the vendor said, cut and without secrets.
        message: String,
    },
    /// The credential is missing, wrong or expired: renew it once, then tell the operator.
    #[error("{code}: {message}")]
    Auth {
        /// A stable name for the case, in upper case.
        code: &'static str,
        /// What the vendor said, cut and without secrets.
        message: String,
    },
    /// A write whose answer was lost: it may have happened. Read back before anything else.
    #[error("{code}: {message}")]
    Unknown {
        /// A stable name for the case, in upper case.
        code: &'static str,
        /// What went wrong.
        message: String,
    },
    /// There is no such thing at the source.
    #[error("{code}: {message}")]
    NotFound {
        /// A stable name for the case, in upper case.
        code: &'static str,
        /// What the vendor said, cut and without secrets.
        message: String,
    },
}

impl CallError {
    /// The stable name of the case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Retry { code, .. }
            | Self::Permanent { code, .. }
            | Self::Auth { code, .. }
            | Self::Unknown { code, .. }
            | Self::NotFound { code, .. } => code,
        }
    }

    /// What was said.
    pub fn message(&self) -> &str {
        match self {
            Self::Retry { message, .. }
            | Self::Permanent { message, .. }
            | Self::Auth { message, .. }
            | Self::Unknown { message, .. }
            | Self::NotFound { message, .. } => message,
        }
    }

    /// Whether all calls that follow would meet the same: the source asked to be left alone, it is down, or the host
    /// allows no more.
    pub fn stops_all(&self) -> bool {
        matches!(self.code(), RATE_LIMITED | CALL_LIMIT | CIRCUIT_OPEN)
    }

    /// The case of a call that got no answer. A lost write is unknown, a lost read can be repeated.
    pub fn from_transport(error: &TransportError, method: Method) -> Self {
        let message = error.to_string();
        match error {
            TransportError::Denied => Self::Permanent { code: "EGRESS_DENIED", message },
            TransportError::NoMoreCalls => Self::Retry { code: CALL_LIMIT, message, after: Duration::ZERO },
            TransportError::Connect(_) => Self::Retry { code: "NO_CONNECTION", message, after: Duration::from_secs(2) },
            TransportError::Lost(_) | TransportError::TooLarge(_) if method.is_write() => {
                Self::Unknown { code: "ANSWER_LOST", message }
            }
            TransportError::Lost(_) => Self::Retry { code: "ANSWER_LOST", message, after: Duration::from_secs(2) },
            TransportError::TooLarge(_) => Self::Permanent { code: "ANSWER_TOO_LARGE", message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Schemes may be written in any case (RFC 3986, 3.1); one that is not HTTP's is never taken for plain HTTP.
    #[test]
    fn an_address_is_secure_however_its_scheme_is_written() {
        let parts = |url: &str| {
            let request = HttpRequest::new(Method::Get, url);
            request.address().map(|Address { secure, authority, path }| format!("{secure} {authority} {path}"))
        };
        for (url, expected) in [
            ("https://sdp.example:8443/app/x?y=a/b", Some("true sdp.example:8443 /app/x?y=a/b")),
            ("HTTPS://sdp.example/x", Some("true sdp.example /x")),
            ("Http://sdp.example/", Some("false sdp.example /")),
            ("ftp://sdp.example/x", None),
            ("httpss://sdp.example/x", None),
            ("https://sdp.example", None),
            ("sdp.example/x", None),
        ] {
            assert_eq!(parts(url).as_deref(), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_body_has_the_length_that_is_told_of_it(
            body in prop::collection::vec(any::<u8>(), 0..9),
            file in prop::option::of(prop::collection::vec(any::<u8>(), 0..100_000)),
            after in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut request = HttpRequest::new(Method::Post, "https://help.example").with_body("text/plain", body);
            request.file = file.map(|file| FilePart { base64: Arc::new(STANDARD.encode(file)), after });
            let told = request.length();
            prop_assert_eq!(told, request.pieces().map(|piece| piece.len()).sum::<usize>());
        }
    }
}
