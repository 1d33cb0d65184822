//! What a source gave for a window → one page of it: in order, each ticket once, and where the next one begins.

use super::Ticket;
use super::cursor::Cursor;
use super::time::Window;

/// The most tickets on a page: what both help desks give at once.
pub const PAGE_SIZE: u32 = 100;

/// One page of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The tickets by their last update, then by their id.
    pub tickets: Vec<Ticket>,
    /// Where the next page begins; none on the last one.
    pub next: Option<Cursor>,
}

/// What a source gave of a window, from a cursor on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The tickets. A row that cannot be read is left out: without an id nobody could use it.
    pub tickets: Vec<Ticket>,
    /// How many rows there were, with those that cannot be read.
    pub count: u64,
    /// Whether the source has others behind them.
    pub more: bool,
}

/// Cuts a page out of what a source gave, which are the tickets from `cursor` on, by their last update.
///
/// Tickets of the last millisecond on a full page are left to the next one, which begins there: in which order a source
/// gives tickets of the same time is not documented.
pub fn page(rows: Rows, window: &Window, cursor: &Cursor) -> Page {
    let Rows { tickets: mut rows, count, more } = rows;
    let times = || rows.iter().filter_map(|ticket| ticket.updated_at);
    let (first, last) = (times().min().unwrap_or(cursor.from), times().max().unwrap_or(cursor.from));
    let next = match more && count > 0 {
        false => None,
        true if last > first.max(cursor.from) => {
            rows.retain(|ticket| ticket.updated_at.is_none_or(|at| at < last));
            Some(Cursor { from: last, skip: 0 })
        }
        true => Some(Cursor { from: cursor.from, skip: cursor.skip.saturating_add(count) }),
    };
    let next = next.filter(|next| window.holds(next.from));
    rows.retain(|ticket| ticket.updated_at.is_none_or(|at| at >= cursor.from && window.holds(at)));
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut seen: Vec<String> = Vec::new();
    rows.retain(|ticket| {
        let new = !seen.contains(&ticket.id);
        seen.push(ticket.id.clone());
        new
    });
    Page { tickets: rows, next }
}

/// Ids are numbers written out: the shorter is the smaller.
fn key(ticket: &Ticket) -> (Option<i64>, usize, &str) {
    (ticket.updated_at, ticket.id.len(), &ticket.id)
}

/// The rows of one page out of all that a source has from a cursor on, given in any order.
pub fn first_rows(mut all: Vec<Ticket>, window: &Window, cursor: &Cursor) -> Rows {
    all.retain(|ticket| ticket.updated_at.is_some_and(|at| at >= cursor.from && window.holds(at)));
    all.sort_by(|a, b| key(a).cmp(&key(b)));
    let skip = usize::try_from(cursor.skip).unwrap_or(usize::MAX);
    let size = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
    let more = all.len() > skip.saturating_add(size);
    let tickets: Vec<Ticket> = all.into_iter().skip(skip).take(size).collect();
    Rows { count: u64::try_from(tickets.len()).unwrap_or(u64::MAX), tickets, more }
}
