//! The stubs against the documents: each test is a documented behaviour, or a switch for one that is not.
//!
//! A stub that is too kind hides mistakes: most of these show what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod atera;
mod decisions;
mod faults;
mod levels;
mod lists;
mod moveworks;
mod server;
mod shapes;
mod tickets;
mod worlds;
mod zendesk;
mod zendesk_tickets;
mod zoho;

use super::*;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};

/// When the tests begin: 20 November 2026.
pub(super) const START: i64 = 1_795_100_000_000;

/// The stubs, a clock that stands still until told, and a credential.
pub(super) struct Tester {
    pub(super) stubs: Stubs,
    clock: Arc<AtomicI64>,
    header: (&'static str, String),
    base: &'static str,
}

impl Tester {
    pub(super) fn cloud() -> Self {
        let mut tester = Self::bare();
        let token = tester.stubs.with(World::grant_token);
        tester.header = ("authorization", format!("Zoho-oauthtoken {token}"));
        tester
    }

    pub(super) fn on_premises() -> Self {
        let mut tester = Self::bare();
        tester.stubs.with(World::on_premises);
        tester.header = ("authtoken", SDP_AUTHTOKEN.into());
        tester.base = "/api/v3";
        tester
    }

    pub(super) fn bare() -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let reader = clock.clone();
        let stubs = Stubs::with_clock(1, Arc::new(move || reader.load(Ordering::SeqCst)));
        let sleeping = clock.clone();
        let stubs = stubs.with_sleeper(Arc::new(move |time| {
            sleeping.fetch_add(super::faults::millis(time), Ordering::SeqCst);
            Box::pin(async {})
        }));
        Self { stubs, clock, header: ("x-none", String::new()), base: "/app/itdesk/api/v3" }
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.stubs.with(look)
    }

    pub(super) fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<(u16, Value), Dropped> {
        let response = self.stubs.handle(request).await?;
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        Ok((response.status().as_u16(), body))
    }

    /// A call to ServiceDesk Plus with our credential.
    pub(super) async fn sdp(&self, method: Method, path: &str, input: Option<Value>) -> (u16, Value) {
        self.send(self.request(method, path, input)).await.unwrap()
    }

    pub(super) fn request(&self, method: Method, path: &str, input: Option<Value>) -> Request<Bytes> {
        let data =
            input.map(|input| format!("input_data={}", utf8_percent_encode(&input.to_string(), NON_ALPHANUMERIC)));
        let builder = Request::builder().header("host", "desk.example").header(self.header.0, &self.header.1);
        let url = format!("{}{path}", self.base);
        match data {
            Some(data) if method == Method::GET => {
                builder.method(method).uri(format!("{url}?{data}")).body(Bytes::new())
            }
            Some(data) => builder
                .method(method)
                .uri(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(data.into()),
            None => builder.method(method).uri(url).body(Bytes::new()),
        }
        .unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.sdp(Method::GET, path, None).await
    }

    pub(super) async fn list(&self, path: &str, list_info: Value) -> (u16, Value) {
        self.sdp(Method::GET, path, Some(json!({"list_info": list_info}))).await
    }

    /// The numbers of the requests that a list call finds.
    pub(super) async fn numbers(&self, list_info: Value) -> Vec<String> {
        let (status, body) = self.list("/requests", list_info).await;
        assert_eq!(status, 200, "{body}");
        body["requests"].as_array().unwrap().iter().map(|row| row["display_id"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn answer(&self, at: &ApprovalRef, verb: &str, input: Option<Value>) -> (u16, Value) {
        self.sdp(Method::PUT, &format!("{}/{verb}", approval_path(at)), input).await
    }
}

pub(super) fn approval_path(at: &ApprovalRef) -> String {
    let ApprovalRef { module, ticket, level, approval } = at;
    format!("/{}/{ticket}/approval_levels/{level}/approvals/{approval}", module.plural())
}

/// The inner code of a failure.
pub(super) fn code(body: &Value) -> u64 {
    assert_eq!(body["response_status"]["status"], "failed", "{body}");
    body["response_status"]["messages"][0]["status_code"].as_u64().unwrap()
}

pub(super) fn comment(text: &str) -> Option<Value> {
    Some(json!({"approval": {"comments": text}}))
}

pub(super) const ANA: (&str, &str) = ("Ana Li", "ana@corp.example");
pub(super) const BEN: (&str, &str) = ("Ben Okoye", "ben@corp.example");
pub(super) const CLEO: (&str, &str) = ("Cleo Marsh", "cleo@corp.example");
