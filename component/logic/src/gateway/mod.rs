//! Moveworks' Ticket Gateway: tickets of a help desk in the shape that Moveworks maps to its own.
//!
//! Source of the rules: Moveworks "Ticket Gateway: Configuration Guide", "Input context for ticket gateway actions" and
//! "Moveworks Data Objects". The JSON of a single ticket is not published, so the wire format here is our own: flat, every
//! key always there, null where the help desk tells nothing. The output mapper of a compound action gives it its final
//! form ([`Ticket::to_value`]).

mod attachment;
mod cursor;
mod error;
mod fields;
mod page;
mod profile;
mod rate;
mod requestor;
mod state;
mod time;

use serde_json::{Map, Value, json};

use crate::approval::Millis;

pub use attachment::{Attachment, AttachmentError};
pub use cursor::Cursor;
pub use error::{Code, Failure, Step};
pub use fields::{Edit, FieldError};
pub use page::{PAGE_SIZE, Page, Rows, first_rows, page};
pub use profile::{Destination, ExternalId, NoSuchDestination, Profile, System, Tables};
pub use rate::RateLimit;
pub use requestor::{Requestor, requestor};
pub use state::{InternalState, States};
pub use time::{Window, WindowError, written};

/// Somebody on a ticket. The help desk's own id or address is what Moveworks finds the person by; it resolves the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The help desk's own id.
    pub id: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// A ticket of a help desk. Texts are plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// The number that people know.
    pub number: String,
    /// The id at the help desk. Where it differs from the number, calls may name a ticket by either.
    pub id: String,
    /// The help desk's own name of the state.
    pub state: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Who entered it.
    pub created_by: Option<User>,
    /// Who changed it last, where the help desk tells.
    pub updated_by: Option<User>,
    /// Whom it is for.
    pub requested_for: Option<User>,
    /// Who works on it.
    pub assigned_to: Option<User>,
    /// Who resolved it.
    pub resolved_by: Option<User>,
    /// The resolution.
    pub close_notes: Option<String>,
    /// The closure code.
    pub close_code: Option<String>,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When it last changed.
    pub updated_at: Option<Millis>,
    /// Where people look at it.
    pub url: Option<String>,
    /// Facts that have no field of their own, by name.
    pub custom: Vec<(String, String)>,
    /// Whether the help desk itself says that an approval is open.
    pub waits_for_approval: bool,
    /// What was said on it, oldest first; none where it was not asked for.
    pub comments: Option<Vec<Comment>>,
}

/// Something said on a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comment {
    /// Plain text.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// Who said it.
    pub author: Option<User>,
    /// When.
    pub created_at: Option<Millis>,
}

impl Ticket {
    /// The internal state. An open approval outranks what the help desk calls the ticket, but for one that is finished:
    /// nobody waits for that any more.
    pub fn internal_state(&self, profile: &Profile) -> InternalState {
        let own = self.state.as_deref().map_or(InternalState::NotApplicable, |name| profile.states.read(name));
        if self.waits_for_approval && !own.is_finished() { InternalState::WaitingForApproval } else { own }
    }

    /// The ticket on the wire.
    ///
    /// | key | value |
    /// |---|---|
    /// | `id`, `record_id` | the number that people know; the id at the help desk |
    /// | `state`, `internal_state_code` | the help desk's name; one of [`InternalState`] |
    /// | `short_description`, `description`, `close_notes`, `close_code`, `url` | plain text |
    /// | `created_by`, `opened_by`, `updated_by`, `requested_for`, `assigned_to_user`, `resolved_by` | a user |
    /// | `created_at`, `updated_at` | UTC, microseconds, `Z` |
    /// | `custom_data` | text by name |
    /// | `comments`, `work_notes` | what the requester sees and what not; only where one ticket was asked for |
    ///
    /// A user is `{"full_name","email_addr","user_itsm_id_info":[{"system","external_id","integration_id"}]}`.
    pub fn to_value(&self, profile: &Profile) -> Value {
        let mut ticket = Map::new();
        let mut put = |name: &str, value: Value| drop(ticket.insert(name.to_owned(), value));
        let user = |user: &Option<User>| user.as_ref().map_or(Value::Null, |user| user.to_value(profile));
        put("id", self.number.as_str().into());
        put("record_id", self.id.as_str().into());
        put("state", text(self.state.as_ref()));
        put("internal_state_code", self.internal_state(profile).name().into());
        put("short_description", text(self.title.as_ref()));
        put("description", text(self.description.as_ref()));
        put("created_by", user(&self.created_by));
        put("opened_by", user(&self.created_by));
        put("updated_by", user(&self.updated_by));
        put("requested_for", user(&self.requested_for));
        put("assigned_to_user", user(&self.assigned_to));
        put("resolved_by", user(&self.resolved_by));
        put("close_notes", text(self.close_notes.as_ref()));
        put("close_code", text(self.close_code.as_ref()));
        put("created_at", self.created_at.map_or(Value::Null, |at| written(at).into()));
        put("updated_at", self.updated_at.map_or(Value::Null, |at| written(at).into()));
        put("url", text(self.url.as_ref()));
        let custom = self.custom.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        put("custom_data", Value::Object(custom.collect()));
        if let Some(comments) = &self.comments {
            let said = |public| {
                let own = comments.iter().filter(move |comment| comment.public == public);
                own.map(|comment| comment.to_value(profile)).collect::<Vec<_>>()
            };
            put("comments", said(true).into());
            put("work_notes", said(false).into());
        }
        Value::Object(ticket)
    }

    /// Whether it belongs to a destination.
    pub fn is_of(&self, destination: &Destination) -> bool {
        let own = self.custom.iter().find(|(name, _)| *name == destination.field);
        own.is_some_and(|(_, value)| value.to_lowercase() == destination.value.to_lowercase())
    }
}

impl User {
    fn to_value(&self, profile: &Profile) -> Value {
        let (first, second) = match profile.external_id {
            ExternalId::Email => (&self.email, &self.id),
            ExternalId::Id => (&self.id, &self.email),
        };
        let identities: Vec<Value> =
            first.as_ref().or(second.as_ref()).map(|own| identity(profile, own)).into_iter().collect();
        json!({ "full_name": self.name, "email_addr": self.email, "user_itsm_id_info": identities })
    }
}

/// `user_itsm_id_info`. The names of the system are left out where the tenant has none for it.
fn identity(profile: &Profile, external_id: &str) -> Value {
    match &profile.system {
        Some(System { name, integration_id }) => {
            json!({ "system": name, "external_id": external_id, "integration_id": integration_id })
        }
        None => json!({ "external_id": external_id }),
    }
}

impl Comment {
    fn to_value(&self, profile: &Profile) -> Value {
        json!({
            "text": self.text,
            "author": self.author.as_ref().map(|author| author.to_value(profile)),
            "created_at": self.created_at.map(written),
        })
    }
}

fn text(value: Option<&String>) -> Value {
    value.map_or(Value::Null, |value| value.as_str().into())
}

#[cfg(test)]
mod tests;
