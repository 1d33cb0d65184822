//! The bridge's operations, whichever door they come through: routes, typed calls, or a test.

use std::time::Duration;

use approval_logic::approval::{ApprovalId, Person, Source, TicketKind, TicketRef, is_address, normal_address};
use approval_logic::audit::{Door, Event};
use approval_logic::diff::Entry;
use approval_logic::metrics::{self, AUDIT_FAILURES, AUDIT_RECORDS, LAST_SWEEP, OUTBOX, OUTBOX_AGE};
use approval_logic::signature::hmac_sha256_hex;
use approval_logic::zendesk::NewRequest;
use futures::future::BoxFuture;

use crate::config::{self, Problem, Settings};
use crate::decide::{self, Answer, Order};
use crate::gateway::Gateway;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::report::Report;
use crate::sources::{Sources, unwatched};
use crate::store::Store;
use crate::store::audit::{self, Noted};
use crate::store::lease::{Lease, Leases};
use crate::store::ledger::{EntryPage, ticket_key};
use crate::store::outbox::{self, Content, Outbox, Record};
use crate::store::progress;
use crate::store::slots::{self, Slots};
use crate::sweep::overlay::{Everywhere, Known};
use crate::sweep::{self, Task};
use crate::tally::Tally;
use crate::together;

/// How long a small task waits for a sweep that is running.
const SHORT_PATIENCE: Duration = Duration::from_millis(300);

/// How long making a request may take.
const ASKING: Duration = Duration::from_secs(20);

/// Why an operation could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Settings are missing or wrong.
    #[error("the settings are not complete: {}", .0.join("; "))]
    Configuration(Vec<Problem>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another sweep is running and did not end in time.
    #[error("another sweep is running; try again in a minute")]
    Busy,
    /// An argument is wrong.
    #[error("{0}")]
    Argument(String),
    /// What is asked for does not exist.
    #[error("{0}")]
    NotFound(String),
}

/// Which approvals to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of this address.
    pub approver: Option<String>,
    /// Only those of this source or part of it, such as `sdp`, `sdp/changes` or `zendesk`.
    pub source: Option<String>,
    /// Only those in this state; none: those that are open.
    pub status: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// A message from outside, for one or more people.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The text, plain.
    pub message: String,
    /// The addresses.
    pub recipients: Vec<String>,
    /// Slots that go along.
    pub slots: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The operations over one host.
#[derive(Clone)]
pub struct Shell<H> {
    store: Store<H>,
}

impl<H: Host> Shell<H> {
    /// A shell over a host.
    pub const fn new(host: H) -> Self {
        Self { store: Store::new(host) }
    }

    /// The store.
    pub(crate) const fn store(&self) -> &Store<H> {
        &self.store
    }

    /// The host.
    pub const fn host(&self) -> &H {
        self.store.host()
    }

    /// All settings, or every problem with them.
    pub async fn settings(&self) -> Result<Settings, OperationError> {
        config::load(self.host()).await.map_err(OperationError::Configuration)
    }

