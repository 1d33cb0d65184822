//! What is signed, and what a stranger, a thief or a rotation can make of it.
//!
//! The bridge verifies its callers' token and the action tokens of its cards; Moveworks verifies the signature of the
//! listener's messages. Which tokens are refused for what they claim is in `tokens`, what exactly is signed in `doors`.
//! A wrong implementation takes a part of a token for the whole, lets a used one decide again, goes on taking what an
//! old key signed, or keeps old signatures with what waits.

use approval_bridge::stubs::{ApprovalRef, Door, Fault, Signature, SignatureCheck};
use approval_bridge_tests::harness::{ANA, Answer, BO, Desk, minutes};
use approval_logic::signature::hmac_sha256_hex;
use bytes::Bytes;
use http::Request;
use serde_json::json;

const OLD: &str = "the-secret-of-yesterday";
const NEW: &str = "the-secret-of-today";

/// The check of a listener that has this secret.
fn signed_with(secret: &'static str) -> SignatureCheck {
    SignatureCheck::new(move |bytes, value| value == hmac_sha256_hex(secret.as_bytes(), bytes))
}

async fn asked() -> (Desk, ApprovalRef) {
    let desk = Desk::cloud().variable("action_secret", OLD).start();
    let ticket = desk.world(|world| world.request().level(&[ANA]).add());
    desk.poll().await.clean();
    (desk, ticket.approval(0, 0))
}

fn token(desk: &Desk) -> String {
    desk.cards().last().expect("a card").slot("action_token").to_owned()
}

async fn decide(desk: &Desk, verdict: &str, at: &ApprovalRef, token: &str) -> Answer {
    let body = json!({ "approver": ANA.1, "comment": "Said in chat", "token": token });
    desk.post(&format!("/approvals/{}/{verdict}", at.id()), body).await
}

#[tokio::test]
async fn a_token_that_is_used_again_decides_nothing_again() {
    let (desk, ana) = asked().await;
    let token = token(&desk);
    assert_eq!(decide(&desk, "approve", &ana, &token).await.outcome(), (200, "approved"));
    let again = decide(&desk, "approve", &ana, &token).await;
    assert_eq!(again.outcome(), (200, "approved"), "a repeat hears what was decided");
    let other = decide(&desk, "reject", &ana, &token).await;
    assert_eq!(other.outcome(), (409, "already_decided"), "and cannot turn it round");
    assert_eq!(desk.count("PUT", ""), 1, "the help desk was told once");
    let desk = desk.restart();
    assert_eq!(decide(&desk, "reject", &ana, &token).await.status, 409, "nor in another process");
    assert_eq!(desk.count("PUT", ""), 1);
}

#[tokio::test]
async fn a_token_that_is_not_whole_or_not_alone_decides_nothing() {
    let (desk, ana) = asked().await;
    let whole = token(&desk);
    let (claims, mac) = whole.split_once('.').expect("two parts");
    let forms = [
        ("no claims", format!(".{mac}")),
        ("no signature", format!("{claims}.")),
        ("half the signature", format!("{claims}.{}", &mac[..mac.len() / 2])),
        ("one sign less", whole[..whole.len() - 1].to_owned()),
        ("one sign more", format!("{whole}A")),
        ("padding", format!("{whole}=")),
        ("the parts the other way round", format!("{mac}.{claims}")),
        ("another case", whole.to_ascii_uppercase()),
        ("twice", format!("{whole}.{whole}")),
        ("in quotes", format!("\"{whole}\"")),
        ("with a scheme", format!("Bearer {whole}")),
        ("in an address", whole.replace('.', "%2E")),
        ("with a line break inside", whole.replace('.', ".\n")),
        ("very long", whole.repeat(2_000)),
    ];
    desk.forget_calls();
    for (what, form) in forms {
        assert_eq!(decide(&desk, "approve", &ana, &form).await.outcome(), (403, "not_approver"), "{what}");
    }
    assert_eq!(desk.count("*", ""), 0, "nobody was asked");
    assert_eq!(decide(&desk, "approve", &ana, &whole).await.status, 200);
}

#[tokio::test]
async fn a_new_action_secret_ends_every_token_of_the_old_one_and_later_cards_have_new_ones() {
    let (desk, ana) = asked().await;
    let old = token(&desk);
    let desk = desk.reconfigure("action_secret", NEW);
    assert_eq!(decide(&desk, "approve", &ana, &old).await.outcome(), (403, "not_approver"));
    desk.advance(minutes(1));
    desk.world(|world| world.resend(&ana).unwrap());
    desk.poll().await.clean();
    let new = token(&desk);
    assert!(new != old && !new.is_empty());
    assert_eq!(decide(&desk, "approve", &ana, &new).await.outcome(), (200, "approved"));
}

