//! The HTTP door over the native shell, and behind it everything that a request can set off.

use std::sync::LazyLock;

use approval_bridge_component::routes::{BODY_MAX, TooLarge, handle};
use approval_bridge_component::shell::Shell;
use approval_logic::metrics;
use bytes::Bytes;
use futures::executor::block_on;
use http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

use crate::desk::Desk;
use crate::host::{Keys, MemoryHost};
use crate::message;

/// What callers present; inputs have it in the clear.
const API_TOKEN: &str = "token-of-the-bridge";

/// Values that nobody outside may see.
const HIDDEN: [&str; 6] = [
    "hidden-action-secret",
    "hidden-authtoken",
    "hidden-api-key",
    "hidden-listener-secret",
    "hidden-zendesk-token",
    "hidden-atera-key",
];

const VARIABLES: &[(&str, &str)] = &[
    ("api_token", API_TOKEN),
    ("sdp_base_url", "https://sdp.example"),
    ("sdp_authtoken", HIDDEN[1]),
    ("moveworks_listener_id", "8b0c3f52-7a4e-4f8d-b1c6-2d9e0a7f4b33"),
    ("moveworks_api_key", HIDDEN[2]),
    ("moveworks_listener_secret", HIDDEN[3]),
    ("zendesk_base_url", "https://zendesk.example"),
    ("zendesk_email", "admin@corp.example"),
    ("zendesk_api_token", HIDDEN[4]),
    ("atera_base_url", "https://atera.example"),
    ("atera_api_key", HIDDEN[5]),
];

/// The same where decisions need the token of their card.
const VARIABLES_WITH_TOKENS: &[(&str, &str)] = &[
    ("api_token", API_TOKEN),
    ("action_secret", HIDDEN[0]),
    ("sdp_base_url", "https://sdp.example"),
    ("sdp_authtoken", HIDDEN[1]),
    ("moveworks_event_id", "8b0c3f52-7a4e-4f8d-b1c6-2d9e0a7f4b33"),
    ("moveworks_api_key", HIDDEN[2]),
];

/// The store after a first sweep, so that there is something to list and to decide.
static SWEPT: LazyLock<Keys> = LazyLock::new(|| {
    let host = MemoryHost::new(Keys::new(), VARIABLES, Desk::new(&[]));
    let report = block_on(Shell::new(host.clone()).poll(false)).expect("the first sweep runs");
    assert!(report.complete, "{report:?}");
    host.keys()
});

/// Any request, and any answers of the vendors while it is served: an answer below 500 in the bridge's own form, no work
/// for strangers, no decision on a read, nothing hidden in sight.
pub fn router(input: &[u8]) {
    let messages = message::messages(input);
    let Some((request, answers)) = messages.split_first() else { return };
    let Some(request) = message::request(request) else { return };
    for variables in [VARIABLES, VARIABLES_WITH_TOKENS] {
        let host = MemoryHost::new(SWEPT.clone(), variables, Desk::new(answers));
        let known = is_known(&request);
        let method = request.method().clone();
        let body = if request.body().len() > BODY_MAX { Err(TooLarge) } else { Ok(request.body().clone()) };
        let response = block_on(handle(host.clone(), request.clone().map(|_| body)));
        let said = form(&response, answers.is_empty());
        if !known {
            let refused = match said.as_str() {
                // One that was asked for by HEAD has nothing in it.
                PAGE | "" => [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status()),
                said => (response.status(), said) == (StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED"),
            };
            assert!(refused, "{} {said}", response.status());
            assert_eq!((host.store_use(), host.desk.calls()), (0, (0, 0)), "work for a stranger");
        }
        if method == Method::GET {
            let (calls, writes) = host.desk.calls();
            assert_eq!(writes, 0, "{method} changed something");
            // The Ticket Gateway reads tickets where they are; everything else that is read is known already.
            assert!(calls == 0 || request.uri().path().starts_with("/gateway/"), "{method} called a vendor");
        }
        for secret in HIDDEN.iter().filter(|secret| message::find(input, secret.as_bytes()).is_none()) {
            let shown = |bytes: &[u8]| message::find(&bytes.to_ascii_lowercase(), secret.as_bytes()).is_some();
            assert!(!shown(response.body()), "{secret} in an answer");
            assert!(!host.keys().values().any(|value| shown(value)), "{secret} in the store");
        }
    }
}

/// Whether a request may in: it asks for the health, or has one credential, which is the right one.
fn is_known(request: &Request<Bytes>) -> bool {
    if request.uri().path() == "/" && [Method::GET, Method::HEAD].contains(request.method()) {
        return true;
    }
    if request.uri().path() == "/console/sign-in" && message::find(request.body(), API_TOKEN.as_bytes()).is_some() {
        return true;
    }
    let given: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
    let [given] = given.as_slice() else { return false };
    let Some((scheme, token)) = given.to_str().ok().and_then(|given| given.split_once(' ')) else { return false };
    scheme.eq_ignore_ascii_case("bearer") && token.trim() == API_TOKEN
}

/// What stands for the error code of an answer that is a page.
const PAGE: &str = "PAGE";

/// Looks at the form of an answer; its error code, or nothing.
fn form(response: &Response<Bytes>, vendors_are_well: bool) -> String {
    let status = response.status();
    let body: Value = match response.body().as_ref() {
        // The answer to a HEAD request, or one that says everything with its status.
        [] => Value::Null,
        body => match response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).expect("a type") {
            "application/x-ndjson" => {
                let lines = body.split_inclusive(|byte| *byte == b'\n');
                lines.map(|line| serde_json::from_slice::<Value>(line).expect("JSON")).collect()
            }
            metrics::CONTENT_TYPE => {
                assert!(body.ends_with(b"\n# EOF\n"));
                Value::Bool(true)
            }
            "text/html; charset=utf-8" => {
                assert!(body.starts_with(b"<!DOCTYPE html>") && message::find(body, b"<script").is_none());
                assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
                return PAGE.to_owned();
            }
            kind => {
                assert_eq!(kind, "application/json");
                serde_json::from_slice(body).expect("JSON")
            }
        },
    };
    let code = body["error"]["code"].as_str().unwrap_or_default().to_owned();
    let refused = status.is_client_error() || status.is_server_error();
    assert_eq!(refused && !body.is_null(), !code.is_empty(), "{status}: {body}");
    assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code}");
    let allowed = match status {
        // What the vendor did not do or tell, or gave no clear answer to.
        StatusCode::BAD_GATEWAY => {
            let told = ["SOURCE_FAILED", "SOURCE_REFUSED", "EXTERNAL_REST_ERROR"].contains(&code.as_str());
            !vendors_are_well && (told || body["outcome"] == "source_refused")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            !vendors_are_well && (code == "SOURCE_UNAVAILABLE" || code == "UNCLEAR" || body["outcome"] == "unclear")
        }
        other => !other.is_server_error(),
    };
    assert!(allowed, "{status}: {body}");
    code
}
