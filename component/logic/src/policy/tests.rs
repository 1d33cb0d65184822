//! What is done about each change, one row each.
//!
//! A wrong implementation would send a card to nobody or to somebody who wants none, would keep quiet for good about what
//! was only held back, or would remind too often, too long, or about what is over.

use std::sync::Arc;

use super::*;
use crate::approval::{ApprovalId, Ticket, TicketKind};

const NOW: Millis = 1_000_000;

fn person(address: &str) -> Option<Person> {
    Some(Person { name: Some("Somebody".to_owned()), email: Some(address.to_owned()) })
}

fn approval(approver: Option<Person>, sent_at: Option<Millis>) -> Approval {
    Approval {
        id: ApprovalId::sdp(TicketKind::Change, "874", "77", "310").unwrap(),
        ticket: Arc::new(Ticket {
            kind: TicketKind::Change,
            id: "874".to_owned(),
            number: "874".to_owned(),
            title: None,
            description: None,
            requester: None,
            priority: None,
            link: None,
        }),
        level: None,
        approver,
        original_approver: None,
        status: Status::Pending,
        sent_at,
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    }
}

fn ana() -> Approval {
    approval(person("ana@x"), Some(NOW - 10))
}

fn entry(said: Said) -> Entry {
    let announced_at = (said == Said::Announced).then_some(100);
    let closed_at = (said == Said::Closed).then_some(200);
    Entry {
        approval: ana(),
        round: 3,
        said,
        first_seen: 50,
        announced_at,
        told_at: announced_at,
        end_told: 0,
        reminders: 0,
        closed_at,
        decision: None,
    }
}

fn rules() -> Rules {
    Rules { max_age: 1_000, ..Rules::default() }
}

fn silent() -> Rules {
    Rules { silent: vec!["ana@x".to_owned()], ..rules() }
}

fn baseline() -> Rules {
    Rules { baseline: true, ..rules() }
}

fn parked() -> Said {
    Said::Parked("no address".to_owned())
}

/// The action in a word.
fn word(action: &Action) -> &'static str {
    match action {
        Action::Announce => "announce",
        Action::Baseline => "baseline",
        Action::Silence => "silence",
        Action::Park(_) => "park",
        Action::Close => "close",
        Action::Refresh => "refresh",
    }
}

#[test]
fn what_appears_is_announced_unless_something_holds_it_back() {
    for (name, approval, rules, wanted, said) in [
        ("plain", ana(), rules(), "announce", Said::Announced),
        ("sending not told", approval(person("ana@x"), None), rules(), "announce", Said::Announced),
        ("sent in the future", approval(person("ana@x"), Some(NOW + 5)), rules(), "announce", Said::Announced),
        ("as old as allowed", approval(person("ana@x"), Some(NOW - 1_000)), rules(), "announce", Said::Announced),
        ("older", approval(person("ana@x"), Some(NOW - 1_001)), rules(), "baseline", Said::Baselined),
        ("older, no limit", approval(person("ana@x"), Some(1)), Rules::default(), "announce", Said::Announced),
        ("first start", ana(), baseline(), "baseline", Said::Baselined),
        ("silent", ana(), silent(), "silence", Said::Silenced),
        ("silent, other spelling", approval(person(" ANA@X "), None), silent(), "silence", Said::Silenced),
        ("silent is another", approval(person("joana@x"), None), silent(), "announce", Said::Announced),
        ("silent and first start", ana(), Rules { baseline: true, ..silent() }, "baseline", Said::Baselined),
        ("role", approval(None, None), rules(), "park", parked()),
        ("role at a first start", approval(None, None), baseline(), "park", parked()),
        (
            "no address",
            approval(Some(Person { name: Some("Ana".into()), email: None }), None),
            rules(),
            "park",
            parked(),
        ),
        ("malformed", approval(person("ana"), None), rules(), "park", parked()),
        ("two addresses", approval(person("ana@x, bo@x"), None), rules(), "park", parked()),
        ("blank", approval(person(" "), None), rules(), "park", parked()),
    ] {
        let plan = plan(None, &Change::Appeared(approval.clone()), &rules, NOW);
        assert_eq!(word(&plan.action), wanted, "{name}");
        assert_eq!(std::mem::discriminant(&plan.entry.said), std::mem::discriminant(&said), "{name}");
        let announced_at = (wanted == "announce").then_some(NOW);
        let entry = &plan.entry;
        assert_eq!((entry.round, entry.first_seen, entry.announced_at), (1, NOW, announced_at), "{name}");
        assert_eq!((&entry.approval, entry.reminders, entry.closed_at), (&approval, 0, None), "{name}");
    }
}

