//! How an approval process moves: sending, answering, passing a level, ending.
//!
//! ManageEngine help, "Approvals": levels run in order; approvers of the next level stay "To Be Sent" until the one
//! before has passed; a rejected level ends the process. What becomes of the other approvals of a decided level is not
//! published: here they keep their state, and their level is no longer current.

use super::ids::{ApprovalRef, TicketRef};
use super::model::{Level, Person, Rule, State, Ticket};
use super::settings::SdpSettings;
use super::world::World;

/// One answer to one approval.
pub(crate) struct Answer {
    pub(crate) approved: bool,
    pub(crate) by: Person,
    pub(crate) comments: Option<String>,
    pub(crate) at: i64,
}

impl World {
    /// Sends a ticket's first waiting level to its approvers, as of `at`.
    pub(crate) fn send_at(&mut self, ticket: &TicketRef, at: i64) {
        let settings = self.settings.sdp.clone();
        if let Some(ticket) = self.ticket_mut(ticket.module, &ticket.ticket) {
            send_next(ticket, &settings, at);
        }
    }

    /// Records an answer and moves the process on. False if there is no such approval.
    pub(crate) fn answer(&mut self, at: &ApprovalRef, answer: Answer) -> bool {
        let settings = self.settings.sdp.clone();
        let Some(ticket) = self.ticket_mut(at.module, &at.ticket) else { return false };
        let now = answer.at;
        let Some(approval) = ticket.level_mut(&at.level).and_then(|level| level.approval_mut(&at.approval)) else {
            return false;
        };
        approval.state = if answer.approved { State::Approved } else { State::Rejected };
        approval.acted_on = Some(now);
        approval.acted_by = Some(answer.by);
        approval.comments = answer.comments;
        if settings.approvals_touch_tickets {
            ticket.updated = now;
        }
        settle(ticket, &at.level, &settings, now);
        true
    }
}

/// Looks whether a level is decided now, and if so moves on.
pub(crate) fn settle(ticket: &mut Ticket, level_id: &str, settings: &SdpSettings, now: i64) {
    let Some(level) = ticket.level_mut(level_id) else { return };
    if level.state != State::Pending {
        return;
    }
    let Some(passed) = verdict(level) else { return };
    level.state = if passed { State::Approved } else { State::Rejected };
    level.current = false;
    level.acted_on = Some(now);
    if passed {
        send_next(ticket, settings, now);
    } else {
        ticket.approval_state = Some(State::Rejected);
    }
}

/// Whether a level has passed, has failed, or is still open (none).
fn verdict(level: &Level) -> Option<bool> {
    let votes: Vec<&State> = level
        .approvals
        .iter()
        .filter(|approval| !approval.deleted && approval.state != State::Delegated)
        .map(|approval| &approval.state)
        .collect();
    let (all, yes) = (votes.len(), votes.iter().filter(|state| ***state == State::Approved).count());
    let no = votes.iter().filter(|state| ***state == State::Rejected).count();
    match level.rule {
        Rule::Anyone if yes > 0 => Some(true),
        Rule::Anyone => (all > 0 && no == all).then_some(false),
        Rule::Everyone if no > 0 => Some(false),
        Rule::Everyone => (all > 0 && yes == all).then_some(true),
        Rule::FirstResponse => (yes + no > 0).then_some(yes > 0),
        Rule::Percent(of) if all > 0 && yes * 100 >= all * usize::from(of) => Some(true),
        Rule::Percent(of) => ((all - no) * 100 < all * usize::from(of)).then_some(false),
    }
}

/// Sends the next level that waits; without one the process has passed.
fn send_next(ticket: &mut Ticket, settings: &SdpSettings, now: i64) {
    let earlier: Vec<String> = ticket
        .levels
        .iter()
        .flat_map(|level| &level.approvals)
        .filter(|approval| approval.state == State::Approved)
        .filter_map(|approval| approval.approver.as_ref()?.email.clone())
        .collect();
    let requester = ticket.requester.as_ref().and_then(|person| person.email.clone());
    let Some(level) = ticket.levels.iter_mut().find(|level| !level.deleted && level.state == State::ToBeSent) else {
        ticket.approval_state = Some(State::Approved);
        return;
    };
    level.state = State::Pending;
    level.current = true;
    for approval in level.approvals.iter_mut().filter(|a| !a.deleted && a.state == State::ToBeSent) {
        approval.state = State::Pending;
        approval.sent_on = Some(now);
        approval.sent_by = Some(settings.owner.clone());
        let email = approval.approver.as_ref().and_then(|person| person.email.clone());
        if settings.auto_approve && email.is_some_and(|e| earlier.contains(&e) || requester.as_deref() == Some(&e)) {
            approval.state = State::Approved;
            approval.acted_on = Some(now);
            approval.comments = Some("Auto approved by the system".into());
        }
    }
    let id = level.id.clone();
    ticket.approval_state = Some(State::Pending);
    if settings.approvals_touch_tickets {
        ticket.updated = now;
    }
    settle(ticket, &id, settings, now);
}
