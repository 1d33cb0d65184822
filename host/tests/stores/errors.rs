//! What is said when a store cannot do what is asked: a named error that tells where to look, never a value, never a
//! password, and never an empty store in place of a broken one.

use approval_bridge::config::StoreConfig;
use approval_bridge::key_value::{KeyValue, RedisStore, SqliteStore, StoreError};

use crate::place::Place;
use crate::server::Server;

/// The words of an error of opening.
fn words<T>(opened: Result<T, StoreError>) -> String {
    match opened {
        Err(StoreError::Open(words)) => words,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("this should not have worked"),
    }
}

/// The words of an error of an operation.
fn refusal<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    match done {
        Err(StoreError::Backend(words)) => words,
        other => panic!("expected an error of the backend: {other:?}"),
    }
}

#[test]
fn a_missing_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(folder.path().join("not/there/yet/a.db")).unwrap());
    assert!(folder.path().join("not/there/yet/a.db").is_file());
}

#[test]
fn a_place_that_is_no_place_for_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "a file").unwrap();
    for path in [folder.path().to_owned(), file.join("a.db")] {
        let said = words(SqliteStore::open(&path));
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
}

#[test]
fn a_file_that_is_no_database_is_an_error_that_names_it_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "these are notes, and certainly longer than the header of a database ".repeat(4);
    std::fs::write(&path, &text).unwrap();
    let said = words(SqliteStore::open(&path));
    assert!(said.contains("notes.txt"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// A database of another program, in which our table has another shape.
#[test]
fn a_database_of_somebody_else_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE entries (id INTEGER PRIMARY KEY, note TEXT)").unwrap();
    drop(theirs);
    let said = words(SqliteStore::open(&path));
    assert!(said.contains("theirs.db"), "{said}");
}

/// A file cut short, by a copy that was stopped or a disk that was full: what is missing is an error, never nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_short_is_an_error_wherever_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let value = |n: u8| vec![n; 3_000];
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..100 {
        store.set(&format!("k{n:03}"), value(n)).await.unwrap();
    }
    store.close().await;
    let whole = std::fs::read(&path).unwrap();
    for length in (1_000..whole.len()).step_by(1_500) {
        let cut = folder.path().join(format!("cut-{length}.db"));
        std::fs::write(&cut, &whole[..length]).unwrap();
        let store = match SqliteStore::open(&cut) {
            Ok(store) => store,
            Err(error) => {
                assert!(matches!(&error, StoreError::Open(words) if words.contains("cut-")), "{error}");
                continue;
            }
        };
        for n in 0..100 {
            match store.get(&format!("k{n:03}")).await {
                Ok(found) => assert!(found == Some(value(n)), "cut at {length}: k{n:03} is not what was written"),
                Err(error) => drop(refusal::<()>(Err(error))),
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_address_of_a_server_is_not_repeated() {
    let said = words(RedisStore::connect("http://user:hunter2@host", "").await);
    assert!(said.contains("store.url") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = words(RedisStore::connect(&format!("redis://:hunter2@127.0.0.1:{port}"), "").await);
    assert!(said.starts_with("redis: ") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_said_when_the_store_opens() {
    let Some(server) = Server::start(&[]) else { return };
    for credentials in [":hunter2@", "somebody:hunter2@", ""] {
        let said = words(RedisStore::connect(&server.url_with(credentials), "").await);
        assert!(said.starts_with("redis: ") && said.to_lowercase().contains("auth"), "{credentials:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_an_error_until_it_is_back() {
    let Some(mut place) = Place::redis() else { return };
    let store = place.open().await;
    store.set("a", vec![1]).await.unwrap();
    place.server().kill();
    assert!(refusal(store.get("a").await).starts_with("redis: "));
    refusal(store.set("a", vec![2]).await);
    refusal(store.keys().await);
    place.server().restart();
    // The first calls may still meet the end of the old connection.
    for _ in 0..50 {
        if store.set("a", vec![3]).await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(store.get("a").await, Ok(Some(vec![3])), "the same handle works again");
}

#[tokio::test]
async fn a_user_without_the_right_to_write_is_told_so() {
    let reader = ["--user", "reader", "on", ">hunter2", "~*", "+@connection", "+@read"];
    let Some(server) = Server::start(&reader) else { return };
    let reader = RedisStore::connect(&server.url_with("reader:hunter2@"), "").await.unwrap();
    assert_eq!(reader.get("a").await, Ok(None));
    let said = refusal(reader.set("a", b"value".to_vec()).await);
    assert!(said.contains("permission") && !said.contains("value"), "{said}");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_says_why() {
    let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", "9"]) else { return };
    let said = refusal(RedisStore::connect(&replica.url(), "").await.unwrap().set("a", b"value".to_vec()).await);
    assert!(said.contains("read-only") || said.contains("read only"), "{said}");

    let Some(full) = Server::start(&["--maxmemory", "1"]) else { return };
    let said = refusal(RedisStore::connect(&full.url(), "").await.unwrap().set("a", b"value".to_vec()).await);
    assert!(said.contains("maxmemory"), "{said}");
}

/// A server is shared: others keep what they like there, under names and in forms that are not ours.
#[tokio::test]
async fn what_others_keep_on_the_server_is_not_ours() {
    let Some(place) = Place::redis() else { return };
    let Place::Redis(server) = &place else { return };
    let store = place.open().await;
    let mut raw = server.connection();
    for name in [&b"others"[..], b"oursb:x", b"ours[a-z]", b"ours[a-z]*?\\:\xff\xfe", b"\xff"] {
        redis::cmd("SET").arg(name).arg("theirs").exec(&mut raw).unwrap();
    }
    let StoreConfig::Redis { url, .. } = place.config() else { return };
    let neighbour = RedisStore::connect(&url, "ours").await.unwrap();
    neighbour.set("x", vec![1]).await.unwrap();
    store.set("a", vec![2]).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), ["a"], "prefixes keep stores apart");
    assert_eq!(store.get("x").await, Ok(None));
    redis::cmd("RPUSH").arg(format!("{}list", crate::place::PREFIX)).arg("1").exec(&mut raw).unwrap();
    assert!(refusal(store.get("list").await).contains("wrong kind of value"));
}