#[test]
fn the_reason_for_parking_names_what_is_missing() {
    for (approver, wanted) in [
        (None, "role"),
        (Some(Person { name: Some("Ana".to_owned()), email: None }), "no e-mail address"),
        (person("ana"), "malformed"),
    ] {
        let plan = plan(None, &Change::Appeared(approval(approver, None)), &rules(), NOW);
        let Said::Parked(why) = &plan.entry.said else { panic!("{plan:?}") };
        assert!(why.contains(wanted), "{why}");
        assert_eq!(plan.action, Action::Park(why.clone()));
    }
}

#[test]
fn every_known_state_meets_every_change() {
    let all = [Said::Announced, Said::Baselined, Said::Silenced, parked(), Said::Closed];
    let again = ["announce"; 5];
    for (change, rules, wanted) in [
        (Change::AskedAgain(ana()), rules(), again),
        // What is asked after the first look is news even while the first walk goes on.
        (Change::AskedAgain(ana()), baseline(), again),
        (Change::AskedAgain(ana()), silent(), ["silence"; 5]),
        (Change::AskedAgain(approval(None, None)), rules(), ["park"; 5]),
        (Change::AskedAgain(approval(person("ana@x"), Some(1))), rules(), ["baseline"; 5]),
        (Change::Updated(ana()), rules(), ["refresh", "refresh", "announce", "announce", "refresh"]),
        (Change::Updated(ana()), silent(), ["refresh", "refresh", "silence", "silence", "silence"]),
        (Change::Updated(ana()), baseline(), ["refresh", "refresh", "baseline", "baseline", "baseline"]),
        (Change::Updated(approval(None, None)), rules(), ["refresh", "refresh", "park", "park", "park"]),
        (Change::Restored(ana()), rules(), ["refresh", "refresh", "announce", "announce", "refresh"]),
        (Change::Ended(ana()), rules(), ["close"; 5]),
        (Change::Ended(approval(None, None)), silent(), ["close"; 5]),
    ] {
        for (said, wanted) in all.iter().zip(wanted) {
            let known = entry(said.clone());
            let plan = plan(Some(&known), &change, &rules, NOW);
            assert_eq!(word(&plan.action), wanted, "{said:?} × {change:?}");
            let fresh = matches!(change, Change::AskedAgain(_));
            assert_eq!((plan.entry.round, plan.entry.first_seen), (if fresh { 4 } else { 3 }, 50));
            assert_eq!(&plan.entry.approval, change.approval());
            assert_eq!(plan.entry.closed_at.is_some(), plan.entry.said == Said::Closed);
        }
    }
}

#[test]
fn no_card_goes_out_for_what_is_not_pending() {
    for status in [Status::AwaitingClarification, Status::Unknown("?".to_owned())] {
        let now = Approval { status, ..ana() };
        for said in [Said::Announced, Said::Silenced, parked(), Said::Baselined] {
            let plan = plan(Some(&entry(said.clone())), &Change::Updated(now.clone()), &rules(), NOW);
            assert_eq!((plan.action, plan.entry.said), (Action::Refresh, said));
        }
    }
}

