//! Each asking is announced once, to the person who is asked now, and a quiet sweep says and costs next to nothing.
//!
//! A wrong implementation keys by approval id and creation time, so that a re-sent approval is silent or an old page
//! announces again; forgets what was decided; or walks everything every minute.

use approval_bridge::stubs::{Rule, State};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, days, minutes};
use serde_json::json;

fn people(desk: &Desk) -> Vec<String> {
    desk.new_cards().into_iter().map(|card| card.to).collect()
}

/// sdp.md §12, row 26.
#[tokio::test]
async fn a_quiet_sweep_says_nothing_and_costs_one_list_call_a_module() {
    let desk = Desk::cloud().world(|world| drop(world.populate(5, 2, 1))).start();
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    desk.advance(minutes(1));
    desk.forget_calls();
    let report = desk.poll().await.clean();
    assert_eq!((report.outbox.planned, report.outbox.sent), (0, 0));
    assert_eq!(desk.told(), desk.due());
    let mut calls: Vec<_> = desk.calls("*", "").into_iter().map(|call| call.path).collect();
    calls.sort();
    assert_eq!(calls, ["changes", "releases", "requests"].map(|module| format!("/app/itdesk/api/v3/{module}")));
}

#[tokio::test]
async fn a_day_of_sweeps_announces_nothing_twice() {
    let desk = Desk::cloud().world(|world| world.fill_demo()).start();
    desk.poll().await;
    let first = desk.told();
    assert_eq!(first, desk.due());
    desk.poll_every(minutes(10), 144).await;
    assert_eq!(desk.told(), first);
}

/// sdp.md §12, row 41: decided in the product itself.
#[tokio::test]
async fn the_next_level_is_told_when_its_turn_comes_and_not_before() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).level(&[BO]).level(&[CY]).add());
    desk.poll().await.clean();
    assert_eq!(people(&desk), [ANA.1]);
    for (level, (by, next)) in [(ANA, BO), (BO, CY)].into_iter().enumerate() {
        desk.world(|world| world.approve(&ticket.approval(level, 0), by.0).unwrap());
        let report = desk.poll_every(minutes(1), 1).await.clean();
        assert_eq!(people(&desk), [next.1]);
        assert_eq!(report.requests().closed, 1);
    }
}

/// sdp.md §12, rows 40 and 41: decided through the bridge.
#[tokio::test]
async fn a_decision_through_the_bridge_leads_to_the_next_level() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        world.request().level(&[ANA]).level(&[BO]).add()
    });
    desk.poll().await.clean();
    assert_eq!(desk.approve(&ticket.approval(0, 0).id(), ANA.1).await.status, 200);
    desk.new_cards();
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(people(&desk), [BO.1], "the next level, though the ticket shows no update");
}

/// sdp.md §12, row 40.
#[tokio::test]
async fn a_rejection_ends_the_process_and_closes_its_siblings() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).level(&[CY]).add());
    desk.poll().await.clean();
    let answer = desk.reject(&ticket.approval(0, 0).id(), ANA.1, "too dear").await;
    assert_eq!(answer.outcome(), (200, "rejected"));
    assert!(!answer.text.contains("previous"), "no promise of another round: {}", answer.text);
    desk.new_cards();
    let report = desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(report.requests().closed, 1, "Bo is no longer asked");
    assert_eq!(people(&desk), [""; 0]);
    assert_eq!(desk.get("/approvals").await.ids(), [""; 0]);
}

/// sdp.md §12, row 11.
#[tokio::test]
async fn an_approval_decided_elsewhere_leaves_the_list() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).rule(Rule::Anyone).add());
    desk.poll().await.clean();
    desk.world(|world| world.approve(&ticket.approval(0, 0), ANA.0).unwrap());
    let report = desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(report.requests().closed, 2, "the one that was given, and the one that is no longer needed");
    assert_eq!(desk.get(&format!("/approvals?approver={}", ANA.1)).await.ids(), [""; 0]);
    let closed = desk.get("/approvals?status=approved").await;
    assert_eq!(closed.ids(), [ticket.approval(0, 0).id()]);
    assert_eq!(desk.cards().len(), 2);
}

/// sdp.md §12, rows 10 and 11: without any trace on the ticket, within the reconcile time.
#[tokio::test]
async fn an_approval_decided_without_trace_closes_within_the_reconcile_time() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        world.request().level(&[ANA]).add()
    });
    desk.poll().await.clean();
    desk.world(|world| world.approve(&ticket.approval(0, 0), ANA.0).unwrap());
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(desk.get("/approvals").await.ids(), [""; 0]);
}

/// sdp.md §5.5: the original turns Delegated, a sibling exists for the delegate.
#[tokio::test]
async fn a_delegated_approval_closes_and_its_delegate_is_told_for_whom() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    desk.poll().await.clean();
    desk.new_cards();
    desk.world(|world| world.delegate(&ticket.approval(0, 0), BO.0, BO.1).unwrap());
    let report = desk.poll_every(minutes(1), 1).await.clean();
    let cards = desk.new_cards();
    assert_eq!(cards.iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
    assert!(cards[0].text.contains(ANA.0), "for whom: {}", cards[0].text);
    assert_eq!(report.requests().closed, 1);
}

