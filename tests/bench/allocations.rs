//! The heap blocks that the pure part takes to announce approvals, natively: the same work as is counted in fuel. A
//! program of its own, because what counts them is the allocator of a whole program.
//!
//! `allocations 200` prints an array: to read so many approvals from answers, to compare them with an empty ledger, to
//! write a card for each, and to compare them with a ledger that has them as they are.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a mistake in what is counted should stop it")]

use allocation_counter::measure;
use approval_bridge_tests::harness::level;
use approval_logic::approval::Approval;
use approval_logic::card::{CardKind, CardStyle, render};
use approval_logic::diff::{Entry, Said, TicketSnapshot, diff, diff_owned};
use approval_logic::http::HttpResponse;
use approval_logic::sdp::{Level, StatusNames, read_approvals};

fn announced(approval: Approval) -> Entry {
    Entry {
        approval,
        round: 1,
        said: Said::Announced,
        first_seen: 0,
        announced_at: Some(0),
        told_at: Some(0),
        end_told: 0,
        reminders: 0,
        closed_at: None,
        decision: None,
    }
}

fn main() {
    let approvals = std::env::args().nth(1).and_then(|count| count.parse().ok()).expect("how many approvals");
    let (ticket, names, style) = (level::ticket().into(), StatusNames::default(), CardStyle::default());
    let answers = level::answers(approvals).into_iter().map(|body| HttpResponse::new(200, body));
    let answers: Vec<HttpResponse> = answers.collect();

    let mut read = Vec::with_capacity(approvals);
    let reading = measure(|| {
        for (number, answer) in answers.iter().enumerate() {
            let level = Level { id: number.to_string(), number: Some(1), live: true, approvals: None };
            read.extend(read_approvals(&names, &ticket, &level, answer).expect("an answer without a fault").approvals);
        }
    });
    assert_eq!(read.len(), approvals, "every approval is read");

    let snapshot = [TicketSnapshot { ticket: read[0].id.ticket_ref(), approvals: read.clone(), complete: true }];
    let compare = || assert_eq!(diff_owned(&[], snapshot.into()).len(), approvals, "every approval is new");
    let comparing = measure(compare);

    let rendering = measure(|| {
        for approval in &read {
            assert!(render(approval, &CardKind::Pending, &style).to_markdown().contains("Projector"));
        }
    });

    let known: Vec<Entry> = read.into_iter().map(announced).collect();
    let again = known.iter().map(|entry| entry.approval.clone()).collect();
    let snapshot = [TicketSnapshot { ticket: known[0].approval.id.ticket_ref(), approvals: again, complete: true }];
    let comparing_again = measure(|| assert_eq!(diff(&known, &snapshot), [], "nothing is news"));

    let parts = [reading, comparing, rendering, comparing_again];
    println!("{}", serde_json::json!(parts.map(|part| part.count_total)));
}
