//! What is known about approvals: a sorted sequence cut into leaves, with one root that lists them.
//!
//! A sweep that finds nothing reads the root and the leaf or two that its slice touches, however many approvals are
//! tracked. Leaves are cut between tickets, so a ticket's entries are always in one leaf. A crash between the steps of
//! a cut leaves at worst an unlisted leaf, which the next cut overwrites.

mod leaf;
mod row;

use std::sync::Arc;

use approval_logic::approval::{ApprovalId, Millis, Source, TicketKind, TicketRef};
use approval_logic::diff::Entry;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{Store, unreadable, unwritable};
use crate::host::{Host, StoreError};

use leaf::{Kept, is_kept, slim};

pub use leaf::Leaf;

const ROOT: &str = "v1:ledger";

/// How many leaves are kept after they were read, some 6 MiB of memory. A walk goes from one to the next and lists come
/// nearly in the order of the ledger, so a few are enough; all of them would not fit once there are many.
const KEPT: usize = 48;

/// The same in a slot, of which one sweeper has up to sixteen.
const KEPT_OF_SLOT: usize = 6;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Root {
    /// Sorted by `from`; the first begins with the empty key.
    leaves: Vec<LeafRef>,
    /// The number of the next new leaf.
    next: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LeafRef {
    number: u64,
    /// The first ticket key that belongs to the leaf.
    from: String,
}

/// What stands in the place of the root once everything has moved into slots. Nobody takes it for an empty ledger: what
/// reads roots cannot read this.
#[derive(Debug, Serialize, Deserialize)]
struct Moved {
    /// Keys that nobody reads any more and that are being removed.
    moved_into_slots: Vec<String>,
}

/// Leaves by their numbers, the one used last at the end. There are few, so a list is searched.
type Leaves = Vec<(u64, Arc<Leaf>)>;

/// The ledger as one sweep or request sees it. Leaves are read once and the last ones kept.
#[derive(Clone)]
pub struct Ledger<H> {
    store: Store<H>,
    root: Arc<Mutex<Root>>,
    leaves: Arc<Mutex<Leaves>>,
    /// Leaves that were read and hold what need not be kept any longer; the next commit tidies them.
    untidy: Arc<Mutex<Vec<u64>>>,
}

/// One page of entries, by id.
#[derive(Debug, Default)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The key after which the next page begins; none at the end.
    pub next: Option<String>,
}

impl<H: Host> Ledger<H> {
    /// Opens the ledger: reads its root.
    pub async fn open(store: Store<H>) -> Result<Self, StoreError> {
        let mut root: Root = match store.read(ROOT).await {
            Err(_) if moved(&store).await?.is_some() => return Err(in_slots()),
            root => root?.unwrap_or_default(),
        };
        if root.leaves.is_empty() {
            root = Root { leaves: vec![LeafRef { number: 0, from: String::new() }], next: 1 };
        }
        Ok(Self { store, root: Arc::new(Mutex::new(root)), leaves: Arc::default(), untidy: Arc::default() })
    }

    /// The entries of one ticket.
    pub async fn of_ticket(&self, ticket: &TicketRef) -> Result<Vec<Entry>, StoreError> {
        let prefix = ticket_key(ticket);
        let leaf = self.leaf_of(&prefix).await?;
        let end = after_ticket(&prefix);
        Ok(leaf.between(&prefix, &end).cloned().collect())
    }

    /// One entry.
    pub async fn get(&self, id: &ApprovalId) -> Result<Option<Entry>, StoreError> {
        let key = entry_key(id);
        Ok(self.leaf_of(&key).await?.get(&key).cloned())
    }

    /// Whether what is known of a ticket lies here.
    pub fn holds(&self, ticket: &TicketRef) -> bool {
        self.store.holds(ticket)
    }

    /// The keys of its leaves.
    pub async fn leaf_keys(&self) -> Vec<String> {
        self.root.lock().await.leaves.iter().map(|leaf| leaf_key(leaf.number)).collect()
    }

    /// How many leaves there are.
    pub async fn leaf_count(&self) -> usize {
        self.root.lock().await.leaves.len()
    }

    /// The entries of the leaf at a position, in order; none past the end.
    pub async fn leaf_at(&self, position: usize) -> Result<Option<Arc<Leaf>>, StoreError> {
        let number = self.root.lock().await.leaves.get(position).map(|leaf| leaf.number);
        match number {
            Some(number) => self.load(number).await.map(Some),
            None => Ok(None),
        }
    }

    /// The position of the leaf that a key belongs to.
    pub async fn position_of(&self, key: &str) -> usize {
        self.root.lock().await.leaves.partition_point(|leaf| leaf.from.as_str() <= key).saturating_sub(1)
    }

