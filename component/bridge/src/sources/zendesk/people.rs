//! Who is asked: users and groups of Zendesk, kept from sweep to sweep.

use approval_logic::zendesk::{self, BATCH, Members, Next, Pages, User};

use super::{PAGES_MAX, Session, distinct, without_end};
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Counter};
use crate::sorted::Sorted;
use crate::sources::is_absent;
use crate::store::people::People;
use crate::together;

impl<H: Host> Session<H> {
    /// Users, by their ids: those that are kept, and of the others those that there are.
    pub async fn users(&self, counter: &Counter, ids: Vec<String>) -> Result<Sorted<User>, CallFailure> {
        let mut users = Sorted::default();
        let mut wanted = Vec::new();
        self.with_people(|people| {
            for id in distinct(ids) {
                match people.user(&id) {
                    Some(user) => users.insert(id, user.clone()),
                    None => wanted.push(id),
                }
            }
            false
        })
        .await;
        let fresh = self.fresh_users(counter, &wanted).await?;
        let now = self.now();
        self.with_people(|people| {
            fresh.iter().for_each(|user| people.learn_user(user.clone(), now));
            !fresh.is_empty()
        })
        .await;
        users.extend(fresh.into_iter().map(|user| (user.id.clone(), user)));
        Ok(users)
    }

    /// The members of a group, as kept for a few minutes. A group that is gone has none.
    pub async fn members(&self, counter: &Counter, group: &str) -> Result<Vec<String>, CallFailure> {
        let mut kept = None;
        self.with_people(|people| {
            kept = people.members(group).map(<[String]>::to_vec);
            false
        })
        .await;
        if let Some(members) = kept {
            return Ok(members);
        }
        let members = self.fresh_members(counter, group).await?;
        let now = self.now();
        self.with_people(|people| {
            people.learn_members(group, members.clone(), now);
            true
        })
        .await;
        Ok(members)
    }

    /// Keeps what was learnt of people for the sweeps to come.
    pub async fn keep_people(&self) -> Result<(), StoreError> {
        match &*self.people.lock().await {
            Some((people, true)) => people.save(&self.store).await,
            _ => Ok(()),
        }
    }

    /// The user of an address. The search is not exact, and an address that two have is nobody's.
    pub(crate) async fn user_with_address(
        &self,
        counter: &Counter,
        address: &str,
    ) -> Result<Option<User>, CallFailure> {
        if address.trim().is_empty() {
            return Ok(None);
        }
        let read = self.read(counter, |calls| calls.users_with_address(address.trim()), zendesk::read_users).await?;
        let mut same = read.users.into_iter().filter(|user| user.person.has_address(address));
        Ok(same.next().filter(|_| same.next().is_none()))
    }

    pub(super) async fn fresh_users(&self, counter: &Counter, ids: &[String]) -> Result<Vec<User>, CallFailure> {
        let reads = ids.chunks(BATCH).map(|ids| async move {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            self.read(counter, |calls| calls.users(&ids), zendesk::read_users).await
        });
        let read = together::all_or_error(reads).await?;
        Ok(read.into_iter().flat_map(|read| read.users).collect())
    }

    pub(super) async fn fresh_members(&self, counter: &Counter, group: &str) -> Result<Vec<String>, CallFailure> {
        let (mut members, mut pages, mut cursor) = (Vec::new(), Pages::default(), None);
        for _ in 0..PAGES_MAX {
            let read = self.read(counter, |calls| calls.members(group, cursor.as_deref()), zendesk::read_members).await;
            let Members { users, more, .. } = match read {
                Err(failure) if is_absent(&failure) => return Ok(Vec::new()),
                read => read?,
            };
            let before = members.len();
            members.extend(users.into_iter().filter(|user| pages.is_new(user)));
            match pages.next(more, members.len() > before) {
                Next::Page(next) => cursor = Some(next),
                Next::End => return Ok(members),
                Next::Stuck => break,
            }
        }
        Err(without_end())
    }

    /// Works on what is kept of people. The answer: whether it was changed.
    async fn with_people(&self, work: impl FnOnce(&mut People) -> bool + Send) {
        let mut kept = self.people.lock().await;
        if kept.is_none() {
            *kept = Some((People::load(&self.store).await, false));
        }
        if let Some((people, changed)) = &mut *kept {
            *changed |= work(people);
        }
    }
}
