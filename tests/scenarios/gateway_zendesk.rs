//! The Ticket Gateway over Zendesk.
//!
//! A wrong implementation trusts search, which learns of a change only after minutes, and so never shows the poller what
//! has just changed; follows links of a reply; or sends names where Zendesk wants ids.

use approval_bridge::stubs::{Fault, ZENDESK_API_TOKEN, ZENDESK_EMAIL, ZendeskAssignee, ZendeskTicket};
use approval_bridge_tests::harness::{ANA, Answer, BO, Desk, Setup, asking, minutes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// 2025-11-24T16:00:00Z, when every test begins.
const BEGIN: i64 = 1_764_000_000_000;

fn setup() -> Setup {
    Desk::cloud()
        .variable("zendesk_base_url", "https://zendesk.example")
        .variable("zendesk_email", ZENDESK_EMAIL)
        .variable("zendesk_api_token", ZENDESK_API_TOKEN)
}

fn at(millis: i64) -> String {
    approval_logic::gateway::written(millis)
}

fn window(start: i64, end: i64) -> String {
    format!("/gateway/zendesk/tickets?updated_start_ts={}&updated_end_ts={}", at(start), at(end))
}

fn ticket(desk: &Desk, updated: i64) -> u64 {
    desk.world(|world| {
        let id = world.zendesk.ticket("Laptop");
        world.zendesk.ticket_mut(id).unwrap().updated = updated;
        id
    })
}

fn stored(desk: &Desk, id: u64) -> ZendeskTicket {
    desk.world(|world| world.zendesk.ticket_of(id).expect("the ticket is there").clone())
}

fn numbers(answer: &Answer) -> Vec<u64> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tickets = answer.body["tickets"].as_array().expect("a list of tickets");
    tickets.iter().map(|ticket| ticket["id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn every_page(desk: &Desk, path: &str) -> Vec<u64> {
    let (mut found, mut next) = (Vec::new(), String::new());
    for _ in 0..20 {
        let answer = desk.get(&format!("{path}{next}")).await;
        found.extend(numbers(&answer));
        match answer.body["cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
    panic!("the pages do not end");
}

#[tokio::test]
async fn a_ticket_comes_with_its_people_and_what_was_said() {
    let desk = setup().start();
    let id = desk.world(|world| {
        let (ana, bo) = (world.zendesk.end_user(ANA.0, ANA.1), world.zendesk.user(BO.0, BO.1));
        let group = world.zendesk.group("Hardware", &[bo]);
        let id = world.zendesk.ticket("Laptop");
        let ticket = world.zendesk.ticket_mut(id).unwrap();
        (ticket.requester, ticket.assignee, ticket.group) = (Some(ana), Some(bo), Some(group));
        ticket.description = Some("Model <X>\u{202e}".to_owned());
        ticket.status = "hold".to_owned();
        id
    });
    let answer = desk.get(&format!("/gateway/zendesk/tickets/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let ticket = &answer.body["ticket"];
    assert_eq!((&ticket["state"], &ticket["internal_state_code"]), (&json!("hold"), &json!("WAITING_FOR_VENDOR")));
    assert_eq!(ticket["requested_for"]["user_itsm_id_info"], json!([{ "external_id": ANA.1 }]));
    assert_eq!(
        (&ticket["assigned_to_user"]["full_name"], &ticket["custom_data"]["group"]),
        (&json!(BO.0), &json!("Hardware"))
    );
    assert_eq!(ticket["description"], "Model <X>");
    assert_eq!(ticket["url"], format!("https://zendesk.example/agent/tickets/{id}"));
    assert_eq!(ticket["comments"], json!([]), "the description is no comment");
    for id in ["99", "abc", "..%2fusers"] {
        assert_eq!(desk.get(&format!("/gateway/zendesk/tickets/{id}")).await.error(), (404, "NOT_FOUND"), "{id}");
    }
}

/// Search would not know of these for minutes.
#[tokio::test]
async fn a_poll_shows_what_changed_in_the_last_half_minute_and_costs_one_call() {
    let desk = setup().start();
    ticket(&desk, BEGIN - 31_000);
    let [a, b, c] = [BEGIN - 30_000, BEGIN, BEGIN - 500].map(|at| ticket(&desk, at));
    let answer = desk.get(&window(BEGIN - 30_000, BEGIN)).await;
    assert_eq!(numbers(&answer), [a, c, b]);
    assert_eq!((desk.count("GET", "/api/v2/"), desk.count("GET", "/search")), (1, 0));
    desk.advance(minutes(1));
    let now = desk.now();
    assert_eq!(desk.get(&window(now - 30_000, now)).await.body, json!({ "tickets": [] }));
}

/// Zendesk's times are whole seconds: what changed at 30.7 s is shown as 30 s.
#[tokio::test]
async fn a_change_within_the_second_in_which_a_window_begins_is_in_it() {
    let desk = setup().start();
    let id = ticket(&desk, BEGIN - 29_300);
    assert_eq!(numbers(&desk.get(&window(BEGIN - 29_500, BEGIN)).await), [id]);
}

#[tokio::test]
async fn a_long_window_comes_through_search_and_its_young_end_through_the_list_each_ticket_once() {
    let desk = setup().start();
    let mut wanted: Vec<u64> = (0..250).map(|n| ticket(&desk, BEGIN - 3_600_000 + n * 10_000)).collect();
    wanted.extend((0..150).map(|n| ticket(&desk, BEGIN - 590_000 + n * 3_000)));
    // As in a bulk edit: more than a page in one second.
    wanted.extend((0..120).map(|n| ticket(&desk, BEGIN - 1_000_000 + n)));
    let found = every_page(&desk, &window(BEGIN - 3_600_000, BEGIN)).await;
    let mut sorted = found.clone();
    sorted.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert!(desk.count("GET", "/search") > 0 && desk.count("GET", "/api/v2/tickets") > 0);
}

/// More changed than the list is looked through for: then search, which knows most of it, is better than nothing.
#[tokio::test]
async fn what_is_too_much_for_the_list_comes_through_search() {
    let desk = setup().start();
    let old: Vec<u64> = (0..30).map(|n| ticket(&desk, BEGIN - 500_000 + n * 1_000)).collect();
    for n in 0..1_050 {
        ticket(&desk, BEGIN - 60_000 + n);
    }
    let answer = desk.get(&window(BEGIN - 550_000, BEGIN)).await;
    assert_eq!(numbers(&answer), old);
}

#[tokio::test]
async fn the_tickets_of_a_person_are_found_by_id_and_by_address() {
    let desk = setup().start();
    let (ana, own) = desk.world(|world| {
        let ana = world.zendesk.end_user(ANA.0, ANA.1);
        let own = world.zendesk.ticket("Own");
        world.zendesk.ticket_mut(own).unwrap().requester = Some(ana);
        world.zendesk.ticket("Other");
        (ana, own)
    });
    for requestor in [ana.to_string(), ANA.1.to_owned(), format!("%7B%22email_addr%22:%22{}%22%7D", ANA.1)] {
        let path = format!("/gateway/zendesk/tickets?requestor={requestor}");
        assert_eq!(numbers(&desk.get(&path).await), [own], "{requestor}");
        assert_eq!(numbers(&desk.get(&format!("{path}&updated_start_ts={}", at(BEGIN))).await), [0u64; 0]);
    }
    let nobody = desk.get("/gateway/zendesk/tickets?requestor=nobody@corp.example").await;
    assert_eq!(numbers(&nobody), [0u64; 0]);
}

#[tokio::test]
async fn a_ticket_is_created_and_changed_with_names_turned_into_ids() {
    let desk = setup().variable("gateway_fields", "zendesk/cost_center=custom_fields.360001").start();
    let (bo, group) = desk.world(|world| (world.zendesk.user(BO.0, BO.1), world.zendesk.group("Hardware", &[])));
    let payload = json!({
        "short_description": "Monitor",
        "description": "It \"flickers\".\nSince Monday.",
        "requestor": { "full_name": ANA.0, "email_addr": ANA.1 },
        "group": "hardware",
        "priority": "High",
        "cost_center": "CC-17",
    });
    let answer = desk.post("/gateway/zendesk/tickets", payload).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let ticket = &answer.body["ticket"];
    assert_eq!((&ticket["internal_state_code"], &ticket["custom_data"]["group"]), (&json!("NEW"), &json!("Hardware")));
    assert_eq!(
        (&ticket["custom_data"]["cost_center"], &ticket["requested_for"]["email_addr"]),
        (&json!("CC-17"), &json!(ANA.1))
    );
    let id: u64 = ticket["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stored(&desk, id).group, Some(group));
    let path = |what: &str| format!("/gateway/zendesk/tickets/{id}{what}");
    let change = json!({ "assigned_to_user": BO.1, "state": "pending" });
    assert_eq!(desk.call("PATCH", &path(""), change).await.body["ticket"]["internal_state_code"], "WAITING_FOR_USER");
    assert_eq!(stored(&desk, id).assignee, Some(bo));
    let assigned = desk.call("PUT", &path("/assignment"), json!({ "group": "Hardware" })).await;
    assert_eq!(assigned.status, 200, "{}", assigned.text);
    for (method, path, body, named) in [
        ("PUT", path("/assignment"), json!({ "group": "Nobody's" }), "group"),
        ("PATCH", path(""), json!({ "description": "other" }), "description"),
        ("PATCH", path(""), json!({ "state": "resolved" }), "status"),
    ] {
        let answer = desk.call(method, &path, body).await;
        assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"), "{named}");
        assert!(answer.text.contains(named), "{}", answer.text);
    }
}

#[tokio::test]
async fn resolve_and_reopen_and_a_closed_ticket_that_stays_closed() {
    let desk = setup().start();
    let id = ticket(&desk, BEGIN);
    let path = |what: &str| format!("/gateway/zendesk/tickets/{id}/{what}");
    assert_eq!(desk.post(&path("resolve"), Value::Null).await.body["ticket"]["internal_state_code"], "RESOLVED");
    assert_eq!(desk.post(&path("reopen"), Value::Null).await.body["ticket"]["internal_state_code"], "WIP");
    desk.world(|world| world.zendesk.ticket_mut(id).unwrap().status = "closed".to_owned());
    let answer = desk.post(&path("reopen"), Value::Null).await;
    assert_eq!(answer.error(), (400, "INPUT_VALIDATION_FAILED"));
    assert!(answer.text.contains("closed prevents"), "{}", answer.text);
    let notes = json!({ "close_notes": "n" });
    assert_eq!(desk.post(&path("resolve"), notes).await.error(), (400, "INPUT_VALIDATION_FAILED"), "Zendesk has none");
}

#[tokio::test]
async fn comments_and_files_arrive() {
    let desk = setup().start();
    let id = ticket(&desk, BEGIN);
    let path = |what: &str| format!("/gateway/zendesk/tickets/{id}/{what}");
    for (text, public) in [("Is it plugged in?", true), ("Third time", false)] {
        let answer = desk.post(&path("comments"), json!({ "text": text, "public": public })).await;
        let list = if public { "comments" } else { "work_notes" };
        assert_eq!((answer.status, &answer.body["ticket"][list][0]["text"]), (201, &json!(text)));
    }
    let bytes: Vec<u8> = (0..=255u8).cycle().take(50_000).collect();
    let file = json!({ "file_name": "../a b.png", "content": STANDARD.encode(&bytes) });
    assert_eq!(desk.post(&path("attachments"), file).await.status, 201);
    let last = stored(&desk, id).comments.pop().unwrap();
    assert_eq!((last.text.as_str(), last.public), ("a b.png", true));
    assert_eq!((last.files[0].name.as_str(), last.files[0].bytes == bytes), ("a b.png", true));
}

#[tokio::test]
async fn an_open_approval_request_is_waiting_for_approval() {
    let desk = setup().start();
    let id = desk.world(|world| {
        let ana = world.zendesk.user(ANA.0, ANA.1);
        let id = world.zendesk.ticket("Laptop");
        world.zendesk.ask(id, ZendeskAssignee::User(ana));
        id
    });
    let path = format!("/gateway/zendesk/tickets/{id}");
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WIP", "nobody knows of it yet");
    desk.poll().await.clean();
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WAITING_FOR_APPROVAL");
    let request = desk.told().pop().unwrap();
    assert_eq!(desk.approve(&request, ANA.1).await.status, 200);
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WIP");
}

#[tokio::test]
async fn a_kept_request_about_a_ticket_of_another_help_desk_is_none_of_ours() {
    let desk = setup().with_atera().start();
    let id = desk.world(|world| world.zendesk.ticket("Laptop")).to_string();
    let same_number = json!({ "TicketID": id, "TicketTitle": "Something else" }).to_string();
    desk.world(|world| world.fault(Fault::on("GET", "/atera/").replies(200, same_number).always()));
    let path = format!("/gateway/zendesk/tickets/{id}");
    let request = desk.ask(&id, &[ANA], Value::Null).await;
    desk.poll().await.clean();
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WIP", "Atera's ticket waits");
    assert_eq!(desk.call("DELETE", &format!("/requests/{request}"), Value::Null).await.status, 200);

    let mut own = asking(&id, &[BO], Value::Null);
    own["source"] = json!("zendesk");
    assert_eq!(desk.post("/requests", own).await.status, 201);
    assert_eq!(desk.get(&path).await.body["ticket"]["internal_state_code"], "WAITING_FOR_APPROVAL");
}

#[tokio::test]
async fn zendesks_limit_is_handed_on_and_its_throttle_told_at_once() {
    let desk = setup().start();
    desk.world(|world| world.fault(Fault::on("GET", "/api/v2/tickets").too_many(Some("1")).always()));
    let answer = desk.get(&window(BEGIN - 30_000, BEGIN)).await;
    assert_eq!(answer.error(), (429, "RATE_LIMIT_EXCEEDED"));
    assert_eq!(
        (answer.header("retry-after"), answer.header("x-ratelimit-remaining")),
        ("5", "0"),
        "not below the floor"
    );
    desk.world(|world| {
        world.clear_faults();
        let reply = Fault::on("GET", "/api/v2/tickets").replies(200, r#"{"tickets":[],"next_page":null}"#);
        world.fault(
            reply.header("x-rate-limit", "700").header("x-rate-limit-remaining", "650").header("ratelimit-reset", "17"),
        );
    });
    let answer = desk.get(&window(BEGIN - 30_000, BEGIN)).await;
    let told = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| answer.header(name));
    assert_eq!((answer.status, told), (200, ["700", "650", "17"]));
}
