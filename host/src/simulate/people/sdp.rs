//! What people do in ServiceDesk Plus.

use super::super::asked::in_sdp;
use super::super::stage::Stage;
use super::super::witness::Question;
use super::{Deed, People, take};
use crate::stubs::{ApprovalRef, Missing, Module, Rule, State, World};

impl People {
    /// A new ticket, with up to four levels of up to four people.
    pub(super) fn ask_in_sdp(&mut self, stage: &Stage) -> String {
        let module = match self.dice.below(5) {
            0 => Module::Changes,
            1 => Module::Releases,
            _ => Module::Requests,
        };
        let rule = match self.dice.below(4) {
            0 => Rule::Anyone,
            1 => Rule::FirstResponse,
            2 => Rule::Percent(50),
            _ => Rule::Everyone,
        };
        let levels: Vec<Vec<(String, String)>> =
            (0..=self.dice.below(3)).map(|_| (0..=self.dice.below(3)).map(|_| self.person()).collect()).collect();
        let number = self.done.tickets + 1;
        let ticket = stage.stubs.with(|world| {
            let now = world.now();
            let mut ticket = world
                .new_ticket(module)
                .subject(&format!("Wish {number}"))
                .description(&format!("<p>Reasons for wish {number}</p>"))
                .requester("Sam Stinson", "sam.stinson@corp.example")
                .created(now)
                .updated(now);
            for level in &levels {
                let people: Vec<(&str, &str)> =
                    level.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
                ticket = ticket.level(&people).rule(rule);
            }
            ticket.add()
        });
        let text = format!("{} {} is made, {} levels", module.singular(), ticket.ticket, levels.len());
        self.tickets.push(ticket);
        text
    }

    /// Changes a ticket, or what this question is about; what was done, if it could be.
    pub(super) fn change_in_sdp(&mut self, stage: &Stage, deed: Deed, question: Option<&Question>) -> Option<String> {
        let any = question.and_then(in_sdp);
        let (name, email) = self.person();
        let yes = self.dice.below(4) > 0;
        let ticket = self.pick(&self.tickets.clone());
        let done = |done: Result<(), Missing>, what: String| done.ok().map(|()| what);
        match deed {
            Deed::Decide => {
                let at = any?;
                let by = stage.stubs.with(|world| world.truth_of(&at)).and_then(|truth| truth.approver);
                let by = by.filter(|_| self.dice.below(5) > 0).unwrap_or(name);
                let decided = stage.stubs.with(|world| world.decide(&at, &by, yes, Some("at the help desk")));
                done(decided, format!("{by} decides {at} at the help desk: {yes}"))
            }
            Deed::Reassign => with(stage, any, "is reassigned", |world, at| world.reassign(at, &name, &email)),
            Deed::Delegate => with(stage, any, "is delegated", |world, at| world.delegate(at, &name, &email).map(drop)),
            Deed::Resend => with(stage, any, "is sent once more", World::resend),
            Deed::Withdraw => with(stage, any, "is withdrawn", World::withdraw),
            Deed::Remove => with(stage, any, "is removed", World::remove),
            Deed::Unsend => {
                self.unsent.extend(any.clone());
                with(stage, any, "goes back to be sent", World::unsend)
            }
            Deed::SendAgain => {
                let at = take(&mut self.dice, &mut self.unsent);
                let still = at.filter(|at| {
                    let truth = stage.stubs.with(|world| world.truth_of(at));
                    truth.is_some_and(|truth| truth.state == State::ToBeSent)
                });
                with(stage, still, "is sent after all", World::resend)
            }
            Deed::LoseAddress => {
                self.mute.extend(any.clone());
                with(stage, any, "has an approver without address", |world, at| world.set_email(at, None))
            }
            Deed::FindAddress => {
                let at = take(&mut self.dice, &mut self.mute);
                with(stage, at, "has an approver with an address", |world, at| world.set_email(at, Some(&email)))
            }
            Deed::RemoveTicket => {
                let ticket = ticket?;
                self.tickets.retain(|own| *own != ticket);
                let removed = stage.stubs.with(|world| world.remove_ticket(&ticket));
                done(removed, format!("ticket {} is deleted", ticket.ticket))
            }
            Deed::AddLevel => {
                let ticket = ticket?;
                let added = stage.stubs.with(|world| world.add_level(&ticket, &[(&name, &email)]));
                done(added.map(drop), format!("ticket {} gets one more level", ticket.ticket))
            }
            Deed::Touch => {
                let ticket = ticket?;
                done(stage.stubs.with(|world| world.touch(&ticket)), format!("ticket {} is edited", ticket.ticket))
            }
            _ => None,
        }
    }
}

/// Changes one approval, if there is one.
fn with(
    stage: &Stage,
    at: Option<ApprovalRef>,
    what: &str,
    change: impl FnOnce(&mut World, &ApprovalRef) -> Result<(), Missing>,
) -> Option<String> {
    let at = at?;
    stage.stubs.with(|world| change(world, &at)).ok().map(|()| format!("{at} {what}"))
}
