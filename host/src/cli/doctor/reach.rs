//! Calls to upstreams, under the policy that the bridge keeps.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use approval_logic::http::{HttpRequest, HttpResponse};
use approval_logic::redact::Carried;
use bytes::Bytes;
use chrono::DateTime;
use http::Uri;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::egress::{Egress, EgressError, Policy, RequestOptions, Transport};
use crate::variables::Variables;

/// Where calls go, with what the settings say.
pub(super) struct Reach {
    pub(super) egress: Arc<Egress>,
    pub(super) config: Config,
    /// What each answer said about the time: its host, and how many seconds this machine is ahead of it.
    ahead: Mutex<Vec<(String, i64)>>,
}

/// An answer, and what it took.
pub(super) struct Answer {
    pub(super) response: HttpResponse,
    time: Duration,
}

impl Answer {
    /// That it came, for a check that is in order.
    pub(super) fn came(&self) -> String {
        format!("answered HTTP {} in {} ms", self.response.status, self.time.as_millis())
    }
}

impl Reach {
    pub(super) fn new(config: &Config) -> Result<Self, Vec<String>> {
        let options = &config.egress;
        let policy = Policy::from_settings(&config.variables, &options.allow, options.allow_http)?;
        let egress = Egress::new(policy, options.ca_file.as_deref()).map_err(|error| vec![error.to_string()])?;
        Ok(Self { egress: Arc::new(egress), config: config.clone(), ahead: Mutex::default() })
    }

    /// A setting that is not empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.config.variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A setting without which a check makes no sense.
    pub(super) fn needed(&self, name: &str) -> Result<String, String> {
        self.variable(name).ok_or_else(|| format!("{name} is not set; set it"))
    }

    /// The host in the address that a setting holds.
    pub(super) fn host(&self, name: &str) -> Option<String> {
        Some(self.variable(name)?.parse::<Uri>().ok()?.host()?.to_ascii_lowercase())
    }

    /// What the answers so far said about the time.
    pub(super) fn ahead(&self) -> Vec<(String, i64)> {
        self.ahead.lock().map(|ahead| ahead.clone()).unwrap_or_default()
    }

    /// Sends a request. The error says what to do.
    pub(super) async fn call(&self, request: HttpRequest) -> Result<Answer, String> {
        let start = Instant::now();
        let carried = Carried::by(&request);
        let mut builder = http::Request::builder().method(request.method.name()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        // The error could quote a header, which could be a credential.
        let outgoing =
            builder.body(Bytes::from(request.body.clone())).map_err(|_| "the settings make no proper request")?;
        let host = outgoing.uri().host().unwrap_or_default().to_owned();
        let answer = self.egress.send(outgoing, RequestOptions::default()).await.map_err(|error| advice(&error))?;
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(header).collect();
        let mut body = answer.body().to_vec();
        carried.hide(&mut body);
        let response = HttpResponse { status: answer.status().as_u16(), headers, body };
        self.note_time(host, &response);
        Ok(Answer { response, time: start.elapsed() })
    }

    fn note_time(&self, host: String, response: &HttpResponse) {
        let date = response.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let (Some(date), Ok(mut ahead)) = (date, self.ahead.lock()) {
            ahead.push((host, SystemClock::default().now_ms() / 1000 - date.timestamp()));
        }
    }
}

/// What to do about an upstream that gave no answer.
fn advice(error: &EgressError) -> String {
    let advice = match error {
        EgressError::OriginDenied(_) | EgressError::PlainHttp(_) | EgressError::AddressDenied { .. } => {
            "check the base URL, and [egress] in the configuration file"
        }
        EgressError::Dns(_) => "check the host name in the base URL, and the name servers of this machine",
        EgressError::Refused(_) => "check host and port in the base URL, and that the server runs",
        EgressError::ConnectTimeout(_) | EgressError::ReadTimeout(_) => {
            "check that a firewall lets this machine through"
        }
        EgressError::Tls { .. } => "check the certificate; for a private authority set [egress] ca_file",
        _ => "check that the base URL is that of the service itself",
    };
    format!("{error}; {advice}")
}
