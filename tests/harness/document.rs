//! The document at `GET /openapi.json`, held against what the bridge is sent and what it answers.
//!
//! Every call of every scenario passes here. A wrong document leaves a status, a field or a header out, calls for a body
//! that the bridge refuses, or forbids one that it takes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri};
use jsonschema::Validator;
use serde_json::{Value, json};

/// What a validator was made for: a place in the document.
type Validators = Mutex<HashMap<String, Arc<Validator>>>;

/// The document, with what was made of it so far.
struct Document {
    root: Value,
    validators: Validators,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let text = include_str!("../../component/bridge/openapi.json");
    Document { root: serde_json::from_str(text).expect("the document is JSON"), validators: Validators::default() }
});

/// Headers that need no word of their own. The last one is on every answer about a sweep.
const PLAIN: [&str; 6] =
    ["content-type", "content-length", "date", "connection", "transfer-encoding", "approval-bridge-sweep"];

/// A call, as it was sent.
pub(super) struct Called {
    method: Method,
    path: String,
    body: Bytes,
}

impl Called {
    pub(super) fn new(method: &Method, uri: &Uri, body: &Bytes) -> Self {
        Self { method: method.clone(), path: uri.path().to_owned(), body: body.clone() }
    }

    /// Fails the test unless the document says that this call can be answered so.
    pub(super) fn check(&self, response: &Response<Bytes>) {
        if let Err(problem) = DOCUMENT.check(self, response) {
            let Self { method, path, .. } = self;
            let said = String::from_utf8_lossy(response.body());
            panic!("openapi.json: {method} {path} answers {}: {problem}\n{said}", response.status());
        }
    }
}

impl Document {
    fn check(&self, call: &Called, response: &Response<Bytes>) -> Result<(), String> {
        // Pages for people, which no program reads.
        if call.path == "/console" || call.path.starts_with("/console/") {
            return Ok(());
        }
        let status = response.status().as_u16();
        let read = if call.method == Method::HEAD { "get" } else { &call.method.as_str().to_ascii_lowercase() };
        let path = self.path(&call.path);
        let Some(operation) = path.and_then(|path| path.1.get(read)) else {
            // Whoever has no token does not learn what exists.
            let wrong = if path.is_some() { 405 } else { 404 };
            if status == 405 && response.headers().get("allow").is_none() {
                return Err("405 without Allow".to_owned());
            }
            let expected = [400, 401, 413, 503, wrong].contains(&status);
            return if expected { self.envelope(call, response) } else { Err("no such operation".to_owned()) };
        };
        let answer = &operation["responses"][status.to_string()];
        if answer.is_null() {
            return Err("this status is not documented".to_owned());
        }
        let answer = self.resolve(answer);
        headers(answer, response.headers())?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let Some(content) = answer["content"].get(kind) else { return Err(format!("{kind:?} is not documented")) };
        if kind == "application/json" && call.method != Method::HEAD {
            let body = serde_json::from_slice(response.body()).map_err(|error| error.to_string())?;
            self.valid(&content["schema"], &body)?;
        }
        self.request(operation, call, response)
    }

    /// What is taken is described, and what is refused for its shape is not.
    fn request(&self, operation: &Value, call: &Called, response: &Response<Bytes>) -> Result<(), String> {
        let described = &operation["requestBody"];
        if described.is_null() {
            return Ok(());
        }
        let body = serde_json::from_slice(&call.body).map_err(|error| error.to_string());
        let missing = call.body.is_empty() && described["required"] == false;
        let schema = &described["content"]["application/json"]["schema"];
        let fits = if missing { Ok(()) } else { body.and_then(|body| self.valid(schema, &body)) };
        let said = String::from_utf8_lossy(response.body());
        // A reader of JSON that keeps one of two fields of a name does not see what is wrong.
        let refused = said.contains("the body is not as expected") && !said.contains("duplicate field");
        match fits {
            Ok(()) if refused => Err("the document allows this body".to_owned()),
            Err(problem) if response.status().is_success() => Err(format!("the document forbids this body: {problem}")),
            _ => Ok(()),
        }
    }

    fn envelope(&self, call: &Called, response: &Response<Bytes>) -> Result<(), String> {
        if call.method == Method::HEAD {
            return Ok(());
        }
        let body = serde_json::from_slice(response.body()).map_err(|error| error.to_string())?;
        self.valid(&json!({ "$ref": "#/components/schemas/Error" }), &body)
    }

    /// The path of the document that an address belongs to.
    fn path(&self, address: &str) -> Option<(&String, &Value)> {
        let fits = |path: &str| {
            let (parts, own): (Vec<_>, Vec<_>) = (address.split('/').collect(), path.split('/').collect());
            let part = |(part, own): (&&str, &&str)| part == own || (own.starts_with('{') && !part.is_empty());
            parts.len() == own.len() && parts.iter().zip(&own).all(part)
        };
        self.root["paths"].as_object()?.iter().find(|(path, _)| fits(path))
    }

    fn resolve<'d>(&'d self, value: &'d Value) -> &'d Value {
        let place = value["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
        place.map_or(value, |place| self.root.pointer(place).expect("references lead somewhere"))
    }

    fn valid(&self, schema: &Value, body: &Value) -> Result<(), String> {
        let mut validators = self.validators.lock().expect("nobody panics here");
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({ "components": self.root["components"], "allOf": [schema] });
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Arc::new(options.build(&whole).expect("the document's schemas are sound"))
        });
        let validator = validator.clone();
        drop(validators);
        validator.validate(body).map_err(|error| format!("{}: {error}", error.instance_path()))
    }
}

/// Headers of our own are documented, each with its status.
fn headers(answer: &Value, headers: &HeaderMap) -> Result<(), String> {
    let documented = answer["headers"].as_object();
    let is_documented = |name: &str| documented.is_some_and(|own| own.keys().any(|own| own.eq_ignore_ascii_case(name)));
    let unknown = headers.keys().find(|name| !PLAIN.contains(&name.as_str()) && !is_documented(name.as_str()));
    unknown.map_or(Ok(()), |name| Err(format!("the header {name} is not documented")))
}
