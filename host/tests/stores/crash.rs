//! What was acknowledged is there after `kill -9`, whole, and the store opens again.
//!
//! The moments are chosen by a seed: while the store is made, opened, written, folded and closed. A process that is
//! killed leaves what it handed to the system, so this shows that nothing is acknowledged before it was handed over and
//! that a half-done write is never taken for a whole one. That the system has it on the disk by then is what the
//! settings ask for: `synchronous = FULL` for SQLite, `appendfsync always` for Redis.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::child::{Said, Writer, is_removed, value_of};
use crate::place::Place;
use crate::rules::Dice;
use crate::server::Server;

/// Writers killed one after the other in one place.
const ROUNDS: usize = 12;

/// More than a writer gets done before its end.
const ENDLESS: usize = 100_000;

/// What has been acknowledged; for keys that a writer removes, whether that was acknowledged too.
#[derive(Default)]
struct Acknowledged(BTreeMap<String, bool>);

impl Acknowledged {
    fn note(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Set(key) => drop(self.0.insert(key, false)),
                Said::Removed(key) => drop(self.0.insert(key, true)),
                Said::Failed(_) => {}
            }
        }
    }

    /// Opens the store and looks.
    async fn check(&self, place: &Place, moment: &str) {
        let store = place.open().await;
        let keys = store.keys().await.unwrap();
        for key in &keys {
            let value = store.get(key).await.unwrap();
            assert!(value == Some(value_of(key)), "{moment}: {key} is torn");
            assert!(self.0.get(key) != Some(&true), "{moment}: {key} was removed and is there again");
        }
        for (key, _) in self.0.iter().filter(|(key, _)| !is_removed(key)) {
            assert!(keys.binary_search(key).is_ok(), "{moment}: {key} was acknowledged and is lost");
        }
        store.close().await;
    }
}

/// Kills writers at moments by the seed: after some acknowledgements and a little more, or soon after their start.
async fn kill_writers(place: Place, seed: u64) -> usize {
    let mut dice = Dice(seed);
    let mut acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut writer = Writer::start(&place, &format!("round{round}"), ENDLESS);
        let mut said = Vec::new();
        let (wanted, pause) = match dice.below(3) {
            0 => (0, dice.below(60_000)),
            _ => (dice.below(150), dice.below(3_000)),
        };
        while said.len() < wanted {
            said.push(writer.next().expect("the writer goes on"));
        }
        std::thread::sleep(Duration::from_micros(pause as u64));
        said.extend(writer.kill());
        acknowledged.note(said);
        acknowledged.check(&place, &format!("seed {seed}, round {round}, {wanted} + {pause} us")).await;
    }
    acknowledged.0.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_loses_nothing_when_its_process_is_killed() {
    let mut acknowledged = 0;
    for seed in 1..=4 {
        acknowledged += kill_writers(Place::sqlite().unwrap(), seed).await;
    }
    assert!(acknowledged > 500, "only {acknowledged}: the writers hardly came to write");
}

/// A file that is being made when the end comes is made the next time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_opens_whenever_the_process_that_made_the_file_was_killed() {
    let mut dice = Dice(77);
    for _ in 0..20 {
        let place = Place::sqlite().unwrap();
        let mut acknowledged = Acknowledged::default();
        let mut writer = Writer::start(&place, "first", ENDLESS);
        let pause = dice.below(30_000);
        while !place.file().exists() {
            assert!(!writer.has_ended(), "the writer did not make the file");
        }
        std::thread::sleep(Duration::from_micros(pause as u64));
        acknowledged.note(writer.kill());
        acknowledged.check(&place, &format!("{pause} us")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_what_a_killed_process_wrote() {
    let Some(place) = Place::redis() else { return };
    assert!(kill_writers(place, 5).await > 100);
}

/// As durable as its settings make it: with these, nothing acknowledged is lost either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_syncs_always_loses_nothing_when_it_is_killed() {
    let Some(server) = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let mut place = Place::Redis(server);
    let mut dice = Dice(6);
    let mut acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut writer = Writer::start(&place, &format!("round{round}"), ENDLESS);
        let (wanted, pause) = (1 + dice.below(150), dice.below(3_000));
        let mut said: Vec<Said> = (0..wanted).map(|_| writer.next().expect("the writer goes on")).collect();
        std::thread::sleep(Duration::from_micros(pause as u64));
        place.server().kill();
        let (rest, ended_well) = writer.rest();
        assert!(!ended_well && matches!(rest.last(), Some(Said::Failed(_))), "the writer was not told: {rest:?}");
        said.extend(rest);
        acknowledged.note(said);
        place.server().restart();
        acknowledged.check(&place, &format!("round {round}, {wanted} + {pause} us")).await;
    }
}

/// A disk that fills up: the write that did not fit is refused by name, and what was acknowledged stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_says_that_the_disk_is_full_and_keeps_what_it_had() {
    let place = Place::sqlite().unwrap();
    let mut limited = std::process::Command::new("sh");
    // No file may grow past some two megabytes; the signal that comes with it is ignored, as on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 4000; exec \"$@\"", "sh"]).arg(crate::child::this_program());
    let (said, ended_well) = Writer::start_by(limited, &place, "full", ENDLESS).unwrap().rest();
    let Some(Said::Failed(words)) = said.last() else {
        panic!("the writer ended well: {ended_well}, {:?}", said.last())
    };
    assert!(words.contains("disk") || words.contains("full"), "{words}");
    assert!(said.len() > 10, "it went well for a while");
    let mut acknowledged = Acknowledged::default();
    acknowledged.note(said);
    acknowledged.check(&place, "after the disk was full").await;
}
