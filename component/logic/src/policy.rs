//! What to do about a change: announce, remember silently, park, close. And when to remind.

use crate::approval::{Approval, Millis, Person, Status, is_address};
use crate::diff::{Change, Entry, Said};

/// How to treat changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Announce nothing that is pending now; remember it only. For a first start with `first_run = baseline`.
    pub baseline: bool,
    /// Do not announce what was sent longer ago than this, in milliseconds. 0: no limit.
    pub max_age: Millis,
    /// Normalised addresses that get no cards.
    pub silent: Vec<String>,
    /// Remind whenever an announced approval has waited for another span of this length, in milliseconds. 0: never.
    pub remind_after: Millis,
    /// At most so many reminders in a round.
    pub max_reminders: u32,
    /// Who hears that nothing is left to do.
    pub closings: Closings,
}

/// Who hears that an approval they were told about is no longer theirs to decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closings {
    /// Nobody.
    None,
    /// Who is no longer asked because somebody else is now, or because another member of their group has answered.
    #[default]
    Reassigned,
    /// These, and everybody whose approval was decided elsewhere, withdrawn or deleted.
    All,
}

/// What to do about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the card of this round.
    Announce,
    /// Remember only.
    Baseline,
    /// Remember only: the approver is on the silent list.
    Silence,
    /// Remember, with the reason why nobody can be told.
    Park(String),
    /// Close the entry.
    Close,
    /// Replace the facts in the ledger; nothing is said.
    Refresh,
}

/// One change with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub action: Action,
    /// The entry as it stands once that is done.
    pub entry: Entry,
}

/// What to do about one change. `known` is the entry it was found against.
pub fn plan(known: Option<&Entry>, change: &Change, rules: &Rules, now: Millis) -> Plan {
    let approval = change.approval();
    let action = match change {
        Change::Ended(_) => Action::Close,
        // A card of an earlier round is worth nothing to the person asked now, so only age and silence hold it back.
        Change::AskedAgain(_) => ask(approval, &Rules { baseline: false, ..rules.clone() }, now),
        // The card that was sent would hold again, had its reader not been told that nothing is left to do.
        Change::Restored(_) if said_closed(known, rules) => {
            ask(approval, &Rules { baseline: false, ..rules.clone() }, now)
        }
        Change::Appeared(_) => ask(approval, rules, now),
        Change::Updated(_) | Change::Restored(_) => match known.map(|entry| &entry.said) {
            // Parked for want of an address, or silenced by a list that has changed: try again.
            Some(Said::Parked(_) | Said::Silenced) if approval.status == Status::Pending => ask(approval, rules, now),
            // It had gone before anybody was told. Why nobody was is no longer known: what still holds a card back is
            // said again, and what does not is taken for baselined, so that a gap in an answer announces no backlog.
            Some(Said::Closed) if known.is_some_and(|entry| entry.announced_at.is_none()) => {
                match ask(approval, rules, now) {
                    Action::Announce => Action::Refresh,
                    held_back => held_back,
                }
            }
            _ => Action::Refresh,
        },
    };
    let fresh_round =
        matches!(change, Change::AskedAgain(_)) || matches!(change, Change::Restored(_)) && said_closed(known, rules);
    let entry = next(known, change, &action, fresh_round, now);
    Plan { action, entry }
}

fn said_closed(known: Option<&Entry>, rules: &Rules) -> bool {
    rules.closings == Closings::All && known.is_some_and(|entry| entry.told_at.is_some())
}

/// The entry that somebody has to hear the end of: its approval as it ended for them. `before` is the entry that the
/// change was found against. Only who was told hears of it, and not of what they decided in chat themselves.
pub fn closing(before: &Entry, change: &Change, rules: &Rules) -> Option<Entry> {
    let former = before.approval.approver.as_ref().and_then(Person::address)?;
    let told = before.told_at.is_some() && before.said == Said::Announced && before.decision.is_none();
    if !told || before.end_told >= before.round || rules.silent.contains(&former) {
        return None;
    }
    let after = change.approval();
    let approval = match change {
        Change::AskedAgain(_) if after.approver.as_ref().and_then(Person::address).as_ref() != Some(&former) => {
            (rules.closings != Closings::None)
                .then(|| Approval { status: Status::Delegated, ..before.approval.clone() })?
        }
        Change::Ended(_)
            if rules.closings == Closings::All || rules.closings != Closings::None && by_another(after, &former) =>
        {
            Approval { approver: before.approval.approver.clone(), ..after.clone() }
        }
        _ => return None,
    };
    Some(Entry { approval, ..before.clone() })
}

