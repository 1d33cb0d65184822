//! Everything the stubs remember, behind one lock.

use super::atera::AteraMemory;
use super::faults::{Fault, RateLimit};
use super::journal::Journal;
use super::model::{Approval, Level, Module, Person, Ticket};
use super::moveworks::{Message, MoveworksMemory};
use super::names::Dice;
use super::settings::Settings;
use super::zendesk::Zendesk;
use super::zoho::Tokens;
use super::{Clock, Edition};
use std::collections::BTreeMap;
use std::time::Duration;

/// The vendors' memory: reach it with [`Stubs::with`](super::Stubs::with).
pub struct World {
    /// How the vendors behave.
    pub settings: Settings,
    /// Every call that came in.
    pub journal: Journal,
    /// The account at Zendesk.
    pub zendesk: Zendesk,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
    pub(crate) tickets: BTreeMap<Module, BTreeMap<String, Ticket>>,
    pub(crate) tokens: Tokens,
    pub(crate) moveworks: MoveworksMemory,
    pub(crate) atera: AteraMemory,
    pub(crate) faults: Vec<Fault>,
    pub(crate) limits: Vec<RateLimit>,
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
    next: BTreeMap<(Option<Module>, Kind), u64>,
}

/// What an id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Ticket,
    Number,
    Level,
    Approval,
    Person,
}

impl World {
    pub(crate) fn new(seed: u64, clock: Clock) -> Self {
        Self {
            settings: Settings::default(),
            journal: Journal::default(),
            zendesk: Zendesk::new(clock.clone()),
            clock,
            dice: Dice::new(seed),
            tickets: Module::ALL.into_iter().map(|module| (module, BTreeMap::new())).collect(),
            tokens: Tokens::default(),
            moveworks: MoveworksMemory::default(),
            atera: AteraMemory::default(),
            faults: Vec::new(),
            limits: Vec::new(),
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            next: BTreeMap::new(),
        }
    }

    /// Now, epoch milliseconds, by the stubs' clock.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Makes the stubs an on-premises installation: short ids from here on, and no cloud credentials.
    pub fn on_premises(&mut self) {
        self.settings.sdp.edition = Edition::OnPremises;
        self.settings.sdp.only = Some(Edition::OnPremises);
        self.settings.sdp.owner.id = "3".into();
    }

    /// Waits this long before every answer, for each call on its own.
    pub fn set_latency(&mut self, latency: Duration) {
        self.latency = latency;
    }

    /// Adds up to this much to each wait, by the seed.
    pub fn set_jitter(&mut self, jitter: Duration) {
        self.jitter = jitter;
    }

    /// Adds a scripted fault. Rules are tried in the order in which they were added; the first that is ready strikes.
    pub fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Ends all scripted faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Adds a rate limit.
    pub fn limit(&mut self, limit: RateLimit) {
        self.limits.push(limit);
    }

    /// Ends all rate limits.
    pub fn clear_limits(&mut self) {
        self.limits.clear();
    }

    /// Every message that Moveworks took, in order.
    pub fn sent_messages(&self) -> &[Message] {
        &self.moveworks.messages
    }

    /// Forgets the messages that were sent.
    pub fn clear_messages(&mut self) {
        self.moveworks.messages.clear();
    }

    /// Every access token that Zoho handed out stops working.
    pub fn revoke_tokens(&mut self) {
        self.tokens.revoke();
    }

    /// How many access tokens Zoho has handed out.
    pub fn tokens_issued(&self) -> u64 {
        self.tokens.issued()
    }

    /// A working access token, without asking Zoho: for tests that are not about tokens.
    pub fn grant_token(&mut self) -> String {
        let (now, life) = (self.now(), self.settings.zoho.expires_in);
        self.tokens.issue("granted", now, life, usize::MAX, &mut self.dice)
    }

    /// The ticket with this id.
    pub fn ticket(&self, module: Module, id: &str) -> Option<&Ticket> {
        self.tickets.get(&module)?.get(id)
    }

    /// The ticket with this id, to change anything about it.
    pub fn ticket_mut(&mut self, module: Module, id: &str) -> Option<&mut Ticket> {
        self.tickets.get_mut(&module)?.get_mut(id)
    }

    /// All tickets of a module, by id.
    pub fn tickets(&self, module: Module) -> impl Iterator<Item = &Ticket> {
        self.tickets.get(&module).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn find(
        &self,
        module: Module,
        ticket: &str,
        level: &str,
        approval: &str,
    ) -> Option<(&Level, &Approval)> {
        let level = self.ticket(module, ticket)?.level(level)?;
        Some((level, level.approval(approval)?))
    }

    /// A person with a new id.
    pub fn person(&mut self, name: &str, email: Option<&str>) -> Person {
        let id = self.new_id(None, Kind::Person);
        Person { id, name: name.into(), email: email.map(Into::into) }
    }

    pub(crate) fn count_up(&mut self, module: Option<Module>, kind: Kind) -> u64 {
        let next = self.next.entry((module, kind)).or_insert(0);
        *next += 1;
        *next
    }

    /// A new id. Cloud ids are 15 to 18 digits, unique everywhere, and every sixth starts with a zero. On-premises ids
    /// are short and count by module, so that the same id appears in two modules.
    pub(crate) fn new_id(&mut self, module: Option<Module>, kind: Kind) -> String {
        if self.settings.sdp.edition == Edition::OnPremises {
            let start = match kind {
                Kind::Ticket | Kind::Number => 800,
                Kind::Level => 70,
                Kind::Approval => 300,
                Kind::Person => 4,
            };
            return (start + self.count_up(module, kind)).to_string();
        }
        let n = self.count_up(None, Kind::Ticket);
        let head = match (n % 6, n % 4) {
            (0, _) => "015800",
            (_, 0) => "158000",
            (_, 1) => "1580007",
            (_, 2) => "15800071",
            _ => "158000712",
        };
        format!("{head}{:09}", 4000 + n * 13)
    }
}
