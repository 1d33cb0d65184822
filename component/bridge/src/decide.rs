//! An approver's answer, taken to the source and read back. What the caller hears is what the source says.

use approval_logic::approval::{Approval, ApprovalId, Person, Status, Verdict, normal_address};
use approval_logic::diff::{Decision, Entry, Said};
use approval_logic::http::CallError;
use approval_logic::sdp::{self, Calls};
use approval_logic::signature::{TokenError, verify_action};
use futures::future::join;

use crate::config::Settings;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::sdp::{Session, bare_ticket, is_absent};
use crate::store::Store;
use crate::store::lease::Lease;
use crate::store::ledger::Ledger;
use crate::store::progress;
use crate::sweep::overlay::Known;

/// How long one decision may take. A chat waits about half a minute for an answer.
const BUDGET: std::time::Duration = std::time::Duration::from_secs(25);

/// How long a decision waits for a sweep to end before it leaves writing it down to the sweep.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(300);

/// Calls of one decision that may be under way at once.
const WIDTH: usize = 4;

/// Modules whose builds know the verb without underscore only, remembered over restarts.
const PLAIN_VERBS: &str = "v1:plain-verbs";

/// How a decision ended. Each case has its own HTTP status, because Moveworks' builders see nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Approved now and read back, or this approver had approved before.
    Approved,
    /// Rejected now and read back, or this approver had rejected before.
    Rejected,
    /// Decided otherwise by somebody or something.
    AlreadyDecided,
    /// No longer asked.
    Withdrawn,
    /// Not the live approver, or a bad, expired or foreign token.
    NotApprover,
    /// No such approval at the source.
    Unknown,
    /// A comment is required, or the body is wrong.
    Invalid,
    /// Not yet sent at the source.
    NotReady,
    /// The source said no.
    SourceRefused,
    /// The answer was lost and reading back failed too; safe to repeat.
    Unclear,
}

impl Outcome {
    /// The word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::AlreadyDecided => "already_decided",
            Self::Withdrawn => "withdrawn",
            Self::NotApprover => "not_approver",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::NotReady => "not_ready",
            Self::SourceRefused => "source_refused",
            Self::Unclear => "unclear",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Approved | Self::Rejected => 200,
            Self::AlreadyDecided => 409,
            Self::Withdrawn => 410,
            Self::NotApprover => 403,
            Self::Unknown => 404,
            Self::Invalid => 422,
            Self::NotReady => 425,
            Self::SourceRefused => 502,
            Self::Unclear => 503,
        }
    }
}

/// What a caller hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence for a person.
    pub message: String,
    /// The approval as the source has it, where it could be read.
    pub approval: Option<Approval>,
    /// The source's own word for its status.
    pub word: Option<String>,
    /// What the source said, where it refused.
    pub detail: Option<String>,
}

impl Answer {
    /// An answer with nothing but its sentence.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), approval: None, word: None, detail: None }
    }

    fn about(outcome: Outcome, message: impl Into<String>, approval: Approval) -> Self {
        Self { approval: Some(approval), ..Self::new(outcome, message) }
    }

    fn refused(message: impl Into<String>, detail: String) -> Self {
        Self { detail: Some(detail), ..Self::new(Outcome::SourceRefused, message) }
    }
}

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
}

/// Decides. Repeating it is harmless: the source is read first, and what was decided by the same person counts as done.
pub async fn decide<H: Host>(store: &Store<H>, settings: &Settings, order: &Order) -> Result<Answer, StoreError> {
    let Some(sdp) = settings.sdp.clone() else {
        return Ok(Answer::new(Outcome::Unknown, "ServiceDesk Plus is not configured, so this approval is not known"));
    };
    if !sdp.modules.contains(&order.id.kind) {
        let message = format!("{} are not watched; see sdp_modules", order.id.kind.plural());
        return Ok(Answer::new(Outcome::Unknown, message));
    }
    let known = Known::open(store).await?;
    let entry = known.get(&order.id).await?;
    if let Some(refusal) = check_token(store, settings, order, entry.as_ref()) {
        return Ok(refusal);
    }
    let session = Session::new(sdp, Client::new(store.host().clone(), WIDTH, BUDGET), store.clone());
    let desk = Desk { store, session: &session, order, entry: entry.as_ref(), counter: Counter::default() };
    let answer = desk.decide(settings).await?;
    desk.remember(&answer).await?;
    Ok(answer)
}