/// Whether an approval that several people were asked for was decided by another one of them. Nobody else would tell its
/// reader so, and a card that still asks is one that lies.
fn by_another(approval: &Approval, former: &str) -> bool {
    approval.id.is_one_of_group()
        && matches!(approval.status, Status::Approved | Status::Rejected)
        && !approval.decided_by.as_ref().is_some_and(|person| person.has_address(former))
}

/// What to do about an entry that did not change at its source, though what held its card back may have: the silent list
/// is configuration. None: nothing.
pub fn reconsider(entry: &Entry, rules: &Rules, now: Millis) -> Option<Plan> {
    let held_back = matches!(entry.said, Said::Silenced | Said::Parked(_));
    if !held_back || entry.approval.status != Status::Pending {
        return None;
    }
    let plan = plan(Some(entry), &Change::Updated(entry.approval.clone()), rules, now);
    (plan.entry.said != entry.said).then_some(plan)
}

fn ask(approval: &Approval, rules: &Rules, now: Millis) -> Action {
    let Some(address) = approval.approver.as_ref().and_then(Person::address) else {
        return Action::Park(match approval.approver {
            None => "the approver is a role that nobody holds yet".to_owned(),
            Some(_) => "the approver has no e-mail address at the source".to_owned(),
        });
    };
    if !is_address(&address) {
        return Action::Park("the approver's e-mail address is malformed at the source".to_owned());
    }
    let too_old = rules.max_age > 0 && approval.sent_at.is_some_and(|sent| now.saturating_sub(sent) > rules.max_age);
    if rules.baseline || too_old {
        Action::Baseline
    } else if rules.silent.contains(&address) {
        Action::Silence
    } else {
        Action::Announce
    }
}

fn next(known: Option<&Entry>, change: &Change, action: &Action, fresh_round: bool, now: Millis) -> Entry {
    let round = known.map_or(1, |entry| entry.round.saturating_add(u32::from(fresh_round)));
    let kept = known.filter(|_| !fresh_round);
    let was_announced = kept.is_some_and(|entry| entry.announced_at.is_some());
    let said = match action {
        Action::Announce => Said::Announced,
        Action::Baseline => Said::Baselined,
        Action::Silence => Said::Silenced,
        Action::Park(why) => Said::Parked(why.clone()),
        Action::Close => Said::Closed,
        Action::Refresh => match kept.map(|entry| entry.said.clone()) {
            Some(Said::Closed) | None if was_announced => Said::Announced,
            Some(Said::Closed) | None => Said::Baselined,
            Some(said) => said,
        },
    };
    let announces = *action == Action::Announce;
    Entry {
        approval: change.approval().clone(),
        round,
        first_seen: known.map_or(now, |entry| entry.first_seen),
        announced_at: if announces { Some(now) } else { kept.and_then(|entry| entry.announced_at) },
        told_at: kept.filter(|_| !announces).and_then(|entry| entry.told_at),
        end_told: known.map_or(0, |entry| entry.end_told),
        reminders: if announces { 0 } else { kept.map_or(0, |entry| entry.reminders) },
        closed_at: (said == Said::Closed).then_some(now),
        decision: kept.and_then(|entry| entry.decision.clone()),
        said,
    }
}

/// The number of the reminder that is due for an entry, from 1; none if none is.
///
/// Numbers whose time went by unused (the bridge was down, or nobody looked) are left out, because the alternative is
/// several reminders in a row. Who gets no cards gets no reminders either.
pub fn due_reminder(entry: &Entry, rules: &Rules, now: Millis) -> Option<u32> {
    // From the card on, not from the plan to send it: it may have waited for the end of the quiet hours.
    let told = entry.told_at.filter(|_| entry.said == Said::Announced)?;
    let address = entry.approval.approver.as_ref().and_then(Person::address);
    let silent = address.is_some_and(|address| rules.silent.contains(&address));
    if rules.remind_after <= 0 || silent || entry.approval.status != Status::Pending {
        return None;
    }
    let spans = now.saturating_sub(told).max(0) / rules.remind_after;
    let number = u32::try_from(spans).unwrap_or(u32::MAX).min(rules.max_reminders);
    (number > entry.reminders).then_some(number)
}

#[cfg(test)]
mod tests;
