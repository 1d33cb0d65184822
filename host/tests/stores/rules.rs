//! The rules, each run on every backend.

use std::collections::BTreeMap;

use approval_bridge::key_value::StoreError;
use futures::future::join_all;

use crate::place::Place;

/// Keys that a backend could trim, fold, cut, quote wrongly, take for a pattern, a number, a path or an end.
const ODD_KEYS: [&str; 42] = [
    "",
    " ",
    "  ",
    "a",
    "A",
    "a ",
    " a",
    "\0",
    "a\0",
    "a\0b",
    "\u{1}",
    "\n",
    "a\r\nb",
    "\t",
    "\u{7f}",
    "'",
    "\"",
    "';--",
    "%",
    "%00",
    "_",
    "*",
    "a*",
    "?",
    "[a]",
    "[^a]",
    "\\",
    "\\*",
    ".",
    "..",
    "/",
    "a/b",
    "a:b",
    "#",
    "1",
    "01",
    "1.0",
    "ä",
    "a\u{308}",
    "\u{202e}",
    "\u{1F600}",
    "\u{fffd}",
];

macro_rules! on_every_backend {
    ($($rule:ident),* $(,)?) => {
        on_every_backend!(@on memory: $($rule),*);
        on_every_backend!(@on sqlite: $($rule),*);
        on_every_backend!(@on redis: $($rule),*);
    };
    (@on $backend:ident: $($rule:ident),*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    let Some(place) = crate::place::Place::$backend() else { return };
                    super::$rule(place).await;
                }
            )*
        }
    };
}

on_every_backend!(
    an_empty_store_holds_nothing,
    a_value_is_there_as_soon_as_it_is_set,
    removing_is_final_and_never_an_error,
    values_are_bytes_of_any_kind,
    values_of_many_mebibytes_come_back_whole,
    keys_are_any_text,
    keys_are_complete_and_sorted,
    a_listing_holds_what_stays_while_others_write,
    a_store_is_a_map_whichever_handle_is_used,
    many_at_once_do_not_mix,
    writers_of_one_key_leave_the_whole_value_of_one,
    what_is_there_outlasts_the_handle,
    a_closed_store_says_so,
);

async fn an_empty_store_holds_nothing(place: Place) {
    let store = place.open().await;
    assert_eq!(store.get("a").await, Ok(None));
    assert_eq!(store.exists("a").await, Ok(false));
    assert_eq!(store.keys().await, Ok(vec![]));
}

async fn a_value_is_there_as_soon_as_it_is_set(place: Place) {
    let store = place.open().await;
    for value in [b"1".to_vec(), b"2".to_vec(), vec![], b"3".to_vec()] {
        store.set("a", value.clone()).await.unwrap();
        assert_eq!(store.get("a").await, Ok(Some(value)), "the last value wins");
        assert_eq!(store.exists("a").await, Ok(true), "an empty value is a value");
    }
    assert_eq!(store.exists("b").await, Ok(false));
}

async fn removing_is_final_and_never_an_error(place: Place) {
    let store = place.open().await;
    assert_eq!(store.delete("a").await, Ok(()), "there is none");
    store.set("a", vec![1]).await.unwrap();
    store.set("b", vec![2]).await.unwrap();
    assert_eq!(store.delete("a").await, Ok(()));
    assert_eq!(store.delete("a").await, Ok(()), "it is gone already");
    assert_eq!((store.get("a").await, store.exists("a").await), (Ok(None), Ok(false)));
    assert_eq!(store.keys().await.unwrap(), ["b"], "the others stay");
    store.set("a", vec![3]).await.unwrap();
    assert_eq!(store.get("a").await, Ok(Some(vec![3])), "a key can be set again");
}

async fn values_are_bytes_of_any_kind(place: Place) {
    let store = place.open().await;
    let all: Vec<u8> = (0..=255).collect();
    for (key, value) in [("all", all), ("zeroes", vec![0; 100]), ("no text", vec![0xff, 0xfe, 0xc0]), ("none", vec![])]
    {
        store.set(key, value.clone()).await.unwrap();
        assert_eq!(store.get(key).await, Ok(Some(value)), "{key}");
    }
}

/// The bridge keeps its values below 256 KiB; a host may allow more with `limits.value_bytes`.
async fn values_of_many_mebibytes_come_back_whole(place: Place) {
    let store = place.open().await;
    for mebibytes in [1, 4, 16] {
        let value: Vec<u8> = (0..mebibytes << 20).map(|at: u32| (at % 251) as u8).collect();
        store.set("large", value.clone()).await.unwrap();
        assert!(store.get("large").await == Ok(Some(value)), "{mebibytes} MiB");
    }
    store.set("large", vec![1]).await.unwrap();
    assert_eq!(store.get("large").await, Ok(Some(vec![1])), "nothing of the larger one is left");
}

async fn keys_are_any_text(place: Place) {
    let store = place.open().await;
    let long = "long/".repeat(2_000);
    let longer = format!("{long}er");
    let mut keys = ODD_KEYS.to_vec();
    keys.extend([long.as_str(), longer.as_str()]);
    for key in &keys {
        store.set(key, key.as_bytes().to_vec()).await.unwrap();
    }
    for key in &keys {
        assert_eq!(store.get(key).await, Ok(Some(key.as_bytes().to_vec())), "{key:?}");
        assert_eq!(store.exists(key).await, Ok(true), "{key:?}");
    }
    keys.sort_unstable();
    assert_eq!(store.keys().await.unwrap(), keys);
    while let Some(key) = keys.pop() {
        store.delete(key).await.unwrap();
        assert_eq!(store.get(key).await, Ok(None), "{key:?}");
        assert_eq!(store.keys().await.unwrap(), keys, "{key:?} and no other is gone");
    }
}

