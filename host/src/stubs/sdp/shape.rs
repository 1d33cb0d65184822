//! How facts look on the wire, in either edition (API v3, "Request", "Change", "Release", "Approval level", "Approval").

use super::super::model::{Approval, Edition, Level, Module, Note, Patch, Person, Rule, State, Ticket};
use super::super::settings::{Form, SdpSettings};
use super::super::world::World;
use serde_json::{Map, Value, json};
use std::cell::Cell;

/// Columns of a list row when nothing else is asked for. `description`, `priority`, `approval_status` and
/// `last_updated_time` are not among them.
pub(super) const DEFAULT_COLUMNS: &[&str] = &[
    "id",
    "display_id",
    "title",
    "requester",
    "technician",
    "group",
    "status",
    "created_time",
    "due_by_time",
    "is_service_request",
    "stage",
];
const ALL_COLUMNS: &[&str] = &[
    "id",
    "display_id",
    "title",
    "description",
    "short_description",
    "requester",
    "created_by",
    "on_behalf_of",
    "technician",
    "group",
    "site",
    "department",
    "priority",
    "status",
    "approval_status",
    "created_time",
    "last_updated_time",
    "due_by_time",
    "completed_time",
    "scheduled_start_time",
    "scheduled_end_time",
    "is_service_request",
    "stage",
    "template",
    "emergency",
    "udf_fields",
];

/// Writes facts as one edition does.
pub(super) struct Shape<'w> {
    pub(super) edition: Edition,
    pub(super) settings: &'w SdpSettings,
    turn: Cell<bool>,
}

impl<'w> Shape<'w> {
    pub(super) fn new(world: &'w World, edition: Edition) -> Self {
        let turn = Cell::new(world.journal.total().is_multiple_of(2));
        Self { edition, settings: &world.settings.sdp, turn }
    }

    /// True and false by turns.
    pub(super) fn flip(&self) -> bool {
        self.turn.set(!self.turn.get());
        self.turn.get()
    }

    fn cloud(&self) -> bool {
        self.edition == Edition::Cloud
    }

    fn second(&self, form: Form, documented: bool) -> bool {
        match form {
            Form::Documented => documented,
            Form::First => false,
            Form::Second => true,
            Form::Mixed => self.flip(),
        }
    }

    fn id(&self, id: &str) -> Value {
        let number = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
        match number {
            Some(number) if self.second(self.settings.ids, false) => number.into(),
            _ => id.into(),
        }
    }

    /// `{value, display_value}`: epoch milliseconds, and the caller's own zone and format, which nobody can parse.
    fn time(&self, at: Option<i64>) -> Value {
        let Some(at) = at else { return Value::Null };
        let value = if self.second(self.settings.times, false) { at.into() } else { Value::String(at.to_string()) };
        let pattern = if self.cloud() { "%b %d, %Y %I:%M %p" } else { "%d/%m/%Y %H:%M" };
        let local = chrono::DateTime::from_timestamp_millis(at.saturating_add(19_800_000));
        let display = local.map(|time| time.format(pattern).to_string()).unwrap_or_default();
        json!({"value": value, "display_value": display})
    }

    fn user(&self, person: Option<&Person>) -> Value {
        let Some(person) = person else { return Value::Null };
        let (id, name, email) = (self.id(&person.id), &person.name, &person.email);
        if self.cloud() {
            json!({"id": id, "name": name, "email_id": email, "phone": null, "mobile": null, "is_vip_user": false,
                   "photo_url": "https://contacts.corp.example/photo", "is_technician": false})
        } else {
            json!({"id": id, "name": name, "email_id": email, "phone": null, "mobile": null, "is_vipuser": false,
                   "department": null, "login_name": name.to_lowercase().replace(' ', ".")})
        }
    }

    fn reference(&self, name: Option<&str>) -> Value {
        name.map_or(Value::Null, |name| json!({"id": self.reference_id(name), "name": name}))
    }

