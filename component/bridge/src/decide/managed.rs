//! Answers to requests that the bridge keeps. The bridge is the source here: what it has written down is so.

use approval_logic::approval::{Approval, ApprovalId, Verdict};
use approval_logic::managed::{self, Answered, Recipient, Request, RequestStatus, State};

use super::{Answer, Order, Outcome, done, past};
use crate::config::Settings;
use crate::host::{Host, StoreError};
use crate::requests::tell;
use crate::store::Store;
use crate::store::requests::{ChangeError, Requests};

/// Takes a decision that has passed the check of its token.
pub(super) async fn decide<H: Host>(
    store: &Store<H>,
    settings: &Settings,
    order: &Order,
) -> Result<Answer, StoreError> {
    let answer = managed::Answer::Verdict(order.verdict);
    match take(store, settings, order, answer).await? {
        Ok((request, answered)) => Ok(said(&request, &order.id, order.verdict, answered)),
        Err(refused) => Ok(refused),
    }
}

/// Takes an answer of any kind, and tells whoever has to hear of it. The error is what the caller hears instead.
pub(crate) async fn take<H: Host>(
    store: &Store<H>,
    settings: &Settings,
    order: &Order,
    answer: managed::Answer,
) -> Result<Result<(Request, Answered), Answer>, StoreError> {
    let Order { id, approver, comment, .. } = order;
    let work = format!("{id}{answer:?}");
    let requests = Requests::new(store);
    let now = store.host().now();
    let changed = requests
        .change(id.ticket(), &work, |request| {
            // The card is one person's: somebody else who is asked as well has a card of their own.
            let own = request.recipients.iter().find(|recipient| recipient.id == id.approval());
            if !own.is_some_and(|own| own.person().has_address(approver)) {
                return Ok(Answered::NotAsked);
            }
            let required = settings.comment_required_on_reject;
            request.answer(approver, answer, comment.as_deref(), required, &settings.allowed, now)
        })
        .await;
    match changed {
        Ok((request, answered)) => {
            if matches!(answered, Answered::Recorded | Answered::Noted) {
                tell(store, settings, &request.id, &work).await;
            }
            Ok(Ok((request, answered)))
        }
        Err(ChangeError::Store(error)) => Err(error),
        Err(ChangeError::Absent) => Ok(Err(Answer::new(Outcome::Unknown, "there is no such approval"))),
        Err(ChangeError::Refused(refusal)) => Ok(Err(Answer::new(Outcome::Invalid, refusal.to_string()))),
        Err(busy @ (ChangeError::Busy | ChangeError::Open(_))) => {
            Ok(Err(Answer::new(Outcome::Unclear, busy.to_string())))
        }
    }
}

/// What the caller of an answer hears.
pub(crate) fn said(request: &Request, id: &ApprovalId, verdict: Verdict, answered: Answered) -> Answer {
    let approval = request.approvals().into_iter().find(|approval| approval.id == *id);
    let label = request.recipients.iter().find(|own| own.id == id.approval()).map_or("somebody", Recipient::label);
    let about = |outcome, message: String| match approval.clone() {
        Some(approval) => with_word(Answer::about(outcome, message, approval), request),
        None => Answer::new(outcome, message),
    };
    let words = request.counts().words();
    match answered {
        Answered::Recorded | Answered::Repeated | Answered::Noted => {
            let status = approval.as_ref().map_or("", |approval: &Approval| past(&approval.status));
            about(done(verdict), format!("{status}; {words}, the request is {}", request.status().name()))
        }
        Answered::Otherwise(state) => {
            let deed = if state == State::Approved { "approved" } else { "declined" };
            about(Outcome::AlreadyDecided, format!("already {deed} by {label}"))
        }
        Answered::Closed(RequestStatus::Cancelled) => {
            about(Outcome::Withdrawn, "the request has been cancelled".to_owned())
        }
        Answered::Closed(status) => {
            about(Outcome::AlreadyDecided, format!("the request is {} already ({words})", status.name()))
        }
        Answered::Removed => about(Outcome::Withdrawn, "this approval is no longer asked for".to_owned()),
        Answered::NotAsked => Answer::new(Outcome::NotApprover, "this approval is asked of somebody else"),
        Answered::NeedsComment => about(Outcome::Invalid, "a rejection needs a comment: say why".to_owned()),
    }
}

fn with_word(answer: Answer, request: &Request) -> Answer {
    Answer { word: Some(request.status().name().to_owned()), ..answer }
}
