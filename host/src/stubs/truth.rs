//! What is so, told apart from what the vendors show: the yardstick of the tests.

use super::ids::ApprovalRef;
use super::model::{Approval, Level, Module, State, Ticket};
use super::world::World;

/// One approval as it really is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Truth {
    /// The bridge's id: `sdp:{module}:{ticket}:{level}:{approval}`.
    pub id: String,
    /// The module.
    pub module: Module,
    /// The ticket's id.
    pub ticket: String,
    /// The number people know.
    pub number: String,
    /// The level's id.
    pub level: String,
    /// The level's number.
    pub level_number: u32,
    /// The approval's own id.
    pub approval: String,
    /// The approver's name.
    pub approver: Option<String>,
    /// The approver's address.
    pub email: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Whether it waits at its approver now, and an answer would count.
    pub live: bool,
    /// When it was sent, epoch milliseconds.
    pub sent_on: Option<i64>,
    /// Who answered.
    pub acted_by: Option<String>,
    /// The comment of the answer.
    pub comments: Option<String>,
}

impl World {
    /// Every approval there is, by module and ticket.
    pub fn truth(&self) -> Vec<Truth> {
        let tickets = Module::ALL.into_iter().flat_map(|module| self.tickets(module));
        tickets.flat_map(rows).collect()
    }

    /// Every approval that waits at its approver now: what a bridge should have announced, and nothing else.
    ///
    /// An approver without an address is in here too, with `email` none.
    pub fn pending(&self) -> Vec<Truth> {
        let mut rows = self.truth();
        rows.retain(|row| row.live);
        rows
    }

    /// One approval.
    pub fn truth_of(&self, at: &ApprovalRef) -> Option<Truth> {
        let ticket = self.ticket(at.module, &at.ticket)?;
        let level = ticket.level(&at.level)?;
        Some(row(ticket, level, level.approval(&at.approval)?))
    }
}

fn rows(ticket: &Ticket) -> impl Iterator<Item = Truth> {
    ticket.levels.iter().flat_map(move |level| level.approvals.iter().map(move |approval| row(ticket, level, approval)))
}

fn row(ticket: &Ticket, level: &Level, approval: &Approval) -> Truth {
    let at = ApprovalRef {
        module: ticket.module,
        ticket: ticket.id.clone(),
        level: level.id.clone(),
        approval: approval.id.clone(),
    };
    Truth {
        id: at.id(),
        live: ticket.process_open() && level.live() && !approval.deleted && approval.state == State::Pending,
        number: ticket.number.clone(),
        level_number: level.number,
        approver: approval.approver.as_ref().map(|person| person.name.clone()),
        email: approval.approver.as_ref().and_then(|person| person.email.clone()),
        state: approval.state.clone(),
        sent_on: approval.sent_on,
        acted_by: approval.acted_by.as_ref().map(|person| person.name.clone()),
        comments: approval.comments.clone(),
        module: at.module,
        ticket: at.ticket,
        level: at.level,
        approval: at.approval,
    }
}
