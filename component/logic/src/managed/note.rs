//! What is written into the ticket when a request has an outcome.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

use super::{Deed, Recipient, Request, RequestStatus, State};
use crate::approval::Millis;
use crate::outbox::next_wait;
use crate::text::clean_line;

/// The outcome of a request, for its ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The whole note, the marker at its end. Plain text, with the signs of HTML escaped: help desks show notes as HTML.
    pub text: String,
    /// What tells this note from all others, so that it is written once.
    pub marker: String,
    /// The outcome in a word, for a field: `Approved` or `Declined`.
    pub outcome: &'static str,
    /// When the outcome was reached.
    pub at: Millis,
}

/// What the note about an outcome ends with.
pub fn marker(request: &str, revision: u32, status: RequestStatus) -> String {
    format!("[approval-bridge {request} r{revision} {}]", status.name())
}

impl Request {
    /// What is to be written into the ticket; none as long as there is no outcome, or once it stands there. A cancelled
    /// request has none: it disappears from its ticket.
    pub fn note(&self) -> Option<Note> {
        let outcome = match self.status() {
            RequestStatus::Approved => "Approved",
            RequestStatus::Declined => "Declined",
            RequestStatus::PendingApproval | RequestStatus::PartiallyApproved | RequestStatus::Cancelled => {
                return None;
            }
        };
        if self.is_written_back() {
            return None;
        }
        let marker = marker(&self.id, self.revision, self.status());
        let mut lines = vec![
            format!("Approval request \"{}\": {}", self.subject, self.outcome_words()),
            format!("Policy: {}", self.policy.words(self.counts().all)),
        ];
        lines.extend(self.asked().map(line));
        let mut text: String = lines.iter().map(|line| escaped(&clean_line(line)) + "\n").collect();
        text.push_str(&marker);
        Some(Note { text, marker, outcome, at: self.closed_at().unwrap_or(self.created_at) })
    }

    /// Notes that the outcome stands in the ticket.
    pub fn written_back(&mut self, now: Millis) {
        if !self.is_written_back() {
            self.log(now, Deed::WrittenBack, None, None);
        }
    }

    /// Notes that writing failed this time, and when it is due again, at least `at_least` later. It is tried as often as a
    /// message.
    pub fn write_failed(&mut self, at_least: Duration, now: Millis) {
        self.write_failures = self.write_failures.saturating_add(1);
        match next_wait(&self.id, self.write_failures, at_least) {
            Some(wait) => self.write_after = now.saturating_add(wait),
            None => self.log(now, Deed::NotWrittenBack, None, None),
        }
    }
}

fn line(recipient: &Recipient) -> String {
    let who = match &recipient.name {
        Some(name) => format!("{name} ({})", recipient.email),
        None => recipient.email.clone(),
    };
    let deed = match recipient.state {
        State::Pending => return format!("- {who} did not answer"),
        State::Approved => "approved",
        State::Declined => "declined",
    };
    let when = recipient.answered_at.and_then(DateTime::from_timestamp_millis);
    let when = when.map(|when| format!(" on {}", when.to_rfc3339_opts(SecondsFormat::Secs, true))).unwrap_or_default();
    let words = recipient.comment.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
    format!("- {who} {deed}{when}{words}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
