//! What the routes answer: the named schemas and the refusals that many of them share.

use approval_logic::gateway::InternalState;
use utoipa::PartialSchema;
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, Header, Response, ResponseBuilder};

use super::schema::{
    Described, Property, any_of, complete, count, list, map, named, object, of, or_null, reference, text, time, word,
};
use crate::report::{OutboxReport, Problem, Report, SourceReport};

/// All named schemas and answers.
pub(super) fn components() -> ComponentsBuilder {
    let all = named().into_iter().chain(reports()).chain(approvals()).chain(requests()).chain(tickets());
    let components = all.fold(ComponentsBuilder::new(), |components, (name, schema)| components.schema(name, schema));
    let add = |components: ComponentsBuilder, (name, answer)| components.response(name, answer);
    let shared = refusals().into_iter().chain(decisions()).chain([200, 201].map(whole_ticket));
    shared.fold(components, add)
}

/// JSON, as a media type.
pub(super) const JSON: &str = "application/json";

/// An answer in JSON.
pub(super) fn json(about: &str, schema: Described) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(about).content(JSON, content).build()
}

/// A header of an answer.
pub(super) fn header(schema: Described, about: &str) -> Header {
    let mut header = Header::new(schema);
    header.description = Some(about.to_owned());
    header
}

fn with(mut answer: Response, headers: &[(&str, Described, &str)]) -> Response {
    for (name, schema, about) in headers {
        answer.headers.insert((*name).to_owned(), header(schema.clone(), about));
    }
    answer
}

fn refusals() -> Vec<(String, Response)> {
    let retry = || vec![("Retry-After", count(), "Seconds to wait before it is worth trying again")];
    let refused = |(status, about): (u16, &str)| {
        let headers = match status {
            401 => vec![("WWW-Authenticate", text(), "`Bearer`")],
            405 => vec![("Allow", text(), "The methods that it takes")],
            429 => retry().into_iter().chain(rate_limit()).collect(),
            503 => retry(),
            _ => Vec::new(),
        };
        (format!("Error{status}"), with(json(about, reference("Error")), &headers))
    };
    let all = [
        (400, "The address, a parameter or the body is not as expected; the message names it"),
        (401, "A valid bearer token is required"),
        (404, "It does not exist"),
        (405, "The address does not take this method, so no operation answers it"),
        (409, "It cannot be done as things stand"),
        (413, "The body is larger than 1 MiB"),
        (422, "It is refused as it is; the message says why"),
        (429, "The help desk asks for fewer calls"),
        (500, "The settings are wrong, or the store failed"),
        (502, "The help desk refused or failed"),
        (503, "`api_token` is not set, or the bridge is busy"),
    ];
    all.into_iter().map(refused).collect()
}

/// Why something that belongs into the audit trail is not there.
pub(super) const AUDIT_FAILURE: (&str, &str) =
    ("approval-bridge-audit-failure", "`AUDIT_NOT_WRITTEN`: this is not in the audit trail. Only there if so");

/// Each outcome of a decision has its own status.
pub(super) const DECISIONS: [u16; 9] = [200, 403, 404, 409, 410, 422, 425, 502, 503];

fn decisions() -> Vec<(String, Response)> {
    let decided = |status: u16| {
        let about = match status {
            200 => "`approved`, `rejected`: done now and read back, or this approver had said the same before",
            403 => "`not_approver`: not the live approver, or the action token is bad, expired or somebody else's",
            404 => "`unknown`: there is no such approval",
            409 => "`already_decided`: decided otherwise; carries the status and who",
            410 => "`withdrawn`: no longer asked",
            422 => "`invalid`: a comment is required, or the body is wrong",
            425 => "`not_ready`: not yet sent to its approver",
            502 => "`source_refused`: the help desk said no; its words are in `detail`",
            _ => "`unclear`: the answer was lost and reading back failed too, safe to repeat. Or the bridge is busy",
        };
        // Whoever is told that there is no such request, or that the bridge is busy, hears no outcome.
        let envelope = matches!(status, 404 | 503);
        let schema = if envelope { any_of(&["Decision", "Error"]) } else { reference("Decision") };
        let (name, meaning) = AUDIT_FAILURE;
        let mut headers = vec![(name, text(), meaning)];
        if status == 503 {
            headers.push(("Retry-After", count(), "Seconds to wait before it is worth trying again"));
        }
        (format!("Decision{status}"), with(json(about, schema), &headers))
    };
    DECISIONS.into_iter().map(decided).collect()
}

fn whole_ticket(status: u16) -> (String, Response) {
    let schema = object("", [("ticket", reference("Ticket"), ""), unmapped()]);
    (format!("Ticket{status}"), with(json("The whole ticket", schema), &rate_limit()))
}

