//! Messages → Moveworks, one at a time to each person, in the order in which they were planned.
//!
//! The outcome of a send is marked before anything else happens. What was taken is never sent again; what was under
//! way when the process ended is sent once more with the same event id, because Moveworks cannot be asked.

use std::sync::Mutex;
use std::time::Duration;

use approval_logic::approval::{Approval, ApprovalId, Millis, Person, Status};
use approval_logic::card::{self, CardKind, render};
use approval_logic::diff::Entry;
use approval_logic::http::{CALL_LIMIT, CIRCUIT_OPEN, CallError, HttpRequest, RATE_LIMITED};
use approval_logic::markup::{Dialect, Markup};
use approval_logic::moveworks::{self, Digest, Event, Message, Tenant};
use approval_logic::outbox::next_wait;
use approval_logic::pace::Pace;
use approval_logic::signature::{ActionClaims, sign_action};

use crate::config::{Door, MoveworksSettings, Settings};
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::report::SourceReport;
use crate::sorted::Sorted;
use crate::sources::{Sources, is_absent};
use crate::store::Store;
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::together;

/// What was read longer ago, or by an earlier sweep, is read again before it is said: it may have been decided
/// meanwhile, also while the bridge was down for a moment.
const STALE: Millis = 30_000;

/// How long a token on a card is good beyond the maximum age.
const TOKEN_GOOD: Millis = 30 * 86_400_000;

/// What delivering needs.
pub struct Courier<'a, H> {
    /// Where marks go.
    pub store: &'a Store<H>,
    /// The client, with time for answers.
    pub client: &'a Client<H>,
    /// The same client with the time in which messages are handed over.
    pub handing: &'a Client<H>,
    /// The sources, for reading again.
    pub sources: &'a Sources<H>,
    /// All settings.
    pub settings: &'a Settings,
    /// Where messages go.
    pub moveworks: &'a MoveworksSettings,
    /// The messages of the last span, of all slots that are swept.
    pub pace: &'a tokio::sync::Mutex<Pace>,
    /// When this sweep began.
    pub begun: Millis,
}

/// What became of the messages that waited.
#[derive(Default)]
pub struct Delivered {
    /// By message id.
    pub fates: Sorted<(Fate, Record)>,
    /// What went wrong at Moveworks.
    pub problems: SourceReport,
    /// Messages were due that were not handed over: no time was left, or Moveworks asked for a pause.
    pub cut_short: bool,
}

/// What stops the messages behind one that met it.
#[derive(Default)]
struct Halt {
    /// Ticks until which nobody sends.
    until: u64,
    /// Nothing more in this sweep.
    over: bool,
}

/// Delivers what is due. `settled`: messages whose fate is known already.
pub async fn all<H: Host>(
    courier: &Courier<'_, H>,
    outbox: &mut Outbox<H>,
    settled: &Sorted<(Fate, Record)>,
) -> Result<Delivered, StoreError> {
    let host = courier.store.host();
    let mut left: Vec<Record> = outbox.waiting().filter(|record| !settled.contains_key(&record.id)).cloned().collect();
    let quiet = courier.settings.quiet.as_ref().is_some_and(|quiet| quiet.hold(host.now()));
    left.retain(|record| record.is_due(host.now()) && !(quiet && record.content.waits_for_morning()));
    let mut delivered = Delivered::default();
    if left.is_empty() || outbox.paused_until(host.now()) > 0 {
        delivered.cut_short = !left.is_empty();
        return Ok(delivered);
    }
    // What is new goes before what had been waiting for days when the bridge was switched on.
    left.sort_by_key(Record::is_backlog);
    outbox.begin_delivery().await?;
    let halt = Mutex::default();
    while !left.is_empty() {
        let problems = Mutex::new(SourceReport::default());
        let tries = futures::stream::iter(left.drain(..).map(|record| one(courier, record, &halt, &problems)));
        let mut again = Sorted::default();
        let results = together::at_most(courier.settings.concurrency, tries).await;
        for result in results {
            let (fate, record) = result?;
            if fate == Fate::Waiting && record.is_due(host.now()) {
                again.insert(format!("{:019}:{}", record.planned_at, record.id), record.clone());
            }
            delivered.fates.insert(record.id.clone(), (fate, record));
        }
        delivered.problems.add(problems.into_inner().unwrap_or_default());
        let (until, over) = with(&halt, |halt| (std::mem::take(&mut halt.until), halt.over));
        let wait = Duration::from_millis(until.saturating_sub(host.ticks()));
        if wait > Duration::ZERO && (over || wait >= courier.client.left()) {
            outbox.pause_until(host.now().saturating_add(Millis::try_from(wait.as_millis()).unwrap_or(0)));
        }
        if again.is_empty() || over || until == 0 || wait >= courier.client.left() {
            break;
        }
        left = again.into_iter().map(|(_, record)| record).collect();
        left.sort_by_key(Record::is_backlog);
        host.sleep(wait).await;
    }
    outbox.keep_recent(courier.pace.lock().await.taken());
    let now = host.now();
    let waits = |(fate, record): &(Fate, Record)| *fate == Fate::Waiting && record.is_due(now);
    delivered.cut_short = delivered.fates.values().any(waits);
    Ok(delivered)
}