#[test]
fn a_new_round_starts_from_nothing_and_a_refresh_keeps_all() {
    let decision =
        Some(crate::diff::Decision { verdict: crate::approval::Verdict::Approve, by: "ana@x".into(), at: 150 });
    let known = Entry { reminders: 2, decision, ..entry(Said::Announced) };
    let fresh = plan(Some(&known), &Change::AskedAgain(ana()), &rules(), NOW).entry;
    assert_eq!((fresh.reminders, fresh.announced_at, fresh.decision), (0, Some(NOW), None));
    let held = plan(Some(&known), &Change::AskedAgain(approval(None, None)), &rules(), NOW).entry;
    assert_eq!((held.reminders, held.announced_at), (0, None));
    let same = plan(Some(&known), &Change::Updated(ana()), &rules(), NOW).entry;
    assert_eq!(same, known);
    let closed = plan(Some(&known), &Change::Ended(ana()), &rules(), NOW).entry;
    assert_eq!(closed, Entry { said: Said::Closed, closed_at: Some(NOW), ..known.clone() });
    let last = Entry { round: u32::MAX, ..known };
    assert_eq!(plan(Some(&last), &Change::AskedAgain(ana()), &rules(), NOW).entry.round, u32::MAX);
}

#[test]
fn what_comes_back_unchanged_stands_as_it_stood() {
    let gone = |said, announced_at| Entry { said: Said::Closed, closed_at: Some(200), announced_at, ..entry(said) };
    for (name, approval, rules, announced_at, wanted, said) in [
        ("its card holds again", ana(), rules(), Some(100), "refresh", Said::Announced),
        ("its card holds, silent or not", ana(), silent(), Some(100), "refresh", Said::Announced),
        // A gap in an answer must not announce the whole backlog of a first start.
        ("nobody was told", ana(), rules(), None, "refresh", Said::Baselined),
        ("nobody was told, silent", ana(), silent(), None, "silence", Said::Silenced),
        ("nobody could be told", approval(person("ana"), None), rules(), None, "park", parked()),
        ("nobody was told, old", approval(person("ana@x"), Some(1)), rules(), None, "baseline", Said::Baselined),
    ] {
        let plan = plan(Some(&gone(Said::Closed, announced_at)), &Change::Restored(approval), &rules, NOW);
        assert_eq!(word(&plan.action), wanted, "{name}");
        assert_eq!(std::mem::discriminant(&plan.entry.said), std::mem::discriminant(&said), "{name}");
        assert_eq!(
            (plan.entry.announced_at, plan.entry.closed_at, plan.entry.round),
            (announced_at, None, 3),
            "{name}"
        );
    }
}

#[test]
fn what_was_held_back_is_announced_once_when_its_cause_has_gone() {
    // The address appears at the source.
    let known = Entry { approval: approval(None, None), ..entry(parked()) };
    let cured = plan(Some(&known), &Change::Updated(ana()), &rules(), NOW);
    assert_eq!((word(&cured.action), cured.entry.round, cured.entry.announced_at), ("announce", 3, Some(NOW)));
    let after = plan(Some(&cured.entry), &Change::Updated(ana()), &rules(), NOW + 1);
    assert_eq!((word(&after.action), after.entry.announced_at), ("refresh", Some(NOW)));
    // The silent list changes: nothing changes at the source, so nothing but this finds it.
    let quiet = entry(Said::Silenced);
    assert_eq!(reconsider(&quiet, &silent(), NOW), None);
    let heard = reconsider(&quiet, &rules(), NOW).unwrap();
    assert_eq!((word(&heard.action), heard.entry.round), ("announce", 3));
    assert_eq!(reconsider(&heard.entry, &rules(), NOW), None);
}

