//! The published sample program's addresses keep working, under the bridge's rules.
//!
//! A wrong implementation decides everything under `/requests/`, or decides on a GET that a link preview sends.

use approval_bridge::stubs::Module;
use approval_bridge_tests::harness::{ANA, BO, Desk};
use serde_json::{Value, json};

/// sdp.md §12, row 16.
#[tokio::test]
async fn ticket_and_approval_are_resolved_to_their_module_and_level() {
    let desk = Desk::cloud().start();
    let tickets = desk.world(|world| {
        [world.request().level(&[ANA]).add(), world.change().level(&[ANA]).add(), world.release().level(&[ANA]).add()]
    });
    desk.poll().await.clean();
    for ticket in tickets {
        let at = ticket.approval(0, 0);
        desk.forget_calls();
        let path = format!("/approvals/{}/{}/approve", at.ticket, at.approval);
        let answer = desk.post(&path, json!({ "approver": ANA.1 })).await;
        assert_eq!(answer.outcome(), (200, "approved"));
        let puts = desk.calls("PUT", "");
        assert!(puts[0].path.contains(&format!("/{}/{}/approval_levels/{}/", at.module.plural(), at.ticket, at.level)));
    }
}

#[tokio::test]
async fn a_rejection_takes_its_reason_from_the_query_or_the_body() {
    for (query, body) in [
        ("?reason=too%20dear", json!({ "approver": ANA.1 })),
        ("", json!({ "approver": ANA.1, "comment": "too dear" })),
    ] {
        let desk = Desk::cloud().start();
        let at = desk.world(|world| world.change().level(&[ANA]).add().approval(0, 0));
        desk.poll().await.clean();
        let path = format!("/approvals/{}/{}/reject", at.ticket, at.approval);
        assert_eq!(desk.post(&path, json!({ "approver": ANA.1 })).await.outcome(), (422, "invalid"));
        assert_eq!(desk.post(&format!("{path}{query}"), body).await.outcome(), (200, "rejected"));
        let comment = desk.world(|world| world.truth_of(&at).unwrap().comments.unwrap());
        assert!(comment.ends_with(": too dear"), "{comment}");
    }
}

#[tokio::test]
async fn the_same_rules_hold_for_who_may_decide() {
    let desk = Desk::cloud().start();
    let at = desk.world(|world| world.request().level(&[ANA]).add().approval(0, 0));
    desk.poll().await.clean();
    let path = format!("/approvals/{}/{}/approve", at.ticket, at.approval);
    assert_eq!(desk.post(&path, json!({ "approver": BO.1 })).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.post(&path, Value::Null).await.outcome(), (422, "invalid"), "the sample sent no body");
    assert_eq!(desk.count("PUT", ""), 0);
}

/// A short address that fits two approvals means neither.
#[tokio::test]
async fn an_ambiguous_or_unknown_address_decides_nothing() {
    let desk = Desk::on_premises()
        .world(|world| {
            for module in [Module::Requests, Module::Changes] {
                world.new_ticket(module).id("801").level(&[ANA]).level_id("71").approval_ids(&["301"]).add();
            }
        })
        .start();
    desk.poll().await.clean();
    for path in ["/approvals/801/301/approve", "/approvals/801/302/approve", "/approvals/..%2F801/301/approve"] {
        assert_eq!(desk.post(path, json!({ "approver": ANA.1 })).await.outcome(), (404, "unknown"), "{path}");
    }
    assert_eq!(desk.count("PUT", ""), 0);
    assert_eq!(desk.approve("sdp:changes:801:71:301", ANA.1).await.outcome(), (200, "approved"));
}

/// DESIGN, "No decision without its person": never on GET.
#[tokio::test]
async fn nothing_but_post_decides() {
    let desk = Desk::cloud().start();
    let at = desk.world(|world| world.request().level(&[ANA]).add().approval(0, 0));
    desk.poll().await.clean();
    for path in [
        format!("/approvals/{}/approve", at.id()),
        format!("/approvals/{}/reject", at.id()),
        format!("/approvals/{}/{}/approve", at.ticket, at.approval),
        format!("/approvals/{}/{}/reject?reason=no", at.ticket, at.approval),
    ] {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let answer = desk.call(method, &path, json!({ "approver": ANA.1 })).await;
            assert_eq!(answer.error(), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
        }
        assert_eq!(desk.call("HEAD", &path, Value::Null).await.status, 405, "{path}");
    }
    assert_eq!(desk.count("PUT", ""), 0);
}
