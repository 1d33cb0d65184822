//! The routes, each described by a function of its name. The sentences are those of the README.

use serde_json::json;

use super::super::{approvals, asking, audit, console as own_console, decisions, gateway, outbox, requests, sweeps};
use super::about::About;
use super::answers::{AUDIT_FAILURE, DECISIONS, rate_limit, unmapped};
use super::schema::{list, object, reference, text, word};

pub(in crate::routes) fn health() -> About {
    let health = object("", [("status", word(&["ok"]), ""), ("version", text(), "")]);
    About::open("service", "Whether the bridge runs; needs no token")
        .json(200, "It runs", health)
        .example(200, json!({ "status": "ok", "version": "0.1.0" }))
}

pub(in crate::routes) fn openapi() -> About {
    About::new("service", "This document").json(200, "OpenAPI 3.1", super::schema::free())
}

pub(in crate::routes) fn console() -> About {
    About::page("A page for people: pending, last sweeps, outbox, settings, card preview").query(own_console::QUERY)
}

/// What the host adds to an answer about a sweep, whichever it is.
const SWEEP: &str = "The id that the sweep has in the log; only where the command `approval-bridge` serves";

pub(in crate::routes) fn poll() -> About {
    About::new("sweeps", "One sweep; the report").query(sweeps::POLL).json(
        200,
        "What it did. A source that failed is in its `errors`",
        reference("Report"),
    )
}

pub(in crate::routes) fn hint() -> About {
    let noted = object("", [("status", word(&["noted"]), ""), ("message", text(), "")]);
    About::new("sweeps", "Look at this ticket now")
        .body(&sweeps::HINT, json!({ "source": "sdp", "module": "requests", "ticket_id": "874" }))
        .json(200, "What was found", reference("Report"))
        .header(200, "approval-bridge-sweep", text(), SWEEP)
        .json(202, "A sweep is running; the ticket will be looked at in the next one", noted)
}

pub(in crate::routes) fn list_approvals() -> About {
    let page = object(
        "A page",
        [
            ("approvals", list(reference("Approval")), ""),
            ("cursor", super::schema::or_null(text()), "For the next page; null: there is none"),
        ],
    );
    About::new("approvals", "What is known, from the ledger; no vendor call")
        .query(approvals::LIST)
        .json(200, "A page", page)
}

pub(in crate::routes) fn approval() -> About {
    About::new("approvals", "One, with its card").json(200, "The approval", reference("Approval")).refused(404)
}

/// Each outcome of a decision has its own status.
fn decision(summary: &'static str, example: serde_json::Value) -> About {
    let about = About::new("decisions", summary).body_of(reference("Decide"), example);
    DECISIONS.into_iter().fold(about, |about, status| about.shared(status, "Decision"))
}

/// An answer about something that belongs into the audit trail.
fn with_note(about: About, status: u16) -> About {
    let (name, meaning) = AUDIT_FAILURE;
    about.header(status, name, text(), meaning)
}

pub(in crate::routes) fn approve() -> About {
    decision("Approve", json!({ "approver": "gwen.tamm@corp.example" }))
}

pub(in crate::routes) fn reject() -> About {
    decision("Reject", json!({ "approver": "gwen.tamm@corp.example", "comment": "Not this quarter" }))
}

pub(in crate::routes) fn approve_by_sample_address() -> About {
    let summary = "Approve, by the address of Moveworks' published sample program; `id` is the ticket's";
    decision(summary, json!({ "approver": "gwen.tamm@corp.example" })).query(decisions::SAMPLE)
}

pub(in crate::routes) fn reject_by_sample_address() -> About {
    let summary = "Reject, by the address of Moveworks' published sample program; `id` is the ticket's";
    decision(summary, json!({ "approver": "gwen.tamm@corp.example" })).query(decisions::SAMPLE)
}

pub(in crate::routes) fn ask_at_zendesk() -> About {
    let asked = object(
        "",
        [
            ("id", text(), "The approval, for the addresses of this API"),
            ("request_id", text(), "Zendesk's own id"),
            ("ticket_id", text(), ""),
            ("status", word(&["pending"]), ""),
        ],
    );
    let example = json!({
        "ticket_id": 35_436, "subject": "A new laptop", "message": "The budget is there.",
        "assignee_user_id": 361_234_567_890_u64,
    });
    About::new("requests", "Asks in Zendesk")
        .body(&asking::NEW, example)
        .json(201, "Asked", asked)
        .refused(422)
        .refused(502)
}

pub(in crate::routes) fn notify() -> About {
    let accepted =
        object("", [("status", word(&["accepted"]), ""), ("ids", list(text()), "Event ids, one for each person")]);
    let example = json!({ "message": "The maintenance is over.", "recipients": ["gwen.tamm@corp.example"] });
    About::new("messages", "A message through the outbox").body(&outbox::NOTIFICATION, example).json(
        202,
        "It is in the outbox",
        accepted,
    )
}

pub(in crate::routes) fn list_outbox() -> About {
    let messages = object("", [("messages", list(reference("Message")), "")]);
    About::new("messages", "Messages that wait, and those that were given up").json(200, "All of them", messages)
}

pub(in crate::routes) fn retry() -> About {
    let waiting = object("", [("status", word(&["waiting"]), ""), ("id", text(), "")]);
    let about = About::new("messages", "Takes up a message again that was given up")
        .json(200, "It waits for the next sweep", waiting)
        .refused(404);
    with_note(about, 200)
}

