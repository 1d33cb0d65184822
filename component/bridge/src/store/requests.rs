//! Requests that the bridge keeps: one record each. By its ticket the open one is found, so that there is at most one.
//!
//! A record is read, changed and written, which two answers at once must not do across each other. So all of this is done
//! under a lease of its own: it is held for a few steps only, and nobody waits here for a sweep to end.

use std::time::Duration;

use approval_logic::approval::{Millis, Source, TicketKind, TicketRef};
use approval_logic::managed::{Refusal, Request, Subject};
use serde::{Deserialize, Serialize};

use super::Store;
use super::lease::Lease;
use crate::host::{Host, StoreError};

const ROOT: &str = "v1:requests";
const CLOSED: &str = "v1:requests:closed";

/// How long a change waits for the others to be made.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a sweep waits for that before it leaves things for the next one.
const SHORT: Duration = Duration::from_secs(1);

/// With so many requests that no sweep has looked at, no other one is made: something is wrong with the sweeps.
const TOUCHED_MAX: usize = 2_000;

/// So many closed requests are kept; older ones go first.
const CLOSED_MAX: usize = 1_000;

/// A request that has changed since a sweep last looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Its id.
    pub id: String,
    /// Which change it was: another one for each.
    change: u64,
    /// Where it was being made, the key by which its ticket leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<String>,
}

/// A request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The change that made it so.
    pub change: u64,
    /// The request.
    pub request: Request,
}

/// A request that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Why it was.
    pub touched: Touched,
    /// The change that was seen; none: it was not there.
    pub change: Option<u64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Root {
    /// The number of the next change.
    next: u64,
    touched: Vec<Touched>,
}

/// Why a request was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others were being changed for too long, or wait in too great a number.
    #[error("too many requests are being changed; try again in a minute")]
    Busy,
    /// There is no such request.
    #[error("there is no such request")]
    Absent,
    /// The ticket has an open one, of this id.
    #[error("request {0} about this ticket is still open; change its recipients instead")]
    Open(String),
    /// It is against the rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// How approvals of a request are known.
pub fn reference(id: &str) -> TicketRef {
    TicketRef { source: Source::Managed, kind: TicketKind::Ticket, ticket: id.to_owned() }
}

/// The requests. There is one place for all of them: each is read and written by its own id, under the lease for that.
#[derive(Clone)]
pub struct Requests<H> {
    store: Store<H>,
}

impl<H: Host> Requests<H> {
    /// The requests of a store.
    pub fn new(store: &Store<H>) -> Self {
        Self { store: store.shared() }
    }

    /// Now, by the host's clock.
    pub fn now(&self) -> Millis {
        self.store.host().now()
    }

    /// One request.
    pub async fn get(&self, id: &str) -> Result<Option<Request>, StoreError> {
        Ok(self.kept(id).await?.map(|kept| kept.request))
    }

    /// One request, with the change that made it so.
    pub async fn kept(&self, id: &str) -> Result<Option<Kept>, StoreError> {
        self.store.read(&record_key(id)).await
    }

    /// The open request about a ticket.
    pub async fn open_of(&self, subject: &Subject) -> Result<Option<Request>, StoreError> {
        let Some(id) = self.store.read::<String>(&index_key(subject)).await? else { return Ok(None) };
        Ok(self.get(&id).await?.filter(|request| request.status().is_open()))
    }

    /// The requests that changed since a sweep looked at them; none: there has never been a request.
    pub async fn touched(&self) -> Result<Option<Vec<Touched>>, StoreError> {
        Ok(self.store.read::<Root>(ROOT).await?.map(|root| root.touched))
    }

    /// Forgets those that were looked at, unless they have changed again, or were being changed just then.
    pub async fn forget(&self, seen: &[Seen]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        // Not forgotten is looked at once more, which harms nobody.
        let Some(lease) = Lease::take_requests("forget", self.store.clone(), SHORT).await? else { return Ok(()) };
        let forget = async {
            let mut root: Root = self.store.read(ROOT).await?.unwrap_or_default();
            for Seen { touched, change } in seen {
                let now = self.kept(&touched.id).await?.map(|kept| kept.change);
                if now != *change {
                    continue;
                }
                if let (None, Some(index)) = (change, &touched.index)
                    && self.store.read::<String>(index).await?.as_ref() == Some(&touched.id)
                {
                    self.store.remove(index).await?;
                }
                root.touched.retain(|own| own != touched);
            }
            self.store.write(ROOT, &root).await
        };
        lease.during(forget).await
    }

