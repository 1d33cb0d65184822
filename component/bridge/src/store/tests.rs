//! The store's promises. A wrong implementation would lose entries when a leaf is cut, let a crash between two writes
//! hide or repeat a message, or leave keys behind that nothing reaches any more.

mod audit;
mod leaf;
mod lease;
mod ledger;
mod outbox;
mod people;
mod progress;
mod requests;
mod slots;
mod sweeps;
mod token;

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::diff::{Entry, Said};

/// An announced approval of ticket `ticket`.
pub(crate) fn entry(ticket: usize) -> Entry {
    let id = ApprovalId::sdp(TicketKind::Request, &ticket.to_string(), "1", "1").unwrap();
    let ticket = Ticket {
        kind: TicketKind::Request,
        id: id.ticket().to_owned(),
        number: id.ticket().to_owned(),
        title: Some("Projector replacement".to_owned()),
        description: Some("The lamp is at the end of its life. ".repeat(12)),
        requester: Some(Person { name: Some("Sam Stinson".to_owned()), email: Some("sam@corp.example".to_owned()) }),
        priority: Some("High".to_owned()),
        link: None,
    };
    let approval = Approval {
        id,
        ticket: ticket.into(),
        level: Some(1),
        approver: Some(Person { name: Some("Ana Li".to_owned()), email: Some("ana@corp.example".to_owned()) }),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_789_000_000_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    };
    Entry {
        approval,
        round: 1,
        said: Said::Announced,
        first_seen: 1_789_000_000_000,
        announced_at: Some(1_789_000_000_000),
        told_at: None,
        end_told: 0,
        reminders: 0,
        closed_at: None,
        decision: None,
    }
}
