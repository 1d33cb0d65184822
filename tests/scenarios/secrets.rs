//! Secrets stay where they are: in the variables, and in the calls that need them.
//!
//! Every secret variable is a canary here, and vendors answer the way badly written ones do: with the caller's own
//! credential in their error text. A wrong implementation passes that on into a report, an answer, a message's last
//! error or its store; prints the value that it calls wrong; keeps an access token in plain; puts a credential into an
//! address; or shows one vendor the credential of another.

mod canary;
mod probe;

use std::collections::BTreeSet;

use approval_bridge::stubs::{Door, Edition};
use approval_bridge::variables::KNOWN;
use approval_bridge_tests::harness::{ANA, Moment, minutes};
use serde_json::{Value, json};

use canary::{canary, shows};
use probe::{Disguise, Echo, Probe};

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
        assert_eq!(answer.body["outbox"]["sent"], 3, "{answer:?}");
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
    let refusals = REFUSALS.map(|(status, html)| Echo { path, status, html, disguise: Disguise::None });
    let disguised = Disguise::ALL.map(|disguise| Echo { path, status: 400, html: false, disguise });
    for echo in refusals.into_iter().chain(disguised) {
        // Once from the start, and once after a day on which all was well.
        for well in [false, true] {
            let mut probe = Probe::new(edition, door);
            if well {
                probe.ask("POST", "/poll", Value::Null).await;
                probe.desk.world(|world| drop(world.request().level(&[ANA]).add()));
                probe.desk.advance(minutes(70));
            }
            probe.upstream.echo(Some(echo));
            probe.use_everything().await;
            assert!(*probe.upstream.echoed.lock().expect("nobody panicked") > 0, "{path} was not called");
            probe.assert_kept(&format!("{echo:?}, well before: {well}"));
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
async fn a_zendesk_that_echoes_the_token_is_not_passed_on() {
    echoing(Edition::Cloud, Door::Events, "/api/v2/").await;
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
        let always = [("moveworks.example", "moveworks_api_key"), ("zendesk.example", "zendesk_api_token")];
        let mut wanted: BTreeSet<(String, &str)> = always.map(|(host, name)| (host.to_owned(), name)).into();
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

/// The store that fails, the call that is lost: whatever breaks, its error is about the thing and not about the secret.
#[tokio::test]
async fn no_secret_is_seen_or_stored_whichever_host_call_fails() {
    let run = async |strike: Option<u64>| {
        let mut probe = Probe::new(Edition::Cloud, Door::Listener);
        if let Some(at) = strike {
            probe.desk.plug().strike(at, Moment::Fails);
        }
        probe.ask("POST", "/poll", Value::Null).await;
        let id = probe.id.clone();
        let token = probe.desk.cards().first().map(|card| card.slot("action_token").to_owned()).unwrap_or_default();
        let right = json!({ "approver": ANA.1, "token": token });
        probe.ask("POST", &format!("/approvals/{id}/approve"), right).await;
        probe.desk.advance(minutes(10));
        probe.ask("POST", "/poll", Value::Null).await;
        probe.ask("GET", "/outbox", Value::Null).await;
        let calls = probe.desk.plug().calls();
        probe.assert_kept(&format!("host call {strike:?} fails"));
        calls
    };
    let calls = run(None).await;
    assert!(calls > 40, "{calls} host calls");
    for at in 0..calls {
        run(Some(at)).await;
    }
}
