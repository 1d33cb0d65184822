//! What of an outbox goes into which slot.

use approval_logic::diff::Entry;

use super::{Content, Outbox, ROOT, Record, Root, SEGMENT_MAX, segment_key};
use crate::host::{Host, StoreError};
use crate::store::Store;

impl<H: Host> Outbox<H> {
    /// Whether it can be cut into slots: no delivery has been left open, and no message about several approvals waits, whose
    /// parts would have ids of their own and so could say twice what may have been said.
    pub(in crate::store) fn can_be_cut(&self) -> bool {
        let several = |record: &Record| record.content.about().len() > 1;
        !self.root.delivering && self.root.leaving.is_empty() && !self.waiting().any(several)
    }

    /// Writes the part of a slot into its store, whatever is there. What is about no ticket goes into the first slot. A
    /// message about several approvals that was given up is cut as well.
    pub(in crate::store) async fn write_part(&self, slot: &Store<H>, number: usize) -> Result<(), StoreError> {
        let holds = |entry: &Entry| slot.holds(&entry.approval.id.ticket_ref());
        let part = |record: &Record| match record.content.about() {
            [] => (number == 0).then(|| record.clone()),
            [entry] => holds(entry).then(|| record.clone()),
            entries => {
                let held: Vec<Entry> = entries.iter().filter(|entry| holds(entry)).cloned().collect();
                let id = format!("{}:{number}", record.id);
                (!held.is_empty()).then(|| Record { id, content: Content::Pending(held), ..record.clone() })
            }
        };
        let waiting: Vec<Record> = self.waiting().filter_map(part).collect();
        let segments: Vec<(u64, &[Record])> = (0..).zip(waiting.chunks(SEGMENT_MAX)).collect();
        let root = Root {
            segments: segments.iter().map(|(number, _)| *number).collect(),
            next: u64::try_from(segments.len()).unwrap_or(u64::MAX),
            dead: self.dead().iter().filter_map(part).collect(),
            paused_until: self.root.paused_until,
            ..Root::default()
        };
        for (number, records) in segments {
            slot.write(&segment_key(number), &records).await?;
        }
        slot.write(ROOT, &root).await
    }

    /// Its keys.
    pub(in crate::store) fn keys(&self) -> Vec<String> {
        std::iter::once(ROOT.to_owned()).chain(self.root.segments.iter().copied().map(segment_key)).collect()
    }
}