    /// Makes the request of a ticket, if none is open. `make` gets the id of the one before, which tells the new one
    /// from it.
    pub async fn create(
        &self,
        subject: &Subject,
        work: &str,
        make: impl FnOnce(Option<&str>) -> Result<Request, Refusal>,
    ) -> Result<Request, ChangeError> {
        let lease = Lease::take_requests(work, self.store.clone(), PATIENCE).await?.ok_or(ChangeError::Busy)?;
        let create = async {
            let index = index_key(subject);
            if let Some(open) = self.open_of(subject).await? {
                return Err(ChangeError::Open(open.id));
            }
            let previous: Option<String> = self.store.read(&index).await?;
            let request = make(previous.as_deref())?;
            let root: Root = self.store.read(ROOT).await?.unwrap_or_default();
            if root.touched.len() >= TOUCHED_MAX {
                return Err(ChangeError::Busy);
            }
            // The record last: what points to none is as good as nothing.
            let change = self.touch(root, &request.id, Some(index.clone())).await?;
            self.store.write(&index, &request.id).await?;
            let kept = Kept { change, request };
            self.store.write(&record_key(&kept.request.id), &kept).await?;
            Ok(kept.request)
        };
        lease.during(create).await
    }

    /// Changes a request, and has the next sweep look at it if that changed anything. `work` names what is done and by
    /// whom, so that two who begin in the same millisecond are told apart.
    pub async fn change<T>(
        &self,
        id: &str,
        work: &str,
        change: impl FnOnce(&mut Request) -> Result<T, Refusal>,
    ) -> Result<(Request, T), ChangeError> {
        let lease = Lease::take_requests(work, self.store.clone(), PATIENCE).await?.ok_or(ChangeError::Busy)?;
        let changed = async {
            let before = self.get(id).await?.ok_or(ChangeError::Absent)?;
            let mut request = before.clone();
            let value = change(&mut request)?;
            if request == before {
                return Ok((request, value));
            }
            let root = self.store.read(ROOT).await?.unwrap_or_default();
            let kept = Kept { change: self.touch(root, id, None).await?, request };
            // Before the record itself: one that ends here and is in no list would stay for ever.
            if before.status().is_open() && !kept.request.status().is_open() {
                self.retire(id).await?;
            }
            self.store.write(&record_key(id), &kept).await?;
            Ok((kept.request, value))
        };
        lease.during(changed).await
    }

    /// Notes in a request what became of its outcome. Nobody has to look at it for that.
    pub async fn note(&self, id: &str, note: impl FnOnce(&mut Request)) -> Result<(), ChangeError> {
        let lease = Lease::take_requests("note", self.store.clone(), PATIENCE).await?.ok_or(ChangeError::Busy)?;
        let noted = async {
            let mut kept = self.kept(id).await?.ok_or(ChangeError::Absent)?;
            note(&mut kept.request);
            Ok(self.store.write(&record_key(id), &kept).await?)
        };
        lease.during(noted).await
    }

    /// Announces a change and gives it its number. Before the record itself: a change that is not announced would be
    /// lost, an announced one that never came is not found.
    async fn touch(&self, root: Root, id: &str, index: Option<String>) -> Result<u64, StoreError> {
        let mut root = root;
        let change = root.next;
        root.touched.retain(|touched| touched.id != id);
        root.touched.push(Touched { id: id.to_owned(), change, index });
        root.next += 1;
        self.store.write(ROOT, &root).await?;
        Ok(change)
    }

    /// Queues a request that is about to be closed, and removes those that were closed longest ago. One that stayed open
    /// after all is queued again when it ends.
    async fn retire(&self, id: &str) -> Result<(), StoreError> {
        let mut closed: Vec<String> = self.store.read(CLOSED).await?.unwrap_or_default();
        closed.retain(|known| known != id);
        closed.push(id.to_owned());
        let surplus = closed.len().saturating_sub(CLOSED_MAX);
        for old in closed.drain(..surplus) {
            if let Some(request) = self.get(&old).await?.filter(|request| !request.status().is_open()) {
                let index = index_key(&request.subject_ticket());
                if self.store.read::<String>(&index).await?.as_deref() == Some(old.as_str()) {
                    self.store.remove(&index).await?;
                }
                self.store.remove(&record_key(&old)).await?;
            }
        }
        self.store.write(CLOSED, &closed).await
    }
}

fn record_key(id: &str) -> String {
    format!("v1:request:{id}")
}

fn index_key(subject: &Subject) -> String {
    format!("v1:request-of:{subject}")
}