    /// Up to `limit` entries after a key that pass the filter, and where to go on.
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<EntryPage, StoreError> {
        let mut page = EntryPage::default();
        let mut position = self.position_of(after.unwrap_or_default()).await;
        while let Some(leaf) = self.leaf_at(position).await? {
            for (key, entry) in leaf.iter().filter(|(key, _)| after.is_none_or(|after| *key > after)) {
                if !wanted(entry) {
                    continue;
                }
                if page.entries.len() == limit {
                    page.next = page.entries.last().map(|entry| entry_key(&entry.approval.id));
                    return Ok(page);
                }
                debug_assert!(entry_key(&entry.approval.id) == key, "entries lie under their own key");
                page.entries.push(entry.clone());
            }
            position += 1;
        }
        Ok(page)
    }

    /// Writes entries, and takes out of the leaves that were read what has been closed for long: nobody may ever write
    /// to them again. Each leaf is read afresh first, so that what another writer put there meanwhile is kept.
    pub async fn commit(&self, entries: Vec<Entry>, now: Millis) -> Result<(), StoreError> {
        let untidy = std::mem::take(&mut *self.untidy.lock().await);
        let mut by_leaf: Vec<(u64, Vec<Entry>)> = untidy.into_iter().map(|number| (number, Vec::new())).collect();
        for entry in entries {
            let number = self.number_of(&entry_key(&entry.approval.id)).await;
            match by_leaf.iter_mut().find(|(own, _)| *own == number) {
                Some((_, entries)) => entries.push(entry),
                None => by_leaf.push((number, vec![entry])),
            }
        }
        for (number, entries) in by_leaf {
            self.leaves.lock().await.retain(|(own, _)| *own != number);
            let mut leaf = Leaf::clone(&*self.load(number).await?);
            for entry in entries {
                let key = entry_key(&entry.approval.id);
                // Somebody else has meanwhile learnt of a later asking.
                let late = leaf.get(&key).is_some_and(|own| {
                    own.approval.sent_at.zip(entry.approval.sent_at).is_some_and(|(own, late)| own > late)
                });
                if !late {
                    leaf.insert(key, slim(entry));
                }
            }
            leaf.retain(|entry| is_kept(entry, now));
            if !leaf.is_empty() || !self.remove(number).await? {
                self.write(number, leaf).await?;
            }
        }
        // Whatever was read on the way has just been tidied.
        self.untidy.lock().await.clear();
        Ok(())
    }

    /// Takes a leaf that has become empty out of the ledger. False: it is the first one, which has to be there.
    async fn remove(&self, number: u64) -> Result<bool, StoreError> {
        let position = |root: &Root| root.leaves.iter().position(|leaf| leaf.number == number).filter(|at| *at > 0);
        let Some(at) = position(&*self.root.lock().await) else { return Ok(false) };
        // The range falls to the leaf before. Where a crash kept that one from being cut short it holds entries of this
        // range, long out of date; they must not come back.
        if let Some(before) = self.leaf_at(at - 1).await? {
            let before_number = self.root.lock().await.leaves.get(at - 1).map_or(0, |leaf| leaf.number);
            self.write(before_number, Leaf::clone(&*before)).await?;
        }
        let mut root = self.root.lock().await;
        let Some(at) = position(&root) else { return Ok(true) };
        let mut next = root.clone();
        next.leaves.remove(at);
        // The leaf first: one that is listed and not there is an empty one, one that is there and not listed would stay.
        self.store.remove(&leaf_key(number)).await?;
        self.store.write(ROOT, &next).await?;
        *root = next;
        drop(root);
        self.leaves.lock().await.retain(|(own, _)| *own != number);
        Ok(true)
    }

    /// Writes a leaf, cut into as many as its size asks for.
    async fn write(&self, number: u64, leaf: Leaf) -> Result<(), StoreError> {
        let pieces = leaf::cut(leaf).map_err(|error| unwritable(&leaf_key(number), &error))?;
        let mut pieces = pieces.into_iter();
        let Some(lowest) = pieces.next() else { return Ok(()) };
        let mut written = Vec::new();
        let mut root = self.root.lock().await;
        let mut next = root.clone();
        // New leaves, then the root, then the old leaf cut short: after a crash in between, entries past a leaf's range
        // are ignored when it is read.
        for Kept { leaf, bytes } in pieces {
            let Some(from) = leaf.values().next().map(|entry| ticket_key(&entry.approval.id.ticket_ref())) else {
                continue;
            };
            self.store.set(&leaf_key(next.next), bytes).await?;
            let at = next.leaves.partition_point(|leaf| leaf.from <= from);
            next.leaves.insert(at, LeafRef { number: next.next, from });
            written.push((next.next, Arc::new(leaf)));
            next.next += 1;
        }
        if !written.is_empty() {
            self.store.write(ROOT, &next).await?;
            *root = next;
        }
        drop(root);
        self.store.set(&leaf_key(number), lowest.bytes).await?;
        let mut leaves = self.leaves.lock().await;
        leaves.retain(|(own, _)| *own != number);
        leaves.extend(written);
        leaves.push((number, Arc::new(lowest.leaf)));
        self.forget_oldest(&mut leaves);
        Ok(())
    }

