//! One sweep, as data flows: sources → changes → plans → outbox → sends → marks → ledger → place. The order is the
//! guarantee: at whatever call the process ends, nothing is lost and at most what was under way is said twice.

mod account;
mod found;
mod limits;
mod managed;
mod messages;
pub mod overlay;
mod sdp;
mod trip;
mod zendesk;

use std::collections::BTreeSet;
use std::time::Duration;

use approval_logic::approval::{Millis, Source, TicketRef};
use approval_logic::diff::{Entry, Said};
use approval_logic::policy::{Action, Closings, Rules};

use crate::config::{FirstRun, Settings};
use crate::deliver::{self, Courier, Delivered};
use crate::host::{Host, StoreError};
use crate::http::Counter;
use crate::report::{OutboxReport, Report, SLOTS};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::ledger::Ledger;
use crate::store::outbox::{Content, Fate, Outbox, Record};
use crate::store::progress::{self, Progress};
use crate::store::requests::{Requests, reference};
use crate::store::sweeps;
use crate::together;
use account::Swept;
use found::{Outcome, Place};
use managed::Managed;
use messages::{announcement, closing, digests, event_id, reminder};
use overlay::Known;
use sdp::Module;
use trip::Trip;
use zendesk::Account;

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

/// Runs one sweep over what lies in these stores: the whole one, or the slots of one sweeper. The caller holds their leases,
/// unless it is a dry run.
pub async fn run<H: Host>(
    stores: &[Store<H>],
    settings: &Settings,
    task: &Task,
    dry_run: bool,
) -> Result<Report, StoreError> {
    let Some(first) = stores.first() else { return Ok(Report::default()) };
    let shared = first.shared();
    let touched = Requests::new(&shared).touched().await?;
    let trip = Trip::begin(stores, &shared, settings, touched, dry_run);
    let mut report = Report { started_at: trip.now, complete: true, dry_run, ..Report::default() };
    for part in together::all_or_error(stores.iter().map(|store| sweep(&trip, store, task))).await? {
        report.add(part);
    }
    if *task == Task::All {
        left_to_others(stores, settings, &mut report);
    }
    if let Some(session) = trip.sources.zendesk().filter(|_| !dry_run) {
        session.keep_people().await?;
    }
    report.duration_ms = shared.host().ticks().saturating_sub(trip.begun);
    if *task == Task::All && !dry_run {
        // All that the sweep has to keep is kept by now: that nobody can look at it later does not undo it.
        let _ = sweeps::remember(first, &report).await;
    }
    for source in report.sources.values_mut() {
        source.cut_errors();
    }
    Ok(report)
}

/// Notes how many of this sweeper's slots somebody else had, which is so while the number of sweepers changes.
fn left_to_others<H: Host>(stores: &[Store<H>], settings: &Settings, report: &mut Report) {
    let Some(shard) = settings.shard.filter(|_| stores.iter().any(Store::is_slot)) else { return };
    let own = shard.slots().count();
    let busy = own.saturating_sub(stores.len());
    if busy > 0
        && let Some(slots) = report.sources.or_default(SLOTS)
    {
        report.complete = false;
        let message = format!("{busy} of {own} slots are swept by somebody else; the next sweep looks at them");
        slots.problem(None, "BUSY", message);
    }
}

