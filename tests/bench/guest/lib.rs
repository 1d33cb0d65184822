//! What the diff is measured on, and the diff itself as a bare WebAssembly module: the data is made inside, so nothing
//! but the diff is measured.

use std::cell::RefCell;
use std::sync::Arc;

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::diff::{Entry, Said, TicketSnapshot, diff};

type Scene = (Vec<Entry>, Vec<TicketSnapshot>);

thread_local! {
    static SCENE: RefCell<Scene> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// Makes the data for [`compare`].
#[expect(unsafe_code, reason = "the symbol's name is what the host asks for; there is only one of it")]
#[unsafe(no_mangle)]
pub extern "C" fn prepare(approvals: u32) {
    let made = scene(usize::try_from(approvals).unwrap_or(0));
    SCENE.with(|scene| *scene.borrow_mut() = made);
}

/// Compares once; the number of changes.
#[expect(unsafe_code, reason = "the symbol's name is what the host asks for; there is only one of it")]
#[unsafe(no_mangle)]
pub extern "C" fn compare() -> u32 {
    SCENE.with(|scene| {
        let scene = scene.borrow();
        u32::try_from(diff(&scene.0, &scene.1).len()).unwrap_or(u32::MAX)
    })
}

/// A ledger of announced approvals, and a reading of the same tickets in which one in a hundred has been decided.
pub fn scene(approvals: usize) -> (Vec<Entry>, Vec<TicketSnapshot>) {
    let approvals: Vec<Approval> = (0..approvals).filter_map(approval).collect();
    let ledger = approvals.iter().map(|approval| Entry {
        approval: approval.clone(),
        round: 1,
        said: Said::Announced,
        first_seen: 1_789_000_000_000,
        announced_at: Some(1_789_000_000_000),
        told_at: Some(1_789_000_000_000),
        end_told: 0,
        reminders: 0,
        closed_at: None,
        decision: None,
    });
    let ledger = ledger.collect();
    let read = approvals.into_iter().enumerate().map(|(number, approval)| {
        let status = if number % 100 == 0 { Status::Approved } else { Status::Pending };
        let ticket = approval.id.ticket_ref();
        TicketSnapshot { ticket, approvals: vec![Approval { status, ..approval }], complete: true }
    });
    (ledger, read.collect())
}

fn approval(number: usize) -> Option<Approval> {
    let ticket = format!("1580000{number:08}");
    let id = ApprovalId::sdp(TicketKind::Request, &ticket, "158000000000001", "158000000000002").ok()?;
    let person = |name: &str| Some(Person { name: Some(name.to_owned()), email: Some("ana@corp.example".to_owned()) });
    Some(Approval {
        ticket: Arc::new(Ticket {
            kind: TicketKind::Request,
            id: ticket,
            number: number.to_string(),
            title: Some("Projector replacement".to_owned()),
            description: Some("The lamp is at the end of its life.".to_owned()),
            requester: person("Sam Stinson"),
            priority: Some("High".to_owned()),
            link: None,
        }),
        id,
        level: Some(1),
        approver: person("Ana Abara"),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_789_000_000_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    })
}
