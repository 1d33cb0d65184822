//! What the bridge counts about itself, as OpenMetrics text.
//!
//! Every family stands in one table with all the values that its labels can have, and only those are ever written. So the
//! number of series is fixed, all of them are there from the first scrape on, and nothing that a vendor or a person wrote,
//! an address least of all, can get into a label.
//!
//! Format: OpenMetrics 1.0.0 ("OpenMetrics, a cloud-native, highly scalable metrics protocol").

use std::fmt::Write;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What every name begins with.
const PREFIX: &str = "approval_bridge_";

/// Sweeps that came to their end, by task and result.
pub const SWEEPS: &str = "sweeps";
/// How long sweeps took.
pub const SWEEP_DURATION: &str = "sweep_duration_seconds";
/// When the last full sweep ended.
pub const LAST_SWEEP: &str = "last_sweep_timestamp_seconds";
/// What went wrong in sweeps, by source.
pub const PROBLEMS: &str = "problems";
/// Calls to vendors, by vendor and class.
pub const VENDOR_CALLS: &str = "vendor_calls";
/// Approvals that were announced, by source.
pub const ANNOUNCEMENTS: &str = "announcements";
/// Messages that came to their end, by kind and outcome.
pub const MESSAGES: &str = "messages";
/// Messages in the outbox, by state.
pub const OUTBOX: &str = "outbox_messages";
/// The age of the message that has waited longest.
pub const OUTBOX_AGE: &str = "outbox_oldest_age_seconds";
/// The time from an approval being pending to its card being taken.
pub const ANNOUNCE: &str = "pending_to_announced_seconds";
/// The time from an approval being pending to its decision.
pub const DECIDE: &str = "pending_to_decided_seconds";
/// Attempts to decide, by outcome and door.
pub const DECISIONS: &str = "decisions";
/// Lines of the audit trail.
pub const AUDIT_RECORDS: &str = "audit_records";
/// Events that the audit trail could not take.
pub const AUDIT_FAILURES: &str = "audit_failures";

/// The classes of calls to vendors.
pub mod class {
    /// 2xx.
    pub const OK: &str = "ok";
    /// 429: too many calls.
    pub const LIMITED: &str = "limited";
    /// 401 or 403: the credential.
    pub const AUTH: &str = "auth";
    /// 404.
    pub const NOT_FOUND: &str = "not_found";
    /// Another answer that repeating does not change, or a destination that the host does not allow.
    pub const PERMANENT: &str = "permanent";
    /// 5xx, 408, 425, or no connection: worth repeating.
    pub const RETRY: &str = "retry";
    /// No whole answer came.
    pub const LOST: &str = "lost";
}

/// What a family measures, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Only ever grows; a restart keeps it.
    Counter,
    /// What is so now. In milliseconds where the name says seconds.
    Gauge,
    /// How many took at most so long; the bounds and all that is observed in milliseconds.
    Histogram(&'static [u64]),
}

