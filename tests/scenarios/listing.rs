//! `GET /approvals` and `GET /approvals/{id}`: what is known, without a call to a vendor.
//!
//! A wrong implementation hands out the vendor's raw rows, shows everybody's approvals under a filter that it does not
//! understand, loses rows between two pages, or asks the help desk each time.

use approval_bridge::stubs::Module;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, minutes};
use serde_json::{Value, json};

/// sdp.md §12, row 36.
#[tokio::test]
async fn filters_are_exact() {
    let desk = Desk::cloud().start();
    let (request, change) = desk.world(|world| {
        let request = world.request().level(&[ANA, BO]).add();
        let change = world.change().level(&[("Ana Two", "ana@corp.example.org"), ANA]).add();
        (request, change)
    });
    desk.poll().await.clean();
    assert_eq!(desk.approve(&request.approval(0, 0).id(), ANA.1).await.status, 200);
    desk.forget_calls();
    let ids = async |query: &str| desk.get(&format!("/approvals{query}")).await.ids();
    assert_eq!(ids("?approver=ana@corp.example").await, [change.approval(0, 1).id()]);
    assert_eq!(ids("?approver=%20ANA@Corp.Example").await, [change.approval(0, 1).id()]);
    assert_eq!(ids("?approver=ana").await, [""; 0], "no part of an address");
    assert_eq!(ids("?source=sdp/requests").await, [request.approval(0, 1).id()]);
    assert_eq!(ids("?source=sdp").await.len(), 3);
    assert_eq!(ids("?source=zendesk").await, [""; 0]);
    assert_eq!(ids("?status=approved").await, [request.approval(0, 0).id()]);
    assert_eq!(ids("?status=approved&approver=bo@corp.example").await, [""; 0]);
    assert_eq!(ids("").await.len(), 3, "without a status: those that are open");
    assert_eq!(desk.count("*", ""), 0);
}

