//! A decision is taken by the live approver only, once, at the right address, and what the caller hears is what the
//! source has. Every outcome of the contract has its own status.
//!
//! A wrong implementation trusts the answer of the PUT, or its own record, or whoever calls.

use approval_bridge::simulate::Moment;
use approval_bridge::stubs::{ApprovalRef, Effect, Fault, Mandatory, TicketRef, Verbs, Via};
use approval_bridge_tests::harness::{ANA, Answer, BO, CY, Desk, Setup, minutes};
use serde_json::{Value, json};

/// A desk on which Ana has been asked about a request.
async fn asked(setup: Setup) -> (Desk, ApprovalRef, TicketRef) {
    let desk = setup.start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    desk.poll().await.clean();
    desk.forget_calls();
    (desk, ticket.approval(0, 0), ticket)
}

fn decided(desk: &Desk) -> usize {
    desk.calls("PUT", "").iter().filter(|call| matches!(call.effect, Effect::Decided { .. })).count()
}

/// sdp.md §12, rows 14, 15 and 39, in both editions.
#[tokio::test]
async fn a_decision_goes_to_the_documented_address_as_a_form() {
    for (setup, base) in [(Desk::cloud(), "/app/itdesk/api/v3"), (Desk::on_premises(), "/api/v3")] {
        let desk = setup.start();
        let tickets = desk.world(|world| {
            [
                world.request().level(&[ANA]).add(),
                world.change().level(&[ANA]).add(),
                world.release().level(&[ANA]).add(),
            ]
        });
        desk.poll().await.clean();
        for ticket in tickets {
            let at = ticket.approval(0, 0);
            desk.forget_calls();
            assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"));
            let puts = desk.calls("PUT", "");
            assert_eq!(puts.len(), 1);
            let path = format!(
                "{base}/{}/{}/approval_levels/{}/approvals/{}/_approve",
                at.module.plural(),
                at.ticket,
                at.level,
                at.approval
            );
            assert_eq!(puts[0].path, path);
            assert_eq!((puts[0].via, puts[0].content_type.as_str()), (Via::Form, "application/x-www-form-urlencoded"));
            let comment = format!("Approved by {} ({}) in chat", ANA.0, ANA.1);
            assert_eq!(puts[0].input, Some(json!({ "approval": { "comments": comment } })));
        }
    }
}

/// sdp.md §12, row 15.
#[tokio::test]
async fn a_long_comment_is_cut_to_what_every_edition_takes() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    let words = "ü".repeat(300);
    let answer = desk.reject(&at.id(), ANA.1, &words).await;
    assert_eq!(answer.outcome(), (200, "rejected"));
    let comment = desk.world(|world| world.truth_of(&at).unwrap().comments.unwrap());
    assert!(comment.chars().count() <= 250 && comment.chars().count() > 240, "{comment}");
    assert!(comment.starts_with(&format!("Rejected by {} ({}) in chat: ü", ANA.0, ANA.1)), "{comment}");
}

#[tokio::test]
async fn a_repeated_decision_is_the_same_answer_and_no_second_call() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    for _ in 0..3 {
        let answer = desk.approve(&at.id(), ANA.1).await;
        assert_eq!(answer.outcome(), (200, "approved"));
        assert_eq!(answer.body["status"], json!("approved"));
    }
    assert_eq!(desk.count("PUT", ""), 1);
    let desk = desk.restart();
    assert_eq!(desk.approve(&at.id(), " ANA@Corp.Example ").await.outcome(), (200, "approved"));
    assert_eq!(desk.count("PUT", ""), 1);
}

/// sdp.md §12, row 31.
#[tokio::test]
async fn a_decision_made_otherwise_is_a_conflict_that_names_it() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.reject(&at, "Lars Koch").unwrap());
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (409, "already_decided"));
    assert_eq!((&answer.body["status"], &answer.body["decided_by"]), (&json!("rejected"), &json!("Lars Koch")));
    assert!(answer.error().1 == "ALREADY_DECIDED" && answer.text.contains("Lars Koch"));
    assert_eq!(desk.count("PUT", ""), 0);
}

#[tokio::test]
async fn a_change_of_mind_is_a_conflict() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    assert_eq!(desk.approve(&at.id(), ANA.1).await.status, 200);
    assert_eq!(desk.reject(&at.id(), ANA.1, "on second thoughts").await.outcome(), (409, "already_decided"));
    assert_eq!(decided(&desk), 1);
}

