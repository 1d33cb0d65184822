//! What the bridge sends to Moveworks: the event with its slots, the listener with its payload, and the card as a mock.

use std::sync::Arc;

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Ticket, TicketKind};
use approval_logic::card::{Card, CardKind, CardStyle, render};
use approval_logic::http::HttpRequest;
use approval_logic::moveworks::{Event, Message, SIGNATURE_HEADER, Tenant, event_message, listener_message};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::File;

/// Where Moveworks shows a mock of a conversation.
const PURPLE_CHAT: &str = "https://marketplace.moveworks.com/purple-chat?conversation=";

const TENANT: Tenant<'static> = Tenant { base_url: "https://api.moveworks.ai", api_key: "" };

pub(super) fn files() -> Vec<File> {
    let payloads = [approval(), approval().map(bare)].map(listener_payload);
    let schema = format!("{:#}\n", schema(&payloads.iter().collect::<Vec<_>>()));
    let [payload, _] = payloads;
    vec![
        File::new("listener/README.md", listener()),
        File::new("listener/payload.json", format!("{payload:#}\n")),
        File::new("listener/schema.json", schema),
        File::new("listener/notify.yaml", notify()),
        File::new("event/README.md", event()),
        File::new("purple-chat.md", purple_chat()),
    ]
}

/// The approval of the examples.
fn approval() -> Option<Approval> {
    let person = |name: &str, email: &str| Person { name: Some(name.to_owned()), email: Some(email.to_owned()) };
    let text = "The A/V Equipment in Conference Room B has stopped working. The internals are fried. Requesting approval for \
                replacement.";
    Some(Approval {
        id: ApprovalId::sdp(TicketKind::Request, "874", "77", "310").ok()?,
        ticket: Arc::new(Ticket {
            kind: TicketKind::Request,
            id: "874".to_owned(),
            number: "874".to_owned(),
            title: Some("Projector in Conference Room B".to_owned()),
            description: Some(text.to_owned()),
            requester: Some(person("Sam Stinson", "sam@corp.example")),
            priority: Some("High".to_owned()),
            link: Some("https://desk.corp.example/requests/874".to_owned()),
        }),
        level: Some(1),
        approver: Some(person("Ana Ruiz", "ana@corp.example")),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_772_698_500_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    })
}

/// The same, with nothing but what every approval has.
fn bare(approval: Approval) -> Approval {
    let whole = Arc::unwrap_or_clone(approval.ticket);
    let ticket = Ticket { title: None, description: None, requester: None, priority: None, link: None, ..whole };
    Approval { ticket: Arc::new(ticket), level: None, approver: None, sent_at: None, ..approval }
}

fn card() -> Option<Card> {
    Some(render(&approval()?, &CardKind::Pending, &CardStyle::default()))
}

/// The body of a message about an approval, as the bridge sends it.
fn body(approval: Option<Approval>, send: impl Fn(&Message<'_>) -> HttpRequest) -> Value {
    let Some(approval) = approval else { return Value::Null };
    let card = render(&approval, &CardKind::Pending, &CardStyle::default());
    let event_id = format!("{}:1:pending", approval.id);
    let request = send(&Message {
        event_id: &event_id,
        event: Event::Pending,
        approval: &approval,
        card: &card,
        recipient: "ana@corp.example",
        action_token: Some("eyJpZCI6InNkcCJ9.c2lnbmF0dXJl"),
    });
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn listener_payload(approval: Option<Approval>) -> Value {
    body(approval, |message| listener_message(&TENANT, "listener", None, message))
}

/// The JSON schema of values at the same place: what is null in one of them may be null, what is missing in one may be missing.
fn schema(values: &[&Value]) -> Value {
    let kind = |value: &&Value| match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Null => "null",
    };
    let mut kinds: Vec<&str> = values.iter().map(kind).collect();
    kinds.dedup();
    let mut schema = json!({ "type": match kinds.as_slice() {
        [one] => json!(one),
        more => json!(more),
    } });
    let Some(out) = schema.as_object_mut() else { return schema };
    let objects: Vec<&Map<String, Value>> = values.iter().filter_map(|value| value.as_object()).collect();
    if let Some(first) = objects.first() {
        let inner = |name: &String| objects.iter().filter_map(|object| object.get(name)).collect::<Vec<_>>();
        let properties: Map<String, Value> =
            first.keys().map(|name| (name.clone(), self::schema(&inner(name)))).collect();
        // A token is there where the operator wants one.
        let required: Vec<&String> = first.keys().filter(|name| *name != "action_token").collect();
        out.insert("properties".to_owned(), properties.into());
        out.insert("required".to_owned(), json!(required));
    }
    let items: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
    if !items.is_empty() {
        out.insert("items".to_owned(), self::schema(&items));
    }
    schema
}

fn slots() -> Vec<String> {
    let body = body(approval(), |message| event_message(&TENANT, "event", message));
    let slots = body.pointer("/context/slots").and_then(Value::as_object);
    slots.map(|slots| slots.keys().cloned().collect()).unwrap_or_default()
}

/// What a slot is for.
fn meaning(slot: &str) -> &'static str {
    match slot {
        "approval_id" => "the bridge's id of the approval: into the address of the decision",
        "action_token" => "proves that the decision comes from the card; there when `action_secret` is set",
        "request_id" => "the help desk's own id of the ticket",
        "level_id" => "the help desk's own id of the approval level",
        "ticket_type" => "Request, Change, Release or Ticket",
        "source" => "sdp, zendesk or managed",
        _ => "",
    }
}

