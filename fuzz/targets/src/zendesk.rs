//! Answers of Zendesk.

use approval_logic::approval::{ApprovalId, Ticket, TicketKind, is_id_segment};
use approval_logic::http::{CallError, Method};
use approval_logic::zendesk::{self, Assignee, Request};

use crate::{message, rules};

fn bare() -> Ticket {
    Ticket {
        kind: TicketKind::Ticket,
        id: "5120".to_owned(),
        number: "5120".to_owned(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

fn read<T>(result: Result<T, CallError>) -> Option<T> {
    result.inspect_err(rules::error).ok()
}

fn request(request: &Request) {
    assert!(is_id_segment(&request.id) && request.ticket.as_deref().is_none_or(is_id_segment), "{request:?}");
    if let Some(Assignee::User(id) | Assignee::Group(id)) = &request.assignee {
        assert!(is_id_segment(id), "{request:?}");
    }
    let approval = request.approval(None, None, bare().into()).expect("its id is good");
    assert_eq!(approval.id.to_string().parse::<ApprovalId>().as_ref(), Ok(&approval.id));
    for detail in &approval.details {
        assert!(detail.value.chars().count() <= 1000 && !detail.value.chars().any(rules::is_hidden), "{detail:?}");
    }
}

/// One answer to every call that is made: which one it belongs to is not in it.
pub fn zendesk_answer(input: &[u8]) {
    let response = message::answer(input);
    for method in [Method::Get, Method::Post] {
        read(zendesk::classify(method, &response));
    }
    read(zendesk::read_page(&response)).iter().flat_map(|page| &page.requests).for_each(request);
    if let Some(shown) = read(zendesk::read_request("01JZ", &response)) {
        assert_eq!(shown.id, "01JZ", "a decision rests on it");
        request(&shown);
    }
    read(zendesk::read_create(&response)).iter().for_each(request);
    let taken = read(zendesk::read_decision(&response));
    assert!(taken.is_none() || response.is_success(), "HTTP {} is no success", response.status);
    let users = read(zendesk::read_users(&response)).map(|read| read.users).unwrap_or_default();
    let me = read(zendesk::read_me(&response)).flatten();
    users.iter().chain(&me).for_each(|user| assert!(is_id_segment(&user.id), "{user:?}"));
    let members = read(zendesk::read_members(&response)).map(|read| read.users).unwrap_or_default();
    let groups = read(zendesk::read_groups(&response)).unwrap_or_default();
    assert!(members.iter().chain(&groups).all(|id| is_id_segment(id)));
    let tickets = read(zendesk::read_tickets(&response)).map(|read| read.tickets).unwrap_or_default();
    tickets.iter().for_each(|facts| rules::ticket(TicketKind::Ticket, &facts.ticket));
}
