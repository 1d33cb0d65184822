//! Approvals of one ticket, as ServiceDesk Plus answers with them: what the cost of the pure part is counted on.

use approval_logic::approval::{Person, Ticket, TicketKind};
use serde_json::{Value, json};

/// Approvals of one level, all in one answer.
const LEVEL: usize = 100;

/// The ticket.
pub fn ticket() -> Ticket {
    let text = |text: &str| Some(text.to_owned());
    Ticket {
        kind: TicketKind::Request,
        id: "158000000004217".to_owned(),
        number: "874".to_owned(),
        title: text("Projector replacement in room B"),
        description: text("Projector <A/V> has stopped working. The internals are fried; a new one is in stock."),
        requester: Some(Person { name: text("Sam Stinson"), email: text("sam@corp.example") }),
        priority: text("High"),
        link: text("https://sdp.example/ui/requests/158000000004217/details"),
    }
}

/// The bodies of the answers that list so many of its approvals, one for each level.
pub fn answers(approvals: usize) -> Vec<Vec<u8>> {
    let rows: Vec<Value> = (0..approvals).map(row).collect();
    let answer = |rows| json!({ "approvals": rows, "response_status": [{ "status_code": 2000 }] });
    rows.chunks(LEVEL).map(|rows| answer(rows).to_string().into_bytes()).collect()
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