async fn keys_are_complete_and_sorted(place: Place) {
    let store = place.open().await;
    let mut keys: Vec<String> =
        (0..3_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    join_all(keys.iter().map(|key| store.set(key, vec![]))).await.into_iter().collect::<Result<(), _>>().unwrap();
    keys.sort_unstable();
    assert_eq!(store.keys().await.unwrap(), keys);
}

async fn a_listing_holds_what_stays_while_others_write(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    let stays: Vec<String> = (0..1_500).map(|n| format!("stays/{n:04}")).collect();
    join_all(stays.iter().map(|key| store.set(key, vec![1]))).await;
    let churn = async {
        for n in 0..300 {
            other.set(&format!("comes/{n}"), vec![2]).await.unwrap();
            other.delete(&format!("comes/{}", n / 2)).await.unwrap();
        }
    };
    let list = async {
        for _ in 0..10 {
            let mut keys = store.keys().await.unwrap();
            assert!(keys.is_sorted());
            keys.retain(|key| !key.starts_with("comes/"));
            assert_eq!(keys, stays);
        }
    };
    futures::join!(churn, list);
}

/// 1,500 operations by the same dice each time, over two handles, against a map that is known to be right.
async fn a_store_is_a_map_whichever_handle_is_used(place: Place) {
    let handles = [place.open().await, place.open().await];
    let mut map: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut dice = Dice(0x5eed);
    for turn in 0..1_500 {
        let store = &handles[dice.below(2)];
        let key = format!("k{}", dice.below(12));
        match dice.below(8) {
            0..3 => {
                let value = vec![dice.below(256) as u8; dice.below(2_000)];
                store.set(&key, value.clone()).await.unwrap();
                map.insert(key, value);
            }
            3 => {
                store.delete(&key).await.unwrap();
                map.remove(&key);
            }
            4..6 => assert_eq!(store.get(&key).await, Ok(map.get(&key).cloned()), "turn {turn}, {key}"),
            6 => assert_eq!(store.exists(&key).await, Ok(map.contains_key(&key)), "turn {turn}, {key}"),
            _ => assert_eq!(store.keys().await.unwrap(), map.keys().cloned().collect::<Vec<_>>(), "turn {turn}"),
        }
    }
}

async fn many_at_once_do_not_mix(place: Place) {
    let store = place.open().await;
    let writers = (0..16).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                let key = format!("{writer}/{n}");
                store.set(&key, key.clone().into_bytes()).await.unwrap();
                assert_eq!(store.get(&key).await, Ok(Some(key.clone().into_bytes())));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let keys = store.keys().await.unwrap();
    assert_eq!(keys.len(), 16 * 50);
    let values = join_all(keys.iter().map(|key| store.get(key))).await;
    for (key, value) in keys.iter().zip(values) {
        assert_eq!(value, Ok(Some(key.clone().into_bytes())));
    }
}

async fn writers_of_one_key_leave_the_whole_value_of_one(place: Place) {
    let whole = |value: &[u8]| value.len() == 100_000 && value.iter().all(|byte| *byte == value[0]);
    let store = place.open().await;
    store.set("one", vec![0; 100_000]).await.unwrap();
    let mut writers = Vec::new();
    for writer in 1..=8_u8 {
        let own = place.open().await;
        writers.push(tokio::spawn(async move {
            for _ in 0..10 {
                own.set("one", vec![writer; 100_000]).await.unwrap();
            }
        }));
    }
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        assert!(whole(&store.get("one").await.unwrap().unwrap()), "a reader never sees a part");
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(whole(&store.get("one").await.unwrap().unwrap()));
}

async fn what_is_there_outlasts_the_handle(place: Place) {
    if matches!(place, Place::Memory(_)) {
        return;
    }
    let first = place.open().await;
    first.set("kept", vec![1]).await.unwrap();
    drop(first);
    let second = place.open().await;
    assert_eq!(second.get("kept").await, Ok(Some(vec![1])), "also where nobody closed it");
    second.set("more", vec![2]).await.unwrap();
    second.close().await;
    assert_eq!(place.open().await.keys().await.unwrap(), ["kept", "more"]);
}

/// What is under way when a store closes is finished; what comes later is told that it came too late.
async fn a_closed_store_says_so(place: Place) {
    let store = place.open().await;
    let under_way: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.set(&format!("{n:02}"), vec![n]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    store.close().await;
    let mut written = Vec::new();
    for (n, set) in under_way.into_iter().enumerate() {
        match set.await.unwrap() {
            Ok(()) => written.push(format!("{n:02}")),
            Err(error) => assert_eq!(error, StoreError::Closed),
        }
    }
    assert_eq!(store.get("a").await, Err(StoreError::Closed));
    assert_eq!(store.set("a", vec![]).await, Err(StoreError::Closed));
    assert_eq!(store.delete("a").await, Err(StoreError::Closed));
    assert_eq!(store.exists("a").await, Err(StoreError::Closed));
    assert_eq!(store.keys().await, Err(StoreError::Closed));
    if !matches!(place, Place::Memory(_)) {
        assert_eq!(place.open().await.keys().await.unwrap(), written, "acknowledged is written, refused is not");
    }
}

/// Numbers that are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}
