//! An approver's answer, taken to the source and read back. What the caller hears is what the source says.

mod answer;
pub(crate) mod managed;
mod written;

use std::sync::Arc;

use approval_logic::approval::{Approval, ApprovalId, Millis, Person, Source, Status, Ticket, Verdict, normal_address};
use approval_logic::audit::Door;
use approval_logic::diff::{Decision, Entry, Said};
use approval_logic::http::CallError;
use approval_logic::signature::{TokenError, verify_action};

use crate::config::Settings;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::sources::{self as source, Sources, bare_ticket, is_absent, names_in_comment, unwatched, wants_reason};
use crate::store::Store;
use crate::store::lease::Lease;
use crate::store::ledger::Ledger;
use crate::store::progress;
use crate::sweep::overlay::Known;

pub use answer::{Answer, Outcome};
use written::Course;
pub use written::{Wish, heard, refuse};

/// How long one decision may take. A chat waits about half a minute for an answer.
const BUDGET: std::time::Duration = std::time::Duration::from_secs(25);

/// How long a decision waits for a sweep to end before it leaves writing it down to the sweep.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(300);

/// Calls of one decision that may be under way at once.
const WIDTH: usize = 4;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The approval.
    pub id: ApprovalId,
    /// The answer.
    pub verdict: Verdict,
    /// Who gives it.
    pub approver: String,
    /// Their words.
    pub comment: Option<String>,
    /// The signed action token of the card.
    pub token: Option<String>,
    /// The way it came in.
    pub door: Door,
}

/// Decides. Repeating it is harmless: the source is read first, and what was decided by the same person counts as done.
/// However it ends, it is written down in the audit trail.
pub async fn decide<H: Host>(store: &Store<H>, settings: &Settings, order: &Order) -> Result<Answer, StoreError> {
    let client = Client::new(store.host().clone(), WIDTH, BUDGET);
    let mut course = Course::default();
    let result = attempt(store, settings, order, &client, &mut course).await;
    let noted = course.write_down(store, settings, order, client.calls(), result.as_ref().ok()).await;
    result.map(|answer| Answer { noted, ..answer })
}

async fn attempt<H: Host>(
    store: &Store<H>,
    settings: &Settings,
    order: &Order,
    client: &Client<H>,
    course: &mut Course,
) -> Result<Answer, StoreError> {
    if let Some(why) = unwatched(settings, &order.id.ticket_ref()) {
        return Ok(Answer::new(Outcome::Unknown, why));
    }
    let known = Known::open(store).await?;
    let entries = known.of_ticket(&order.id.ticket_ref()).await?;
    let entry = entries.iter().find(|entry| entry.approval.id == order.id).or_else(|| own_part(&entries, order));
    let id = entry.map_or_else(|| order.id.clone(), |entry| entry.approval.id.clone());
    let mut order = Order { id, ..order.clone() };
    if let Some(refusal) = check_token(store, settings, &order, entry) {
        return Ok(refusal);
    }
    if order.id.source() == Source::Managed {
        return managed::decide(store, settings, &order).await;
    }
    let sources = Sources::new(settings, client, store);
    let counter = Counter::default();
    // What cannot be told here is told when the approval is read.
    if entry.is_none()
        && let Ok(own) = sources.own_id(&counter, &order.id, &order.approver).await
    {
        order.id = own;
    }
    let desk = Desk { store, sources: &sources, order: &order, entry, counter };
    let answer = desk.decide(settings).await;
    course.answer = Some(answer.clone());
    // The source has it by now, and that is what the caller hears. What is not remembered here the next sweep finds.
    course.waited = desk.remember(&answer).await.unwrap_or_default();
    Ok(answer)
}

/// The entry of the person who decides what a whole group is asked, under the id of the request.
fn own_part<'a>(entries: &'a [Entry], order: &Order) -> Option<&'a Entry> {
    let own = |entry: &&Entry| {
        let Approval { id, approver, .. } = &entry.approval;
        id.is_one_of_group() && approver.as_ref().is_some_and(|person| person.has_address(&order.approver))
    };
    entries.iter().filter(|_| order.id.approval().is_empty()).find(own)
}

