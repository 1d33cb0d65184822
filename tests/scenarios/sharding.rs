//! Several sweepers share the work: each takes whole slots of tickets, and how many there are may change at any time.
//!
//! A wrong implementation leaves tickets between two sweepers or gives them to both, forgets what was known when the store
//! is cut or a slot changes hands, tells of a part only where all is asked for, or reads every list once for each slot.

use approval_bridge::simulate::{Moment, Rest};
use approval_bridge::stubs::{Door, Fault, TicketRef, World};
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, Browser, CY, Desk, asking, minutes, requests};
use serde_json::json;

/// So many new tickets, each with two approvals.
fn ask(world: &mut World, tickets: usize) -> Vec<TicketRef> {
    let now = world.now();
    (0..tickets).map(|_| world.request().updated(now).level(&[ANA, BO]).add()).collect()
}

/// The sweepers of a number, over the store and the world of a desk.
fn sweepers(desk: &Desk, of: usize) -> Vec<Desk> {
    (1..=of).map(|number| desk.beside("shard", &format!("{number}/{of}"))).collect()
}

/// One sweep of each at the same time.
async fn sweep_all(sweepers: &[Desk]) {
    let first = sweepers.first().expect("at least one");
    let polls = sweepers.iter().map(|desk| desk.bridge().poll(false));
    for report in first.drive(futures::future::join_all(polls)).await {
        let report = report.expect("the sweep runs");
        assert!(report.complete, "{report:?}");
    }
}

fn witnessed() -> Desk {
    Desk::cloud().witnessed().door(Door::Listener).variable("sdp_modules", "requests").start()
}

#[tokio::test]
async fn nothing_is_missed_or_repeated_while_the_number_of_sweepers_changes() {
    let desk = witnessed();
    desk.world(|world| ask(world, 12));
    desk.witness().look();
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    for of in [3, 5, 2, 16, 1] {
        let sweepers = sweepers(&desk, of);
        for _ in 0..2 {
            desk.advance(minutes(2));
            desk.world(|world| {
                let ticket = ask(world, 6).remove(0);
                world.approve(&ticket.approval(0, 0), ANA.0).unwrap();
            });
            desk.witness().look();
            sweep_all(&sweepers).await;
        }
        desk.advance(minutes(2));
        sweep_all(&sweepers).await;
        sweepers[of - 1].inspect(Rest::Done).await;
        let breaches: Vec<_> = desk.witness().breaches().iter().map(ToString::to_string).collect();
        assert!(breaches.is_empty(), "{of} sweepers: {breaches:#?}");
    }
    let rounds = 5 * 2;
    assert_eq!(
        desk.told().len(),
        2 * 12 + rounds * (2 * 6 - 1),
        "each is told once, but those that were decided before"
    );
}

#[tokio::test]
async fn each_ticket_is_looked_into_by_one_sweeper() {
    let desk = witnessed();
    let sweepers = sweepers(&desk, 4);
    sweep_all(&sweepers).await;
    desk.advance(minutes(2));
    let tickets = desk.world(|world| ask(world, 20));
    desk.witness().look();
    desk.forget_calls();
    let mut lookers = Vec::new();
    for sweeper in &sweepers {
        sweeper.poll().await.clean();
        let looked =
            |ticket: &&TicketRef| desk.count("GET", &format!("/requests/{}/approval_levels", ticket.ticket)) > 0;
        lookers.push(tickets.iter().filter(looked).count());
        desk.forget_calls();
    }
    assert_eq!(lookers.iter().sum::<usize>(), 20, "{lookers:?}");
    assert!(lookers.iter().all(|looked| *looked < 20), "the work is shared: {lookers:?}");
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn a_list_is_read_once_for_all_slots_of_a_sweeper() {
    let quiet = async |desk: Desk| {
        desk.world(|world| ask(world, 10));
        desk.poll().await;
        desk.poll_every(minutes(2), 3).await;
        desk.advance(minutes(2));
        desk.forget_calls();
        desk.poll().await.clean();
        desk.calls("GET", "/requests").into_iter().filter(|call| !call.path.contains("/requests/")).count()
    };
    let setup = || Desk::cloud().variable("sdp_modules", "requests").variable("reconcile_minutes", "10080");
    let alone = quiet(setup().start()).await;
    assert_eq!(quiet(setup().variable("shard", "1/1").start()).await, alone);
}

#[tokio::test]
async fn every_route_tells_of_everything_wherever_it_lies() {
    let desk = Desk::cloud()
        .with_atera()
        .variable("sdp_modules", "requests")
        .variable("shard", "1/2")
        .variable("closing_notices", "none")
        .start();
    desk.world(|world| ask(world, 12));
    let (one, other) = (desk.beside("shard", "1/2"), desk.beside("shard", "2/2"));
    sweep_all(&[one, other]).await;
    let due = desk.due();
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = desk.get(&format!("/approvals?limit=5{cursor}")).await;
        listed.extend(page.ids());
        let Some(next) = page.body["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, due, "each once");
    for id in &due {
        assert_eq!(desk.get(&format!("/approvals/{id}")).await.status, 200, "{id}");
    }
    let anas = desk.get(&format!("/approvals?approver={}", ANA.1)).await.ids();
    assert_eq!(anas.len(), 12);
    assert_eq!(desk.approve(&anas[3], ANA.1).await.status, 200);
    assert_eq!(desk.get("/approvals?limit=100").await.ids().len(), due.len() - 1);

    // A message that was given up lies in a slot, and is found there.
    desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").always());
        ask(world, 1);
    });
    desk.advance(minutes(2));
    desk.poll().await;
    desk.beside("shard", "2/2").poll().await;
    let outbox = desk.get("/outbox").await;
    let messages = outbox.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{}", outbox.text);
    let event = messages[0]["id"].as_str().unwrap();
    desk.world(|world| world.clear_faults());
    assert_eq!(desk.post(&format!("/outbox/{event}/retry"), json!(null)).await.status, 200);
    let metrics = desk.get("/metrics").await.text;
    assert!(metrics.contains("approval_bridge_outbox_messages{state=\"dead\"} 1"), "{metrics}");

    // What the bridge keeps itself is told by whoever takes the call.
    let ticket = desk.ticket_of_sam();
    let made = desk.post("/requests", asking(&ticket, &[CY], json!({ "rule": "all" }))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = format!("managed:{}:r1", made.body["id"].as_str().unwrap());
    assert_eq!(desk.get("/approvals?source=managed").await.ids(), std::slice::from_ref(&id));
    assert_eq!(desk.approve(&id, CY.1).await.status, 200);
}

#[tokio::test]
async fn a_slot_that_somebody_else_has_is_left_out_and_told_of() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").variable("shard", "1/2").start();
    desk.poll().await.clean();
    let holder = json!({ "owner": "somebody else", "until": desk.now() + 10_000 });
    desk.keep("s04:v1:lease", holder.to_string().into_bytes()).await;
    let report = desk.poll().await;
    assert!(!report.complete);
    assert_eq!(report.codes(), ["BUSY"]);
    assert_eq!(
        report.source("slots").errors[0].message,
        "1 of 8 slots are swept by somebody else; the next sweep looks at them"
    );
    let mut browser = Browser::new(&desk);
    assert_eq!(browser.sign_in(API_TOKEN).await.status, 303);
    let page = browser.get("/console").await;
    assert!(page.text.contains("Another sweeper still had some of this one"), "{}", page.text);
    desk.advance(minutes(1));
    desk.poll().await.clean();
}