    fn reference_id(&self, name: &str) -> Value {
        let sum = name.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 999_983);
        self.id(&if self.cloud() { format!("158000000{sum:06}") } else { (sum % 97 + 1).to_string() })
    }

    /// The name of a state: "Denied" in the cloud is "Rejected" on-premises, and a tenant may have renamed it.
    pub(super) fn state_name(&self, state: &State) -> String {
        if let Some(name) = self.settings.names.get(state) {
            return name.clone();
        }
        let name = match state {
            State::ToBeSent => "To Be Sent",
            State::Pending => "Pending Approval",
            State::Approved => "Approved",
            State::Rejected if self.cloud() => "Denied",
            State::Rejected => "Rejected",
            State::Delegated => "Delegated",
            State::Clarification => "Pending Clarification",
            State::Other(name) => name,
        };
        name.to_owned()
    }

    fn state(&self, state: &State) -> Value {
        json!({"id": self.reference_id(&format!("{state:?}")), "name": self.state_name(state)})
    }

    fn status(&self, name: Option<&str>) -> Value {
        let Some(name) = name else { return Value::Null };
        let open = !["closed", "resolved", "cancelled", "completed"].contains(&name.to_lowercase().as_str());
        json!({"id": self.reference_id(name), "name": name, "internal_name": name, "in_progress": open,
               "stop_timer": !open, "color": "#0066ff"})
    }

    /// One column of a ticket, or none if the module has no such column.
    pub(super) fn column(&self, ticket: &Ticket, name: &str) -> Option<Value> {
        if ticket.patch.unset.contains(name) {
            return None;
        }
        if let Some(value) = ticket.patch.set.get(name) {
            return Some(value.clone());
        }
        self.fact(ticket, name)
    }

    /// The values that lists mostly ask by, without building the column around them; none for any other.
    pub(super) fn plain(&self, ticket: &Ticket, path: &str) -> Option<Value> {
        if !ticket.patch.set.is_empty() || !ticket.patch.unset.is_empty() {
            return None;
        }
        Some(match path {
            "created_time" | "created_time.value" => ticket.created.into(),
            "last_updated_time" | "last_updated_time.value" => ticket.updated.into(),
            "status.name" => ticket.status.clone().map_or(Value::Null, Into::into),
            "approval_status.name" => {
                ticket.approval_state.as_ref().map_or(Value::Null, |state| self.state_name(state).into())
            }
            _ => return None,
        })
    }

    fn fact(&self, ticket: &Ticket, name: &str) -> Option<Value> {
        let module = ticket.module;
        let request = module == Module::Requests;
        Some(match name {
            "id" => self.id(&ticket.id),
            "display_id" => ticket.number.clone().into(),
            _ if name == module.title_field() => ticket.subject.clone().into(),
            _ if name == module.requester_field() => self.user(ticket.requester.as_ref()),
            "description" => ticket.description.clone().map_or(Value::Null, Into::into),
            "short_description" => short(ticket.description.as_deref()),
            "created_by" if request => self.user(ticket.requester.as_ref()),
            "on_behalf_of" | "department" if request => Value::Null,
            "technician" => self.user(ticket.technician.as_ref()),
            "group" => self.reference(ticket.group.as_deref()),
            "site" => Value::Null,
            "priority" => self.reference(ticket.priority.as_deref()),
            "status" => self.status(ticket.status.as_deref()),
            "approval_status" => ticket.approval_state.as_ref().map_or(Value::Null, |state| self.state(state)),
            "created_time" => self.time(Some(ticket.created)),
            "last_updated_time" => self.time(Some(ticket.updated)),
            "due_by_time" if request => self.time(ticket.due),
            "completed_time" | "scheduled_start_time" | "scheduled_end_time" if !request => Value::Null,
            "is_service_request" if request => ticket.service_request.into(),
            "stage" if !request => json!({"id": self.reference_id("Approval"), "name": "Approval"}),
            "emergency" if module == Module::Changes => false.into(),
            "template" => json!({"id": self.reference_id("Default"), "name": "Default"}),
            "udf_fields" => json!({}),
            _ => return None,
        })
    }

    /// A ticket with these columns; its `id` always.
    pub(super) fn ticket_row(&self, ticket: &Ticket, columns: &[&str]) -> Value {
        let mut row = Map::new();
        row.insert("id".into(), self.column(ticket, "id").unwrap_or_default());
        for column in columns {
            if let Some(value) = self.column(ticket, column) {
                row.insert((*column).into(), value);
            }
        }
        row.into()
    }

    /// A ticket with every column, as its own address shows it.
    pub(super) fn ticket(&self, ticket: &Ticket) -> Value {
        let mut row = self.ticket_row(ticket, &own_names(ticket.module, ALL_COLUMNS));
        patch(&mut row, &ticket.patch);
        row
    }

    /// A row of `notes`.
    pub(super) fn note(&self, note: &Note) -> Value {
        json!({
            "id": self.id(&note.id),
            "description": note.text,
            "show_to_requester": note.public,
            "created_by": self.user(Some(&note.by)),
            "created_time": self.time(Some(note.at)),
        })
    }

    /// A row of `approval_levels`.
    pub(super) fn level(&self, ticket: &Ticket, level: &Level) -> Value {
        let (module, created) = (ticket.module, self.time(Some(level.created)));
        let number = self.second(self.settings.level_numbers, self.cloud());
        let mut row = json!({
            "id": self.id(&level.id),
            "level": if number { Value::from(level.number) } else { level.number.to_string().into() },
            "status": self.state(&level.state),
            "rule": self.rule(level.rule),
            "created_by": self.user(level.created_by.as_ref()),
            "action_taken_by": null,
            "action_taken_on": self.time(level.acted_on),
            "comments": null,
            "is_current": level.current,
            "deleted": level.deleted,
            "associated_entity": module.singular(),
            module.singular(): {"id": self.id(&ticket.id), module.title_field(): ticket.subject},
        });
        let Some(fields) = row.as_object_mut() else { return row };
        fields.insert(if self.cloud() { "created_time" } else { "created_on" }.into(), created);
        if !self.cloud() {
            fields.insert("name".into(), level.name.clone().into());
        }
        if let Some(stage) = &level.stage {
            fields.insert(format!("{}_stage", module.singular()), self.reference(Some(stage)));
        }
        if self.settings.inline_approvals.unwrap_or(!self.cloud()) {
            let approvals: Vec<Value> = level.approvals.iter().map(|approval| self.approval(level, approval)).collect();
            fields.insert("approvals".into(), approvals.into());
        }
        patch(&mut row, &level.patch);
        row
    }

    fn rule(&self, rule: Rule) -> Value {
        let (name, kind, value) = match rule {
            Rule::Anyone => ("Anyone can approve".to_owned(), "anyone", None),
            Rule::Everyone => ("Everyone has to approve".to_owned(), "everyone", None),
            Rule::FirstResponse => ("First response".to_owned(), "first_response", None),
            Rule::Percent(of) => (format!("{of} percent"), "percent", Some(of.to_string())),
        };
        if self.cloud() {
            json!({"id": self.reference_id(&name), "name": name})
        } else {
            json!({"type": kind, "value": value})
        }
    }

    /// A row of `approvals`.
    pub(super) fn approval(&self, level: &Level, approval: &Approval) -> Value {
        let mut row = json!({
            "id": self.id(&approval.id),
            "approver": self.user(approval.approver.as_ref()),
            "original_approver": self.user(approval.original_approver.as_ref()),
            "status": self.state(&approval.state),
            "sent_on": self.time(approval.sent_on),
            "sent_by": self.user(approval.sent_by.as_ref()),
            "action_taken_on": self.time(approval.acted_on),
            "action_by": self.user(approval.acted_by.as_ref()),
            "comments": approval.comments,
            "approval_level": {"id": self.id(&level.id), "level": level.number, "name": level.name},
            "deleted": approval.deleted,
        });
        let role = match (&approval.role, self.cloud()) {
            (None, _) => Value::Null,
            (Some(role), true) => json!({"path": "$.requester.reporting_to", "display_name": role}),
            (Some(role), false) => self.reference(Some(role)),
        };
        if let Some(fields) = row.as_object_mut() {
            fields.insert(if self.cloud() { "xpath" } else { "org_role" }.into(), role);
        }
        patch(&mut row, &approval.patch);
        row
    }

    /// A row of the on-premises one-call list.
    pub(super) fn listed_approval(&self, ticket: &Ticket, level: &Level, approval: &Approval) -> Value {
        let module = ticket.module;
        json!({
            "id": self.id(&approval.id), "associated_entity": module.singular(), "portal_id": "1", "portal_name": "IT",
            "status": {"name": self.state_name(&approval.state)}, "sent_on": self.time(approval.sent_on),
            "title": "Approval needed", "description": "Your approval is required", "comments": approval.comments,
            "approval_level": {
                "id": self.id(&level.id),
                module.singular(): {
                    "id": self.id(&ticket.id),
                    module.title_field(): ticket.subject,
                    module.requester_field(): self.user(ticket.requester.as_ref()),
                    "priority": self.reference(ticket.priority.as_deref()),
                },
            },
        })
    }
}

/// These columns by the names that the module has for them.
pub(super) fn own_names(module: Module, columns: &[&'static str]) -> Vec<&'static str> {
    columns.iter().map(|column| own_name(module, column)).collect()
}

fn own_name(module: Module, column: &str) -> &str {
    match column {
        "title" => module.title_field(),
        "requester" => module.requester_field(),
        other => other,
    }
}

/// Whether a module has such a column, asked for by its own name.
pub(super) fn is_column(module: Module, name: &str) -> bool {
    ALL_COLUMNS.iter().any(|column| own_name(module, column) == name)
}

/// The text of a description, without its markup, and short.
fn short(html: Option<&str>) -> Value {
    let Some(html) = html else { return Value::Null };
    let mut inside = false;
    let text = html.chars().filter(|c| {
        let shown = !inside && *c != '<';
        inside = (inside || *c == '<') && *c != '>';
        shown
    });
    text.take(250).collect::<String>().into()
}

fn patch(row: &mut Value, patch: &Patch) {
    let Some(fields) = row.as_object_mut() else { return };
    for (field, value) in &patch.set {
        fields.insert(field.clone(), value.clone());
    }
    for field in &patch.unset {
        fields.remove(field);
    }
}