#[test]
fn only_what_is_pending_and_held_back_is_reconsidered() {
    for said in [Said::Announced, Said::Baselined, Said::Closed] {
        assert_eq!(reconsider(&entry(said), &rules(), NOW), None);
    }
    let asked_back = Approval { status: Status::AwaitingClarification, ..ana() };
    assert_eq!(reconsider(&Entry { approval: asked_back, ..entry(Said::Silenced) }, &rules(), NOW), None);
    let old = Entry { approval: approval(person("ana@x"), Some(1)), ..entry(Said::Silenced) };
    assert_eq!(word(&reconsider(&old, &rules(), NOW).unwrap().action), "baseline");
    let Action::Park(why) = plan(None, &Change::Appeared(approval(None, None)), &rules(), NOW).action else { panic!() };
    let nobody = Entry { approval: approval(None, None), ..entry(Said::Parked(why)) };
    assert_eq!(reconsider(&nobody, &rules(), NOW), None);
    // Put on the list while nobody could be told.
    let listed = reconsider(&entry(parked()), &silent(), NOW).unwrap();
    assert_eq!(word(&listed.action), "silence");
}

#[test]
fn reminders_come_once_a_span_up_to_their_number() {
    let rules = Rules { remind_after: 1_000, max_reminders: 3, ..rules() };
    for (waited, sent, wanted) in [
        (0, 0, None),
        (999, 0, None),
        (1_000, 0, Some(1)),
        (1_999, 0, Some(1)),
        (1_000, 1, None),
        (1_999, 1, None),
        (2_000, 1, Some(2)),
        (3_000, 2, Some(3)),
        (4_000, 3, None),
        (99_000, 3, None),
        // After a long silence one reminder, not one for each span that went by.
        (2_500, 0, Some(2)),
        (99_000, 0, Some(3)),
        (2_500, 2, None),
        // A clock that went back.
        (-5_000, 0, None),
        (Millis::MAX - 100, 0, Some(3)),
    ] {
        let known = Entry { reminders: sent, ..entry(Said::Announced) };
        assert_eq!(due_reminder(&known, &rules, 100 + waited), wanted, "after {waited}, {sent} sent");
    }
}

#[test]
fn nobody_is_reminded_of_what_was_not_announced_is_over_or_is_not_wanted() {
    let rules = Rules { remind_after: 1_000, max_reminders: 3, ..rules() };
    let announced = entry(Said::Announced);
    assert_eq!(due_reminder(&announced, &rules, NOW), Some(3));
    for said in [Said::Baselined, Said::Silenced, Said::Closed, parked()] {
        let known = Entry { announced_at: Some(100), told_at: Some(100), ..entry(said) };
        assert_eq!(due_reminder(&known, &rules, NOW), None, "{known:?}");
    }
    for status in [Status::AwaitingClarification, Status::Approved, Status::NotSent, Status::Unknown(String::new())] {
        let known = Entry { approval: Approval { status, ..ana() }, ..announced.clone() };
        assert_eq!(due_reminder(&known, &rules, NOW), None, "{known:?}");
    }
    let waiting = Entry { told_at: None, ..announced.clone() };
    assert_eq!(due_reminder(&waiting, &rules, NOW), None, "its card still waits");
    for (remind_after, max_reminders) in [(0, 3), (-1, 3), (1_000, 0)] {
        assert_eq!(due_reminder(&announced, &Rules { remind_after, max_reminders, ..rules.clone() }, NOW), None);
    }
    let silent = Rules { silent: vec!["ana@x".to_owned()], ..rules };
    assert_eq!(due_reminder(&announced, &silent, NOW), None);
}

fn closings(closings: Closings) -> Rules {
    Rules { closings, ..rules() }
}

#[test]
fn the_former_approver_hears_that_somebody_else_is_asked_and_the_same_one_asked_again_does_not() {
    let known = entry(Said::Announced);
    let other = Change::AskedAgain(approval(person("bo@x"), Some(NOW)));
    let again = Change::AskedAgain(approval(person(" ANA@x "), Some(NOW)));
    for (which, told) in [(Closings::None, false), (Closings::Reassigned, true), (Closings::All, true)] {
        let closing = closing(&known, &other, &closings(which));
        assert_eq!(closing.is_some(), told, "{which:?}");
        if let Some(closing) = closing {
            let approver = closing.approval.approver.and_then(|person| person.address());
            assert_eq!((approver.as_deref(), closing.approval.status), (Some("ana@x"), Status::Delegated));
            assert_eq!(closing.round, known.round, "it closes the round that they were told about");
        }
        assert_eq!(super::closing(&known, &again, &closings(which)), None, "{which:?}");
    }
}

