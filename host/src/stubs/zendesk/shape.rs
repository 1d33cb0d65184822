//! How facts look on the wire, which differs between a list, a single request and the answer to a creation.

use super::super::model::Patch;
use super::model::{Zendesk, ZendeskAssignee, ZendeskRequest, ZendeskState, ZendeskTicket, ZendeskUser};
use serde_json::{Map, Value, json};

/// A row of a list ("Approval Requests", List). The newer text adds creator and decisions.
pub(super) fn row(zendesk: &Zendesk, request: &ZendeskRequest, newer: bool) -> Value {
    let mut row = common(request, "active");
    row.insert("ticket_id".into(), request.ticket.into());
    let (field, value) = assignee(zendesk, request);
    row.insert(field.into(), value);
    if newer {
        row.insert("created_by_user".into(), user(zendesk, request.created_by));
        decisions(zendesk, request, &mut row);
    }
    patched(row, &request.patch)
}

/// A single request (early-access "Approval Workflow Instances"). It says `pending` and names its ticket in details.
pub(super) fn shown(zendesk: &Zendesk, request: &ZendeskRequest) -> Value {
    let mut row = common(request, "pending");
    let (field, value) = assignee(zendesk, request);
    row.insert(field.into(), value);
    row.insert("created_by_user".into(), user(zendesk, request.created_by));
    row.insert("withdrawn_reason".into(), Value::Null);
    row.insert("clarification_flow_messages".into(), json!([]));
    decisions(zendesk, request, &mut row);
    let ticket = zendesk.tickets.get(&request.ticket);
    let details = json!({
        "id": request.ticket.to_string(),
        "priority": ticket.and_then(|ticket| ticket.priority.clone()),
        "status": ticket.map(|ticket| ticket.status.clone()),
        "requester": ticket.and_then(|ticket| ticket.requester).map(|id| user(zendesk, id)),
        "custom_fields": [],
    });
    row.insert("ticket_details".into(), details);
    patched(row, &request.patch)
}

/// The answer to a creation, with bare ids ("Approval Requests", Create).
pub(super) fn created(request: &ZendeskRequest) -> Value {
    let mut row = common(request, "active");
    row.insert("ticket_id".into(), request.ticket.into());
    row.insert("created_by_id".into(), request.created_by.into());
    let (user, group) = match request.assignee {
        ZendeskAssignee::User(user) => (Some(user), None),
        ZendeskAssignee::Group(group) => (None, Some(group)),
    };
    row.insert("assignee_user_id".into(), user.into());
    row.insert("assignee_group_id".into(), group.into());
    patched(row, &request.patch)
}

/// A user ("Users", JSON format).
pub(super) fn whole_user(user: &ZendeskUser) -> Value {
    let role = match user.role {
        super::ZendeskRole::Admin => "admin",
        super::ZendeskRole::Agent => "agent",
        super::ZendeskRole::EndUser => "end-user",
    };
    json!({
        "id": user.id, "name": user.name, "email": user.email, "active": user.active, "suspended": user.suspended,
        "role": role, "locale": "en-US", "time_zone": "Europe/Berlin",
    })
}

/// A ticket ("Tickets", JSON format), as far as cards need it.
pub(super) fn ticket(ticket: &ZendeskTicket) -> Value {
    let fields = json!({
        "id": ticket.id, "subject": ticket.subject, "description": ticket.description, "priority": ticket.priority,
        "status": ticket.status, "requester_id": ticket.requester, "created_at": time(ticket.created),
        "submitter_id": ticket.submitter, "assignee_id": ticket.assignee, "group_id": ticket.group,
        "updated_at": time(ticket.updated - ticket.updated % 1_000),
    });
    let Value::Object(fields) = fields else { return fields };
    patched(fields, &ticket.patch)
}

fn common(request: &ZendeskRequest, open: &str) -> Map<String, Value> {
    let status = match &request.state {
        ZendeskState::Active => open,
        ZendeskState::Approved => "approved",
        ZendeskState::Rejected => "rejected",
        ZendeskState::Withdrawn => "withdrawn",
        ZendeskState::Other(name) => name,
    };
    let fields = json!({
        "id": request.id, "status": status, "subject": request.subject, "message": request.message,
        "created_at": time(request.created), "origination_type": request.origin,
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn assignee(zendesk: &Zendesk, request: &ZendeskRequest) -> (&'static str, Value) {
    match request.assignee {
        ZendeskAssignee::User(id) => {
            let name = zendesk.users.get(&id).map(|user| user.name.clone());
            ("assignee_user", json!({"id": id, "name": name}))
        }
        ZendeskAssignee::Group(id) => {
            let name = zendesk.groups.get(&id).map(|(name, _)| name.clone());
            ("assignee_group", json!({"id": id, "name": name}))
        }
    }
}

fn decisions(zendesk: &Zendesk, request: &ZendeskRequest, row: &mut Map<String, Value>) {
    let decision = request.decision.as_ref();
    row.insert("decided_at".into(), decision.map(|decision| time(decision.at)).into());
    let rows: Vec<Value> = decision
        .map(|decision| {
            json!({
                "decided_at": time(decision.at), "decided_by_user": user(zendesk, decision.by),
                "decision_notes": decision.notes, "status": if decision.approved { "approved" } else { "rejected" },
                "origination_type": decision.origin,
            })
        })
        .into_iter()
        .collect();
    row.insert("decisions".into(), rows.into());
}

fn user(zendesk: &Zendesk, id: u64) -> Value {
    json!({"id": id, "name": zendesk.users.get(&id).map(|user| user.name.clone()), "photo": null})
}

pub(super) fn time(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn patched(mut row: Map<String, Value>, patch: &Patch) -> Value {
    row.extend(patch.set.clone());
    row.retain(|field, _| !patch.unset.contains(field));
    Value::Object(row)
}
