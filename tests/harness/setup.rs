//! Setting a desk up.

use std::sync::Arc;
use std::time::Duration;

use approval_bridge::clock::Clock;
use approval_bridge::egress::Transport;
use approval_bridge::key_value::MemoryStore;
use approval_bridge::limits::Limits;
use approval_bridge::simulate::{Plug, Time, Witness};
use approval_bridge::stubs::{
    Door, Edition, Hosts, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, SDP_AUTHTOKEN, Stubs, World,
    ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use approval_bridge::variables::VariableMap;

use super::desk::{Desk, Parts};
use super::tracked::Tracked;

/// What callers of the bridge present unless a test says otherwise.
pub const API_TOKEN: &str = "test-api-token-0123456789";

/// 2025-11-24T16:00:00Z, when every test begins.
const BEGIN: i64 = 1_764_000_000_000;

const SDP: &str = "sdp.example";
const ACCOUNTS: &str = "accounts.example";
pub(super) const ZENDESK: &str = "zendesk.example";
const MOVEWORKS: &str = "moveworks.example";

type Wrap = Box<dyn FnOnce(Stubs, Time) -> Arc<dyn Transport>>;

/// Collects what a [`Desk`] is made of.
pub struct Setup {
    stubs: Stubs,
    time: Time,
    store: Arc<MemoryStore>,
    variables: Vec<(String, String)>,
    limits: Limits,
    transport: Wrap,
    witnessed: bool,
}

impl Setup {
    pub(super) fn new(edition: Edition) -> Self {
        let time = Time::new(BEGIN);
        let (now, sleep) = (time.clone(), time.clone());
        let stubs = Stubs::with_clock(7, Arc::new(move || now.now_ms()))
            .with_sleeper(Arc::new(move |duration| sleep.sleep(duration)));
        stubs.with(|world| {
            world.settings.hosts = Some(Hosts {
                sdp: SDP.to_owned(),
                zoho: ACCOUNTS.to_owned(),
                zendesk: ZENDESK.to_owned(),
                moveworks: MOVEWORKS.to_owned(),
            });
            // Rates are the business of the tests about delivery.
            (world.settings.moveworks.events_per_minute, world.settings.moveworks.listener_per_second) = (None, None);
            match edition {
                Edition::Cloud => {
                    world.settings.sdp.only = Some(Edition::Cloud);
                    world.settings.sdp.portal = Some("itdesk".to_owned());
                }
                Edition::OnPremises => world.on_premises(),
            }
        });
        let mut variables = vec![
            ("api_token", API_TOKEN.to_owned()),
            ("moveworks_base_url", format!("https://{MOVEWORKS}")),
            ("moveworks_api_key", MOVEWORKS_API_KEY.to_owned()),
            ("moveworks_event_id", MOVEWORKS_EVENT_ID.to_owned()),
            ("moveworks_per_minute", "0".to_owned()),
        ];
        match edition {
            Edition::Cloud => variables.extend([
                ("sdp_base_url", format!("https://{SDP}/app/itdesk")),
                ("sdp_accounts_url", format!("https://{ACCOUNTS}")),
                ("sdp_client_id", ZOHO_CLIENT_ID.to_owned()),
                ("sdp_client_secret", ZOHO_CLIENT_SECRET.to_owned()),
                ("sdp_refresh_token", ZOHO_REFRESH_TOKEN.to_owned()),
            ]),
            Edition::OnPremises => variables
                .extend([("sdp_base_url", format!("https://{SDP}")), ("sdp_authtoken", SDP_AUTHTOKEN.to_owned())]),
        }
        Self {
            stubs,
            time,
            store: Arc::new(MemoryStore::new()),
            variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            limits: wide_limits(),
            transport: Box::new(|stubs, _| Arc::new(stubs)),
            witnessed: false,
        }
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a variable away.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(own, _)| own != name);
        self
    }

    /// The door that messages take. Unless a test says otherwise: the Events API.
    pub fn door(self, door: Door) -> Self {
        match door {
            Door::Events => self,
            Door::Listener => {
                self.without("moveworks_event_id").variable("moveworks_listener_id", MOVEWORKS_LISTENER_ID)
            }
        }
    }

    /// Changes the world before anything runs.
    pub fn world(self, change: impl FnOnce(&mut World)) -> Self {
        self.stubs.with(change);
        self
    }

    /// What one call may use.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Begins as if all requests that wait had been announced long ago.
    pub async fn tracked(mut self) -> Self {
        let tracked = self.stubs.with(|world| Tracked::of(world));
        self.store = Arc::new(MemoryStore::from_entries(tracked.store().await));
        self.variable("sdp_modules", "requests")
    }

    /// Puts something between the bridge and the vendors.
    pub fn transport<T: Transport>(mut self, wrap: impl FnOnce(Stubs, Time) -> T + 'static) -> Self {
        self.transport = Box::new(move |stubs, time| Arc::new(wrap(stubs, time)));
        self
    }

    /// Has a witness compare what is said with what is so. It has to be told of changes in the world.
    pub fn witnessed(mut self) -> Self {
        self.witnessed = true;
        self
    }

    /// Starts the bridge. Nothing is called yet.
    pub fn start(self) -> Desk {
        let Self { stubs, time, store, limits, .. } = self;
        let variables = VariableMap::new(self.variables);
        let transport = (self.transport)(stubs.clone(), time.clone());
        let witness = self.witnessed.then(|| Witness::new(stubs.clone(), time.clone()));
        Desk::start(Parts { stubs, time, store, variables, limits, transport, plug: Plug::default(), witness })
    }
}

/// The variables of a bridge that is started without a desk, on the machine's own clock: ServiceDesk Plus on-premises, told
/// as events at any rate.
pub fn plain_variables() -> VariableMap {
    VariableMap::new([
        ("api_token", API_TOKEN),
        ("sdp_base_url", "https://sdp.example"),
        ("sdp_authtoken", SDP_AUTHTOKEN),
        ("moveworks_base_url", "https://moveworks.example"),
        ("moveworks_event_id", MOVEWORKS_EVENT_ID),
        ("moveworks_per_minute", "0"),
        ("moveworks_api_key", MOVEWORKS_API_KEY),
    ])
}

/// A busy machine must not fail a test that is about something else, so these are wide.
pub fn wide_limits() -> Limits {
    Limits {
        cpu: Duration::from_secs(120),
        sweep_timeout: Duration::from_secs(600),
        request_timeout: Duration::from_secs(600),
        ..Limits::default()
    }
}
