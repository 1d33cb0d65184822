//! The Ticket Gateway, writing: create, update, comment, attach, resolve, reopen, assign.
//!
//! A wrong implementation answers with half a ticket, writes what nobody asked for, does something twice because an answer
//! was lost, or lets a file's name or content out of its place.

use approval_bridge::stubs::{Fault, Module, Ticket, TicketRef};
use approval_bridge_tests::harness::{BO, Desk};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const SAM: (&str, &str) = ("Sam Stinson", "sam@corp.example");

fn made(desk: &Desk) -> TicketRef {
    desk.world(|world| world.request().subject("Projector").requester(SAM.0, SAM.1).technician(BO.0, BO.1).add())
}

fn stored(desk: &Desk, id: &str) -> Ticket {
    desk.world(|world| world.ticket(Module::Requests, id).expect("the ticket is there").clone())
}

/// Every write answers with the whole ticket.
fn whole(body: &Value) -> &Value {
    let ticket = &body["ticket"];
    for key in ["id", "record_id", "state", "internal_state_code", "short_description", "requested_for", "updated_at"] {
        assert!(!ticket[key].is_null(), "{key} is missing in {ticket}");
    }
    ticket
}

#[tokio::test]
async fn a_ticket_is_created_from_a_payload_and_answered_whole() {
    let desk = Desk::cloud().variable("gateway_fields", "cost_center=udf_fields.udf_char1").start();
    let payload = json!({
        "short_description": "Monitor <flickers>",
        "description": "It \"flickers\" & hums.\nSince Monday.",
        "requestor": { "user_itsm_id_info": [{ "system": "MANAGE_ENGINE", "external_id": SAM.1 }] },
        "priority": "High",
        "cost_center": "CC-17",
        "category": null,
        "group": "",
    });
    let answer = desk.post("/gateway/sdp/tickets", payload).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let ticket = whole(&answer.body);
    assert_eq!(ticket["short_description"], "Monitor <flickers>");
    assert_eq!(ticket["description"], "It \"flickers\" & hums.\nSince Monday.");
    assert_eq!(ticket["requested_for"]["email_addr"], SAM.1);
    assert_eq!(
        (&ticket["custom_data"]["cost_center"], &ticket["custom_data"]["priority"]),
        (&json!("CC-17"), &json!("High"))
    );
    assert_eq!(ticket["internal_state_code"], "NEW");
    let kept = stored(&desk, ticket["record_id"].as_str().unwrap());
    assert_eq!(kept.description.as_deref(), Some("It &quot;flickers&quot; &amp; hums.<br>Since Monday."));
    assert_eq!(desk.world(|world| world.tickets(Module::Requests).count()), 1);
}

#[tokio::test]
async fn a_destination_says_what_a_new_ticket_begins_with() {
    let desk = Desk::cloud().variable("gateway_destinations", "it_requests=group:IT Support").start();
    let create = |destination: Value, group: Value| {
        let body = json!({ "short_description": "Badge", "destination": destination, "group": group });
        desk.post("/gateway/sdp/tickets", body)
    };
    for (destination, group, wanted) in [
        (json!({ "table_name": "it_requests" }), Value::Null, "IT Support"),
        (json!("it_requests"), Value::Null, "IT Support"),
        (json!({ "table_name": "it_requests" }), json!("Facilities"), "Facilities"),
    ] {
        let answer = create(destination, group).await;
        assert_eq!(whole(&answer.body)["custom_data"]["group"], wanted);
    }
    assert_eq!(create(json!({ "table_name": "hr" }), Value::Null).await.error(), (400, "INPUT_VALIDATION_FAILED"));
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let fields = json!({ "short_description": "Beamer", "priority": "Low", "assigned_to_user": "cy@corp.example" });
    for path in [format!("/gateway/sdp/tickets/{}", ticket.ticket), format!("/gateway/sdp/tickets/{}", ticket.number)] {
        let answer = desk.call("PATCH", &path, fields.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(whole(&answer.body)["short_description"], "Beamer");
    }
    let kept = stored(&desk, &ticket.ticket);
    assert_eq!((kept.priority.as_deref(), kept.requester.unwrap().name.as_str()), (Some("Low"), SAM.0));
    assert_eq!(kept.technician.unwrap().email.as_deref(), Some("cy@corp.example"));
}

#[tokio::test]
async fn a_state_is_set_by_the_help_desks_name_or_by_moveworks_code() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}", ticket.ticket);
    for (state, name, code) in [
        ("On Hold", "On Hold", "WAITING_FOR_USER"),
        ("RESOLVED", "Resolved", "RESOLVED"),
        ("NEW", "Open", "NEW"),
        ("in progress", "In Progress", "WIP"),
    ] {
        let answer = desk.call("PATCH", &path, json!({ "state": state })).await;
        let ticket = whole(&answer.body);
        assert_eq!((&ticket["state"], &ticket["internal_state_code"]), (&json!(name), &json!(code)), "{state}");
    }
}

