//! What a sweep finds in one part of a source, whichever it is.

use std::collections::BTreeSet;
use std::sync::Mutex;

use approval_logic::approval::{ApprovalId, Millis, Person};
use approval_logic::diff::{Entry, Said, TicketSnapshot, diff};
use approval_logic::policy::{self, Action, Plan, Rules};

use crate::report::SourceReport;
use crate::sorted::Sorted;
use crate::sources;
use crate::store::ledger::entry_key;
use crate::store::progress::{LedgerProgress, ModuleProgress, ZendeskProgress};
use crate::store::requests::Seen;

/// One part of a source after its sweep.
pub(super) struct Outcome {
    /// The part's name in reports.
    pub(super) module: String,
    /// Where the next sweep goes on.
    pub(super) place: Place,
    /// What was found.
    pub(super) found: Found,
    /// Tickets that have to be looked at again.
    pub(super) left: Vec<String>,
    /// Whether everything due was looked at.
    pub(super) complete: bool,
}

/// Where the next sweep of a part goes on.
pub(super) enum Place {
    /// A module of ServiceDesk Plus.
    Module(ModuleProgress),
    /// The requests that the bridge keeps.
    Managed {
        /// The walk over those that wait; none: there was none.
        walk: Option<LedgerProgress>,
        /// Those that have changed and about which nothing is left to do.
        done: Vec<Seen>,
    },
    /// Zendesk.
    Zendesk(ZendeskProgress),
    /// Where it would have gone on anyway.
    Same,
}

/// What the walks of a part add up, side by side.
#[derive(Default)]
pub(super) struct Found {
    /// The counts.
    pub(super) report: SourceReport,
    /// What to do, one plan for each changed approval, and when that was read.
    pub(super) plans: Sorted<(Plan, Millis)>,
    /// Reminders that are due, with their numbers. A ticket may be looked at twice in one sweep, so these, too, have keys.
    pub(super) reminders: Sorted<(Entry, u32, Millis)>,
    /// Who has to hear that nothing is left to do: entries as they ended for them.
    pub(super) closings: Sorted<(Entry, Millis)>,
    /// Tickets that could not be read.
    pub(super) failed: BTreeSet<String>,
    /// Tickets that were looked at.
    pub(super) looked: BTreeSet<String>,
}

/// What is read as one, as it was found, with what went wrong on the way.
pub(super) struct Looked {
    /// Since when it holds: the time before the first call.
    pub(super) read_at: Millis,
    /// Its approvals.
    pub(super) snapshot: TicketSnapshot,
    /// Odd rows and unknown names.
    pub(super) report: SourceReport,
    /// What approvals do not say themselves.
    pub(super) asides: Asides,
}

/// What a source tells beside the approvals.
#[derive(Default)]
pub(super) struct Asides {
    /// Approvers who are not to be told, and why.
    pub(super) out_of_reach: Vec<(ApprovalId, &'static str)>,
    /// The address of who is known to have taken the decision in chat.
    pub(super) decided_in_chat: Option<String>,
}

impl Asides {
    /// A plan to park for want of an address, with the reason that the source gives.
    fn explain(&self, plan: &mut Plan) {
        let why = self.out_of_reach.iter().find(|(id, _)| *id == plan.entry.approval.id).map(|(_, why)| *why);
        if let (Action::Park(said), Some(why)) = (&mut plan.action, why) {
            why.clone_into(said);
            plan.entry.said = Said::Parked(why.to_owned());
        }
    }
}

impl Found {
    /// Compares what was looked at with what is known of it, and notes what to do.
    pub(super) fn take(&mut self, known: &[Entry], looked: Looked, rules: &Rules, now: Millis) {
        self.report.add(looked.report);
        let changes = diff(known, std::slice::from_ref(&looked.snapshot));
        let mut changed = Vec::new();
        for change in &changes {
            let before = known.iter().find(|entry| entry.approval.id == change.approval().id);
            let mut plan = policy::plan(before, change, rules, now);
            looked.asides.explain(&mut plan);
            let counts = &mut self.report;
            match &plan.action {
                Action::Announce => counts.new += 1,
                Action::Baseline => (counts.new, counts.baselined) = (counts.new + 1, counts.baselined + 1),
                Action::Silence => (counts.new, counts.skipped) = (counts.new + 1, counts.skipped + 1),
                Action::Park(why) => {
                    counts.skipped += 1;
                    // Told when it is found, not every time it is still so.
                    if before.is_none_or(|entry| entry.said != Said::Parked(why.clone())) {
                        counts.new += 1;
                        counts.problem(Some(&change.approval().ticket.id), "NOBODY_TO_TELL", why.clone());
                    }
                }
                Action::Close => counts.closed += 1,
                Action::Refresh => {}
            }
            let closing = before.and_then(|before| policy::closing(before, change, rules));
            let closing = closing.filter(|entry| !decided_in_chat(entry, &looked.asides));
            let key = entry_key(&change.approval().id);
            self.closings.extend(closing.map(|entry| (key.clone(), (entry, looked.read_at))));
            changed.push(&change.approval().id);
            self.plans.insert(key, (plan, looked.read_at));
        }
        for entry in known.iter().filter(|entry| !changed.contains(&&entry.approval.id)) {
            // Nothing changed at the source, but what held the card back may have been lifted.
            let plan = policy::reconsider(entry, rules, now).map(|mut plan| {
                looked.asides.explain(&mut plan);
                plan
            });
            if let Some(plan) = plan.filter(|plan| plan.entry.said != entry.said) {
                self.report.new += u32::from(plan.action == Action::Announce);
                self.plans.insert(entry_key(&entry.approval.id), (plan, looked.read_at));
                continue;
            }
            let waits = looked.snapshot.approvals.iter().any(|approval| approval.id == entry.approval.id);
            if let Some(number) = policy::due_reminder(entry, rules, now).filter(|_| waits) {
                self.reminders.insert(entry_key(&entry.approval.id), (entry.clone(), number, looked.read_at));
            }
        }
    }
}

/// Whether the approver of an entry ended it in chat. The ledger knows that only if no sweep was writing it just then, so
/// the source is asked.
fn decided_in_chat(entry: &Entry, asides: &Asides) -> bool {
    let address = entry.approval.approver.as_ref().and_then(Person::address);
    address.is_some_and(|address| {
        sources::decided_in_chat(&entry.approval, &address) || asides.decided_in_chat.as_ref() == Some(&address)
    })
}

/// Works on what several walks share.
pub(super) fn with<T>(found: &Mutex<Found>, action: impl FnOnce(&mut Found) -> T) -> T {
    // A poisoned lock would mean a panic while counting; the counts are still good enough to go on with.
    action(&mut found.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
