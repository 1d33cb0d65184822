//! Creating, editing, cancelling.

use super::*;

#[test]
fn a_request_asks_everybody_once_and_keeps_its_history() {
    let mut wish = draft(&["Ana", "Bo"], Policy::All);
    wish.recipients.push(person("Ana again", " ANA@corp.example "));
    let made = Request::create(wish, &Allowed::default(), NOW).unwrap();
    assert_eq!(asked(&made), ["Ana", "Bo"]);
    assert_eq!(made.recipients.iter().map(|own| own.id.as_str()).collect::<Vec<_>>(), ["r1", "r2"]);
    assert_eq!((made.status(), made.revision), (RequestStatus::PendingApproval, 1));
    let tess = Some("tess@corp.example");
    let lines = [(Deed::Created, tess, None), (Deed::Sent, tess, Some("r1")), (Deed::Sent, tess, Some("r2"))];
    assert_eq!(deeds(&made, 0), lines);
    let json = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), made);
}

#[test]
fn a_request_that_cannot_be_is_refused_with_its_reason() {
    let refused = |change: fn(&mut Draft), allowed: &str| {
        let mut wish = draft(&["Ana", "Bo"], Policy::All);
        change(&mut wish);
        Request::create(wish, &Allowed::parse(allowed).unwrap(), NOW).unwrap_err().code()
    };
    for (change, allowed, code) in [
        ((|wish| wish.recipients.clear()) as fn(&mut Draft), "", "NO_RECIPIENT"),
        (|wish| wish.recipients.push(person("Cy", "cy")), "", "RECIPIENT_WITHOUT_ADDRESS"),
        (|wish| wish.recipients.push(Person { name: Some("Cy".into()), email: None }), "", "RECIPIENT_WITHOUT_ADDRESS"),
        (|wish| wish.recipients.push(person("Sam", "Sam@Corp.Example")), "", "RECIPIENT_ASKED_FOR_IT"),
        (|wish| wish.recipients.push(person("Tess", "tess@corp.example")), "", "RECIPIENT_ASKED_FOR_IT"),
        (|_| {}, "ana@corp.example", "RECIPIENT_NOT_ALLOWED"),
        (|wish| wish.policy = Policy::AtLeast { count: 3 }, "", "COUNT_TOO_HIGH"),
        (|wish| wish.subject = " \u{200b}\n".into(), "", "TEXT_INVALID"),
        (|wish| wish.message = "x".repeat(2_001), "", "TEXT_INVALID"),
        (
            |wish| wish.recipients = (0..26).map(|n| person("P", &format!("p{n}@corp.example"))).collect(),
            "",
            "TOO_MANY_RECIPIENTS",
        ),
    ] {
        assert_eq!(refused(change, allowed), code);
    }
}

#[test]
fn a_count_belongs_to_at_least_and_to_nothing_else() {
    for (rule, count, policy) in [
        ("all", None, Ok(Policy::All)),
        ("any", None, Ok(Policy::Any)),
        ("at_least", Some(2), Ok(Policy::AtLeast { count: 2 })),
        ("all", Some(1), Err(Refusal::OddPolicy)),
        ("any", Some(1), Err(Refusal::OddPolicy)),
        ("at_least", None, Err(Refusal::OddPolicy)),
        ("at_least", Some(0), Err(Refusal::OddPolicy)),
        ("most", None, Err(Refusal::OddPolicy)),
    ] {
        assert_eq!(Policy::new(rule, count), policy, "{rule} {count:?}");
    }
    assert_eq!(serde_json::to_string(&Policy::AtLeast { count: 2 }).unwrap(), r#"{"rule":"at_least","count":2}"#);
    assert!(serde_json::from_str::<Policy>(r#"{"rule":"at_least"}"#).is_err());
}

#[test]
fn only_who_is_added_is_asked_and_who_is_removed_no_longer() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let before = own.clone();
    assert_eq!(edit(&mut own, &["Bo", "Cy"]), Ok(true));
    assert_eq!((asked(&own), own.revision), (vec!["Bo", "Cy"], 2));
    assert_eq!(own.recipients[1], before.recipients[1]);
    let tess = Some("tess@corp.example");
    let lines = [
        (Deed::RecipientRemoved, tess, Some("r1")),
        (Deed::RecipientAdded, tess, Some("r3")),
        (Deed::Sent, tess, Some("r3")),
    ];
    assert_eq!(deeds(&own, 3), lines);
}

#[test]
fn an_edit_that_changes_nothing_is_no_edit() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let before = own.clone();
    assert_eq!(edit(&mut own, &["Bo", "ANA", "Bo"]), Ok(false));
    assert_eq!(own, before);
}

#[test]
fn removing_everybody_cancels_and_a_repeat_is_harmless() {
    let mut own = request(&["Ana", "Bo"], Policy::AtLeast { count: 2 });
    assert_eq!(edit(&mut own, &[]), Ok(true));
    assert_eq!(own.status(), RequestStatus::Cancelled);
    assert_eq!(own.activity.last().map(|event| event.what), Some(Deed::Cancelled));
    assert_eq!(edit(&mut own, &[]), Ok(false));
    assert_eq!(edit(&mut own, &["Ana", "Bo"]), Err(Refusal::Closed(RequestStatus::Cancelled)));
    assert_eq!(approve(&mut own, "Ana"), Answered::Removed);
}

#[test]
fn removing_the_last_who_has_not_answered_completes_the_request_and_names_the_editor() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    approve(&mut own, "Ana");
    assert_eq!(edit(&mut own, &["Ana"]), Ok(true));
    assert_eq!(own.status(), RequestStatus::Approved);
    let last = own.activity.last().unwrap();
    assert_eq!((last.what, last.by.as_deref(), &last.recipient), (Deed::Approved, Some("tess@corp.example"), &None));
}

