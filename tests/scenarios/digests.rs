//! Many new approvals for one person make one message, in which each can still be answered.
//!
//! A wrong implementation announces them once more one by one, forgets those that the list leaves out, or says what was
//! decided before the message went.

use approval_bridge::stubs::{Door, Fault};
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, minutes};
use serde_json::Value;

fn setup() -> Setup {
    Desk::cloud().variable("digest_above", "3").variable("action_secret", "a-key-for-action-tokens")
}

/// The ids in the slots of a message.
fn listed(slots: &Value) -> Vec<String> {
    let approvals = slots["approvals"].as_array().expect("a list of approvals");
    let mut ids: Vec<_> = approvals.iter().filter_map(|one| one["approval_id"].as_str().map(str::to_owned)).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn more_than_the_number_make_one_message_and_others_stay_cards() {
    for door in [Door::Events, Door::Listener] {
        let desk = setup().door(door).start();
        let (many, few) = desk.world(|world| {
            let many: Vec<_> = (0..4).map(|_| world.request().level(&[ANA]).add().approval(0, 0).id()).collect();
            let few: Vec<_> = (0..3).map(|_| world.request().level(&[BO]).add().approval(0, 0).id()).collect();
            (many, few)
        });
        let report = desk.poll().await.clean();
        assert_eq!((report.outbox.sent, report.requests().notified), (4, 7));
        let (digests, cards): (Vec<_>, Vec<_>) = desk.cards().into_iter().partition(|card| card.to == ANA.1);
        assert_eq!((digests.len(), cards.len()), (1, 3));
        assert!(cards.iter().all(|card| few.contains(&card.approval_id)));
        let mut many = many;
        many.sort_unstable();
        assert_eq!(listed(&digests[0].slots), many);
        assert!(digests[0].text.contains("4 Tickets Pending Your Approval"), "{}", digests[0].text);
        desk.poll_every(minutes(5), 14).await.clean();
        assert_eq!(desk.cards().len(), 4, "never announced twice");
    }
}

/// A card shows forty lines, and a value of the store has its bounds as well.
#[tokio::test]
async fn more_than_one_card_can_show_make_several_and_each_is_in_one_of_them() {
    let desk = setup().start();
    let all = desk.world(|world| {
        let long = "All of it. ".repeat(80);
        let one = |_| world.request().description(&long).level(&[ANA]).add().approval(0, 0).id();
        let mut all: Vec<_> = (0..100).map(one).collect();
        all.sort_unstable();
        all
    });
    desk.poll().await.clean();
    let cards = desk.cards();
    let sizes: Vec<usize> = cards.iter().map(|card| listed(&card.slots).len()).collect();
    assert!(sizes.len() >= 3 && sizes.iter().all(|size| (20..=40).contains(size)), "{sizes:?}");
    let mut told: Vec<_> = cards.iter().flat_map(|card| listed(&card.slots)).collect();
    told.sort_unstable();
    assert_eq!(told, all);
    assert!(desk.entries().values().all(|value| value.len() < 256 * 1024));
}

#[tokio::test]
async fn each_can_be_answered_with_its_own_token() {
    let desk = setup().start();
    desk.world(|world| (0..5).for_each(|_| drop(world.request().level(&[ANA]).add())));
    desk.poll().await.clean();
    let card = desk.cards().remove(0);
    let approvals = card.slots["approvals"].as_array().expect("a list").clone();
    let (one, other) = (&approvals[0], &approvals[1]);
    let answer = |approval: &Value, token: &Value| {
        let path = format!("/approvals/{}/approve", approval["approval_id"].as_str().expect("an id"));
        let body = serde_json::json!({ "approver": ANA.1, "token": token });
        let desk = &desk;
        async move { desk.post(&path, body).await.outcome().0 }
    };
    assert_eq!(answer(one, &other["action_token"]).await, 403);
    assert_eq!(answer(one, &one["action_token"]).await, 200);
    assert_eq!(answer(other, &other["action_token"]).await, 200);
}

#[tokio::test]
async fn what_was_decided_before_the_message_went_is_left_out() {
    let desk = setup().start();
    let tickets = desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(503, "").times(1));
        (0..5).map(|_| world.request().level(&[ANA]).add()).collect::<Vec<_>>()
    });
    assert_eq!(desk.poll().await.outbox.waiting, 1);
    desk.world(|world| world.approve(&tickets[2].approval(0, 0), "Dee Ode")).expect("it is there");
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(listed(&desk.cards()[0].slots), desk.due());
    assert!(desk.cards()[0].text.contains("4 Tickets"));
}

#[tokio::test]
async fn a_digest_of_which_nothing_is_left_is_not_sent() {
    let desk = setup().start();
    let tickets = desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(503, "").times(1));
        (0..4).map(|_| world.request().level(&[ANA]).add()).collect::<Vec<_>>()
    });
    desk.poll().await;
    desk.world(|world| {
        tickets.iter().for_each(|ticket| world.approve(&ticket.approval(0, 0), "Dee Ode").expect("there"))
    });
    desk.poll_every(minutes(1), 2).await.clean();
    assert!(desk.cards().is_empty());
}

#[tokio::test]
async fn the_outbox_names_every_approval_of_a_digest() {
    let desk = setup().start();
    desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(503, "").always());
        (0..4).for_each(|_| drop(world.request().level(&[ANA]).add()));
    });
    desk.poll().await;
    let listed = desk.get("/outbox").await;
    let about = listed.body["messages"][0]["about"].as_array().expect("a list").len();
    assert_eq!(about, 4, "{}", listed.text);
}

/// Held back in its round, then planned in a message that waits: the ledger still says "held back", and the outbox knows
/// better.
#[tokio::test]
async fn what_was_held_back_and_waits_in_a_digest_is_not_put_into_another_one() {
    let desk = Desk::cloud().variable("digest_above", "1").start();
    let tickets = desk.world(|world| [(); 2].map(|()| world.request().level(&[ANA]).add()));
    let approvals = tickets.each_ref().map(|ticket| ticket.approval(0, 0));
    desk.world(|world| approvals.iter().for_each(|at| world.set_email(at, None).expect("it is there")));
    desk.poll().await;
    desk.world(|world| {
        approvals.iter().for_each(|at| world.set_email(at, Some(ANA.1)).expect("it is there"));
        world.fault(Fault::on("POST", "/messages/send").replies(503, "").times(1));
    });
    desk.advance(minutes(61));
    assert_eq!(desk.poll().await.outbox.waiting, 1);
    desk.world(|world| {
        tickets.iter().for_each(|ticket| world.touch(ticket).expect("it is there"));
        let now = world.now();
        world.request().updated(now).level(&[ANA]).add();
    });
    desk.poll_every(minutes(20), 8).await.clean();
    let mut told: Vec<String> = Vec::new();
    for card in desk.cards() {
        match card.slots["approvals"].is_array() {
            true => told.extend(listed(&card.slots)),
            false => told.push(card.approval_id),
        }
    }
    told.sort_unstable();
    assert_eq!(told, desk.due(), "each once");
}
