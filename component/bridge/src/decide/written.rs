//! Attempts to decide, as the audit trail has them.

use std::time::Duration;

use approval_logic::approval::{Millis, Verdict, normal_address};
use approval_logic::audit::{Door, Event};
use approval_logic::metrics::{DECIDE, DECISIONS};

use super::{Answer, Order, Outcome};
use crate::config::Settings;
use crate::host::Host;
use crate::http::Calls;
use crate::store::Store;
use crate::store::audit::{self, Noted};
use crate::tally::Tally;

/// What an attempt led to, as far as it got.
#[derive(Default)]
pub(super) struct Course {
    /// What the source says, even if writing it down failed after that.
    pub(super) answer: Option<Answer>,
    /// How long the approval had waited, in milliseconds, where this attempt ended the wait in the ledger.
    pub(super) waited: Option<Millis>,
}

impl Course {
    /// Writes the attempt down. `answer`: what the caller hears; none where the bridge could not go on.
    pub(super) async fn write_down<H: Host>(
        &self,
        store: &Store<H>,
        settings: &Settings,
        order: &Order,
        calls: &Calls,
        answer: Option<&Answer>,
    ) -> Noted {
        let answer = answer.or(self.answer.as_ref());
        let outcome = answer.map_or("failed", |answer| answer.outcome.name());
        let approval = answer.and_then(|answer| answer.approval.as_ref());
        let event = Event::Decision {
            approval: Some(order.id.to_string()),
            approver: normal_address(&order.approver),
            verdict: order.verdict,
            outcome,
            status: approval.map(|approval| approval.status.name().to_owned()),
            word: answer.and_then(|answer| answer.word.clone()),
            comment_length: length(order.comment.as_deref()),
            door: order.door,
        };
        let mut tally = Tally::default();
        tally.add(DECISIONS, &[outcome, order.door.name()], 1);
        tally.calls(settings, calls);
        if let Some(waited) = self.waited {
            tally.observe(DECIDE, waited);
        }
        audit::note(store, settings.audit_keep, &[event], &tally).await
    }
}

/// Refuses an attempt about an approval that nobody knows, and writes that down. `approval`: what was asked for, where it
/// could be an id.
pub async fn refuse<H: Host>(
    store: &Store<H>,
    keep: Option<Duration>,
    approval: Option<String>,
    (verdict, approver, comment): (Verdict, &str, Option<&str>),
    door: Door,
) -> Answer {
    let answer = Answer::new(Outcome::Unknown, "there is no such approval");
    let event = Event::Decision {
        approval,
        approver: normal_address(approver),
        verdict,
        outcome: answer.outcome.name(),
        status: None,
        word: None,
        comment_length: length(comment),
        door,
    };
    let mut tally = Tally::default();
    tally.add(DECISIONS, &[answer.outcome.name(), door.name()], 1);
    let noted = audit::note(store, keep, &[event], &tally).await;
    Answer { noted, ..answer }
}

fn length(comment: Option<&str>) -> usize {
    comment.map_or(0, |comment| comment.trim().chars().count())
}
