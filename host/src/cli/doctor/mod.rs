//! `doctor`: is everything in place? One line per check, with what to do where it is not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use approval_logic::approval::TicketKind;
use approval_logic::atera;
use approval_logic::http::{HttpRequest, HttpResponse};
use approval_logic::moveworks::{self, Tenant};
use approval_logic::redact::Carried;
use approval_logic::sdp::{self, Calls, Credential, ListQuery, Scope, token};
use approval_logic::zendesk;
use bytes::Bytes;
use console::{Style, Term};

use super::{Failure, SourceArgs, configuration, print};
use crate::bridge::Bridge;
use crate::call::CallError;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::egress::{Egress, EgressError, Policy, RequestOptions, Transport, transport_fn};
use crate::key_value::MemoryStore;
use crate::variables::Variables;

/// One check: its name, and what it found. The error says what to do.
type Check = (String, Result<String, String>);

pub(super) async fn run(source: SourceArgs) -> Result<(), Failure> {
    let config = match configuration(&source) {
        Ok(config) => config,
        Err(Failure::Usage(problems)) => {
            let checks: Vec<Check> =
                problems.lines().map(|line| ("configuration".to_owned(), Err(line.to_owned()))).collect();
            return show(&checks);
        }
        Err(other) => return Err(other),
    };
    let mut checks = settings(&config, &source).await;
    checks.push(("store".to_owned(), store(&config).await));
    checks.extend(upstreams(&config).await);
    show(&checks)
}

fn show(checks: &[Check]) -> Result<(), Failure> {
    let colours = Term::stdout().is_term() && console::colors_enabled();
    let (good, bad) = (Style::new().green().force_styling(colours), Style::new().red().force_styling(colours));
    for (name, outcome) in checks {
        match outcome {
            Ok(found) => print(&format!("{}   {name}: {found}", good.apply_to("ok")))?,
            Err(advice) => print(&format!("{} {name}: {advice}", bad.apply_to("FAIL")))?,
        }
    }
    if checks.iter().any(|(_, outcome)| outcome.is_err()) { Err(Failure::Silent) } else { Ok(()) }
}

/// Asks the component itself, in a dry run on an empty store that reaches nobody.
async fn settings(config: &Config, source: &SourceArgs) -> Vec<Check> {
    let check = |outcome| vec![("settings".to_owned(), outcome)];
    let nobody = transport_fn(|_| async { Err(EgressError::OriginDenied("nobody".to_owned())) });
    let mut builder = Bridge::builder()
        .variables(config.variables.clone())
        .key_value(Arc::new(MemoryStore::new()))
        .transport(Arc::new(nobody))
        .limits(config.limits.clone());
    if let Some(file) = &source.component {
        builder = builder.component_file(file);
    }
    let bridge = match tokio::task::spawn_blocking(move || builder.build()).await {
        Ok(Ok(bridge)) => bridge,
        Ok(Err(error)) => return check(Err(error.to_string())),
        Err(error) => return check(Err(error.to_string())),
    };
    match bridge.poll(true).await {
        Ok(_) => check(Ok("complete and consistent".to_owned())),
        Err(CallError::Configuration(problems)) => {
            problems.into_iter().map(|problem| ("settings".to_owned(), Err(problem))).collect()
        }
        Err(error) => check(Err(error.to_string())),
    }
}

/// Writes, reads and removes a value.
async fn store(config: &Config) -> Result<String, String> {
    const KEY: &str = "doctor/probe";
    let work = async {
        let store = config.store.open().await?;
        let value = format!("{:?}", Instant::now()).into_bytes();
        store.set(KEY, value.clone()).await?;
        let same = store.get(KEY).await? == Some(value);
        store.delete(KEY).await?;
        store.close().await;
        Ok::<_, crate::key_value::StoreError>(same)
    };
    match work.await {
        Ok(true) => Ok(format!("{:?}: written, read, removed", config.store)),
        Ok(false) => {
            Err(format!("{:?}: what was written did not come back; is another program using it?", config.store))
        }
        Err(error) => Err(format!("{error}; check [store] in the configuration file")),
    }
}

/// Where calls go, with what the settings say.
struct Reach {
    egress: Egress,
    config: Config,
}

async fn upstreams(config: &Config) -> Vec<Check> {
    let options = &config.egress;
    let policy = match Policy::from_settings(&config.variables, &options.allow, options.allow_http) {
        Ok(policy) => policy,
        Err(problems) => return problems.into_iter().map(|problem| ("egress".to_owned(), Err(problem))).collect(),
    };
    let egress = match Egress::new(policy, options.ca_file.as_deref()) {
        Ok(egress) => egress,
        Err(error) => return vec![("egress".to_owned(), Err(error.to_string()))],
    };
    let reach = Reach { egress, config: config.clone() };
    let mut checks = Vec::new();
    if let Some(base) = reach.variable("sdp_base_url") {
        reach.sdp(&base, &mut checks).await;
    }
    let base = reach.variable("moveworks_base_url").unwrap_or_else(|| "https://api.moveworks.ai".to_owned());
    checks.push(("Moveworks".to_owned(), reach.moveworks(&base).await));
    if let Some(base) = reach.variable("zendesk_base_url") {
        checks.extend(reach.zendesk(&base).await);
    }
    if let Some(base) = reach.variable("atera_base_url") {
        checks.push(("Atera".to_owned(), reach.atera(&base).await));
    }
    checks
}

