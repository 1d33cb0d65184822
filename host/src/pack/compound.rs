//! The compound actions: decisions and the list for the assistant, and one for each action of the Ticket Gateway, which
//! takes nothing but `action` and `return` (Moveworks "Compound Action Reference", "Ticket Gateway: Configuration Guide").

use std::fmt::Write;

use super::{File, OPEN};

/// An action with its inputs, and what is returned.
struct Shape {
    action: String,
    inputs: Vec<(&'static str, String)>,
    returns: (&'static str, &'static str),
    notes: Vec<String>,
}

/// What a decision can come to, by its status: the code is all that a builder sees of a failure.
pub(super) const OUTCOMES: [(u16, &str, &str); 9] = [
    (200, "approved, rejected", "Done."),
    (409, "already_decided", "This has been decided already."),
    (410, "withdrawn", "This is no longer asked."),
    (403, "not_approver", "You are not the approver of this ticket."),
    (404, "unknown", "There is no such approval."),
    (422, "invalid", "A reason is needed to reject this."),
    (425, "not_ready", "This has not been sent to its approver yet."),
    (502, "source_refused", "The help desk did not take the decision."),
    (503, "unclear", "It is not clear whether this was recorded. Please try again."),
];

pub(super) fn files() -> Vec<File> {
    let mut files = vec![
        File::new("compound-actions/approvals/approve.yaml", decision("bridge_approve", "Approves one ticket")),
        File::new(
            "compound-actions/approvals/reject.yaml",
            decision("bridge_reject", "Rejects one ticket, with a reason"),
        ),
        File::new("compound-actions/approvals/my_approvals.yaml", mine()),
    ];
    for source in ["sdp", "zendesk"] {
        let shapes = gateway(source);
        files.extend(shapes.iter().enumerate().map(|(number, (name, shape))| {
            File::new(format!("compound-actions/ticket-gateway-{source}/{:02}_{name}.yaml", number + 1), shape.yaml())
        }));
    }
    files
}

/// A decision as the acting person: their address is proven, so it is never an input.
fn decision(action: &str, what: &str) -> String {
    let comment = if action == "bridge_reject" { "data.reason" } else { "data.comment" };
    format!(
        "# {what}. Inputs: approval_id, action_token, {}.
# A failure is seen by its status alone. The README lists what each one means; to speak them apart, nest one try_catch
# for each with on_status_code. The form of its value is {OPEN}: take it from the editor.
steps:
  - try_catch:
      try:
        steps:
          - action:
              action_name: {action}
              output_key: decision
              input_args:
                approval_id: data.approval_id
                approver: meta_info.user.email_addr
                comment: {comment}
                token: data.action_token
          - return:
              output_mapper:
                outcome: data.decision.outcome
                message: data.decision.message
      catch:
        steps:
          - return:
              output_mapper:
                outcome: '\"not_done\"'
                message: '\"This could not be recorded. The ticket may have been decided already.\"'
",
        comment.trim_start_matches("data."),
    )
}

/// `results` with ids become citations.
fn mine() -> String {
    "# What waits for the acting person, at once: the bridge answers from what it knows, without asking a help desk.
steps:
  - action:
      action_name: bridge_my_approvals
      output_key: waiting
      input_args:
        approver: meta_info.user.email_addr
        status: '\"pending\"'
        limit: '\"20\"'
  - return:
      output_mapper:
        results: data.waiting.approvals
"
    .to_owned()
}

/// The actions of the Ticket Gateway, in the order of its guide.
fn gateway(source: &str) -> Vec<(&'static str, Shape)> {
    let name = |action: &str| format!("bridge_{source}_{action}");
    let context = |path: &str| format!("data.context.{path}");
    let open = |what: &str| format!("data.context.{OPEN}_{what}");
    let ticket = ("raw_ticket", "ticket");
    let tickets = ("raw_tickets", "tickets");
    let times = || {
        vec![
            ("updated_start_ts", context("updated_start_ts")),
            ("updated_end_ts", context("updated_end_ts")),
            ("destination", context("destination.table_name")),
        ]
    };
    let unnamed = || vec![format!("What begins with {OPEN} is not published: take the name from the tenant's editor.")];
    let shape = |action: &str, inputs, returns, notes| Shape { action: name(action), inputs, returns, notes };
    let id = || ("ticket_id", open("TICKET_ID"));
    let comment = |public: &str| vec![id(), ("text", open("TEXT")), ("public", public.to_owned())];
    let person = {
        let mut inputs = times();
        inputs.insert(0, ("requestor", context("requestor")));
        inputs
    };
    let paged = {
        let mut inputs = times();
        inputs.push(("cursor", context(&format!("pagination_info.{OPEN}_CURSOR"))));
        inputs
    };
    let payload = vec![
        ("short_description", context("payload.short_description")),
        ("description", context("payload.description")),
        ("requested_for", context("payload.requested_for")),
        ("destination", context("destination.table_name")),
    ];
    let fields = vec![
        ("ticket_id", context("ticket.id")),
        ("short_description", context("payload.short_description")),
        ("priority", context("payload.priority")),
        ("group", context("payload.group")),
        ("destination", context("destination.table_name")),
    ];
    let payload_notes = || {
        let note =
            "The keys of payload are those of the ticketing configuration; the bridge takes these and gateway_fields.";
        vec![note.to_owned()]
    };
    let page_notes = {
        let mut notes = unnamed();
        notes.push("The next page begins at the reply's `cursor`, with the same times.".to_owned());
        notes
    };
    let resolve = if source == "sdp" { vec![id(), ("close_notes", open("CLOSE_NOTES"))] } else { vec![id()] };
    let file = vec![id(), ("file_name", context("file_name")), ("content", open("CONTENT_BASE64"))];
    vec![
        ("ticket_by_id", shape("ticket", vec![("ticket_id", context("ticket_id"))], ticket, Vec::new())),
        ("tickets_by_requestor", shape("tickets_by_requestor", person, tickets, Vec::new())),
        ("tickets_by_time", shape("tickets_by_time", times(), tickets, Vec::new())),
        ("tickets_by_time_paged", shape("tickets_by_time_paged", paged, tickets, page_notes)),
        ("create_ticket", shape("create_ticket", payload, ticket, payload_notes())),
        ("update_fields", shape("update_fields", fields, ticket, payload_notes())),
        ("update_state", shape("set_state", vec![id(), ("state", open("STATE"))], ticket, unnamed())),
        ("add_public_comment", shape("add_comment", comment("true"), ticket, unnamed())),
        ("add_internal_comment", shape("add_comment", comment("false"), ticket, unnamed())),
        ("add_attachment", shape("add_attachment", file, ticket, unnamed())),
        ("resolve", shape("resolve", resolve, ticket, unnamed())),
        ("reopen", shape("reopen", vec![id()], ticket, unnamed())),
        ("update_assignment", shape("assign", vec![id(), ("group", open("GROUP"))], ticket, unnamed())),
    ]
}

impl Shape {
    fn yaml(&self) -> String {
        let mut yaml = String::new();
        // Writing to a String cannot fail.
        for note in &self.notes {
            let _ = writeln!(yaml, "# {note}");
        }
        let _ = writeln!(yaml, "steps:\n  - action:\n      action_name: {}", self.action);
        let _ = writeln!(yaml, "      output_key: done\n      input_args:");
        for (name, value) in &self.inputs {
            let _ = writeln!(yaml, "        {name}: {value}");
        }
        let (key, from) = self.returns;
        let _ = writeln!(yaml, "  - return:\n      output_mapper:\n        {key}: data.done.{from}");
        yaml
    }
}
