use super::*;
use proptest::prelude::*;

/// 2025-11-24T16:00:00Z.
const AT: Millis = 1_764_000_000_000;

fn decision(approver: &str) -> Event {
    Event::Decision {
        approval: Some("sdp:requests:874:77:310".to_owned()),
        approver: approver.to_owned(),
        verdict: Verdict::Approve,
        outcome: "approved",
        status: Some("approved".to_owned()),
        word: Some("Approved".to_owned()),
        comment_length: 7,
        door: Door::Http,
    }
}

/// A trail of so many lines.
fn trail(count: usize) -> (Vec<String>, Link) {
    let mut end = Link::default();
    let lines = (0..count).map(|at| {
        let (line, link) = line(&decision(&format!("a{at}@corp.example")), AT, &end);
        end = link;
        line
    });
    (lines.collect(), end)
}

fn check<L: AsRef<str>>(begin: Link, lines: impl IntoIterator<Item = L>, known: &[Link]) -> Result<Link, Broken> {
    let mut chain = Chain::new(begin, known.iter().cloned());
    for line in lines {
        chain.take(line.as_ref())?;
    }
    chain.finish()
}

fn broken(lines: &[String], end: &Link) -> (u64, Fault) {
    let Err(Broken { seq, fault }) = check(Link::default(), lines, std::slice::from_ref(end)) else {
        panic!("should be found: {lines:#?}")
    };
    (seq, fault)
}

#[test]
fn a_line_says_who_decided_what_when_through_which_door_and_with_what_result() {
    let (text, link) = line(&decision("ana@corp.example"), AT, &Link::default());
    let (body, hash) = text.split_once(",\"hash\":").unwrap();
    assert_eq!(
        body,
        r#"{"seq":1,"at":"2025-11-24T16:00:00.000Z","kind":"decision","approval":"sdp:requests:874:77:310","approver":"ana@corp.example","verdict":"approve","outcome":"approved","status":"approved","source_status":"Approved","comment_length":7,"door":"http","prev":"0000000000000000000000000000000000000000000000000000000000000000""#
    );
    assert_eq!(hash, format!("\"{}\"}}", link.hash));
    assert_eq!((Link::of(&text), written_at(&text)), (Some(link), Some(AT)));
}

#[test]
fn every_kind_of_event_is_a_json_object_that_the_chain_takes() {
    let events = [
        decision("ana@corp.example"),
        Event::Message {
            event_id: "sdp:requests:874:77:310:1:pending".to_owned(),
            recipient: "ana@corp.example".to_owned(),
            approvals: vec!["sdp:requests:874:77:310".to_owned()],
            taken: true,
            door: Door::Listener,
        },
        Event::Retry { event_id: "notice:1:ab".to_owned(), door: Door::Http },
        Event::Request {
            request: "r1".to_owned(),
            activity: "answered",
            actor: None,
            outcome: "approved",
            door: Door::Operations,
        },
        Event::Gap { missed: 3 },
    ];
    let mut end = Link::default();
    let lines: Vec<String> = events
        .iter()
        .map(|event| {
            let (text, link) = line(event, AT, &end);
            end = link;
            text
        })
        .collect();
    let kinds: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone()).collect();
    assert_eq!(kinds, ["decision", "message", "retry", "request", "gap"]);
    assert_eq!(check(Link::default(), &lines, &[]), Ok(end));
}

#[test]
fn a_source_s_own_word_is_one_short_line() {
    let Event::Decision { approval, approver, verdict, outcome, status, comment_length, door, .. } =
        decision("a@b.example")
    else {
        unreachable!()
    };
    let word = Some(format!("Odd\n\u{202e}{}", "x".repeat(500)));
    let event = Event::Decision { approval, approver, verdict, outcome, status, word, comment_length, door };
    let (text, link) = line(&event, AT, &Link::default());
    let word = serde_json::from_str::<Value>(&text).unwrap()["source_status"].as_str().unwrap().to_owned();
    assert!(word.starts_with("Odd x") && word.chars().count() <= WORD_MAX, "{word}");
    assert_eq!(check(Link::default(), [text], &[]), Ok(link));
}

