use std::time::Duration;

use crate::store::Store;
use crate::store::lease::Lease;
use crate::testing::MemoryHost;

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_is_given_back() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    let lease = Lease::take("test", store.clone(), Duration::ZERO).await.unwrap().unwrap();
    assert!(Lease::take("test", store.clone(), Duration::from_secs(1)).await.unwrap().is_none());
    lease.during(std::future::ready(())).await;
    assert!(Lease::take("test", store, Duration::ZERO).await.unwrap().is_some());
}

#[tokio::test]
async fn of_two_who_begin_at_the_same_moment_one_has_it() {
    let store = Store::new(MemoryHost::new());
    let take = |work| Lease::take(work, store.clone(), Duration::ZERO);
    let (one, other) = futures::join!(take("poll"), take("hint"));
    assert_ne!(one.unwrap().is_some(), other.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_whose_holder_died_ends_by_itself() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    drop(Lease::take("test", store.clone(), Duration::ZERO).await.unwrap().unwrap());
    assert!(Lease::take("test", store, Duration::from_secs(10)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_from_a_clock_that_ran_ahead_does_not_block_for_ever() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    store.write("v1:lease", &serde_json::json!({ "owner": "x", "until": i64::MAX })).await.unwrap();
    assert!(Lease::take("test", store, Duration::ZERO).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_work_goes_on() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    let lease = Lease::take("test", store.clone(), Duration::ZERO).await.unwrap().unwrap();
    let work = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
            assert!(Lease::take("test", store.clone(), Duration::ZERO).await.unwrap().is_none());
        }
    };
    lease.during(work).await;
}