/// A decision needs the token of its card where tokens are configured. The caller hears one sentence for every case.
pub(crate) fn check_token<H: Host>(
    store: &Store<H>,
    settings: &Settings,
    order: &Order,
    entry: Option<&Entry>,
) -> Option<Answer> {
    let secret = settings.action_secret.as_ref()?;
    let refused = |error: TokenError| Some(Answer::new(Outcome::NotApprover, error.to_string()));
    let Some(token) = order.token.as_deref().filter(|token| !token.trim().is_empty()) else {
        return Some(Answer::new(Outcome::NotApprover, "the action token of the card is required"));
    };
    match verify_action(secret.reveal(), token, &order.id, &order.approver, store.host().now()) {
        Err(error) => refused(error),
        // A card of an earlier round asked another question. Requests that the bridge keeps never change their question:
        // each of their cards is good until the answer.
        Ok(claims)
            if entry.is_some_and(|entry| entry.round != claims.round) && order.id.source() != Source::Managed =>
        {
            refused(TokenError::Foreign)
        }
        Ok(_) => None,
    }
}

struct Desk<'a, H> {
    store: &'a Store<H>,
    sources: &'a Sources<H>,
    order: &'a Order,
    entry: Option<&'a Entry>,
    counter: Counter,
}

/// The approval as the source has it now.
enum Live {
    Is(Box<source::Live>),
    Absent,
    Unreadable(CallError),
}

impl Live {
    fn of(read: Result<source::Live, CallFailure>) -> Self {
        match read {
            Ok(live) => Self::Is(Box::new(live)),
            Err(failure) if is_absent(&failure) => Self::Absent,
            Err(CallFailure::Failed(error)) => Self::Unreadable(error),
            Err(CallFailure::OutOfTime) => Self::Unreadable(out_of_time()),
        }
    }
}

