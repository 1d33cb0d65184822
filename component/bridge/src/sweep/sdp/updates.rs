//! What has changed since the last sweep: tickets updated at or after the watermark.

use std::collections::BTreeMap;
use std::sync::Mutex;

use approval_logic::approval::Millis;
use approval_logic::sdp::{ListQuery, PAGE_SIZE, Scope};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::{Done, Module, OVERLAP, PAGES_MAX, RECENT_MAX, Row};
use crate::host::Host;
use crate::http::CallFailure;
use crate::store::progress::ModuleProgress;
use crate::sweep::found::Found;
use crate::together;

impl<H: Host> Module<'_, H> {
    /// Where updates are read from: the newest one there is now, in the source's own clock. Everything older is found
    /// by the first walk.
    pub(super) async fn first_watermark(&self, next: &mut ModuleProgress, found: &Mutex<Found>) -> bool {
        match self.page(&ListQuery { start_index: 1, rows: 1, scope: Scope::Newest }, found).await {
            Ok(page) => {
                let newest = page.tickets.first();
                next.watermark = newest.map_or(Some(1), |row| row.updated_at);
                true
            }
            Err(failure) => self.source_failed(found, &failure),
        }
    }

    /// Tickets updated since the watermark. False: the source cannot be read at all.
    pub(super) async fn updated(&self, next: &mut ModuleProgress, found: &Mutex<Found>, complete: &mut bool) -> bool {
        let watermark = next.watermark.unwrap_or_default();
        let since = watermark.saturating_sub(OVERLAP).max(1);
        let recent = next.recent.clone();
        let (sender, rows) = mpsc::channel(self.ahead);
        let mut first_failure = None;
        let produce = self.list_updates(since, sender, &mut first_failure, found);
        let looks = rows.map(|row: Row| {
            let id = row.listed.ticket.id.clone();
            let updated_at = row.listed.updated_at;
            let ours = self.known.holds(&self.reference(&id));
            let known = !ours || updated_at.is_some() && recent.get(&id) == updated_at.as_ref();
            async move {
                let done = if known { Done::Yes } else { self.look_at(row.listed, found).await };
                (row.at, Some(id).filter(|_| ours), updated_at, done)
            }
        });
        let (pages, mut seen) = futures::join!(produce, together::at_most(self.ahead, looks));
        seen.sort_unstable_by_key(|(at, ..)| *at);
        let mut frontier = watermark;
        for (_, id, updated_at, done) in seen {
            let Some(updated_at) = updated_at else { continue };
            match done {
                Done::NotReached => {
                    *complete = false;
                    break;
                }
                Done::Failed => {}
                Done::Yes => next.recent.extend(id.map(|id| (id, updated_at))),
            }
            frontier = frontier.max(updated_at);
        }
        let horizon = frontier.saturating_sub(OVERLAP);
        next.recent.retain(|_, updated_at| *updated_at >= horizon);
        while next.recent.len() > RECENT_MAX {
            next.recent.pop_first();
        }
        next.watermark = Some(frontier);
        match first_failure {
            None => true,
            Some(failure) => {
                *complete = false;
                self.source_failed(found, &failure) || pages > 0
            }
        }
    }

    /// Lists updates page by page. Each page begins at the last update of the one before, so tickets that move to the
    /// end meanwhile never push another one out of sight.
    async fn list_updates(
        &self,
        since: Millis,
        mut rows: mpsc::Sender<Row>,
        failed: &mut Option<CallFailure>,
        found: &Mutex<Found>,
    ) -> u32 {
        let mut seen: BTreeMap<String, Millis> = BTreeMap::new();
        let (mut since, mut start_index, mut at) = (since, 1, 0);
        let mut repeated = false;
        for pages in 0..PAGES_MAX {
            let query = ListQuery { start_index, rows: PAGE_SIZE, scope: Scope::UpdatedSince(since) };
            let page = match self.page(&query, found).await {
                Ok(page) => page,
                Err(failure) => {
                    *failed = Some(failure);
                    return pages;
                }
            };
            let count = u64::try_from(page.tickets.len() + page.refused.len()).unwrap_or(u64::MAX);
            let last = page.tickets.iter().filter_map(|row| row.updated_at).max();
            let mut fresh = 0;
            for listed in page.tickets {
                let updated_at = listed.updated_at.unwrap_or_default();
                if seen.insert(listed.ticket.id.clone(), updated_at) == Some(updated_at) {
                    continue;
                }
                fresh += 1;
                at += 1;
                if rows.send(Row { at, listed }).await.is_err() {
                    return pages + 1;
                }
            }
            // A page of known rows is what a bulk update leaves at the seam; two in a row are a list that never ends.
            if !page.more || count == 0 || fresh == 0 && repeated {
                return pages + 1;
            }
            repeated = fresh == 0;
            match last {
                Some(last) if last > since => (since, start_index) = (last, 1),
                _ => start_index += count,
            }
        }
        PAGES_MAX
    }
}
