//! What every backend must do, as one check. A backend that loses, mixes or invents a value fails it.

use super::KeyValue;

/// Runs the whole check on an empty store.
pub(crate) async fn check(store: &dyn KeyValue) {
    assert_eq!(store.get("a").await, Ok(None), "an empty store holds nothing");
    assert_eq!(store.keys().await, Ok(vec![]));
    assert_eq!(store.delete("a").await, Ok(()), "removing what is not there is no error");

    store.set("a", b"1".to_vec()).await.unwrap();
    assert_eq!(store.get("a").await, Ok(Some(b"1".to_vec())), "a value can be read as soon as set returns");
    assert_eq!(store.exists("a").await, Ok(true));
    assert_eq!(store.exists("b").await, Ok(false));
    store.set("a", b"2".to_vec()).await.unwrap();
    assert_eq!(store.get("a").await, Ok(Some(b"2".to_vec())), "the last value wins");

    let any_byte: Vec<u8> = (0..=255).collect();
    store.set("any byte", any_byte.clone()).await.unwrap();
    assert_eq!(store.get("any byte").await, Ok(Some(any_byte)), "values are bytes, not text");
    store.set("empty", vec![]).await.unwrap();
    assert_eq!(store.get("empty").await, Ok(Some(vec![])), "an empty value is a value");
    let odd = "ø/..:%00'\"; drop table \n\u{1F600}*?[a]";
    store.set(odd, b"x".to_vec()).await.unwrap();
    assert_eq!(store.get(odd).await, Ok(Some(b"x".to_vec())), "keys are any text");
    let large = vec![7_u8; 1 << 20];
    store.set("large", large.clone()).await.unwrap();
    assert_eq!(store.get("large").await, Ok(Some(large)));

    let mut expected = vec!["a", "any byte", "empty", odd, "large"];
    expected.sort_unstable();
    assert_eq!(store.keys().await.unwrap(), expected, "keys are complete and sorted");
    store.delete("large").await.unwrap();
    assert_eq!(store.get("large").await, Ok(None));

    let names: Vec<String> = (0..200).map(|n| format!("many/{n:03}")).collect();
    let writes = names.iter().map(|name| store.set(name, name.clone().into_bytes()));
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
    let reads = names.iter().map(|name| store.get(name));
    for (name, read) in names.iter().zip(futures::future::join_all(reads).await) {
        assert_eq!(read, Ok(Some(name.clone().into_bytes())), "many at once do not mix");
    }
}
