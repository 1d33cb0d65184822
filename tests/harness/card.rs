//! What people were told.

use approval_bridge::stubs::{Door, Message, Signature};
use serde_json::Value;

/// One message that Moveworks took.
#[derive(Clone, Debug)]
pub struct Card {
    /// The approval it is about; empty for a notice.
    pub approval_id: String,
    /// To whom.
    pub to: String,
    /// The text.
    pub text: String,
    /// The listener's event id; the Events API has no place for one.
    pub event_id: String,
    /// The slots.
    pub slots: Value,
    /// The whole body.
    pub body: Value,
    /// The exact bytes.
    pub raw: bytes::Bytes,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Which door.
    pub door: Door,
    /// What the listener thought of the signature.
    pub signature: Signature,
}

impl Card {
    pub(super) fn new(message: &Message) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let slots = match message.door {
            Door::Events => message.body["context"]["slots"].clone(),
            Door::Listener => message.body["slots"].clone(),
        };
        assert_eq!(message.recipients.len(), 1, "every message goes to one person: {message:?}");
        Self {
            approval_id: text(&slots["approval_id"]),
            to: message.recipients[0].clone(),
            text: message.text.clone(),
            event_id: text(&message.body["event_id"]),
            slots,
            body: message.body.clone(),
            raw: message.raw.clone(),
            at: message.at,
            door: message.door,
            signature: message.signature,
        }
    }

    /// A slot as text; empty if it is not there.
    pub fn slot(&self, name: &str) -> &str {
        self.slots[name].as_str().unwrap_or_default()
    }
}
