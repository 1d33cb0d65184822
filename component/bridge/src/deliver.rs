//! Messages → Moveworks, one at a time to each person, in the order in which they were planned.
//!
//! The outcome of a send is marked before anything else happens. What was taken is never sent again; what was under
//! way when the process ended is sent once more with the same event id, because Moveworks cannot be asked.

use std::sync::Mutex;
use std::time::Duration;

use approval_logic::approval::{Approval, Millis, Status};
use approval_logic::card::{CardKind, render};
use approval_logic::diff::Entry;
use approval_logic::http::{CALL_LIMIT, CallError, HttpRequest, RATE_LIMITED};
use approval_logic::markup::{Dialect, Markup};
use approval_logic::moveworks::{self, Event, Message, Tenant};
use approval_logic::signature::{ActionClaims, sign_action};
use futures::future::join;

use crate::config::{Door, MoveworksSettings, Settings};
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::report::SourceReport;
use crate::sdp::{Session, is_absent};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::together;

/// What was read longer ago, or by an earlier sweep, is read again before it is said: it may have been decided
/// meanwhile, also while the bridge was down for a moment.
const STALE: Millis = 30_000;

/// Waits before the next attempt, after the first, second … failure (Standard Webhooks, "Deliverability").
const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

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
    /// The source, for reading again.
    pub session: Option<&'a Session<H>>,
    /// All settings.
    pub settings: &'a Settings,
    /// Where messages go.
    pub moveworks: &'a MoveworksSettings,
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
    left.retain(|record| record.not_before <= host.now());
    let mut delivered = Delivered::default();
    if left.is_empty() || outbox.paused_until() > host.now() {
        delivered.cut_short = !left.is_empty();
        return Ok(delivered);
    }
    // What is new goes before what had been waiting for days when the bridge was switched on.
    left.sort_by_key(Record::is_backlog);
    outbox.begin_delivery().await?;
    let halt = Mutex::new(Halt::default());
    while !left.is_empty() {
        let problems = Mutex::new(SourceReport::default());
        let tries = futures::stream::iter(left.drain(..).map(|record| one(courier, record, &halt, &problems)));
        let mut again = Sorted::default();
        let results = together::at_most(courier.settings.concurrency, tries).await;
        for result in results {
            let (fate, record) = result?;
            if fate == Fate::Waiting && record.not_before <= host.now() {
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
    let now = host.now();
    let waits = |(fate, record): &(Fate, Record)| *fate == Fate::Waiting && record.not_before <= now;
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
    if halted() {
        return Ok((Fate::Waiting, record));
    }
    let mut record = record;
    if let Some(fate) = read_again(courier, &mut record, problems).await {
        return Ok((fate, record));
    }
    if halted() || courier.handing.left().is_zero() {
        return Ok((Fate::Waiting, record));
    }
    let request = request(courier, &record, host.now());
    let result = match courier.client.once(&Counter::default(), request).await {
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
        CallError::Auth { .. } | CallError::Retry { code: CALL_LIMIT, .. } => {
            with(halt, |halt| halt.over = true);
            Ok((Fate::Waiting, record))
        }
        CallError::Retry { after, .. } => Ok(later(record, after, host.now())),
        CallError::Unknown { .. } => Ok(later(record, Duration::ZERO, host.now())),
        CallError::Permanent { .. } | CallError::NotFound { .. } => Ok((Fate::Dead, record)),
    }
}

fn later(record: Record, at_least: Duration, now: Millis) -> (Fate, Record) {
    let mut record = record;
    let planned = usize::try_from(record.attempts).ok().and_then(|attempts| SCHEDULE.get(attempts));
    record.attempts += 1;
    let Some(planned) = planned else { return (Fate::Dead, record) };
    let wait = Millis::try_from(at_least.max(*planned).as_millis()).unwrap_or(Millis::MAX);
    record.not_before = now.saturating_add(wait);
    (Fate::Waiting, record)
}

/// Reads the approval of a message again if that was too long ago. Some: the message is not to be sent now.
async fn read_again<H: Host>(
    courier: &Courier<'_, H>,
    record: &mut Record,
    problems: &Mutex<SourceReport>,
) -> Option<Fate> {
    let entry = record.content.entry()?;
    let now = courier.store.host().now();
    let by_this_sweep = record.read_at >= courier.begun;
    // An age below zero tells that the clock has been set back, and nothing about the age.
    if by_this_sweep && (0..=STALE).contains(&now.saturating_sub(record.read_at)) {
        return None;
    }
    let Some(session) = courier.session else { return Some(Fate::Waiting) };
    let id = &entry.approval.id;
    let counter = Counter::default();
    let (live, at_level) =
        join(session.approval(&counter, &entry.approval.ticket, id), session.is_at_level(&counter, id)).await;
    match live.and_then(|live| at_level.map(|at_level| at_level && still_asked(&live, &record.recipient))) {
        Ok(true) => {
            record.read_at = now;
            None
        }
        Ok(false) => Some(Fate::Dropped),
        Err(failure) if is_absent(&failure) => Some(Fate::Dropped),
        Err(CallFailure::OutOfTime) => Some(Fate::Waiting),
        Err(CallFailure::Failed(error)) if error.stops_all() => {
            with(problems, |problems| problems.problem(None, error.code(), error.message()));
            Some(Fate::Waiting)
        }
        Err(CallFailure::Failed(error)) => {
            with(problems, |problems| problems.problem(Some(&id.ticket), error.code(), error.message()));
            let (_, waiting) = later(Record { attempts: 0, ..record.clone() }, Duration::ZERO, now);
            record.not_before = waiting.not_before;
            record.last_error = Some(format!("could not be read again: {}", error.code()));
            Some(Fate::Waiting)
        }
    }
}

fn still_asked(live: &Approval, recipient: &str) -> bool {
    live.status == Status::Pending && live.approver.as_ref().is_some_and(|approver| approver.has_address(recipient))
}

/// The call that hands a message over.
pub fn request<H: Host>(courier: &Courier<'_, H>, record: &Record, now: Millis) -> HttpRequest {
    let moveworks = courier.moveworks;
    let tenant = Tenant { base_url: &moveworks.base_url, api_key: moveworks.api_key.reveal() };
    let (entry, event, kind) = match &record.content {
        Content::Pending(entry) => (entry, Event::Pending, CardKind::Pending),
        Content::Reminder(entry, number) => (entry, Event::Reminder, CardKind::Reminder { number: *number }),
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
    let token = action_token(courier.settings, entry, &record.recipient, now);
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