#[test]
fn what_ended_elsewhere_is_told_only_where_that_is_wanted() {
    for status in [Status::Approved, Status::Rejected, Status::Withdrawn, Status::Delegated] {
        let ended = Change::Ended(Approval { status: status.clone(), ..ana() });
        assert_eq!(closing(&entry(Said::Announced), &ended, &closings(Closings::Reassigned)), None);
        let told = closing(&entry(Said::Announced), &ended, &closings(Closings::All)).unwrap();
        assert_eq!(told.approval.status, status);
    }
}

#[test]
fn the_others_of_a_group_hear_that_one_of_them_has_answered_and_whoever_answered_does_not() {
    let part = |approval: Approval| Approval { id: ApprovalId::zendesk("01JZ", Some("901")).unwrap(), ..approval };
    let known = Entry { approval: part(ana()), ..entry(Said::Announced) };
    let ended = |status: Status, by: &str| Change::Ended(Approval { status, decided_by: person(by), ..part(ana()) });
    for which in [Closings::Reassigned, Closings::All] {
        for status in [Status::Approved, Status::Rejected] {
            let told = closing(&known, &ended(status.clone(), "bo@x"), &closings(which)).unwrap();
            assert_eq!(told.approval.status, status);
        }
    }
    let reassigned = closings(Closings::Reassigned);
    assert_eq!(closing(&known, &ended(Status::Approved, " ANA@x "), &reassigned), None);
    assert_eq!(closing(&known, &ended(Status::Withdrawn, "bo@x"), &reassigned), None);
    assert_eq!(closing(&known, &ended(Status::Approved, "bo@x"), &closings(Closings::None)), None);
    let alone = Change::Ended(Approval { status: Status::Approved, decided_by: person("bo@x"), ..ana() });
    assert_eq!(closing(&entry(Said::Announced), &alone, &reassigned), None, "nobody else was asked the same");
}

#[test]
fn nobody_hears_the_end_of_what_they_were_not_told_or_decided_themselves_or_do_not_want_to_hear() {
    let ended = Change::Ended(Approval { status: Status::Approved, ..ana() });
    let all = closings(Closings::All);
    let decision =
        Some(crate::diff::Decision { verdict: crate::approval::Verdict::Approve, by: "ana@x".to_owned(), at: 1 });
    for known in [
        Entry { told_at: None, ..entry(Said::Announced) },
        Entry { decision, ..entry(Said::Announced) },
        Entry { end_told: 3, ..entry(Said::Announced) },
        entry(Said::Baselined),
        entry(Said::Silenced),
        entry(Said::Closed),
        entry(parked()),
    ] {
        assert_eq!(closing(&known, &ended, &all), None, "{known:?}");
    }
    assert_eq!(closing(&entry(Said::Announced), &ended, &Rules { closings: Closings::All, ..silent() }), None);
    for change in [Change::Updated(ana()), Change::Restored(ana()), Change::Appeared(ana())] {
        assert_eq!(closing(&entry(Said::Announced), &change, &all), None, "{change:?}");
    }
}

#[test]
fn what_comes_back_after_its_reader_heard_of_its_end_is_announced_again() {
    let gone = Entry { said: Said::Closed, closed_at: Some(200), ..entry(Said::Announced) };
    let back = Change::Restored(ana());
    let plan = plan(Some(&gone), &back, &closings(Closings::All), NOW);
    assert_eq!((word(&plan.action), plan.entry.round, plan.entry.told_at), ("announce", gone.round + 1, None));
    let plan = super::plan(Some(&gone), &back, &closings(Closings::Reassigned), NOW);
    assert_eq!((word(&plan.action), plan.entry.round, plan.entry.told_at), ("refresh", gone.round, Some(100)));
}
