//! One sweep at a time, where the store allows to tell.
//!
//! An optimisation only: no backend's compare-and-swap holds everywhere, so two sweeps can still meet. What keeps
//! announcements single then is the stable event id of each message. The lease ends by itself soon after its holder
//! died, because the holder has to renew it every few seconds.

use std::convert::Infallible;
use std::time::Duration;

use approval_logic::approval::Millis;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::together;

/// What a lease is about.
pub struct Terms {
    key: &'static str,
    /// How long it holds without being renewed.
    holds: Millis,
    /// How often it is renewed.
    renew: Duration,
}

/// The right to sweep.
const SWEEP: Terms = Terms { key: "v1:lease", holds: 8_000, renew: Duration::from_millis(2_500) };

/// The right to change requests that the bridge keeps. No sweep holds it for more than a step.
const REQUESTS: Terms = Terms { key: "v1:lease:requests", ..SWEEP };

/// The right to write the audit trail. It is held for a few store operations only, and somebody in chat waits.
pub const AUDIT: Terms = Terms { key: "v1:lease:audit", holds: 2_000, renew: Duration::from_millis(600) };

/// Longer than a store takes for finding the lease free and writing it.
const SETTLES: Duration = Duration::from_millis(50);

/// How long a sweeper waits for one of its slots while others are free: no longer than it may leave those unrenewed.
const FOR_ONE_OF_MANY: Duration = Duration::from_secs(1);

/// How often a waiting sweep looks.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    owner: String,
    until: Millis,
}

/// A lease that is held.
pub struct Lease<H> {
    store: Store<H>,
    owner: String,
    terms: Terms,
}

impl<H: Host> Lease<H> {
    /// Takes the lease for sweeping, waiting for another holder up to `patience`. None: it is still held. `work` names what
    /// is done: callers of one process have one clock, and may begin at the same moment.
    pub async fn take(work: &str, store: Store<H>, patience: Duration) -> Result<Option<Self>, StoreError> {
        Self::take_on(SWEEP, work, store, patience).await
    }

    /// Takes the lease for changing requests that the bridge keeps.
    pub async fn take_requests(work: &str, store: Store<H>, patience: Duration) -> Result<Option<Self>, StoreError> {
        Self::take_on(REQUESTS, work, store, patience).await
    }

    /// The same for a lease of its own.
    pub async fn take_on(
        terms: Terms,
        work: &str,
        store: Store<H>,
        patience: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let host = store.host().clone();
        let owner = format!("{:x}-{:x}-{work}", host.now(), host.nanos());
        let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let begun = host.ticks();
        loop {
            let now = host.now();
            let held: Option<Holder> = store.read(terms.key).await?;
            // A holder far in the future is left over from a clock that ran ahead.
            let free = held.is_none_or(|held| held.until <= now || held.until > now.saturating_add(2 * terms.holds));
            if free {
                write(&store, &terms, &owner).await?;
                // Whoever found it free at the same time has written by then, and the last one to write has it.
                host.sleep(SETTLES).await;
                if store.read::<Holder>(terms.key).await?.is_some_and(|held| held.owner == owner) {
                    return Ok(Some(Self { store, owner, terms }));
                }
            }
            if host.ticks().saturating_sub(begun) >= patience {
                return Ok(None);
            }
            host.sleep(LOOK).await;
        }
    }

    /// Runs work while keeping the lease, and gives it back.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        Leases(vec![self]).during(work).await
    }
}

/// The right to sweep several stores.
pub struct Leases<H>(Vec<Lease<H>>);

impl<H: Host> Leases<H> {
    /// Takes the leases of those stores that nobody sweeps, waiting up to `patience` for the first of them. `work` tells
    /// apart those who begin in the same millisecond.
    pub async fn take(stores: &[Store<H>], work: &str, patience: Duration) -> Result<Self, StoreError> {
        let [_, _, ..] = stores else {
            let lone = stores.iter().map(|store| Lease::take(work, store.clone(), patience));
            return Ok(Self(together::all_or_error(lone).await?.into_iter().flatten().collect()));
        };
        let Some(host) = stores.first().map(|store| store.host().clone()) else { return Ok(Self(Vec::new())) };
        let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let begun = host.ticks();
        loop {
            let leases = stores.iter().map(|store| Lease::take(work, store.clone(), FOR_ONE_OF_MANY));
            let held: Vec<Lease<H>> = together::all_or_error(leases).await?.into_iter().flatten().collect();
            if !held.is_empty() || host.ticks().saturating_sub(begun) >= patience {
                return Ok(Self(held));
            }
        }
    }

    /// The stores that may be swept.
    pub fn stores(&self) -> Vec<Store<H>> {
        self.0.iter().map(|lease| lease.store.clone()).collect()
    }

    /// Runs work while keeping the leases, and gives them back.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        futures::pin_mut!(work);
        let result = match futures::future::select(work, self.keep()).await {
            futures::future::Either::Left((result, _)) => result,
            futures::future::Either::Right((never, _)) => match never {},
        };
        self.give_back().await;
        result
    }

    /// Renews them for ever. Boxed like the next one, so that not every kind of work has code of its own for it.
    fn keep(&self) -> BoxFuture<'_, Infallible> {
        Box::pin(async {
            let Some(Lease { store, terms, .. }) = self.0.first() else { return futures::future::pending().await };
            loop {
                store.host().sleep(terms.renew).await;
                // A store that fails here will fail the work as well, with a better message.
                together::all(self.0.iter().map(|lease| write(&lease.store, &lease.terms, &lease.owner))).await;
            }
        })
    }

    /// If this fails they end by themselves.
    fn give_back(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            together::all(self.0.iter().map(|lease| lease.store.remove(lease.terms.key))).await;
        })
    }
}

async fn write<H: Host>(store: &Store<H>, terms: &Terms, owner: &str) -> Result<(), StoreError> {
    let until = store.host().now().saturating_add(terms.holds);
    store.write(terms.key, &Holder { owner: owner.to_owned(), until }).await
}