/// Ids of the cursor pages, one after the other.
async fn walk(desk: &Desk, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = desk.get(&format!("/approvals?{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        pages.push(page.ids());
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
        assert!(pages.len() < 100, "a walk that ends");
    }
}

#[tokio::test]
async fn pages_hold_every_entry_once() {
    let desk = Desk::on_premises()
        .variable("first_run", "baseline")
        .world(|world| {
            world.populate(55, 1, 10);
            world.populate_in(Module::Changes, 11, 1, 10);
        })
        .start();
    desk.poll().await.clean();
    let due = desk.due();
    assert_eq!(due.len(), 660);
    for (query, pages) in [("limit=500", 2), ("limit=100", 7), ("", 7), ("limit=330", 2)] {
        let walked = walk(&desk, query).await;
        assert_eq!(walked.len(), pages, "{query}");
        let mut all = walked.concat();
        all.sort();
        assert_eq!(all, due, "{query}");
    }
    let walked = walk(&desk, "limit=7&source=sdp/changes").await;
    assert!(walked.concat().iter().all(|id| id.starts_with("sdp:changes:")) && walked.concat().len() == 110);
}

#[tokio::test]
async fn a_page_is_not_disturbed_by_what_changes_before_it() {
    let desk = Desk::on_premises().variable("first_run", "baseline").start();
    let tickets = desk.world(|world| world.populate(12, 1, 1));
    desk.poll().await.clean();
    let first = desk.get("/approvals?limit=6").await;
    let cursor = first.body["cursor"].as_str().unwrap();
    let gone = tickets.iter().find(|ticket| ticket.approval(0, 0).id() == first.ids()[5]).unwrap();
    desk.world(|world| world.approve(&gone.approval(0, 0), "somebody").unwrap());
    desk.poll_every(minutes(1), 1).await.clean();
    let second = desk.get(&format!("/approvals?limit=6&cursor={cursor}")).await.ids();
    let mut both: Vec<_> = first.ids().into_iter().chain(second).collect();
    both.sort();
    both.dedup();
    assert_eq!(both.len(), 12);
}

#[tokio::test]
async fn a_row_has_our_fields_and_none_of_the_vendors() {
    let desk = Desk::cloud().variable("sdp_web_url", "https://desk.example/{module}/{id}").start();
    let ticket = desk.world(|world| {
        world
            .request()
            .number("874")
            .subject("Projector")
            .requester("Sam Stinson", "sam@corp.example")
            .priority("High")
            .description("<div>Broken &amp; old</div>")
            .level(&[ANA])
            .add()
    });
    desk.poll().await.clean();
    let listed = desk.get("/approvals").await;
    let row = &listed.body["approvals"][0];
    let at = ticket.approval(0, 0);
    for (field, value) in [
        ("id", json!(at.id())),
        ("source", json!("sdp/requests")),
        ("ticket_type", json!("Request")),
        ("ticket_id", json!(at.ticket)),
        ("ticket_number", json!("874")),
        ("title", json!("Projector")),
        ("priority", json!("High")),
        ("level", json!(1)),
        ("approver", json!({ "name": ANA.0, "email": ANA.1 })),
        ("requester", json!({ "name": "Sam Stinson", "email": "sam@corp.example" })),
        ("status", json!("pending")),
        ("said", json!("announced")),
        ("round", json!(1)),
        ("link", json!(format!("https://desk.example/requests/{}", at.ticket))),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    for raw in ["email_id", "sent_on", "display_value", "approval_level", "is_vip_user", "photo_url", "description"] {
        assert!(!listed.text.contains(raw), "{raw}: {}", listed.text);
    }
}

#[tokio::test]
async fn one_approval_comes_with_its_card_and_as_moveworks_shows_it() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        let ticket = world.request().number("874").subject("A").description("<b>Old</b> &lt;stuff&gt;").level(&[ANA]);
        ticket.level(&[BO]).add()
    });
    desk.poll().await.clean();
    let id = ticket.approval(0, 0).id();
    desk.forget_calls();
    let shown = desk.get(&format!("/approvals/{id}")).await;
    assert_eq!((shown.status, &shown.body["id"]), (200, &json!(id)));
    assert_eq!(shown.body["description"], json!("Old <stuff>"));
    let card = &shown.body["card"];
    let labels: Vec<_> = card["fields"].as_array().unwrap().iter().map(|field| field["label"].clone()).collect();
    assert_eq!(labels, ["Ticket Type", "Ticket #", "Requester", "Priority", "Description"]);
    let actions: Vec<_> = card["actions"].as_array().unwrap().iter().map(|action| action["label"].clone()).collect();
    assert_eq!(actions, ["Approve", "Reject"]);
    assert_eq!(card["moveworks"], json!(desk.cards()[0].text), "what was sent");
    assert_eq!(desk.count("*", ""), 0, "no vendor is asked");
    assert_eq!(desk.approve(&id, ANA.1).await.status, 200);
    let closed = desk.get(&format!("/approvals/{id}")).await;
    assert_eq!((&closed.body["status"], &closed.body["card"]["actions"]), (&json!("approved"), &json!([])));
}

#[tokio::test]
async fn an_unknown_or_odd_id_is_404_and_nobody_is_asked() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[CY]).add())).start();
    desk.poll().await.clean();
    desk.forget_calls();
    for id in ["sdp:requests:1:2:3", "nonsense", "sdp:problems:1:2:3", "sdp:requests:%2e%2e:2:3", "zendesk:1"] {
        assert_eq!(desk.get(&format!("/approvals/{id}")).await.error(), (404, "NOT_FOUND"), "{id}");
    }
    assert_eq!(desk.count("*", ""), 0);
}

/// sdp.md §12, row 34: text of a ticket is text on the card, whatever it looks like.
#[tokio::test]
async fn hostile_text_is_defused_on_every_card() {
    let desk = Desk::cloud().world(|world| world.fill_demo()).start();
    desk.poll().await;
    let cards = desk.cards();
    assert!(cards.len() > 8);
    for card in cards {
        assert!(card.text.contains("🎫 New Ticket Pending Your Approval"), "{}", card.text);
        for hostile in
            ["<script", "<a href=\"javascript", "evil.example\"", "\u{202e}", "<@everyone>", "{{action_token}}"]
        {
            assert!(!card.text.contains(hostile), "{hostile}: {}", card.text);
        }
        assert_eq!(
            card.text.matches("New Ticket Pending").count() - card.text.matches("Pending Your Approval&").count(),
            if card.text.contains("879") { card.text.matches("New Ticket Pending").count() } else { 1 }
        );
    }
    let numbers: Vec<Value> = desk.get("/approvals").await.body["approvals"].as_array().unwrap().clone();
    assert!(numbers.iter().all(|row| row["ticket_number"] != row["ticket_id"]), "people see the number they know");
}