    /// How many leaves are held in memory.
    #[cfg(test)]
    pub(crate) async fn leaves_kept(&self) -> usize {
        self.leaves.lock().await.len()
    }

    async fn leaf_of(&self, key: &str) -> Result<Arc<Leaf>, StoreError> {
        self.load(self.number_of(key).await).await
    }

    async fn number_of(&self, key: &str) -> u64 {
        let root = self.root.lock().await;
        let at = root.leaves.partition_point(|leaf| leaf.from.as_str() <= key).saturating_sub(1);
        root.leaves.get(at).map_or(0, |leaf| leaf.number)
    }

    async fn load(&self, number: u64) -> Result<Arc<Leaf>, StoreError> {
        // Held while reading, so that tickets looked at side by side read their leaf once.
        let mut leaves = self.leaves.lock().await;
        if let Some(at) = leaves.iter().position(|(own, _)| *own == number) {
            let found = leaves.remove(at);
            let leaf = found.1.clone();
            leaves.push(found);
            return Ok(leaf);
        }
        let key = leaf_key(number);
        let mut leaf = match self.store.get(&key).await? {
            Some(bytes) => leaf::read(&bytes).map_err(|why| unreadable(&key, &why))?,
            None => Leaf::default(),
        };
        let root = self.root.lock().await;
        if let Some(at) = root.leaves.iter().position(|leaf| leaf.number == number)
            && let Some(next) = root.leaves.get(at + 1)
        {
            drop(leaf.split_off(&next.from));
        }
        let first = root.leaves.first().is_none_or(|leaf| leaf.number == number);
        drop(root);
        let now = self.store.host().now();
        if leaf.is_empty() && !first || leaf.values().any(|entry| !is_kept(entry, now)) {
            let mut untidy = self.untidy.lock().await;
            if !untidy.contains(&number) {
                untidy.push(number);
            }
        }
        let leaf = Arc::new(leaf);
        leaves.push((number, leaf.clone()));
        self.forget_oldest(&mut leaves);
        Ok(leaf)
    }

    fn forget_oldest(&self, leaves: &mut Leaves) {
        let kept = if self.store.is_slot() { KEPT_OF_SLOT } else { KEPT };
        let surplus = leaves.len().saturating_sub(kept);
        leaves.drain(..surplus);
    }
}

/// Whether the ledger has moved into slots: then with the keys that are still to be removed.
pub(super) async fn moved<H: Host>(store: &Store<H>) -> Result<Option<Vec<String>>, StoreError> {
    let root = store.get(ROOT).await?.unwrap_or_default();
    Ok(serde_json::from_slice(&root).ok().map(|moved: Moved| moved.moved_into_slots))
}

/// Notes that the ledger has moved into slots, and which keys are still to be removed.
pub(super) async fn note_move<H: Host>(store: &Store<H>, leaving: Vec<String>) -> Result<(), StoreError> {
    store.write(ROOT, &Moved { moved_into_slots: leaving }).await
}

fn in_slots() -> StoreError {
    let message = "this store is kept in slots, for several sweepers; set the variable shard, to 1/1 for only one";
    StoreError { key: ROOT.to_owned(), message: message.to_owned() }
}

fn leaf_key(number: u64) -> String {
    format!("{ROOT}:{number}")
}

/// Keys sort as tickets do: by source and kind, then by the number of the ticket. The length in front makes `9` come
/// before `10`.
pub fn ticket_key(ticket: &TicketRef) -> String {
    key_of_ticket(ticket.source, ticket.kind, &ticket.ticket)
}

fn key_of_ticket(source: Source, kind: TicketKind, ticket: &str) -> String {
    [source.name(), ":", kind.plural(), ":", &format!("{:02}", ticket.len()), ticket, ":"].concat()
}

fn after_ticket(prefix: &str) -> String {
    // `;` follows `:`, so this is behind every key of the ticket.
    format!("{};", prefix.trim_end_matches(':'))
}

/// Whether a text may be the key of an entry, as far as its beginning tells.
pub fn is_key(text: &str) -> bool {
    let source = text.split(':').next().unwrap_or_default();
    text.contains(':') && Source::ALL.into_iter().any(|own| own.name() == source)
}

/// The key of an approval's entry.
pub fn entry_key(id: &ApprovalId) -> String {
    [&key_of_ticket(id.source(), id.kind(), id.ticket()), id.level(), ":", id.approval()].concat()
}
