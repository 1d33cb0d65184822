//! Moveworks' timestamps: ISO 8601 in UTC with microseconds; read leniently, written exactly.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::approval::Millis;

/// The last-updated times that a query asks for, both included, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub start: Millis,
    /// The last.
    pub end: Millis,
}

/// Why a window cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A bound is no time.
    #[error("{0}: expected a time such as 2026-03-05T08:15:30.000000Z")]
    Time(&'static str),
    /// It ends before it begins.
    #[error("updated_end_ts: expected a time that is not before updated_start_ts")]
    Order,
}

impl Window {
    /// From the two parameters. A missing start is the beginning of time, a missing end is now.
    ///
    /// Help desks count in milliseconds, Moveworks in microseconds: both bounds are cut to the millisecond they lie in, so
    /// that a ticket changed within it is found by both windows that meet there, never by none.
    pub fn read(start: Option<&str>, end: Option<&str>, now: Millis) -> Result<Self, WindowError> {
        let read = |name: &'static str, text: Option<&str>, default: Millis| {
            text.map_or(Ok(default), |text| parse(text).ok_or(WindowError::Time(name)))
        };
        let start = read("updated_start_ts", start, 0)?;
        let end = read("updated_end_ts", end, now.max(start))?;
        if end < start { Err(WindowError::Order) } else { Ok(Self { start, end }) }
    }

    /// The window for a help desk that cuts its times to whole seconds: what changed later in the second in which the
    /// window begins counts as changed at the beginning of that second.
    #[must_use]
    pub const fn in_seconds(self) -> Self {
        Self { start: self.start - self.start % 1_000, end: self.end }
    }

    /// Whether a time lies in it.
    pub const fn holds(&self, at: Millis) -> bool {
        self.start <= at && at <= self.end
    }
}

/// A time as Moveworks writes it, or nearly so: up to nine digits of a fraction, `Z`, an offset, or nothing for UTC.
fn parse(text: &str) -> Option<Millis> {
    let mut text = text.trim().to_ascii_uppercase();
    // No time has other characters, and within these every place is one to cut at.
    if !text.is_ascii() {
        return None;
    }
    // A plus sign that nobody encoded is a blank once a query has been read.
    if text.contains('T') {
        text = text.replace(' ', "+");
    }
    let offset = text.get(19..).and_then(|rest| rest.find(['Z', '+', '-'])).map(|at| at + 19);
    match offset.and_then(|at| text.get(at + 1..)).map(str::len) {
        None => text.push('Z'),
        // `+0530`
        Some(4) => text.insert(text.len().saturating_sub(2), ':'),
        Some(_) => {}
    }
    let time = DateTime::parse_from_rfc3339(&text).ok()?.timestamp_millis();
    // Before 1970 there were no tickets; years beyond the fourth digit have no place in a timestamp.
    Some(time).filter(|millis| (0..=MAX).contains(millis))
}

/// 9999-12-31T23:59:59.999Z.
const MAX: Millis = 253_402_300_799_999;

/// A time on the wire: `2026-03-05T08:15:30.000000Z`.
pub fn written(at: Millis) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(at.clamp(0, MAX)).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
