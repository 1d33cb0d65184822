//! Moveworks.

use approval_logic::pace::Rate;

use super::reader::Reader;
use crate::secret::Secret;

/// The way messages take.
#[derive(Clone, Debug)]
pub enum Door {
    /// Events API.
    Events {
        /// The event's id.
        event_id: String,
    },
    /// Webhook listener.
    Listener {
        /// The listener's id.
        listener_id: String,
        /// The key of its HMAC.
        secret: Option<Secret>,
    },
}

/// Moveworks.
#[derive(Clone, Debug)]
pub struct MoveworksSettings {
    /// The API base of the tenant's region.
    pub base_url: String,
    /// The API key.
    pub api_key: Secret,
    /// The way messages take.
    pub door: Door,
    /// How fast messages may go.
    pub rate: Rate,
}

impl Reader {
    pub(super) fn moveworks(&mut self) -> Option<MoveworksSettings> {
        let event_id = self.segment("moveworks_event_id");
        let listener_id = self.segment("moveworks_listener_id");
        let secret = self.secret("moveworks_listener_secret");
        if secret.is_some() && listener_id.is_none() {
            self.wrong("moveworks_listener_secret", "moveworks_listener_id beside it");
        }
        let base_url = match self.value("moveworks_base_url") {
            Some(_) => self.url("moveworks_base_url")?,
            None => "https://api.moveworks.ai".to_owned(),
        };
        let api_key = self.secret("moveworks_api_key");
        // With both, the listener: it can drop repeats and check signatures, the Events API can do neither.
        let door = match (listener_id, event_id) {
            (Some(listener_id), _) => Door::Listener { listener_id, secret },
            (None, Some(event_id)) => Door::Events { event_id },
            (None, None) => {
                let unset =
                    ["moveworks_event_id", "moveworks_listener_id"].iter().all(|name| self.value(name).is_none());
                if api_key.is_some() && unset {
                    self.wrong("moveworks_event_id", "a value here or in moveworks_listener_id: at least one");
                }
                return None;
            }
        };
        let Some(api_key) = api_key else {
            self.wrong("moveworks_api_key", "the API key: messages cannot be sent without it");
            return None;
        };
        let rate = match (self.value("moveworks_per_minute"), &door) {
            (None, Door::Events { .. }) => Rate::EVENTS,
            (None, Door::Listener { .. }) => Rate::LISTENER,
            (Some(_), _) => {
                let messages = self.number("moveworks_per_minute", 0, 0, 10_000);
                Rate::per_minute(usize::try_from(messages).unwrap_or_default())
            }
        };
        Some(MoveworksSettings { base_url, api_key, door, rate })
    }
}
