//! One sweep, as data flows: sources → changes → plans → outbox → sends → marks → ledger → place. The order is the
//! guarantee: at whatever call the process ends, nothing is lost and at most what was under way is said twice.

mod look;
mod module;
pub mod overlay;
mod updates;
mod walks;

use std::collections::BTreeSet;
use std::time::Duration;

use approval_logic::approval::{Millis, TicketKind, TicketRef};
use approval_logic::diff::{Entry, Said};
use approval_logic::policy::{Action, Rules};
use approval_logic::signature::hmac_sha256_hex;

use crate::config::{FirstRun, Settings};
use crate::deliver::{self, Courier, Delivered};
use crate::host::{Host, StoreError};
use crate::http::{Client, Counter, origin};
use crate::report::{OutboxReport, Report};
use crate::sdp::Session;
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::ledger::{Ledger, entry_key};
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::store::progress::{self, ModuleProgress, module_name};
use crate::together;
use module::{Module, Outcome};
use overlay::Known;
use tokio::sync::Semaphore;

/// Of the sweep's time, this much is kept for writing down what happened.
const CLOSING: Duration = Duration::from_secs(2);

/// Of what is left, so many tenths go to looking around. The rest is for telling people: a source that takes all the
/// time there is must not keep what it has already said from them.
const LOOKING_TENTHS: u32 = 7;

/// How many tickets are looked at side by side after the source's limit was met. Each takes several calls; begun all at
/// once they would spend the next minute's calls as well before any of them came to its end. The number doubles with each
/// sweep that meets no limit.
const NARROW: usize = 4;

/// What a sweep is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Everything that is due.
    All,
    /// One ticket.
    Ticket(TicketRef),
    /// Send what waits; look at nothing.
    Deliver,
}

