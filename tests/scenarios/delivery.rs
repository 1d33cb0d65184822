//! A message that was planned is delivered, whatever Moveworks answers on the way, or waits for a person.
//!
//! A wrong implementation loses what was refused once, storms at a limit, gives up at a passing fault, repeats under
//! another event id, or says something that is no longer so.

use approval_bridge::stubs::{ApprovalRef, Door, Fault};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Setup, days, hours, minutes, seconds};
use serde_json::{Value, json};

const SEND: &str = "/messages/send";
const NOTIFY: &str = "/notify";

fn setup() -> Setup {
    Desk::cloud().variable("concurrency", "1")
}

/// sdp.md §12, row 25, and moveworks.md §4: the limit names the time.
#[tokio::test]
async fn a_limit_is_waited_out_by_everybody() {
    let desk = setup().world(|world| drop(world.populate(5, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("POST", SEND).too_many(Some("20")).after(2)));
    desk.poll().await;
    assert_eq!(desk.told(), desk.due());
    let calls = desk.calls("POST", SEND);
    let refused = calls.iter().position(|call| call.status() == Some(429)).unwrap();
    let next = calls[refused + 1].at;
    assert!(next - calls[refused].at >= 20_000, "no call for 20 seconds");
    assert_eq!(calls.len(), 6);
}

/// moveworks.md §4: 120 a minute, and no `Retry-After`.
#[tokio::test]
async fn the_limit_of_the_organisation_is_kept_over_sweeps() {
    let desk = Desk::cloud()
        .world(|world| {
            world.settings.moveworks.events_per_minute = Some(120);
            world.populate(300, 1, 1);
        })
        .start();
    for _ in 0..6 {
        desk.poll_every(minutes(1), 1).await;
    }
    assert_eq!(desk.told(), desk.due());
    let refused = desk.calls("POST", SEND).iter().filter(|call| call.status() == Some(429)).count();
    assert!(refused <= 3 * 16, "no storm: {refused} were refused");
}

#[tokio::test]
async fn a_pause_outlasts_a_restart_and_keeps_the_order() {
    let desk = setup().start();
    desk.world(|world| world.fault(Fault::on("POST", SEND).too_many(Some("300")).always()));
    let mut planned = Vec::new();
    for subject in ["first", "second", "third"] {
        let ticket = desk.world(|world| world.request().subject(subject).updated(desk.now()).level(&[ANA]).add());
        planned.push(ticket.approval(0, 0).id());
        desk.poll_every(seconds(20), 1).await;
    }
    assert_eq!(desk.count("POST", SEND), 1, "one refusal is enough to know");
    let desk = desk.restart();
    desk.world(|world| world.clear_faults());
    assert_eq!(desk.poll_every(seconds(20), 1).await.outbox.waiting, 3);
    assert_eq!(desk.count("POST", SEND), 1, "the pause holds in another process");
    desk.poll_every(minutes(6), 1).await.clean();
    assert_eq!(desk.cards().into_iter().map(|card| card.approval_id).collect::<Vec<_>>(), planned);
}

#[tokio::test]
async fn a_fault_is_repeated_with_the_same_event_id() {
    let desk = Desk::cloud().door(Door::Listener).world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.fault(Fault::on("POST", NOTIFY).replies(503, "").in_effect().times(2)));
    let report = desk.poll().await;
    assert_eq!((report.outbox.sent, report.outbox.waiting), (0, 1));
    desk.poll_every(minutes(1), 8).await;
    let ids: Vec<_> = desk.cards().into_iter().map(|card| card.event_id).collect();
    assert_eq!(ids.len(), 3, "twice taken and denied, then confirmed");
    assert!(ids.iter().all(|id| *id == ids[0] && !id.is_empty()), "{ids:?}");
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(desk.cards().len(), 3);
}

