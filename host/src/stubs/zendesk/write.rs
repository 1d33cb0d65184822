//! What callers change: a decision, and a new approval request.

use super::super::Effect;
use super::super::wire::{Incoming, json};
use super::super::world::World;
use super::model::{ZendeskAssignee, ZendeskDecision, ZendeskRole, ZendeskState};
use super::{Outcome, Refused, shape};
use crate::stubs::settings::Creation;
use serde_json::{Map, Value, json};

/// `PATCH …/decision` (early-access "Approval Workflow Instances"): the assignee or a member of the group, while the
/// request is open. What Zendesk answers to others is not published; here it is 403, and 422 where nothing is open.
pub(super) fn decide(world: &mut World, call: &Incoming, request: &str, acting: u64) -> Result<Outcome, Refused> {
    if let Some(status) = world.settings.zendesk.decision_status {
        return Err(Refused::gone(status));
    }
    let input = input(call)?;
    nothing_but(&input, &["status", "notes"])?;
    let approved = match text(&input, "status")?.as_deref() {
        Some("approved") => true,
        Some("rejected") => false,
        // `pending` and `withdrawn` are in the early-access text as well; nobody here has a use for them.
        _ => return Err(Refused::bad("status must be approved or rejected")),
    };
    let notes = text(&input, "notes")?.filter(|notes| !notes.trim().is_empty());
    let zendesk = &mut world.zendesk;
    let known = zendesk.requests.get(request).ok_or_else(Refused::not_found)?;
    if !zendesk.may_answer(known, acting) {
        return Err(Refused::forbidden());
    }
    if known.state != ZendeskState::Active {
        return Err(Refused::coded("ApprovalRequestNotActive", "The approval request is no longer active"));
    }
    if !approved && notes.is_none() {
        return Err(Refused::coded("NotesMissing", "A rejection needs notes"));
    }
    let (at, origin) = (zendesk.now(), "API_ORIGINATION".to_owned());
    let decision = ZendeskDecision { by: acting, approved, notes, at, origin };
    zendesk.settle(request, decision).map_err(|_| Refused::not_found())?;
    let known = zendesk.requests.get(request).ok_or_else(Refused::not_found)?;
    let body = json!({"approval_request": shape::shown(zendesk, known)});
    let effect = Effect::Decided { id: format!("zendesk:{request}"), approved };
    Ok(Outcome { response: json(200, &body), effect })
}

/// `POST /api/v2/approval_requests` ("Approval Requests", Create).
pub(super) fn create(world: &mut World, call: &Incoming, acting: u64) -> Result<Outcome, Refused> {
    let input = input(call)?;
    nothing_but(&input, &["ticket_id", "subject", "message", "assignee_user_id", "assignee_group_id"])?;
    let number = |name: &str| match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| Refused::bad(format!("{name} must be an integer"))),
    };
    let subject = text(&input, "subject")?.filter(|text| !text.is_empty());
    let message = text(&input, "message")?.filter(|text| !text.is_empty());
    // The table of fields calls nothing mandatory, every example sends these.
    let (Some(ticket), Some(subject), Some(message)) = (number("ticket_id")?, subject, message) else {
        return Err(Refused::bad("ticket_id, subject and message are required"));
    };
    let assignee = match (number("assignee_user_id")?, number("assignee_group_id")?) {
        (Some(user), None) => ZendeskAssignee::User(user),
        (None, Some(group)) => ZendeskAssignee::Group(group),
        _ => return Err(Refused::bad("exactly one assignee is required")),
    };
    let rule = world.settings.zendesk.creation;
    let zendesk = &mut world.zendesk;
    if zendesk.users.get(&acting).is_some_and(|user| user.role == ZendeskRole::EndUser) {
        return Err(Refused::forbidden());
    }
    let failed = |title: &str| Refused::coded("ApprovalRequestCreationFailed", title);
    let Some(about) = zendesk.tickets.get(&ticket) else { return Err(failed("The ticket does not exist")) };
    let exists = match assignee {
        ZendeskAssignee::User(user) => zendesk.users.contains_key(&user),
        ZendeskAssignee::Group(group) => zendesk.groups.contains_key(&group),
    };
    if !exists {
        return Err(failed("The assignee does not exist"));
    }
    if assignee == about.requester.map_or(ZendeskAssignee::User(0), ZendeskAssignee::User) {
        return Err(failed("The approver cannot be the requester of the ticket"));
    }
    let blocks = |state: &ZendeskState| match rule {
        Creation::OnePerTicket => *state != ZendeskState::Withdrawn,
        Creation::OneLivePerTicket => *state == ZendeskState::Active,
    };
    if zendesk.requests.values().any(|other| other.ticket == ticket && blocks(&other.state)) {
        return Err(failed("Approval request could not be sent: one active, approved, or denied request exists"));
    }
    let id = zendesk.ask_with(ticket, assignee, &subject, &message);
    let made = zendesk.requests.get_mut(&id).ok_or_else(Refused::not_found)?;
    made.created_by = acting;
    "API_ORIGINATION".clone_into(&mut made.origin);
    let body = json!({"approval_request": shape::created(made)});
    Ok(Outcome { response: json(201, &body), effect: Effect::Asked { id } })
}

fn input(call: &Incoming) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(map)) if call.is_json() => Ok(map),
        _ => Err(Refused::bad("The body must be a JSON object")),
    }
}

fn nothing_but(input: &Map<String, Value>, known: &[&str]) -> Result<(), Refused> {
    match input.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Refused::bad(format!("Unknown field {key}"))),
        None => Ok(()),
    }
}

fn text(input: &Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refused::bad(format!("{name} must be a string"))),
    }
}
