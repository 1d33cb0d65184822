//! What waits, in the order of time. The ledger is in the order of tickets, so all of it is looked through, and only a
//! page of it is kept in memory.

use approval_logic::approval::{ApprovalId, Millis};
use approval_logic::diff::Entry;

use crate::host::{Host, StoreError};
use crate::store::slots::Slots;
use crate::sweep::overlay::Everywhere;

/// How many rows a page has.
const ROWS: usize = 25;

/// How many entries are looked at in one go.
const STRETCH: usize = 200;

/// Which page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Whether the latest come first; otherwise those that have waited longest.
    pub(super) newest: bool,
    /// The last row of the page before.
    pub(super) after: Option<(Millis, ApprovalId)>,
}

impl Place {
    /// The place that an address names; none: it names none.
    pub(super) fn parse(order: Option<&str>, after: Option<&str>) -> Option<Self> {
        let newest = match order {
            None | Some("oldest") => false,
            Some("newest") => true,
            Some(_) => return None,
        };
        let after = match after {
            None => None,
            Some(text) => {
                let (since, id) = text.split_once('~')?;
                Some((since.parse().ok()?, id.parse().ok()?))
            }
        };
        Some(Self { newest, after })
    }

    /// The parameters of an address that names it.
    pub(super) fn query(&self) -> String {
        let order = if self.newest { "newest" } else { "oldest" };
        let after = self.after.as_ref().map(|(since, id)| format!("&after={since}~{id}"));
        format!("order={order}{}", after.unwrap_or_default())
    }

    /// Whether a row of these comes before one of those.
    fn is_before(&self, a: &(Millis, ApprovalId), b: &(Millis, ApprovalId)) -> bool {
        if self.newest { b < a } else { a < b }
    }
}

/// A page of what waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The rows, in order.
    pub(super) rows: Vec<Entry>,
    /// How many wait altogether.
    pub(super) total: usize,
    /// Since when the one that has waited longest does.
    pub(super) longest: Option<Millis>,
    /// This page.
    pub(super) place: Place,
    /// The page after it, if there is one.
    pub(super) next: Option<Place>,
}

/// Since when somebody is asked, as far as the source tells.
pub(super) fn since(entry: &Entry) -> Millis {
    entry.approval.sent_at.unwrap_or(entry.first_seen)
}

fn key(entry: &Entry) -> (Millis, ApprovalId) {
    (since(entry), entry.approval.id.clone())
}

/// Looks through all that is known.
pub(super) async fn list<H: Host>(slots: &Slots<H>, place: Place) -> Result<Waiting, StoreError> {
    let known = Everywhere::open(slots).await?;
    let mut waiting = Waiting { place, ..Waiting::default() };
    let mut cursor = None;
    loop {
        let page = known.page(cursor.as_deref(), STRETCH, Entry::waits).await?;
        page.entries.into_iter().for_each(|entry| waiting.add(entry));
        let Some(next) = page.next else { break };
        cursor = Some(next);
    }
    Ok(waiting.finish())
}

impl Waiting {
    /// Takes an entry in, if it belongs on this page as far as is known.
    fn add(&mut self, entry: Entry) {
        let own = key(&entry);
        self.total += 1;
        self.longest = Some(self.longest.map_or(own.0, |longest| longest.min(own.0)));
        let behind = self.place.after.as_ref().is_none_or(|after| self.place.is_before(after, &own));
        let at = self.rows.partition_point(|row| self.place.is_before(&key(row), &own));
        // One more than the page has, which tells that there is another page.
        if behind && at <= ROWS {
            self.rows.insert(at, entry);
            self.rows.truncate(ROWS + 1);
        }
    }

    fn finish(mut self) -> Self {
        if self.rows.len() > ROWS {
            self.rows.truncate(ROWS);
            let after = self.rows.last().map(key);
            self.next = Some(Place { after, ..self.place.clone() });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::entry;

    fn entries() -> Vec<Entry> {
        // Two of each time, in an order of their own.
        let numbers = (0..240).map(|number| (number * 77) % 240);
        let made = numbers.map(|number| {
            let mut entry = entry(number);
            entry.approval.sent_at = Some(i64::try_from(1_000 + number / 2).unwrap());
            entry
        });
        made.collect()
    }

    fn page(place: Place) -> Waiting {
        let mut waiting = Waiting { place, ..Waiting::default() };
        entries().into_iter().for_each(|entry| waiting.add(entry));
        waiting.finish()
    }

    #[test]
    fn the_pages_hold_every_row_once_in_the_order_of_time() {
        for newest in [false, true] {
            let (mut place, mut seen) = (Some(Place { newest, after: None }), Vec::new());
            while let Some(now) = place {
                let again = Place::parse(Some(if newest { "newest" } else { "oldest" }), None).unwrap();
                assert_eq!(again.newest, now.newest);
                let page = page(now);
                assert!((page.rows.len(), page.total, page.longest) <= (ROWS, 240, Some(1_000)));
                seen.extend(page.rows.iter().map(since));
                place = page.next;
            }
            let mut wanted: Vec<_> = entries().iter().map(since).collect();
            wanted.sort_unstable();
            if newest {
                wanted.reverse();
            }
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn an_address_names_a_place_and_nothing_else_does() {
        let next = page(Place::default()).next.unwrap();
        let query = next.query();
        let after = query.strip_prefix("order=oldest&after=").unwrap();
        assert_eq!(Place::parse(Some("oldest"), Some(after)), Some(next));
        for (order, after) in [(Some("random"), None), (None, Some("")), (None, Some("1")), (None, Some("x~zendesk:1"))]
        {
            assert_eq!(Place::parse(order, after), None, "{order:?} {after:?}");
        }
        assert_eq!(Place::parse(None, Some("1~sdp:requests:1:2:<b>")), None);
    }
}
