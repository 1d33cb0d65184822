//! What the people whom a request asks get to see.
//!
//! A wrong implementation shows internal notes, passes markup or links of a ticket on, or lets an approver guess how many
//! have to agree.

use approval_bridge::stubs::{Door, Fault};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, seconds};
use serde_json::{Value, json};

#[tokio::test]
async fn a_card_shows_the_ticket_the_question_and_the_thread() {
    let desk = Desk::atera().door(Door::Listener).start();
    let ticket = desk.ticket_of_sam();
    desk.world(|world| world.atera_reply(&ticket, "<p>first</p>"));
    for text in ["second", "third", "<b>fourth</b> see <a href=\"https://evil.example/x\">here</a>"] {
        desk.advance(seconds(10));
        desk.world(|world| world.atera_reply(&ticket, text));
        desk.world(|world| world.atera_note(&ticket, "for technicians only"));
    }
    desk.ask(&ticket, &[ANA, BO, CY], json!({ "rule": "at_least", "count": 2 })).await;
    let card = &desk.cards()[0];
    let text = &card.text;
    for part in [
        ticket.as_str(),
        "New laptop",
        "Sam Stinson",
        "A new laptop",
        "The budget is there.",
        "at least 2 of 3 must approve",
        "0 of 3 approved",
        "fourth",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(place("fourth") < place("third") && place("third") < place("second"), "newest first: {text}");
    for part in ["first", "technicians only", "https://evil", "<b>"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    let actions: Vec<_> =
        card.body["card"]["actions"].as_array().unwrap().iter().map(|one| one["key"].clone()).collect();
    assert_eq!(actions, ["approve", "reject", "feedback"]);
}

#[tokio::test]
async fn a_thread_without_flags_shows_end_users_words_only() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    desk.world(|world| {
        world.settings.atera.flags = false;
        world.atera_reply(&ticket, "please");
        world.atera_note(&ticket, "for technicians only");
    });
    desk.ask(&ticket, &[ANA], Value::Null).await;
    let text = &desk.cards()[0].text;
    assert!(text.contains("please") && !text.contains("technicians only"), "{text}");
}

#[tokio::test]
async fn a_closing_notice_says_how_it_ended() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "any" })).await;
    desk.new_cards();
    desk.respond(&id, ANA, "approve").await;
    let cards = desk.new_cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].text.contains("approved (1 of 2 approved)") && cards[0].to == BO.1, "{}", cards[0].text);
}

#[tokio::test]
async fn a_request_of_hostile_words_makes_a_harmless_card() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let mut body = approval_bridge_tests::harness::asking(&ticket, &[ANA], Value::Null);
    body["subject"] = json!("<b>pay</b>\n<i>Ticket #</i>: 1");
    body["message"] = json!("[click](https://evil.example) <script>x</script>");
    assert_eq!(desk.post("/requests", body).await.status, 201);
    let text = &desk.cards()[0].text;
    assert!(!text.contains("<script") && !text.contains("<b>pay") && !text.contains("https://evil"), "{text}");
}

#[tokio::test]
async fn who_is_asked_later_sees_the_thread_as_it_is_by_then() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA], Value::Null).await;
    desk.new_cards();
    desk.world(|world| world.atera_reply(&ticket, "now it smokes"));
    desk.edit(&id, &[ANA, BO]).await;
    let cards = desk.new_cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].to == BO.1 && cards[0].text.contains("now it smokes"), "{}", cards[0].text);
    // Where the help desk does not answer, people are asked with what is known.
    desk.world(|world| world.fault(Fault::on("GET", "/atera/").replies(500, "").always()));
    assert_eq!(desk.edit(&id, &[ANA, BO, CY]).await.status, 200);
    let cards = desk.new_cards();
    assert!(cards.len() == 1 && cards[0].text.contains("now it smokes"), "{cards:?}");
}
