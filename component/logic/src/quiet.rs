//! Quiet hours: when the bridge says nothing of its own accord.
//!
//! What is held back is said when they end; nothing is dropped. They are hours on people's clocks, so a night in which
//! the clocks are changed is an hour shorter or longer.

use jiff_core::Timestamp;
use jiff_core::tz::posix::TimeZone;

use crate::approval::Millis;

/// Rules in force and the zones that keep them, made at build time from the IANA Time Zone Database.
static ZONES: &str = include_str!(concat!(env!("OUT_DIR"), "/zones.txt"));

/// A time zone by its name in the IANA Time Zone Database: `Europe/Berlin`, `UTC`. None: there is no such zone.
///
/// Zones whose clocks follow the moon (Morocco, Western Sahara, Gaza) are taken at the rule that their entries end
/// with; the database lists their other changes one by one.
pub fn zone(name: &str) -> Option<TimeZone> {
    let named = |line: &&str| line.split(' ').skip(1).any(|own| own.eq_ignore_ascii_case(name));
    let rule = ZONES.lines().find(named)?.split(' ').next()?;
    TimeZone::parse(rule).ok()
}

/// A span of every day, in a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of the day that is quiet.
    from: u16,
    /// The first minute that is not quiet any more; before `from` where the span goes over midnight.
    to: u16,
    zone: TimeZone,
}

impl QuietHours {
    /// Reads `19:00-08:00`. None: it is no such span, or it is empty.
    pub fn parse(span: &str, zone: TimeZone) -> Option<Self> {
        let (from, to) = span.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to).then_some(Self { from, to, zone })
    }

    /// Whether nothing is said now.
    pub fn hold(&self, now: Millis) -> bool {
        // A time that no calendar holds holds nothing back.
        let Ok(now) = Timestamp::from_millisecond(now) else { return false };
        let seconds = now.as_second() + i64::from(self.zone.to_offset(now).seconds());
        let minute = u16::try_from(seconds.rem_euclid(86_400) / 60).unwrap_or(0);
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// `08:30` as a minute of the day; `24:00` is its end.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 || (hours, minutes) == (24, 0)).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use chrono::{Offset, TimeZone as _};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Millis {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    fn quiet(span: &str, name: &str) -> QuietHours {
        QuietHours::parse(span, zone(name).unwrap()).unwrap()
    }

    #[test]
    fn a_span_over_midnight_holds_the_night() {
        let night = quiet("19:00-08:00", "UTC");
        for (time, held) in [
            ("2026-11-20T18:59:59.999Z", false),
            ("2026-11-20T19:00:00Z", true),
            ("2026-11-21T00:00:00Z", true),
            ("2026-11-21T07:59:59Z", true),
            ("2026-11-21T08:00:00Z", false),
        ] {
            assert_eq!(night.hold(at(time)), held, "{time}");
        }
    }

    #[test]
    fn a_span_within_a_day_holds_that_part() {
        let noon = quiet("12:00-13:30", "UTC");
        assert!(!noon.hold(at("2026-11-20T11:59:00Z")) && noon.hold(at("2026-11-20T12:00:00Z")));
        assert!(noon.hold(at("2026-11-20T13:29:00Z")) && !noon.hold(at("2026-11-20T13:30:00Z")));
        assert!(quiet("20:00-24:00", "UTC").hold(at("2026-11-20T23:59:59Z")));
        assert!(!quiet("20:00-24:00", "UTC").hold(at("2026-11-20T00:00:00Z")));
    }

    #[test]
    fn the_end_of_a_night_follows_the_clocks_of_its_zone() {
        // Berlin leaves UTC+1 on 29 March 2026 and comes back on 25 October; New York on 8 March and 1 November.
        for (name, ends) in [
            ("Europe/Berlin", ["2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z", "2026-10-25T07:00:00Z"]),
            ("America/New_York", ["2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z", "2026-11-01T13:00:00Z"]),
            ("Asia/Kolkata", ["2026-03-28T02:30:00Z", "2026-06-29T02:30:00Z", "2026-10-25T02:30:00Z"]),
            ("Australia/Lord_Howe", ["2026-04-03T21:00:00Z", "2026-04-04T21:30:00Z", "2026-10-03T21:00:00Z"]),
        ] {
            let night = quiet("19:00-08:00", name);
            for end in ends {
                assert!(night.hold(at(end) - 1) && !night.hold(at(end)), "{name} {end}");
            }
        }
    }

    #[test]
    fn every_zone_of_the_database_is_known_in_any_case_and_no_other() {
        assert!(ZONES.lines().map(|line| line.split(' ').count() - 1).sum::<usize>() > 400);
        for name in ["UTC", "utc", "Etc/UTC", "europe/berlin", "America/Argentina/Buenos_Aires", "Asia/Calcutta"] {
            assert!(zone(name).is_some(), "{name}");
        }
        for name in
            ["", "Berlin", "Europe", "CET-1", "<+01>-1", "Europe/Berlin\n", "Europe/Berlin Europe/Paris", "+02:00"]
        {
            assert!(zone(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "19:00",
            "19:00-",
            "19-08",
            "24:01-08:00",
            "19:60-08:00",
            "9:00-8:00",
            "08:00-08:00",
            "a:bc-de:fg",
            "+9:00-08:00",
        ] {
            assert!(QuietHours::parse(text, zone("UTC").unwrap()).is_none(), "{text:?}");
        }
        assert!(QuietHours::parse(" 19:00 - 08:00 ", zone("UTC").unwrap()).is_some());
    }

    /// Zones of every kind of rule. Not the whole database: legislators change it between two releases.
    const ZONES_OF_EVERY_KIND: [chrono_tz::Tz; 16] = [
        chrono_tz::Africa::Cairo,
        chrono_tz::Africa::Lagos,
        chrono_tz::America::Caracas,
        chrono_tz::America::Havana,
        chrono_tz::America::New_York,
        chrono_tz::America::Santiago,
        chrono_tz::America::St_Johns,
        chrono_tz::Asia::Jerusalem,
        chrono_tz::Asia::Kathmandu,
        chrono_tz::Australia::Lord_Howe,
        chrono_tz::Europe::Berlin,
        chrono_tz::Europe::Dublin,
        chrono_tz::Europe::London,
        chrono_tz::Pacific::Auckland,
        chrono_tz::Pacific::Chatham,
        chrono_tz::UTC,
    ];

    proptest! {
        #[test]
        fn clocks_agree_with_those_of_another_library(at in 0_usize..16, second in 1_790_000_000_i64..2_090_000_000) {
            let other = ZONES_OF_EVERY_KIND[at];
            let time = chrono::DateTime::from_timestamp(second, 0).unwrap().naive_utc();
            let expected = other.offset_from_utc_datetime(&time).fix().local_minus_utc();
            let own = zone(other.name()).unwrap().to_offset(Timestamp::from_second(second).unwrap()).seconds();
            prop_assert_eq!(own, expected, "{} at {}", other.name(), time);
        }
    }
}
