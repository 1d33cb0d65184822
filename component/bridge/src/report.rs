//! What a sweep did, as the contract's report.

use approval_logic::approval::Millis;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::sorted::Sorted;

/// One sweep.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Report {
    /// When it began.
    #[serde(serialize_with = "iso")]
    #[cfg_attr(test, schema(value_type = String, format = DateTime))]
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether everything due was looked at.
    pub complete: bool,
    /// Whether nothing was announced or remembered.
    pub dry_run: bool,
    /// Per source: `sdp/requests`, `sdp/changes`, `sdp/releases`, `zendesk`; `moveworks` where sending failed,
    /// `slots` where another sweeper had some of this one's.
    #[cfg_attr(test, schema(value_type = std::collections::BTreeMap<String, SourceReport>))]
    pub sources: Sorted<SourceReport>,
    /// The messages.
    pub outbox: OutboxReport,
}

/// What one sweep did in one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct SourceReport {
    /// Calls made to the vendor.
    pub calls: u32,
    /// Tickets looked into.
    pub tickets: u32,
    /// Approvals read.
    pub approvals: u32,
    /// Of these, pending.
    pub pending: u32,
    /// Pending approvals not known before, or asked again.
    pub new: u32,
    /// Of these, deliberately not announced.
    pub baselined: u32,
    /// Cards handed to Moveworks.
    pub notified: u32,
    /// Reminders handed to Moveworks.
    pub reminded: u32,
    /// Approvals found to be no longer pending.
    pub closed: u32,
    /// Pending approvals that cannot be announced, or whose approver is silent.
    pub skipped: u32,
    /// What went wrong. The rest went on.
    pub errors: Vec<Problem>,
}

/// Something that went wrong with one ticket, or with a whole source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Problem {
    /// The ticket's id; none for the source as a whole.
    pub ticket: Option<String>,
    /// A stable name.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// What happened to the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct OutboxReport {
    /// Planned in this sweep.
    pub planned: u32,
    /// Taken by Moveworks in this sweep.
    pub sent: u32,
    /// Still waiting.
    pub waiting: u32,
    /// Given up, ever, and waiting for a person.
    pub dead: u32,
}

/// The part of a report that tells of slots which another sweeper had.
pub const SLOTS: &str = "slots";

/// How many errors a source lists; the rest is counted in one line. A sick vendor must not swell the report.
const ERRORS_MAX: usize = 100;

impl Report {
    /// Adds what was done in another part of the same sweep.
    pub fn add(&mut self, other: Self) {
        self.complete &= other.complete;
        for (name, source) in other.sources {
            if let Some(own) = self.sources.or_default(&name) {
                own.add(source);
            }
        }
        self.outbox.planned += other.outbox.planned;
        self.outbox.sent += other.outbox.sent;
        self.outbox.waiting += other.outbox.waiting;
        self.outbox.dead += other.outbox.dead;
    }
}

impl SourceReport {
    /// Adds an error.
    pub fn problem(&mut self, ticket: Option<&str>, code: &str, message: impl Into<String>) {
        let problem = Problem { ticket: ticket.map(str::to_owned), code: code.to_owned(), message: message.into() };
        if !self.errors.contains(&problem) {
            self.errors.push(problem);
        }
    }

    /// Cuts the list of errors and says how many were left out.
    pub fn cut_errors(&mut self) {
        let surplus = self.errors.len().saturating_sub(ERRORS_MAX);
        if surplus > 0 {
            self.errors.truncate(ERRORS_MAX);
            self.problem(None, "MORE_ERRORS", format!("{surplus} more errors are not listed"));
        }
    }

    /// Adds the counts of another part of the same source.
    pub fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.tickets += other.tickets;
        self.approvals += other.approvals;
        self.pending += other.pending;
        self.new += other.new;
        self.baselined += other.baselined;
        self.notified += other.notified;
        self.reminded += other.reminded;
        self.closed += other.closed;
        self.skipped += other.skipped;
        for problem in other.errors {
            if !self.errors.contains(&problem) {
                self.errors.push(problem);
            }
        }
    }
}

/// A time in RFC 3339, UTC, with milliseconds.
pub fn iso_text(millis: Millis) -> String {
    DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn iso<S: Serializer>(millis: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&iso_text(*millis))
}