#[tokio::test]
async fn a_hint_is_heard_in_the_slot_of_its_ticket() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").variable("shard", "1/3").start();
    desk.poll().await;
    let tickets = desk.world(|world| ask(world, 6));
    for ticket in &tickets {
        let hint = json!({ "source": "sdp", "module": "requests", "ticket_id": ticket.ticket });
        assert_eq!(desk.post("/hints", hint).await.status, 200);
    }
    assert_eq!(desk.told(), desk.due(), "also where another sweeper has the slot");
}

#[tokio::test]
async fn requests_of_zendesk_are_shared_and_a_hint_about_their_ticket_finds_them() {
    let desk = Desk::zendesk().start();
    desk.world(|world| {
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 12)
    });
    let sweepers = sweepers(&desk, 3);
    sweep_all(&sweepers).await;
    sweep_all(&sweepers).await;
    assert_eq!(desk.told(), desk.asked());
    desk.world(|world| {
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 3)
    });
    let hint = json!({ "source": "zendesk", "ticket_id": "1" });
    assert_eq!(sweepers[0].post("/hints", hint).await.status, 200);
    assert_eq!(desk.told(), desk.asked(), "wherever they lie");
}

#[tokio::test]
async fn who_does_not_know_that_the_store_is_cut_is_told_and_says_nothing() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").start();
    let one = desk.world(|world| ask(world, 1)).remove(0);
    desk.beside("shard", "1/1").poll().await.clean();
    let told = desk.cards().len();
    desk.world(|world| ask(world, 1));
    let error = desk.try_poll().await.expect_err("it cannot sweep");
    assert!(error.to_string().contains("set the variable shard"), "{error}");
    let answer = desk.approve(&one.approval(0, 0).id(), ANA.1).await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    assert_eq!(desk.cards().len(), told);
}

#[tokio::test]
async fn sweepers_that_share_moveworks_limit_keep_it_together() {
    let desk = Desk::cloud()
        .variable("sdp_modules", "requests")
        .without("moveworks_per_minute")
        .variable("moveworks_per_minute", "30")
        .start();
    let sweepers = sweepers(&desk, 3);
    sweep_all(&sweepers).await;
    desk.world(|world| {
        world.settings.moveworks.events_per_minute = Some(30);
        ask(world, 40)
    });
    for _ in 0..8 {
        desk.advance(minutes(1));
        let polls = sweepers.iter().map(|desk| desk.bridge().poll(false));
        for report in desk.drive(futures::future::join_all(polls)).await {
            assert!(report.unwrap().sources.iter().all(|source| source.errors.is_empty()));
        }
    }
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn a_crash_at_any_call_while_the_store_is_cut_loses_and_repeats_nothing() {
    // Each call would take hours, so they are sampled, with another offset for each way.
    for (offset, moment) in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter].into_iter().enumerate() {
        let mut call = u64::try_from(offset).unwrap();
        loop {
            let desk = witnessed();
            desk.world(|world| ask(world, 3));
            desk.witness().look();
            desk.poll().await.clean();
            desk.advance(minutes(2));
            desk.world(|world| ask(world, 2));
            desk.witness().look();
            let sweeper = desk.beside("shard", "1/1");
            sweeper.plug().strike(call, moment);
            let _ = sweeper.poll_until_pulled().await;
            if sweeper.plug().struck() == 0 {
                assert!(call > 150, "the move makes many calls: {call}");
                break;
            }
            let what = format!("{moment:?} call {call}");
            let next = desk.beside("shard", "1/1");
            let mut report = None;
            for _ in 0..3 {
                next.advance(minutes(2));
                report = Some(next.poll().await);
            }
            let report = report.expect("it sweeps");
            assert!(report.complete && report.outbox.waiting == 0, "{what}: {report:?}");
            next.inspect(Rest::Done).await;
            let breaches: Vec<_> = desk.witness().breaches().iter().map(ToString::to_string).collect();
            assert!(breaches.is_empty(), "{what}: {breaches:#?}");
            call += 11;
        }
    }
}
