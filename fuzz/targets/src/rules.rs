//! Rules about what the decoders give: the rest of the program relies on them.

use approval_logic::approval::{Approval, ApprovalId, Ticket, TicketKind, is_id_segment};
use approval_logic::http::CallError;

/// Characters that people cannot see, or that turn a line round.
pub(crate) fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' | '\u{2028}' | '\u{2029}')
}

/// A line for people: something to see, on one line, of bounded length.
fn line(text: Option<&str>) {
    let text = text.unwrap_or("a");
    assert!(!text.is_empty() && text.chars().count() <= 300, "{text:?}");
    assert!(!text.chars().any(|c| c == '\n' || is_hidden(c)), "{text:?}");
}

pub(crate) fn ticket(kind: TicketKind, ticket: &Ticket) {
    assert_eq!(ticket.kind, kind);
    assert!(is_id_segment(&ticket.id), "an id that could leave its path: {ticket:?}");
    line(Some(&ticket.number));
    line(ticket.title.as_deref());
    line(ticket.priority.as_deref());
    let description = ticket.description.as_deref().unwrap_or_default();
    assert!(description.chars().count() <= 1000 && !description.chars().any(is_hidden), "{description:?}");
}

pub(crate) fn approval(approval: &Approval) {
    let id = &approval.id;
    assert!([id.ticket(), id.level(), id.approval()].into_iter().all(is_id_segment), "{id:?}");
    assert_eq!(id.to_string().parse::<ApprovalId>().as_ref(), Ok(id));
    for person in [&approval.approver, &approval.original_approver, &approval.decided_by].into_iter().flatten() {
        assert!(person.label().is_some(), "a person without anything: {person:?}");
        line(person.label());
    }
    assert!([approval.sent_at, approval.decided_at].into_iter().flatten().all(|time| time > 0));
}

/// What went wrong is one bounded line, whatever the vendor wrote, and has a code of ours.
pub(crate) fn error(error: &CallError) {
    let (code, message) = (error.code(), error.message());
    assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code}");
    assert!(!message.is_empty() && message.chars().count() <= 500, "{message}");
    assert!(!message.chars().any(|c| c == '\n' || is_hidden(c)), "{message:?}");
}
