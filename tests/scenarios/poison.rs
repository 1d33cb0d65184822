//! One poisoned answer, of every kind that the bridge reads, and everything else is served as if it were not there.
//!
//! Faults that pass, and what each fault is called, are in `vendor_faults`; rows that are odd among good ones in
//! `finding`. Here the whole answer is bad and stays so: a wrong implementation panics, reads it as "nothing there" and
//! closes what it cannot see, waits for it, or lets it take its neighbours along.

use approval_bridge::stubs::{Door, Fault, Module, TicketRef};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Sweep, hours, minutes};
use serde_json::json;

/// What an answer is poisoned with: a name, and how a fault does it.
type Poison = (&'static str, fn(Fault) -> Fault);

fn poisons() -> Vec<Poison> {
    vec![
        ("a log-in page", Fault::html),
        ("half of itself", Fault::truncates),
        ("nothing", |fault| fault.replies(204, "")),
        ("a list in place of an object", |fault| fault.replies(200, "[]")),
        ("another shape", |fault| {
            let body = r#"{"requests":{},"request":5,"approval_levels":{"id":"1"},"approvals":"x","access_token":5}"#;
            fault.replies(200, body)
        }),
        ("a failure inside a success", |fault| fault.sdp_error(4014, "\u{202e}no\r\nX: y").status(200)),
        ("a depth without end", |fault| fault.replies(200, r#"{"requests":["#.repeat(20_000))),
        ("more than fits", |fault| fault.replies(200, format!(r#"{{"requests":"{}"}}"#, "x".repeat(5_000_000)))),
        ("bytes that are no text", |fault| fault.replies(200, &b"{\"requests\":[\"\xff\xc0\"]}"[..])),
        ("the way to somebody else", |fault| fault.replies(307, "").header("location", "https://evil.example/")),
        ("an error page", |fault| fault.replies(500, "<h1>Oops</h1>").content_type("text/html")),
        ("a pause without end", |fault| fault.replies(503, "").header("retry-after", "18446744073709551615")),
    ]
}

/// Three requests, a change and a release, one approval each. The second request is the sick one.
fn desk() -> (Desk, TicketRef) {
    let desk = Desk::cloud().start();
    let sick = desk.world(|world| {
        world.request().level(&[ANA]).add();
        let sick = world.request().level(&[BO]).add();
        world.request().level(&[CY]).add();
        world.change().level(&[ANA]).add();
        world.release().level(&[BO]).add();
        sick
    });
    (desk, sick)
}

/// All that is due but what belongs to this ticket.
fn due_without(desk: &Desk, sick: &TicketRef) -> Vec<String> {
    let own = format!("sdp:requests:{}:", sick.ticket);
    desk.due().into_iter().filter(|id| !id.starts_with(&own)).collect()
}

/// A card must not show what its approver is not asked about.
#[tokio::test]
async fn the_facts_of_another_ticket_are_not_put_on_a_card() {
    let (desk, sick) = desk();
    let body = json!({ "request": { "id": "158000000009999", "display_id": "4242", "subject": "The payroll of the board" },
        "response_status": { "status_code": 2000, "status": "success" } });
    let path = format!("/requests/{}", sick.ticket);
    // Its levels and its approvals are read first.
    let poison = Fault::on("GET", &path).replies(200, body.to_string()).after(2).times(1);
    desk.world(|world| world.fault(poison));
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(sick.ticket.clone(), "UNREADABLE".to_owned())]);
    assert_eq!(desk.told(), due_without(&desk, &sick));
    assert!(desk.cards().iter().all(|card| !card.text.contains("4242")));
    recovers(&desk, "the facts of another ticket").await;
}

/// The poison is gone: within hours everything has been told, and nothing twice.
async fn recovers(desk: &Desk, what: &str) {
    desk.world(|world| world.clear_faults());
    for _ in 0..8 {
        desk.poll_every(minutes(30), 1).await;
    }
    assert_eq!(desk.told(), desk.due(), "{what}, afterwards");
    assert!(desk.calls("*", "").iter().all(|call| call.host != "evil.example"), "{what}");
}

fn names(report: &Sweep, sick: &TicketRef) -> bool {
    report.errors().iter().any(|(ticket, _)| *ticket == sick.ticket)
}

/// A ticket's own answers: its record, its levels, the approvals of its level.
#[tokio::test]
async fn a_poisoned_ticket_is_named_and_its_neighbours_are_announced() {
    for kind in 0..3 {
        for (poison, strike) in poisons() {
            let (desk, sick) = desk();
            let record = format!("/requests/{}", sick.ticket);
            let levels = format!("{record}/approval_levels");
            let approvals = format!("{levels}/{}/approvals", sick.levels[0].level);
            let paths = [record, levels, approvals];
            desk.world(|world| {
                // A path is a part of those below it, which pass first.
                for below in paths[kind + 1..].iter().rev() {
                    world.fault(Fault::on("GET", below).always());
                }
                world.fault(strike(Fault::on("GET", &paths[kind])).always());
            });
            let what = format!("{}: {poison}", paths[kind]);
            let report = desk.poll().await;
            assert_eq!(desk.told(), due_without(&desk, &sick), "{what}");
            assert!(names(&report, &sick), "{what}: {:?}", report.errors());
            recovers(&desk, &what).await;
        }
    }
}

/// The same where people have been told already: what cannot be read has not been withdrawn.
#[tokio::test]
async fn a_poisoned_ticket_that_was_announced_is_not_closed() {
    for (poison, strike) in poisons() {
        let (desk, sick) = desk();
        desk.poll().await.clean();
        let path = format!("/requests/{}/approval_levels", sick.ticket);
        desk.world(|world| {
            world.fault(strike(Fault::on("GET", &path)).always());
            world.touch(&sick).unwrap();
        });
        let report = desk.poll_every(minutes(1), 3).await;
        assert_eq!(report.requests().closed, 0, "{poison}");
        assert_eq!(desk.get("/approvals").await.ids(), desk.due(), "{poison}");
        recovers(&desk, poison).await;
    }
}

#[tokio::test]
async fn a_poisoned_list_keeps_its_module_to_itself() {
    for (poison, strike) in poisons() {
        let (desk, _) = desk();
        desk.world(|world| world.fault(strike(Fault::on("GET", "/requests")).always()));
        let report = desk.poll().await;
        let others: Vec<_> = desk.due().into_iter().filter(|id| !id.contains(":requests:")).collect();
        assert_eq!((desk.told(), others.len()), (others, 2), "{poison}");
        assert!(!report.complete && report.codes().len() == 1, "{poison}: {:?}", report.errors());
        recovers(&desk, poison).await;
    }
}

#[tokio::test]
async fn a_poisoned_page_leaves_the_pages_before_it_and_the_other_modules() {
    for (poison, strike) in poisons() {
        let desk = Desk::cloud().start();
        desk.world(|world| {
            world.populate(130, 1, 1);
            world.populate_in(Module::Changes, 2, 1, 1);
            let second = Fault::on("GET", "/requests").containing(r#""start_index":101"#);
            world.fault(strike(second).always());
        });
        let report = desk.poll().await;
        assert_eq!(desk.told().len(), 102, "{poison}: {report:?}");
        assert!(!report.complete, "{poison}");
        recovers(&desk, poison).await;
    }
}

/// Without a token nothing can be read, so nothing is said about approvals; all else goes on.
#[tokio::test]
async fn a_poisoned_token_answer_leaves_the_ledger_and_what_needs_no_token() {
    for (poison, strike) in poisons() {
        let (desk, _) = desk();
        desk.poll().await.clean();
        let told = desk.told();
        desk.world(|world| world.fault(strike(Fault::on("POST", "/oauth/v2/token")).always()));
        desk.poll_every(minutes(10), 3).await.clean();
        desk.advance(hours(1));
        desk.world(|world| drop(world.request().level(&[ANA]).add()));
        let report = desk.poll().await;
        assert!(!report.complete && !report.codes().is_empty(), "{poison}: {report:?}");
        assert_eq!(desk.told(), told, "{poison}");
        assert_eq!(desk.get("/approvals").await.ids(), told, "{poison}: nothing was concluded");
        let notice = json!({ "message": "Hello", "recipients": [BO.1] });
        assert_eq!(desk.post("/notifications", notice).await.status, 202, "{poison}");
        assert_eq!(desk.new_cards().last().map(|card| card.text.clone()), Some("Hello".to_owned()), "{poison}");
        desk.world(|world| world.clear_faults());
        desk.poll_every(hours(1), 2).await.clean();
        assert_eq!(desk.told().len(), 1, "{poison}: what came meanwhile is announced");
    }
}

/// One recipient's messages meet a poisoned answer. Only its status tells whether the message was taken.
#[tokio::test]
async fn a_poisoned_answer_of_moveworks_keeps_nobody_else_waiting() {
    for door in [Door::Events, Door::Listener] {
        for (poison, strike) in poisons() {
            let desk = Desk::cloud().door(door).start();
            desk.world(|world| {
                world.request().level(&[ANA, BO, CY]).add();
                let path = if door == Door::Events { "/messages/send" } else { "/notify" };
                world.fault(strike(Fault::on("POST", path).containing(BO.1)).always());
            });
            let report = desk.poll().await;
            let others = desk.cards().into_iter().filter(|card| card.to != BO.1).count();
            assert_eq!(others, 2, "{door:?}: {poison}: {report:?}");
            let outbox = &report.outbox;
            assert_eq!(outbox.planned, outbox.sent + outbox.waiting + outbox.dead, "{door:?}: {poison}: {outbox:?}");
        }
    }
}
