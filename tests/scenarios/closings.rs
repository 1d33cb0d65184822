//! Who was asked and is no longer needed hears so once, if so configured; nobody else does.
//!
//! A wrong implementation tells people the end of what they were never told, of what they decided themselves, twice, or
//! while it is still theirs to decide.

use approval_bridge::stubs::{Door, Fault};
use approval_bridge_tests::harness::{ANA, BO, Card, Desk, Setup, hours, minutes};

fn setup(which: &str) -> Setup {
    Desk::cloud().door(Door::Listener).variable("closing_notices", which)
}

/// The closings that were sent.
fn closings(desk: &Desk) -> Vec<Card> {
    desk.cards().into_iter().filter(|card| card.body["event"] == "approval.closed").collect()
}

#[tokio::test]
async fn the_former_approver_hears_that_somebody_else_is_asked() {
    for (which, told) in [("none", 0), ("reassigned", 1), ("all", 1)] {
        let desk = setup(which).start();
        let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
        desk.poll().await.clean();
        desk.world(|world| world.reassign(&at, BO.0, BO.1)).expect("it is there");
        desk.poll_every(minutes(5), 14).await.clean();
        let closings = closings(&desk);
        assert_eq!(closings.len(), told, "{which}");
        for closing in closings {
            assert_eq!((closing.to.as_str(), closing.approval_id.as_str()), (ANA.1, at.id().as_str()));
            assert!(closing.text.contains("Passed on to somebody else"), "{}", closing.text);
            assert_eq!(closing.event_id, format!("{}:1:closed", at.id()));
            assert_eq!(closing.slot("action_token"), "", "nothing is left to be answered");
        }
    }
}

#[tokio::test]
async fn what_ended_elsewhere_is_told_once_where_everybody_is_to_hear() {
    for (which, told) in [("none", 0), ("reassigned", 0), ("all", 3)] {
        let desk = setup(which).start();
        let [approved, withdrawn, gone] = desk.world(|world| [(); 3].map(|()| world.request().level(&[ANA]).add()));
        desk.poll().await.clean();
        desk.world(|world| {
            world.approve(&approved.approval(0, 0), "Dee Ode")?;
            world.withdraw(&withdrawn.approval(0, 0))?;
            world.remove_ticket(&gone)
        })
        .expect("they are there");
        desk.poll_every(minutes(5), 30).await.clean();
        let closings = closings(&desk);
        assert_eq!(closings.len(), told, "{which}: {closings:#?}");
        if told > 0 {
            let about = |id: &str| closings.iter().find(|card| card.approval_id == id).expect("a closing").text.clone();
            assert!(about(&approved.approval(0, 0).id()).contains("Approved by Dee Ode"));
            assert!(about(&gone.approval(0, 0).id()).contains("No longer needed"));
        }
    }
}

#[tokio::test]
async fn who_decided_in_chat_hears_nothing_more() {
    let desk = setup("all").start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).level(&[BO]).add());
    desk.poll().await.clean();
    let id = ticket.approval(0, 0).id();
    assert_eq!(desk.approve(&id, ANA.1).await.outcome(), (200, "approved"));
    desk.poll_every(minutes(5), 14).await.clean();
    assert!(closings(&desk).is_empty(), "{:#?}", closings(&desk));
    assert_eq!(desk.cards().len(), 2);
}

#[tokio::test]
async fn nobody_hears_the_end_of_what_they_were_never_told() {
    let desk = setup("all").variable("quiet_hours", "16:00-20:00").start();
    let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
    assert_eq!(desk.poll().await.clean().outbox.waiting, 1);
    desk.advance(minutes(10));
    desk.world(|world| world.approve(&at, "Dee Ode")).expect("it is there");
    desk.poll_every(minutes(30), 16).await.clean();
    assert!(desk.cards().is_empty(), "{:#?}", desk.cards());
}

#[tokio::test]
async fn a_closing_that_waited_is_not_sent_once_the_approval_is_back() {
    let desk = setup("all").variable("quiet_hours", "17:00-20:00").start();
    let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
    desk.poll().await.clean();
    desk.advance(hours(1));
    desk.world(|world| world.reassign(&at, BO.0, BO.1)).expect("it is there");
    desk.poll_every(minutes(2), 2).await.clean();
    desk.world(|world| world.reassign(&at, ANA.0, ANA.1)).expect("it is there");
    desk.poll_every(minutes(30), 10).await.clean();
    let told: Vec<_> = desk.cards().iter().map(|card| (card.to.clone(), card.body["event"].to_string())).collect();
    assert!(told.iter().all(|(to, event)| to == ANA.1 && event.contains("pending")), "{told:?}");
}

#[tokio::test]
async fn what_comes_back_after_its_end_was_told_is_asked_again() {
    let desk = setup("all").start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    desk.poll().await.clean();
    let before = desk.world(|world| {
        let before = world.ticket(ticket.module, &ticket.ticket).expect("it is there").clone();
        world.withdraw(&at).expect("it is there");
        before
    });
    desk.poll_every(minutes(5), 14).await.clean();
    assert_eq!(closings(&desk).len(), 1);
    desk.world(|world| {
        *world.ticket_mut(ticket.module, &ticket.ticket).expect("it is there") = before;
        world.touch(&ticket).expect("it is there");
    });
    desk.poll_every(minutes(5), 14).await.clean();
    let last = desk.cards().pop().expect("a card");
    assert_eq!(
        (last.body["event"].as_str(), last.event_id),
        (Some("approval.pending"), format!("{}:2:pending", at.id()))
    );
}

/// It failed before and its turn in the walk has come: two reasons to look at the same ticket, side by side.
#[tokio::test]
async fn a_ticket_that_is_looked_at_twice_in_one_sweep_is_told_of_once() {
    let desk = setup("reassigned").start();
    let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
    desk.poll().await.clean();
    desk.world(|world| {
        world.reassign(&at, BO.0, BO.1).expect("it is there");
        world.fault(Fault::on("GET", &format!("/{}/approval_levels", at.ticket)).replies(400, "{}").times(3));
    });
    assert!(!desk.poll().await.complete);
    desk.advance(minutes(10));
    // Another update, so that the list of updates no longer reaches back to the ticket.
    let now = desk.now();
    desk.world(|world| world.request().updated(now).add());
    assert!(!desk.poll().await.complete);
    desk.poll_every(minutes(51), 1).await.clean();
    assert_eq!(closings(&desk).len(), 1);
    assert_eq!(desk.cards().len(), 3, "the card, its closing, and the card of the other one");
}