/// A decision needs the token of its card where tokens are configured. The caller hears one sentence for every case.
fn check_token<H: Host>(store: &Store<H>, settings: &Settings, order: &Order, entry: Option<&Entry>) -> Option<Answer> {
    let secret = settings.action_secret.as_ref()?;
    let refused = |error: TokenError| Some(Answer::new(Outcome::NotApprover, error.to_string()));
    let Some(token) = order.token.as_deref().filter(|token| !token.trim().is_empty()) else {
        return Some(Answer::new(Outcome::NotApprover, "the action token of the card is required"));
    };
    match verify_action(secret.reveal(), token, &order.id, &order.approver, store.host().now()) {
        Err(error) => refused(error),
        // A card of an earlier round asked another question.
        Ok(claims) if entry.is_some_and(|entry| entry.round != claims.round) => refused(TokenError::Foreign),
        Ok(_) => None,
    }
}

struct Desk<'a, H> {
    store: &'a Store<H>,
    session: &'a Session<H>,
    order: &'a Order,
    entry: Option<&'a Entry>,
    counter: Counter,
}

/// The approval as the source has it now.
enum Live {
    Is(Box<(Approval, String)>),
    Absent,
    Unreadable(CallError),
}

impl<H: Host> Desk<'_, H> {
    async fn decide(&self, settings: &Settings) -> Result<Answer, StoreError> {
        let (before, word) = match self.look().await {
            Live::Is(live) => *live,
            Live::Absent => return Ok(self.absent()),
            Live::Unreadable(error) => return Ok(unreadable(&error)),
        };
        if let Some(answer) = self.settled(&before, &word) {
            return Ok(answer);
        }
        let Some(approver) = before.approver.clone().filter(|person| person.has_address(&self.order.approver)) else {
            let message = "this approval is asked of somebody else";
            return Ok(Answer::new(Outcome::NotApprover, message));
        };
        let words = self.order.comment.as_deref().map(str::trim).filter(|words| !words.is_empty());
        if self.order.verdict == Verdict::Reject && settings.comment_required_on_reject && words.is_none() {
            return Ok(Answer::about(Outcome::Invalid, "a rejection needs a comment: say why", before));
        }
        let approver = Person { email: Some(normal_address(&self.order.approver)), ..approver };
        let comment = sdp::decision_comment(self.order.verdict, &approver, words);
        let sent = self.send(&comment).await?;
        // Whatever the answer was, and also where none came: what the source has now is what counts.
        match (self.read_back().await, sent) {
            (Live::Is(after), sent) => Ok(self.conclude(*after, sent)),
            (Live::Absent, Ok(()) | Err(CallFailure::OutOfTime)) => Ok(unclear()),
            (Live::Absent, Err(CallFailure::Failed(error))) => Ok(refusal(&error)),
            (Live::Unreadable(_), Err(CallFailure::Failed(error))) if certain(&error) => Ok(refusal(&error)),
            (Live::Unreadable(_), _) => Ok(unclear()),
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
        let named = approval.comment.as_deref().is_some_and(|comment| sdp::comment_names(comment, &address));
        let acted = approval.decided_by.as_ref().is_some_and(|person| person.has_address(&address));
        approver && (recorded || named || acted)
    }

    fn conclude(&self, after: (Approval, String), sent: Result<(), CallFailure>) -> Answer {
        let (after, word) = after;
        match (&after.status, sent) {
            (Status::Pending | Status::AwaitingClarification, Err(CallFailure::Failed(error))) => {
                Answer { approval: Some(after), ..refusal(&error) }
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

    async fn send(&self, comment: &str) -> Result<Result<(), CallFailure>, StoreError> {
        let Order { id, verdict, .. } = self.order;
        let mut plain: Vec<String> = self.store.read(PLAIN_VERBS).await?.unwrap_or_default();
        let module = id.kind.plural().to_owned();
        let known_plain = plain.contains(&module);
        let send = async |plain_verb: bool| {
            let decision = |calls: &Calls<'_>| calls.decide(id, *verdict, comment, plain_verb);
            self.session.write(&self.counter, &decision).await
        };
        let sent = send(known_plain).await;
        // Not found means that nothing was done. The approval was there a moment ago, so it is the verb.
        if known_plain || !matches!(sent, Err(CallFailure::Failed(CallError::NotFound { .. }))) {
            return Ok(sent);
        }
        let second = send(true).await;
        if second.is_ok() {
            plain.push(module);
            self.store.write(PLAIN_VERBS, &plain).await?;
        }
        Ok(second)
    }

    /// The approval and whether its level is the current one.
    async fn look(&self) -> Live {
        let at_level = self.session.is_at_level(&self.counter, &self.order.id);
        let (approval, at_level) = join(self.read_back(), at_level).await;
        let Live::Is(mut approval) = approval else { return approval };
        let status = &mut approval.0.status;
        match at_level {
            Ok(at_level) => {
                if !at_level && matches!(status, Status::Pending | Status::AwaitingClarification) {
                    *status = Status::Withdrawn;
                }
                Live::Is(approval)
            }
            Err(CallFailure::Failed(error)) => Live::Unreadable(error),
            Err(CallFailure::OutOfTime) => Live::Unreadable(out_of_time()),
        }
    }

    async fn read_back(&self) -> Live {
        let ticket = match self.entry {
            Some(entry) => entry.approval.ticket.clone(),
            None => bare_ticket(&self.order.id.ticket_ref()),
        };
        match self.session.approval_in_words(&self.counter, &ticket, &self.order.id).await {
            Ok(live) => Live::Is(Box::new(live)),
            Err(failure) if is_absent(&failure) => Live::Absent,
            Err(CallFailure::Failed(error)) => Live::Unreadable(error),
            Err(CallFailure::OutOfTime) => Live::Unreadable(out_of_time()),
        }
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
    async fn remember(&self, answer: &Answer) -> Result<(), StoreError> {
        let taken = matches!(answer.outcome, Outcome::Approved | Outcome::Rejected);
        if taken {
            progress::revisit(self.store, self.order.id.ticket_ref()).await?;
        }
        let (Some(entry), Some(approval)) = (self.entry, &answer.approval) else { return Ok(()) };
        if !entry.is_open() || !approval.status.is_final() {
            return Ok(());
        }
        let id = self.order.id.to_string();
        let Some(lease) = Lease::take_for(&id, self.store.clone(), PATIENCE).await? else { return Ok(()) };
        lease.during(self.close(taken, approval)).await
    }

    /// Closes the entry as it stands now: a sweep may have cut leaves, or begun another round, since it was read.
    async fn close(&self, taken: bool, approval: &Approval) -> Result<(), StoreError> {
        let ledger = Ledger::open(self.store.clone()).await?;
        let round = self.entry.map(|entry| entry.round);
        let Some(entry) = ledger.get(&self.order.id).await?.filter(|now| now.is_open() && Some(now.round) == round)
        else {
            return Ok(());
        };
        let now = self.store.host().now();
        let by = normal_address(&self.order.approver);
        let decision = taken.then_some(Decision { verdict: self.order.verdict, by, at: now });
        let approval =
            Approval { ticket: entry.approval.ticket.clone(), level: entry.approval.level, ..approval.clone() };
        let closed = Entry { approval, said: Said::Closed, closed_at: Some(now), decision, ..entry };
        ledger.commit(vec![closed], now).await
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

fn unreadable(error: &CallError) -> Answer {
    match error {
        CallError::Permanent { .. } | CallError::Auth { .. } | CallError::NotFound { .. } => refusal(error),
        CallError::Retry { .. } | CallError::Unknown { .. } => unclear(),
    }
}
