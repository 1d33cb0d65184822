//! Answers of Atera.

use approval_logic::approval::TicketKind;
use approval_logic::atera::{self, Comment};
use approval_logic::http::{CallError, Method};

use crate::{message, rules};

fn read<T>(result: Result<T, CallError>) -> Option<T> {
    result.inspect_err(rules::error).ok()
}

/// One answer to every call that is made: which one it belongs to is not in it.
pub fn atera_answer(input: &[u8]) {
    let response = message::answer(input);
    let ticket = read(atera::read_ticket(&response));
    let page = read(atera::read_tickets(&response));
    let listed = page.iter().flat_map(|page| &page.items);
    ticket.iter().chain(listed).for_each(|ticket| rules::ticket(TicketKind::Ticket, ticket));
    if let Some(page) = &page {
        assert!(!page.more || !page.items.is_empty() || !page.refused.is_empty(), "an endless list of nothing");
    }
    if let Some(comments) = read(atera::read_comments(&response)) {
        comments.items.iter().for_each(comment);
        let noted = atera::holds(&comments.items, "[approval-bridge 01JZ]");
        assert!(!noted || comments.items.iter().any(|comment| comment.internal), "anybody's words count as our note");
    }
    if let Some(person) = read(atera::read_contact(&response, "ana@corp.example")).flatten() {
        assert!(person.has_address("ana@corp.example"), "{person:?}");
    }
    let taken = [Method::Post, Method::Put].map(|method| read(atera::read_written(method, &response)));
    assert!(taken.iter().all(Option::is_none) || response.is_success(), "HTTP {} is no success", response.status);
}

fn comment(comment: &Comment) {
    assert!(!comment.text.chars().any(rules::is_hidden), "{comment:?}");
    assert!(comment.at.is_none_or(|at| at >= 0), "{comment:?}");
    assert!(comment.by.as_ref().is_none_or(|by| by.label().is_some()), "{comment:?}");
}