async fn one<H: Host>(
    courier: &Courier<'_, H>,
    record: Record,
    halt: &Mutex<Halt>,
    problems: &Mutex<SourceReport>,
) -> Result<(Fate, Record), StoreError> {
    let host = courier.store.host();
    let halted = || with(halt, |halt| halt.over || halt.until > host.ticks());
    if halted() || !in_turn(courier).await {
        return Ok((Fate::Waiting, record));
    }
    let mut record = record;
    let fate = if halted() { Some(Fate::Waiting) } else { read_again(courier, &mut record, problems).await };
    let fate = fate.or_else(|| (halted() || courier.handing.left().is_zero()).then_some(Fate::Waiting));
    if let Some(fate) = fate {
        courier.pace.lock().await.give_back();
        return Ok((fate, record));
    }
    let request = request(courier, &record, host.now());
    let result = match courier.client.once(&Counter::default(), &request).await {
        Ok(response) => moveworks::read_acceptance(&response).map_err(CallFailure::Failed),
        Err(failure) => Err(failure),
    };
    let error = match result {
        Ok(()) => {
            Outbox::mark_sent(courier.store, &record.id, host.now()).await?;
            return Ok((Fate::Sent, record));
        }
        Err(CallFailure::OutOfTime) => return Ok((Fate::Waiting, record)),
        Err(CallFailure::Failed(error)) => error,
    };
    with(problems, |problems| problems.problem(None, error.code(), error.message()));
    record.last_error = Some(format!("{}: {}", error.code(), error.message()));
    match error {
        // Not this message's fault: it waits for its turn like all the others.
        CallError::Retry { code: RATE_LIMITED, after, .. } => {
            with(halt, |halt| halt.until = halt.until.max(host.ticks() + crate::http::millis(after)));
            Ok((Fate::Waiting, record))
        }
        CallError::Auth { .. } | CallError::Retry { code: CALL_LIMIT | CIRCUIT_OPEN, .. } => {
            with(halt, |halt| halt.over = true);
            Ok((Fate::Waiting, record))
        }
        CallError::Retry { after, .. } => Ok(later(record, after, host.now())),
        CallError::Unknown { .. } => Ok(later(record, Duration::ZERO, host.now())),
        CallError::Permanent { .. } | CallError::NotFound { .. } => Ok((Fate::Dead, record)),
    }
}

/// Waits until one more message fits into the minute. False: that is beyond this sweep.
async fn in_turn<H: Host>(courier: &Courier<'_, H>) -> bool {
    let host = courier.store.host();
    // Held while waiting, so that the others queue behind in their order.
    let mut pace = courier.pace.lock().await;
    loop {
        let wait = Duration::from_millis(u64::try_from(pace.wait(host.now())).unwrap_or(0));
        if wait >= courier.handing.left() {
            return false;
        }
        if wait.is_zero() {
            pace.take(host.now());
            return true;
        }
        host.sleep(wait).await;
    }
}

fn later(record: Record, at_least: Duration, now: Millis) -> (Fate, Record) {
    let mut record = record;
    record.attempts += 1;
    let Some(wait) = next_wait(&record.id, record.attempts, at_least) else { return (Fate::Dead, record) };
    record.not_before = now.saturating_add(wait);
    (Fate::Waiting, record)
}

/// Reads the approvals of a message again if that was too long ago. Some: the message is not to be sent now.
async fn read_again<H: Host>(
    courier: &Courier<'_, H>,
    record: &mut Record,
    problems: &Mutex<SourceReport>,
) -> Option<Fate> {
    let now = courier.store.host().now();
    let by_this_sweep = record.read_at >= courier.begun;
    // An age below zero tells that the clock has been set back, and nothing about the age.
    let fresh = (0..=STALE).contains(&now.saturating_sub(record.read_at));
    if record.content.about().is_empty() || by_this_sweep && fresh {
        return None;
    }
    let closes = record.content.closes();
    let mut over: Vec<ApprovalId> = Vec::new();
    for entry in record.content.about() {
        let id = &entry.approval.id;
        let counter = Counter::default();
        let asked = match courier.sources.live(&counter, &entry.approval.ticket, id, &record.recipient).await {
            Ok(live) => still_asked(&live.approval, &record.recipient),
            Err(failure) if is_absent(&failure) => false,
            Err(CallFailure::OutOfTime) => return Some(Fate::Waiting),
            Err(CallFailure::Failed(error)) if error.stops_all() => {
                with(problems, |problems| problems.problem(None, error.code(), error.message()));
                return Some(Fate::Waiting);
            }
            Err(CallFailure::Failed(error)) => {
                with(problems, |problems| {
                    problems.problem(Some(&entry.approval.ticket.id), error.code(), error.message())
                });
                // A first wait each time: what cannot be read says nothing about the message.
                record.not_before = now.saturating_add(next_wait(&record.id, 1, Duration::ZERO).unwrap_or(0));
                record.last_error = Some(format!("could not be read again: {}", error.code()));
                return Some(Fate::Waiting);
            }
        };
        if asked == closes {
            over.push(id.clone());
        }
    }
    record.read_at = now;
    record.content.leave_out(&over).then_some(Fate::Dropped)
}

