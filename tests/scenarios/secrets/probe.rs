//! A desk full of canaries, vendors that repeat what they are sent, and a look at everything that anybody could see.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use approval_bridge::egress::{EgressError, transport_fn};
use approval_bridge::stubs::{Door, Edition, Stubs};
use approval_bridge::variables::KNOWN;
use approval_bridge_tests::harness::{ANA, Answer, BO, Browser, Card, Desk, Setup, minutes, requests};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::canary::{Place, canary};

/// Which calls a vendor refuses, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    pub(super) path: &'static str,
    pub(super) status: u16,
    pub(super) html: bool,
    pub(super) disguise: Disguise,
}

/// How a vendor writes what it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disguise {
    /// As it came.
    None,
    /// Signs as `\u003d`, as some writers of JSON do.
    Json,
    /// Signs as `&#x3d;`.
    Html,
    /// Signs as `%3d`.
    Percent,
    /// In capitals.
    Capitals,
    /// With a character in it that nobody sees, which is taken out of texts for people.
    Hidden,
}

impl Disguise {
    pub(super) const ALL: [Self; 6] = [Self::None, Self::Json, Self::Html, Self::Percent, Self::Capitals, Self::Hidden];

    /// A text in this disguise, as a JSON string would hold it.
    fn write(self, text: &str) -> String {
        let quoted = json!(text).to_string();
        let plain = quoted.trim_matches('"');
        let signs = |mark: &str, end: &str| {
            plain.chars().fold(String::new(), |out, c| match c {
                '+' | '/' | '=' => format!("{out}{mark}{:02x}{end}", u32::from(c)),
                _ => format!("{out}{c}"),
            })
        };
        match self {
            Self::None => plain.to_owned(),
            Self::Json => signs("\\u00", ""),
            Self::Html => signs("&#x", ";"),
            Self::Percent => signs("%", ""),
            Self::Capitals => plain.to_ascii_uppercase(),
            Self::Hidden => plain.replace('k', "k\u{200b}"),
        }
    }
}

/// The vendors, with a memory of what was sent to them and what they gave away.
#[derive(Clone, Default)]
pub(super) struct Upstream {
    pub(super) echo: Arc<Mutex<Option<Echo>>>,
    pub(super) calls: Arc<Mutex<Vec<Request<Bytes>>>>,
    pub(super) tokens: Arc<Mutex<Vec<String>>>,
    pub(super) echoed: Arc<Mutex<usize>>,
}

impl Upstream {
    pub(super) fn echo(&self, echo: Option<Echo>) {
        *self.echo.lock().expect("nobody panicked") = echo;
    }

    async fn answer(self, stubs: Stubs, request: Request<Bytes>) -> Result<Response<Bytes>, EgressError> {
        let path = request.uri().path().to_owned();
        self.calls.lock().expect("nobody panicked").push(request.clone());
        let echo = *self.echo.lock().expect("nobody panicked");
        if let Some(echo) = echo.filter(|echo| path.contains(echo.path)) {
            *self.echoed.lock().expect("nobody panicked") += 1;
            return Ok(echo.answer(&request));
        }
        let answer = stubs.handle(request).await.map_err(|_| EgressError::Closed("vendor".to_owned()))?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if let Some(token) = body["access_token"].as_str() {
            // The part before the first dot is the same for every token of Zoho.
            let own = token.split_once('.').expect("a token").1;
            self.tokens.lock().expect("nobody panicked").push(own.to_owned());
        }
        Ok(answer)
    }
}

/// The headers that hold credentials.
fn headers_of(request: &Request<Bytes>) -> impl Iterator<Item = &str> {
    let headers = ["authorization", "authtoken"].into_iter().filter_map(|name| request.headers().get(name));
    headers.map(|value| value.to_str().expect("text"))
}

