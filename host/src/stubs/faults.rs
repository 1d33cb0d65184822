//! What goes wrong, by script: faults that strike chosen calls, and rate limits.

use super::sdp;
use super::wire::{Incoming, json, raw};
use super::{Vendor, moveworks, zendesk};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A list that does not keep its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// Every page is the first one, and says that there is more.
    RepeatsPage,
    /// Pages end, but `has_more_rows` never does.
    EndlessMore,
    /// `list_info` is missing.
    NoListInfo,
}

#[derive(Clone, Debug)]
pub(crate) enum Strike {
    /// The vendor answers as ever.
    Pass,
    /// This instead of the vendor's answer.
    Reply { status: u16, content_type: String, headers: Vec<(String, String)>, body: Bytes },
    /// The vendor's answer, cut in half.
    Truncate,
    /// No answer.
    Drop,
    /// 429 in the vendor's own form.
    TooMany(Option<String>),
    /// A list that does not keep its word.
    List(Quirk),
}

/// One scripted fault: which calls, when, and what. It strikes once unless told otherwise.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path: String,
    containing: Option<String>,
    skip: u32,
    left: Option<u32>,
    pub(crate) strike: Strike,
    pub(crate) in_effect: bool,
    pub(crate) delay: Duration,
    pub(crate) delay_reply: Duration,
}

impl Fault {
    /// Calls with this method (`"*"`: any) whose path contains this text.
    pub fn on(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            containing: None,
            skip: 0,
            left: Some(1),
            strike: Strike::Pass,
            in_effect: false,
            delay: Duration::ZERO,
            delay_reply: Duration::ZERO,
        }
    }

    /// Only calls whose decoded input contains this text.
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.into());
        self
    }

    /// Lets the first `n` matching calls pass.
    pub fn after(mut self, n: u32) -> Self {
        self.skip = n;
        self
    }

    /// Strikes `n` times.
    pub fn times(mut self, n: u32) -> Self {
        self.left = Some(n);
        self
    }

    /// Strikes until [`World::clear_faults`](super::World::clear_faults).
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// The call takes effect first, then the fault strikes: the answer is lost or wrong, the deed is done.
    pub fn in_effect(mut self) -> Self {
        self.in_effect = true;
        self
    }

    /// Answers with this status and JSON text.
    pub fn replies(mut self, status: u16, body: impl Into<Bytes>) -> Self {
        let (content_type, headers) = ("application/json".into(), Vec::new());
        self.strike = Strike::Reply { status, content_type, headers, body: body.into() };
        self
    }

    /// Another status for the reply: `sdp_error(4001, "…").status(200)` is a failure inside a success.
    pub fn status(mut self, value: u16) -> Self {
        if let Strike::Reply { status, .. } = &mut self.strike {
            *status = value;
        }
        self
    }

    /// The content type of the reply.
    pub fn content_type(mut self, value: &str) -> Self {
        if let Strike::Reply { content_type, .. } = &mut self.strike {
            *content_type = value.into();
        }
        self
    }

    /// A header of the reply.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Strike::Reply { headers, .. } = &mut self.strike {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// HTTP 200 with a log-in page, as proxies do.
    pub fn html(self) -> Self {
        self.replies(200, LOG_IN_PAGE).content_type("text/html;charset=UTF-8")
    }

    /// The answer ends in the middle.
    pub fn truncates(mut self) -> Self {
        self.strike = Strike::Truncate;
        self.in_effect = true;
        self
    }

    /// The connection ends before the call takes effect.
    pub fn drops(mut self) -> Self {
        self.strike = Strike::Drop;
        self
    }

    /// The call takes effect, then the connection ends without an answer.
    pub fn drops_after_effect(self) -> Self {
        self.drops().in_effect()
    }

    /// Waits before the call takes effect.
    pub fn delays(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits between the effect and the answer.
    pub fn delays_reply(mut self, delay: Duration) -> Self {
        self.delay_reply = delay;
        self
    }

    /// 429 in the vendor's own form, with this `Retry-After`.
    pub fn too_many(mut self, retry_after: Option<&str>) -> Self {
        self.strike = Strike::TooMany(retry_after.map(Into::into));
        self
    }

    /// The on-premises per-URL limit: 400 "URL blocked as maximum access limit for the page is exceeded".
    pub fn url_blocked(self) -> Self {
        let body = sdp::envelope(4000, sdp::URL_BLOCKED, None).to_string();
        self.replies(400, body)
    }

    /// An error of ServiceDesk Plus with this code, on its documented HTTP status.
    pub fn sdp_error(self, code: u32, message: &str) -> Self {
        let body = sdp::envelope(code, message, None).to_string();
        self.replies(sdp::http_status(code), body)
    }

    /// Lists repeat their first page for ever.
    pub fn repeats_page(mut self) -> Self {
        self.strike = Strike::List(Quirk::RepeatsPage);
        self
    }

    /// Lists always say that there is more.
    pub fn claims_more(mut self) -> Self {
        self.strike = Strike::List(Quirk::EndlessMore);
        self
    }

    /// Lists come without `list_info`.
    pub fn omits_list_info(mut self) -> Self {
        self.strike = Strike::List(Quirk::NoListInfo);
        self
    }

    /// Whether this fault strikes this call; counts it either way.
    pub(crate) fn ready(&mut self, call: &Incoming, input: &str) -> bool {
        let method = self.method.is_empty() || self.method == "*" || self.method == call.method.as_str();
        let text = self.containing.as_deref().is_none_or(|text| input.contains(text));
        if !method || !text || !call.path.contains(&self.path) || self.left == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        true
    }
}

