//! Times, windows, pages and cursors. A wrong implementation loses what changed at an edge, gives a ticket twice, or never
//! comes to an end.

use proptest::prelude::*;

use super::*;

const NOON: Millis = 1_772_698_530_000;

fn window(start: &str, end: &str) -> Result<Window, WindowError> {
    let given = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    let (start, end): (&'static str, &'static str) = (start.to_owned().leak(), end.to_owned().leak());
    Window::read(given(start), given(end), NOON + 60_000)
}

#[test]
fn a_time_is_read_in_every_form_and_written_in_one() {
    for (text, millis) in [
        ("2026-03-05T08:15:30.000000Z", NOON),
        ("2026-03-05T08:15:30Z", NOON),
        ("2026-03-05T08:15:30z", NOON),
        ("2026-03-05t08:15:30.5Z", NOON + 500),
        ("2026-03-05T08:15:30.123456789Z", NOON + 123),
        ("2026-03-05T08:15:30.999999Z", NOON + 999),
        ("2026-03-05T08:15:30+00:00", NOON),
        ("2026-03-05T08:15:30 00:00", NOON),
        ("2026-03-05T08:15:30+0000", NOON),
        ("2026-03-05T13:45:30+05:30", NOON),
        ("2026-03-05T03:15:30-05:00", NOON),
        ("2026-03-05T08:15:30", NOON),
        (" 2026-03-05T08:15:30.000000 ", NOON),
    ] {
        assert_eq!(window(text, "").map(|window| window.start), Ok(millis), "{text}");
    }
    assert_eq!(written(NOON + 7), "2026-03-05T08:15:30.007000Z");
    assert_eq!(written(-1), "1970-01-01T00:00:00.000000Z");
    assert_eq!(written(Millis::MAX), "9999-12-31T23:59:59.999000Z");
}

#[test]
fn what_is_no_time_is_refused_by_name() {
    for text in
        ["yesterday", "2026-03-05", "08:15", "2026-13-05T08:15:30Z", "1772698530", "1969-12-31T23:59:59Z", "T", "é"]
    {
        assert_eq!(window(text, ""), Err(WindowError::Time("updated_start_ts")), "{text}");
        assert_eq!(window("", text), Err(WindowError::Time("updated_end_ts")), "{text}");
    }
    assert_eq!(window("2026-03-05T08:15:30.001Z", "2026-03-05T08:15:30Z"), Err(WindowError::Order));
}

#[test]
fn a_window_without_an_end_ends_now_and_one_from_the_future_is_empty_rather_than_wrong() {
    assert_eq!(window("2026-03-05T08:15:30Z", ""), Ok(Window { start: NOON, end: NOON + 60_000 }));
    assert_eq!(window("", ""), Ok(Window { start: 0, end: NOON + 60_000 }));
    let future = NOON + 120_000;
    assert_eq!(window("2026-03-05T08:17:30Z", ""), Ok(Window { start: future, end: future }));
}

#[test]
fn both_ends_of_a_window_are_in_it() {
    let window = Window { start: 10, end: 20 };
    let tickets = [9, 10, 15, 20, 21].map(|at| ticket(&at.to_string(), at)).to_vec();
    let page = page(Rows { tickets, count: 5, more: false }, &window, &Cursor::begin(&window));
    assert_eq!(page.tickets.iter().map(|ticket| ticket.id.as_str()).collect::<Vec<_>>(), ["10", "15", "20"]);
    assert_eq!(page.next, None);
}

/// Zendesk's times are whole seconds, Moveworks' windows are not: what changed at 30.7 s is listed under 30 s, which is
/// before the window that begins at 30.5 s, and had not happened when the window before was asked for.
#[test]
fn a_window_over_times_of_whole_seconds_begins_with_its_second() {
    let window = Window { start: 30_500, end: 60_500 };
    assert_eq!(window.in_seconds(), Window { start: 30_000, end: 60_500 });
    assert!(window.in_seconds().holds(30_000));
}

#[test]
fn a_page_is_in_order_and_holds_each_ticket_once() {
    let window = Window { start: 0, end: 100 };
    let rows = [("12", 5), ("9", 5), ("100", 1), ("9", 5), ("7", 5), ("100", 1)];
    let tickets: Vec<Ticket> = rows.iter().map(|(id, at)| ticket(id, *at)).collect();
    let page = page(Rows { tickets, count: 6, more: false }, &window, &Cursor::begin(&window));
    let ids: Vec<_> = page.tickets.iter().map(|ticket| ticket.id.as_str()).collect();
    assert_eq!(ids, ["100", "7", "9", "12"]);
}

