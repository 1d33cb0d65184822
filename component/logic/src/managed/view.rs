//! A request as its approvers see it: one approval for each of them, as any source would tell it.

use std::sync::Arc;

use super::{Deed, Recipient, Request, State};
use crate::approval::{Approval, ApprovalId, Detail, Person, Status, Ticket};
use crate::text::truncate;

/// So many comments of the ticket are shown.
const THREAD_MAX: usize = 3;

/// The most characters of the message that a card shows. Every approver's entry in the ledger holds its own copy.
const MESSAGE_SHOWN: usize = 600;

impl Request {
    /// The approvals of everybody who is or was asked. Once the request has come to its end, whoever did not answer is no
    /// longer asked.
    pub fn approvals(&self) -> Vec<Approval> {
        let (ticket, details) = (Arc::new(self.facts.ticket.clone()), self.details());
        self.recipients.iter().filter_map(|recipient| self.approval(recipient, &ticket, &details)).collect()
    }

    fn approval(&self, recipient: &Recipient, ticket: &Arc<Ticket>, details: &[Detail]) -> Option<Approval> {
        let answered = recipient.answered_at.is_some();
        let status = match recipient.state {
            _ if !recipient.is_asked() => Status::Withdrawn,
            State::Pending if !self.status().is_open() => Status::Withdrawn,
            State::Pending => Status::Pending,
            State::Approved => Status::Approved,
            State::Declined => Status::Rejected,
        };
        let decided_by = match status {
            Status::Pending => None,
            Status::Withdrawn if !recipient.is_asked() => self.removed_by(&recipient.id),
            Status::Withdrawn => self.closed_by(),
            _ => Some(recipient.person()),
        };
        let withdrawn_at = recipient.removed_at.or_else(|| self.closed_at());
        Some(Approval {
            id: ApprovalId::managed(&self.id, &recipient.id).ok()?,
            ticket: ticket.clone(),
            level: None,
            approver: Some(recipient.person()),
            original_approver: None,
            decided_at: if answered { recipient.answered_at } else { withdrawn_at },
            status,
            sent_at: Some(recipient.asked_at),
            decided_by,
            comment: recipient.comment.clone(),
            details: details.to_vec(),
        })
    }

    /// What a card tells beyond the facts of the ticket.
    fn details(&self) -> Vec<Detail> {
        let detail = |label: &str, value: String| Detail { label: label.to_owned(), value };
        let counts = self.counts();
        let mut details = Vec::new();
        details.extend(self.facts.ticket.title.clone().map(|title| detail("Ticket", title)));
        details.push(detail("Subject", self.subject.clone()));
        details.push(detail("Message", truncate(&self.message, MESSAGE_SHOWN).into_owned()));
        if self.status().is_open() {
            details.push(detail("Policy", self.policy.words(counts.all)));
            details.push(detail("Answers", counts.words()));
        } else {
            details.push(detail("Outcome", self.outcome_words()));
        }
        details.extend(self.facts.thread.iter().take(THREAD_MAX).map(|remark| {
            let by = remark.by.as_deref().map(|by| format!("{by}: ")).unwrap_or_default();
            detail("Comment", format!("{by}{}", remark.text))
        }));
        details
    }

    /// Where a closed request ended: `approved (2 of 3 approved)`.
    pub(super) fn outcome_words(&self) -> String {
        let name = self.status().name();
        if self.counts().all == 0 { name.to_owned() } else { format!("{name} ({})", self.counts().words()) }
    }

    fn removed_by(&self, recipient: &str) -> Option<Person> {
        let removed = |what: &Deed, about: &Option<String>| {
            *what == Deed::RecipientRemoved && about.as_deref() == Some(recipient)
        };
        let by = self.activity.iter().rfind(|event| removed(&event.what, &event.recipient))?.by.clone()?;
        Some(Person { name: None, email: Some(by) })
    }
}
