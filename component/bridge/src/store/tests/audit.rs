use std::time::Duration;

use approval_logic::audit::{Chain, Door, Event, Link};
use futures::join;

use crate::host::Host;
use crate::store::Store;
use crate::store::audit::{Noted, note, page, standing};
use crate::tally::Tally;
use crate::testing::MemoryHost;

const DAY: Duration = Duration::from_secs(86_400);

fn event(number: usize) -> Event {
    Event::Retry { event_id: format!("notice:{number}:{}", "x".repeat(60)), door: Door::Http }
}

fn events(numbers: std::ops::Range<usize>) -> Vec<Event> {
    numbers.map(event).collect()
}

async fn write(host: &MemoryHost, keep: Option<Duration>, events: &[Event]) -> Noted {
    note(&Store::new(host.clone()), keep, events, &Tally::default()).await
}

/// All lines, checked as a whole trail, and the place at which they begin.
async fn trail(host: &MemoryHost) -> (Vec<String>, Link) {
    let store = Store::new(host.clone());
    let mut all: Vec<String> = Vec::new();
    let mut part = page(&store, 0).await.unwrap();
    let begin = part.begin.clone();
    let mut chain = Chain::new(begin.clone(), [part.end.clone()]);
    while !part.lines.is_empty() {
        let text = String::from_utf8(part.lines).unwrap();
        let mut last = 0;
        for line in text.lines() {
            chain.take(line).unwrap_or_else(|broken| panic!("{broken}: {line}"));
            last = Link::of(line).unwrap().seq;
            all.push(line.to_owned());
        }
        part = page(&store, last).await.unwrap();
    }
    chain.finish().unwrap();
    (all, begin)
}

fn about(lines: &[String], number: usize) -> usize {
    lines.iter().filter(|line| line.contains(&format!("notice:{number}:"))).count()
}

#[tokio::test]
async fn lines_are_read_in_the_order_in_which_they_were_written_over_many_segments_and_pages() {
    let host = MemoryHost::new();
    for part in 0..10 {
        assert_eq!(write(&host, None, &events(part * 300..(part + 1) * 300)).await, Noted::Written);
    }
    let (lines, begin) = trail(&host).await;
    assert_eq!((lines.len(), begin), (3_000, Link::default()));
    assert!(lines.iter().enumerate().all(|(at, line)| line.contains(&format!("notice:{at}:"))));
    assert!(host.key_names().len() > 10 && host.largest_value() < 128 * 1024, "{:?}", host.key_names());
    let store = Store::new(host.clone());
    for after in [0, 1, 999, 2_998, 2_999] {
        let part = page(&store, after).await.unwrap();
        let first = std::str::from_utf8(&part.lines).unwrap().lines().next().and_then(Link::of);
        assert_eq!(first.map(|link| link.seq), Some(after + 1));
    }
    assert_eq!(page(&store, 3_000).await.unwrap().lines, b"");
}

#[tokio::test]
async fn two_that_write_at_once_do_not_lose_each_other_s_lines() {
    let host = MemoryHost::new();
    let (one, other) = (events(0..3), events(3..6));
    let noted =
        join!(write(&host, None, &one), write(&host, None, &other), async { write(&host, None, &[event(6)]).await });
    assert_eq!(noted, (Noted::Written, Noted::Written, Noted::Written));
    let (lines, _) = trail(&host).await;
    assert_eq!((0..7).map(|number| about(&lines, number)).collect::<Vec<_>>(), [1; 7]);
}

#[tokio::test]
async fn a_crash_at_any_write_keeps_the_trail_whole_and_what_was_written_in_it() {
    for writes in 0..14 {
        let host = MemoryHost::new();
        // So much that a segment is begun on the way.
        let _ = write(&host, None, &events(0..150)).await;
        host.dies_after(writes);
        let noted = write(&host, None, &events(1_000..1_400)).await;
        host.lives();
        assert_eq!(write(&host, None, &[event(9_999)]).await, Noted::Written, "after {writes} writes");
        let (lines, _) = trail(&host).await;
        assert_eq!((about(&lines, 149), about(&lines, 9_999)), (1, 1), "after {writes} writes");
        assert!(noted == Noted::Missed || about(&lines, 1_399) == 1, "after {writes} writes");
        assert!(host.key_names().iter().all(|key| key.starts_with("v1:audit")), "{:?}", host.key_names());
    }
}

