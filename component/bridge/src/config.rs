//! Variables → settings. All problems are found at once, each names its variable, none shows a value.

use std::time::Duration;

use approval_logic::approval::{TicketKind, is_address, normal_address};
use approval_logic::card::{CardStyle, FieldKind};
use approval_logic::policy::Closings;
use approval_logic::quiet::{self, QuietHours};
use approval_logic::sdp::StatusNames;

use crate::host::Host;
use crate::secret::Secret;
use crate::together;

/// Every variable the component reads. The names are those of the contract.
pub const NAMES: [&str; 38] = [
    "api_token",
    "action_secret",
    "sdp_base_url",
    "sdp_accounts_url",
    "sdp_client_id",
    "sdp_client_secret",
    "sdp_refresh_token",
    "sdp_authtoken",
    "sdp_modules",
    "sdp_pending_status",
    "sdp_web_url",
    "zendesk_base_url",
    "zendesk_email",
    "zendesk_api_token",
    "atera_base_url",
    "atera_api_key",
    "moveworks_base_url",
    "moveworks_event_id",
    "moveworks_listener_id",
    "moveworks_api_key",
    "moveworks_listener_secret",
    "moveworks_per_minute",
    "poll_seconds",
    "sweep_budget_seconds",
    "reconcile_minutes",
    "concurrency",
    "max_age_days",
    "first_run",
    "remind_after_hours",
    "max_reminders",
    "quiet_hours",
    "timezone",
    "closing_notices",
    "digest_above",
    "card_fields",
    "card_title",
    "silent_approvers",
    "comment_required_on_reject",
];

/// How the bridge gets into ServiceDesk Plus.
#[derive(Clone, Debug)]
pub enum SdpAccess {
    /// Cloud: Zoho OAuth.
    OAuth {
        /// The accounts server of the tenant's data centre.
        accounts_url: String,
        /// The client's id.
        client_id: Secret,
        /// The client's secret.
        client_secret: Secret,
        /// The refresh token.
        refresh_token: Secret,
    },
    /// On-premises: a technician key.
    Authtoken(Secret),
}

/// ServiceDesk Plus.
#[derive(Clone, Debug)]
pub struct SdpSettings {
    /// The base without `/api/v3`.
    pub base_url: String,
    /// How to get in.
    pub access: SdpAccess,
    /// Which modules are watched.
    pub modules: Vec<TicketKind>,
    /// The tenant's names of the pending status.
    pub names: StatusNames,
    /// Where people look at tickets; `{module}`, `{id}` and `{number}` are filled in.
    pub web_url: Option<String>,
}

/// The way messages take.
#[derive(Clone, Debug)]
pub enum Door {
    /// Events API.
    Events {
        /// The event's id.
        event_id: String,
    },
    /// Webhook listener.
    Listener {
        /// The listener's id.
        listener_id: String,
        /// The key of its HMAC.
        secret: Option<Secret>,
    },
}

/// Moveworks.
#[derive(Clone, Debug)]
pub struct MoveworksSettings {
    /// The API base of the tenant's region.
    pub base_url: String,
    /// The API key.
    pub api_key: Secret,
    /// The way messages take.
    pub door: Door,
    /// So many messages in any minute; 0: as many as there are.
    pub per_minute: usize,
}

/// What a first start does about approvals that are pending already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// Announce them.
    Announce,
    /// Remember them only.
    Baseline,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key of action tokens.
    pub action_secret: Option<Secret>,
    /// ServiceDesk Plus, if on.
    pub sdp: Option<SdpSettings>,
    /// Moveworks, if configured.
    pub moveworks: Option<MoveworksSettings>,
    /// How long one sweep may take.
    pub sweep_budget: Duration,
    /// In which time everything is looked at once.
    pub reconcile: Duration,
    /// How many calls may be under way at once.
    pub concurrency: usize,
    /// The maximum age of an announcement; none: any age.
    pub max_age: Option<Duration>,
    /// What a first start does.
    pub first_run: FirstRun,
    /// When to remind; none: never.
    pub remind_after: Option<Duration>,
    /// How often at most.
    pub max_reminders: u32,
    /// When nothing is said; none: never quiet.
    pub quiet: Option<QuietHours>,
    /// Who hears that nothing is left to do.
    pub closings: Closings,
    /// More new approvals than this for one person in one sweep make one message; none: each is a message of its own.
    pub digest_above: Option<usize>,
    /// How cards look.
    pub style: CardStyle,
    /// Addresses that get no cards.
    pub silent: Vec<String>,
    /// Whether a rejection needs a comment.
    pub comment_required_on_reject: bool,
}

/// One problem with the settings, naming the variable and what was expected.
pub type Problem = String;

/// The bearer token alone, for the door. None: not set. The only setting that is needed before a caller is known.
pub async fn api_token<H: Host>(host: &H) -> Result<Option<Secret>, Problem> {
    let value = host.variable("api_token").await.map_err(|error| error.to_string())?;
    Ok(value.filter(|value| !value.trim().is_empty()).map(|value| Secret::new(value.trim())))
}