#[test]
fn a_cursor_of_another_window_or_of_nobody_is_refused() {
    let window = Window { start: 100, end: 200 };
    let good = Cursor { from: 150, skip: 3 }.write();
    assert_eq!(Cursor::read(&good, &window), Some(Cursor { from: 150, skip: 3 }));
    let foreign = [
        Cursor { from: 99, skip: 0 }.write(),
        Cursor { from: 201, skip: 0 }.write(),
        Cursor { from: 150, skip: 10_001 }.write(),
        String::new(),
        "!".to_owned(),
        "MTUwLjM=".to_owned(),
        URL_SAFE_NO_PAD.encode("+150.3"),
        URL_SAFE_NO_PAD.encode("150.03"),
        URL_SAFE_NO_PAD.encode("150"),
        URL_SAFE_NO_PAD.encode("150.-1"),
        URL_SAFE_NO_PAD.encode("150.3.1"),
    ];
    for text in foreign {
        assert_eq!(Cursor::read(&text, &window), None, "{text}");
    }
}

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A source that sorts by the last update alone, in pages of so many.
fn source(all: &[Ticket], cursor: &Cursor, size: usize) -> Rows {
    let mut own: Vec<Ticket> = all.iter().filter(|ticket| ticket.updated_at >= Some(cursor.from)).cloned().collect();
    own.sort_by_key(|ticket| ticket.updated_at);
    let rest: Vec<Ticket> = own.into_iter().skip(usize::try_from(cursor.skip).unwrap()).collect();
    let more = rest.len() > size;
    let tickets: Vec<Ticket> = rest.into_iter().take(size).collect();
    Rows { count: tickets.len() as u64, tickets, more }
}

proptest! {
    /// Also where more tickets than fit on a page changed in one millisecond, as in a bulk edit.
    #[test]
    fn the_pages_of_a_window_hold_every_ticket_of_it_exactly_once_and_in_order(
        times in prop::collection::vec(0i64..8, 0..40),
        (start, length) in (0i64..8, 0i64..8),
        size in 1usize..6,
    ) {
        let all: Vec<Ticket> = times.iter().enumerate().map(|(id, at)| ticket(&id.to_string(), *at)).collect();
        let window = Window { start, end: start + length };
        let (mut given, mut cursor) = (Vec::new(), Cursor::begin(&window));
        for _ in 0..=all.len() + 1 {
            let page = page(source(&all, &cursor, size), &window, &cursor);
            given.extend(page.tickets);
            match page.next {
                Some(next) => {
                    prop_assert_eq!(Cursor::read(&next.write(), &window), Some(next));
                    cursor = next;
                }
                None => break,
            }
        }
        let mut wanted: Vec<&Ticket> = all.iter().filter(|ticket| window.holds(ticket.updated_at.unwrap())).collect();
        wanted.sort_by_key(|ticket| (ticket.updated_at, ticket.id.parse::<u64>().unwrap()));
        let times: Vec<_> = given.iter().map(|ticket| ticket.updated_at).collect();
        prop_assert!(times.is_sorted());
        let mut ids: Vec<u64> = given.iter().map(|ticket| ticket.id.parse().unwrap()).collect();
        ids.sort_unstable();
        let mut wanted: Vec<u64> = wanted.iter().map(|ticket| ticket.id.parse().unwrap()).collect();
        wanted.sort_unstable();
        prop_assert_eq!(ids, wanted);
    }

    /// A ticket that changes after its page leaves the window, and takes nobody along.
    #[test]
    fn a_ticket_that_changes_between_two_pages_hides_no_other(
        times in prop::collection::vec(0i64..20, 1..40),
        changed in prop::collection::vec((0usize..40, 100i64..200), 0..6),
        size in 1usize..6,
    ) {
        let mut all: Vec<Ticket> = times.iter().enumerate().map(|(id, at)| ticket(&id.to_string(), *at)).collect();
        let window = Window { start: 0, end: 50 };
        let (mut given, mut cursor, mut changes) = (Vec::new(), Cursor::begin(&window), changed.iter());
        let mut left = Vec::new();
        for _ in 0..100 {
            let page = page(source(&all, &cursor, size), &window, &cursor);
            given.extend(page.tickets.into_iter().map(|ticket| ticket.id));
            let Some(next) = page.next else { break };
            // Within one millisecond positions count, so there a change may hide a neighbour; nowhere else.
            if next.skip == 0 && let Some((id, at)) = changes.next() && let Some(ticket) = all.get_mut(*id) {
                ticket.updated_at = Some(*at);
                left.push(ticket.id.clone());
            }
            cursor = next;
        }
        for ticket in all.iter().filter(|ticket| !left.contains(&ticket.id)) {
            prop_assert!(given.contains(&ticket.id), "{} is missing", ticket.id);
        }
    }

    #[test]
    fn a_cursor_and_a_time_never_panic(text in ".{0,40}") {
        let window = Window { start: 0, end: Millis::MAX };
        let _ = Cursor::read(&text, &window);
        let _ = Window::read(Some(&text), Some(&text), NOON);
    }

    #[test]
    fn a_written_time_is_read_as_the_same(at in 0i64..253_402_300_799_999) {
        let text = written(at);
        prop_assert_eq!(Window::read(Some(&text), Some(&text), 0), Ok(Window { start: at, end: at }));
    }
}

#[test]
fn a_time_with_other_characters_is_refused() {
    for text in
        ["2026-03-05T08:15:30-\u{10000}", "\u{a1}\0A\0  \u{b}a \0\0 \u{10000}a -\u{10000}", "２０２６-03-05T08:15:30Z"]
    {
        assert!(Window::read(Some(text), None, 0).is_err(), "{text:?}");
    }
}