/// Standard Webhooks: a day and more of repeats, further and further apart; then it is for a person.
#[tokio::test]
async fn a_fault_that_lasts_is_repeated_for_days_and_then_given_up() {
    let desk = setup().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.fault(Fault::on("POST", SEND).replies(500, "").always()));
    desk.poll().await;
    desk.poll_every(hours(1), 24).await;
    assert!((5..20).contains(&desk.count("POST", SEND)), "{}", desk.count("POST", SEND));
    assert_eq!(desk.poll_every(hours(1), 1).await.outbox.waiting, 1);
    desk.poll_every(hours(4), 24).await;
    let listed = desk.get("/outbox").await;
    assert_eq!(listed.body["messages"][0]["state"], json!("dead"), "{}", listed.text);
    let calls = desk.count("POST", SEND);
    desk.poll_every(days(1), 3).await;
    assert_eq!(desk.count("POST", SEND), calls, "given up is given up");
}

/// moveworks.md §4.
#[tokio::test]
async fn a_refused_credential_stops_all_messages_and_loses_none() {
    let desk = setup().world(|world| drop(world.populate(5, 1, 1))).start();
    desk.world(|world| world.settings.moveworks.api_key = Some("another".to_owned()));
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(String::new(), "CREDENTIAL_REFUSED".to_owned())]);
    assert_eq!(desk.count("POST", SEND), 1, "the others would be refused as well");
    assert_eq!(report.outbox.waiting, 5);
    desk.world(|world| world.settings.moveworks.api_key = None);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// moveworks.md §4: one unknown address must not sink others; a person can have it sent once more.
#[tokio::test]
async fn a_refused_message_is_given_up_listed_and_retried_by_hand() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        world.settings.moveworks.launch_list = Some([ANA.1.to_owned()].into());
        world.request().level(&[ANA, BO]).add()
    });
    let report = desk.poll().await;
    assert_eq!(desk.told(), [ticket.approval(0, 0).id()]);
    assert_eq!((report.outbox.sent, report.outbox.dead), (1, 1));
    assert_eq!(report.codes(), ["REFUSED"]);
    let calls = desk.count("POST", SEND);
    desk.poll_every(minutes(5), 13).await;
    assert_eq!(desk.count("POST", SEND), calls, "it is not tried again by itself");

    let listed = desk.get("/outbox").await;
    let message = &listed.body["messages"][0];
    assert_eq!(listed.body["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!((&message["state"], &message["recipient"]), (&json!("dead"), &json!(BO.1)));
    assert_eq!(message["about"], json!([ticket.approval(0, 1).id()]));
    assert!(message["last_error"].as_str().is_some_and(|text| text.contains("400")), "{}", listed.text);

    desk.world(|world| world.settings.moveworks.launch_list = None);
    let id = message["id"].as_str().unwrap();
    assert_eq!(desk.post(&format!("/outbox/{id}/retry"), Value::Null).await.status, 200);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
    assert_eq!(desk.get("/outbox").await.body["messages"], json!([]));
    assert_eq!(desk.post(&format!("/outbox/{id}/retry"), Value::Null).await.error(), (404, "NOT_FOUND"));
}

/// DESIGN, "Nothing false".
#[tokio::test]
async fn what_was_decided_while_its_card_waited_is_not_announced() {
    let desk = setup().start();
    let ticket = desk.world(|world| {
        world.fault(Fault::on("POST", SEND).too_many(Some("120")).always());
        world.settings.sdp.approvals_touch_tickets = false;
        world.request().level(&[ANA, BO]).add()
    });
    desk.poll().await;
    desk.world(|world| {
        world.clear_faults();
        world.approve(&ticket.approval(0, 0), ANA.0).unwrap();
    });
    desk.poll_every(minutes(3), 1).await;
    assert_eq!(desk.told(), [ticket.approval(0, 1).id()]);
    assert_eq!(desk.poll_every(minutes(5), 13).await.outbox.waiting, 0);
    assert_eq!(desk.told(), [ticket.approval(0, 1).id()]);
}

/// The person asked now is told, not the one who was asked when the card was planned.
#[tokio::test]
async fn a_card_for_an_approver_who_was_replaced_meanwhile_is_not_sent() {
    let desk = setup().start();
    let ticket = desk.world(|world| {
        world.fault(Fault::on("POST", SEND).too_many(Some("120")).always());
        world.request().level(&[ANA]).add()
    });
    desk.poll().await;
    desk.world(|world| {
        world.clear_faults();
        world.reassign(&ticket.approval(0, 0), BO.0, BO.1).unwrap();
    });
    desk.poll_every(minutes(3), 2).await;
    assert_eq!(desk.cards().into_iter().map(|card| card.to).collect::<Vec<_>>(), [BO.1]);
}

/// The connection ends before or after the message was taken: nobody can know which.
#[tokio::test]
async fn a_lost_answer_leads_to_one_repeat_at_most() {
    for taken in [false, true] {
        let desk = Desk::cloud().door(Door::Listener).world(|world| drop(world.request().level(&[ANA]).add())).start();
        let fault = Fault::on("POST", NOTIFY);
        desk.world(|world| world.fault(if taken { fault.drops_after_effect() } else { fault.drops() }));
        desk.poll().await;
        desk.poll_every(minutes(1), 8).await.clean();
        let cards = desk.cards();
        assert_eq!(cards.len(), 1 + usize::from(taken));
        assert!(cards.iter().all(|card| card.event_id == cards[0].event_id));
    }
}

/// Moveworks down is no reason to stop looking, nor to forget.
#[tokio::test]
async fn while_moveworks_is_down_sweeps_go_on_and_decisions_too() {
    let desk = setup().start();
    let ticket = desk.world(|world| {
        world.fault(Fault::on("POST", SEND).drops().always());
        world.request().level(&[ANA]).level(&[BO]).add()
    });
    desk.poll().await;
    assert_eq!(desk.get("/approvals").await.ids(), [ticket.approval(0, 0).id()]);
    assert_eq!(desk.approve(&ticket.approval(0, 0).id(), ANA.1).await.status, 200);
    desk.poll_every(minutes(1), 2).await;
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(10), 6).await;
    assert_eq!(desk.told(), [ticket.approval(1, 0).id()], "Ana needs no card any more");
}