/// What a help desk tells of its rate limit, and only where it does.
pub(super) fn rate_limit() -> [(&'static str, Described, &'static str); 3] {
    [
        ("X-RateLimit-Limit", count(), "So many calls in a period, where the help desk tells"),
        ("X-RateLimit-Remaining", count(), "So many of them are left"),
        ("X-RateLimit-Reset", count(), "Seconds until there are more"),
    ]
}

type Named = (&'static str, Described);

fn reports() -> Vec<Named> {
    vec![
        ("Report", complete(Report::schema())),
        ("SourceReport", complete(SourceReport::schema())),
        ("Problem", complete(Problem::schema())),
        ("OutboxReport", complete(OutboxReport::schema())),
    ]
}

const OUTCOMES: &[&str] = &[
    "approved",
    "rejected",
    "already_decided",
    "withdrawn",
    "not_approver",
    "unknown",
    "invalid",
    "not_ready",
    "source_refused",
    "unclear",
    "noted",
];

const STATUS: &str = "`pending`, `not_sent`, `approved`, `rejected`, `delegated`, `awaiting_clarification`, \
    `withdrawn`, or a word of the source's own";

fn approvals() -> Vec<Named> {
    let person = || or_null(reference("Person"));
    let error = || {
        object(
            "What went wrong",
            [("code", text(), "Stable, in upper case"), ("message", text(), "A sentence for people")],
        )
    };
    let decision: Vec<Property> = vec![
        ("outcome", word(OUTCOMES), "How it ended; each has a status of its own"),
        ("message", text(), "A sentence for people"),
        ("approval_id?", text(), "The approval"),
        ("status?", text(), "The approval's status as the source has it, where it could be read"),
        ("decided_by?", or_null(text()), "Who decided"),
        ("source_status?", text(), "The source's own word for the status"),
        ("detail?", text(), "What the source said, where it refused"),
        ("error?", error(), "Where it was not done"),
        ("request_status?", word(REQUEST_STATUS), "Where the request stands now, if it was answered by its address"),
        ("answers?", text(), "The answers so far, in words"),
    ];
    let card: Vec<Property> = vec![
        ("title", text(), ""),
        ("fields", list(object("", [("label", text(), ""), ("value", text(), "")])), "The lines, in order"),
        ("note?", text(), "A sentence below the lines"),
        ("actions", list(object("", [("key", text(), ""), ("label", text(), "")])), "The buttons"),
        ("link?", text(), "Where to look at the ticket"),
        ("text", text(), "The card as plain text"),
        ("moveworks", text(), "The card as Moveworks shows it"),
    ];
    let approval: Vec<Property> = vec![
        ("id", text(), "For the addresses of this API"),
        ("source", text(), "`sdp/requests`, `sdp/changes`, `sdp/releases`, `zendesk`, `managed`"),
        ("ticket_type", word(&["Request", "Change", "Release", "Ticket"]), ""),
        ("ticket_id", text(), "The id at the source"),
        ("ticket_number", text(), "The number that people know"),
        ("title", or_null(text()), ""),
        ("requester", person(), "Whom the ticket is for"),
        ("priority", or_null(text()), ""),
        ("link", or_null(text()), "Where to look at the ticket"),
        ("level", or_null(count()), "The level of the approval, where there are levels"),
        ("approver", person(), "Who is asked"),
        ("original_approver", person(), "Who was asked before it was passed on"),
        ("status", text(), STATUS),
        (
            "said",
            word(&["announced", "baselined", "silenced", "parked", "closed"]),
            "What was done about it; parked is what cannot be told",
        ),
        ("reason?", text(), "Why it is parked"),
        ("round", count(), "Which asking this is, from 1"),
        ("reminders", count(), "How often the approver was reminded"),
        ("sent_at", or_null(time()), "When the source asked"),
        ("first_seen", time(), "When the bridge found it"),
        ("announced_at", or_null(time()), "When the card was handed over"),
        ("closed_at", or_null(time()), "When it was found to be no longer pending"),
        ("decided_by", person(), "Who decided"),
        ("description?", or_null(text()), "Only where one approval was asked for"),
        ("card?", reference("Card"), "Only where one approval was asked for"),
    ];
    let message: Vec<Property> = vec![
        ("id", text(), "The event id"),
        ("state", word(&["waiting", "dead"]), "A dead one was given up"),
        ("about", list(text()), "Approvals"),
        ("recipient", text(), "The address"),
        ("planned_at", time(), ""),
        ("attempts", count(), "How often it was tried"),
        ("not_before", or_null(time()), "When it is tried next"),
        ("last_error", or_null(text()), ""),
    ];
    vec![
        (
            "Error",
            object(
                "Why something was not done",
                [("error", error(), ""), ("detail?", or_null(text()), "What the source said")],
            ),
        ),
        ("Person", object("Somebody, as a help desk names them", [("name?", text(), ""), ("email?", text(), "")])),
        ("Decision", object("How a decision ended", decision)),
        ("Decide", of(&super::super::decisions::DECISION)),
        ("Card", object("What the approver sees", card)),
        ("Approval", object("An approval as it is known", approval)),
        ("Message", object("A message: what it is about, not what it says", message)),
    ]
}

const REQUEST_STATUS: &[&str] = &["pending_approval", "partially_approved", "approved", "declined", "cancelled"];

fn requests() -> Vec<Named> {
    let ticket = object(
        "",
        [("number", text(), ""), ("title", or_null(text()), ""), ("requester", or_null(reference("Person")), "")],
    );
    let policy = object("", [("rule", word(&["all", "any", "at_least"]), ""), ("count?", count(), "")]);
    let feedback = object("", [("at", time(), ""), ("text", text(), "")]);
    let recipient = object(
        "",
        [
            ("id", text(), "For `recipient` when it is sent again"),
            ("approval_id", or_null(text()), "This person's approval"),
            ("name", or_null(text()), ""),
            ("email", text(), ""),
            ("state", word(&["pending", "approved", "declined"]), ""),
            ("round", count(), "Which asking this is, from 1"),
            ("added_at", time(), ""),
            ("removed_at", or_null(time()), "Null: this person is asked"),
            ("asked_at", time(), "When it was last sent"),
            ("times_sent", count(), ""),
            ("answered_at", or_null(time()), ""),
            ("comment", or_null(text()), ""),
            ("feedback", list(feedback), ""),
        ],
    );
    let event = object(
        "",
        [
            ("at", time(), ""),
            ("what", text(), "`created`, `sent`, `approved` …"),
            ("by", or_null(text()), ""),
            ("recipient", or_null(text()), ""),
            ("text", or_null(text()), ""),
        ],
    );
    let request: Vec<Property> = vec![
        ("id", text(), ""),
        ("source", word(&["sdp", "zendesk", "atera"]), "The help desk of the ticket"),
        ("module", word(&["requests", "changes", "releases", "tickets"]), ""),
        ("ticket_id", text(), ""),
        ("ticket", ticket, "What is known of the ticket"),
        ("subject", text(), ""),
        ("message", text(), ""),
        ("policy", policy, "How many have to approve"),
        ("status", word(REQUEST_STATUS), ""),
        ("answers", text(), "The answers so far, in words"),
        ("revision", count(), "How often the recipients were changed, from 1"),
        ("asked_by", or_null(text()), "The technician"),
        ("created_at", time(), ""),
        ("recipients", list(recipient), "Everybody who is or was asked"),
        ("activity", list(event), "What happened, oldest first"),
        ("resent?", list(text()), "The ids of those who get it again; only where it was sent again"),
    ];
    vec![("ApprovalRequest", object("An approval request that the bridge keeps", request))]
}

fn tickets() -> Vec<Named> {
    let states: Vec<&str> = InternalState::ALL.into_iter().map(InternalState::name).collect();
    let identity = object("", [("external_id", text(), ""), ("system?", text(), ""), ("integration_id?", text(), "")]);
    let user = object(
        "Somebody on a ticket",
        [
            ("full_name", or_null(text()), ""),
            ("email_addr", or_null(text()), ""),
            ("user_itsm_id_info", list(identity), "What Moveworks finds the person by"),
        ],
    );
    let comment = object(
        "Something said on a ticket",
        [("text", text(), ""), ("author", or_null(reference("User")), ""), ("created_at", or_null(time()), "")],
    );
    let users = ["created_by", "opened_by", "updated_by", "requested_for", "assigned_to_user", "resolved_by"];
    let mut ticket: Vec<Property> = vec![
        ("id", text(), "The number that people know"),
        ("record_id", text(), "The id at the help desk"),
        ("state", or_null(text()), "The help desk's name of the state"),
        ("internal_state_code", word(&states), "The state as Moveworks knows it"),
    ];
    ticket.extend(["short_description", "description"].map(|name| (name, or_null(text()), "")));
    ticket.extend(users.map(|name| (name, or_null(reference("User")), "")));
    ticket.extend(["close_notes", "close_code"].map(|name| (name, or_null(text()), "")));
    ticket.extend(["created_at", "updated_at"].map(|name| (name, or_null(time()), "")));
    ticket.push(("url", or_null(text()), "Where people look at it"));
    ticket.push(("custom_data", map(text()), "Fields that the tenant has added"));
    ticket.push(("comments?", list(reference("Comment")), "What the requester sees; only of one ticket"));
    ticket.push(("work_notes?", list(reference("Comment")), "What the requester does not see; only of one ticket"));
    vec![
        ("User", user),
        ("Comment", comment),
        ("Ticket", object("A ticket of a help desk, in Moveworks' names", ticket)),
    ]
}

/// States that nobody has mapped.
pub(super) fn unmapped() -> Property {
    ("unmapped_states?", list(text()), "States that `gateway_states` lacks")
}
