//! Where the next page of a window begins. It is all in the cursor; the bridge remembers nothing between two pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::time::Window;
use crate::approval::Millis;

/// So many tickets of one millisecond can be passed over; nobody changes more at once.
const SKIP_MAX: u64 = 10_000;

/// The first ticket of a page: tickets last updated at `from` or later, without the first `skip` of them.
///
/// It is a time and not a position in the list, so that tickets that change between two pages, and thereby leave the
/// window, do not move others over the edge of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last-updated time at which the page begins.
    pub from: Millis,
    /// How many tickets of the window from there on have been given already. Only where one page could not hold all
    /// tickets of one millisecond.
    pub skip: u64,
}

impl Cursor {
    /// The beginning of a window.
    pub const fn begin(window: &Window) -> Self {
        Self { from: window.start, skip: 0 }
    }

    /// Reads a cursor that a former page gave. None: it is none of ours, or of another window.
    pub fn read(text: &str, window: &Window) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (from, skip) = str::from_utf8(&bytes).ok()?.split_once('.')?;
        let cursor = Self { from: from.parse().ok()?, skip: skip.parse().ok()? };
        let good = window.holds(cursor.from) && cursor.skip <= SKIP_MAX && cursor.write() == text;
        good.then_some(cursor)
    }

    /// The cursor as callers see it. They are not to look into it.
    pub fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.from, self.skip))
    }
}