impl<H: Host> Desk<'_, H> {
    async fn decide(&self, settings: &Settings) -> Answer {
        let source::Live { approval: before, word } = match self.look().await {
            Live::Is(live) => *live,
            Live::Absent => return self.absent(),
            Live::Unreadable(error) => return unreadable(&error),
        };
        if let Some(answer) = self.settled(&before, &word) {
            return answer;
        }
        let Some(approver) = before.approver.clone().filter(|person| person.has_address(&self.order.approver)) else {
            let message = "this approval is asked of somebody else";
            return Answer::new(Outcome::NotApprover, message);
        };
        let words = self.order.comment.as_deref().map(str::trim).filter(|words| !words.is_empty());
        let reason_needed = settings.comment_required_on_reject || wants_reason(self.order.id.source());
        if self.order.verdict == Verdict::Reject && reason_needed && words.is_none() {
            return Answer::about(Outcome::Invalid, "a rejection needs a comment: say why", before);
        }
        let approver = Person { email: Some(normal_address(&self.order.approver)), ..approver };
        let Order { id, verdict, .. } = self.order;
        let sent = self.sources.decide(&self.counter, id, *verdict, &approver, words).await;
        // Whatever the answer was, and also where none came: what the source has now is what counts.
        match (self.read_back().await, sent) {
            (Live::Is(after), sent) => self.conclude(*after, sent),
            (Live::Absent, Ok(()) | Err(CallFailure::OutOfTime)) => unclear(),
            (Live::Absent, Err(CallFailure::Failed(error))) => refusal_at(&error, &before),
            (Live::Unreadable(_), Err(CallFailure::Failed(error))) if certain(&error) => refusal_at(&error, &before),
            (Live::Unreadable(_), _) => unclear(),
        }
    }

    /// The answer where the approval is not open to a decision.
    fn settled(&self, approval: &Approval, word: &str) -> Option<Answer> {
        let about = |outcome, message: String| {
            let word = Some(word.to_owned());
            Some(Answer { word, ..Answer::about(outcome, message, approval.clone()) })
        };
        match &approval.status {
            Status::Pending | Status::AwaitingClarification => None,
            Status::NotSent => about(Outcome::NotReady, "this approval has not been sent yet".to_owned()),
            Status::Withdrawn => about(Outcome::Withdrawn, "this approval is no longer asked for".to_owned()),
            Status::Delegated => about(Outcome::Withdrawn, "this approval has been passed on".to_owned()),
            Status::Approved | Status::Rejected => {
                let word = Some(word.to_owned());
                Some(Answer { word, ..self.decided(approval) })
            }
            Status::Unknown(name) => {
                let detail = format!("the status is \"{name}\", which this bridge does not know");
                Some(Answer {
                    approval: Some(approval.clone()),
                    ..Answer::refused("the approval is in a state that cannot be decided", detail)
                })
            }
        }
    }

    /// Decided already: by this very answer of this very person, or otherwise.
    fn decided(&self, approval: &Approval) -> Answer {
        let same = approval.status == self.order.verdict.status() && self.decided_by_approver(approval);
        if same {
            let message = format!("{}; recorded in the ticket", past(&approval.status));
            return Answer::about(done(self.order.verdict), message, approval.clone());
        }
        // The source knows the owner of the key; who pressed the button stands in our own record.
        let recorded =
            self.entry.filter(|entry| entry.decision.is_some()).and_then(|entry| entry.approval.approver.as_ref());
        let who = recorded.or(approval.decided_by.as_ref()).and_then(Person::label);
        let message = match who {
            Some(who) => format!("already {} by {who}", past(&approval.status).to_lowercase()),
            None => format!("already {}", past(&approval.status).to_lowercase()),
        };
        Answer::about(Outcome::AlreadyDecided, message, approval.clone())
    }

    /// The calls act as the owner of the key, so the comment and our own record tell who decided through the bridge.
    fn decided_by_approver(&self, approval: &Approval) -> bool {
        let address = normal_address(&self.order.approver);
        let approver = approval.approver.as_ref().is_some_and(|person| person.has_address(&address));
        let recorded = self
            .entry
            .and_then(|entry| entry.decision.as_ref())
            .is_some_and(|decision| decision.by == address && decision.verdict == self.order.verdict);
        let named = names_in_comment(approval, &address);
        let acted = approval.decided_by.as_ref().is_some_and(|person| person.has_address(&address));
        approver && (recorded || named || acted)
    }

    fn conclude(&self, after: source::Live, sent: Result<(), CallFailure>) -> Answer {
        let source::Live { approval: after, word } = after;
        match (&after.status, sent) {
            (Status::Pending | Status::AwaitingClarification, Err(CallFailure::Failed(error))) => {
                let answer = refusal_at(&error, &after);
                Answer { approval: Some(after), ..answer }
            }
            (Status::Pending | Status::AwaitingClarification, _) => {
                let detail = "the source took the call, but the approval is still pending".to_owned();
                Answer { approval: Some(after), ..Answer::refused("the source did not record the decision", detail) }
            }
            // Taken by the source a moment ago: ours, whatever the record says about names.
            (status, Ok(())) if *status == self.order.verdict.status() => {
                let message = format!("{}; recorded in the ticket", past(status));
                Answer::about(done(self.order.verdict), message, after)
            }
            _ => self.settled(&after, &word).unwrap_or_else(unclear),
        }
    }

    /// The approval as it is asked now.
    async fn look(&self) -> Live {
        Live::of(self.sources.live(&self.counter, &self.ticket(), &self.order.id, &self.asked()).await)
    }

    /// The approval's own record.
    async fn read_back(&self) -> Live {
        Live::of(self.sources.record(&self.counter, &self.ticket(), &self.order.id, &self.asked()).await)
    }

    /// The address of who is asked, as far as that is known before the source tells.
    fn asked(&self) -> String {
        let known = self.entry.and_then(|entry| entry.approval.approver.as_ref()).and_then(Person::address);
        known.unwrap_or_else(|| normal_address(&self.order.approver))
    }

    fn ticket(&self) -> Arc<Ticket> {
        let bare = || Arc::new(bare_ticket(&self.order.id.ticket_ref()));
        self.entry.map_or_else(bare, |entry| entry.approval.ticket.clone())
    }

    fn absent(&self) -> Answer {
        match self.entry {
            Some(_) => Answer::new(Outcome::Withdrawn, "this approval is no longer in the ticket"),
            None => Answer::new(Outcome::Unknown, "there is no such approval"),
        }
    }

    /// Asks the next sweep to look at the ticket, because its next level may be live now, and writes down what was
    /// learnt. Not while a sweep writes the same leaves, because one of the two would be lost: the sweep learns it from
    /// the source, at the latest the next one.
    ///
    /// What it wrote ended a wait; how long that was, in milliseconds.
    async fn remember(&self, answer: &Answer) -> Result<Option<Millis>, StoreError> {
        let taken = matches!(answer.outcome, Outcome::Approved | Outcome::Rejected);
        if taken {
            progress::revisit(self.store, self.order.id.ticket_ref()).await?;
        }
        let (Some(entry), Some(approval)) = (self.entry, &answer.approval) else { return Ok(None) };
        if !entry.is_open() || !approval.status.is_final() {
            return Ok(None);
        }
        let id = self.order.id.to_string();
        let Some(lease) = Lease::take(&id, self.store.clone(), PATIENCE).await? else { return Ok(None) };
        lease.during(self.close(taken, approval)).await
    }

    /// Closes the entry as it stands now: a sweep may have cut leaves, or begun another round, since it was read.
    async fn close(&self, taken: bool, approval: &Approval) -> Result<Option<Millis>, StoreError> {
        let ledger = Ledger::open(self.store.clone()).await?;
        let round = self.entry.map(|entry| entry.round);
        let Some(entry) = ledger.get(&self.order.id).await?.filter(|now| now.is_open() && Some(now.round) == round)
        else {
            return Ok(None);
        };
        let now = self.store.host().now();
        let by = normal_address(&self.order.approver);
        let decision = taken.then_some(Decision { verdict: self.order.verdict, by, at: now });
        let approval =
            Approval { ticket: entry.approval.ticket.clone(), level: entry.approval.level, ..approval.clone() };
        let closed = Entry { approval, said: Said::Closed, closed_at: Some(now), decision, ..entry };
        let waited = closed.waited();
        ledger.commit(vec![closed], now).await?;
        Ok(waited)
    }
}

