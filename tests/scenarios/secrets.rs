//! Secrets stay where they are: in the variables, and in the calls that need them.
//!
//! Every secret variable is a canary here, and vendors answer the way badly written ones do: with the caller's own
//! credential in their error text. A wrong implementation passes that on into a report, an answer, a message's last
//! error or its store; prints the value that it calls wrong; keeps an access token in plain; puts a credential into an
//! address; or shows one vendor the credential of another.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use approval_bridge::egress::{EgressError, transport_fn};
use approval_bridge::stubs::{Door, Edition, Stubs};
use approval_bridge::variables::KNOWN;
use approval_bridge_tests::harness::{ANA, Answer, BO, Card, Desk, Setup, minutes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

/// A value that stands nowhere else, and of which every part tells whose it is.
fn canary(name: &str) -> String {
    let number = KNOWN.iter().position(|known| known.name == name).unwrap_or(99);
    format!("zq{number:02}kx").repeat(4)
}

/// Whether any piece of nine bytes of a secret is in there, as it is, in the other case, or in base64.
fn shows(place: &[u8], secret: &str) -> bool {
    let exact = String::from_utf8_lossy(place);
    let lower = exact.to_ascii_lowercase();
    let pieces: BTreeSet<&[u8]> = secret.as_bytes().windows(9).collect();
    pieces.into_iter().any(|piece| {
        let plain = std::str::from_utf8(piece).expect("secrets are ASCII").to_ascii_lowercase();
        lower.contains(&plain) || exact.contains(&STANDARD_NO_PAD.encode(piece))
    })
}

/// Which calls a vendor refuses, and how.
#[derive(Clone, Copy)]
struct Echo {
    path: &'static str,
    status: u16,
    html: bool,
}

/// The vendors, with a memory of what was sent to them and what they gave away.
#[derive(Clone, Default)]
struct Upstream {
    echo: Arc<Mutex<Option<Echo>>>,
    calls: Arc<Mutex<Vec<Request<Bytes>>>>,
    tokens: Arc<Mutex<Vec<String>>>,
    echoed: Arc<Mutex<usize>>,
}

impl Upstream {
    fn echo(&self, echo: Option<Echo>) {
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

impl Echo {
    /// The credentials first, because texts are cut.
    fn answer(self, request: &Request<Bytes>) -> Response<Bytes> {
        let headers = ["authorization", "authtoken"].into_iter().filter_map(|name| request.headers().get(name));
        let mut text: Vec<&str> = headers.map(|value| value.to_str().expect("text")).collect();
        let body = std::str::from_utf8(request.body()).expect("text");
        let secret = ["client_secret=", "refresh_token=", "client_id="];
        text.extend(secret.iter().filter_map(|name| body.split('&').find_map(|field| field.strip_prefix(name))));
        text.push(body);
        let text = text.join(" ");
        let body = if self.html {
            format!("<html><body>{text}</body></html>")
        } else if self.path.contains("oauth") {
            json!({ "error": text, "error_description": text }).to_string()
        } else if self.path.contains("api/v3") {
            let messages = json!([{ "status_code": 4001, "type": "failed", "message": text, "field": text }]);
            json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": messages } }).to_string()
        } else {
            json!({ "error": { "code": text, "message": text } }).to_string()
        };
        let kind = if self.html { "text/html" } else { "application/json" };
        let answer = Response::builder().status(self.status).header("content-type", kind);
        answer.header("location", format!("https://elsewhere.example/?{}", text.len())).body(body.into()).expect("good")
    }
}

/// A desk full of canaries, and everything that anybody could see of it.
struct Probe {
    desk: Desk,
    upstream: Upstream,
    seen: Vec<(String, Vec<u8>)>,
    id: String,
}

impl Probe {
    fn new(edition: Edition, door: Door) -> Self {
        Self::with(edition, door, |setup| setup)
    }

    fn with(edition: Edition, door: Door, more: impl FnOnce(Setup) -> Setup) -> Self {
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
        let upstream = Upstream::default();
        let own = upstream.clone();
        let setup =
            setup.transport(move |stubs, _| transport_fn(move |request| own.clone().answer(stubs.clone(), request)));
        let setup = setup.world(|world| {
            let settings = &mut world.settings;
            (settings.zoho.client_id, settings.zoho.client_secret) = (None, None);
            (settings.zoho.refresh_token, settings.moveworks.api_key) = (None, None);
            settings.sdp.authtoken = canary("sdp_authtoken");
        });
        let desk = more(setup).start();
        let id = desk.world(|world| world.request().level(&[ANA, BO]).add()).approval(0, 0).id();
        Self { desk, upstream, seen: Vec::new(), id }
    }

    fn see(&mut self, what: &str, text: impl Into<Vec<u8>>) {
        self.seen.push((what.to_owned(), text.into()));
    }

    async fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_as(&canary("api_token"), method, path, body).await
    }

    async fn ask_as(&mut self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("authorization", format!("Bearer {token}")).body(Bytes::from(body));
        let answer = self.desk.send(request.expect("a proper request")).await;
        self.see(&format!("{method} {path}"), format!("{:?} {}", answer.headers, answer.text));
        answer
    }

    /// Everything that callers can do, right and wrong.
    async fn use_everything(&mut self) {
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
        for path in ["/", "/approvals", "/outbox", "/audit", "/metrics", "/console", "/openapi.json", "/nowhere"] {
            self.ask("GET", path, Value::Null).await;
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
    }

    /// Nothing that anybody saw, nor the store, has any of the secrets in it.
    fn assert_kept(mut self, what: &str) {
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
        let leaks: BTreeSet<String> = self
            .seen
            .iter()
            .flat_map(|(place, text)| {
                let leaked = secrets.iter().filter(|(_, secret)| shows(text, secret));
                leaked.map(move |(name, _)| format!("{name} in {place}"))
            })
            .collect();
        assert!(leaks.is_empty(), "{what}: {leaks:#?}");
    }
}

#[test]
fn the_search_finds_a_secret_in_all_its_disguises() {
    let secret = canary("api_token");
    let hidden = STANDARD_NO_PAD.encode(format!("a{secret}"));
    for place in
        [secret.clone(), secret.to_uppercase(), format!("…{}…", secret.get(5..15).expect("long enough")), hidden]
    {
        assert!(shows(place.as_bytes(), &secret), "{place}");
    }
    assert!(!shows(canary("action_secret").as_bytes(), &secret));
}

#[tokio::test]
async fn on_good_days_no_secret_is_seen_or_stored() {
    for (edition, door) in [
        (Edition::Cloud, Door::Events),
        (Edition::Cloud, Door::Listener),
        (Edition::OnPremises, Door::Events),
        (Edition::OnPremises, Door::Listener),
    ] {
        let mut probe = Probe::new(edition, door);
        let answer = probe.ask("POST", "/poll", Value::Null).await;
        assert_eq!(answer.body["outbox"]["sent"], 2, "{answer:?}");
        let id = probe.id.clone();
        probe.use_everything().await;
        let last = probe.ask("GET", &format!("/approvals/{id}"), Value::Null).await;
        assert_eq!(last.body["status"], "approved", "the canaries open every door: {last:?}");
        let tokens = probe.upstream.tokens.lock().expect("nobody panicked").len();
        assert_eq!(tokens > 0, edition == Edition::Cloud);
        assert!(!probe.desk.entries().is_empty());
        probe.assert_kept("a good day");
    }
}

/// Status and whether a page for people comes in place of the vendor's own form.
const REFUSALS: [(u16, bool); 12] = [
    (200, false),
    (302, false),
    (400, false),
    (401, false),
    (403, false),
    (404, false),
    (429, false),
    (500, false),
    (503, false),
    (200, true),
    (403, true),
    (502, true),
];

async fn echoing(edition: Edition, door: Door, path: &'static str) {
    for (status, html) in REFUSALS {
        // Once from the start, and once after a day on which all was well.
        for well in [false, true] {
            let mut probe = Probe::new(edition, door);
            if well {
                probe.ask("POST", "/poll", Value::Null).await;
                probe.desk.world(|world| drop(world.request().level(&[ANA]).add()));
                probe.desk.advance(minutes(70));
            }
            probe.upstream.echo(Some(Echo { path, status, html }));
            probe.use_everything().await;
            assert!(*probe.upstream.echoed.lock().expect("nobody panicked") > 0, "{path} was not called");
            probe.assert_kept(&format!("{path} answers {status}, html: {html}, well before: {well}"));
        }
    }
}

#[tokio::test]
async fn accounts_that_echo_the_client_and_the_refresh_token_are_not_passed_on() {
    echoing(Edition::Cloud, Door::Events, "/oauth/v2/token").await;
}

#[tokio::test]
async fn a_help_desk_that_echoes_the_access_token_is_not_passed_on() {
    echoing(Edition::Cloud, Door::Events, "/api/v3/").await;
}

#[tokio::test]
async fn a_help_desk_that_echoes_the_technician_key_is_not_passed_on() {
    echoing(Edition::OnPremises, Door::Events, "/api/v3/").await;
}

#[tokio::test]
async fn an_event_door_that_echoes_the_api_key_is_not_passed_on() {
    echoing(Edition::OnPremises, Door::Events, "/rest/v1/events/").await;
}

#[tokio::test]
async fn a_listener_that_echoes_the_api_key_is_not_passed_on() {
    echoing(Edition::OnPremises, Door::Listener, "/webhooks/").await;
}

#[tokio::test]
async fn a_wrong_value_is_named_and_never_shown() {
    for known in KNOWN.iter().filter(|known| known.name != "card_title") {
        let own = canary("nobody");
        for value in [format!("{own}\n{own}"), format!("https://{own}:{own}@h.example/?{own}#{own}"), own.clone()] {
            let mut probe = Probe::with(Edition::Cloud, Door::Listener, |setup| {
                setup.without(known.name).variable(known.name, &value)
            });
            for (method, path) in [("POST", "/poll?dry_run=true"), ("POST", "/poll"), ("GET", "/approvals")] {
                probe.ask(method, path, Value::Null).await;
            }
            let id = probe.id.clone();
            probe.ask("POST", &format!("/approvals/{id}/approve"), json!({ "approver": ANA.1 })).await;
            let typed = probe.desk.drive(probe.desk.bridge().poll(false)).await;
            probe.see("typed poll", format!("{typed:?}"));
            for (place, text) in &probe.seen {
                let text = String::from_utf8_lossy(text);
                assert!(!shows(text.as_bytes(), &own), "{} in {place}: {text}", known.name);
            }
            probe.assert_kept(known.name);
        }
    }
}

#[tokio::test]
async fn a_wrong_bearer_token_is_not_repeated_to_who_sent_it() {
    let mut probe = Probe::new(Edition::Cloud, Door::Events);
    let wrong = canary("nobody");
    for path in ["/approvals", "/outbox", "/nowhere"] {
        assert_eq!(probe.ask_as(&wrong, "GET", path, Value::Null).await.error(), (401, "AUTHENTICATION_FAILED"));
    }
    assert!(probe.seen.iter().all(|(_, text)| !shows(text, &wrong)), "{:?}", probe.seen);
    probe.assert_kept("wrong bearer");
}

/// And never in an address, which ends up in the logs of everybody on the way.
#[tokio::test]
async fn a_credential_goes_to_its_own_vendor_in_a_header_or_a_form() {
    for (edition, door) in [(Edition::Cloud, Door::Listener), (Edition::OnPremises, Door::Events)] {
        let mut probe = Probe::new(edition, door);
        probe.ask("POST", "/poll", Value::Null).await;
        probe.use_everything().await;
        let (calls, tokens) = (&probe.upstream.calls, &probe.upstream.tokens);
        let tokens = tokens.lock().expect("nobody panicked").clone();
        let secrets: Vec<_> =
            KNOWN.iter().filter(|known| known.secret).map(|known| (known.name, canary(known.name))).collect();
        let all = secrets.into_iter().chain(tokens.into_iter().map(|token| ("token", token))).collect::<Vec<_>>();
        let mut used = BTreeSet::new();
        for call in calls.lock().expect("nobody panicked").iter() {
            let host = call.uri().host().expect("a host").to_owned();
            for (name, secret) in &all {
                assert!(!shows(call.uri().to_string().as_bytes(), secret), "{name} in {}", call.uri());
                let headers = call.headers().values().any(|value| shows(value.as_bytes(), secret));
                if headers || shows(call.body(), secret) {
                    used.insert((host.clone(), *name));
                }
            }
        }
        let oauth = ["sdp_client_id", "sdp_client_secret", "sdp_refresh_token"];
        let mut wanted: BTreeSet<(String, &str)> = [("moveworks.example".to_owned(), "moveworks_api_key")].into();
        match edition {
            Edition::Cloud => {
                wanted.extend(oauth.map(|name| ("accounts.example".to_owned(), name)));
                wanted.insert(("sdp.example".to_owned(), "token"));
            }
            Edition::OnPremises => drop(wanted.insert(("sdp.example".to_owned(), "sdp_authtoken"))),
        }
        assert_eq!(used, wanted);
    }
}