/// Reads everything, or says everything that is wrong.
pub async fn load<H: Host>(host: &H) -> Result<Settings, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for (name, value) in together::all(NAMES.map(|name| async move { (name, host.variable(name).await) })).await {
        match value {
            Ok(Some(value)) if !value.trim().is_empty() => values.push((name, value.trim().to_owned())),
            Ok(_) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    let mut reader = Reader { values, problems };
    let settings = reader.settings();
    if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
}

struct Reader {
    values: Vec<(&'static str, String)>,
    problems: Vec<Problem>,
}

impl Reader {
    fn settings(&mut self) -> Settings {
        for (prefix, name) in [("Zendesk", "zendesk_base_url"), ("Atera", "atera_base_url")] {
            if self.value(name).is_some() {
                self.wrong(name, &format!("nothing: {prefix} is not served by this version yet; leave it empty"));
            }
        }
        // `poll_seconds` belongs to whoever calls /poll; it is checked here so that one look finds every problem.
        self.number("poll_seconds", 60, 1, 86_400);
        let seconds = |number| Duration::from_secs(number);
        Settings {
            action_secret: self.secret("action_secret"),
            sdp: self.sdp(),
            moveworks: self.moveworks(),
            sweep_budget: seconds(self.number("sweep_budget_seconds", 50, 1, 3_600)),
            reconcile: seconds(self.number("reconcile_minutes", 60, 1, 10_080) * 60),
            concurrency: usize::try_from(self.number("concurrency", 16, 1, 256)).unwrap_or(16),
            max_age: Some(seconds(self.number("max_age_days", 30, 0, 3_650) * 86_400)).filter(|age| !age.is_zero()),
            first_run: match self.text("first_run").as_deref() {
                None | Some("announce") => FirstRun::Announce,
                Some("baseline") => FirstRun::Baseline,
                Some(_) => {
                    self.wrong("first_run", "announce or baseline");
                    FirstRun::Baseline
                }
            },
            remind_after: Some(seconds(self.number("remind_after_hours", 0, 0, 8_760) * 3_600))
                .filter(|after| !after.is_zero()),
            max_reminders: u32::try_from(self.number("max_reminders", 3, 0, 100)).unwrap_or(3),
            quiet: self.quiet(),
            closings: match self.text("closing_notices").as_deref() {
                Some("none") => Closings::None,
                None | Some("reassigned") => Closings::Reassigned,
                Some("all") => Closings::All,
                Some(_) => {
                    self.wrong("closing_notices", "none, reassigned or all");
                    Closings::None
                }
            },
            digest_above: usize::try_from(self.number("digest_above", 0, 0, 500)).ok().filter(|above| *above > 0),
            style: self.style(),
            silent: self.silent(),
            comment_required_on_reject: self.flag("comment_required_on_reject", true),
        }
    }

    fn sdp(&mut self) -> Option<SdpSettings> {
        let base_url = self.url("sdp_base_url")?;
        if base_url.ends_with("/api/v3") {
            self.wrong("sdp_base_url", "the address without /api/v3, which is appended");
        }
        let oauth = ["sdp_accounts_url", "sdp_client_id", "sdp_client_secret", "sdp_refresh_token"];
        let given: Vec<_> = oauth.into_iter().filter(|name| self.value(name).is_some()).collect();
        let access = match (self.secret("sdp_authtoken"), given.len()) {
            (Some(key), 0) => Some(SdpAccess::Authtoken(key)),
            (Some(_), _) => {
                self.wrong("sdp_authtoken", "to be alone: it excludes the four OAuth variables (sdp_accounts_url …)");
                None
            }
            (None, 4) => self.oauth(),
            (None, 0) => {
                self.wrong("sdp_base_url", "credentials beside it: sdp_authtoken, or the four OAuth variables");
                None
            }
            (None, _) => {
                for name in oauth.into_iter().filter(|name| !given.contains(name)) {
                    self.wrong(name, "a value: cloud access needs all four OAuth variables");
                }
                None
            }
        };
        let mut modules = Vec::new();
        for name in self.text("sdp_modules").as_deref().unwrap_or("requests,changes,releases").split(',') {
            match TicketKind::module(name.trim()) {
                Some(kind) if modules.contains(&kind) => {}
                Some(kind) => modules.push(kind),
                None => self.wrong("sdp_modules", "a comma list of requests, changes, releases"),
            }
        }
        let names = StatusNames::new(self.text("sdp_pending_status").as_deref().unwrap_or("Pending Approval"));
        let web_url = self.url("sdp_web_url");
        Some(SdpSettings { base_url, access: access?, modules, names, web_url })
    }

    fn oauth(&mut self) -> Option<SdpAccess> {
        Some(SdpAccess::OAuth {
            accounts_url: self.url("sdp_accounts_url")?,
            client_id: self.secret("sdp_client_id")?,
            client_secret: self.secret("sdp_client_secret")?,
            refresh_token: self.secret("sdp_refresh_token")?,
        })
    }

    fn moveworks(&mut self) -> Option<MoveworksSettings> {
        let event_id = self.segment("moveworks_event_id");
        let listener_id = self.segment("moveworks_listener_id");
        let secret = self.secret("moveworks_listener_secret");
        if secret.is_some() && listener_id.is_none() {
            self.wrong("moveworks_listener_secret", "moveworks_listener_id beside it");
        }
        let base_url = match self.value("moveworks_base_url") {
            Some(_) => self.url("moveworks_base_url")?,
            None => "https://api.moveworks.ai".to_owned(),
        };
        let api_key = self.secret("moveworks_api_key");
        // With both, the listener: it can drop repeats and check signatures, the Events API can do neither.
        let door = match (listener_id, event_id) {
            (Some(listener_id), _) => Door::Listener { listener_id, secret },
            (None, Some(event_id)) => Door::Events { event_id },
            (None, None) => {
                let unset =
                    ["moveworks_event_id", "moveworks_listener_id"].iter().all(|name| self.value(name).is_none());
                if api_key.is_some() && unset {
                    self.wrong("moveworks_event_id", "a value here or in moveworks_listener_id: at least one");
                }
                return None;
            }
        };
        let Some(api_key) = api_key else {
            self.wrong("moveworks_api_key", "the API key: messages cannot be sent without it");
            return None;
        };
        let per_minute = usize::try_from(self.number("moveworks_per_minute", 120, 0, 10_000)).unwrap_or(120);
        Some(MoveworksSettings { base_url, api_key, door, per_minute })
    }

    fn quiet(&mut self) -> Option<QuietHours> {
        let zone = quiet::zone(self.value("timezone").unwrap_or("UTC"));
        if zone.is_none() {
            self.wrong("timezone", "a name of the IANA Time Zone Database, such as Europe/Berlin");
        }
        let span = self.text("quiet_hours")?;
        let hours = QuietHours::parse(&span, zone?);
        if hours.is_none() {
            self.wrong("quiet_hours", "a span such as 19:00-08:00");
        }
        hours
    }

    fn style(&mut self) -> CardStyle {
        let mut style = CardStyle::default();
        if let Some(title) = self.text("card_title") {
            style.title = title;
        }
        if let Some(names) = self.text("card_fields") {
            style.fields.clear();
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                match FieldKind::parse(name) {
                    Some(field) => style.fields.push(field),
                    None => {
                        let known: Vec<_> = FieldKind::ALL.iter().map(|field| field.name()).collect();
                        self.wrong("card_fields", &format!("a comma list of {}", known.join(", ")));
                    }
                }
            }
        }
        style
    }

    fn silent(&mut self) -> Vec<String> {
        let text = self.text("silent_approvers").unwrap_or_default();
        let addresses: Vec<_> = text.split(',').map(normal_address).filter(|address| !address.is_empty()).collect();
        if !addresses.iter().all(|address| is_address(address)) {
            self.wrong("silent_approvers", "a comma list of e-mail addresses");
        }
        addresses
    }

    fn wrong(&mut self, name: &str, expected: &str) {
        let problem = format!("{name}: expected {expected}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    fn secret(&mut self, name: &'static str) -> Option<Secret> {
        let value = self.value(name)?;
        if value.chars().any(char::is_control) {
            self.wrong(name, "one line without control characters");
            return None;
        }
        Some(Secret::new(value))
    }

    fn number(&mut self, name: &'static str, default: u64, least: u64, most: u64) -> u64 {
        let Some(text) = self.value(name) else { return default };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                self.wrong(name, &format!("a whole number from {least} to {most}"));
                default
            }
        }
    }

    fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.value(name).map(str::to_ascii_lowercase).as_deref() {
            None => default,
            Some("true" | "1" | "yes") => true,
            Some("false" | "0" | "no") => false,
            Some(_) => {
                self.wrong(name, "true or false");
                default
            }
        }
    }

    /// An id that enters a path: refused where it would need escaping there.
    fn segment(&mut self, name: &'static str) -> Option<String> {
        let value = self.text(name)?;
        if approval_logic::approval::is_id_segment(&value) {
            return Some(value);
        }
        self.wrong(name, "the bare id: letters, digits, - and _");
        None
    }

    /// A base URL: http or https, a host, no user information, no query, no fragment.
    fn url(&mut self, name: &'static str) -> Option<String> {
        let value = self.text(name)?;
        let good = value.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.query().is_none()
                && !value.contains('#')
                && !uri.path().split('/').any(|part| part == "..")
        });
        if good {
            return Some(value.trim_end_matches('/').to_owned());
        }
        self.wrong(name, "an address such as https://host.example/path, without user, query or fragment");
        None
    }
}

#[cfg(test)]
mod tests;