fn found(status: u16, time: Duration) -> String {
    format!("answered HTTP {status} in {} ms", time.as_millis())
}

impl Reach {
    fn variable(&self, name: &str) -> Option<String> {
        self.config.variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn needed(&self, name: &str) -> Result<String, String> {
        self.variable(name).ok_or_else(|| format!("{name} is not set"))
    }

    async fn call(&self, request: HttpRequest) -> Result<(HttpResponse, Duration), String> {
        let start = Instant::now();
        let carried = Carried::by(&request);
        let mut builder = http::Request::builder().method(request.method.name()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        // The error could quote a header, which could be a credential.
        let request = builder.body(Bytes::from(request.body)).map_err(|_| "the settings make no proper request")?;
        let answer = self.egress.send(request, RequestOptions::default()).await.map_err(|error| advice(&error))?;
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(header).collect();
        let mut body = answer.body().to_vec();
        carried.hide(&mut body);
        let response = HttpResponse { status: answer.status().as_u16(), headers, body };
        Ok((response, start.elapsed()))
    }

    async fn sdp(&self, base: &str, checks: &mut Vec<Check>) {
        let credential = match self.variable("sdp_authtoken") {
            Some(key) => Ok(Credential::Authtoken(key)),
            None => {
                let refreshed = self.refresh().await;
                let outcome = refreshed.as_ref().map(|(_, found)| found.clone()).map_err(Clone::clone);
                checks.push(("ServiceDesk Plus token".to_owned(), outcome));
                refreshed.map(|(token, _)| Credential::AccessToken(token))
            }
        };
        let Ok(credential) = credential else { return };
        let modules = self.variable("sdp_modules").unwrap_or_else(|| "requests,changes,releases".to_owned());
        for kind in modules.split(',').filter_map(|name| TicketKind::module(name.trim())) {
            let query = ListQuery { start_index: 1, rows: 1, scope: Scope::Newest };
            let outcome = match self.call(Calls::new(base, &credential).list(kind, &query)).await {
                Ok((answer, time)) => sdp::read_page(kind, &sdp::StatusNames::new("Pending Approval"), &answer)
                    .map(|_| found(answer.status, time))
                    .map_err(|error| {
                        let module = kind.plural();
                        format!(
                            "{error}; check sdp_base_url, the credential's rights, or take {module} out of sdp_modules"
                        )
                    }),
                Err(advice) => Err(advice),
            };
            checks.push((format!("ServiceDesk Plus {}", kind.plural()), outcome));
        }
    }

    async fn refresh(&self) -> Result<(String, String), String> {
        let accounts_url = self.needed("sdp_accounts_url")?;
        let (id, secret) = (self.needed("sdp_client_id")?, self.needed("sdp_client_secret")?);
        let refresh_token = self.needed("sdp_refresh_token")?;
        let client =
            token::Client { accounts_url: &accounts_url, id: &id, secret: &secret, refresh_token: &refresh_token };
        let (answer, time) = self.call(token::refresh(&client)).await?;
        let read = token::read(&answer, SystemClock::default().now_ms()).map_err(|error| error.to_string())?;
        Ok((read.token, found(answer.status, time)))
    }

    /// Who the token acts as, and whether they may read the list of approval requests.
    async fn zendesk(&self, base: &str) -> Vec<Check> {
        let user = "Zendesk user".to_owned();
        let credential = match (self.needed("zendesk_email"), self.needed("zendesk_api_token")) {
            (Ok(email), Ok(api_token)) => zendesk::Credential { email, api_token },
            (Err(missing), _) | (_, Err(missing)) => return vec![(user, Err(missing))],
        };
        let calls = zendesk::Calls::new(base, &credential);
        let me = match self.call(calls.me()).await {
            Ok((answer, time)) => match zendesk::read_me(&answer) {
                Ok(Some(_)) => Ok(found(answer.status, time)),
                Ok(None) => {
                    Err("Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, \
                                 and that the account lets API tokens in"
                        .to_owned())
                }
                Err(error) => Err(format!("{error}; check zendesk_base_url")),
            },
            Err(advice) => Err(advice),
        };
        if me.is_err() {
            return vec![(user, me)];
        }
        let filter = zendesk::Filter { status: "active", ..zendesk::Filter::default() };
        let list = match self.call(calls.list(filter, None)).await {
            Ok((answer, time)) => zendesk::read_page(&answer).map(|_| found(answer.status, time)).map_err(|error| {
                format!("{error}; zendesk_email has to be an administrator, and the plan has to include approvals")
            }),
            Err(advice) => Err(advice),
        };
        vec![(user, me), ("Zendesk approval requests".to_owned(), list)]
    }

    async fn atera(&self, base: &str) -> Result<String, String> {
        let key = self.needed("atera_api_key")?;
        let since = SystemClock::default().now_ms();
        let (answer, time) = self.call(atera::Calls::new(base, &key).tickets_modified(since, 1)).await?;
        atera::read_tickets(&answer)
            .map(|_| found(answer.status, time))
            .map_err(|error| format!("{error}; check atera_api_key and atera_base_url"))
    }

    async fn moveworks(&self, base_url: &str) -> Result<String, String> {
        let api_key = self.needed("moveworks_api_key")?;
        let (answer, time) = self.call(moveworks::auth_test(&Tenant { base_url, api_key: &api_key })).await?;
        moveworks::read_acceptance(&answer)
            .map(|()| found(answer.status, time))
            .map_err(|error| format!("{error}; check moveworks_api_key and moveworks_base_url"))
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
