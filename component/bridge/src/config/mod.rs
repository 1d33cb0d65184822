//! Variables → settings. All problems are found at once, each names its variable, none shows a value.

mod atera;
mod gateway;
mod moveworks;
mod reader;
mod sdp;
mod shown;
mod zendesk;

use std::sync::Arc;
use std::time::Duration;

use approval_logic::approval::{Source, is_address, normal_address};
use approval_logic::card::{CardStyle, FieldKind};
use approval_logic::gateway::Profile;
use approval_logic::managed::Allowed;
use approval_logic::policy::Closings;
use approval_logic::quiet::{self, QuietHours};

use crate::host::Host;
use crate::secret::Secret;
use crate::store::slots::Shard;
use crate::together;
use reader::Reader;

pub use atera::AteraSettings;
pub use moveworks::{Door, MoveworksSettings};
pub use sdp::{SdpAccess, SdpSettings};
pub use shown::{SECRETS, Shown, shown};
pub use zendesk::ZendeskSettings;

/// Every variable the component reads. The names are those of the contract.
pub const NAMES: &[&str] = &[
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
    "atera_technician_id",
    "atera_technician_email",
    "atera_status_field",
    "allowed_approvers",
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
    "gateway_states",
    "gateway_system",
    "gateway_user_id",
    "gateway_resolved_state",
    "gateway_reopened_state",
    "gateway_fields",
    "gateway_destinations",
    "audit_days",
    "shard",
];

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
    /// Zendesk, if on.
    pub zendesk: Option<ZendeskSettings>,
    /// Atera, if on.
    pub atera: Option<AteraSettings>,
    /// Who may approve requests that the bridge keeps.
    pub allowed: Allowed,
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
    /// What the Ticket Gateway calls things, for each help desk.
    pub gateway: Vec<(Source, Arc<Profile>)>,
    /// How long the audit trail is kept; none: for ever.
    pub audit_keep: Option<Duration>,
    /// The share of this sweeper; none: there is only one, and everything lies in one store.
    pub shard: Option<Shard>,
}

impl Settings {
    /// The sources that are called, each with its base URL.
    pub fn base_urls(&self) -> impl Iterator<Item = (Source, &str)> {
        let sdp = self.sdp.iter().map(|sdp| (Source::Sdp, sdp.base_url.as_str()));
        let zendesk = self.zendesk.iter().map(|zendesk| (Source::Zendesk, zendesk.base_url.as_str()));
        // Atera is called on behalf of the requests that the bridge keeps about its tickets.
        sdp.chain(zendesk).chain(self.atera.iter().map(|atera| (Source::Managed, atera.base_url.as_str())))
    }

    /// What is missing for telling people, or in a dry run for looking around.
    pub fn missing(&self, dry_run: bool) -> Vec<Problem> {
        let mut missing = Vec::new();
        if !self.has_source() {
            missing.push(
                "sdp_base_url: expected an address, or one in zendesk_base_url: no help desk is configured".to_owned(),
            );
        }
        if self.moveworks.is_none() && !dry_run {
            let needed = "moveworks_api_key: expected a value, with moveworks_event_id or moveworks_listener_id";
            missing.push(needed.to_owned());
        }
        missing
    }

    /// Whether there is anything to look at.
    pub const fn has_source(&self) -> bool {
        self.sdp.is_some() || self.zendesk.is_some() || self.atera.is_some()
    }
}

/// One problem with the settings, naming the variable and what was expected.
pub type Problem = String;

/// The bearer token alone, for the door. None: not set. The only setting that is needed before a caller is known.
pub async fn api_token<H: Host>(host: &H) -> Result<Option<Secret>, Problem> {
    let value = host.variable("api_token").await.map_err(|error| error.to_string())?;
    Ok(value.filter(|value| !value.trim().is_empty()).map(|value| Secret::new(value.trim())))
}

/// The share of this sweeper alone, for those who only look.
pub async fn shard<H: Host>(host: &H) -> Result<Option<Shard>, Problem> {
    let value = host.variable("shard").await.map_err(|error| error.to_string())?;
    let value = value.filter(|value| !value.trim().is_empty());
    value.map(|value| value.parse().map_err(|expected| format!("shard: expected {expected}"))).transpose()
}

/// Reads everything, or says everything that is wrong.
pub async fn load<H: Host>(host: &H) -> Result<Settings, Vec<Problem>> {
    let mut reader = read(host).await;
    let settings = reader.settings();
    if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
}

async fn read<H: Host>(host: &H) -> Reader {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for (name, value) in together::all(NAMES.iter().map(|name| async move { (*name, host.variable(name).await) })).await
    {
        match value {
            Ok(Some(value)) if !value.trim().is_empty() => values.push((name, value.trim().to_owned())),
            Ok(_) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    Reader { values, problems }
}

impl Reader {
    fn settings(&mut self) -> Settings {
        // `poll_seconds` belongs to whoever calls /poll; it is checked here so that one look finds every problem.
        self.number("poll_seconds", 60, 1, 86_400);
        let seconds = |number| Duration::from_secs(number);
        Settings {
            action_secret: self.secret("action_secret"),
            sdp: self.sdp(),
            zendesk: self.zendesk(),
            atera: self.atera(),
            allowed: self.allowed(),
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
            gateway: self.gateway(),
            audit_keep: Some(seconds(self.number("audit_days", 400, 0, 36_500) * 86_400))
                .filter(|keep| !keep.is_zero()),
            shard: self.shard(),
        }
    }

    fn shard(&mut self) -> Option<Shard> {
        let shard = self.text("shard")?.parse();
        shard.map_err(|expected| self.wrong("shard", expected)).ok()
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
            style.fields.to_mut().clear();
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                match FieldKind::parse(name) {
                    Some(field) => style.fields.to_mut().push(field),
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
}

#[cfg(test)]
mod tests;
