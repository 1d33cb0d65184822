//! What approvers do with a request: approve, decline, or give feedback, which is no answer.

use super::{Allowed, COMMENT_MAX, Deed, Event, Feedback, Recipient, Refusal, Request, RequestStatus, State};
use crate::approval::{Millis, Verdict, normal_address};
use crate::text::{clean, truncate};

/// One of the three buttons of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes or no.
    Verdict(Verdict),
    /// Words that leave the question open.
    Feedback,
}

/// What became of an answer. None of these is an error: all of them are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Taken now.
    Recorded,
    /// The same person had given the same answer before; nothing has changed.
    Repeated,
    /// Feedback was kept; the person still has to answer.
    Noted,
    /// This person has answered otherwise before.
    Otherwise(State),
    /// The request had come to its end without them.
    Closed(RequestStatus),
    /// This person is no longer asked.
    Removed,
    /// This person was never asked, or may no longer approve.
    NotAsked,
    /// A decline needs a reason.
    NeedsComment,
}

impl Request {
    /// Takes an answer. The caller has proved who gives it; whether that person is asked is decided here.
    pub fn answer(
        &mut self,
        approver: &str,
        answer: Answer,
        comment: Option<&str>,
        reason_required: bool,
        allowed: &Allowed,
        now: Millis,
    ) -> Result<Answered, Refusal> {
        let address = normal_address(approver);
        let words = comment.map(clean).filter(|words| !words.is_empty());
        let words = words.map(|words| truncate(&words, COMMENT_MAX).into_owned());
        let status = self.status();
        // Before anything else: what a stranger hears must tell nothing about the request.
        let Some(known) = self.recipient_of(&address).filter(|_| allowed.has(&address)) else {
            return Ok(Answered::NotAsked);
        };
        if !known.is_asked() {
            return Ok(Answered::Removed);
        }
        let settled = match (answer, known.state) {
            (Answer::Verdict(verdict), State::Approved | State::Declined) if state_of(verdict) == known.state => {
                Some(Answered::Repeated)
            }
            (_, state @ (State::Approved | State::Declined)) => Some(Answered::Otherwise(state)),
            (_, State::Pending) if !status.is_open() => Some(Answered::Closed(status)),
            (Answer::Verdict(Verdict::Reject), State::Pending) if reason_required && words.is_none() => {
                Some(Answered::NeedsComment)
            }
            (_, State::Pending) => None,
        };
        if let Some(settled) = settled {
            return Ok(settled);
        }
        let id = known.id.clone();
        match answer {
            Answer::Feedback => {
                let text = words.ok_or(Refusal::NoWords)?;
                self.has_room()?;
                self.change(&id, |own| own.feedback.push(Feedback { at: now, text: text.clone() }));
                let (by, recipient) = (Some(address), Some(id));
                self.activity.push(Event { at: now, what: Deed::Feedback, by, recipient, text: Some(text) });
                Ok(Answered::Noted)
            }
            Answer::Verdict(verdict) => {
                self.change(&id, |own| {
                    own.state = state_of(verdict);
                    own.answered_at = Some(now);
                    own.comment = words;
                });
                let what = if verdict == Verdict::Approve { Deed::Approved } else { Deed::Declined };
                self.log(now, what, Some(&address), Some(&id));
                self.log_end(now, Some(&address));
                Ok(Answered::Recorded)
            }
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Recipient)) {
        if let Some(own) = self.recipients.iter_mut().find(|recipient| recipient.id == id) {
            change(own);
        }
    }
}

const fn state_of(verdict: Verdict) -> State {
    match verdict {
        Verdict::Approve => State::Approved,
        Verdict::Reject => State::Declined,
    }
}
