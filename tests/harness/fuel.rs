//! What the pure part computes, in fuel: the same number on every machine.

use approval_bridge::logic::{LogicFactory, LogicOptions, cards, decoding, diffing, types};
use serde_json::{Value, json};

/// Enough for anything that is measured here.
const PLENTY: u64 = 1 << 40;

/// Approvals of one level, as ServiceDesk Plus gives them in one answer.
const LEVEL: usize = 100;

/// The fuel that it takes to read so many approvals from answers, compare them with an empty ledger, and write a card for
/// each: its three parts, in this order.
pub fn to_announce(approvals: usize) -> [u64; 3] {
    let options = LogicOptions { fuel: Some(PLENTY), ..LogicOptions::default() };
    let factory = LogicFactory::new(options).expect("the component is built");
    let mut logic = factory.instance().expect("an instance");
    let mut left = PLENTY;
    let mut spent = |logic: &approval_bridge::logic::Logic| {
        let now = logic.fuel_left().expect("fuel is counted");
        std::mem::replace(&mut left, now) - now
    };

    let mut read = Vec::new();
    for level in 0..approvals.div_ceil(LEVEL) {
        let rows = (level * LEVEL..approvals.min((level + 1) * LEVEL)).map(row).collect::<Vec<_>>();
        let response = types::HttpResponse {
            status: 200,
            headers: Vec::new(),
            body: json!({ "approvals": rows, "response_status": [{ "status_code": 2000 }] }).to_string().into_bytes(),
        };
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
    for approval in &read {
        let card = logic.render(approval, cards::Kind::Pending, &style).expect("the call returns").expect("a card");
        let text = logic.write(&card, cards::Dialect::Markdown).expect("the call returns");
        assert!(text.contains("Projector"), "{text}");
    }
    [reading, comparing, spent(&logic)]
}

fn ticket() -> types::Ticket {
    types::Ticket {
        kind: types::TicketKind::Request,
        id: "158000000004217".to_owned(),
        number: "874".to_owned(),
        title: Some("Projector replacement in room B".to_owned()),
        description: Some(
            "Projector <A/V> has stopped working. The internals are fried; a new one is in stock.".to_owned(),
        ),
        requester: Some(types::Person {
            name: Some("Sam Stinson".to_owned()),
            email: Some("sam@corp.example".to_owned()),
        }),
        priority: Some("High".to_owned()),
        link: Some("https://sdp.example/ui/requests/158000000004217/details".to_owned()),
    }
}

/// One approval, with the fields that the product documents.
fn row(number: usize) -> Value {
    json!({
        "id": (158_000_000_900_000 + number).to_string(),
        "approver": { "id": number.to_string(), "name": "Ana Li", "email_id": format!("ana.{number}@corp.example") },
        "original_approver": null,
        "status": { "id": "158000000000401", "name": "Pending Approval" },
        "sent_on": { "value": "1763996400000", "display_value": "Nov 24, 2025 03:00 PM" },
        "action_taken_on": null,
        "comments": null,
        "deleted": false,
    })
}
