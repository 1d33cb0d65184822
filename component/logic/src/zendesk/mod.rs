//! Zendesk's approval requests: requests as values, answers as values.
//!
//! Sources of the rules: Zendesk API reference "Approval Requests", "Users", "Group Memberships", "Tickets" and "Rate
//! limits". What only Zendesk's early-access description "Approval Workflow Instances" and its open-source help-centre
//! theme show (one request, the decision) is marked where it is used.

mod errors;
pub mod tickets;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::http::{HttpRequest, Method, STRICT};

pub use errors::classify;

/// How a call is let in: an API token, and the person it acts as (Zendesk, "Security and authentication", API token).
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The address of a verified user.
    pub email: String,
    /// The account's API token. It is not tied to a person: with another address it acts as somebody else.
    pub api_token: String,
}

impl Credential {
    /// The same token in the name of another person.
    #[must_use]
    pub fn acting_as(&self, email: &str) -> Self {
        Self { email: email.trim().to_owned(), api_token: self.api_token.clone() }
    }
}

/// Builds calls to one Zendesk account.
#[derive(Clone)]
pub struct Calls<'a> {
    base_url: &'a str,
    credential: &'a Credential,
}

impl<'a> Calls<'a> {
    /// Calls below `base_url` (without `/api/v2`).
    pub const fn new(base_url: &'a str, credential: &'a Credential) -> Self {
        Self { base_url, credential }
    }

    /// A read of `path` below `/api/v2`. The path is taken as it is, names and values of the query are encoded.
    fn get(&self, path: &str, query: &[(&str, &str)]) -> HttpRequest {
        let mut url = self.url(path);
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(&encoded(name));
            url.push('=');
            url.push_str(&encoded(value));
        }
        self.let_in(HttpRequest::new(Method::Get, url))
    }

    /// A call with a body to `path` below `/api/v2`. The path is taken as it is.
    fn send(&self, method: Method, path: &str, body: &Value) -> HttpRequest {
        self.let_in(HttpRequest::new(method, self.url(path))).with_body("application/json", body.to_string())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v2/{path}", self.base_url.trim_end_matches('/'))
    }

    fn let_in(&self, request: HttpRequest) -> HttpRequest {
        let Credential { email, api_token } = self.credential;
        let basic = STANDARD.encode(format!("{email}/token:{api_token}"));
        request.header("accept", "application/json").header("authorization", format!("Basic {basic}"))
    }
}

/// A text as one segment of a path, or as a name or value of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

#[cfg(test)]
mod tests;
