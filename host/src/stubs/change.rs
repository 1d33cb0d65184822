//! Changing the world afterwards: what people do in the product while the bridge is not looking.

use super::advance::{Answer, settle};
use super::builder::refer;
use super::ids::{ApprovalRef, Missing, TicketRef};
use super::model::{Approval, Level, Module, Patch, State, Ticket};
use super::world::World;
use serde_json::Value;

type Done = Result<(), Missing>;

impl World {
    /// Somebody answers in the product itself.
    pub fn decide(&mut self, at: &ApprovalRef, by: &str, approved: bool, comments: Option<&str>) -> Done {
        let now = self.now();
        let known = self.approval_mut(at)?.approver.clone().filter(|person| person.name == by);
        let by = match known {
            Some(person) => person,
            None => self.person(by, None),
        };
        let answer = Answer { approved, by, comments: comments.map(Into::into), at: now };
        if self.answer(at, answer) { Ok(()) } else { Err(missing(at)) }
    }

    /// Somebody approves in the product itself.
    pub fn approve(&mut self, at: &ApprovalRef, by: &str) -> Done {
        self.decide(at, by, true, None)
    }

    /// Somebody rejects in the product itself.
    pub fn reject(&mut self, at: &ApprovalRef, by: &str) -> Done {
        self.decide(at, by, false, Some("Not this quarter"))
    }

    /// Sends a ticket's first waiting level to its approvers.
    pub fn send(&mut self, ticket: &TicketRef) -> Done {
        let now = self.now();
        self.known(ticket)?;
        self.send_at(ticket, now);
        Ok(())
    }

    /// The approver hands the approval on: it turns "Delegated", and a sibling exists for the delegate.
    pub fn delegate(&mut self, at: &ApprovalRef, name: &str, email: &str) -> Result<ApprovalRef, Missing> {
        let (now, delegate) = (self.now(), self.person(name, Some(email)));
        let mut sibling = self.new_approval(at.module, Some(delegate));
        let original = self.approval_mut(at)?;
        original.state = State::Delegated;
        original.acted_on = Some(now);
        original.acted_by = original.approver.clone();
        sibling.original_approver = original.approver.clone();
        sibling.state = State::Pending;
        sibling.sent_on = Some(now);
        let approval = sibling.id.clone();
        self.level_mut(at)?.approvals.push(sibling);
        self.touched(at, now);
        Ok(ApprovalRef { approval, ..at.clone() })
    }

    /// The same approval goes to somebody else, as to a backup approver: new approver, new mail.
    pub fn reassign(&mut self, at: &ApprovalRef, name: &str, email: &str) -> Done {
        let (now, person) = (self.now(), self.person(name, Some(email)));
        let approval = self.approval_mut(at)?;
        approval.original_approver = approval.original_approver.take().or(approval.approver.take());
        approval.approver = Some(person);
        approval.sent_on = Some(now);
        self.touched(at, now);
        Ok(())
    }

    /// The mail goes out again: a new `sent_on`.
    pub fn resend(&mut self, at: &ApprovalRef) -> Done {
        let now = self.now();
        let approval = self.approval_mut(at)?;
        approval.state = State::Pending;
        approval.sent_on = Some(now);
        self.touched(at, now);
        Ok(())
    }

    /// The approval goes back to "To Be Sent".
    pub fn unsend(&mut self, at: &ApprovalRef) -> Done {
        let now = self.now();
        let approval = self.approval_mut(at)?;
        approval.state = State::ToBeSent;
        approval.sent_on = None;
        self.touched(at, now);
        Ok(())
    }

    /// The approval is no longer asked: it is marked as deleted, and listed still.
    pub fn withdraw(&mut self, at: &ApprovalRef) -> Done {
        let (now, settings) = (self.now(), self.settings.sdp.clone());
        self.approval_mut(at)?.deleted = true;
        self.touched(at, now);
        if let Some(ticket) = self.ticket_mut(at.module, &at.ticket) {
            settle(ticket, &at.level, &settings, now);
        }
        Ok(())
    }

    /// The approval is gone from the lists.
    pub fn remove(&mut self, at: &ApprovalRef) -> Done {
        self.withdraw(at)?;
        self.level_mut(at)?.approvals.retain(|approval| approval.id != at.approval);
        Ok(())
    }

    /// Marks the approval's whole level as deleted.
    pub fn delete_level(&mut self, at: &ApprovalRef) -> Done {
        let now = self.now();
        self.level_mut(at)?.deleted = true;
        self.touched(at, now);
        Ok(())
    }

