//! The audit trail in the store: lines that are only ever added, in segments, with a root that knows the first and the
//! last of them.
//!
//! A note writes the segment and then the root. Should the process end in between, the lines are in the segment, and the
//! next note goes on after them. Writers hold a lease of their own for these few operations, so that of two decisions at
//! once none is lost.
//!
//! A decision never fails because it could not be written down: the person has answered and the source has taken it, and
//! to call that a failure would be false. What could not be written is counted under a key of its own; the next note puts a
//! line about the gap into the trail, and the metrics show it meanwhile.
//!
//! Retention drops whole segments, with the next note. The root keeps the place of the last line dropped, from which the
//! rest can still be checked.

use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::audit::{Event, Link, line, written_at};
use serde::{Deserialize, Serialize};

use super::Store;
use super::lease::{AUDIT, Lease};
use crate::host::{Host, StoreError};
use crate::tally::Tally;

const ROOT: &str = "v1:audit";
const MISSED: &str = "v1:audit-missed";

/// A segment of this size takes no more lines. With the longest line it is still below 128 KiB.
const SEGMENT_MAX: usize = 64 * 1024;

/// Nor does one that was begun so long ago, so that retention need not wait for quiet deployments to fill one.
const SEGMENT_AGE: Millis = 30 * 86_400_000;

/// Segments that one note drops at most; the next one goes on.
const DROPS_MAX: usize = 16;

/// A page ends with the segment that brings it to this size.
const PAGE: usize = 256 * 1024;

/// How long a note waits for others. Longer than a lease outlives its holder.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Root {
    /// The first and the last segment; all between them are there.
    oldest: u64,
    newest: u64,
    /// The place of the last line that was dropped; empty: none was.
    #[serde(default)]
    dropped: String,
    /// The place of the last line as the last note left it.
    #[serde(default)]
    end: String,
    /// When the last line of the oldest segment was written; 0 while that is the newest.
    #[serde(default)]
    oldest_ended: Millis,
    /// Segments that are no longer reachable and are being removed.
    #[serde(default)]
    leaving: Vec<u64>,
    /// Events that were never written, as far as the trail has a line about them.
    #[serde(default)]
    missed: u64,
    /// What was counted along with the notes.
    #[serde(default)]
    tally: Tally,
}

impl Root {
    fn begin(&self) -> Link {
        Link::parse(&self.dropped).unwrap_or_default()
    }

    fn end(&self) -> Link {
        Link::parse(&self.end).unwrap_or_default()
    }
}

/// Whether events were written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Noted {
    /// They are in the trail.
    Written,
    /// They may be missing from it; they have been counted as missing.
    Missed,
}

impl Noted {
    /// The code of the failure for logs, headers and reports; none if there was none.
    pub const fn failure(self) -> Option<&'static str> {
        match self {
            Self::Written => None,
            Self::Missed => Some("AUDIT_NOT_WRITTEN"),
        }
    }
}

/// Writes events down, and counts `tally` along with them. `keep`: how long lines are kept; none: for ever.
pub async fn note<H: Host>(store: &Store<H>, keep: Option<Duration>, events: &[Event], tally: &Tally) -> Noted {
    if events.is_empty() {
        return Noted::Written;
    }
    let store = &store.shared();
    let written = async {
        let work = events.first().map(name).unwrap_or_default();
        let lease = Lease::take_on(AUDIT, &work, store.clone(), PATIENCE).await?;
        let busy = || StoreError { key: ROOT.to_owned(), message: "somebody else writes it".to_owned() };
        lease.ok_or_else(busy)?.during(append(store, keep, events, tally)).await
    };
    if written.await.is_ok() {
        return Noted::Written;
    }
    // Whoever counts at the same time may win: then fewer are counted, but never none.
    let counted = async {
        let missed: u64 = store.read(MISSED).await?.unwrap_or(0);
        store.write(MISSED, &missed.saturating_add(u64::try_from(events.len()).unwrap_or(1))).await
    };
    let _: Result<(), StoreError> = counted.await;
    Noted::Missed
}

/// What tells the writers of one moment apart.
fn name(event: &Event) -> String {
    line(event, 0, &Link::default()).1.hash
}

