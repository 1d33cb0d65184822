//! The scenes: each begins with a bridge that has looked round, unless the first sweep is what it is about.

use approval_bridge::stubs::{Door, MOVEWORKS_API_KEY, MOVEWORKS_LISTENER_ID, TicketRef};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Setup, hours, minutes};

use super::{Scene, at_the_last, everywhere};

/// The listener that messages go to.
pub(super) const LISTENER: &str = MOVEWORKS_LISTENER_ID;
/// Its key.
pub(super) const KEY: &str = MOVEWORKS_API_KEY;

/// One module and short rounds, so that a scene is over soon.
fn setup() -> Setup {
    Desk::cloud()
        .witnessed()
        .door(Door::Listener)
        .variable("sdp_modules", "requests")
        .variable("reconcile_minutes", "5")
        .variable("remind_after_hours", "4")
}

/// A desk that has told Ana and Bo of one approval each, Ana's with a second level behind it.
async fn told() -> (Desk, TicketRef, TicketRef) {
    let desk = setup().start();
    let (one, other) =
        desk.world(|world| (world.request().level(&[ANA]).level(&[CY]).add(), world.request().level(&[BO]).add()));
    desk.witness().look();
    desk.poll().await.clean();
    desk.poll_every(minutes(3), 2).await.clean();
    (desk, one, other)
}

pub(super) async fn one_new_approval() -> Scene {
    let (desk, ..) = told().await;
    desk.world(|world| {
        let now = world.now();
        world.request().updated(now).level(&[BO]).add();
    });
    Scene::sweep(desk)
}

#[tokio::test]
async fn the_first_sweep() {
    let scene = async || {
        let desk = setup().start();
        desk.world(|world| {
            world.request().level(&[ANA, BO]).add();
            world.request().level(&[CY]).add();
        });
        Scene::sweep(desk)
    };
    everywhere("first sweep", &["pending"; 3], scene).await;
}

#[tokio::test]
async fn new_approvals() {
    everywhere("new approval", &["pending"; 1], one_new_approval).await;
}

#[tokio::test]
async fn the_next_level() {
    let scene = async || {
        let (desk, one, _) = told().await;
        desk.world(|world| world.approve(&one.approval(0, 0), ANA.0).unwrap());
        Scene::sweep(desk)
    };
    everywhere("next level", &["pending"; 1], scene).await;
}

#[tokio::test]
async fn reassignment_and_delegation() {
    let scene = async || {
        let (desk, one, other) = told().await;
        desk.world(|world| {
            world.reassign(&one.approval(0, 0), BO.0, BO.1).unwrap();
            drop(world.delegate(&other.approval(0, 0), CY.0, CY.1).unwrap());
        });
        Scene::sweep(desk)
    };
    everywhere("reassignment and delegation", &["pending"; 2], scene).await;
}

#[tokio::test]
async fn a_decision_from_chat() {
    let scene = async || {
        let (desk, one, _) = told().await;
        Scene::decide(desk, one.approval(0, 0).id(), ANA.1, "approve")
    };
    everywhere("decision from chat", &["pending"; 1], scene).await;
}

#[tokio::test]
async fn a_rejection_from_chat_that_comes_too_late() {
    let scene = async || {
        let (desk, one, _) = told().await;
        desk.world(|world| world.approve(&one.approval(0, 0), "Somebody Else").unwrap());
        Scene::decide(desk, one.approval(0, 0).id(), ANA.1, "reject")
    };
    everywhere("late rejection from chat", &["pending"; 1], scene).await;
}

#[tokio::test]
async fn endings_elsewhere() {
    let scene = async || {
        let (desk, one, other) = told().await;
        let third = desk.world(|world| {
            let now = world.now();
            world.request().updated(now).level(&[ANA]).add()
        });
        desk.witness().look();
        desk.poll_every(minutes(1), 1).await.clean();
        desk.advance(minutes(1));
        desk.world(|world| {
            world.reject(&one.approval(0, 0), ANA.0).unwrap();
            world.withdraw(&other.approval(0, 0)).unwrap();
            world.remove_ticket(&third).unwrap();
        });
        // Whatever notices of it there are, the walk over the ledger has come by.
        desk.advance(minutes(6));
        Scene::sweep(desk)
    };
    everywhere("endings elsewhere", &["pending"; 0], scene).await;
}

#[tokio::test]
async fn a_reminder() {
    let scene = async || {
        let (desk, ..) = told().await;
        desk.advance(hours(5));
        Scene::sweep(desk)
    };
    everywhere("reminder", &["reminder"; 2], scene).await;
}

/// Three messages a minute get through, so that a segment of the outbox is left in part and a pause is kept.
#[tokio::test]
async fn an_outbox_that_drains_under_a_rate_limit() {
    let scene = async || {
        let (desk, ..) = told().await;
        desk.world(|world| {
            world.settings.moveworks.listener_per_second = Some(3);
            let now = world.now();
            world.request().updated(now).level(&[ANA, BO, CY]).add();
            world.request().updated(now).level(&[CY, ANA]).add();
        });
        Scene::sweep(desk)
    };
    everywhere("rate limit", &["pending"; 5], scene).await;
}

/// A leaf of the ledger that is nearly full: one more ticket cuts it, which takes several writes.
#[tokio::test]
async fn a_leaf_of_the_ledger_that_is_cut() {
    let long = format!("<p>{}</p>", "All the reasons there are. ".repeat(100));
    let scene = async || {
        let desk = setup().start();
        desk.world(|world| {
            for _ in 0..TICKETS {
                world.request().description(&long).level(&[ANA; 10]).add();
            }
        });
        desk.witness().look();
        desk.poll().await.clean();
        desk.poll_every(minutes(3), 2).await.clean();
        assert!(!desk.entries().contains_key("v1:ledger:1"), "not cut yet");
        desk.world(|world| {
            let now = world.now();
            world.request().updated(now).description(&long).level(&[BO; 10]).add();
        });
        Scene::sweep(desk)
    };
    let whole = scene().await;
    whole.desk.poll().await.clean();
    assert!(whole.desk.entries().contains_key("v1:ledger:1"), "this scene is about a cut");
    // What comes before is in the other scenes.
    at_the_last(16, "leaf cut", &["pending"; 10], scene).await;
}

/// So many tickets with ten approvals each fit into a leaf, and one more does not.
const TICKETS: usize = 27;
