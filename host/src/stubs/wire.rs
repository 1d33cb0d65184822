//! One incoming call, taken apart once: path, input, and who it says it is.

use super::faults::Quirk;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// How the input of a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// There was none.
    Nothing,
    /// In the query.
    Query,
    /// In an `application/x-www-form-urlencoded` body.
    Form,
    /// As a JSON body.
    Json,
}

/// A call, as the vendors' code sees it.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) host: String,
    pub(crate) path: String,
    /// Decoded parts of the path, empty ones left out.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// List quirks that a scripted fault asks for.
    pub(crate) quirk: Option<Quirk>,
}

impl Incoming {
    pub(crate) fn new(request: Request<Bytes>) -> Self {
        let (head, body) = request.into_parts();
        let host = match head.headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
            Some(host) => host.to_owned(),
            None => head.uri.authority().map(ToString::to_string).unwrap_or_default(),
        };
        let path = head.uri.path().to_owned();
        let parts = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let query = pairs(head.uri.query().unwrap_or_default());
        let is_form = text(&head.headers, "content-type").starts_with("application/x-www-form-urlencoded");
        let form = if is_form { pairs(&String::from_utf8_lossy(&body)) } else { Vec::new() };
        Self { method: head.method, host, path, parts, query, form, headers: head.headers, body, quirk: None }
    }

    /// A header as text, empty if missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }

    pub(crate) fn is_json(&self) -> bool {
        self.header("content-type").split(';').next().is_some_and(|kind| kind.trim().ends_with("json"))
    }

    /// A form field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// A query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The text of `input_data` and how it came.
    pub(crate) fn input_data(&self, json_bodies: bool) -> (Option<String>, Via) {
        if let Some(text) = self.field("input_data") {
            return (Some(text.to_owned()), Via::Form);
        }
        if let Some(text) = self.parameter("input_data") {
            return (Some(text.to_owned()), Via::Query);
        }
        if self.is_json() && !self.body.is_empty() {
            let taken = json_bodies.then(|| String::from_utf8_lossy(&self.body).into_owned());
            return (taken, Via::Json);
        }
        (None, Via::Nothing)
    }

    /// The input for the journal: decoded, and without secrets.
    pub(crate) fn input_for_journal(&self) -> (Option<Value>, Via) {
        let (text, via) = self.input_data(true);
        if let Some(text) = text {
            return (Some(serde_json::from_str(&text).unwrap_or(Value::String(text))), via);
        }
        let (fields, via) = if self.form.is_empty() { (&self.query, Via::Query) } else { (&self.form, Via::Form) };
        if fields.is_empty() {
            return (None, via_of(&self.body));
        }
        let shown = |name: &str, value: &str| {
            let open = ["grant_type", "scope", "client_id", "redirect_uri", "PORTALID", "format"].contains(&name)
                || ["ids", "query", "after_cursor"].contains(&name)
                || name.starts_with("filter[")
                || name.starts_with("page[");
            Value::String(if open { value.to_owned() } else { REDACTED.to_owned() })
        };
        let map: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect();
        (Some(Value::Object(map)), via)
    }
}

/// Stands in the journal for a secret.
pub(crate) const REDACTED: &str = "(redacted)";

/// The scheme and the secret of an `Authorization` header. A scheme that is none is not shown: it may be the secret.
pub(crate) fn scheme(header: &str) -> (&str, &str) {
    match header.split_once(' ') {
        _ if header.is_empty() => ("", ""),
        Some((scheme @ ("Bearer" | "Zoho-oauthtoken" | "Basic"), secret)) => (scheme, secret),
        _ => ("(no known scheme)", ""),
    }
}

fn via_of(body: &Bytes) -> Via {
    if body.is_empty() { Via::Nothing } else { Via::Json }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
        })
        .collect()
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &Value) -> Response<Bytes> {
    raw(status, "application/json;charset=UTF-8", body.to_string())
}

/// An answer of any kind.
pub(crate) fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
