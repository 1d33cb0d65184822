//! Ledger × snapshot → changes.
//!
//! Pure and total. The order of the input never matters; a change that has been applied is not found again. A wrong
//! implementation would show itself by announcing twice (a known approval taken for a new one), by silence (a re-asked
//! approval taken for the old one) or by reviving what was decided (an old page read late).

use std::borrow::{Borrow, Cow};

use itertools::{EitherOrBoth, Itertools};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, ApprovalId, Millis, Person, Source, Status, TicketKind, TicketRef, Verdict};

/// What has been said about a tracked approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A card was planned for its approver.
    Announced,
    /// Known and deliberately not announced: pending before the bridge first looked, or too old.
    Baselined,
    /// Its approver is on the silent list.
    Silenced,
    /// It cannot be announced, for this reason; it is once that is cured.
    Parked(String),
    /// No longer pending at the source.
    Closed,
}

/// A decision that was taken through the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// The approver's address, normalised.
    pub by: String,
    /// When it was read back.
    pub at: Millis,
}

/// One approval in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The approval as last read.
    pub approval: Approval,
    /// Which asking this is, from 1. A changed approver or a re-sent approval is a new round.
    pub round: u32,
    /// What has been said in this round.
    pub said: Said,
    /// When it was first seen.
    pub first_seen: Millis,
    /// When the card of this round was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_at: Option<Millis>,
    /// When Moveworks took that card; none while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Millis>,
    /// Up to which round its former approvers have heard of the end; 0: of none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub end_told: u32,
    /// How many reminders were planned in this round.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reminders: u32,
    /// When it was found closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Millis>,
    /// The decision, where it was taken through the bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Entry {
    /// Whether somebody may still be asked.
    pub fn is_open(&self) -> bool {
        self.said != Said::Closed
    }

    /// Whether its approver is asked, and has not answered.
    pub fn waits(&self) -> bool {
        self.is_open() && matches!(self.approval.status, Status::Pending | Status::AwaitingClarification)
    }

    /// How long its approver took to decide, in milliseconds; none where it was not decided, or the source does not say
    /// when it was sent.
    pub fn waited(&self) -> Option<Millis> {
        let decided = matches!(self.approval.status, Status::Approved | Status::Rejected);
        let at = self.approval.decided_at.or(self.closed_at).filter(|_| decided)?;
        Some(at.saturating_sub(self.approval.sent_at?))
    }

    /// Whether a planned card tells more than what is held of the same approval: that is of an earlier asking, or says
    /// that the card of this one was held back, as it was until it was planned.
    pub fn is_ahead_of(&self, held: &Self) -> bool {
        let held_back = matches!(held.said, Said::Parked(_) | Said::Silenced);
        held.round < self.round || held.round == self.round && held_back && self.said == Said::Announced
    }
}

/// One ticket as just read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketSnapshot {
    /// The ticket.
    pub ticket: TicketRef,
    /// Its approvals, in any order.
    pub approvals: Vec<Approval>,
    /// Whether the list is whole, so that what is missing from it has been withdrawn.
    pub complete: bool,
}

/// What happened to one approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Pending, and not in the ledger.
    Appeared(Approval),
    /// Pending again, or at another person: a new round.
    AskedAgain(Approval),
    /// Pending as before, with other facts, or now with an approver that can be told.
    Updated(Approval),
    /// It had gone and is pending again, unchanged: the card that was sent holds again.
    Restored(Approval),
    /// No longer pending. The approval carries the status it ended with.
    Ended(Approval),
}

impl Change {
    /// The approval after the change.
    pub const fn approval(&self) -> &Approval {
        match self {
            Self::Appeared(approval)
            | Self::AskedAgain(approval)
            | Self::Updated(approval)
            | Self::Restored(approval)
            | Self::Ended(approval) => approval,
        }
    }
}

/// Compares a ledger with what was just read. The result is sorted by id; what did not change is not in it. Entries of
/// tickets outside the snapshot are left alone.
pub fn diff<'a>(ledger: impl IntoIterator<Item = &'a Entry>, snapshot: &[TicketSnapshot]) -> Vec<Change> {
    let whole = snapshot.iter().filter(|ticket| ticket.complete).map(|ticket| &ticket.ticket);
    merge(ledger, whole, snapshot.iter().flat_map(|ticket| &ticket.approvals).collect(), Cow::Borrowed)
}