    /// The ticket is gone.
    pub fn remove_ticket(&mut self, ticket: &TicketRef) -> Done {
        let gone = self.tickets.get_mut(&ticket.module).and_then(|of| of.remove(&ticket.ticket));
        gone.map(drop).ok_or_else(|| Missing(format!("ticket {}", ticket.ticket)))
    }

    /// A new level of these people at the end of the process; it is sent at once if everything before has passed.
    pub fn add_level(&mut self, ticket: &TicketRef, approvers: &[(&str, &str)]) -> Result<TicketRef, Missing> {
        let now = self.now();
        let mut scratch = self.new_ticket(ticket.module).level(approvers).into_levels();
        let settings = self.settings.sdp.clone();
        let kept = self.known(ticket)?;
        let number = kept.levels.len() as u32 + 1;
        for level in &mut scratch {
            (level.number, level.name, level.created) = (number, format!("Level {number}"), now);
        }
        kept.levels.append(&mut scratch);
        if settings.approvals_touch_tickets {
            kept.updated = now;
        }
        let (reference, passed) = (refer(kept), kept.approval_state == Some(State::Approved));
        if passed {
            self.send_at(&reference, now);
        }
        Ok(reference)
    }

    /// Gives an approval any state, such as `State::Other("Zurückgestellt".into())`.
    pub fn set_state(&mut self, at: &ApprovalRef, state: State) -> Done {
        self.approval_mut(at)?.state = state;
        Ok(())
    }

    /// The tenant calls a state by another name.
    pub fn rename_status(&mut self, state: State, name: &str) {
        self.settings.sdp.names.insert(state, name.into());
    }

    /// The approval has no approver: null.
    pub fn clear_approver(&mut self, at: &ApprovalRef) -> Done {
        self.approval_mut(at)?.approver = None;
        Ok(())
    }

    /// The approver's address changes; none: `email_id` is null.
    pub fn set_email(&mut self, at: &ApprovalRef, email: Option<&str>) -> Done {
        let approver = self.approval_mut(at)?.approver.as_mut();
        let approver = approver.ok_or_else(|| Missing(format!("approver of {at}")))?;
        approver.email = email.map(Into::into);
        Ok(())
    }

    /// The ticket was updated now, by whatever.
    pub fn touch(&mut self, ticket: &TicketRef) -> Done {
        let now = self.now();
        self.known(ticket)?.updated = now;
        Ok(())
    }

    /// Puts a field over the wire form of a ticket.
    pub fn set_ticket_field(&mut self, ticket: &TicketRef, field: &str, value: Value) -> Done {
        put(&mut self.known(ticket)?.patch, field, Some(value));
        Ok(())
    }

    /// Puts a field over the wire form of an approval's level; none leaves it out.
    pub fn set_level_field(&mut self, at: &ApprovalRef, field: &str, value: Option<Value>) -> Done {
        put(&mut self.level_mut(at)?.patch, field, value);
        Ok(())
    }

    /// Puts a field over the wire form of an approval; none leaves it out.
    pub fn set_approval_field(&mut self, at: &ApprovalRef, field: &str, value: Option<Value>) -> Done {
        put(&mut self.approval_mut(at)?.patch, field, value);
        Ok(())
    }

    /// The level of an approval, to change anything about it.
    pub fn level_mut(&mut self, at: &ApprovalRef) -> Result<&mut Level, Missing> {
        self.ticket_mut(at.module, &at.ticket).and_then(|t| t.level_mut(&at.level)).ok_or_else(|| missing(at))
    }

    /// An approval, to change anything about it.
    pub fn approval_mut(&mut self, at: &ApprovalRef) -> Result<&mut Approval, Missing> {
        self.level_mut(at)?.approval_mut(&at.approval).ok_or_else(|| missing(at))
    }

    fn known(&mut self, ticket: &TicketRef) -> Result<&mut Ticket, Missing> {
        let (module, id): (Module, &str) = (ticket.module, &ticket.ticket);
        self.ticket_mut(module, id).ok_or_else(|| Missing(format!("ticket {id}")))
    }

    fn touched(&mut self, at: &ApprovalRef, now: i64) {
        if self.settings.sdp.approvals_touch_tickets
            && let Some(ticket) = self.ticket_mut(at.module, &at.ticket)
        {
            ticket.updated = now;
        }
    }
}

fn missing(at: &ApprovalRef) -> Missing {
    Missing(format!("approval {at}"))
}

fn put(patch: &mut Patch, field: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            patch.unset.remove(field);
            patch.set.insert(field.into(), value);
        }
        None => {
            patch.unset.insert(field.into());
        }
    }
}
