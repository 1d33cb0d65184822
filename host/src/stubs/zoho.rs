//! Zoho accounts: access tokens from a refresh token (Zoho, "OAuth 2.0").
//!
//! The trap that this keeps: most failures come as HTTP 200 with an `error` inside, and only the throttle is a 400.

use super::journal::{Auth, Verdict};
use super::names::Dice;
use super::settings::{ZohoMode, ZohoSettings};
use super::wire::{Incoming, json};
use super::world::World;
use super::{Effect, Outcome};
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The window of the throttle.
const WINDOW_MS: i64 = 600_000;

/// Every access token that was handed out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Token → when it ends.
    ends: HashMap<String, i64>,
    /// Refresh token → its access tokens, the oldest first.
    by_refresh: BTreeMap<String, VecDeque<String>>,
    /// Refresh token → when tokens were asked for with it.
    asked: BTreeMap<String, VecDeque<i64>>,
    issued: u64,
}

impl Tokens {
    /// What a token is worth.
    pub(crate) fn verdict(&self, token: &str, now: i64) -> Verdict {
        match self.ends.get(token) {
            _ if token.is_empty() => Verdict::Missing,
            None => Verdict::Wrong,
            Some(end) if *end <= now => Verdict::Expired,
            Some(_) => Verdict::Right,
        }
    }

    pub(crate) fn issued(&self) -> u64 {
        self.issued
    }

    pub(crate) fn revoke(&mut self) {
        self.ends.values_mut().for_each(|end| *end = 0);
    }

    /// Hands out a token that lives `life` seconds; the oldest beyond `live` die.
    pub(crate) fn issue(&mut self, refresh: &str, now: i64, life: i64, live: usize, dice: &mut Dice) -> String {
        self.issued += 1;
        let token = format!("1000.{:016x}{:04x}.{:016x}", dice.roll(), self.issued, dice.roll());
        self.ends.insert(token.clone(), now.saturating_add(life.saturating_mul(1000)));
        let mine = self.by_refresh.entry(refresh.to_owned()).or_default();
        mine.push_back(token.clone());
        while mine.len() > live {
            if let Some(end) = mine.pop_front().and_then(|oldest| self.ends.get_mut(&oldest)) {
                *end = 0;
            }
        }
        token
    }

    /// Whether this refresh token has had its tokens of the last ten minutes.
    fn throttled(&mut self, refresh: &str, now: i64, limit: Option<usize>) -> bool {
        let asked = self.asked.entry(refresh.to_owned()).or_default();
        while asked.front().is_some_and(|at| *at <= now - WINDOW_MS) {
            asked.pop_front();
        }
        if limit.is_some_and(|limit| asked.len() >= limit) {
            return true;
        }
        asked.push_back(now);
        false
    }
}

/// A parameter of the call: in the form, or in the query, which Zoho takes as well.
fn value<'c>(call: &'c Incoming, name: &str) -> &'c str {
    call.field(name).or_else(|| call.parameter(name)).unwrap_or_default()
}

/// The first credential that is wrong, as the error that Zoho names it by.
fn wrong(zoho: &ZohoSettings, call: &Incoming) -> Option<&'static str> {
    let differs = |name: &str, known: &Option<String>| {
        let given = value(call, name);
        given.is_empty() || known.as_deref().is_some_and(|known| known != given)
    };
    if differs("client_id", &zoho.client_id) {
        Some("invalid_client")
    } else if differs("client_secret", &zoho.client_secret) {
        Some("invalid_client_secret")
    } else if differs("refresh_token", &zoho.refresh_token) {
        Some("invalid_code")
    } else {
        None
    }
}

/// What the credentials of a call are worth, for the journal.
pub(crate) fn auth(world: &World, call: &Incoming) -> Auth {
    let scheme = if call.field("refresh_token").is_some() {
        "form"
    } else if call.parameter("refresh_token").is_some() {
        "query"
    } else {
        ""
    };
    let verdict = match wrong(&world.settings.zoho, call) {
        _ if scheme.is_empty() => Verdict::Missing,
        Some(_) => Verdict::Wrong,
        None => Verdict::Right,
    };
    Auth::new(scheme, verdict)
}

/// Answers `/oauth/v2/token`.
pub(crate) fn answer(world: &mut World, call: &Incoming) -> Outcome {
    let error = |text: &str| Outcome::from(json(200, &json!({"error": text})));
    if call.method != Method::POST {
        return json(405, &json!({"error": "invalid_request"})).into();
    }
    match &world.settings.zoho.mode {
        ZohoMode::Normal => {}
        ZohoMode::Error(text) => return error(text),
        ZohoMode::Throttled => return json(400, &throttled()).into(),
    }
    if value(call, "grant_type") != "refresh_token" {
        return error("unsupported_grant_type");
    }
    if let Some(text) = wrong(&world.settings.zoho, call) {
        return error(text);
    }
    let (now, refresh) = (world.now(), value(call, "refresh_token").to_owned());
    if world.tokens.throttled(&refresh, now, world.settings.zoho.tokens_per_ten_minutes) {
        return json(400, &throttled()).into();
    }
    let zoho = &world.settings.zoho;
    let token = world.tokens.issue(&refresh, now, zoho.expires_in, zoho.live_tokens, &mut world.dice);
    let scope = zoho.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let reply = json!({"access_token": token, "scope": scope, "api_domain": zoho.api_domain, "token_type": "Bearer",
                       "expires_in": zoho.expires_in});
    Outcome { response: json(200, &reply), effect: Effect::TokenIssued }
}

fn throttled() -> Value {
    json!({"error_description": "You have made too many requests continuously. Please try again after some time.",
           "error": "Access Denied", "status": "failure"})
}
