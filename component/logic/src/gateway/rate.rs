//! The help desk's rate limit, handed on: Moveworks slows down by itself when little of it is left (its convention for
//! content gateways: `X-RateLimit-Limit`, `-Remaining`, `-Reset`).

use std::time::Duration;

use crate::http::HttpResponse;

/// What a help desk told about its limit. Whatever it left out is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// So many calls in a period.
    pub limit: Option<u64>,
    /// So many of them are left.
    pub remaining: Option<u64>,
    /// Seconds until there are more.
    pub reset: Option<u64>,
}

impl RateLimit {
    /// What an answer tells (Zendesk API reference, "Rate limits"; other products write `X-RateLimit-…`). Nothing where it
    /// tells nothing: a made-up number would slow Moveworks down for nothing.
    pub fn of(response: &HttpResponse) -> Option<Self> {
        let number = |names: [&str; 3]| {
            let values = names.into_iter().filter_map(|name| response.header(name));
            values.filter_map(|value| value.trim().parse().ok()).next()
        };
        let told = Self {
            limit: number(["x-rate-limit", "ratelimit-limit", "x-ratelimit-limit"]),
            remaining: number(["x-rate-limit-remaining", "ratelimit-remaining", "x-ratelimit-remaining"]),
            reset: number(["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"]),
        };
        (told != Self::default()).then_some(told)
    }

    /// The limit of a help desk that has just asked to be left alone so long.
    pub fn spent(self, pause: Duration) -> Self {
        let reset = pause.as_secs().saturating_add(u64::from(pause.subsec_nanos() > 0));
        Self { remaining: Some(0), reset: Some(reset), ..self }
    }

    /// The headers that are sent.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let headers = [
            ("x-ratelimit-limit", self.limit),
            ("x-ratelimit-remaining", self.remaining),
            ("x-ratelimit-reset", self.reset),
        ];
        headers.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}