fn done(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Approve => Outcome::Approved,
        Verdict::Reject => Outcome::Rejected,
    }
}

fn past(status: &Status) -> &'static str {
    if *status == Status::Approved { "Approved" } else { "Rejected" }
}

fn unclear() -> Answer {
    Answer::new(Outcome::Unclear, "the help desk did not answer in time, so the outcome is not known; please try again")
}

fn out_of_time() -> CallError {
    CallError::Retry {
        code: "OUT_OF_TIME",
        message: "the help desk did not answer in time".to_owned(),
        after: std::time::Duration::ZERO,
    }
}

/// Whether a failed write has certainly changed nothing.
fn certain(error: &CallError) -> bool {
    matches!(error, CallError::Permanent { .. } | CallError::Auth { .. } | CallError::NotFound { .. })
}

fn refusal(error: &CallError) -> Answer {
    if error.code() == "MANDATORY_FIELD" {
        return Answer {
            detail: Some(error.message().to_owned()),
            ..Answer::new(Outcome::Invalid, "the help desk requires a comment for this decision")
        };
    }
    Answer::refused("the help desk did not take the decision", error.to_string())
}

/// A refusal of an approval that is there. Where the source takes no decisions from outside, its own page does.
fn refusal_at(error: &CallError, approval: &Approval) -> Answer {
    let answer = refusal(error);
    let page = approval.ticket.link.as_ref().filter(|_| approval.id.source() == Source::Zendesk);
    match (error, page) {
        (CallError::NotFound { .. }, Some(page)) => {
            let detail = answer.detail.unwrap_or_default();
            Answer { detail: Some(format!("{detail}; decide it in Zendesk itself: {page}")), ..answer }
        }
        _ => answer,
    }
}

fn unreadable(error: &CallError) -> Answer {
    match error {
        CallError::Permanent { .. } | CallError::Auth { .. } | CallError::NotFound { .. } => refusal(error),
        CallError::Retry { .. } | CallError::Unknown { .. } => unclear(),
    }
}
