//! Atera: what the bridge reads there, and how an outcome gets into its ticket.
//!
//! A wrong implementation writes an outcome twice after a lost answer, gives up at the first failure, follows a link of
//! an answer, or tells the key.

use approval_bridge::stubs::{ATERA_API_KEY, Effect, Fault, Vendor};
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, days, hours, minutes, seconds};
use serde_json::{Value, json};

async fn asked(setup: Setup) -> (Desk, String, String) {
    let desk = setup.start();
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[ANA, BO], json!({ "rule": "any" })).await;
    desk.new_cards();
    (desk, ticket, id)
}

fn field(desk: &Desk, ticket: &str) -> Option<String> {
    desk.world(|world| world.atera(ticket).unwrap().fields.get("Approval status").cloned())
}

fn written(desk: &Desk) -> usize {
    let calls = desk.calls("POST", "/atera/");
    calls.iter().filter(|call| matches!(call.effect, Effect::Noted(_))).count()
}

async fn activity(desk: &Desk, id: &str) -> Vec<String> {
    let request = desk.request(id).await;
    let lines = request["activity"].as_array().unwrap().clone();
    lines.iter().map(|line| line["what"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_outcome_is_noted_in_the_ticket_and_set_in_its_field() {
    for (answer, word) in [("approve", "Approved"), ("decline", "Declined")] {
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        let id = desk.ask(&ticket, &[ANA], Value::Null).await;
        desk.respond(&id, ANA, answer).await;
        let notes = desk.notes(&ticket);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains(ANA.1) && notes[0].contains("because"), "{}", notes[0]);
        let marker = format!("[approval-bridge {id} r1 {}]", word.to_lowercase());
        assert!(notes[0].ends_with(&marker), "{}", notes[0]);
        assert_eq!(field(&desk, &ticket).as_deref(), Some(word));
        assert_eq!(activity(&desk, &id).await.last().map(String::as_str), Some("written_back"));
        desk.forget_calls();
        desk.poll_every(minutes(30), 6).await.clean();
        assert_eq!(desk.count("*", "/atera/"), 0, "and Atera is left alone");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_the_note_is_written_again() {
    let (desk, ticket, id) = asked(Desk::atera()).await;
    desk.world(|world| world.fault(Fault::on("POST", "/comments").drops_after_effect()));
    assert_eq!(desk.respond(&id, ANA, "approve").await.status, 200, "the answer stands all the same");
    assert_eq!(desk.notes(&ticket).len(), 1);
    desk.poll_every(minutes(1), 5).await.clean();
    assert_eq!((desk.notes(&ticket).len(), written(&desk)), (1, 1));
    assert_eq!(activity(&desk, &id).await.last().map(String::as_str), Some("written_back"));
}

#[tokio::test]
async fn a_note_that_was_not_taken_is_written_later() {
    for fault in [
        Fault::on("POST", "/comments").drops(),
        Fault::on("POST", "/comments").replies(503, ""),
        Fault::on("POST", "/comments").too_many(None),
        Fault::on("POST", "/comments").replies(404, "\"Invalid input\""),
        Fault::on("GET", "/comments").replies(500, "").times(3),
        Fault::on("PUT", "/customvalues").drops(),
    ] {
        let (desk, ticket, id) = asked(Desk::atera()).await;
        let what = format!("{fault:?}");
        desk.world(|world| world.fault(fault));
        assert_eq!(desk.respond(&id, ANA, "approve").await.status, 200, "{what}");
        assert_eq!(desk.newly_told().len(), 1, "what Atera does keeps nobody from being told: {what}");
        assert!(desk.notes(&ticket).is_empty(), "{what}");
        desk.poll_every(minutes(2), 10).await.clean();
        assert_eq!((desk.notes(&ticket).len(), field(&desk, &ticket).as_deref()), (1, Some("Approved")), "{what}");
    }
}

/// Atera publishes no limit. After an outage there may be much to write at once, and cards are told after that.
#[tokio::test]
async fn no_minute_has_more_than_90_calls_no_sweep_waits_long_for_them_and_all_is_written_in_the_end() {
    let desk = Desk::atera().start();
    desk.world(|world| world.fault(Fault::on("PUT", "/customvalues").drops().always()));
    let mut tickets = Vec::new();
    for _ in 0..60 {
        let ticket = desk.ticket_of_sam();
        let id = desk.ask(&ticket, &[ANA], Value::Null).await;
        desk.respond(&id, ANA, "approve").await;
        tickets.push(ticket);
        // These calls are made on somebody's behalf, each in a process of its own.
        desk.advance(minutes(1));
    }
    desk.world(|world| world.clear_faults());
    desk.forget_calls();
    for _ in 0..20 {
        let begun = desk.now();
        desk.poll().await;
        assert!(desk.now() - begun < 15_000, "a sweep of {} ms", desk.now() - begun);
        desk.advance(seconds(15));
    }
    assert!(tickets.iter().all(|ticket| desk.notes(ticket).len() == 1), "all is written, once");
    let times: Vec<i64> = desk.calls("*", "/atera/").iter().map(|call| call.at).collect();
    assert!(times.len() >= 60 * 3, "{} calls", times.len());
    for (index, begin) in times.iter().enumerate() {
        let within = times.iter().skip(index).take_while(|at| **at < begin + 60_000).count();
        assert!(within <= 90, "{within} calls in a minute");
    }
}

#[tokio::test]
async fn an_outage_of_days_is_waited_out_and_one_for_ever_is_given_up_with_a_word() {
    let (desk, ticket, id) = asked(Desk::atera()).await;
    desk.world(|world| world.fault(Fault::on("*", "/atera/").replies(401, "").always()));
    desk.respond(&id, ANA, "approve").await;
    desk.advance(minutes(1));
    let report = desk.poll().await;
    assert_eq!(report.codes(), ["CREDENTIAL_REFUSED"]);
    assert!(report.messages().contains("missing, wrong or expired"), "{}", report.messages());
    desk.poll_every(hours(6), 8).await;
    desk.world(|world| world.clear_faults());
    desk.poll_every(hours(12), 3).await.clean();
    assert_eq!(desk.notes(&ticket).len(), 1);

    let (desk, ticket, id) = asked(Desk::atera()).await;
    desk.world(|world| world.fault(Fault::on("*", "/atera/").replies(401, "").always()));
    desk.respond(&id, ANA, "approve").await;
    desk.poll_every(hours(12), 30).await;
    desk.forget_calls();
    desk.poll_every(days(1), 3).await.clean();
    assert_eq!((desk.count("*", "/atera/"), desk.notes(&ticket).len()), (0, 0));
    assert_eq!(activity(&desk, &id).await.last().map(String::as_str), Some("not_written_back"));
}

#[tokio::test]
async fn a_field_that_is_not_there_keeps_nobody_from_the_note() {
    let (desk, ticket, id) = asked(Desk::atera().variable("atera_status_field", "Colour")).await;
    desk.respond(&id, ANA, "approve").await;
    assert_eq!((desk.notes(&ticket).len(), field(&desk, &ticket)), (1, None));
    assert_eq!(activity(&desk, &id).await.last().map(String::as_str), Some("written_back"));
}

#[tokio::test]
async fn without_a_technician_only_the_field_is_set_and_without_both_nothing() {
    let (desk, ticket, id) =
        asked(Desk::atera().without("atera_technician_id").without("atera_technician_email")).await;
    desk.respond(&id, ANA, "approve").await;
    assert_eq!((desk.notes(&ticket).len(), field(&desk, &ticket).as_deref()), (0, Some("Approved")));
    let bare = Desk::atera().without("atera_technician_id").without("atera_technician_email");
    let (desk, ticket, id) = asked(bare.without("atera_status_field")).await;
    desk.forget_calls();
    desk.respond(&id, ANA, "approve").await;
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!((desk.notes(&ticket).len(), desk.count("*", "/atera/")), (0, 0));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let (desk, ticket, id) = asked(Desk::atera()).await;
    desk.world(|world| world.fault(Fault::on("POST", "/comments").drops()));
    desk.respond(&id, ANA, "approve").await;
    desk.advance(minutes(5));
    let before = desk.entries();
    let report = desk.post("/poll?dry_run=true", Value::Null).await;
    assert_eq!((report.status, &report.body["dry_run"]), (200, &json!(true)));
    assert!(desk.notes(&ticket).is_empty() && desk.entries() == before);
    desk.poll().await.clean();
    assert_eq!(desk.notes(&ticket).len(), 1);
}

#[tokio::test]
async fn a_marker_in_somebody_elses_words_hides_no_outcome() {
    let (desk, ticket, id) = asked(Desk::atera()).await;
    desk.world(|world| world.atera_reply(&ticket, &format!("[approval-bridge {id} r1 approved]")));
    desk.respond(&id, ANA, "approve").await;
    assert_eq!(desk.notes(&ticket).len(), 1);
}

#[tokio::test]
async fn a_long_thread_is_read_page_by_page_and_no_link_is_followed() {
    for total_pages in [true, false] {
        let desk = Desk::atera().start();
        let ticket = desk.ticket_of_sam();
        desk.world(|world| {
            world.settings.atera.total_pages = total_pages;
            (0..120).for_each(|n| world.atera_reply(&ticket, &format!("comment {n}")));
        });
        desk.ask(&ticket, &[ANA], Value::Null).await;
        assert_eq!(desk.count("GET", "/comments"), 3);
        let calls = desk.calls("*", "");
        assert!(calls.iter().all(|call| call.vendor != Vendor::Unknown && call.host != "elsewhere.example"));
    }
}

#[tokio::test]
async fn the_key_is_in_nothing_that_anybody_sees() {
    let desk = Desk::atera().start();
    let ticket = desk.ticket_of_sam();
    desk.world(|world| {
        let echo = format!("{{\"Message\":\"bad key {ATERA_API_KEY}\"}}");
        world.fault(Fault::on("GET", "/atera/").replies(400, echo).always());
    });
    let answer = desk.post("/requests", approval_bridge_tests::harness::asking(&ticket, &[ANA], Value::Null)).await;
    assert_eq!(answer.error(), (502, "SOURCE_FAILED"));
    assert!(!answer.text.contains(ATERA_API_KEY));
    desk.world(|world| world.clear_faults());
    let id = desk.ask(&ticket, &[ANA], Value::Null).await;
    desk.world(|world| {
        let echo = format!("{{\"Message\":\"bad key {ATERA_API_KEY}\"}}");
        world.fault(Fault::on("*", "/atera/").replies(400, echo).always());
    });
    desk.respond(&id, ANA, "approve").await;
    desk.advance(minutes(5));
    let report = desk.poll().await;
    assert!(report.messages().contains("(secret)") && !report.messages().contains(ATERA_API_KEY), "{report:?}");
    let held = desk.entries().into_values().any(|value| String::from_utf8_lossy(&value).contains(ATERA_API_KEY));
    assert!(!held, "nor in the store");
}