/// A secret that comes after the cards: they have no token, and one cannot be done without.
#[tokio::test]
async fn a_first_action_secret_ends_the_cards_without_tokens() {
    let desk = Desk::cloud().start();
    let ana = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
    desk.poll().await.clean();
    let desk = desk.reconfigure("action_secret", NEW);
    assert_eq!(desk.approve(&ana.id(), ANA.1).await.outcome(), (403, "not_approver"));
    assert_eq!(desk.count("PUT", ""), 0);
}

/// The old token of the callers is worth nothing from the moment there is a new one.
#[tokio::test]
async fn a_new_api_token_locks_the_old_one_out() {
    let desk = Desk::cloud().variable("api_token", OLD).start();
    let ask = async |desk: &Desk, credential: String| {
        let request = Request::builder().uri("http://bridge.example/approvals").header("authorization", credential);
        desk.send(request.body(Bytes::new()).expect("a proper request")).await.status
    };
    assert_eq!(ask(&desk, format!("Bearer {OLD}")).await, 200);
    let desk = desk.reconfigure("api_token", NEW);
    let wrong = [
        format!("Bearer {OLD}"),
        format!("Bearer {NEW}x"),
        format!("Bearer {}", &NEW[..NEW.len() - 1]),
        NEW.to_owned(),
    ];
    for credential in wrong {
        assert_eq!(ask(&desk, credential.clone()).await, 401, "{credential}");
    }
    assert_eq!(ask(&desk, format!("Bearer {NEW}")).await, 200);
}

/// What the listener makes of a message, by the secrets that the two sides have.
#[tokio::test]
async fn a_message_is_right_for_its_own_secret_alone() {
    for (own, listener, verdict) in [
        (Some(OLD), OLD, Signature::Right),
        (Some(OLD), NEW, Signature::Wrong),
        (Some(OLD), "", Signature::Wrong),
        (None, OLD, Signature::Missing),
    ] {
        let setup = Desk::cloud().door(Door::Listener).world(|world| {
            world.settings.moveworks.listener_signature = Some(signed_with(listener));
            world.request().level(&[ANA]).add();
        });
        let setup = match own {
            Some(secret) => setup.variable("moveworks_listener_secret", secret),
            None => setup,
        };
        let desk = setup.start();
        desk.poll().await.clean();
        assert_eq!(desk.cards()[0].signature, verdict, "{own:?} at a listener with {listener:?}");
    }
}

/// What waits is signed when it is sent, so a rotation needs no clean-up; and no signature lies in the store.
#[tokio::test]
async fn a_new_listener_secret_signs_what_has_waited_since_the_old_one() {
    let desk = Desk::cloud().door(Door::Listener).variable("moveworks_listener_secret", OLD).start();
    desk.world(|world| {
        world.request().level(&[ANA]).add();
        world.fault(Fault::on("POST", "/notify").replies(503, "").always());
    });
    desk.poll().await;
    let desk = desk.reconfigure("moveworks_listener_secret", NEW);
    desk.world(|world| {
        world.clear_faults();
        world.settings.moveworks.listener_signature = Some(signed_with(NEW));
        let now = world.now();
        world.request().updated(now).level(&[BO]).add();
    });
    desk.poll_every(minutes(10), 2).await.clean();
    let cards = desk.cards();
    assert_eq!(desk.told(), desk.due());
    assert!(cards.iter().all(|card| card.signature == Signature::Right), "{cards:?}");
    for (key, value) in desk.entries() {
        let value = String::from_utf8_lossy(&value).into_owned();
        let signatures =
            cards.iter().flat_map(|card| [OLD, NEW].map(|secret| hmac_sha256_hex(secret.as_bytes(), &card.raw)));
        assert!(signatures.into_iter().all(|signature| !value.contains(&signature)), "{key}");
    }
}

/// A receiver knows a message that comes again by its event id: a repeat is the same bytes under the same signature.
#[tokio::test]
async fn a_message_that_is_sent_again_is_the_same_to_the_byte() {
    let desk = Desk::cloud().door(Door::Listener).variable("moveworks_listener_secret", OLD).start();
    desk.world(|world| {
        world.settings.moveworks.listener_signature = Some(signed_with(OLD));
        world.request().level(&[ANA]).add();
        world.fault(Fault::on("POST", "/notify").drops_after_effect());
    });
    desk.poll().await;
    desk.poll_every(minutes(10), 3).await.clean();
    let cards = desk.cards();
    assert_eq!(cards.len(), 2, "nobody can know that it was taken the first time");
    assert_eq!(cards[0].raw, cards[1].raw);
    assert!(cards.iter().all(|card| card.signature == Signature::Right));
}
