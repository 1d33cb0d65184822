//! What goes wrong on a day: the process ends, the store fails, vendors falter, the clock is set back.

use std::time::Duration;

use super::plug::Moment;
use super::stage::Stage;
use crate::stubs::{Dice, Fault};

/// How many things go wrong on a day, at least and at most one less than their sum.
const A_DAY: (u64, u64) = (6, 14);

/// Where a vendor falters: parts of the paths of calls.
const PLACES: [&str; 13] = [
    "",
    "/requests",
    "/changes",
    "/approval_levels",
    "/approvals",
    "/_approve",
    "/listeners/",
    "/oauth/",
    "/approval_requests",
    "/decision",
    "/memberships",
    "/tickets",
    "/comments",
];

/// What went wrong, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Went {
    /// The process ended, at a call or while none was under way.
    pub ended: u64,
    /// The store or a vendor call failed at the machine's end.
    pub failed: u64,
    /// A vendor faltered.
    pub faults: u64,
    /// The clock was set back, or put right again.
    pub clock: u64,
}

/// Bad luck.
pub(super) struct Trouble {
    dice: Dice,
    pub(super) went: Went,
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), went: Went::default() }
    }

    /// When things go wrong between two times, in order.
    pub(super) fn plan(&mut self, from: i64, to: i64) -> Vec<i64> {
        let span = u64::try_from(to - from).unwrap_or(1);
        let times = A_DAY.0 + self.dice.below(A_DAY.1);
        let mut plan: Vec<i64> = (0..times).map(|_| from + i64::try_from(self.dice.below(span)).unwrap_or(0)).collect();
        plan.sort_unstable();
        plan
    }

    /// Lets all of it happen, each at its time.
    pub(super) async fn strike(&mut self, stage: &Stage, plan: Vec<i64>) {
        for at in plan {
            stage.until(at).await;
            self.one(stage);
        }
    }

    fn one(&mut self, stage: &Stage) {
        let what = match self.dice.below(10) {
            0..=2 => self.end(stage),
            3 | 4 => self.fail(stage),
            5 => self.clock(stage),
            6 => {
                stage.stubs.with(|world| world.clear_faults());
                "the vendors are well again".to_owned()
            }
            _ => self.falter(stage),
        };
        stage.journal.note(&what);
    }

    fn end(&mut self, stage: &Stage) -> String {
        let calls = self.dice.below(120);
        let moment = if self.dice.below(2) == 0 { Moment::Before } else { Moment::After };
        stage.plug.strike(calls, moment);
        self.went.ended += 1;
        format!("the process will end in {calls} calls")
    }

    /// One failure or several in a row, as when a disk is full for a moment.
    fn fail(&mut self, stage: &Stage) -> String {
        let (calls, row) = (self.dice.below(120), 1 + self.dice.below(4));
        for call in calls..calls + row {
            let moment = if self.dice.below(2) == 0 { Moment::Fails } else { Moment::FailsAfter };
            stage.plug.strike(call, moment);
        }
        self.went.failed += row;
        format!("in {calls} calls {row} will fail")
    }

    fn clock(&mut self, stage: &Stage) -> String {
        self.went.clock += 1;
        if self.dice.below(3) == 0 {
            stage.wall.put_right();
            return "the clock is put right".to_owned();
        }
        let most = match self.dice.below(3) {
            0 => 60,
            1 => 3600,
            // As after a start with a clock that ran ahead.
            _ => 3 * 24 * 3600,
        };
        let back = Duration::from_secs(1 + self.dice.below(most));
        stage.wall.set_back(back);
        format!("the clock is set back by {} s", back.as_secs())
    }

    fn falter(&mut self, stage: &Stage) -> String {
        let place = self.dice.pick(&PLACES);
        let seconds = Duration::from_secs(1 + self.dice.below(60));
        let fault = Fault::on("*", place).after(u32::try_from(self.dice.below(8)).unwrap_or(0));
        let (name, fault) = match self.dice.below(12) {
            0 => ("does not take calls for a while", fault.delays(seconds)),
            1 => ("answers late", fault.delays_reply(seconds)),
            2 => ("drops calls", fault.drops()),
            3 => ("drops answers", fault.drops_after_effect()),
            4 => ("asks for a pause", fault.too_many(Some(&seconds.as_secs().to_string()))),
            5 => ("asks for a pause without an end", fault.too_many(None)),
            6 => ("answers 500", fault.replies(500, "")),
            7 => ("answers 503 after the deed", fault.replies(503, "try later").in_effect()),
            8 => ("is hidden by a log-in page", fault.html()),
            9 => ("sends half of its answers", fault.truncates()),
            10 => ("sends pages that never end", fault.claims_more()),
            _ => ("refuses", fault.replies(400, r#"{"error":{"code":"ODD","message":"no reason given"}}"#)),
        };
        let times = 1 + self.dice.below(12);
        stage.stubs.with(|world| world.fault(fault.times(u32::try_from(times).unwrap_or(1))));
        self.went.faults += 1;
        format!("a vendor {name} at \"{place}\", {times} times")
    }
}
