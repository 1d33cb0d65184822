//! The rules of managed requests. A wrong implementation would close a request too early or never, ask somebody twice or
//! not at all, count an answer of a person who is no longer asked, or let the order of answers decide the outcome.

mod answers;
mod edits;
mod notes;
mod orders;
mod resends;
mod tables;
mod views;

use super::*;
use crate::approval::Verdict;

const NOW: Millis = 1_795_100_000_000;

fn person(name: &str, email: &str) -> Person {
    Person { name: Some(name.to_owned()), email: Some(email.to_owned()) }
}

/// `Ana, Bo, Cy …` as people.
fn people(names: &[&str]) -> Vec<Person> {
    names.iter().map(|name| person(name, &address(name))).collect()
}

fn address(name: &str) -> String {
    format!("{}@corp.example", name.to_lowercase())
}

fn facts() -> Facts {
    let ticket = Ticket {
        kind: TicketKind::Ticket,
        id: "874".to_owned(),
        number: "874".to_owned(),
        title: Some("New laptop".to_owned()),
        description: Some("The old one is broken.".to_owned()),
        requester: Some(person("Sam", "sam@corp.example")),
        priority: Some("High".to_owned()),
        link: None,
    };
    Facts { ticket, thread: Vec::new() }
}

fn draft(names: &[&str], policy: Policy) -> Draft {
    Draft {
        id: "q1".to_owned(),
        desk: HelpDesk::Atera,
        facts: facts(),
        asked_by: Some("tess@corp.example".to_owned()),
        recipients: people(names),
        policy,
        subject: "A new laptop".to_owned(),
        message: "The budget is there.".to_owned(),
    }
}

fn request(names: &[&str], policy: Policy) -> Request {
    Request::create(draft(names, policy), &Allowed::default(), NOW).unwrap()
}

fn answer(request: &mut Request, name: &str, answer: Answer) -> Answered {
    request.answer(&address(name), answer, Some("because"), true, &Allowed::default(), NOW + 5_000).unwrap()
}

fn approve(request: &mut Request, name: &str) -> Answered {
    answer(request, name, Answer::Verdict(Verdict::Approve))
}

fn decline(request: &mut Request, name: &str) -> Answered {
    answer(request, name, Answer::Verdict(Verdict::Reject))
}

fn edit(request: &mut Request, names: &[&str]) -> Result<bool, Refusal> {
    request.edit(&people(names), Some("tess@corp.example"), &Allowed::default(), NOW + 10_000)
}

fn asked(request: &Request) -> Vec<&str> {
    request.asked().map(Recipient::label).collect()
}

fn deeds(request: &Request, from: usize) -> Vec<(Deed, Option<&str>, Option<&str>)> {
    let lines = request.activity.iter().skip(from);
    lines.map(|event| (event.what, event.by.as_deref(), event.recipient.as_deref())).collect()
}