#[test]
fn the_answer_of_somebody_who_was_removed_is_kept_and_not_counted() {
    let mut own = request(&["Ana", "Bo", "Cy"], Policy::AtLeast { count: 2 });
    approve(&mut own, "Ana");
    edit(&mut own, &["Bo", "Cy"]).unwrap();
    assert_eq!(own.counts(), Counts { all: 2, approved: 0, declined: 0 });
    assert_eq!(own.status(), RequestStatus::PendingApproval);
    assert_eq!((own.recipients[0].state, own.recipients[0].comment.as_deref()), (State::Approved, Some("because")));
}

#[test]
fn fewer_people_than_the_count_are_refused() {
    let mut own = request(&["Ana", "Bo"], Policy::AtLeast { count: 2 });
    let before = own.clone();
    assert_eq!(edit(&mut own, &["Ana"]), Err(Refusal::CountTooHigh { count: 2, recipients: 1 }));
    assert_eq!(own, before);
}

#[test]
fn somebody_added_back_is_asked_anew() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    answer(&mut own, "Ana", Answer::Feedback);
    approve(&mut own, "Ana");
    edit(&mut own, &["Bo"]).unwrap();
    edit(&mut own, &["Ana", "Bo"]).unwrap();
    let ana = &own.recipients[0];
    assert_eq!((ana.id.as_str(), ana.round, ana.state, &ana.comment), ("r1", 2, State::Pending, &None));
    assert!(ana.asked_at > NOW && ana.is_asked() && ana.feedback.len() == 1);
    assert_eq!(own.recipients.len(), 2);
}

#[test]
fn a_new_sending_is_behind_the_one_before_whatever_the_clock_says() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let everybody = &Allowed::default();
    own.edit(&people(&["Bo"]), None, everybody, NOW).unwrap();
    own.edit(&people(&["Ana", "Bo"]), None, everybody, NOW - 10).unwrap();
    assert_eq!(own.recipients[0].asked_at, NOW + 1);
}

#[test]
fn an_edit_checks_everybody_against_the_list_and_the_newcomers_against_who_asks() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let list = Allowed::parse("ana@corp.example").unwrap();
    let wish = people(&["Ana", "Bo", "Ana"]);
    assert_eq!(own.edit(&wish, None, &list, NOW), Ok(false), "nothing changes");
    let wish = people(&["Bo"]);
    assert_eq!(own.edit(&wish, None, &list, NOW), Err(Refusal::NotAllowed(address("bo"))));
    let everybody = Allowed::default();
    for asks in ["Sam", "Tess", "Uma"] {
        let refused = own.edit(&people(&["Ana", "Bo", asks]), Some("uma@corp.example"), &everybody, NOW);
        assert_eq!(refused, Err(Refusal::AskedForIt(address(asks))));
    }
}

#[test]
fn what_is_over_is_not_edited_sent_again_or_cancelled() {
    let mut own = request(&["Ana", "Bo"], Policy::Any);
    approve(&mut own, "Ana");
    let (before, closed) = (own.clone(), Refusal::Closed(RequestStatus::Approved));
    assert_eq!(edit(&mut own, &["Cy"]), Err(closed.clone()));
    assert_eq!(edit(&mut own, &[]), Err(closed.clone()));
    assert_eq!(own.resend(None, None, NOW), Err(closed.clone()));
    assert_eq!(own.cancel(None, NOW), Err(closed));
    assert_eq!(own, before);
}

#[test]
fn a_deleted_request_is_cancelled_with_everybody_still_in_it() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    approve(&mut own, "Ana");
    assert_eq!(own.cancel(Some("tess@corp.example"), NOW), Ok(true));
    assert_eq!((own.status(), own.counts().all), (RequestStatus::Cancelled, 2));
    assert_eq!(own.cancel(None, NOW), Ok(false));
    assert_eq!(approve(&mut own, "Bo"), Answered::Closed(RequestStatus::Cancelled));
}

#[test]
fn a_record_without_room_takes_answers_and_nothing_else() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let words = "x".repeat(COMMENT_MAX);
    let everybody = Allowed::default();
    let give = |own: &mut Request| own.answer(&address("ana"), Answer::Feedback, Some(&words), true, &everybody, NOW);
    let refused = (0..1_000).find_map(|_| give(&mut own).err());
    assert_eq!(refused, Some(Refusal::Full));
    assert_eq!(edit(&mut own, &["Ana", "Bo", "Cy"]), Err(Refusal::Full));
    assert_eq!(own.resend(None, None, NOW), Err(Refusal::Full));
    assert_eq!(approve(&mut own, "Ana"), Answered::Recorded);
    assert_eq!(edit(&mut own, &["Ana"]), Ok(true), "removing needs no room");
    assert_eq!(own.status(), RequestStatus::Approved);
    assert!(serde_json::to_vec(&own).unwrap().len() < 256 * 1024);
}

#[test]
fn newer_facts_are_taken_as_long_as_there_is_something_to_say() {
    let newer = |title: &str| Facts { ticket: Ticket { title: Some(title.to_owned()), ..facts().ticket }, ..facts() };
    let mut own = request(&["Ana"], Policy::All);
    own.learn(Some(newer("Two laptops")));
    own.learn(None);
    own.learn(Some(Facts { ticket: Ticket { id: "875".to_owned(), ..newer("Another ticket").ticket }, ..facts() }));
    assert_eq!(own.facts, newer("Two laptops"));
    approve(&mut own, "Ana");
    own.learn(Some(newer("Three laptops")));
    assert_eq!(own.facts, newer("Two laptops"));
}
