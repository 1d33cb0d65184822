//! With `action_secret` set, only the card itself can decide: for its approval, its person and its round, until it ends.
//!
//! A wrong implementation checks the signature and not what was signed, or asks the help desk before it checks.

use approval_bridge::stubs::ApprovalRef;
use approval_bridge_tests::harness::{ANA, Answer, BO, Desk, days, minutes};
use approval_logic::approval::TicketKind;
use approval_logic::signature::{ActionClaims, sign_action};
use serde_json::{Value, json};

const SECRET: &str = "the-secret-of-action-tokens";

async fn asked() -> (Desk, ApprovalRef, ApprovalRef) {
    let desk = Desk::cloud().variable("action_secret", SECRET).start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    desk.poll().await.clean();
    (desk, ticket.approval(0, 0), ticket.approval(0, 1))
}

fn token(desk: &Desk, at: &ApprovalRef) -> String {
    let cards = desk.cards();
    let card = cards.iter().rev().find(|card| card.approval_id == at.id()).expect("a card");
    card.slot("action_token").to_owned()
}

async fn decide(desk: &Desk, at: &ApprovalRef, approver: &str, token: Value) -> Answer {
    let body = json!({ "approver": approver, "token": token });
    desk.post(&format!("/approvals/{}/approve", at.id()), body).await
}

#[tokio::test]
async fn the_token_of_the_card_decides() {
    let (desk, ana, _) = asked().await;
    let token = token(&desk, &ana);
    assert!(!token.is_empty());
    assert_eq!(decide(&desk, &ana, ANA.1, json!(token)).await.outcome(), (200, "approved"));
    assert_eq!(decide(&desk, &ana, ANA.1, json!(token)).await.outcome(), (200, "approved"), "and does so again");
}

#[tokio::test]
async fn without_a_secret_cards_carry_no_token() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    assert!(desk.cards()[0].slots.get("action_token").is_none());
}

#[tokio::test]
async fn a_missing_wrong_or_foreign_token_decides_nothing_and_asks_nobody() {
    let (desk, ana, bo) = asked().await;
    let own = token(&desk, &ana);
    let claims = |id: &ApprovalRef, round, approver: &str, expires_at| ActionClaims {
        id: id.id().parse().unwrap(),
        round,
        approver: approver.to_owned(),
        expires_at,
    };
    let soon = desk.now() + 60_000;
    let other_kind = ActionClaims {
        id: approval_logic::approval::ApprovalId::sdp(TicketKind::Change, &ana.ticket, &ana.level, &ana.approval)
            .unwrap(),
        ..claims(&ana, 1, ANA.1, soon)
    };
    let tokens = [
        ("missing", Value::Null),
        ("empty", json!("")),
        ("nonsense", json!("nonsense")),
        ("cut", json!(own.split('.').next().unwrap())),
        ("of another approval", json!(token(&desk, &bo))),
        ("of another module", json!(sign_action(SECRET, &other_kind))),
        ("of another person", json!(sign_action(SECRET, &claims(&ana, 1, BO.1, soon)))),
        ("of another round", json!(sign_action(SECRET, &claims(&ana, 2, ANA.1, soon)))),
        ("expired", json!(sign_action(SECRET, &claims(&ana, 1, ANA.1, desk.now() - 1)))),
        ("of another secret", json!(sign_action("guessed", &claims(&ana, 1, ANA.1, soon)))),
    ];
    desk.forget_calls();
    for (what, token) in tokens {
        assert_eq!(decide(&desk, &ana, ANA.1, token).await.outcome(), (403, "not_approver"), "{what}");
    }
    assert_eq!(desk.count("*", ""), 0, "nobody was asked");
    let good = sign_action(SECRET, &claims(&ana, 1, ANA.1, soon));
    assert_eq!(decide(&desk, &ana, ANA.1, json!(good)).await.status, 200, "the test signs as the bridge does");
}

#[tokio::test]
async fn a_token_ends_with_its_round() {
    let (desk, ana, _) = asked().await;
    let first = token(&desk, &ana);
    desk.advance(minutes(1));
    desk.world(|world| world.resend(&ana).unwrap());
    desk.poll().await.clean();
    let second = token(&desk, &ana);
    assert_eq!(decide(&desk, &ana, ANA.1, json!(first)).await.outcome(), (403, "not_approver"));
    assert_eq!(decide(&desk, &ana, ANA.1, json!(second)).await.outcome(), (200, "approved"));
}

#[tokio::test]
async fn a_token_ends_with_time() {
    let (desk, ana, _) = asked().await;
    let token = token(&desk, &ana);
    desk.advance(days(400));
    assert_eq!(decide(&desk, &ana, ANA.1, json!(token)).await.outcome(), (403, "not_approver"));
}

/// A typed call is let in by its host, and still needs the token.
#[tokio::test]
async fn a_typed_decision_needs_the_token_too() {
    use approval_bridge::bridge::{Decide, Outcome, types::Verdict};
    let (desk, ana, _) = asked().await;
    let order =
        |token| Decide { id: ana.id(), verdict: Verdict::Approve, approver: ANA.1.to_owned(), comment: None, token };
    let refused = desk.drive(desk.bridge().decide(order(None))).await.unwrap();
    assert_eq!(refused.outcome, Outcome::NotApprover);
    let taken = desk.drive(desk.bridge().decide(order(Some(token(&desk, &ana))))).await.unwrap();
    assert_eq!(taken.outcome, Outcome::Approved);
}
