//! What the pure part computes, in fuel: the same number on every machine.

use approval_bridge::builder::BuildError;
use approval_bridge::logic::{LogicFactory, LogicOptions, cards, decoding, diffing, types};
use approval_logic::approval::Person;

use super::level;

/// Enough for anything that is measured here.
const PLENTY: u64 = 1 << 40;

/// The fuel that a fresh instance takes before anything is asked of it.
pub fn to_start() -> u64 {
    let options = LogicOptions { fuel: Some(PLENTY), ..LogicOptions::default() };
    let logic = LogicFactory::new(options).and_then(|factory| factory.instance().map_err(BuildError::Component));
    PLENTY - logic.expect("the component is built").fuel_left().expect("fuel is counted")
}

/// The fuel that it takes to read so many approvals from answers, to compare them with an empty ledger, to render a card
/// for each, and to write the cards in a dialect: its parts, in this order.
pub fn to_announce(approvals: usize) -> [u64; 4] {
    let options = LogicOptions { fuel: Some(PLENTY), ..LogicOptions::default() };
    let factory = LogicFactory::new(options).expect("the component is built");
    let mut logic = factory.instance().expect("an instance");
    let mut left = PLENTY;
    let mut spent = |logic: &approval_bridge::logic::Logic| {
        let now = logic.fuel_left().expect("fuel is counted");
        std::mem::replace(&mut left, now) - now
    };

    let mut read = Vec::new();
    for (level, body) in level::answers(approvals).into_iter().enumerate() {
        let response = types::HttpResponse { status: 200, headers: Vec::new(), body };
        let level = decoding::Level { id: level.to_string(), number: Some(1), live: true };
        let (_, decoding, store) = logic.raw();
        let answer = decoding.call_sdp_approvals(store, &ticket(), &level, &response).expect("the call returns");
        read.extend(answer.expect("an answer without a fault").approvals);
    }
    assert_eq!(read.len(), approvals);
    let reading = spent(&logic);

    let snapshot = diffing::TicketSnapshot {
        source: types::Source::Sdp,
        kind: types::TicketKind::Request,
        ticket: ticket().id,
        approvals: read.clone(),
        complete: true,
    };
    let changes = logic.diff(&[], &[snapshot]).expect("the call returns");
    assert_eq!(changes.len(), approvals);
    let comparing = spent(&logic);

    let style = cards::Style { title: None, fields: Vec::new() };
    let mut render = |approval: &types::Approval| {
        logic.render(approval, cards::Kind::Pending, &style).expect("the call returns").expect("a card")
    };
    let rendered: Vec<_> = read.iter().map(&mut render).collect();
    let rendering = spent(&logic);

    for card in &rendered {
        let text = logic.write(card, cards::Dialect::Markdown).expect("the call returns");
        assert!(text.contains("Projector"), "{text}");
    }
    [reading, comparing, rendering, spent(&logic)]
}

/// The same ticket, as the interface has it.
fn ticket() -> types::Ticket {
    let ticket = level::ticket();
    let person = |person: Person| types::Person { name: person.name, email: person.email };
    types::Ticket {
        kind: types::TicketKind::Request,
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person),
        priority: ticket.priority,
        link: ticket.link,
    }
}
