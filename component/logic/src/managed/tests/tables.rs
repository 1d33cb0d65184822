//! The rule as two golden tables: every combination of counts, and every step from every state.
//!
//! `BLESS=1 cargo test -p approval-logic managed` writes the expected files anew; read the diff before committing.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;

fn policies() -> Vec<(String, Policy)> {
    let mut policies = vec![("all".to_owned(), Policy::All), ("any".to_owned(), Policy::Any)];
    policies.extend((1..=5).map(|count| (format!("at least {count}"), Policy::AtLeast { count })));
    policies
}

fn short(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::PendingApproval => "pending",
        RequestStatus::PartiallyApproved => "partially",
        RequestStatus::Approved => "APPROVED",
        RequestStatus::Declined => "DECLINED",
        RequestStatus::Cancelled => "CANCELLED",
    }
}

fn is_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/managed").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} is not as expected; BLESS=1 accepts\n{actual}", path.display());
}

fn lined(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
            let _ = write!(text, "{cell:width$}  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[test]
fn every_combination_of_counts_has_the_status_of_the_rule() {
    let mut rows = vec![["asked", "approved", "declined"].map(str::to_owned).to_vec()];
    rows[0].extend(policies().into_iter().map(|(name, _)| name));
    for all in 0..=5u32 {
        for approved in 0..=all {
            for declined in 0..=all - approved {
                let mut row = [all, approved, declined].map(|count| count.to_string()).to_vec();
                // A count that these people cannot reach is never let in.
                let status = |policy: Policy| match policy {
                    Policy::AtLeast { count } if all > 0 && count > all => "-",
                    _ => short(Counts { all, approved, declined }.status(policy)),
                };
                row.extend(policies().into_iter().map(|(_, policy)| status(policy).to_owned()));
                rows.push(row);
            }
        }
    }
    is_golden("statuses.txt", &lined(&rows));
}

/// A request with so many answers; none where it ends before they are all given.
fn reached(all: usize, yes: usize, no: usize, policy: Policy) -> Option<Request> {
    let names = &["Ana", "Bo", "Cy"][..all];
    let made = Request::create(draft(names, policy), &Allowed::default(), NOW).ok()?;
    [true, false].into_iter().find_map(|yes_first| {
        let mut own = made.clone();
        let answers = names.iter().enumerate().take(yes + no);
        let mut answers: Vec<(&str, bool)> = answers.map(|(at, name)| (*name, at < yes)).collect();
        if !yes_first {
            answers.reverse();
        }
        let all_taken = answers.into_iter().all(|(name, says_yes)| {
            let said = if says_yes { approve(&mut own, name) } else { decline(&mut own, name) };
            said == Answered::Recorded
        });
        all_taken.then_some(own)
    })
}

fn outcome(own: &Request, step: impl FnOnce(&mut Request) -> String) -> String {
    let mut own = own.clone();
    let said = step(&mut own);
    if said.is_empty() { short(own.status()).to_owned() } else { said }
}

fn taken(answered: Answered) -> String {
    match answered {
        Answered::Recorded | Answered::Noted => String::new(),
        Answered::Repeated => "repeated".to_owned(),
        Answered::Otherwise(_) => "otherwise".to_owned(),
        Answered::Closed(_) => "closed".to_owned(),
        Answered::Removed => "removed".to_owned(),
        Answered::NotAsked => "not asked".to_owned(),
        Answered::NeedsComment => "needs comment".to_owned(),
    }
}

fn changed<T>(result: Result<T, Refusal>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(Refusal::Closed(_)) => "closed".to_owned(),
        Err(Refusal::CountTooHigh { .. }) => "too few".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_step_from_every_state_leads_where_the_rule_says() {
    let steps = [
        "policy",
        "asked",
        "yes",
        "no",
        "status",
        "approve",
        "decline",
        "feedback",
        "yes again",
        "yes, now no",
        "no again",
        "no, now yes",
        "add",
        "remove pending",
        "remove yes",
        "remove no",
        "remove all",
        "resend",
        "delete",
    ];
    let mut rows = vec![steps.map(str::to_owned).to_vec()];
    for (name, policy) in policies().into_iter().take(5) {
        for all in 1..=3 {
            for (yes, no) in (0..=all).flat_map(|yes| (0..=all - yes).map(move |no| (yes, no))) {
                let Some(own) = reached(all, yes, no, policy) else { continue };
                let who = |state| own.asked().find(|one| one.state == state).map(|one| one.label().to_owned());
                let (waits, said_yes, said_no) = (who(State::Pending), who(State::Approved), who(State::Declined));
                let says = |person: &Option<String>, given: Answer| match person {
                    Some(person) => outcome(&own, |own| taken(answer(own, person, given))),
                    None => "-".to_owned(),
                };
                let without = |person: &Option<String>| match person {
                    Some(person) => outcome(&own, |own| {
                        let left: Vec<String> =
                            asked(own).into_iter().filter(|name| name != person).map(str::to_owned).collect();
                        let left: Vec<&str> = left.iter().map(String::as_str).collect();
                        changed(edit(own, &left))
                    }),
                    None => "-".to_owned(),
                };
                let (approves, declines) = (Answer::Verdict(Verdict::Approve), Answer::Verdict(Verdict::Reject));
                let more = outcome(&own, |own| {
                    let mut names: Vec<String> = asked(own).into_iter().map(str::to_owned).collect();
                    names.push("Dee".to_owned());
                    changed(edit(own, &names.iter().map(String::as_str).collect::<Vec<_>>()))
                });
                let mut row = vec![name.clone(), all.to_string(), yes.to_string(), no.to_string()];
                row.push(short(own.status()).to_owned());
                row.extend([says(&waits, approves), says(&waits, declines), says(&waits, Answer::Feedback)]);
                row.extend([says(&said_yes, approves), says(&said_yes, declines)]);
                row.extend([says(&said_no, declines), says(&said_no, approves)]);
                row.extend([more, without(&waits), without(&said_yes), without(&said_no)]);
                row.push(outcome(&own, |own| changed(edit(own, &[]))));
                row.push(outcome(&own, |own| changed(own.resend(None, None, NOW))));
                row.push(outcome(&own, |own| changed(own.cancel(None, NOW))));
                rows.push(row);
            }
        }
    }
    is_golden("steps.txt", &lined(&rows));
}