fn event() -> String {
    let rows: String = slots().iter().map(|slot| format!("| `{slot}` | {} |\n", meaning(slot))).collect();
    format!(
        "# The event (Events API)

For tenants that have an event already; others use the listener. Its id goes into `moveworks_event_id`. A follow-up path
that asks *Approve or deny?* fills these slots from the message; give each the same name, as text.

| slot | what it is |
|---|---|
{rows}
The follow-up path calls `bridge_approve` or `bridge_reject` with `approval_id` and `action_token` (as `token`), the
address of the person who pressed the button as `approver`, and for a rejection the reason as `comment`.
"
    )
}

fn listener() -> String {
    let header = SIGNATURE_HEADER.replace("x-", "X-").replace("signature", "Signature");
    format!(
        "# The webhook listener

Its id goes into `moveworks_listener_id`, the key that it asks for into `moveworks_api_key`.

| field | value |
|---|---|
| credential | required: only then a wrong key is refused with 401, and only a secured listener takes more than one message in ten seconds |
| signature, if `moveworks_listener_secret` is set | shared secret: the same; hash mode: SHA-256; payload: `raw_body`; received signature: `headers[\"{header}\"]`; lower-case hex, no prefix |
| debounce key | `parsed_body.event_id`: the same for every repeat of one message |
| debounce window | 3600 seconds |
| payload | as in `payload.json`; `schema.json` is its schema |

`event` says what happened: `approval.pending`, `approval.reminder`, `approval.closed`, and, where `digest_above` is set,
`approval.digest`, whose `approvals` and `slots.approvals` are lists; `notification` is a text that belongs to no approval.
Let the plugin of `notify.yaml` run on `approval.pending` and `approval.reminder`; the others have no buttons.

| input of the plugin | value |
|---|---|
| `approver_email` | `parsed_body.user_email` |
| `card_text` | `parsed_body.card.text` |
| `approval_id` | `parsed_body.slots.approval_id` |
| `action_token` | `parsed_body.slots.action_token` |

The conversation process of the second button asks for the reason and calls `bridge_reject`.
"
    )
}

fn notify() -> String {
    let actions = card().map(|card| card.actions).unwrap_or_default();
    let label = |key: &str| {
        let own = actions.iter().find(|action| action.key == key);
        own.map_or_else(String::new, |action| action.label.clone())
    };
    format!(
        "# Tells the approver, with two buttons. Inputs: approver_email, card_text, approval_id, action_token.
steps:
  - action:
      action_name: mw.get_user_by_email
      output_key: approver
      input_args:
        user_email: data.approver_email
  - notify:
      output_key: sent
      recipient_id: data.approver.user.record_id
      message: data.card_text
      actions:
        - key: approve
          label: '\"{}\"'
          system_action:
            action_name: bridge_approve
            input_args:
              approval_id: data.approval_id
              approver: data.approver_email
              comment: '\"\"'
              token: data.action_token
        - key: reject
          label: '\"{}\"'
          conversation_action:
            conversation_process_name: bridge_reject_reason
            input_args:
              approval_id: data.approval_id
              action_token: data.action_token
",
        label("approve"),
        label("reject"),
    )
}

/// The mock that business and builders agree on before anything is built: the card as the bridge really writes it.
fn purple_chat() -> String {
    let Some(card) = card() else { return String::new() };
    let buttons: Vec<Value> = card
        .actions
        .iter()
        .enumerate()
        .map(|(place, action)| {
            json!({ "style": if place == 0 { "filled" } else { "outlined" }, "buttonText": action.label })
        })
        .collect();
    let conversation = json!({
        "startTimestamp": "11:43 AM",
        "messages": [{
            "role": "assistant",
            "parts": [
                { "richText": "<p>You have one open approval:</p>" },
                { "richText": format!("<p>{}</p>", card.to_moveworks()) },
                { "buttons": buttons },
            ],
        }],
    });
    let link = utf8_percent_encode(&conversation.to_string(), NON_ALPHANUMERIC).to_string();
    format!(
        "# The card as a mock

[Open in Purple Chat]({PURPLE_CHAT}{link})

It is the card that the bridge writes with its default settings, from the same code. `card_title` and `card_fields` change
it; `approval-bridge preview` shows what they do.

```json
{conversation:#}
```
"
    )
}
