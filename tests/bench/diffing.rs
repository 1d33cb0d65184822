//! The pure part: 10,000 approvals compared in WebAssembly and natively, and what an instance costs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use approval_bridge::logic::{LogicFactory, LogicOptions, diffing, types};
use approval_bridge_bench_guest::scene;
use approval_logic::approval::{Approval, Person, Status};
use approval_logic::diff::{Entry, TicketSnapshot, diff};
use wasmtime::{Engine, Instance, Module, Store};

use crate::figure::{Figures, target};

const APPROVALS: usize = 10_000;
const ROUNDS: u32 = 20;

pub(crate) fn measure(figures: &mut Figures) {
    let factory = LogicFactory::new(LogicOptions::default()).expect("the component is built");
    instances(figures, &factory);
    let (ledger, snapshot) = scene(APPROVALS);
    let in_native = best(|| {
        black_box(diff(black_box(&ledger), black_box(&snapshot)));
    });
    let in_wasm = in_wasm();
    let (ledger, snapshot) = (entries(&ledger), snapshots(&snapshot));
    let mut logic = factory.instance().expect("an instance");
    let through_wit = best(|| {
        black_box(logic.diff(black_box(&ledger), black_box(&snapshot)).expect("the call returns"));
    });
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    figures.add("diff of 10,000 approvals, native", millis(in_native), "ms", Some(5.0), "");
    figures.add("diff of 10,000 approvals, WebAssembly", millis(in_wasm), "ms", Some(5.0), "data made inside");
    let ratio = in_wasm.as_secs_f64() / in_native.as_secs_f64();
    figures.add("diff, WebAssembly / native", ratio, "x", Some(1.6), "");
    let note = "20,000 whole approvals copied into the component";
    figures.add("diff of 10,000 approvals, through WIT", millis(through_wit), "ms", None, note);
}

/// The diff in the module that `cargo xtask bench` built: compiled as the pure component is.
fn in_wasm() -> Duration {
    let path = target().join("components/bench_guest.wasm");
    let engine = Engine::default();
    let module = Module::from_file(&engine, path).expect("the module is built");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("the module imports nothing");
    let prepare = instance.get_typed_func::<u32, ()>(&mut store, "prepare").expect("it prepares");
    let compare = instance.get_typed_func::<(), u32>(&mut store, "compare").expect("it compares");
    prepare.call(&mut store, u32::try_from(APPROVALS).expect("few enough")).expect("it prepares");
    best(|| {
        let changes = black_box(compare.call(&mut store, ()).expect("it compares"));
        assert_eq!(usize::try_from(changes).expect("few enough"), APPROVALS / 100, "the same changes as natively");
    })
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
        source: types::Source::Sdp,
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
        details: Vec::new(),
    }
}
