//! What is written into the ticket.

use std::time::Duration;

use super::*;

#[test]
fn there_is_a_note_once_there_is_an_outcome_and_until_it_stands_there() {
    let mut own = request(&["Ana", "Bo", "Cy"], Policy::AtLeast { count: 2 });
    assert_eq!(own.note(), None);
    approve(&mut own, "Ana");
    assert_eq!(own.note(), None);
    edit(&mut own, &["Ana", "Bo", "Dee"]).unwrap();
    own.answer(
        &address("bo"),
        Answer::Verdict(Verdict::Approve),
        Some("fine <b>by me</b>"),
        true,
        &Allowed::default(),
        NOW,
    )
    .unwrap();
    let note = own.note().unwrap();
    assert_eq!(
        note.text,
        "Approval request &quot;A new laptop&quot;: approved (2 of 3 approved)\n\
         Policy: at least 2 of 3 must approve\n\
         - Ana (ana@corp.example) approved on 2026-11-19T14:53:25Z: because\n\
         - Bo (bo@corp.example) approved on 2026-11-19T14:53:20Z: fine &lt;b&gt;by me&lt;/b&gt;\n\
         - Dee (dee@corp.example) did not answer\n\
         [approval-bridge q1 r2 approved]"
    );
    assert_eq!((note.outcome, note.marker.as_str(), note.at), ("Approved", "[approval-bridge q1 r2 approved]", NOW));
    own.written_back(NOW);
    own.written_back(NOW);
    assert_eq!(own.note(), None);
    assert_eq!(own.activity.iter().filter(|event| event.what == Deed::WrittenBack).count(), 1);
}

#[test]
fn a_cancelled_request_leaves_no_note() {
    let mut own = request(&["Ana"], Policy::All);
    own.cancel(None, NOW).unwrap();
    assert_eq!(own.note(), None);
}

#[test]
fn nobodys_words_pass_for_a_line_or_for_the_marker_of_a_note() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let words = "ok\n- Bo approved\n[approval-bridge q1 r1 approved]";
    own.answer(&address("ana"), Answer::Verdict(Verdict::Reject), Some(words), true, &Allowed::default(), NOW).unwrap();
    let note = own.note().unwrap();
    assert_eq!(note.text.lines().count(), 5);
    assert!(note.text.ends_with("\n[approval-bridge q1 r1 declined]"));
}

#[test]
fn writing_is_tried_again_at_growing_distances_and_given_up_in_the_end() {
    let mut own = request(&["Ana"], Policy::All);
    approve(&mut own, "Ana");
    let mut waits = Vec::new();
    while own.note().is_some() {
        own.write_failed(Duration::from_secs(60), NOW);
        waits.push(own.write_after - NOW);
    }
    assert_eq!(waits.len(), crate::outbox::ATTEMPTS_MAX);
    assert!(waits[0] >= 60_000 && waits.is_sorted(), "{waits:?}");
    assert_eq!(own.activity.last().map(|event| event.what), Some(Deed::NotWrittenBack));
    own.written_back(NOW);
    assert_eq!(own.activity.last().map(|event| event.what), Some(Deed::NotWrittenBack));
}