pub(in crate::routes) fn audit() -> About {
    About::new("service", "The audit trail as JSON lines, each with the hash of the one before")
        .query(audit::AFTER)
        .text(200, "A page; one without lines is the end", audit::JSON_LINES)
        .header(200, "approval-bridge-audit-begin", text(), "`{number}:{hash}` that the first line left continues")
        .header(200, "approval-bridge-audit-end", text(), "`{number}:{hash}` of the last line")
}

pub(in crate::routes) fn metrics() -> About {
    About::new("service", "OpenMetrics text").text(200, "All series", approval_logic::metrics::CONTENT_TYPE)
}

/// A route of the requests that the bridge keeps.
fn kept(summary: &'static str) -> About {
    [404, 409, 422].into_iter().fold(About::new("requests", summary), About::refused)
}

fn recipients() -> serde_json::Value {
    json!([{ "name": "Gwen Tamm", "email": "gwen.tamm@corp.example" }])
}

pub(in crate::routes) fn create_request() -> About {
    let example = json!({
        "source": "atera", "ticket_id": "1042", "recipients": recipients(), "policy": { "rule": "all" },
        "subject": "A new laptop", "message": "The budget is there.",
    });
    let about = kept("Asks people about a ticket; the bridge keeps the request")
        .body(&requests::CREATE, example)
        .json(201, "They are asked", reference("ApprovalRequest"))
        .refused(502);
    with_note(about, 201)
}

pub(in crate::routes) fn request() -> About {
    About::new("requests", "A request that the bridge keeps")
        .json(200, "The request", reference("ApprovalRequest"))
        .refused(404)
}

pub(in crate::routes) fn edit_request() -> About {
    let about = kept("Changes the recipients: only the newly added hear of it, and an empty list cancels")
        .body(&requests::EDIT, json!({ "recipients": recipients() }))
        .json(200, "The request as it is now", reference("ApprovalRequest"))
        .refused(502);
    with_note(about, 200)
}

pub(in crate::routes) fn cancel_request() -> About {
    let about = kept("Cancels a request").query(requests::CANCEL);
    with_note(about.json(200, "The request as it is now", reference("ApprovalRequest")), 200)
}

pub(in crate::routes) fn resend_request() -> About {
    let about = kept("Asks again who has not answered").query(requests::RESEND);
    with_note(about.json(200, "The request as it is now", reference("ApprovalRequest")).refused(502), 200)
}

pub(in crate::routes) fn respond() -> About {
    let example = json!({ "approver": "gwen.tamm@corp.example", "answer": "decline", "comment": "Not this quarter" });
    let about = About::new("requests", "An answer, by the address of the person").body(&requests::ANSWER, example);
    let outcomes = DECISIONS.into_iter().filter(|status| ![425, 502].contains(status));
    outcomes.fold(about, |about, status| about.shared(status, "Decision"))
}

/// A route of the Ticket Gateway.
fn gateway(summary: &'static str) -> About {
    [404, 429, 502].into_iter().fold(About::new("gateway", summary), About::refused)
}

/// Fields of a ticket. Their names are Moveworks' and those that the tenant has added, so this cannot be closed.
fn payload() -> super::schema::Described {
    let about = "Fields in Moveworks' names (`short_description`, `description`, `state` …) and those of \
        `gateway_fields`, at least one; with them may come `requestor` and `destination`";
    super::schema::described(super::schema::free(), about)
}

pub(in crate::routes) fn list_tickets() -> About {
    let page = object(
        "A page",
        [
            ("tickets", list(reference("Ticket")), ""),
            ("cursor?", text(), "For the next page, if there is one"),
            unmapped(),
        ],
    );
    let about = gateway("Tickets of a help desk by when they last changed, or of one person");
    let about = about.query(gateway::QUERY).json(200, "A page", page);
    rate_limit().into_iter().fold(about, |about, (name, schema, meaning)| about.header(200, name, schema, meaning))
}

pub(in crate::routes) fn ticket() -> About {
    gateway("One ticket, with what was said on it").shared(200, "Ticket")
}

pub(in crate::routes) fn create_ticket() -> About {
    let example = json!({ "short_description": "A new laptop", "requestor": "gwen.tamm@corp.example" });
    gateway("A new ticket").body_of(payload(), example).shared(201, "Ticket")
}

pub(in crate::routes) fn update_ticket() -> About {
    gateway("Changes a ticket")
        .body_of(payload(), json!({ "short_description": "Two new laptops" }))
        .shared(200, "Ticket")
}

pub(in crate::routes) fn comment_on_ticket() -> About {
    let example = json!({ "text": "It has been ordered.", "public": true });
    gateway("Says something on a ticket").body(&gateway::COMMENT, example).shared(201, "Ticket")
}

pub(in crate::routes) fn attach_to_ticket() -> About {
    let example = json!({ "file_name": "offer.txt", "content": "T25lIGxhcHRvcA==" });
    gateway("Attaches a file of about 750 KiB at most").body(&gateway::ATTACHMENT, example).shared(201, "Ticket")
}

pub(in crate::routes) fn resolve_ticket() -> About {
    let example = json!({ "close_notes": "It has been delivered." });
    gateway("Resolves a ticket").maybe_body(&gateway::RESOLUTION, example).shared(200, "Ticket")
}

pub(in crate::routes) fn reopen_ticket() -> About {
    gateway("Reopens a ticket").maybe_body(&gateway::REOPENING, json!({})).shared(200, "Ticket")
}

pub(in crate::routes) fn assign_ticket() -> About {
    gateway("Gives a ticket to a group")
        .body(&gateway::ASSIGNMENT, json!({ "group": "Hardware" }))
        .shared(200, "Ticket")
}