/// Runs one sweep. The caller holds the lease, unless it is a dry run.
pub async fn run<H: Host>(
    store: &Store<H>,
    settings: &Settings,
    task: &Task,
    dry_run: bool,
) -> Result<Report, StoreError> {
    let host = store.host().clone();
    let (now, begun) = (host.now(), host.ticks());
    let budget = settings.sweep_budget.saturating_sub(CLOSING).max(settings.sweep_budget / 2);
    let telling = Client::new(host.clone(), settings.concurrency, budget);
    let looking = telling.until(budget / 10 * LOOKING_TENTHS);
    // The last tenth is for answers: a message whose answer is cut off has to be repeated.
    let handing = telling.until(budget / 10 * 9);
    let session = |client: &Client<H>| settings.sdp.clone().map(|sdp| Session::new(sdp, client.clone(), store.clone()));
    let (ledger, outbox, place, revisits) = futures::try_join!(
        Ledger::open(store.clone()),
        Outbox::open(store.clone()),
        progress::load(store),
        progress::revisits(store),
    )?;
    let mut outbox = outbox;
    let recovered = if dry_run { Vec::new() } else { outbox.recover().await? };
    let known = Known::new(ledger, outbox.unsaid());
    let said_already = known.said_already(outbox.waiting()).await?;

    keep_pause(&telling, settings, &place, now);
    let outcomes = match session(&looking) {
        Some(session) => look_around(&session, settings, &known, task, &place, &revisits, now).await,
        None => Vec::new(),
    };

    let mut report = Report { started_at: now, complete: true, dry_run, ..Report::default() };
    let mut entries: Sorted<Entry> = Sorted::default();
    let mut records = Vec::new();
    let mut next = place.clone();
    let mut seen = Vec::new();
    for (kind, outcome) in outcomes {
        report.complete &= outcome.complete;
        for (key, (plan, read_at)) in outcome.plans {
            if plan.action == Action::Announce {
                records.extend(announcement(&plan.entry, now, read_at));
            }
            entries.insert(key, plan.entry);
        }
        records.extend(outcome.closings.iter().filter_map(|(entry, read_at)| closing(entry, now, *read_at)));
        for (entry, number, read_at) in outcome.reminders {
            let entry = Entry { reminders: number, ..entry };
            records.extend(reminder(&entry, number, now, read_at));
            entries.insert(entry_key(&entry.approval.id), entry);
        }
        let failed = &outcome.progress.failed;
        if *task == Task::All {
            seen.extend(
                revisits.iter().filter(|ticket| ticket.kind == kind && !failed.contains(&ticket.ticket)).cloned(),
            );
            next.modules.insert(module_name(kind), outcome.progress);
        }
        report.sources.insert(module_name(kind), outcome.report);
    }

    let records = digests(records, settings.digest_above);
    if dry_run {
        report.outbox = OutboxReport {
            planned: count(records.len()),
            sent: 0,
            waiting: count(outbox.waiting().count()),
            dead: count(outbox.dead().len()),
        };
    } else {
        report.outbox.planned = outbox.plan(records).await?;
        let mut fates: Sorted<_> =
            said_already.into_iter().map(|record| (record.id.clone(), (Fate::Dropped, record))).collect();
        fates.extend(recovered.into_iter().map(|record| (record.id.clone(), (Fate::Sent, record))));
        if let Some(moveworks) = &settings.moveworks {
            let session = session(&handing);
            let session = session.as_ref();
            let courier =
                Courier { store, client: &telling, handing: &handing, session, settings, moveworks, begun: now };
            let Delivered { fates: told, problems, cut_short } = deliver::all(&courier, &mut outbox, &fates).await?;
            report.complete &= !cut_short;
            count_messages(&mut report, &told);
            if !problems.errors.is_empty() {
                report.complete = false;
                report.sources.insert("moveworks".to_owned(), problems);
            }
            fates.extend(told);
        }
        let was_sent = |record: &&Record| fates.get(&record.id).is_some_and(|(fate, _)| *fate == Fate::Sent);
        let unsaid = outbox.unsaid().filter(|record| record.content.announces() && !was_sent(record));
        let unsaid: BTreeSet<String> =
            unsaid.flat_map(|record| record.content.asked()).map(|entry| event_id(entry, "pending")).collect();
        // The ledger says "announced" once it was. What waits or was given up is known through the outbox: should another
        // sweep write over that, the approval is new again, and its card carries the same event id.
        entries.retain(|entry| entry.said != Said::Announced || !unsaid.contains(&event_id(entry, "pending")));
        entries.extend(known.settled(&fates, &entries, host.now()).await?);
        heed_limit(&mut next, &telling, settings, host.now());
        known.ledger().commit(entries.into_iter().map(|(_, entry)| entry).collect(), host.now()).await?;
        if next != place {
            progress::save(store, &next).await?;
        }
        progress::forget_revisits(store, &seen).await?;
        outbox.settle(fates).await?;
        report.outbox.waiting = count(outbox.waiting().count());
        report.outbox.dead = count(outbox.dead().len());
    }
    for source in report.sources.values_mut() {
        source.cut_errors();
    }
    report.duration_ms = host.ticks().saturating_sub(begun);
    Ok(report)
}

/// Takes up the pause that the source asked for in an earlier sweep.
fn keep_pause<H: Host>(client: &Client<H>, settings: &Settings, place: &progress::Progress, now: Millis) {
    let left = u64::try_from(place.paused_until.saturating_sub(now)).unwrap_or(0);
    if let Some(sdp) = settings.sdp.as_ref().filter(|_| left > 0) {
        client.pause(&origin(&sdp.base_url), Duration::from_millis(left));
    }
}

/// Notes until when the source asked to be left alone, and how gently the next sweep goes on.
fn heed_limit<H: Host>(next: &mut progress::Progress, client: &Client<H>, settings: &Settings, now: Millis) {
    let Some(sdp) = &settings.sdp else { return };
    let origin = origin(&sdp.base_url);
    let left = client.pause_left(&origin);
    next.paused_until = if left.is_zero() { 0 } else { now.saturating_add(millis(Some(left))) };
    next.width = if client.was_limited(&origin) {
        Some(NARROW.min(settings.concurrency))
    } else {
        next.width.map(|width| width * 2).filter(|width| *width < settings.concurrency)
    };
}

