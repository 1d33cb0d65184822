//! Atera API v3: requests as values, answers as values.
//!
//! Atera publishes where its API is and how a key is sent ("Atera API"); shapes and field names are known from working
//! third-party clients only, so every one is optional here. Its own approvals have no API: the bridge reads tickets,
//! writes comments and custom fields, and keeps the approval itself.

mod envelope;
mod fields;
mod read;

use chrono::{DateTime, SecondsFormat};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::approval::Millis;
use crate::http::{HttpRequest, Method};
use crate::pace::Rate;

pub use envelope::classify;
pub use read::{
    Comment, Page, Refused, holds, read_comments, read_contact, read_technicians, read_ticket, read_tickets,
    read_written,
};

/// The largest page that every list gives (third-party clients: 20 by default, at most 50).
pub const PAGE_SIZE: u32 = 50;

/// How often Atera is called at most: 90 times a minute, in steps so short that sweeps which follow one another closely keep
/// to it together. Atera publishes no limit; 500 in five minutes is the lowest that its users have met.
pub const RATE: Rate = Rate { messages: 3, span: 2_000 };

/// Everything but the characters that RFC 3986 never reserves.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// In whose name comments are written. Atera asks for one; it does not take the owner of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technician {
    /// The id of the technician.
    pub id: u64,
    /// The address, where known.
    pub email: Option<String>,
}

/// Builds calls to one Atera account.
#[derive(Clone)]
pub struct Calls<'a> {
    base_url: &'a str,
    key: &'a str,
}

impl<'a> Calls<'a> {
    /// Calls below `base_url` (without `/api/v3`).
    pub const fn new(base_url: &'a str, key: &'a str) -> Self {
        Self { base_url, key }
    }

    /// One ticket.
    pub fn ticket(&self, ticket: &str) -> HttpRequest {
        self.get(&format!("tickets/{}", segment(ticket)), "")
    }

    /// A page, from 1, of the tickets that changed since a time. In no promised order.
    pub fn tickets_modified(&self, since: Millis, page: u32) -> HttpRequest {
        let since = DateTime::from_timestamp_millis(since).unwrap_or_default();
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.get("tickets/lastmodified", &format!("?date={}&{}", segment(&since), paging(page)))
    }

    /// A page, from 1, of the comments of a ticket, internal ones among them. In no promised order.
    pub fn comments(&self, ticket: &str, page: u32) -> HttpRequest {
        self.get(&format!("tickets/{}/comments", segment(ticket)), &format!("?{}", paging(page)))
    }

    /// The contacts whose address contains this text; [`read_contact`] finds the one that has it.
    pub fn contacts(&self, email: &str) -> HttpRequest {
        self.get("contacts", &format!("?searchOptions.email={}&{}", segment(email), paging(1)))
    }

    /// A note that only technicians see. `text` is taken for HTML by Atera.
    pub fn add_note(&self, ticket: &str, technician: &Technician, text: &str, now: Millis) -> HttpRequest {
        let now = DateTime::from_timestamp_millis(now).unwrap_or_default();
        let mut details = json!({ "TechnicianId": technician.id, "IsInternal": true });
        if let (Some(details), Some(email)) = (details.as_object_mut(), &technician.email) {
            details.insert("TechnicianEmail".to_owned(), Value::String(email.clone()));
        }
        let body = json!({
            "CommentText": text,
            "CommentTimestampUtc": now.to_rfc3339_opts(SecondsFormat::Secs, true),
            "TechnicianCommentDetails": details,
        });
        self.send(Method::Post, &format!("tickets/{}/comments", segment(ticket)), &body)
    }

    /// Sets a custom field of a ticket. Setting it twice is setting it once.
    pub fn set_field(&self, ticket: &str, name: &str, value: &str) -> HttpRequest {
        let path = format!("customvalues/ticketfield/{}/{}", segment(ticket), segment(name));
        self.send(Method::Put, &path, &json!({ "Value": value }))
    }

    fn get(&self, path: &str, query: &str) -> HttpRequest {
        self.let_in(HttpRequest::new(Method::Get, format!("{}{query}", self.url(path))))
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> HttpRequest {
        self.let_in(HttpRequest::new(method, self.url(path))).with_body("application/json", body.to_string())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base_url.trim_end_matches('/'))
    }

    fn let_in(&self, request: HttpRequest) -> HttpRequest {
        request.header("accept", "application/json").header("x-api-key", self.key)
    }
}

fn paging(page: u32) -> String {
    format!("page={page}&itemsInPage={PAGE_SIZE}")
}

fn segment(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, STRICT)
}

#[cfg(test)]
mod tests;