fn still_asked(live: &Approval, recipient: &str) -> bool {
    live.status == Status::Pending && live.approver.as_ref().is_some_and(|approver| approver.has_address(recipient))
}

/// The call that hands a message over.
pub fn request<H: Host>(courier: &Courier<'_, H>, record: &Record, now: Millis) -> HttpRequest {
    let moveworks = courier.moveworks;
    let tenant = Tenant { base_url: &moveworks.base_url, api_key: moveworks.api_key.reveal() };
    let (entry, event, kind) = match &record.content {
        Content::Pending(entries) => match entries.as_slice() {
            [entry] => (entry, Event::Pending, CardKind::Pending),
            entries => return digest(courier, record, entries, &tenant, now),
        },
        Content::Reminder(entry, number) => (&**entry, Event::Reminder, CardKind::Reminder { number: *number }),
        Content::Closed(entry) => {
            let by = entry.approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned);
            (&**entry, Event::Closed, CardKind::Closed { outcome: entry.approval.status.clone(), by })
        }
        Content::Notice { text, slots } => {
            return match &moveworks.door {
                Door::Events { event_id } => {
                    let markup = notice(text);
                    moveworks::event_notice(&tenant, event_id, &markup, &record.recipient, slots.as_ref())
                }
                Door::Listener { listener_id, secret } => moveworks::listener_notice(
                    &tenant,
                    (listener_id, secret.as_ref().map(|secret| secret.reveal())),
                    &record.id,
                    text,
                    &record.recipient,
                    slots.as_ref(),
                ),
            };
        }
    };
    let card = render(&entry.approval, &kind, &courier.settings.style);
    // Nothing is left to be answered with the token of a closing.
    let token =
        if event == Event::Closed { None } else { action_token(courier.settings, entry, &record.recipient, now) };
    let message = Message {
        event_id: &record.id,
        event,
        approval: &entry.approval,
        card: &card,
        recipient: &record.recipient,
        action_token: token.as_deref(),
    };
    match &moveworks.door {
        Door::Events { event_id } => moveworks::event_message(&tenant, event_id, &message),
        Door::Listener { listener_id, secret } => {
            let secret = secret.as_ref().map(|secret| secret.reveal());
            moveworks::listener_message(&tenant, listener_id, secret, &message)
        }
    }
}

/// The call that hands over several approvals of one person.
fn digest<H: Host>(
    courier: &Courier<'_, H>,
    record: &Record,
    entries: &[Entry],
    tenant: &Tenant<'_>,
    now: Millis,
) -> HttpRequest {
    let approvals: Vec<&Approval> = entries.iter().map(|entry| &entry.approval).collect();
    let card = card::digest(&approvals, &courier.settings.style);
    let token = |entry: &Entry| action_token(courier.settings, entry, &record.recipient, now);
    let approvals = entries.iter().map(|entry| (&entry.approval, token(entry))).collect();
    let digest = Digest { event_id: &record.id, approvals, card: &card, recipient: &record.recipient };
    match &courier.moveworks.door {
        Door::Events { event_id } => moveworks::event_digest(tenant, event_id, &digest),
        Door::Listener { listener_id, secret } => {
            let secret = secret.as_ref().map(|secret| secret.reveal());
            moveworks::listener_digest(tenant, listener_id, secret, &digest)
        }
    }
}

/// A notice's words, line by line, in Moveworks' markup.
fn notice(text: &str) -> String {
    let mut markup = Markup::new(Dialect::Moveworks);
    for (index, line) in text.trim().lines().enumerate() {
        if index > 0 {
            markup.line_break();
        }
        markup.words(line);
    }
    markup.finish()
}

fn action_token(settings: &Settings, entry: &Entry, recipient: &str, now: Millis) -> Option<String> {
    let secret = settings.action_secret.as_ref()?;
    let good = settings.max_age.map_or(0, |age| Millis::try_from(age.as_millis()).unwrap_or(0)).max(TOKEN_GOOD);
    let claims = ActionClaims {
        id: entry.approval.id.clone(),
        round: entry.round,
        approver: recipient.to_owned(),
        expires_at: now.saturating_add(good),
    };
    Some(sign_action(secret.reveal(), &claims))
}

fn with<S, T>(shared: &Mutex<S>, action: impl FnOnce(&mut S) -> T) -> T {
    // A poisoned lock would mean a panic in between; what it guards is still good enough to go on with.
    action(&mut shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
