//! One simulation: day after day, each with a calm evening in which everything is checked, and a rest at the end.

use std::time::{Duration, Instant};

use super::inspect::Rest;
use super::people::{Done, People, retry_dead};
use super::promise::{Breach, Promise};
use super::stage::{BEGIN, Stage};
use super::trouble::{Trouble, Went};
use super::witness::Said;
use super::{Options, SimulateError};
use crate::clock::Clock;
use crate::stubs::Dice;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// People act from seven to seven.
const MORNING: i64 = 7 * HOUR;
const EVENING: i64 = 19 * HOUR;

/// Until then things may go wrong. What is left of the day is calm: longer than the bridge needs to look at everything
/// once, so that at midnight it has no excuse.
const CALM: i64 = 20 * HOUR + HOUR / 2;

/// After the last day messages get so long to be delivered: the whole schedule of attempts.
const LAST_ATTEMPTS: i64 = 4 * DAY;

/// What came of a simulation.
#[derive(Debug)]
pub struct Outcome {
    /// The command that does the same again.
    pub command: String,
    /// How many days it was about.
    pub days: u64,
    /// How long it took.
    pub took: Duration,
    /// Sweeps that ran, whole or not.
    pub sweeps: u64,
    /// Of these, without a report.
    pub failed_sweeps: u64,
    /// Calls of the component to its host.
    pub calls: u64,
    /// What people did.
    pub done: Done,
    /// What went wrong.
    pub went: Went,
    /// Processes that ended before their time.
    pub restarts: u64,
    /// What was said.
    pub said: Said,
    /// Messages that were given up and taken up again.
    pub retried: u64,
    /// How often everything was checked.
    pub checks: u64,
    /// Lines of the journal.
    pub lines: u64,
    /// SHA-256 over the journal.
    pub hash: String,
    /// Promises that were broken.
    pub breaches: Vec<Breach>,
}

/// Runs a simulation to its end, or to the first day on which a promise was broken.
///
/// # Errors
/// If the component cannot be loaded, or the journal cannot be written.
pub async fn run(options: Options) -> Result<Outcome, SimulateError> {
    let begun = Instant::now();
    let (command, days, tickets, poll) = (options.command(), options.days, options.tickets, options.poll);
    let sweepers = options.sweepers;
    let mut dice = Dice::new(options.seed);
    let stage = Stage::set(options, &mut dice)?;
    let mut life = Life {
        people: People::new(dice.roll()),
        trouble: Trouble::new(dice.roll()),
        luck: Dice::new(dice.roll()),
        poll: i64::try_from(poll.as_millis()).unwrap_or(HOUR).max(1000),
        most_sweepers: u64::try_from(sweepers).unwrap_or(1),
        sweepers: None,
        stage: &stage,
        sweeps: 0,
        failed_sweeps: 0,
        restarts: 0,
        retried: 0,
        checks: 0,
    };
    stage.start()?;
    for day in 0..days {
        let share = |day: u64| tickets * day / days;
        life.day(BEGIN + i64::try_from(day).unwrap_or(0) * DAY, share(day + 1) - share(day)).await?;
        if !stage.witness.breaches().is_empty() {
            break;
        }
    }
    if stage.witness.breaches().is_empty() {
        life.rest().await?;
    }
    stage.journal.finish().map_err(|error| SimulateError(format!("the journal cannot be written: {error}")))?;
    Ok(Outcome {
        command,
        days,
        took: begun.elapsed(),
        sweeps: life.sweeps,
        failed_sweeps: life.failed_sweeps,
        calls: stage.plug.calls(),
        done: life.people.done,
        went: life.trouble.went,
        restarts: life.restarts,
        said: stage.witness.said(),
        retried: life.retried,
        checks: life.checks,
        lines: stage.journal.lines(),
        hash: stage.journal.hash(),
        breaches: stage.witness.breaches(),
    })
}

/// A life of the bridge on its stage.
struct Life<'a> {
    stage: &'a Stage,
    people: People,
    trouble: Trouble,
    luck: Dice,
    poll: i64,
    most_sweepers: u64,
    /// None: there has only ever been one, who knows of no share.
    sweepers: Option<usize>,
    sweeps: u64,
    failed_sweeps: u64,
    restarts: u64,
    retried: u64,
    checks: u64,
}