impl Echo {
    /// The credentials first, because texts are cut.
    fn answer(self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut text: Vec<&str> = headers_of(request).collect();
        let body = std::str::from_utf8(request.body()).expect("text");
        let secret = ["client_secret=", "refresh_token=", "client_id="];
        text.extend(secret.iter().filter_map(|name| body.split('&').find_map(|field| field.strip_prefix(name))));
        // Basic authorisation is unwrapped by whoever reads it.
        let basic = headers_of(request).filter_map(|value| value.strip_prefix("Basic "));
        let unwrapped: Vec<String> =
            basic.filter_map(|pair| STANDARD.decode(pair).ok()).flat_map(String::from_utf8).collect();
        text.extend(unwrapped.iter().map(String::as_str));
        text.push(body);
        let text = self.disguise.write(&text.join(" "));
        let body = if self.html {
            format!("<html><body>{text}</body></html>")
        } else if self.path.contains("oauth") {
            format!(r#"{{"error":"{text}","error_description":"{text}"}}"#)
        } else if self.path.contains("api/v3") {
            let message = format!(r#"{{"status_code":4001,"type":"failed","message":"{text}","field":"{text}"}}"#);
            format!(r#"{{"response_status":{{"status_code":4000,"status":"failed","messages":[{message}]}}}}"#)
        } else {
            format!(r#"{{"error":{{"code":"{text}","message":"{text}"}}}}"#)
        };
        let kind = if self.html { "text/html" } else { "application/json" };
        let answer = Response::builder().status(self.status).header("content-type", kind);
        answer.header("location", format!("https://elsewhere.example/?{}", text.len())).body(body.into()).expect("good")
    }
}

/// Every address that can be read, and some that cannot.
const READS: [&str; 12] = [
    "/",
    "/approvals",
    "/approvals?limit=x",
    "/approvals/none",
    "/outbox",
    "/audit",
    "/metrics",
    "/console",
    "/openapi.json",
    "/requests/1",
    "/gateway/sdp/tickets/1",
    "/nowhere",
];

/// A desk full of canaries, and everything that anybody could see of it.
pub(super) struct Probe {
    pub(super) desk: Desk,
    pub(super) upstream: Upstream,
    pub(super) seen: Vec<(String, Vec<u8>)>,
    pub(super) id: String,
}

impl Probe {
    pub(super) fn new(edition: Edition, door: Door) -> Self {
        Self::with(edition, door, |setup| setup)
    }

    pub(super) fn with(edition: Edition, door: Door, more: impl FnOnce(Setup) -> Setup) -> Self {
        let setup = if edition == Edition::Cloud { Desk::cloud() } else { Desk::on_premises() };
        let mut setup = setup.door(door);
        for known in KNOWN.iter().filter(|known| known.secret) {
            let other = match known.name {
                "sdp_authtoken" => edition == Edition::Cloud,
                "sdp_client_id" | "sdp_client_secret" | "sdp_refresh_token" => edition == Edition::OnPremises,
                "moveworks_listener_secret" => door == Door::Events,
                _ => false,
            };
            if !other {
                setup = setup.without(known.name).variable(known.name, &canary(known.name));
            }
        }
        setup = setup
            .variable("zendesk_base_url", "https://zendesk.example")
            .variable("zendesk_email", approval_bridge::stubs::ZENDESK_EMAIL);
        let upstream = Upstream::default();
        let own = upstream.clone();
        let setup =
            setup.transport(move |stubs, _| transport_fn(move |request| own.clone().answer(stubs.clone(), request)));
        let setup = setup.world(|world| {
            let settings = &mut world.settings;
            (settings.zoho.client_id, settings.zoho.client_secret) = (None, None);
            (settings.zoho.refresh_token, settings.moveworks.api_key) = (None, None);
            settings.sdp.authtoken = canary("sdp_authtoken");
            settings.zendesk.api_token = canary("zendesk_api_token");
            let ana = world.zendesk.user(ANA.0, ANA.1);
            requests(&mut world.zendesk, ana, 1);
        });
        let desk = more(setup).start();
        let id = desk.world(|world| world.request().level(&[ANA, BO]).add()).approval(0, 0).id();
        Self { desk, upstream, seen: Vec::new(), id }
    }

    pub(super) fn see(&mut self, what: &str, text: impl Into<Vec<u8>>) {
        self.seen.push((what.to_owned(), text.into()));
    }

    pub(super) async fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_as(&canary("api_token"), method, path, body).await
    }

    pub(super) async fn ask_as(&mut self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("authorization", format!("Bearer {token}")).body(Bytes::from(body));
        let answer = self.desk.send(request.expect("a proper request")).await;
        self.see(&format!("{method} {path}"), format!("{:?} {}", answer.headers, answer.text));
        answer
    }

    /// Everything that callers can do, right and wrong.
    pub(super) async fn use_everything(&mut self) {
        let id = self.id.clone();
        let own = |card: &Card| card.approval_id == id;
        let token = self
            .desk
            .cards()
            .into_iter()
            .find(own)
            .map(|card| card.slot("action_token").to_owned())
            .unwrap_or_default();
        let right = json!({ "approver": ANA.1, "comment": "Fine", "token": token });
        for path in READS {
            self.ask("GET", path, Value::Null).await;
        }
        for (method, path, body) in [
            ("DELETE", "/approvals", Value::Null),
            ("POST", "/requests", json!({ "source": "sdp" })),
            ("PATCH", "/requests/1", json!({ "recipients": [] })),
            ("DELETE", "/requests/1", Value::Null),
            ("POST", "/requests/1/resend", Value::Null),
            ("POST", "/requests/1/responses", json!({ "approver": ANA.1, "answer": "approve" })),
            ("POST", "/gateway/sdp/tickets", json!({ "title": "x" })),
            ("POST", "/gateway/sdp/tickets/1/comments", json!({ "text": "x", "public": true })),
            ("PUT", "/gateway/sdp/tickets/1/assignment", json!({ "group": "x" })),
            ("POST", "/approvals/1/2/approve", json!({ "approver": ANA.1 })),
            ("POST", "/approvals/zendesk:1/approve", json!({ "approver": ANA.1 })),
            (
                "POST",
                "/approval-requests/zendesk",
                json!({ "ticket_id": 1, "subject": "s", "message": "m", "assignee_user_id": 1 }),
            ),
        ] {
            self.ask(method, path, body).await;
        }
        self.ask("POST", "/poll?dry_run=true", Value::Null).await;
        self.ask("POST", "/poll", Value::Null).await;
        self.ask("GET", &format!("/approvals/{id}"), Value::Null).await;
        let ticket = json!({ "source": "sdp", "module": "requests", "ticket_id": id.split(':').nth(2) });
        self.ask("POST", "/hints", ticket).await;
        self.ask("POST", "/hints", json!({ "source": "sdp", "colour": 1 })).await;
        self.ask("POST", "/notifications", json!({ "message": "Hello", "recipients": [BO.1] })).await;
        for body in [json!({ "approver": ANA.1 }), json!({ "approver": ANA.1, "token": "bad.token" }), json!([])] {
            self.ask("POST", &format!("/approvals/{id}/approve"), body).await;
        }
        self.ask("POST", "/approvals/sdp:requests:1:2:3/approve", right.clone()).await;
        self.ask("POST", &format!("/approvals/{id}/reject"), json!({ "approver": ANA.1, "token": token })).await;
        self.ask("POST", &format!("/approvals/{id}/approve"), right).await;
        self.desk.advance(minutes(10));
        let typed = self.desk.drive(self.desk.bridge().poll(false)).await;
        self.see("typed poll", format!("{typed:?}"));
        if let Err(error) = &typed {
            self.see("typed error", error.to_string());
        }
        let listed = self.ask("GET", "/outbox", Value::Null).await;
        let first = listed.body["messages"][0]["id"].as_str().unwrap_or("none").to_owned();
        self.ask("POST", &format!("/outbox/{first}/retry"), Value::Null).await;
        self.ask("GET", &format!("/approvals/{id}"), Value::Null).await;
        // Again, now that there is something in them.
        for path in ["/audit", "/metrics", "/console", &format!("/console?approval={id}")] {
            self.ask("GET", path, Value::Null).await;
        }
        self.use_the_console(&first).await;
    }

    /// Everything that somebody with a browser can do, right and wrong.
    async fn use_the_console(&mut self, message: &str) {
        let mut browser = Browser::new(&self.desk);
        let mut answers = vec![browser.sign_in(&canary("nobody")).await, browser.sign_in(&canary("api_token")).await];
        answers.push(browser.get("/console").await);
        answers.push(browser.post("/console/retry", &[("id", message)]).await);
        answers.push(browser.post("/console/retry", &[("id", "none")]).await);
        answers.push(browser.post("/console/poll", &[]).await);
        answers.push(browser.get("/console").await);
        answers.push(browser.post("/console/sign-out", &[]).await);
        for answer in answers {
            self.see("the console", format!("{:?} {}", answer.headers, answer.text));
        }
    }

    /// Nothing that anybody saw, nor the store, has any of the secrets in it.
    pub(super) fn assert_kept(mut self, what: &str) {
        let calls = self.upstream.calls.lock().expect("nobody panicked").clone();
        for call in calls.iter().filter(|call| call.uri().host() == Some("moveworks.example")) {
            self.see("a message", call.body().to_vec());
        }
        for (key, value) in self.desk.entries() {
            self.see(&format!("the store at {key}"), [key.as_bytes(), b" ", &value].concat());
        }
        let secrets = KNOWN.iter().filter(|known| known.secret).map(|known| (known.name, canary(known.name)));
        let tokens = self.upstream.tokens.lock().expect("nobody panicked").clone();
        let secrets: Vec<_> = secrets.chain(tokens.into_iter().map(|token| ("an access token", token))).collect();
        let mut leaks = BTreeSet::new();
        for (place, text) in &self.seen {
            let text = Place::new(text);
            let leaked = secrets.iter().filter(|(_, secret)| text.shows(secret));
            leaks.extend(leaked.map(|(name, _)| format!("{name} in {place}")));
        }
        assert!(leaks.is_empty(), "{what}: {leaks:#?}");
    }
}
