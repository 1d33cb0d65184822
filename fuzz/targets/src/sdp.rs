//! Answers of ServiceDesk Plus and of Zoho's accounts server.

use approval_logic::approval::{ApprovalId, Millis, Ticket, TicketKind};
use approval_logic::http::{CallError, HttpResponse, Method};
use approval_logic::sdp::{self, Level, StatusNames, token};

use crate::{message, rules};

const NOW: Millis = 1_764_000_000_000;

fn bare(kind: TicketKind) -> Ticket {
    Ticket {
        kind,
        id: "874".to_owned(),
        number: "874".to_owned(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

/// What was read, or nothing after a look at the error.
fn read<T>(result: Result<T, CallError>) -> Option<T> {
    result.inspect_err(rules::error).ok()
}

fn answer(input: &[u8]) -> (StatusNames, HttpResponse) {
    (StatusNames::default(), message::answer(input))
}

/// A page of tickets, of each module.
pub fn sdp_page(input: &[u8]) {
    let (names, response) = answer(input);
    for kind in TicketKind::MODULES {
        let Some(page) = read(sdp::read_page(kind, &names, &response)) else { continue };
        page.tickets.iter().for_each(|listed| rules::ticket(kind, &listed.ticket));
    }
}

/// One ticket, of each module.
pub fn sdp_ticket(input: &[u8]) {
    let (_, response) = answer(input);
    for kind in TicketKind::MODULES {
        let Some(ticket) = read(sdp::read_ticket(kind, &response)) else { continue };
        rules::ticket(kind, &ticket);
    }
}

/// The levels of a ticket, with the approvals that some editions put into them.
pub fn sdp_levels(input: &[u8]) {
    let (names, response) = answer(input);
    let ticket = bare(TicketKind::Request).into();
    let Some(levels) = read(sdp::read_levels(&names, &|_| Some(&ticket), &response)) else { return };
    for level in &levels.levels {
        assert!(approval_logic::approval::is_id_segment(&level.id), "{level:?}");
        level.approvals.iter().flat_map(|read| &read.approvals).for_each(rules::approval);
    }
}

/// The approvals of a level, on one that is asked now and on one that is not.
pub fn sdp_approvals(input: &[u8]) {
    let (names, response) = answer(input);
    for live in [true, false] {
        let level = Level { id: "77".to_owned(), number: None, live, approvals: None };
        let result = sdp::read_approvals(&names, &bare(TicketKind::Change).into(), &level, &response);
        let Some(approvals) = read(result) else { continue };
        approvals.approvals.iter().for_each(rules::approval);
        let waits = approvals.approvals.iter().any(|approval| approval.status.name() == "pending");
        assert!(live || !waits, "nobody is asked on a level that is over");
    }
}

/// One approval. A decision rests on it, so it is the one that was asked for or none.
pub fn sdp_approval(input: &[u8]) {
    let (names, response) = answer(input);
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").expect("a proper id");
    if let Some(approval) = read(sdp::read_approval(&names, &bare(TicketKind::Request).into(), &id, &response)) {
        assert_eq!(approval.id, id);
        rules::approval(&approval);
    }
    let _ = sdp::read_status_name(&response);
}

/// Whether a change has approvals at all.
pub fn sdp_summary(input: &[u8]) {
    read(sdp::read_summary(&message::answer(input)));
}

/// The answer to a decision, and the classes of the same answer to a read and to a write.
pub fn sdp_decision(input: &[u8]) {
    let response = message::answer(input);
    let taken = read(sdp::read_decision(&response));
    assert!(taken.is_none() || response.is_success(), "HTTP {} is no success", response.status);
    for method in [Method::Get, Method::Put] {
        read(sdp::classify(method, &response));
    }
}

/// Zoho's answer to a token call. The token is the only thing that may come out of it as it went in.
pub fn sdp_token(input: &[u8]) {
    let response = message::answer(input);
    let Some(token) = read(token::read(&response, NOW)) else { return };
    assert!(response.is_success() && !token.token.is_empty());
    assert!((NOW..=NOW + 86_400_000).contains(&token.expires_at), "{}", token.expires_at);
}
