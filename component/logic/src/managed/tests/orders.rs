//! No order of edits and answers leads to a status that the rule does not give.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 5] = ["Ana", "Bo", "Cy", "Dee", "Eli"];

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::All), Just(Policy::Any), (1u32..=5).prop_map(|count| Policy::AtLeast { count })]
}

/// What can happen to a request.
#[derive(Clone, Debug)]
enum Move {
    Answer(usize, Answer),
    Edit(BTreeSet<usize>),
    Resend(Option<usize>),
    Cancel,
}

fn moves() -> impl Strategy<Value = Move> {
    let answer = prop_oneof![
        4 => Just(Answer::Verdict(Verdict::Approve)),
        2 => Just(Answer::Verdict(Verdict::Reject)),
        1 => Just(Answer::Feedback),
    ];
    prop_oneof![
        6 => (0..NAMES.len(), answer).prop_map(|(who, answer)| Move::Answer(who, answer)),
        3 => prop::collection::btree_set(0..NAMES.len(), 0..=5).prop_map(Move::Edit),
        1 => prop::option::of(0..NAMES.len()).prop_map(Move::Resend),
        1 => Just(Move::Cancel),
    ]
}

proptest! {
    #[test]
    fn every_step_leaves_the_status_that_the_rule_gives(
        policy in policy(),
        begin in prop::collection::btree_set(0..NAMES.len(), 1..=5),
        steps in prop::collection::vec(moves(), 0..20),
    ) {
        let names: Vec<&str> = begin.iter().map(|at| NAMES[*at]).collect();
        let Ok(mut own) = Request::create(draft(&names, policy), &Allowed::default(), NOW) else { return Ok(()) };
        // Kept beside it: who is asked and what they said, as somebody would note it down by hand.
        let mut book: Vec<(&str, Option<bool>)> = names.iter().map(|name| (*name, None)).collect();
        let mut deleted = false;
        for (at, step) in (0i64..).zip(steps) {
            let (before, now) = (own.clone(), NOW + at * SAME_RESEND);
            let was_open = own.status().is_open();
            match step {
                Move::Answer(who, verdict) => {
                    let done = own.answer(&address(NAMES[who]), verdict, Some("w"), true, &Allowed::default(), now);
                    if done == Ok(Answered::Recorded) {
                        let line = book.iter_mut().find(|(name, _)| *name == NAMES[who]).unwrap();
                        prop_assert_eq!(line.1.replace(verdict == Answer::Verdict(Verdict::Approve)), None);
                    } else if done != Ok(Answered::Noted) {
                        prop_assert_eq!(&own, &before);
                    }
                }
                Move::Edit(who) => {
                    let names: Vec<&str> = who.iter().map(|at| NAMES[*at]).collect();
                    match own.edit(&people(&names), None, &Allowed::default(), now) {
                        Ok(true) => {
                            book.retain(|(name, _)| names.contains(name));
                            for name in names {
                                if book.iter().all(|(own, _)| *own != name) {
                                    book.push((name, None));
                                }
                            }
                        }
                        _ => prop_assert_eq!(&own, &before),
                    }
                }
                Move::Resend(who) => {
                    let id = who.map(|at| format!("r{}", at + 1));
                    if own.resend(id.as_deref(), None, now).is_err() {
                        prop_assert_eq!(&own, &before);
                    }
                }
                Move::Cancel => deleted |= own.cancel(None, now) == Ok(true),
            }
            let count = |wanted| u32::try_from(book.iter().filter(|(_, said)| *said == wanted).count()).unwrap();
            let (yes, no) = (count(Some(true)), count(Some(false)));
            let counts = Counts { all: u32::try_from(book.len()).unwrap(), approved: yes, declined: no };
            let wanted = if deleted { RequestStatus::Cancelled } else { counts.status(policy) };
            prop_assert_eq!(own.status(), wanted);
            prop_assert!(was_open || own.status() == before.status(), "what is over stays as it is");
            prop_assert!(own.activity.starts_with(&before.activity), "history is only added to");
            let ends = own.activity.iter().filter(|event| event.recipient.is_none() && is_end(event.what)).count();
            prop_assert_eq!(ends, usize::from(!own.status().is_open()), "the end is noted once");
            for (old, new) in before.recipients.iter().zip(&own.recipients) {
                prop_assert_eq!((&old.id, &old.email), (&new.id, &new.email));
                prop_assert!(new.asked_at >= old.asked_at && new.round >= old.round);
                prop_assert!(new.round == old.round || new.asked_at > old.asked_at, "a new round is a new sending");
            }
        }
    }

    #[test]
    fn any_counts_have_one_status(policy in policy(), all in 0u32.., approved in 0u32.., declined in 0u32..) {
        let _ = Counts { all, approved, declined }.status(policy);
    }
}

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = orders(last);
    shorter.iter().flat_map(|order| (0..count).map(|at| [&order[..at], &[last], &order[at..]].concat())).collect()
}

#[test]
fn a_full_set_of_answers_has_one_outcome_in_every_order() {
    for count in 1..=4 {
        let names = &NAMES[..count];
        for policy in [Policy::All, Policy::Any].into_iter().chain((1..=4).map(|count| Policy::AtLeast { count })) {
            for said in 0..1usize << count {
                let mut ends = BTreeSet::new();
                for order in orders(count) {
                    let Ok(mut own) = Request::create(draft(names, policy), &Allowed::default(), NOW) else { continue };
                    for who in order {
                        if (said >> who) & 1 == 1 {
                            approve(&mut own, names[who])
                        } else {
                            decline(&mut own, names[who])
                        };
                    }
                    assert!(!own.status().is_open());
                    ends.insert(own.status());
                }
                assert!(ends.len() <= 1, "{policy:?} {said:b}: {ends:?}");
            }
        }
    }
}

#[test]
fn approved_and_declined_never_hold_together_and_one_person_is_a_plain_yes_or_no() {
    for policy in [Policy::All, Policy::Any].into_iter().chain((1..=5).map(|count| Policy::AtLeast { count })) {
        for all in 1..=5u32 {
            for approved in 0..=all {
                for declined in 0..=all - approved {
                    let (need, counts) = (policy.need(all), Counts { all, approved, declined });
                    assert!(need > all || !(approved >= need && declined > all - need), "{counts:?}");
                }
            }
        }
        if policy.need(1) == 1 {
            let one = |approved, declined| Counts { all: 1, approved, declined }.status(policy);
            assert_eq!((one(1, 0), one(0, 1)), (RequestStatus::Approved, RequestStatus::Declined));
        }
    }
}