const LOG_IN_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>";

/// Marks a response that was cut: how long it said it would be. The server sends that length and then hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The whole length.
    pub full_length: usize,
}

/// Cuts an answer in half.
pub(crate) fn truncate(mut response: Response<Bytes>) -> Response<Bytes> {
    let full_length = response.body().len();
    let half = response.body().slice(..full_length / 2);
    *response.body_mut() = half;
    response.extensions_mut().insert(Cut { full_length });
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(full_length));
    response
}

/// The answer of a [`Strike::Reply`].
pub(crate) fn reply(status: u16, content_type: &str, headers: &[(String, String)], body: &Bytes) -> Response<Bytes> {
    let mut response = raw(status, content_type, body.clone());
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// 429 as this vendor writes it.
pub(crate) fn too_many(vendor: Vendor, flat: bool, retry_after: Option<&str>) -> Response<Bytes> {
    let mut response = match vendor {
        Vendor::Moveworks => moveworks::error(429, flat, "RATE_LIMIT_EXCEEDED", "Too many requests"),
        Vendor::Zendesk => zendesk::too_many(),
        Vendor::Atera => raw(429, "text/plain", ""),
        _ => json(429, &sdp::envelope(4015, "API rate limit exceeded", None)),
    };
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// How a rate limit says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 429 (4015 at ServiceDesk Plus), with this `Retry-After`.
    TooMany(Option<String>),
    /// On-premises: 400 "URL blocked as maximum access limit for the page is exceeded".
    UrlBlocked,
}

/// So many calls of one URL pattern in a window (ServiceDesk Plus counts by pattern: digits in the path are one).
#[derive(Clone, Debug)]
pub struct RateLimit {
    method: String,
    path: String,
    calls: usize,
    window: i64,
    blocked_for: i64,
    refusal: Refusal,
    seen: HashMap<String, Pattern>,
    refused: usize,
}

#[derive(Clone, Debug, Default)]
struct Pattern {
    times: VecDeque<i64>,
    blocked_until: i64,
}

impl RateLimit {
    /// `calls` per minute for each pattern among calls with this method (`"*"`: any) and part of the path.
    pub fn per_minute(method: &str, path: &str, calls: usize) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            calls,
            window: 60_000,
            blocked_for: 0,
            refusal: Refusal::TooMany(None),
            seen: HashMap::new(),
            refused: 0,
        }
    }

    /// Another window.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = millis(window);
        self
    }

    /// How it says no.
    pub fn refusing(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// Once exceeded, the pattern stays blocked this long.
    pub fn blocked_for(mut self, time: Duration) -> Self {
        self.blocked_for = millis(time);
        self
    }

    /// How many calls it refused.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// The refusal, if this call is one too many.
    pub(crate) fn check(&mut self, call: &Incoming, now: i64) -> Option<Refusal> {
        let method = self.method.is_empty() || self.method == "*" || self.method == call.method.as_str();
        if !method || !call.path.contains(&self.path) {
            return None;
        }
        let pattern = self.seen.entry(format!("{} {}", call.method, pattern(&call.path))).or_default();
        while pattern.times.front().is_some_and(|at| *at <= now - self.window) {
            pattern.times.pop_front();
        }
        if now >= pattern.blocked_until && pattern.times.len() < self.calls {
            pattern.times.push_back(now);
            return None;
        }
        if now >= pattern.blocked_until {
            pattern.blocked_until = now + self.blocked_for;
        }
        self.refused += 1;
        Some(self.refusal.clone())
    }
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn pattern(path: &str) -> String {
    let part = |part: &str| {
        if part.bytes().any(|b| b.is_ascii_digit()) && !["v2", "v3"].contains(&part) {
            "#".into()
        } else {
            part.to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