/// sdp.md §12, rows 12 and 43: another approver is a new round of the same approval.
#[tokio::test]
async fn a_reassigned_approval_is_a_new_round_for_the_new_approver() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let id = ticket.approval(0, 0).id();
    desk.poll().await.clean();
    desk.new_cards();
    desk.world(|world| world.reassign(&ticket.approval(0, 0), BO.0, BO.1).unwrap());
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(people(&desk), [BO.1, ANA.1], "and who was asked before hears that it is not theirs any more");
    let shown = desk.get(&format!("/approvals/{id}")).await;
    assert_eq!((&shown.body["round"], &shown.body["approver"]["email"]), (&json!(2), &json!(BO.1)));
    assert_eq!(desk.approve(&id, ANA.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.approve(&id, BO.1).await.outcome(), (200, "approved"));
}

/// sdp.md §12, row 12.
#[tokio::test]
async fn a_re_sent_approval_is_announced_again() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    desk.poll().await.clean();
    desk.advance(minutes(30));
    desk.world(|world| world.resend(&ticket.approval(0, 0)).unwrap());
    desk.poll().await.clean();
    assert_eq!(people(&desk), [ANA.1, ANA.1]);
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(people(&desk), [""; 0]);
}

/// An approval that goes back to "To Be Sent" is no longer asked; sent again it is a new round.
#[tokio::test]
async fn an_approval_taken_back_closes_and_is_announced_when_sent_again() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    desk.poll().await.clean();
    desk.world(|world| world.unsend(&at).unwrap());
    assert_eq!(desk.poll_every(minutes(1), 1).await.clean().requests().closed, 1);
    desk.advance(minutes(1));
    desk.world(|world| world.resend(&at).unwrap());
    desk.poll().await.clean();
    assert_eq!(people(&desk), [ANA.1, ANA.1]);
}

/// sdp.md §12, row 10: a page that was read before the decision arrives after it.
#[tokio::test]
async fn an_old_answer_read_late_never_revives_a_decision() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    desk.poll().await.clean();
    let before = desk.world(|world| world.ticket(at.module, &at.ticket).unwrap().clone());
    desk.advance(minutes(1));
    assert_eq!(desk.approve(&at.id(), ANA.1).await.status, 200);
    let after = desk.world(|world| {
        let ticket = world.ticket_mut(at.module, &at.ticket).unwrap();
        let after = std::mem::replace(ticket, before);
        ticket.updated = after.updated + 1;
        after
    });
    desk.poll_every(minutes(1), 3).await;
    desk.world(|world| *world.ticket_mut(at.module, &at.ticket).unwrap() = after);
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(people(&desk), [ANA.1]);
    assert_eq!(desk.get("/approvals").await.ids(), [""; 0]);
}

/// sdp.md §12, row 9: two processes over one store.
#[tokio::test]
async fn two_sweeps_at_once_announce_once() {
    let desk = Desk::cloud().world(|world| drop(world.populate(20, 1, 2))).start();
    desk.world(|world| world.set_latency(minutes(1) / 600));
    let twin = desk.twin();
    let (one, other) = desk.drive(async { futures::join!(desk.poll(), twin.poll()) }).await;
    assert_eq!(desk.told(), desk.due());
    assert_eq!(one.outbox.sent + other.outbox.sent, 40);
}

/// Requests to be asked back are no new card, and the answer counts all the same.
#[tokio::test]
async fn an_approver_who_asks_back_gets_no_second_card() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    desk.poll().await.clean();
    for state in [State::Clarification, State::Pending] {
        desk.world(|world| {
            world.set_state(&at, state).unwrap();
            world.touch(&ticket).unwrap();
        });
        desk.poll_every(minutes(1), 1).await.clean();
    }
    assert_eq!(people(&desk), [ANA.1]);
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"));
}

/// CONTRACT, variables: `silent_approvers`.
#[tokio::test]
async fn silent_approvers_get_no_cards_until_the_list_changes() {
    let desk = Desk::cloud()
        .variable("silent_approvers", " BO@corp.example, nobody@corp.example")
        .world(|world| drop(world.request().level(&[ANA, BO]).add()))
        .start();
    let report = desk.poll().await.clean();
    assert_eq!(people(&desk), [ANA.1]);
    assert_eq!((report.requests().new, report.requests().skipped), (2, 1));
    let desk = desk.reconfigure("silent_approvers", "");
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(people(&desk), [BO.1]);
}

/// What was closed is remembered long enough to be recognised, and not for ever.
#[tokio::test]
async fn closed_approvals_are_forgotten_after_months() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    let id = ticket.approval(0, 0).id();
    desk.poll().await.clean();
    desk.approve(&id, ANA.1).await;
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.get(&format!("/approvals/{id}")).await.status, 200);
    desk.advance(days(91));
    desk.world(|world| drop(world.request().level(&[BO]).add()));
    desk.poll_every(minutes(61), 2).await.clean();
    assert_eq!(desk.get(&format!("/approvals/{id}")).await.status, 404);
}
