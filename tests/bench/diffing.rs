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
