//! The account of a sweep: what was handed over, for the audit trail, and what there is to count.

use approval_logic::approval::Millis;
use approval_logic::audit::{self as trail, Event};
use approval_logic::diff::Entry;
use approval_logic::metrics::{
    ANNOUNCE, ANNOUNCEMENTS, DECIDE, LAST_SWEEP, MESSAGES, PROBLEMS, SWEEP_DURATION, SWEEPS,
};

use super::Task;
use crate::config::{Door, Settings};
use crate::host::Host;
use crate::http::Calls;
use crate::report::Report;
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::audit;
use crate::store::outbox::{Content, Fate, Record};
use crate::tally::Tally;

type Fates = Sorted<(Fate, Record)>;

/// Writes the messages that came to their end into the audit trail. To be done before the outbox forgets them: what the
/// next sweep recovers after a crash is written down by that one, twice rather than never.
pub(super) async fn write_down<H: Host>(store: &Store<H>, settings: &Settings, fates: &Fates, report: &mut Report) {
    let door = match settings.moveworks.as_ref().map(|moveworks| &moveworks.door) {
        Some(Door::Listener { .. }) => trail::Door::Listener,
        _ => trail::Door::Events,
    };
    let ended = fates.values().filter(|(fate, _)| matches!(fate, Fate::Sent | Fate::Dead));
    let events: Vec<Event> = ended
        .map(|(fate, record)| Event::Message {
            event_id: record.id.clone(),
            recipient: record.recipient.clone(),
            approvals: record.content.about().iter().map(|entry| entry.approval.id.to_string()).collect(),
            taken: *fate == Fate::Sent,
            door,
        })
        .collect();
    let noted = audit::note(store, settings.audit_keep, &events, &Tally::default()).await;
    if let Some(code) = noted.failure()
        && let Some(source) = report.sources.or_default("audit")
    {
        source.problem(None, code, "what was handed over may be missing from the audit trail");
    }
}

/// How long the approvals had waited that were found decided at a time, in milliseconds.
pub(super) fn waited(entries: &Sorted<Entry>, closed_at: Millis) -> Vec<Millis> {
    entries.values().filter(|entry| entry.closed_at == Some(closed_at)).filter_map(Entry::waited).collect()
}

/// What a sweep did.
pub(super) struct Swept<'a> {
    pub(super) task: &'a Task,
    pub(super) settings: &'a Settings,
    pub(super) calls: &'a Calls,
    /// How long the approvals had waited that it found decided, in milliseconds.
    pub(super) waited: &'a [Millis],
    pub(super) fates: &'a Fates,
    pub(super) report: &'a Report,
    pub(super) now: Millis,
    /// How long it took, in milliseconds.
    pub(super) took: u64,
}

impl Swept<'_> {
    /// Adds what there is to count.
    pub(super) fn count(&self, tally: &mut Tally) {
        let now = self.now;
        let task = match self.task {
            Task::All => "all",
            Task::Ticket(_) => "ticket",
            Task::Deliver => "deliver",
        };
        tally.add(SWEEPS, &[task, if self.report.complete { "complete" } else { "incomplete" }], 1);
        tally.observe(SWEEP_DURATION, i64::try_from(self.took));
        if *self.task == Task::All {
            tally.set(LAST_SWEEP, &[], u64::try_from(now).unwrap_or(0));
        }
        tally.calls(self.settings, self.calls);
        for (name, source) in self.report.sources.iter() {
            tally.add(PROBLEMS, &[name], u64::try_from(source.errors.len()).unwrap_or(u64::MAX));
            tally.add(ANNOUNCEMENTS, &[name], u64::from(source.notified));
        }
        tally.observe(DECIDE, self.waited.iter().copied());
        let mut delays = Vec::new();
        for (fate, record) in self.fates.values() {
            let outcome = match fate {
                Fate::Sent => "taken",
                Fate::Dead => "given_up",
                Fate::Dropped => "dropped",
                Fate::Waiting => continue,
            };
            tally.add(MESSAGES, &[kind(&record.content), outcome], 1);
            if *fate == Fate::Sent && record.content.announces() {
                let sent = record.content.asked().iter().filter_map(|entry| entry.approval.sent_at);
                delays.extend(sent.map(|at| now.saturating_sub(at)));
            }
        }
        tally.observe(ANNOUNCE, delays);
    }
}

fn kind(content: &Content) -> &'static str {
    match content {
        Content::Pending(entries) if entries.len() > 1 => "digest",
        Content::Pending(_) => "pending",
        Content::Reminder(..) => "reminder",
        Content::Closed(_) => "closed",
        Content::Notice { .. } => "notice",
    }
}