/// A card whose answer was lost may have come. Its event id is its reader's, whoever is asked next and whoever drops it.
#[tokio::test]
async fn who_is_asked_next_is_told_under_an_event_id_of_their_own() {
    let setup = setup().door(Door::Listener).variable("sdp_modules", "requests");
    let desk = setup.world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.fault(Fault::on("POST", NOTIFY).drops_after_effect().times(1)));
    desk.poll().await;
    let at = ApprovalRef::parse(&desk.due()[0]).unwrap();
    desk.world(|world| world.reassign(&at, BO.0, BO.1)).unwrap();
    desk.advance(minutes(1));
    // It delivers, and looks at no ticket.
    let notice = json!({ "message": "Back at noon.", "recipients": [CY.1] });
    assert_eq!(desk.post("/notifications", notice).await.status, 202);
    desk.poll_every(minutes(10), 12).await.clean();
    let told: Vec<_> = desk.cards().into_iter().map(|card| (card.to, card.event_id)).collect();
    let id = |to: &str| told.iter().find(|(own, _)| own == to).map(|(_, id)| id.clone()).unwrap();
    assert!(id(ANA.1).ends_with(":1:pending") && id(BO.1).ends_with(":2:pending"), "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
}

/// A proxy's log-in page comes with 200 like a good answer: its type tells, or its text.
#[tokio::test]
async fn a_web_page_that_answers_in_moveworks_place_takes_no_message() {
    let pages: [fn(Fault) -> Fault; 3] = [
        Fault::html,
        |fault| fault.replies(200, "Please sign in").content_type("text/html"),
        |fault| fault.replies(200, "<html>Please sign in</html>"),
    ];
    for (door, path) in [(Door::Events, SEND), (Door::Listener, NOTIFY)] {
        for page in pages {
            let desk = setup().door(door).world(|world| drop(world.request().level(&[ANA]).add())).start();
            desk.world(|world| world.fault(page(Fault::on("POST", path)).always()));
            desk.poll().await;
            assert_eq!(desk.cards().len(), 0);
            desk.world(|world| world.clear_faults());
            desk.poll_every(minutes(1), 8).await.clean();
            assert_eq!(desk.told(), desk.due());
        }
    }
}