impl Life<'_> {
    /// One day from midnight to midnight.
    async fn day(&mut self, midnight: i64, tickets: u64) -> Result<(), SimulateError> {
        let stage = self.stage;
        let deeds = self.people.plan(midnight + MORNING, midnight + EVENING, tickets);
        // The first day is one sweeper's; the store is cut on the second, with all that is known.
        if self.most_sweepers > 1 && midnight > BEGIN {
            self.sweepers = usize::try_from(1 + self.luck.below(self.most_sweepers)).ok();
        }
        let troubles = if stage.faults { self.trouble.plan(midnight, midnight + CALM) } else { Vec::new() };
        let mut shift = Shift::of(self);
        let working = shift.work(midnight + CALM);
        let living = self.people.live(stage, deeds);
        let striking = self.trouble.strike(stage, troubles);
        let (worked, (), ()) = stage.time.drive(Box::pin(async { futures::join!(working, living, striking) })).await;
        worked?;
        shift.report(self);
        self.calm(midnight + DAY, Rest::Looked).await
    }

    /// Nothing goes wrong any more until then; afterwards everything is checked.
    async fn calm(&mut self, until: i64, rest: Rest) -> Result<(), SimulateError> {
        let stage = self.stage;
        stage.plug.spare();
        stage.stubs.with(|world| world.clear_faults());
        let mut shift = Shift::of(self);
        stage.time.drive(Box::pin(shift.work(until))).await?;
        shift.report(self);
        stage.time.drive(Box::pin(stage.inspect(rest))).await;
        stage.stubs.with(crate::stubs::World::clear_messages);
        stage.journal.note("checked");
        self.checks += 1;
        Ok(())
    }

    /// The last messages get the time they need; then there is nothing left that excuses anything.
    async fn rest(&mut self) -> Result<(), SimulateError> {
        let stage = self.stage;
        self.retried = stage.time.drive(Box::pin(retry_dead(stage))).await;
        let now = stage.time.now_ms();
        // Attempts are hours apart by then, so sweeps may be as well.
        self.poll = self.poll.max(HOUR);
        self.calm(now + LAST_ATTEMPTS, Rest::Done).await
    }
}

/// The bridge at work for a while: sweep after sweep, process after process.
struct Shift<'a> {
    stage: &'a Stage,
    luck: Dice,
    poll: i64,
    sweepers: Option<usize>,
    sweeps: u64,
    failed_sweeps: u64,
    restarts: u64,
}

impl<'a> Shift<'a> {
    fn of(life: &mut Life<'a>) -> Self {
        let luck = Dice::new(life.luck.roll());
        let sweepers = life.sweepers;
        Self { stage: life.stage, luck, poll: life.poll, sweepers, sweeps: 0, failed_sweeps: 0, restarts: 0 }
    }

    fn report(self, life: &mut Life<'_>) {
        life.sweeps += self.sweeps;
        life.failed_sweeps += self.failed_sweeps;
        life.restarts += self.restarts;
    }

    async fn work(&mut self, until: i64) -> Result<(), SimulateError> {
        loop {
            let stage = self.stage;
            let ended = tokio::select! {
                biased;
                () = stage.plug.pulled() => true,
                swept = self.sweep_on(until) => {
                    swept?;
                    false
                }
            };
            if !ended {
                return Ok(());
            }
            stage.stop();
            stage.journal.note("the process is gone");
            let most = if self.luck.below(4) == 0 { 1200 } else { 20 };
            let down = 1 + self.luck.below(most);
            stage.time.sleep(Duration::from_secs(down)).await;
            stage.journal.note("another process begins");
            stage.start()?;
            self.restarts += 1;
        }
    }

    async fn sweep_on(&mut self, until: i64) -> Result<(), SimulateError> {
        let stage = self.stage;
        loop {
            let due = stage.time.now_ms();
            if let Some(wanted) = self.sweepers {
                stage.step_towards(wanted)?;
            }
            for outcome in stage.sweep().await.into_iter().flatten() {
                self.sweeps += 1;
                if let Err(error) = outcome {
                    self.failed_sweeps += 1;
                    stage.journal.note(&format!("the sweep failed: {error}"));
                    if !stage.faults {
                        stage.witness.breach(Promise::NothingMissed, format!("a sweep failed: {error}"));
                    }
                }
            }
            let next = BEGIN + ((due - BEGIN) / self.poll + 1) * self.poll;
            if next >= until {
                stage.until(until).await;
                return Ok(());
            }
            stage.until(next.max(stage.time.now_ms())).await;
        }
    }
}