/// Every way in which an approval can stop being asked.
#[tokio::test]
async fn what_is_no_longer_asked_is_gone() {
    type Change = fn(&mut approval_bridge::stubs::World, &ApprovalRef, &TicketRef);
    let ways: [(&str, Change); 6] = [
        ("deleted", |world, at, _| world.approval_mut(at).unwrap().deleted = true),
        ("removed", |world, at, _| world.remove(at).unwrap()),
        ("level deleted", |world, at, _| world.delete_level(at).unwrap()),
        ("level not current", |world, at, _| world.level_mut(at).unwrap().current = false),
        ("ticket gone", |world, _, ticket| world.remove_ticket(ticket).unwrap()),
        ("delegated", |world, at, _| drop(world.delegate(at, BO.0, BO.1).unwrap())),
    ];
    for (what, change) in ways {
        let (desk, at, ticket) = asked(Desk::cloud()).await;
        desk.world(|world| change(world, &at, &ticket));
        assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (410, "withdrawn"), "{what}");
        assert_eq!(desk.count("PUT", ""), 0, "{what}");
    }
}

/// sdp.md §12, row 30.
#[tokio::test]
async fn only_the_live_approver_may_decide() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    assert_eq!(desk.approve(&at.id(), BO.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.reject(&at.id(), BO.1, "no").await.outcome(), (403, "not_approver"));
    assert_eq!(desk.count("PUT", ""), 0);
    assert!(!desk.approve(&at.id(), BO.1).await.text.contains(ANA.1), "nor does a stranger hear who it is");
    // Replaced a moment ago, before any sweep.
    desk.world(|world| world.reassign(&at, CY.0, CY.1).unwrap());
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.approve(&at.id(), CY.1).await.outcome(), (200, "approved"));
}

#[tokio::test]
async fn an_approval_that_never_was_is_unknown() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    for id in [
        format!("sdp:requests:{}:{}:999", at.ticket, at.level),
        format!("sdp:requests:{}:999:{}", at.ticket, at.approval),
        format!("sdp:requests:999:{}:{}", at.level, at.approval),
        format!("sdp:changes:{}:{}:{}", at.ticket, at.level, at.approval),
    ] {
        assert_eq!(desk.approve(&id, ANA.1).await.outcome(), (404, "unknown"), "{id}");
    }
    assert_eq!(desk.count("PUT", ""), 0);
}

/// Asked about before any sweep has seen it: the source knows it, and that is what counts.
#[tokio::test]
async fn an_approval_that_no_sweep_has_seen_can_be_decided() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    assert_eq!(desk.approve(&ticket.approval(0, 0).id(), ANA.1).await.outcome(), (200, "approved"));
    desk.poll().await.clean();
    assert_eq!(desk.cards().len(), 0);
}

/// sdp.md §12, row 42: the bridge asks for a reason itself.
#[tokio::test]
async fn a_rejection_needs_a_comment() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    let path = format!("/approvals/{}/reject", at.id());
    for comment in [Value::Null, json!(""), json!("  \n")] {
        let answer = desk.post(&path, json!({ "approver": ANA.1, "comment": comment })).await;
        assert_eq!(answer.outcome(), (422, "invalid"), "{comment}");
    }
    assert_eq!(desk.count("PUT", ""), 0);
    assert_eq!(
        desk.post(&path, json!({ "approver": ANA.1, "comment": "too dear" })).await.outcome(),
        (200, "rejected")
    );
}

#[tokio::test]
async fn a_rejection_without_a_comment_can_be_allowed() {
    let (desk, at, _) = asked(Desk::cloud().variable("comment_required_on_reject", "false")).await;
    desk.world(|world| world.settings.sdp.comments = Mandatory::Always);
    let answer = desk.post(&format!("/approvals/{}/reject", at.id()), json!({ "approver": ANA.1 })).await;
    assert_eq!(answer.outcome(), (200, "rejected"), "a comment that names the approver is sent all the same");
}

/// sdp.md §12, row 42: the administrator's own rule.
#[tokio::test]
async fn a_comment_that_the_source_misses_is_asked_for_and_not_guessed() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.fault(Fault::on("PUT", "").sdp_error(4012, "Comments are mandatory")));
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (422, "invalid"));
    assert!(answer.text.contains("comment"), "{}", answer.text);
    assert_eq!(desk.count("PUT", ""), 1, "no blind repeat");
}