/// Sweeps one store.
async fn sweep<H: Host>(trip: &Trip<'_, H>, store: &Store<H>, task: &Task) -> Result<Report, StoreError> {
    let host = store.host().clone();
    let Trip { settings, now, dry_run, telling, handing, .. } = trip;
    let (settings, now, dry_run) = (*settings, *now, *dry_run);
    let requests = trip.sources.requests();
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

    trip.keep_limits(&place, &outbox).await;
    let round = Round { trip, known: &known, task, place: &place, revisits: &revisits };
    let outcomes = round.look_around().await;

    let mut report = Report { started_at: now, complete: true, dry_run, ..Report::default() };
    let mut entries: Sorted<Entry> = Sorted::default();
    let mut records = Vec::new();
    let mut next = place.clone();
    let (mut seen, mut done_with) = (Vec::new(), Vec::new());
    for Outcome { module, place, found, left, complete } in outcomes {
        report.complete &= complete;
        for (key, (plan, read_at)) in found.plans {
            if plan.action == Action::Announce {
                records.extend(announcement(&plan.entry, now, read_at));
            }
            entries.insert(key, plan.entry);
        }
        records.extend(found.closings.values().filter_map(|(entry, read_at)| closing(entry, now, *read_at)));
        for (key, (entry, number, read_at)) in found.reminders {
            let entry = Entry { reminders: number, ..entry };
            records.extend(reminder(&entry, number, now, read_at));
            entries.insert(key, entry);
        }
        if *task == Task::All {
            let done = revisits.iter().filter(|ticket| ticket.module() == module && !left.contains(&ticket.ticket));
            seen.extend(done.cloned());
        }
        match place {
            Place::Module(progress) if *task == Task::All => next.modules.insert(module.clone(), progress),
            Place::Zendesk(progress) if *task == Task::All => next.zendesk = progress,
            Place::Managed { walk, done } => {
                next.managed = walk.unwrap_or(next.managed);
                done_with.extend(done);
            }
            Place::Module(_) | Place::Zendesk(_) | Place::Same => {}
        }
        report.sources.insert(module, found.report);
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
            let pace = &trip.pace;
            let courier =
                Courier { store, client: telling, handing, sources: &trip.live, settings, moveworks, pace, begun: now };
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
        let is_said = |entry: &Entry| unsaid.is_empty() || !unsaid.contains(&event_id(entry, "pending"));
        entries.retain(|entry| entry.said != Said::Announced || is_said(entry));
        entries.extend(known.settled(&fates, &entries, host.now()).await?);
        entries.extend(known.held_back(outbox.waiting(), &fates, &entries).await?);
        limits::heed(&mut next, telling, settings, host.now());
        let waited = account::waited(&entries, now);
        known.ledger().commit(entries.into_iter().map(|(_, entry)| entry).collect(), host.now()).await?;
        let trail = trip.trail.lock().await;
        account::write_down(store, settings, &fates, &mut report).await;
        drop(trail);
        Swept {
            task,
            settings,
            calls: telling.calls(),
            waited: &waited,
            fates: &fates,
            report: &report,
            now: host.now(),
            took: host.ticks().saturating_sub(trip.begun),
        }
        .count(&mut next.tally);
        progress::save(store, &next).await?;
        progress::forget_revisits(store, &seen).await?;
        requests.forget(&done_with).await?;
        outbox.settle(fates).await?;
        report.outbox.waiting = count(outbox.waiting().count());
        report.outbox.dead = count(outbox.dead().len());
    }
    Ok(report)
}

/// What the parts of one sweep share.
struct Round<'a, H> {
    trip: &'a Trip<'a, H>,
    known: &'a Known<H>,
    task: &'a Task,
    place: &'a Progress,
    revisits: &'a [TicketRef],
}