/// Whoever was told that a line may be missing can still find it; whoever finds it may rely on its staying.
#[tokio::test]
async fn a_line_that_is_in_the_store_stays_there_wherever_its_writer_ended() {
    for writes in 0..14 {
        let host = MemoryHost::new();
        let _ = write(&host, None, &events(0..150)).await;
        host.dies_after(writes);
        let _ = write(&host, None, &events(1_000..1_400)).await;
        host.lives();
        let stored = String::from_utf8(host.bytes()).unwrap();
        let _ = write(&host, None, &[event(9_999)]).await;
        let (lines, _) = trail(&host).await;
        for number in [149, 1_000, 1_399] {
            let before = stored.matches(&format!("notice:{number}:")).count().min(1);
            assert_eq!(about(&lines, number), before, "line {number} after {writes} writes");
        }
    }
}

#[tokio::test]
async fn what_could_not_be_written_is_counted_and_leaves_a_line_about_the_gap() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    let _ = write(&host, None, &[event(1)]).await;
    // Somebody keeps the lease for ever.
    let until = host.now() + 3_600_000;
    for _ in 0..2 {
        let held = serde_json::json!({ "owner": "x", "until": host.now() + 3_900 });
        store.write("v1:lease:audit", &held).await.unwrap();
        assert_eq!(write(&host, None, &events(2..4)).await, Noted::Missed);
    }
    assert!(host.now() < until);
    assert_eq!(standing(&store).await.unwrap().missed, 4);
    host.advance(Duration::from_secs(60));
    assert_eq!(write(&host, None, &[event(5)]).await, Noted::Written);
    let (lines, _) = trail(&host).await;
    let gap: Vec<&String> = lines.iter().filter(|line| line.contains(r#""kind":"gap","missed":4"#)).collect();
    assert_eq!((gap.len(), lines.len(), standing(&store).await.unwrap().missed), (1, 3, 4));
}

#[tokio::test]
async fn retention_drops_whole_segments_and_the_rest_is_still_checked_from_where_it_begins() {
    let host = MemoryHost::new();
    let keep = Some(100 * DAY);
    for day in 0..300 {
        let _ = write(&host, keep, &[event(day)]).await;
        host.advance(DAY);
    }
    let (lines, begin) = trail(&host).await;
    assert!((100..=131).contains(&lines.len()), "{}", lines.len());
    assert_eq!(begin.seq, 300 - u64::try_from(lines.len()).unwrap());
    assert_eq!((about(&lines, 299), about(&lines, 0)), (1, 0));
    let kept = host.key_names().iter().filter(|key| key.starts_with("v1:audit:")).count();
    assert!(kept <= 5, "{:?}", host.key_names());
    // And for ever is for ever.
    let host = MemoryHost::new();
    for day in 0..50 {
        let _ = write(&host, None, &[event(day)]).await;
        host.advance(20 * DAY);
    }
    assert_eq!(trail(&host).await.0.len(), 50);
}

#[tokio::test]
async fn a_segment_that_was_cut_or_lost_is_not_covered_by_the_next_line() {
    for lost in [false, true] {
        let host = MemoryHost::new();
        let store = Store::new(host.clone());
        let _ = write(&host, None, &events(0..5)).await;
        if lost {
            host.delete("v1:audit:0").await.unwrap();
        } else {
            let whole = String::from_utf8(host.get("v1:audit:0").await.unwrap().unwrap()).unwrap();
            let cut: String = whole.split_inclusive('\n').take(3).collect();
            host.set("v1:audit:0", cut.into_bytes()).await.unwrap();
        }
        let _ = write(&host, None, &[event(9)]).await;
        let part = page(&store, 0).await.unwrap();
        let mut chain = Chain::new(part.begin, [part.end]);
        let text = String::from_utf8(part.lines).unwrap();
        assert!(text.contains("notice:9:") && text.lines().any(|line| chain.take(line).is_err()), "{text}");
    }
}
