//! Several processes on one store at the same time.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Barrier;

use approval_bridge::key_value::SqliteStore;

use crate::child::{LANES, Said, Writer, is_removed, this_program, value_of};
use crate::place::Place;

const PROCESSES: usize = 4;
const EACH: usize = 40;

/// They all begin at once, on a store that is not there yet.
async fn many_processes_write(place: Place) {
    let writers: Vec<_> = (0..PROCESSES).map(|n| Writer::start(&place, &format!("process{n}"), EACH)).collect();
    for writer in writers {
        let (said, ended_well) = writer.rest();
        assert!(ended_well, "{:?}", said.last());
        assert_eq!(said.iter().filter(|said| matches!(said, Said::Set(_))).count(), LANES * EACH);
    }
    let store = place.open().await;
    let keys = store.keys().await.unwrap();
    assert_eq!(keys.len(), PROCESSES * LANES * (0..EACH).filter(|n| !is_removed(&format!("/{n}"))).count());
    for key in keys {
        assert!(store.get(&key).await == Ok(Some(value_of(&key))), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_takes_the_writes_of_many_processes() {
    many_processes_write(Place::sqlite().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_takes_the_writes_of_many_processes() {
    let Some(place) = Place::redis() else { return };
    many_processes_write(place).await;
}

/// Whoever comes first makes the file; the others wait for it rather than fail.
#[test]
fn sqlite_is_made_once_when_many_open_it_at_once() {
    for _ in 0..20 {
        let place = Place::sqlite().unwrap();
        let path = place.file();
        let together = Barrier::new(8);
        let open = || {
            together.wait();
            SqliteStore::open(&path).map(drop)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), Ok(()));
            }
        });
    }
}

/// The rights of another user, because root may write everywhere.
#[test]
fn a_file_that_may_not_be_written_is_an_error_that_names_it() {
    let place = Place::sqlite().unwrap();
    let path = place.file();
    let folder = path.parent().unwrap();
    drop(SqliteStore::open(&path).unwrap());
    let mut command = Command::new(this_program());
    if std::fs::metadata(&path).unwrap().uid() == 0 {
        command.uid(65_534);
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    let Ok(writer) = Writer::start_by(command, &place, "nobody", 1) else {
        panic!("another user cannot run {}; run the tests as that user", this_program().display());
    };
    let (said, ended_well) = writer.rest();
    assert!(!ended_well);
    let [Said::Failed(words)] = said.as_slice() else { panic!("{said:?}") };
    assert!(words.contains("a.db") && words.contains("ermission"), "{words}");
}
