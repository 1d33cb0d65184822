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
            // Whoever answers what a group is asked names the group; the answer names their own part.
            approval: Some(approval.map_or(&order.id, |approval| &approval.id).to_string()),
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
            tally.observe(DECIDE, [waited]);
        }
        audit::note(store, settings.audit_keep, &[event], &tally).await
    }
}

/// Who decides what, with which words, and by which way.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The answer.
    pub verdict: Verdict,
    /// Who gives it.
    pub approver: String,
    /// Their words.
    pub comment: Option<String>,
    /// The way it came in.
    pub door: Door,
}

/// Refuses an attempt about an approval that nobody knows, and writes that down. `approval`: what was asked for, where it
/// could be an id.
pub async fn refuse<H: Host>(
    store: &Store<H>,
    keep: Option<Duration>,
    approval: Option<String>,
    wish: &Wish,
) -> Answer {
    let answer = Answer::new(Outcome::Unknown, "there is no such approval");
    let noted = heard(store, keep, approval, wish, &answer).await;
    Answer { noted, ..answer }
}

/// Writes down an attempt that took another way than [`super::decide`].
pub async fn heard<H: Host>(
    store: &Store<H>,
    keep: Option<Duration>,
    approval: Option<String>,
    wish: &Wish,
    answer: &Answer,
) -> Noted {
    let outcome = answer.outcome.name();
    let event = Event::Decision {
        approval,
        approver: normal_address(&wish.approver),
        verdict: wish.verdict,
        outcome,
        status: answer.approval.as_ref().map(|approval| approval.status.name().to_owned()),
        word: answer.word.clone(),
        comment_length: length(wish.comment.as_deref()),
        door: wish.door,
    };
    let mut tally = Tally::default();
    tally.add(DECISIONS, &[outcome, wish.door.name()], 1);
    audit::note(store, keep, &[event], &tally).await
}

fn length(comment: Option<&str>) -> usize {
    comment.map_or(0, |comment| comment.trim().chars().count())
}