/// [`diff`] where the snapshot is not needed any more: its approvals become those of the changes, without a copy.
pub fn diff_owned<'a>(ledger: impl IntoIterator<Item = &'a Entry>, snapshot: Vec<TicketSnapshot>) -> Vec<Change> {
    let (mut whole, mut seen) = (Vec::new(), Vec::new());
    for TicketSnapshot { ticket, approvals, complete } in snapshot {
        whole.extend(complete.then_some(ticket));
        seen.extend(approvals);
    }
    merge(ledger, whole.iter(), seen, Cow::Owned)
}

/// `seen` are the approvals, or what points at them; `taken` is one of them on its way into a change.
fn merge<'a, 'b, 'c, A: Borrow<Approval>>(
    ledger: impl IntoIterator<Item = &'a Entry>,
    whole: impl Iterator<Item = &'b TicketRef>,
    seen: Vec<A>,
    taken: impl Fn(A) -> Cow<'c, Approval>,
) -> Vec<Change> {
    let known: Vec<&Entry> = ledger.into_iter().collect();
    // Both sides sorted once and merged: lists mostly come in order, and then sorting is one pass.
    let known_ids = in_order(known.iter().map(|entry| Key::of(&entry.approval.id)));
    let seen_ids = in_order(seen.iter().map(|approval| Key::of(&approval.borrow().id)));
    let whole = in_order(whole.map(Key::of_ticket));
    let withdrawn = |entry: &Entry| {
        let ticket = Key { parts: [entry.approval.id.ticket(), "", ""], ..Key::of(&entry.approval.id) };
        entry.is_open() && whole.binary_search_by(|(own, _)| own.cmp(&ticket)).is_ok()
    };
    // Listed twice: the entry written last counts, and the answer that counts most.
    let known = known_ids.chunk_by(same).filter_map(|same| {
        let (id, at) = same.last()?;
        Some((*id, *known.get(*at)?))
    });
    let counting = seen_ids.chunk_by(same).filter_map(|same| {
        let answers = same.iter().filter_map(|(id, at)| Some((*id, *at, seen.get(*at)?.borrow())));
        let most = answers.max_by(|(.., a), (.., b)| weight(a).cmp(&weight(b)).then_with(|| a.cmp(b)));
        most.map(|(id, at, _)| (id, at))
    });
    let pairs = known.merge_join_by(counting, |(known, _), (seen, _)| known.cmp(seen));
    let pairs: Vec<_> = pairs.map(|pair| pair.map_any(|(_, entry)| entry, |(_, at)| at)).collect();
    let mut seen: Vec<_> = seen.into_iter().map(Some).collect();
    let mut take = |at: usize| seen.get_mut(at).and_then(Option::take).map(&taken);
    let change = |pair: EitherOrBoth<&Entry, usize>| match pair {
        EitherOrBoth::Right(at) => {
            let approval = take(at).filter(|approval| approval.status == Status::Pending)?;
            Some(Change::Appeared(approval.into_owned()))
        }
        EitherOrBoth::Both(entry, at) => compare(entry, take(at)?),
        EitherOrBoth::Left(entry) => {
            withdrawn(entry).then(|| Change::Ended(with_status(entry.approval.clone(), Status::Withdrawn)))
        }
    };
    pairs.into_iter().filter_map(change).collect()
}

/// What lists are brought in order by: the id of an approval, or of a ticket, which has only the first of the parts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key<'a> {
    source: Source,
    kind: TicketKind,
    parts: [&'a str; 3],
}

impl<'a> Key<'a> {
    pub(crate) fn of(id: &'a ApprovalId) -> Self {
        Self { source: id.source(), kind: id.kind(), parts: [id.ticket(), id.level(), id.approval()] }
    }

    fn of_ticket(ticket: &'a TicketRef) -> Self {
        Self { source: ticket.source, kind: ticket.kind, parts: [&ticket.ticket, "", ""] }
    }
}