#[tokio::test]
async fn a_state_that_the_help_desk_refuses_is_400_and_says_why() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}", ticket.ticket);
    let answer = desk.call("PATCH", &path, json!({ "state": "Nonsense" })).await;
    assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"));
    assert!(answer.text.contains("status"), "{}", answer.text);
    assert_eq!(stored(&desk, &ticket.ticket).status.as_deref(), Some("Open"));
}

#[tokio::test]
async fn resolve_and_reopen_use_the_states_of_the_tenant() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = |what: &str| format!("/gateway/sdp/tickets/{}/{what}", ticket.ticket);
    let answer = desk.post(&path("resolve"), json!({ "close_notes": "Changed <the> cable" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = whole(&answer.body);
    assert_eq!(
        (&shown["internal_state_code"], &shown["close_notes"]),
        (&json!("RESOLVED"), &json!("Changed <the> cable"))
    );
    let answer = desk.post(&path("reopen"), Value::Null).await;
    assert_eq!(whole(&answer.body)["state"], "Open");
    assert_eq!(desk.post(&path("resolve"), Value::Null).await.status, 200, "notes are optional");

    let own = Desk::cloud()
        .variable("gateway_resolved_state", "sdp/Closed,zendesk/solved")
        .variable("gateway_reopened_state", "In Progress")
        .start();
    let ticket = made(&own);
    let path = |what: &str| format!("/gateway/sdp/tickets/{}/{what}", ticket.ticket);
    assert_eq!(own.post(&path("resolve"), json!({})).await.body["ticket"]["internal_state_code"], "CLOSED");
    assert_eq!(own.post(&path("reopen"), json!({})).await.body["ticket"]["internal_state_code"], "WIP");
}

#[tokio::test]
async fn a_ticket_is_assigned_to_a_group() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}/assignment", ticket.ticket);
    let answer = desk.call("PUT", &path, json!({ "group": "Network" })).await;
    assert_eq!(whole(&answer.body)["custom_data"]["group"], "Network");
    assert_eq!(stored(&desk, &ticket.ticket).group.as_deref(), Some("Network"));
    assert_eq!(desk.call("PUT", &path, json!({ "group": " " })).await.error(), (400, "INPUT_VALIDATION_FAILED"));
}

#[tokio::test]
async fn comments_are_public_or_not_and_shown_as_text() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}/comments", ticket.number);
    for (text, public) in [("Is it <b>plugged</b> in?", true), ("Third time this week", false)] {
        let answer = desk.post(&path, json!({ "text": text, "public": public })).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let list = &whole(&answer.body)[if public { "comments" } else { "work_notes" }];
        assert_eq!((list.as_array().unwrap().len(), &list[0]["text"]), (1, &json!(text)));
    }
    let notes = stored(&desk, &ticket.ticket).notes;
    assert_eq!(notes.iter().map(|note| note.public).collect::<Vec<_>>(), [true, false]);
    assert_eq!(notes[0].text, "Is it &lt;b&gt;plugged&lt;/b&gt; in?");
}

/// Older on-premises builds know the note by another key, and refuse what they do not know before they do anything.
#[tokio::test]
async fn a_comment_finds_its_way_into_older_builds_once() {
    let desk = Desk::on_premises().world(|world| world.settings.sdp.old_note_key = true).start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}/comments", ticket.ticket);
    assert_eq!(desk.post(&path, json!({ "text": "Ordered", "public": true })).await.status, 201);
    assert_eq!(stored(&desk, &ticket.ticket).notes.len(), 1);
}