/// A label and all the values that it can have.
type Label = (&'static str, &'static [&'static str]);

struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    labels: &'static [Label],
}

const SOURCES: Label =
    ("source", &["sdp/requests", "sdp/changes", "sdp/releases", "zendesk", "managed", "moveworks", "audit"]);

const FAMILIES: &[Family] = &[
    Family {
        name: SWEEPS,
        kind: Kind::Counter,
        help: "Sweeps that came to their end. Incomplete: something due was not looked at or not handed over.",
        labels: &[("task", &["all", "ticket", "deliver"]), ("result", &["complete", "incomplete"])],
    },
    Family {
        name: SWEEP_DURATION,
        kind: Kind::Histogram(&[500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 50_000, 120_000]),
        help: "How long sweeps took.",
        labels: &[],
    },
    Family {
        name: LAST_SWEEP,
        kind: Kind::Gauge,
        help: "When the last sweep over everything ended; 0 before the first one.",
        labels: &[],
    },
    Family { name: PROBLEMS, kind: Kind::Counter, help: "Errors in the reports of sweeps.", labels: &[SOURCES] },
    Family {
        name: VENDOR_CALLS,
        kind: Kind::Counter,
        help: "Calls to vendors by what came back.",
        labels: &[
            ("vendor", &["sdp", "zoho", "zendesk", "atera", "moveworks"]),
            (
                "class",
                &[
                    class::OK,
                    class::LIMITED,
                    class::AUTH,
                    class::NOT_FOUND,
                    class::PERMANENT,
                    class::RETRY,
                    class::LOST,
                ],
            ),
        ],
    },
    Family {
        name: ANNOUNCEMENTS,
        kind: Kind::Counter,
        help: "Approvals whose card was taken by Moveworks.",
        labels: &[SOURCES],
    },
    Family {
        name: MESSAGES,
        kind: Kind::Counter,
        help: "Messages that came to their end: taken by Moveworks, given up, or no longer needed.",
        labels: &[
            ("kind", &["pending", "digest", "reminder", "closed", "notice"]),
            ("outcome", &["taken", "given_up", "dropped"]),
        ],
    },
    Family {
        name: OUTBOX,
        kind: Kind::Gauge,
        help: "Messages that wait, and messages that were given up and wait for a person.",
        labels: &[("state", &["waiting", "dead"])],
    },
    Family {
        name: OUTBOX_AGE,
        kind: Kind::Gauge,
        help: "How long the oldest waiting message has waited. Quiet hours count as well.",
        labels: &[],
    },
    Family {
        name: ANNOUNCE,
        kind: Kind::Histogram(&[60_000, 120_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000]),
        help: "From an approval being sent at its source to its card being taken by Moveworks.",
        labels: &[],
    },
    Family {
        name: DECIDE,
        kind: Kind::Histogram(&[300_000, 3_600_000, 14_400_000, 28_800_000, 86_400_000, 259_200_000, 604_800_000]),
        help: "From an approval being sent at its source to its being approved or rejected, wherever that was.",
        labels: &[],
    },
    Family {
        name: DECISIONS,
        kind: Kind::Counter,
        help: "Attempts to decide through the bridge.",
        labels: &[
            (
                "outcome",
                &[
                    "approved",
                    "rejected",
                    "already_decided",
                    "withdrawn",
                    "not_approver",
                    "unknown",
                    "invalid",
                    "not_ready",
                    "source_refused",
                    "unclear",
                    "failed",
                ],
            ),
            ("door", &["http", "operations"]),
        ],
    },
    Family { name: AUDIT_RECORDS, kind: Kind::Counter, help: "Lines written to the audit trail, ever.", labels: &[] },
    Family {
        name: AUDIT_FAILURES,
        kind: Kind::Counter,
        help: "Events that the audit trail could not take.",
        labels: &[],
    },
];

/// The name under which a series is counted: its family and the values of its labels in their order.
pub fn series(family: &str, labels: &[&str]) -> String {
    [&[family], labels].concat().join(" ")
}

/// The series in which observations in milliseconds count, each with what they add.
pub fn observations(family: &'static str, millis: &[u64]) -> Vec<(String, u64)> {
    let Some(Family { kind: Kind::Histogram(bounds), .. }) = FAMILIES.iter().find(|own| own.name == family) else {
        return Vec::new();
    };
    let count = |bound: u64| millis.iter().map(|millis| u64::from(*millis <= bound)).sum();
    let within = bounds.iter().map(|bound| (series(family, &[&bound.to_string()]), count(*bound)));
    let sum = millis.iter().fold(0, |sum: u64, millis| sum.saturating_add(*millis));
    within.chain([(series(family, &["sum"]), sum), (series(family, &["count"]), count(u64::MAX))]).collect()
}

/// The text. `value`: the value of a series by its name; 0 for one that has not been counted.
pub fn render(version: &str, value: &dyn Fn(&str) -> u64) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "# TYPE {PREFIX}build info\n# HELP {PREFIX}build The version that runs.\n\
         {PREFIX}build_info{{version=\"{version}\"}} 1\n"
    );
    for family in FAMILIES {
        family.render(&mut out, value);
    }
    out.push_str("# EOF\n");
    out
}

impl Family {
    fn in_seconds(&self) -> bool {
        self.name.ends_with("_seconds")
    }

    fn number(&self, value: u64) -> String {
        if self.in_seconds() { seconds(value) } else { value.to_string() }
    }

    fn render(&self, out: &mut String, value: &dyn Fn(&str) -> u64) {
        let name = self.name;
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let _ = writeln!(out, "# TYPE {PREFIX}{name} {kind}");
        let _ = writeln!(out, "# HELP {PREFIX}{name} {}", self.help);
        if let Kind::Histogram(bounds) = self.kind {
            for bound in bounds {
                let count = value(&series(name, &[&bound.to_string()]));
                let _ = writeln!(out, "{PREFIX}{name}_bucket{{le=\"{}\"}} {count}", seconds(*bound));
            }
            let (count, sum) = (value(&series(name, &["count"])), value(&series(name, &["sum"])));
            let _ = writeln!(out, "{PREFIX}{name}_bucket{{le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "{PREFIX}{name}_sum {}\n{PREFIX}{name}_count {count}", seconds(sum));
            return;
        }
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        for values in combinations(self.labels) {
            let pairs: Vec<String> =
                self.labels.iter().zip(&values).map(|((label, _), value)| format!("{label}=\"{value}\"")).collect();
            let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _ = writeln!(out, "{PREFIX}{name}{total}{labels} {}", self.number(value(&series(name, &values))));
        }
    }
}

/// Every combination of the labels' values.
fn combinations(labels: &[Label]) -> Vec<Vec<&'static str>> {
    labels.iter().fold(vec![Vec::new()], |all, (_, values)| {
        let extend = |own: &Vec<&'static str>| {
            let own = own.clone();
            values.iter().map(move |value| own.iter().chain([value]).copied().collect())
        };
        all.iter().flat_map(extend).collect()
    })
}

/// Milliseconds as seconds.
fn seconds(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

#[cfg(test)]
mod tests;
