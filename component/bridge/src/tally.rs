//! What the bridge counts about itself, as it is kept in the store.
//!
//! No call of the component remembers anything of the one before, so counts are part of values that are written anyway:
//! those of sweeps go with the sweeps' place, which only the holder of the lease writes, those of decisions with the audit
//! trail, which has a lease of its own. A quiet sweep costs no key more for it. Which series there are is for
//! [`approval_logic::metrics`] to say.

use approval_logic::metrics::{self, VENDOR_CALLS, series};
use serde::{Deserialize, Serialize};

use crate::config::{SdpAccess, Settings};
use crate::http::{Calls, origin};
use crate::sorted::Sorted;

/// Counts by series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally(Sorted<u64>);

impl Tally {
    /// Counts `more` in a series.
    pub fn add(&mut self, family: &str, labels: &[&str], more: u64) {
        self.more(&series(family, labels), more);
    }

    /// Notes how long something took each time, in milliseconds. A time below zero tells of two clocks, and nothing else.
    pub fn observe(&mut self, family: &'static str, millis: impl IntoIterator<Item = i64>) {
        let millis: Vec<u64> = millis.into_iter().filter_map(|millis| u64::try_from(millis).ok()).collect();
        for (series, more) in metrics::observations(family, &millis) {
            self.more(&series, more);
        }
    }

    /// Sets a series that does not count.
    pub fn set(&mut self, family: &str, labels: &[&str], value: u64) {
        self.0.insert(series(family, labels), value);
    }

    /// Counts the calls of a client that nobody has counted yet. Those to an origin that no setting names are nobody's.
    pub fn calls(&mut self, settings: &Settings, calls: &Calls) {
        for (origin, class, count) in calls.take() {
            if let Some(vendor) = vendor(settings, &origin) {
                self.add(VENDOR_CALLS, &[vendor, class], count);
            }
        }
    }

    /// Counts everything that another one has counted.
    pub fn add_all(&mut self, other: &Self) {
        for (series, more) in other.0.iter() {
            self.more(series, *more);
        }
    }

    /// The value of a series by its name; 0 if nothing was counted.
    pub fn get(&self, series: &str) -> u64 {
        self.0.get(series).copied().unwrap_or(0)
    }

    fn more(&mut self, series: &str, more: u64) {
        if more > 0
            && let Some(count) = self.0.or_default(series)
        {
            *count = count.saturating_add(more);
        }
    }
}

fn vendor(settings: &Settings, of: &str) -> Option<&'static str> {
    let accounts = settings.sdp.as_ref().and_then(|sdp| match &sdp.access {
        SdpAccess::OAuth { accounts_url, .. } => Some(("zoho", accounts_url.as_str())),
        SdpAccess::Authtoken(_) => None,
    });
    let moveworks = settings.moveworks.as_ref().map(|moveworks| ("moveworks", moveworks.base_url.as_str()));
    let sources = settings.base_urls().map(|(source, url)| (source.name(), url));
    let atera = settings.atera.as_ref().map(|atera| ("atera", atera.base_url.as_str()));
    // Among the sources, Atera has the name of the requests that are kept for it.
    let mut all = atera.into_iter().chain(sources).chain(accounts).chain(moveworks);
    all.find(|(_, url)| origin(url) == of).map(|(name, _)| name)
}
