//! What sources that met their limits asked for, carried from one sweep to the next.

use approval_logic::approval::Millis;
use approval_logic::http::pause_left;

use super::millis;
use crate::config::Settings;
use crate::host::Host;
use crate::http::{Client, origin};
use crate::store::progress::{Limit, Progress};

/// How many tickets are looked at side by side after the source's limit was met. Each takes several calls; begun all at
/// once they would spend the next minute's calls as well before any of them came to its end. The number doubles with each
/// sweep that meets no limit.
const NARROW: usize = 4;

/// Takes up the pauses that sources asked for in an earlier sweep.
pub(super) fn keep<H: Host>(client: &Client<H>, settings: &Settings, place: &Progress, now: Millis) {
    for (source, base_url) in settings.base_urls() {
        let until = place.limits.get(source.name()).map_or(0, |limit| limit.paused_until);
        let left = pause_left(until, now);
        if !left.is_zero() {
            client.pause(origin(base_url), left);
        }
    }
}

/// Notes until when each source asked to be left alone, and how gently the next sweep goes on.
pub(super) fn heed<H: Host>(next: &mut Progress, client: &Client<H>, settings: &Settings, now: Millis) {
    let former = std::mem::take(&mut next.limits);
    for (source, base_url) in settings.base_urls() {
        let origin = origin(base_url);
        let left = client.pause_left(origin);
        let width = former.get(source.name()).and_then(|limit| limit.width);
        let limit = Limit {
            paused_until: if left.is_zero() { 0 } else { now.saturating_add(millis(Some(left))) },
            width: if client.was_limited(origin) {
                Some(NARROW.min(settings.concurrency))
            } else {
                width.map(|width| width * 2).filter(|width| *width < settings.concurrency)
            },
        };
        if limit != Limit::default() {
            next.limits.insert(source.name().to_owned(), limit);
        }
    }
}