/// Keys in their order, each with its place in the list that it came from.
pub(crate) fn in_order<'a>(keys: impl Iterator<Item = Key<'a>>) -> Vec<(Key<'a>, usize)> {
    let mut keys: Vec<_> = keys.zip(0..).collect();
    keys.sort_unstable();
    keys
}

fn same(one: &(Key<'_>, usize), other: &(Key<'_>, usize)) -> bool {
    one.0 == other.0
}

/// Twice in one snapshot: whatever their order, the answer that says less is left to do counts, then the later sending.
/// A card held back by mistake comes with the next snapshot; one too many cannot be taken back.
fn weight(approval: &Approval) -> (bool, Option<Millis>) {
    (approval.status.is_final(), approval.sent_at)
}

fn compare(entry: &Entry, now: Cow<'_, Approval>) -> Option<Change> {
    let (before, mut now) = (&entry.approval, now);
    // An answer about an earlier sending was read late: nothing in it is news.
    if sending(before, &now) == Sending::Older {
        return None;
    }
    // When somebody was asked does not become unknown because one answer leaves it out.
    if now.sent_at.is_none() && before.sent_at.is_some() {
        now.to_mut().sent_at = before.sent_at;
    }
    match &now.status {
        Status::Pending if !entry.is_open() => reopened(entry, now),
        Status::Pending if asked_anew(entry, &now) => Some(Change::AskedAgain(now.into_owned())),
        Status::Pending => (*before != *now).then(|| Change::Updated(now.into_owned())),
        Status::NotSent => entry.is_open().then(|| Change::Ended(with_status(now.into_owned(), Status::Withdrawn))),
        // The approver asked back: the card stays usable, nothing new is said.
        Status::AwaitingClarification | Status::Unknown(_) => {
            (entry.is_open() && *before != *now).then(|| Change::Updated(now.into_owned()))
        }
        Status::Approved | Status::Rejected | Status::Delegated | Status::Withdrawn => {
            entry.is_open().then(|| Change::Ended(now.into_owned()))
        }
    }
}

/// A closed entry that is pending again. Decisions are final at the sources, so without a newer sending this is an old
/// answer read late, whoever it names; what was merely withdrawn may come back as it was, or at another person.
fn reopened(entry: &Entry, now: Cow<'_, Approval>) -> Option<Change> {
    if sending(&entry.approval, &now) == Sending::Newer {
        return Some(Change::AskedAgain(now.into_owned()));
    }
    if entry.approval.status != Status::Withdrawn {
        return None;
    }
    let change = if other_person(&entry.approval, &now) { Change::AskedAgain } else { Change::Restored };
    Some(change(now.into_owned()))
}

/// An open entry whose approver must be told anew. Where nobody could be told yet, another address is the cure for that
/// and belongs to the same round.
fn asked_anew(entry: &Entry, now: &Approval) -> bool {
    let before = &entry.approval;
    let told = !matches!(entry.said, Said::Parked(_));
    sending(before, now) == Sending::Newer || (told && other_person(before, now))
}

fn other_person(before: &Approval, now: &Approval) -> bool {
    let [before, now] = [before, now].map(|approval| approval.approver.as_ref());
    let [spelt_before, spelt_now] = [before, now].map(|person| person?.email.as_deref());
    // Nearly always it is spelt as it was, and then no address has to be brought into its normal form.
    spelt_before != spelt_now && before.and_then(Person::address) != now.and_then(Person::address)
}

/// An answer's sending beside the one that is known.
#[derive(PartialEq)]
enum Sending {
    Older,
    /// Also where either is not told: then nothing speaks for another one.
    Same,
    Newer,
}

fn sending(before: &Approval, now: &Approval) -> Sending {
    match (before.sent_at, now.sent_at) {
        (Some(before), Some(now)) if now < before => Sending::Older,
        (Some(before), Some(now)) if now > before => Sending::Newer,
        _ => Sending::Same,
    }
}

fn with_status(approval: Approval, status: Status) -> Approval {
    Approval { status, ..approval }
}

#[cfg(test)]
mod tests;