async fn look_around<H: Host>(
    session: &Session<H>,
    settings: &Settings,
    known: &Known<H>,
    task: &Task,
    place: &progress::Progress,
    revisits: &[TicketRef],
    now: Millis,
) -> Vec<(TicketKind, Outcome)> {
    let kinds = session.settings().modules.iter().copied().filter(|kind| match task {
        Task::All => true,
        Task::Ticket(ticket) => ticket.kind == *kind,
        Task::Deliver => false,
    });
    let side_by_side = Semaphore::new(place.width.unwrap_or(settings.concurrency).max(1));
    let side_by_side = &side_by_side;
    let sweeps = kinds.map(|kind| async move {
        let progress: ModuleProgress = place.modules.get(&module_name(kind)).cloned().unwrap_or_default();
        let rules = Rules {
            baseline: settings.first_run == FirstRun::Baseline && !progress.walked_once,
            max_age: millis(settings.max_age),
            silent: settings.silent.clone(),
            remind_after: millis(settings.remind_after),
            max_reminders: settings.max_reminders,
            closings: settings.closings,
        };
        let module = Module {
            kind,
            session,
            known,
            rules: &rules,
            counter: Counter::default(),
            now,
            reconcile: settings.reconcile,
            ahead: settings.concurrency * 2,
            side_by_side,
        };
        let outcome = match task {
            Task::Ticket(ticket) => module.hint(&ticket.ticket).await,
            _ => {
                let again = revisits.iter().filter(|ticket| ticket.kind == kind).map(|ticket| ticket.ticket.clone());
                module.sweep(progress, again.collect()).await
            }
        };
        (kind, outcome)
    });
    together::all(sweeps).await
}

/// The id of a message: stable over repeats, another one for each round.
fn event_id(entry: &Entry, what: &str) -> String {
    format!("{}:{}:{what}", entry.approval.id, entry.round)
}

fn announcement(entry: &Entry, now: Millis, read_at: Millis) -> Option<Record> {
    record(entry, event_id(entry, "pending"), Content::Pending(vec![entry.clone()]), now, read_at)
}

fn reminder(entry: &Entry, number: u32, now: Millis, read_at: Millis) -> Option<Record> {
    let content = Content::Reminder(Box::new(entry.clone()), number);
    record(entry, event_id(entry, &format!("reminder-{number}")), content, now, read_at)
}

/// Nothing is left to do for the approver of an entry.
fn closing(entry: &Entry, now: Millis, read_at: Millis) -> Option<Record> {
    record(entry, event_id(entry, "closed"), Content::Closed(Box::new(entry.clone())), now, read_at)
}

/// Makes one message of the cards for one person where they are more than `above`.
fn digests(records: Vec<Record>, above: Option<usize>) -> Vec<Record> {
    let Some(above) = above else { return records };
    let (cards, mut kept): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.content.announces());
    let mut by_recipient: Sorted<Vec<Record>> = Sorted::default();
    for card in cards {
        if let Some(own) = by_recipient.or_default(&card.recipient.clone()) {
            own.push(card);
        }
    }
    for (recipient, own) in by_recipient {
        if own.len() <= above {
            kept.extend(own);
            continue;
        }
        // Named by what it holds, so that it has the same name when a crash makes it planned again.
        let ids: Vec<&str> = own.iter().map(|card| card.id.as_str()).collect();
        let name = hmac_sha256_hex(recipient.as_bytes(), ids.join(" ").as_bytes());
        let entries = own.iter().flat_map(|card| card.content.asked()).cloned().collect();
        kept.push(Record {
            id: format!("digest:{}", name.get(..32).unwrap_or_default()),
            content: Content::Pending(entries),
            recipient,
            planned_at: own.iter().map(|card| card.planned_at).max().unwrap_or_default(),
            read_at: own.iter().map(|card| card.read_at).min().unwrap_or_default(),
            attempts: 0,
            not_before: 0,
            last_error: None,
        });
    }
    kept
}

fn record(entry: &Entry, id: String, content: Content, now: Millis, read_at: Millis) -> Option<Record> {
    let recipient = entry.approval.approver.as_ref()?.address()?;
    let (attempts, not_before, last_error) = (0, 0, None);
    Some(Record { id, content, recipient, planned_at: now, read_at, attempts, not_before, last_error })
}

fn count_messages(report: &mut Report, fates: &Sorted<(Fate, Record)>) {
    for (_, record) in fates.values().filter(|(fate, _)| *fate == Fate::Sent) {
        report.outbox.sent += 1;
        for entry in record.content.asked() {
            let Some(source) = report.sources.or_default(&module_name(entry.approval.id.kind)) else { continue };
            match record.content {
                Content::Reminder(..) => source.reminded += 1,
                _ => source.notified += 1,
            }
        }
    }
}

fn millis(duration: Option<Duration>) -> Millis {
    duration.map_or(0, |duration| Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