#[test]
fn a_line_that_is_changed_taken_out_doubled_moved_or_put_in_is_found_and_named() {
    let (lines, end) = trail(6);
    assert_eq!(check(Link::default(), &lines, std::slice::from_ref(&end)), Ok(end.clone()));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        broken(&lines, &end)
    };
    assert_eq!(with(&|lines| lines[2] = lines[2].replace("approve\"", "reject\"")), (3, Fault::Changed));
    assert_eq!(with(&|lines| drop(lines.remove(2))), (4, Fault::Number(3)));
    assert_eq!(with(&|lines| lines.insert(2, lines[1].clone())), (2, Fault::Number(3)));
    assert_eq!(with(&|lines| lines.swap(2, 3)), (4, Fault::Number(3)));
    assert_eq!(with(&|lines| lines.truncate(4)), (5, Fault::Missing));
    assert_eq!(with(&|lines| lines[2].truncate(50)), (3, Fault::Unreadable));
    assert_eq!(with(&|lines| drop(lines.remove(0))), (2, Fault::Number(1)));
    let forged = line(&decision("eve@corp.example"), AT, &Link::of(&lines[1]).unwrap()).0;
    assert_eq!(with(&|lines| lines[2].clone_from(&forged)), (4, Fault::Unlinked));
    assert_eq!(
        with(&|lines| lines[5] = line(&decision("eve@corp.example"), AT, &Link::of(&lines[4]).unwrap()).0).1,
        Fault::Replaced
    );
}

#[test]
fn a_trail_written_anew_is_found_by_a_hash_that_was_noted_elsewhere() {
    let (_, noted) = trail(3);
    let mut end = Link::default();
    let forged: Vec<String> = (0..6)
        .map(|_| {
            let (text, link) = line(&decision("eve@corp.example"), AT, &end);
            end = link;
            text
        })
        .collect();
    assert_eq!(check(Link::default(), &forged, &[]), Ok(end));
    let found = check(Link::default(), &forged, &[noted]);
    assert_eq!(found, Err(Broken { seq: 3, fault: Fault::Replaced }));
}

#[test]
fn a_trail_whose_first_lines_were_dropped_holds_from_the_hash_of_the_last_of_them() {
    let (lines, end) = trail(6);
    let dropped = Link::of(&lines[2]).unwrap();
    assert_eq!(check(dropped.clone(), &lines[3..], &[end, Link::default()]), Ok(Link::of(&lines[5]).unwrap()));
    let wrong = Link { hash: NOTHING.to_owned(), ..dropped };
    assert_eq!(check(wrong, &lines[3..], &[]), Err(Broken { seq: 4, fault: Fault::Unlinked }));
}

#[test]
fn a_place_is_read_as_it_is_written() {
    let (_, end) = trail(2);
    assert_eq!(Link::parse(&end.to_string()), Some(end));
    for odd in ["", "1", "1:", "x:00", &format!("1:{}", "Z".repeat(64)), &format!("-1:{NOTHING}")] {
        assert_eq!(Link::parse(odd), None, "{odd}");
    }
}

proptest! {
    /// Whatever byte of whatever line is changed.
    #[test]
    fn no_byte_can_be_changed_unnoticed(at in 0usize..2_000, byte in 0u8..128) {
        let (lines, end) = trail(4);
        let mut bytes = lines.join("\n").into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(check(Link::default(), text.split('\n'), &[end]).is_err());
    }

    /// Whatever stands in place of a line.
    #[test]
    fn nothing_makes_it_panic(text in ".{0,200}") {
        let mut chain = Chain::new(Link::default(), []);
        prop_assert!(chain.take(&text).is_err());
        prop_assert_eq!(Link::of(&text), None);
        let _ = (Link::parse(&text), written_at(&text));
    }
}
