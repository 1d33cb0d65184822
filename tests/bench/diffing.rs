//! The pure part: 10,000 approvals compared in WebAssembly and natively, and what an instance costs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use approval_bridge::logic::{LogicFactory, LogicOptions, diffing, types};
use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::diff::{Entry, Said, TicketSnapshot, diff};

use crate::figure::Figures;

const APPROVALS: usize = 10_000;
const ROUNDS: u32 = 20;

pub(crate) fn measure(figures: &mut Figures) {
    let factory = LogicFactory::new(LogicOptions::default()).expect("the component is built");
    instances(figures, &factory);
    let (ledger, snapshot) = native();
    let in_native = best(|| {
        black_box(diff(black_box(&ledger), black_box(&snapshot)));
    });
    let (ledger, snapshot) = (entries(&ledger), snapshots(&snapshot));
    let mut logic = factory.instance().expect("an instance");
    let in_wasm = best(|| {
        black_box(logic.diff(black_box(&ledger), black_box(&snapshot)).expect("the call returns"));
    });
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    figures.add("diff of 10,000 approvals, native", millis(in_native), "ms", None, "");
    figures.add("diff of 10,000 approvals, WebAssembly", millis(in_wasm), "ms", Some(5.0), "with all data going in");
    let ratio = in_wasm.as_secs_f64() / in_native.as_secs_f64();
    figures.add("diff, WebAssembly / native", ratio, "x", Some(1.6), "");
}

fn instances(figures: &mut Figures, factory: &LogicFactory) {
    let each = best(|| {
        black_box(factory.instance().expect("an instance"));
    });
    figures.add("instance from the pool", each.as_secs_f64() * 1e6, "us", Some(25.0), "approval_logic.wasm");
}

/// The best of several rounds: what the machine can do when nothing else disturbs it.
fn best(mut work: impl FnMut()) -> Duration {
    work();
    (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// A ledger of announced approvals, and a reading of the same tickets in which one in a hundred has been decided.
fn native() -> (Vec<Entry>, Vec<TicketSnapshot>) {
    let approvals: Vec<Approval> = (0..APPROVALS).map(approval).collect();
    let ledger = approvals.iter().map(|approval| Entry {
        approval: approval.clone(),
        round: 1,
        said: Said::Announced,
        first_seen: 1_789_000_000_000,
        announced_at: Some(1_789_000_000_000),
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

fn approval(number: usize) -> Approval {
    let ticket = format!("1580000{number:08}");
    let id = ApprovalId::sdp(TicketKind::Request, &ticket, "158000000000001", "158000000000002").expect("a proper id");
    let person = |name: &str| Some(Person { name: Some(name.to_owned()), email: Some("ana@corp.example".to_owned()) });
    Approval {
        ticket: Ticket {
            kind: TicketKind::Request,
            id: ticket,
            number: number.to_string(),
            title: Some("Projector replacement".to_owned()),
            description: Some("The lamp is at the end of its life.".to_owned()),
            requester: person("Sam Stinson"),
            priority: Some("High".to_owned()),
            link: None,
        },
        id,
        level: Some(1),
        approver: person("Ana Abara"),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_789_000_000_000),
        decided_at: None,
        decided_by: None,
        comment: None,
    }
}

fn entries(ledger: &[Entry]) -> Vec<diffing::Entry> {
    let entry = |entry: &Entry| diffing::Entry {
        approval: typed(&entry.approval),
        round: entry.round,
        said: diffing::Said::Announced,
        first_seen: entry.first_seen,
        announced_at: entry.announced_at,
        reminders: entry.reminders,
    };
    ledger.iter().map(entry).collect()
}

fn snapshots(snapshot: &[TicketSnapshot]) -> Vec<diffing::TicketSnapshot> {
    let ticket = |ticket: &TicketSnapshot| diffing::TicketSnapshot {
        kind: types::TicketKind::Request,
        ticket: ticket.ticket.ticket.clone(),
        approvals: ticket.approvals.iter().map(typed).collect(),
        complete: ticket.complete,
    };
    snapshot.iter().map(ticket).collect()
}

fn typed(approval: &Approval) -> types::Approval {
    let person = |person: &Option<Person>| {
        person.as_ref().map(|person| types::Person { name: person.name.clone(), email: person.email.clone() })
    };
    types::Approval {
        id: approval.id.to_string(),
        ticket: types::Ticket {
            kind: types::TicketKind::Request,
            id: approval.ticket.id.clone(),
            number: approval.ticket.number.clone(),
            title: approval.ticket.title.clone(),
            description: approval.ticket.description.clone(),
            requester: person(&approval.ticket.requester),
            priority: approval.ticket.priority.clone(),
            link: None,
        },
        level: approval.level,
        approver: person(&approval.approver),
        original_approver: None,
        status: if approval.status == Status::Pending { types::Status::Pending } else { types::Status::Approved },
        sent_at: approval.sent_at,
        decided_at: None,
        decided_by: None,
        comment: None,
    }
}
