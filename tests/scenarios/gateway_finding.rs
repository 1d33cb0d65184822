//! The Ticket Gateway, reading: one ticket, the tickets of a person, the tickets of a window.
//!
//! A wrong implementation loses what changed at an edge of a window or between two pages, shows a ticket twice, takes
//! somebody for somebody else, or walks the help desk at every poll.

use approval_bridge::stubs::{Form, Module, TicketRef};
use approval_bridge_tests::harness::{ANA, Answer, BO, Desk, hours, minutes};
use serde_json::{Value, json};

const SAM: (&str, &str) = ("Sam Stinson", "sam@corp.example");

/// 2025-11-24T16:00:00Z, when every test begins.
const BEGIN: i64 = 1_764_000_000_000;

fn at(millis: i64) -> String {
    approval_logic::gateway::written(millis)
}

fn window(start: i64, end: i64) -> String {
    format!("/gateway/sdp/tickets?updated_start_ts={}&updated_end_ts={}", at(start), at(end))
}

fn request(desk: &Desk, updated: i64) -> TicketRef {
    desk.world(|world| world.request().requester(SAM.0, SAM.1).updated(updated).add())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn numbers(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tickets = answer.body["tickets"].as_array().expect("a list of tickets");
    tickets.iter().map(|ticket| ticket["id"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test]
async fn a_ticket_is_found_by_its_number_and_by_its_id() {
    let desk = Desk::cloud().start();
    let made = desk.world(|world| {
        let asked = world.request().number("874").subject("Projector").description("<b>Broken</b> &amp; old");
        asked.requester(SAM.0, SAM.1).technician(BO.0, BO.1).group("IT Support").priority("High").add()
    });
    for id in ["874", &made.ticket] {
        let answer = desk.get(&format!("/gateway/sdp/tickets/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let ticket = &answer.body["ticket"];
        assert_eq!((&ticket["id"], &ticket["record_id"]), (&json!("874"), &json!(made.ticket)));
        assert_eq!((&ticket["state"], &ticket["internal_state_code"]), (&json!("Open"), &json!("NEW")));
        assert_eq!(ticket["short_description"], "Projector");
        assert_eq!(ticket["description"], "Broken & old");
        let identity = json!([{ "system": "MANAGE_ENGINE", "external_id": SAM.1, "integration_id": "manage_engine" }]);
        assert_eq!(ticket["requested_for"]["user_itsm_id_info"], identity);
        assert_eq!(ticket["assigned_to_user"]["full_name"], BO.0);
        assert_eq!(ticket["custom_data"]["group"], "IT Support");
        assert_eq!(ticket["created_at"], at(BEGIN - 3_600_000));
        assert_eq!((&ticket["comments"], &ticket["work_notes"]), (&json!([]), &json!([])));
    }
}

#[tokio::test]
async fn on_premises_the_number_is_the_id_and_nothing_is_looked_up() {
    let desk = Desk::on_premises().start();
    let made = desk.world(|world| world.request().add());
    assert_eq!(desk.get(&format!("/gateway/sdp/tickets/{}", made.ticket)).await.status, 200);
    assert_eq!(desk.count("GET", ""), 2, "the request and its notes");
}

#[tokio::test]
async fn a_ticket_that_is_not_there_is_404() {
    let cloud = Desk::cloud().start();
    let premises = Desk::on_premises().start();
    for desk in [&cloud, &premises] {
        for id in ["999", "158000000000000999", "..%2frequests", "a%20b", "%00"] {
            let answer = desk.get(&format!("/gateway/sdp/tickets/{id}")).await;
            assert_eq!(answer.error(), (404, "NOT_FOUND"), "{id}");
        }
    }
}

#[tokio::test]
async fn a_window_without_changes_is_200_and_an_empty_list() {
    let desk = Desk::cloud().start();
    request(&desk, BEGIN - 60_000);
    let answer = desk.get(&window(BEGIN - 30_000, BEGIN)).await;
    assert_eq!((answer.status, answer.body), (200, json!({ "tickets": [] })));
    assert_eq!(desk.count("GET", "/api/v3/"), 1, "one bounded query");
}

#[tokio::test]
async fn both_ends_of_a_window_belong_to_it_and_the_order_is_by_update_and_id() {
    let desk = Desk::cloud().start();
    let (start, end) = (BEGIN - 30_000, BEGIN);
    let [_, b, c, d, e, _] =
        [start - 1, end, start, start + 10, start, end + 1].map(|updated| request(&desk, updated).number);
    // Two changed at once: the smaller id first.
    let mut first = [c, e];
    first.sort_by_key(|number| (number.len(), number.clone()));
    let wanted = [first[0].clone(), first[1].clone(), d, b];
    let answer = desk.get(&window(start, end)).await;
    assert_eq!(numbers(&answer), wanted);
    assert_eq!(answer.body["cursor"], Value::Null);
    let tickets = answer.body["tickets"].as_array().unwrap();
    assert!(tickets.iter().all(|ticket| ticket["comments"].is_null()), "notes cost a call each, so lists have none");
}

#[tokio::test]
async fn a_time_means_the_same_in_every_form() {
    let desk = Desk::cloud().start();
    let number = request(&desk, BEGIN - 10_000).number;
    for (start, end) in [
        ("2025-11-24T15:59:50.000000Z", "2025-11-24T15:59:50.000000Z"),
        ("2025-11-24T15:59:50Z", "2025-11-24T15:59:50Z"),
        ("2025-11-24T15:59:50%2B00:00", "2025-11-24T15:59:50+00:00"),
        ("2025-11-24T21:29:50%2B05:30", "2025-11-24T10:59:50-05:00"),
        ("2025-11-24T15:59:50.000999Z", "2025-11-24T15:59:50.000000001Z"),
    ] {
        let path = format!("/gateway/sdp/tickets?updated_start_ts={start}&updated_end_ts={end}");
        assert_eq!(numbers(&desk.get(&path).await), std::slice::from_ref(&number), "{start} {end}");
    }
    let open = desk.get("/gateway/sdp/tickets?updated_start_ts=2025-11-24T15:59:50Z").await;
    assert_eq!(numbers(&open), [number], "without an end a window ends now");
}

#[tokio::test]
async fn a_long_window_comes_in_pages_and_each_ticket_once() {
    let desk = Desk::cloud().start();
    // Also more tickets than a page holds, changed in one millisecond, as in a bulk edit.
    let mut wanted: Vec<String> = (0..130).map(|n| request(&desk, BEGIN - 50_000 + n / 3).number).collect();
    wanted.extend((0..230).map(|_| request(&desk, BEGIN - 20_000).number));
    let path = window(BEGIN - 60_000, BEGIN);
    let (mut found, mut next) = (Vec::new(), String::new());
    for _ in 0..9 {
        let answer = desk.get(&format!("{path}{next}")).await;
        found.extend(numbers(&answer));
        match answer.body["cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
}

/// A ticket that changes again leaves its window; the ones behind it must not slip over the edge of the page.
#[tokio::test]
async fn what_changes_between_two_pages_hides_nothing() {
    let desk = Desk::cloud().start();
    let made: Vec<TicketRef> = (0..150).map(|n| request(&desk, BEGIN - 50_000 + n)).collect();
    let path = window(BEGIN - 60_000, BEGIN);
    let first = desk.get(&path).await;
    desk.advance(minutes(1));
    desk.world(|world| made[..40].iter().for_each(|ticket| world.touch(ticket).unwrap()));
    let second = desk.get(&format!("{path}&cursor={}", first.body["cursor"].as_str().unwrap())).await;
    let mut found = numbers(&first);
    found.extend(numbers(&second));
    found.sort();
    let mut wanted: Vec<String> = made.into_iter().map(|ticket| ticket.number).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn the_tickets_of_a_person_are_found_by_identity_and_by_address() {
    let desk = Desk::cloud().start();
    let [own, _] = [SAM, ANA].map(|(name, email)| desk.world(|world| world.request().requester(name, email).add()));
    let id = desk.world(|world| {
        let ticket = world.ticket(Module::Requests, &own.ticket).unwrap();
        ticket.requester.as_ref().unwrap().id.clone()
    });
    let identity = |system: &str, id: &str| json!({ "system": system, "external_id": id, "integration_id": "x" });
    let several = json!([identity("OTHER_DESK", "7"), identity("MANAGE_ENGINE", &id)]);
    let foreign = json!([identity("OTHER_DESK", "7")]);
    for requestor in [
        json!(id),
        json!(SAM.1),
        json!("SAM@corp.example"),
        json!({ "user_itsm_id_info": several }),
        json!({ "requestor_info": { "requestor": { "user_id_info": { "user_itsm_id_info": several } } } }),
        json!({ "user_itsm_id_info": foreign, "email_addr": SAM.1 }),
    ] {
        let text = requestor.as_str().map_or_else(|| requestor.to_string(), str::to_owned);
        let encoded = encoded(&text);
        let answer = desk.get(&format!("/gateway/sdp/tickets?requestor={encoded}")).await;
        assert_eq!(numbers(&answer), std::slice::from_ref(&own.number), "{requestor}");
        let late = format!("/gateway/sdp/tickets?requestor={encoded}&updated_start_ts={}", at(BEGIN));
        assert_eq!(numbers(&desk.get(&late).await), Vec::<String>::new(), "{requestor}");
    }
    let nobody = desk.get("/gateway/sdp/tickets?requestor=nobody@corp.example").await;
    assert_eq!(numbers(&nobody), Vec::<String>::new());
}

/// Some on-premises builds refuse a date beside another criterion (sdp.md §4).
#[tokio::test]
async fn where_dates_may_not_be_combined_the_persons_tickets_are_looked_through() {
    let desk = Desk::on_premises().world(|world| world.settings.sdp.refuse_combined_dates = true).start();
    let old = request(&desk, BEGIN - 90_000);
    let new = request(&desk, BEGIN - 10_000);
    let path = format!("/gateway/sdp/tickets?requestor={}", SAM.1);
    assert_eq!(numbers(&desk.get(&path).await), [old.number, new.number.clone()]);
    let late = format!("{path}&updated_start_ts={}", at(BEGIN - 30_000));
    assert_eq!(numbers(&desk.get(&late).await), [new.number]);
    assert_eq!(numbers(&desk.get(&window(BEGIN - 30_000, BEGIN)).await).len(), 1, "a window alone is one criterion");
}

#[tokio::test]
async fn an_unknown_state_is_not_applicable_and_named() {
    let desk = Desk::cloud().variable("gateway_states", "Wartet auf Teile=WAITING_FOR_VENDOR,Open=WIP").start();
    for (status, code, unmapped) in [
        ("Zurückgestellt", "NOT_APPLICABLE", json!(["Zurückgestellt"])),
        ("Wartet auf Teile", "WAITING_FOR_VENDOR", Value::Null),
        ("open", "WIP", Value::Null),
        ("Closed", "CLOSED", Value::Null),
    ] {
        let made = desk.world(|world| world.request().status(status).add());
        let answer = desk.get(&format!("/gateway/sdp/tickets/{}", made.ticket)).await;
        let ticket = &answer.body["ticket"];
        assert_eq!((&ticket["state"], &ticket["internal_state_code"]), (&json!(status), &json!(code)));
        assert_eq!(answer.body["unmapped_states"], unmapped);
    }
}

/// The help desk need not show it: here the ticket's own approval status says nothing.
#[tokio::test]
async fn an_open_approval_on_an_open_ticket_is_waiting_for_approval() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        let ticket = world.request().updated(BEGIN - 10_000).level(&[ANA]).add();
        world.set_ticket_field(&ticket, "approval_status", Value::Null).unwrap();
        ticket
    });
    let path = format!("/gateway/sdp/tickets/{}", ticket.ticket);
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "NEW", "nobody knows of it yet");
    assert_eq!(desk.post("/hints", json!({ "source": "sdp", "ticket_id": ticket.ticket })).await.status, 200);
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WAITING_FOR_APPROVAL");
    let list = desk.get(&window(BEGIN - 60_000, BEGIN + 60_000)).await;
    assert_eq!(list.body["tickets"][0]["internal_state_code"], "WAITING_FOR_APPROVAL");
    assert_eq!(desk.approve(&ticket.approval(0, 0).id(), ANA.1).await.status, 200);
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "NEW", "and no longer");
}

#[tokio::test]
async fn what_the_ticket_itself_says_of_its_approval_counts_at_once_and_a_finished_ticket_waits_for_nobody() {
    let desk = Desk::cloud().start();
    for (status, code) in [("Open", "WAITING_FOR_APPROVAL"), ("Resolved", "RESOLVED")] {
        let made = desk.world(|world| world.request().status(status).level(&[ANA]).add());
        let answer = desk.get(&format!("/gateway/sdp/tickets/{}", made.ticket)).await;
        assert_eq!(answer.body["ticket"]["internal_state_code"], code);
    }
}

#[tokio::test]
async fn a_destination_is_the_tickets_of_one_value() {
    let tables = "it_requests=group:IT Support,hr=group:People";
    let desk = Desk::cloud().variable("gateway_destinations", tables).start();
    let [own, _, _] = ["IT Support", "People", "Facilities"]
        .map(|group| desk.world(|world| world.request().group(group).updated(BEGIN - 10_000).add()));
    let path = window(BEGIN - 60_000, BEGIN);
    for name in ["it_requests", "%7B%22table_name%22%3A%22it_requests%22%7D"] {
        assert_eq!(numbers(&desk.get(&format!("{path}&destination={name}")).await), std::slice::from_ref(&own.number));
    }
    assert_eq!(numbers(&desk.get(&path).await).len(), 3, "without a destination: all");
    let answer = desk.get(&format!("{path}&destination=nobodys")).await;
    assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"));
}

#[tokio::test]
async fn people_are_named_as_the_tenant_wants() {
    let setup = Desk::cloud().variable("gateway_user_id", "id").variable("gateway_system", "SDP_EU:sdp_eu");
    let desk = setup.start();
    let made = request(&desk, BEGIN);
    let answer = desk.get(&format!("/gateway/sdp/tickets/{}", made.ticket)).await;
    let identity = &answer.body["ticket"]["requested_for"]["user_itsm_id_info"][0];
    let id = desk
        .world(|world| world.ticket(Module::Requests, &made.ticket).unwrap().requester.as_ref().unwrap().id.clone());
    assert_eq!(*identity, json!({ "system": "SDP_EU", "external_id": id, "integration_id": "sdp_eu" }));
}

#[tokio::test]
async fn times_and_ids_may_come_as_numbers() {
    let desk = Desk::on_premises()
        .world(|world| (world.settings.sdp.ids, world.settings.sdp.times) = (Form::Mixed, Form::Mixed))
        .start();
    let all: Vec<String> = (0..20).map(|n| request(&desk, BEGIN - 20_000 + n).number).collect();
    assert_eq!(numbers(&desk.get(&window(BEGIN - 60_000, BEGIN)).await), all);
}

#[tokio::test]
async fn a_poll_of_the_gateway_costs_one_call_however_many_tickets_there_are() {
    let desk = Desk::cloud().world(|world| drop(world.populate(300, 1, 1))).start();
    desk.advance(hours(1));
    for _ in 0..10 {
        let now = desk.now();
        desk.forget_calls();
        assert_eq!(numbers(&desk.get(&window(now - 30_000, now)).await), Vec::<String>::new());
        assert_eq!(desk.count("GET", "/api/v3/"), 1);
        desk.advance(minutes(1) / 2);
    }
    assert_eq!(desk.count("*", "/oauth/"), 0, "and the token is kept");
}

/// A page is compared with what is known in one go; a wrong implementation opens the ledger anew for each of its tickets.
#[tokio::test]
async fn a_page_with_many_tickets_takes_as_few_store_operations_as_one_with_few() {
    let operations = async |tickets: usize| {
        let desk = Desk::cloud().start();
        for _ in 0..tickets {
            request(&desk, desk.now());
        }
        desk.poll().await.clean();
        desk.store_use();
        let now = desk.now();
        assert_eq!(numbers(&desk.get(&window(now - 60_000, now)).await).len(), tickets);
        desk.store_use().operations()
    };
    assert_eq!(operations(20).await, operations(1).await);
}