impl<H: Host> Round<'_, H> {
    /// Looks at every part of every source that the task is about, side by side.
    async fn look_around(&self) -> Vec<Outcome> {
        let (mut outcomes, zendesk, managed) =
            futures::join!(self.look_at_sdp(), self.look_at_zendesk(), self.look_at_managed());
        outcomes.extend(zendesk);
        outcomes.extend(managed);
        outcomes
    }

    /// None: there is nothing to tell about requests that the bridge keeps.
    async fn look_at_managed(&self) -> Option<Outcome> {
        let mut touched = self.trip.touched.clone()?;
        touched.retain(|touched| self.known.holds(&reference(&touched.id)));
        // They begin here, so there is no backlog; and whoever was asked hears of the end, unless nobody is to.
        let rules = self.rules(true);
        let closings = if rules.closings == Closings::None { Closings::None } else { Closings::All };
        let managed = Managed {
            requests: self.trip.sources.requests(),
            atera: self.trip.sources.atera(),
            known: self.known,
            rules: Rules { closings, ..rules },
            counter: Counter::default(),
            now: self.trip.now,
            reconcile: millis(Some(self.trip.settings.reconcile)),
            dry_run: self.trip.dry_run,
        };
        match self.task {
            Task::All => Some(managed.sweep(touched, &self.place.managed).await),
            Task::Ticket(ticket) if ticket.source == Source::Managed => {
                Some(managed.look_at(managed::meant(touched, &ticket.ticket)).await)
            }
            Task::Ticket(_) | Task::Deliver => None,
        }
    }

    /// A hint about Zendesk may name a ticket or a request: the list is short, and tells all of them.
    async fn look_at_zendesk(&self) -> Option<Outcome> {
        let session = self.trip.sources.zendesk()?;
        let hint = match self.task {
            Task::All => None,
            Task::Ticket(ticket) if ticket.source == Source::Zendesk => Some(ticket.ticket.clone()),
            Task::Ticket(_) | Task::Deliver => return None,
        };
        let progress = &self.place.zendesk;
        let account = Account {
            session,
            known: self.known,
            rules: &self.rules(progress.walked_once),
            counter: Counter::default(),
            now: self.trip.now,
            reconcile: self.trip.settings.reconcile,
            ahead: self.trip.settings.concurrency,
            waiting_max: self.trip.waiting_max(),
            side_by_side: &self.trip.side_by_side(Source::Zendesk, self.place),
        };
        Some(match hint {
            Some(hint) => account.hint(progress, hint).await,
            None => account.sweep(progress, self.again(zendesk::MODULE)).await,
        })
    }

    async fn look_at_sdp(&self) -> Vec<Outcome> {
        let Some(session) = self.trip.sources.sdp() else { return Vec::new() };
        let kinds = session.settings().modules.iter().copied().filter(|kind| match self.task {
            Task::All => true,
            Task::Ticket(ticket) => (ticket.source, ticket.kind) == (Source::Sdp, *kind),
            Task::Deliver => false,
        });
        let side_by_side = self.trip.side_by_side(Source::Sdp, self.place);
        let side_by_side = &side_by_side;
        let sweeps = kinds.map(|kind| async move {
            let name = TicketRef { source: Source::Sdp, kind, ticket: String::new() }.module();
            let progress = self.place.modules.get(&name).cloned().unwrap_or_default();
            let rules = self.rules(progress.walked_once);
            let module = Module {
                kind,
                session,
                known: self.known,
                rules: &rules,
                counter: Counter::default(),
                now: self.trip.now,
                reconcile: self.trip.settings.reconcile,
                ahead: self.trip.settings.concurrency * 2,
                waiting_max: self.trip.waiting_max(),
                side_by_side,
            };
            match self.task {
                Task::Ticket(ticket) => module.hint(&ticket.ticket).await,
                _ => module.sweep(progress, self.again(&name)).await,
            }
        });
        together::all(sweeps).await
    }

    /// How to treat changes in a part of a source, given whether all of it has been looked at once.
    fn rules(&self, walked_once: bool) -> Rules {
        let settings = self.trip.settings;
        Rules {
            baseline: settings.first_run == FirstRun::Baseline && !walked_once,
            max_age: millis(settings.max_age),
            silent: settings.silent.clone(),
            remind_after: millis(settings.remind_after),
            max_reminders: settings.max_reminders,
            closings: settings.closings,
        }
    }

    /// What was asked to be looked at again in a part of a source.
    fn again(&self, module: &str) -> Vec<String> {
        let own = self.revisits.iter().filter(|ticket| ticket.module() == module);
        own.map(|ticket| ticket.ticket.clone()).collect()
    }
}

fn count_messages(report: &mut Report, fates: &Sorted<(Fate, Record)>) {
    for (_, record) in fates.values().filter(|(fate, _)| *fate == Fate::Sent) {
        report.outbox.sent += 1;
        for entry in record.content.asked() {
            let Some(source) = report.sources.or_default(&entry.approval.id.ticket_ref().module()) else { continue };
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