#[tokio::test]
async fn a_wrong_body_is_invalid_and_reaches_nobody() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    let path = format!("/approvals/{}/approve", at.id());
    for body in [
        json!({}),
        json!({ "approver": "" }),
        json!({ "approver": "ana" }),
        json!({ "approver": 5 }),
        json!({ "approver": ANA.1, "because": "I say so" }),
        json!([ANA.1]),
    ] {
        assert_eq!(desk.post(&path, body.clone()).await.outcome(), (422, "invalid"), "{body}");
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn an_approval_that_was_not_sent_is_not_ready() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).level(&[BO]).add());
    desk.poll().await.clean();
    assert_eq!(desk.approve(&ticket.approval(1, 0).id(), BO.1).await.outcome(), (425, "not_ready"));
    assert_eq!(desk.count("PUT", ""), 0);
}

/// sdp.md §12, row 23: failure on its own status, inside a 200, and as a warning.
#[tokio::test]
async fn a_refusal_of_the_source_is_told_with_its_code_and_text() {
    let refusals = [
        Fault::on("PUT", "").sdp_error(4002, "You are not the approver"),
        Fault::on("PUT", "").sdp_error(4014, "Not editable").status(200),
        Fault::on("PUT", "").replies(200, WARNING),
    ];
    for (fault, code) in refusals.into_iter().zip(["4002", "4014", "3000"]) {
        let (desk, at, _) = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(fault));
        let answer = desk.approve(&at.id(), ANA.1).await;
        assert_eq!(answer.outcome(), (502, "source_refused"), "{code}: {}", answer.text);
        assert!(answer.body["detail"].as_str().is_some_and(|text| text.contains(code)), "{}", answer.text);
        assert_eq!(desk.count("PUT", ""), 1);
        assert_eq!(desk.get("/approvals").await.ids(), [at.id()], "it waits still");
    }
}

const WARNING: &str = r#"{"response_status":{"status_code":3000,"status":"warning","messages":[{"status_code":4003,"type":"warning","message":"Refused","fields":["comments"]}]}}"#;

/// sdp.md §13, 1: whether the key's owner may decide for others is up to the tenant.
#[tokio::test]
async fn an_owner_who_may_not_decide_for_others_is_a_refusal() {
    let (desk, at, _) = asked(Desk::on_premises()).await;
    desk.world(|world| world.settings.sdp.owner_may_decide = false);
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (502, "source_refused"));
    assert!(answer.body["detail"].as_str().unwrap().contains("You are not the approver"));
}

/// sdp.md §12, row 24: what was done is read back, whatever the success looked like.
#[tokio::test]
async fn any_success_is_read_back() {
    for (status, body) in [(200, "{}"), (201, "{}"), (202, ""), (204, "")] {
        let (desk, at, _) = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(Fault::on("PUT", "").replies(status, body).in_effect()));
        assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"), "{status}");
        let (desk, at, _) = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(Fault::on("PUT", "").replies(status, body)));
        assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (502, "source_refused"), "{status} without effect");
    }
}

/// sdp.md §7: after every lost reply the record is read, and that decides what the caller hears.
#[tokio::test]
async fn a_lost_answer_is_read_back() {
    let lost = [
        Fault::on("PUT", "").drops_after_effect(),
        Fault::on("PUT", "").replies(502, "Bad Gateway").content_type("text/html").in_effect(),
        Fault::on("PUT", "").truncates(),
        Fault::on("PUT", "").delays_reply(minutes(2)).in_effect(),
    ];
    for (number, fault) in lost.into_iter().enumerate() {
        let (desk, at, _) = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(fault));
        assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"), "{number}");
        assert_eq!(desk.count("PUT", ""), 1, "{number}");
    }
}

#[tokio::test]
async fn a_call_that_was_lost_on_its_way_is_no_approval_and_can_be_repeated() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.fault(Fault::on("PUT", "").drops()));
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert!([502, 503].contains(&answer.status), "{answer:?}");
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"));
}

