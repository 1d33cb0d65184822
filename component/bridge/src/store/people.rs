//! People of Zendesk, kept for a while: the list of approval requests tells their ids and names, never an address.

use approval_logic::approval::Millis;
use approval_logic::zendesk::User;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::sorted::Sorted;

const KEY: &str = "v1:zendesk-people";

/// An address is believed so long.
const USERS_GOOD: Millis = 4 * 3_600_000;

/// Who is in a group is believed so long.
const MEMBERS_GOOD: Millis = 5 * 60_000;

/// The largest value. Well below 256 KiB, the largest one that every backend takes.
const VALUE_MAX: usize = 120 * 1024;

/// Users and members of groups, each with the time when they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    users: Sorted<(Millis, User)>,
    groups: Sorted<(Millis, Vec<String>)>,
}

impl People {
    /// What is kept and still believed. What cannot be read is asked for again.
    pub async fn load<H: Host>(store: &Store<H>) -> Self {
        let mut people: Self = store.read(KEY).await.ok().flatten().unwrap_or_default();
        let now = store.host().now();
        people.users.retain(|(at, _)| is_good(*at, now, USERS_GOOD));
        people.groups.retain(|(at, _)| is_good(*at, now, MEMBERS_GOOD));
        people
    }

    /// Keeps as many as there is room for. The others are asked for again.
    pub async fn save<H: Host>(&self, store: &Store<H>) -> Result<(), StoreError> {
        let mut kept = self.clone();
        while serde_json::to_vec(&kept).map_or(0, |bytes| bytes.len()) > VALUE_MAX {
            halve(&mut kept.users);
            halve(&mut kept.groups);
        }
        store.write(KEY, &kept).await
    }

    /// A user.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id).map(|(_, user)| user)
    }

    /// The members of a group.
    pub fn members(&self, group: &str) -> Option<&[String]> {
        self.groups.get(group).map(|(_, members)| members.as_slice())
    }

    /// Remembers a user.
    pub fn learn_user(&mut self, user: User, now: Millis) {
        self.users.insert(user.id.clone(), (now, user));
    }

    /// Remembers the members of a group.
    pub fn learn_members(&mut self, group: &str, members: Vec<String>, now: Millis) {
        self.groups.insert(group.to_owned(), (now, members));
    }
}

/// Neither too old nor, after the clock was set back, from the future.
fn is_good(at: Millis, now: Millis, good: Millis) -> bool {
    (0..good).contains(&now.saturating_sub(at))
}

fn halve<V>(kept: &mut Sorted<V>) {
    let middle = kept.iter().nth(kept.len() / 2).map(|(key, _)| key.to_owned());
    drop(middle.map(|key| kept.split_off(&key)));
}