#[tokio::test]
async fn a_file_arrives_byte_for_byte_under_a_harmless_name() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}/attachments", ticket.ticket);
    let bytes: Vec<u8> = (0..=255u8).cycle().take(100_000).collect();
    for (name, kept) in [("photo.png", "photo.png"), ("../../x", "x"), ("a\r\nb\".txt", "a b_.txt")] {
        let file = json!({ "file_name": name, "content": STANDARD.encode(&bytes) });
        let answer = desk.post(&path, file).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        whole(&answer.body);
        let file = stored(&desk, &ticket.ticket).files.pop().unwrap();
        assert_eq!((file.name.as_str(), file.bytes == bytes), (kept, true));
    }
}

#[tokio::test]
async fn bad_base64_is_400_and_what_is_too_large_413_and_the_help_desk_hears_of_neither() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = format!("/gateway/sdp/tickets/{}/attachments", ticket.ticket);
    for content in ["", "aGVsbG8", "not base64!", "-_-_", "aGVs\nbG8="] {
        let answer = desk.post(&path, json!({ "file_name": "a", "content": content })).await;
        assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"), "{content}");
    }
    let large = STANDARD.encode(vec![0u8; 800 * 1024]);
    let answer = desk.post(&path, json!({ "file_name": "a", "content": large })).await;
    assert_eq!(answer.error(), (413, "BODY_TOO_LARGE"));
    let fits = STANDARD.encode(vec![0u8; 780 * 1000]);
    assert_eq!(desk.post(&path, json!({ "file_name": "a", "content": fits })).await.status, 201);
    assert_eq!(desk.count("PUT", "/upload"), 1);
}

#[tokio::test]
async fn a_write_to_a_ticket_that_is_not_there_is_404_and_nothing_is_written() {
    let desk = Desk::cloud().start();
    for id in ["999", "158000000000000999"] {
        let path = |what: &str| format!("/gateway/sdp/tickets/{id}{what}");
        let file = json!({ "file_name": "a", "content": "aA==" });
        let calls = [
            ("PATCH", path(""), json!({ "state": "Open" })),
            ("POST", path("/comments"), json!({ "text": "t", "public": true })),
            ("POST", path("/attachments"), file),
            ("POST", path("/resolve"), Value::Null),
            ("POST", path("/reopen"), Value::Null),
            ("PUT", path("/assignment"), json!({ "group": "IT" })),
        ];
        for (method, path, body) in calls {
            assert_eq!(desk.call(method, &path, body).await.error(), (404, "NOT_FOUND"), "{method} {path}");
        }
    }
    assert_eq!(desk.count("POST", "/requests"), 0);
}

/// The write is done, so an error would only make the caller do it twice.
#[tokio::test]
async fn a_write_whose_ticket_cannot_be_read_back_is_still_a_success() {
    let desk = Desk::cloud().start();
    let ticket = made(&desk);
    let path = |what: &str| format!("/gateway/sdp/tickets/{}{what}", ticket.ticket);
    let fails =
        |after| desk.world(|world| world.fault(Fault::on("GET", "/requests/").after(after).always().replies(503, "")));
    fails(0);
    let answer = desk.post("/gateway/sdp/tickets", json!({ "short_description": "Badge" })).await;
    assert_eq!((answer.status, &whole(&answer.body)["short_description"]), (201, &json!("Badge")));
    let answer = desk.call("PATCH", &path(""), json!({ "state": "On Hold" })).await;
    assert_eq!((answer.status, &whole(&answer.body)["state"]), (200, &json!("On Hold")));
    // A comment's own answer holds no ticket, so there the ticket is read before.
    desk.world(|world| world.clear_faults());
    fails(2);
    let answer = desk.post(&path("/comments"), json!({ "text": "t", "public": true })).await;
    assert_eq!((answer.status, &whole(&answer.body)["state"]), (201, &json!("On Hold")));
    assert_eq!(stored(&desk, &ticket.ticket).notes.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_502_and_the_write_is_not_repeated() {
    let desk = Desk::cloud().start();
    desk.world(|world| world.fault(Fault::on("POST", "/requests").drops_after_effect()));
    let answer = desk.post("/gateway/sdp/tickets", json!({ "short_description": "Badge" })).await;
    assert_eq!(answer.error(), (502, "EXTERNAL_REST_ERROR"));
    assert!(answer.text.contains("may have been done"), "{}", answer.text);
    assert_eq!(desk.count("POST", "/requests"), 1);
}