    /// Where what is known lies.
    pub(crate) fn slots(&self) -> BoxFuture<'_, Result<Slots<H>, OperationError>> {
        // Boxed, here and below: nearly every operation begins with it, and would hold a copy of its code.
        Box::pin(async {
            let shard = config::shard(self.host()).await;
            let shard = shard.map_err(|problem| OperationError::Configuration(vec![problem]))?;
            Ok(Slots::open(&self.store, shard).await?)
        })
    }

    /// One sweep over everything that is this sweeper's.
    pub async fn poll(&self, dry_run: bool) -> Result<Report, OperationError> {
        let settings = self.complete_settings(dry_run).await?;
        let mut slots = self.slots().await?;
        if dry_run {
            return Ok(sweep::run(&slots.own(), &settings, &Task::All, true).await?);
        }
        let work = settings.shard.map_or_else(|| "poll".to_owned(), |shard| format!("poll {shard}"));
        let patience = settings.sweep_budget + Duration::from_secs(10);
        if slots.is_to_cut() {
            let lease = Lease::take(&work, self.store.clone(), patience).await?.ok_or(OperationError::Busy)?;
            let cut = lease.during(async {
                slots = self.slots().await?;
                if !slots.is_to_cut() || slots::cut(&self.store).await? {
                    return Ok(None);
                }
                // Until the store can be cut the sweepers take turns with all of it.
                let report = sweep::run(&slots.own(), &settings, &Task::All, false).await?;
                Ok::<_, OperationError>(Some(report))
            });
            if let Some(report) = cut.await? {
                return Ok(report);
            }
            slots = self.slots().await?;
        }
        let leases = Leases::take(&slots.own(), &work, patience).await?;
        let held = leases.stores();
        if held.is_empty() {
            return Err(OperationError::Busy);
        }
        Ok(leases.during(sweep::run(&held, &settings, &Task::All, false)).await?)
    }

    /// Looks at one ticket now, or notes it for the sweep that is running.
    pub async fn hint(&self, ticket: TicketRef) -> Result<Option<Report>, OperationError> {
        let settings = self.complete_settings(false).await?;
        if let Some(why) = unwatched(&settings, &ticket) {
            return Err(OperationError::Argument(format!("module: {why}")));
        }
        let stores = self.slots().await?.concerned(&ticket);
        together::all_or_error(stores.iter().map(|store| progress::revisit(store, ticket.clone()))).await?;
        let leases = Leases::take(&stores, &format!("hint {}", ticket_key(&ticket)), SHORT_PATIENCE).await?;
        let held = leases.stores();
        let looked = async {
            let report = sweep::run(&held, &settings, &Task::Ticket(ticket.clone()), false).await?;
            if report.complete {
                let seen = std::slice::from_ref(&ticket);
                together::all_or_error(held.iter().map(|store| progress::forget_revisits(store, seen))).await?;
            }
            Ok::<_, StoreError>(report)
        };
        if held.is_empty() { Ok(None) } else { Ok(Some(leases.during(looked).await?)) }
    }

    /// Takes a decision to the source.
    pub async fn decide(&self, order: &Order) -> Result<Answer, OperationError> {
        let settings = self.settings().await?;
        let store = self.slots().await?.of(&order.id.ticket_ref());
        Ok(decide::decide(&store, &settings, order).await?)
    }

    /// Refuses a decision about an approval that nobody knows. `given`: what was asked for, where it could be an id.
    pub async fn refuse(&self, given: Option<String>, wish: &decide::Wish) -> Answer {
        decide::refuse(&self.store, self.audit_keep().await, given, wish).await
    }

    /// Writes down an answer that somebody gave to a request that the bridge keeps.
    pub async fn heard(&self, approval: Option<String>, wish: &decide::Wish, answer: &Answer) -> Noted {
        decide::heard(&self.store, self.audit_keep().await, approval, wish, answer).await
    }

    /// Writes down what somebody did with a request that the bridge keeps.
    pub async fn note_request(
        &self,
        request: &str,
        activity: &'static str,
        actor: Option<&str>,
        outcome: &'static str,
    ) -> Noted {
        let (request, actor) = (request.to_owned(), actor.map(normal_address));
        let event = Event::Request { request, activity, actor, outcome, door: Door::Http };
        audit::note(&self.store, self.audit_keep().await, &[event], &Tally::default()).await
    }

    /// Makes a new approval request at Zendesk, once: its id, or why there is none.
    pub async fn ask_at_zendesk(&self, new: &NewRequest) -> Result<Result<ApprovalId, CallFailure>, OperationError> {
        let settings = self.settings().await?;
        let sources = Sources::new(&settings, &Client::new(self.host().clone(), 1, ASKING), &self.store);
        let Some(session) = sources.zendesk() else {
            return Err(OperationError::Argument("Zendesk is not configured; see zendesk_base_url".to_owned()));
        };
        Ok(session.create(&Counter::default(), new).await)
    }

    /// The approval that the sample program's short address means: ticket and approval id without module and level.
    pub async fn resolve(&self, ticket: &str, approval: &str) -> Result<Option<ApprovalId>, OperationError> {
        let known = Everywhere::open(&self.slots().await?).await?;
        let mut found = Vec::new();
        for kind in TicketKind::MODULES {
            let ticket = TicketRef { source: Source::Sdp, kind, ticket: ticket.to_owned() };
            let entries = known.of_ticket(&ticket).await?;
            found.extend(entries.into_iter().filter(|entry| entry.approval.id.approval() == approval));
        }
        // Ids are unique within a module only. Where two modules have the same pair, nobody can say which one is meant.
        match found.as_slice() {
            [entry] => Ok(Some(entry.approval.id.clone())),
            _ => Ok(None),
        }
    }

    /// The Ticket Gateway of a help desk; none where it is not configured.
    pub async fn gateway(&self, source: Source) -> Result<Option<Gateway<H>>, OperationError> {
        Ok(Gateway::new(&self.settings().await?, self.slots().await?, source))
    }

    /// What is known of approvals; no call to a vendor.
    pub async fn approvals(&self, filter: &Filter) -> Result<EntryPage, OperationError> {
        let known = Everywhere::open(&self.slots().await?).await?;
        let approver = filter.approver.as_deref().map(normal_address);
        let wanted = |entry: &Entry| {
            let own = entry.approval.approver.as_ref().and_then(Person::address);
            let ticket = entry.approval.id.ticket_ref();
            approver.as_ref().is_none_or(|wanted| own.as_ref() == Some(wanted))
                && filter
                    .source
                    .as_ref()
                    .is_none_or(|wanted| wanted == ticket.source.name() || *wanted == ticket.module())
                && match &filter.status {
                    None => entry.is_open(),
                    Some(status) => entry.approval.status.name() == status,
                }
        };
        Ok(known.page(filter.cursor.as_deref(), filter.limit, wanted).await?)
    }

    /// What is known of one approval.
    pub async fn approval(&self, id: &ApprovalId) -> Result<Option<Entry>, OperationError> {
        let store = self.slots().await?.of(&id.ticket_ref());
        Ok(Known::open(&store).await?.get(id).await?)
    }

    /// Puts a message into the outbox and sends it, unless a sweep is running, which will. The ids, one for each person.
    pub async fn notify(&self, notice: &Notice) -> Result<Vec<String>, OperationError> {
        let settings = self.complete_settings(false).await?;
        let now = self.host().now();
        let mut ids = Vec::new();
        let mut records: Vec<Record> = Vec::new();
        for recipient in &notice.recipients {
            if !is_address(recipient) {
                return Err(OperationError::Argument("recipients: every one must be an e-mail address".to_owned()));
            }
            let recipient = normal_address(recipient);
            let digest = hmac_sha256_hex(recipient.as_bytes(), notice.message.as_bytes());
            let id = format!("notice:{now}:{}", digest.get(..16).unwrap_or_default());
            if ids.contains(&id) {
                continue;
            }
            ids.push(id.clone());
            records.push(Record {
                id,
                content: Content::Notice { text: notice.message.clone(), slots: notice.slots.clone() },
                recipient,
                planned_at: now,
                read_at: now,
                attempts: 0,
                not_before: 0,
                last_error: None,
            });
        }
        // Only the holder of the lease writes the outbox, so this waits for a sweep to end rather than to race it.
        let patience = settings.sweep_budget + Duration::from_secs(10);
        let store = self.slots().await?.first();
        let work = format!("notify {}", hmac_sha256_hex(b"", ids.join(" ").as_bytes()));
        let lease = Lease::take(&work, store.clone(), patience).await?.ok_or(OperationError::Busy)?;
        let send = async {
            let mut outbox = Outbox::open(store.clone()).await?;
            outbox.plan(records).await?;
            sweep::run(std::slice::from_ref(&store), &settings, &Task::Deliver, false).await
        };
        lease.during(send).await?;
        Ok(ids)
    }

    /// The messages that wait and those that were given up.
    pub async fn outbox(&self) -> Result<(Vec<Record>, Vec<Record>), OperationError> {
        Ok(outbox::in_order(&self.outboxes().await?))
    }

    /// Takes a given-up message up again, for the next sweep.
    pub async fn retry(&self, id: &str, door: Door) -> Result<Noted, OperationError> {
        let outboxes = self.outboxes().await?;
        let given_up = |outbox: &&Outbox<H>| outbox.dead().iter().any(|record| record.id == id);
        let unknown = || OperationError::NotFound("no message of that id has been given up".to_owned());
        let store = outboxes.iter().find(given_up).map(Outbox::store).ok_or_else(unknown)?;
        let work = format!("retry {id}");
        let lease = Lease::take(&work, store.clone(), Duration::from_secs(20)).await?.ok_or(OperationError::Busy)?;
        let retried = lease.during(async { Outbox::open(store.clone()).await?.retry(id).await }).await?;
        if !retried {
            return Err(unknown());
        }
        let event = Event::Retry { event_id: id.to_owned(), door };
        Ok(audit::note(&self.store, self.audit_keep().await, &[event], &Tally::default()).await)
    }

    /// The outboxes, of every slot.
    pub(crate) fn outboxes(&self) -> BoxFuture<'_, Result<Vec<Outbox<H>>, OperationError>> {
        Box::pin(async {
            let stores = self.slots().await?.all();
            Ok(together::all_or_error(stores.into_iter().map(Outbox::open)).await?)
        })
    }

    /// How long the audit trail is kept. Settings that are wrong are no reason to leave something out of it, nor to drop
    /// anything.
    async fn audit_keep(&self) -> Option<Duration> {
        self.settings().await.ok().and_then(|settings| settings.audit_keep)
    }

    /// The audit trail after a line.
    pub async fn audit(&self, after: u64) -> Result<audit::Page, OperationError> {
        Ok(audit::page(&self.store, after).await?)
    }

    /// What the bridge has counted, as OpenMetrics text.
    pub async fn metrics(&self) -> Result<String, OperationError> {
        let stores = self.slots().await?.all();
        let places = together::all_or_error(stores.iter().map(progress::load));
        let (places, standing, outboxes) = futures::join!(places, audit::standing(&self.store), self.outboxes());
        let (places, standing, outboxes) = (places?, standing?, outboxes?);
        let mut tally = Tally::default();
        places.iter().for_each(|place| tally.add_all(&place.tally));
        // As late as the last of the slots.
        let swept = places.iter().map(|place| place.tally.get(LAST_SWEEP)).min();
        tally.set(LAST_SWEEP, &[], swept.unwrap_or(0));
        tally.add_all(&standing.tally);
        tally.add(AUDIT_RECORDS, &[], standing.records);
        tally.add(AUDIT_FAILURES, &[], standing.missed);
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let waiting = || outboxes.iter().flat_map(Outbox::waiting);
        tally.set(OUTBOX, &["waiting"], count(waiting().count()));
        tally.set(OUTBOX, &["dead"], count(outboxes.iter().flat_map(Outbox::dead).count()));
        let oldest = waiting().map(|record| record.planned_at).min();
        let age = oldest.map_or(0, |at| self.host().now().saturating_sub(at));
        tally.set(OUTBOX_AGE, &[], u64::try_from(age).unwrap_or(0));
        Ok(metrics::render(env!("CARGO_PKG_VERSION"), &|series| tally.get(series)))
    }

    /// All settings, or every problem with them, those that are missing for telling people among them.
    pub(crate) async fn complete_settings(&self, dry_run: bool) -> Result<Settings, OperationError> {
        let settings = self.settings().await?;
        let missing = settings.missing(dry_run);
        if missing.is_empty() { Ok(settings) } else { Err(OperationError::Configuration(missing)) }
    }
}