async fn append<H: Host>(
    store: &Store<H>,
    keep: Option<Duration>,
    events: &[Event],
    tally: &Tally,
) -> Result<(), StoreError> {
    let now = store.host().now();
    let mut root: Root = store.read(ROOT).await?.unwrap_or_default();
    for number in std::mem::take(&mut root.leaving) {
        store.remove(&segment_key(number)).await?;
    }
    let missed: u64 = store.read(MISSED).await?.unwrap_or(0);
    let gap = (missed > 0).then_some(Event::Gap { missed });
    let mut segment = store.get(&segment_key(root.newest)).await?.unwrap_or_default();
    let mut end = root.end();
    // Lines that were added by a note that did not come to its end.
    if let Some(last) = lines(&segment).last().and_then(Link::of).filter(|last| last.seq > end.seq) {
        end = last;
    }
    let mut begun = begun(&segment).unwrap_or(now);
    for event in gap.iter().chain(events) {
        if segment.len() >= SEGMENT_MAX || now.saturating_sub(begun) >= SEGMENT_AGE {
            begun = now;
            if root.newest == root.oldest {
                root.oldest_ended = ended(&segment);
            }
            store.set(&segment_key(root.newest), std::mem::take(&mut segment)).await?;
            root.newest = root.newest.saturating_add(1);
            root.end = end.to_string();
            // Before a line stands in the next segment: a root that does not know of it would begin it anew.
            store.write(ROOT, &root).await?;
        }
        let (text, link) = line(event, now, &end);
        segment.extend_from_slice(text.as_bytes());
        segment.push(b'\n');
        end = link;
    }
    store.set(&segment_key(root.newest), segment).await?;
    root.end = end.to_string();
    root.missed = root.missed.saturating_add(missed);
    root.tally.add_all(tally);
    if let Some(keep) = keep {
        let oldest = now.saturating_sub(Millis::try_from(keep.as_millis()).unwrap_or(Millis::MAX));
        drop_before(store, &mut root, oldest).await?;
    }
    store.write(ROOT, &root).await?;
    for number in &root.leaving {
        store.remove(&segment_key(*number)).await?;
    }
    if missed > 0 {
        store.remove(MISSED).await?;
    }
    Ok(())
}

/// Lets go of the segments whose last line is older. One whose follower cannot be read stays: it is evidence.
async fn drop_before<H: Host>(store: &Store<H>, root: &mut Root, oldest: Millis) -> Result<(), StoreError> {
    while root.oldest < root.newest && root.oldest_ended < oldest && root.leaving.len() < DROPS_MAX {
        let next = root.oldest.saturating_add(1);
        let segment = store.get(&segment_key(next)).await?.unwrap_or_default();
        let Some(dropped) = lines(&segment).next().and_then(Link::before) else { return Ok(()) };
        root.leaving.push(root.oldest);
        (root.oldest, root.dropped) = (next, dropped.to_string());
        root.oldest_ended = if next == root.newest { 0 } else { ended(&segment) };
    }
    Ok(())
}

/// A part of the trail, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Whole lines, each with its line break; none: there are no more.
    pub lines: Vec<u8>,
    /// The place of the last line that retention has dropped.
    pub begin: Link,
    /// The place of the last line, as the last note left it.
    pub end: Link,
}

/// The lines after a number. What cannot be read as a line is part of it all the same, for whoever checks it.
pub async fn page<H: Host>(store: &Store<H>, after: u64) -> Result<Page, StoreError> {
    let root: Root = store.read(ROOT).await?.unwrap_or_default();
    let mut page = Page { lines: Vec::new(), begin: root.begin(), end: root.end() };
    let mut number = first_after(store, &root, after).await?;
    while number <= root.newest && page.lines.len() < PAGE {
        let segment = store.get(&segment_key(number)).await?.unwrap_or_default();
        for line in segment.split_inclusive(|byte| *byte == b'\n') {
            let seq = std::str::from_utf8(line).ok().and_then(|line| Link::of(line.trim_end())).map(|link| link.seq);
            if seq.is_none_or(|seq| seq > after) {
                page.lines.extend_from_slice(line);
            }
        }
        number = number.saturating_add(1);
    }
    Ok(page)
}

/// A segment before which no line after this number stands: the last that begins at or before it.
async fn first_after<H: Host>(store: &Store<H>, root: &Root, after: u64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (root.oldest, root.newest);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let segment = store.get(&segment_key(middle)).await?.unwrap_or_default();
        let first = lines(&segment).next().and_then(Link::of);
        if first.is_some_and(|first| first.seq <= after) { low = middle } else { high = middle - 1 }
    }
    Ok(low)
}

/// What there is to say about the trail as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Lines ever written.
    pub records: u64,
    /// Events that could not be written.
    pub missed: u64,
    /// What was counted along with the notes.
    pub tally: Tally,
}

/// Looks at the trail as a whole.
pub async fn standing<H: Host>(store: &Store<H>) -> Result<Standing, StoreError> {
    let root: Root = store.read(ROOT).await?.unwrap_or_default();
    let missed: u64 = store.read(MISSED).await?.unwrap_or(0);
    Ok(Standing { records: root.end().seq, missed: root.missed.saturating_add(missed), tally: root.tally })
}

/// The lines of a segment that are text.
fn lines(segment: &[u8]) -> impl DoubleEndedIterator<Item = &str> {
    segment
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| std::str::from_utf8(line).ok())
}

/// When the first line of a segment was written; none if there is none that says it.
fn begun(segment: &[u8]) -> Option<Millis> {
    lines(segment).next().and_then(written_at)
}

/// When the last line of a segment was written. A segment that does not say stays: it is evidence.
fn ended(segment: &[u8]) -> Millis {
    lines(segment).next_back().and_then(written_at).unwrap_or(Millis::MAX)
}

fn segment_key(number: u64) -> String {
    format!("{ROOT}:{number}")
}