#[tokio::test]
async fn where_reading_back_fails_too_the_outcome_is_unclear_and_safe_to_repeat() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| {
        world.fault(Fault::on("PUT", "").drops_after_effect());
        world.fault(Fault::on("GET", "/approvals/").after(1).replies(503, "").always());
    });
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (503, "unclear"));
    assert_eq!(desk.count("PUT", ""), 1);
    desk.world(|world| world.clear_faults());
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"));
    assert_eq!(decided(&desk), 1);
}

/// The help desk is down: nothing is sent, and the caller hears so in time for a chat.
#[tokio::test]
async fn a_help_desk_that_does_not_answer_is_unclear_within_half_a_minute() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.set_latency(minutes(5)));
    let begin = desk.now();
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (503, "unclear"));
    assert!(desk.now() - begin <= 30_000, "{} ms", desk.now() - begin);
    assert_eq!(desk.count("PUT", ""), 0);
}

/// sdp.md §7, verb conflict.
#[tokio::test]
async fn a_build_without_the_underscore_is_found_out_once_and_remembered() {
    let (desk, at, _) = asked(Desk::on_premises()).await;
    let other = desk.world(|world| {
        world.settings.sdp.verbs = Verbs::Plain;
        world.request().level(&[BO]).add().approval(0, 0)
    });
    assert_eq!(desk.approve(&at.id(), ANA.1).await.outcome(), (200, "approved"));
    let verbs = |calls: Vec<approval_bridge::stubs::Call>| -> Vec<String> {
        calls.into_iter().filter_map(|call| Some(call.path.rsplit('/').next()?.to_owned())).collect()
    };
    assert_eq!(verbs(desk.calls("PUT", "")), ["_approve", "approve"]);
    let desk = desk.restart();
    desk.forget_calls();
    assert_eq!(desk.reject(&other.id(), BO.1, "no").await.outcome(), (200, "rejected"));
    assert_eq!(verbs(desk.calls("PUT", "")), ["reject"]);
}

#[tokio::test]
async fn two_clicks_at_once_are_one_decision() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.set_latency(minutes(1) / 300));
    let id = at.id();
    let (one, other) = desk.drive(async { futures::join!(desk.approve(&id, ANA.1), desk.approve(&id, ANA.1)) }).await;
    assert_eq!((one.outcome(), other.outcome()), ((200, "approved"), (200, "approved")));
    assert_eq!(decided(&desk), 1);
}

#[tokio::test]
async fn of_yes_and_no_at_once_one_wins_and_the_other_hears_so() {
    let (desk, at, _) = asked(Desk::cloud()).await;
    desk.world(|world| world.set_latency(minutes(1) / 300));
    let id = at.id();
    let (yes, no) = desk.drive(async { futures::join!(desk.approve(&id, ANA.1), desk.reject(&id, ANA.1, "no")) }).await;
    assert_eq!(decided(&desk), 1);
    let statuses = |answer: &Answer| answer.status;
    let mut both = [statuses(&yes), statuses(&no)];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "{yes:?} {no:?}");
}

/// Two approvers of one level, each for themselves.
#[tokio::test]
async fn approvers_of_one_level_decide_each_for_themselves() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).level(&[CY]).add());
    desk.poll().await.clean();
    let (ana, bo) = (ticket.approval(0, 0).id(), ticket.approval(0, 1).id());
    let (one, other) = desk.drive(async { futures::join!(desk.approve(&ana, ANA.1), desk.approve(&bo, BO.1)) }).await;
    assert_eq!((one.status, other.status), (200, 200));
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.cards().last().unwrap().to, CY.1);
    assert_eq!(desk.cards().len(), 3);
}

/// Whatever becomes of the bridge's own books: the person has answered, and the help desk has taken it.
#[tokio::test]
async fn a_decision_that_was_taken_is_not_called_a_failure() {
    let scene = async || {
        let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
        desk.poll().await.clean();
        let id = desk.told().remove(0);
        (desk, id)
    };
    let (desk, id) = scene().await;
    let before = desk.plug().calls();
    assert_eq!(desk.approve(&id, ANA.1).await.status, 200);
    let mut taken = 0;
    for at in 0..desk.plug().calls() - before {
        let (desk, id) = scene().await;
        desk.plug().strike(at, Moment::Fails);
        let answer = desk.approve(&id, ANA.1).await;
        if desk.due().is_empty() {
            taken += 1;
            assert!([200, 503].contains(&answer.status), "call {at}: {}", answer.text);
        }
    }
    assert!(taken > 5, "{taken}");
}
