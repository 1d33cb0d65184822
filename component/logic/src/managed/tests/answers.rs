//! Approving, declining, feedback.

use super::*;

#[test]
fn the_first_answer_of_a_person_stands() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    assert_eq!(approve(&mut own, "Ana"), Answered::Recorded);
    let before = own.clone();
    assert_eq!(approve(&mut own, "ANA"), Answered::Repeated);
    assert_eq!(decline(&mut own, "Ana"), Answered::Otherwise(State::Approved));
    assert_eq!(answer(&mut own, "Ana", Answer::Feedback), Answered::Otherwise(State::Approved));
    assert_eq!(own, before);
    let ana = &own.recipients[0];
    assert_eq!((ana.answered_at, ana.comment.as_deref()), (Some(NOW + 5_000), Some("because")));
}

#[test]
fn after_the_end_only_a_repeat_of_what_was_said_is_taken() {
    let mut own = request(&["Ana", "Bo", "Cy"], Policy::Any);
    decline(&mut own, "Cy");
    approve(&mut own, "Ana");
    let before = own.clone();
    assert_eq!(approve(&mut own, "Ana"), Answered::Repeated);
    assert_eq!(decline(&mut own, "Cy"), Answered::Repeated);
    assert_eq!(approve(&mut own, "Cy"), Answered::Otherwise(State::Declined));
    assert_eq!(approve(&mut own, "Bo"), Answered::Closed(RequestStatus::Approved));
    assert_eq!(answer(&mut own, "Bo", Answer::Feedback), Answered::Closed(RequestStatus::Approved));
    assert_eq!(own, before);
}

#[test]
fn who_is_not_asked_hears_nothing_about_the_request() {
    let mut own = request(&["Ana"], Policy::All);
    for stranger in ["Eve", "Sam", "Tess", ""] {
        assert_eq!(approve(&mut own, stranger), Answered::NotAsked);
    }
    approve(&mut own, "Ana");
    assert_eq!(decline(&mut own, "Eve"), Answered::NotAsked);
}

#[test]
fn the_list_is_looked_at_when_the_answer_comes() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let list = Allowed::parse("bo@corp.example").unwrap();
    let yes = Answer::Verdict(Verdict::Approve);
    assert_eq!(own.answer(&address("ana"), yes, None, true, &list, NOW), Ok(Answered::NotAsked));
    assert_eq!(own.answer(&address("bo"), yes, None, true, &list, NOW), Ok(Answered::Recorded));
}

#[test]
fn who_was_removed_is_told_so() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    edit(&mut own, &["Bo"]).unwrap();
    assert_eq!(approve(&mut own, "Ana"), Answered::Removed);
}

#[test]
fn a_decline_needs_a_reason_where_that_is_the_rule() {
    let everybody = Allowed::default();
    let no = Answer::Verdict(Verdict::Reject);
    for (words, required, wanted) in [
        (None, true, Answered::NeedsComment),
        (Some(" \u{200b} "), true, Answered::NeedsComment),
        (Some("too dear"), true, Answered::Recorded),
        (None, false, Answered::Recorded),
    ] {
        let mut own = request(&["Ana"], Policy::All);
        assert_eq!(own.answer(&address("ana"), no, words, required, &everybody, NOW), Ok(wanted), "{words:?}");
    }
}

#[test]
fn feedback_is_kept_and_leaves_the_question_open() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    assert_eq!(answer(&mut own, "Ana", Answer::Feedback), Answered::Noted);
    assert_eq!((own.status(), own.recipients[0].state), (RequestStatus::PendingApproval, State::Pending));
    let last = own.activity.last().unwrap();
    assert_eq!(
        (last.what, last.recipient.as_deref(), last.text.as_deref()),
        (Deed::Feedback, Some("r1"), Some("because"))
    );
    assert_eq!(own.recipients[0].feedback, [Feedback { at: NOW + 5_000, text: "because".to_owned() }]);
    assert_eq!(approve(&mut own, "Ana"), Answered::Recorded);
    let mute = own.answer(&address("bo"), Answer::Feedback, Some(" "), true, &Allowed::default(), NOW);
    assert_eq!(mute, Err(Refusal::NoWords));
}

#[test]
fn words_are_cleaned_and_cut() {
    let mut own = request(&["Ana"], Policy::All);
    let words = format!("a\u{202e}b{}", "x".repeat(2 * COMMENT_MAX));
    own.answer(&address("ana"), Answer::Verdict(Verdict::Approve), Some(&words), true, &Allowed::default(), NOW)
        .unwrap();
    let kept = own.recipients[0].comment.clone().unwrap();
    assert!(kept.starts_with("abx") && kept.ends_with('…') && kept.chars().count() == COMMENT_MAX, "{kept}");
}

#[test]
fn the_end_is_noted_once_with_who_caused_it() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    approve(&mut own, "Bo");
    assert_eq!((own.closed_by(), own.closed_at()), (None, None));
    decline(&mut own, "Ana");
    let ana = Some("ana@corp.example");
    assert_eq!(deeds(&own, 4), [(Deed::Declined, ana, Some("r1")), (Deed::Declined, ana, None)]);
    assert_eq!(own.closed_by(), Some(person("Ana", "ana@corp.example")));
    assert_eq!(own.closed_at(), Some(NOW + 5_000));
}
