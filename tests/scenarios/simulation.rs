//! Days of the bridge's life with everything going wrong that can, decided by seeds: no promise is broken, and the same
//! seed is the same life.
//!
//! A few seeds of a few days; `cargo xtask soak` goes on from there.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval_bridge::bridge::Decide;
use approval_bridge::bridge::types::Verdict;
use approval_bridge::clock::Clock;
use approval_bridge::simulate::{Options, Outcome, Promise, Rest, run, story};
use approval_bridge::stubs::{Door, Fault, ZendeskAssignee};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, minutes, seconds};
use serde_json::Value;

fn options(seed: u64, faults: bool) -> Options {
    Options { seed, days: 2, tickets: 16, poll: Duration::from_secs(900), sweepers: 1, faults, journal: None }
}

async fn holds(options: Options) -> Outcome {
    let outcome = run(options).await.unwrap();
    assert!(outcome.breaches.is_empty(), "\n{}", story(&outcome, false));
    assert!(outcome.said.cards > 20 && outcome.done.in_chat > 3 && outcome.checks >= 3, "{outcome:?}");
    outcome
}

#[tokio::test]
async fn a_life_without_faults_says_everything_once() {
    let outcome = holds(options(1, false)).await;
    assert_eq!((outcome.said.repeats, outcome.failed_sweeps, outcome.done.unanswered), (0, 0, 0));
    // The next sweep after the asking, or the one after that; and quiet hours of four and a half, where this life has them.
    assert!(outcome.said.slowest_ms <= 2 * 900_000 + 16_200_000, "{outcome:?}");
}

#[tokio::test]
async fn lives_full_of_faults_break_no_promise() {
    let (mut ended, mut failed, mut faults) = (0, 0, 0);
    for seed in 1..=6 {
        let outcome = holds(options(seed, true)).await;
        ended += outcome.restarts;
        failed += outcome.went.failed;
        faults += outcome.went.faults;
    }
    assert!(ended > 10 && failed > 20 && faults > 10, "not much went wrong: {ended}, {failed}, {faults}");
}

/// One sweeper on the first day; then more and fewer, in between some slots with two and some with none.
#[tokio::test]
async fn sweepers_that_share_the_work_break_no_promise_while_their_number_changes() {
    for (seed, faults) in [(31, false), (32, false), (33, true), (34, true)] {
        let outcome = holds(Options { days: 4, tickets: 32, sweepers: 5, ..options(seed, faults) }).await;
        assert!(faults || (outcome.said.repeats, outcome.failed_sweeps) == (0, 0), "{outcome:?}");
    }
}

/// Lines that are kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_journal_byte_for_byte() {
    let journal = async |seed| {
        let kept = Kept::default();
        let outcome = run(Options { journal: Some(Box::new(kept.clone())), ..options(seed, true) }).await.unwrap();
        let bytes = kept.0.lock().unwrap().clone();
        (outcome.hash, String::from_utf8(bytes).unwrap())
    };
    // Side by side, so that neither has the machine for itself.
    let (one, other) = tokio::join!(tokio::spawn(journal(7)), tokio::spawn(journal(7)));
    let (one, other) = (one.unwrap(), other.unwrap());
    let differs = one.1.lines().zip(other.1.lines()).find(|(one, other)| one != other);
    assert_eq!(differs, None);
    assert_eq!(one, other);
    assert!(one.1.lines().count() > 1000);
    assert_ne!(one.0, journal(8).await.0, "another seed is another life");
}

/// What the checks of lives would say if the bridge were wrong about Zendesk, or about what it keeps itself.
#[tokio::test]
async fn the_witness_sees_zendesk_and_the_requests_that_the_bridge_keeps() {
    let desk = Desk::zendesk().with_atera().witnessed().start();
    let (cy, group) = desk.account(|account| {
        let [ana, cy] = [ANA, CY].map(|(name, email)| account.user(name, email));
        let (group, ticket) = (account.group("Security", &[ana]), account.ticket("Port 443"));
        account.ask(ticket, ZendeskAssignee::Group(group));
        (cy, group)
    });
    let ticket = desk.ticket_of_sam();
    let id = desk.ask(&ticket, &[BO], Value::Null).await;
    let promises = async |rest| {
        let before = desk.witness().breaches().len();
        desk.witness().look();
        desk.inspect(rest).await;
        desk.witness().breaches()[before..].iter().map(|breach| breach.promise).collect::<Vec<_>>()
    };
    let unknown = [Promise::NothingMissed, Promise::Ledger];
    assert_eq!(promises(Rest::Looked).await, unknown, "Bo is told at once, Ana by the next sweep");
    desk.poll().await.clean();
    assert_eq!(promises(Rest::Done).await, []);
    desk.account(|account| account.join(group, cy)).unwrap();
    assert_eq!(promises(Rest::Looked).await, [Promise::NothingMissed, Promise::Ledger], "Cy is asked as well");
    desk.poll_every(minutes(2), 4).await.clean();
    assert_eq!(desk.respond(&id, BO, "approve").await.status, 200);
    desk.poll().await.clean();
    assert_eq!(promises(Rest::Done).await, []);
    let note = desk.notes(&ticket).remove(0);
    desk.world(|world| world.atera_note(&ticket, &note));
    assert_eq!(promises(Rest::Looked).await, [Promise::Outcomes], "it is noted twice");
    desk.world(|world| world.atera(&ticket).unwrap().comments.clear());
    assert_eq!(promises(Rest::Done).await, [Promise::Outcomes], "it is not noted");
}

/// The witness of lives looks at the world when a call ends, and what a call does is there before that.
#[tokio::test]
async fn what_a_slow_decision_brings_about_is_not_false_to_say() {
    let setup = Desk::cloud().witnessed().door(Door::Listener).variable("sdp_modules", "requests");
    let desk = setup.world(|world| drop(world.request().level(&[ANA]).level(&[BO]).add())).start();
    desk.witness().look();
    desk.poll().await.clean();
    let id = desk.told().remove(0);
    desk.world(|world| world.fault(Fault::on("PUT", "/approvals/").delays_reply(seconds(10))));
    let sweep = async {
        desk.time().sleep(seconds(5)).await;
        desk.bridge().poll(false).await
    };
    let decision = Decide {
        id,
        verdict: Verdict::Approve,
        approver: ANA.1.to_owned(),
        comment: None,
        token: desk.witness().card(&desk.witness().waiting()[0]).flatten(),
    };
    let (decided, swept) = desk.drive(futures::future::join(desk.bridge().decide(decision), sweep)).await;
    assert!(decided.is_ok() && swept.is_ok(), "{decided:?} {swept:?}");
    assert_eq!(desk.told().len(), 2, "the next level was told meanwhile");
    assert_eq!(desk.witness().breaches(), Vec::new());
}
