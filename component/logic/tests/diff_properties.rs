//! What must hold over any history of answers, however late, doubled, partial or contradictory they come.
//!
//! A wrong implementation would find a change again after it was applied (a second card), lose a pending approval between
//! two rounds (silence), or take an old answer, or a gap in one, for news (a false card, a card closed too early).
//!
//! Histories start from an empty ledger and apply every plan, as the sweep does, so that each ledger here is one that can
//! come about. Applying is one line: the plan's entry replaces the known one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use approval_logic::approval::{
    Approval, ApprovalId, Millis, Person, Source, Status, Ticket, TicketKind, TicketRef, is_address,
};
use approval_logic::diff::{Change, Entry, Said, TicketSnapshot, diff, diff_owned};
use approval_logic::policy::{Action, Plan, Rules, plan, reconsider};
use proptest::prelude::*;

type Ledger = BTreeMap<ApprovalId, Entry>;

/// One sweep: when, what was read, and whether the first walk is still under way with `first_run = baseline`.
#[derive(Clone, Debug)]
struct Sweep {
    now: Millis,
    snapshot: Vec<TicketSnapshot>,
    baseline: bool,
    silent: bool,
}

impl Sweep {
    fn rules(&self) -> Rules {
        let silent = if self.silent { vec!["quiet@corp.example".to_owned()] } else { Vec::new() };
        Rules { baseline: self.baseline, max_age: 60, silent, ..Rules::default() }
    }

    /// Every answer about one approval.
    fn answers(&self, id: &ApprovalId) -> Vec<&Approval> {
        self.snapshot.iter().flat_map(|ticket| &ticket.approvals).filter(|approval| approval.id == *id).collect()
    }

    fn changes(&self, ledger: &Ledger) -> Vec<Change> {
        diff(ledger.values(), &self.snapshot)
    }

    /// Plans every change and applies it.
    fn apply(&self, ledger: &mut Ledger) -> Vec<(Change, Plan)> {
        let changes = self.changes(ledger);
        let mut done = Vec::new();
        for change in changes {
            let id = change.approval().id.clone();
            let plan = plan(ledger.get(&id), &change, &self.rules(), self.now);
            ledger.insert(id, plan.entry.clone());
            done.push((change, plan));
        }
        done
    }
}

fn address(approval: &Approval) -> Option<String> {
    approval.approver.as_ref().and_then(Person::address)
}

fn ticket_ref(ticket: u8) -> TicketRef {
    TicketRef { source: Source::Sdp, kind: TicketKind::Request, ticket: ticket.to_string() }
}

fn approver() -> impl Strategy<Value = Option<Person>> {
    let person = |email: &str| Some(Person { name: None, email: Some(email.to_owned()) });
    prop_oneof![
        5 => Just(person("ana@corp.example")),
        1 => Just(person(" ANA@corp.example")),
        2 => Just(person("bo@corp.example")),
        1 => Just(person("quiet@corp.example")),
        1 => Just(person("malformed")),
        1 => Just(Some(Person { name: Some("No Mail".to_owned()), email: None })),
        1 => Just(None),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        8 => Just(Status::Pending),
        1 => Just(Status::NotSent),
        1 => Just(Status::Approved),
        1 => Just(Status::Rejected),
        1 => Just(Status::Delegated),
        1 => Just(Status::AwaitingClarification),
        2 => Just(Status::Withdrawn),
        1 => Just(Status::Unknown("Sonstiges".to_owned())),
    ]
}

fn approval(ticket: u8) -> impl Strategy<Value = Approval> {
    let sent_at = prop_oneof![1 => Just(None), 4 => prop::sample::select(&[10, 50, 90][..]).prop_map(Some)];
    (0..3_u8, approver(), status(), sent_at, prop::option::of(Just("A title".to_owned()))).prop_map(
        move |(number, approver, status, sent_at, title)| Approval {
            id: ApprovalId::sdp(TicketKind::Request, &ticket.to_string(), "7", &number.to_string()).unwrap(),
            ticket: Arc::new(Ticket {
                kind: TicketKind::Request,
                id: ticket.to_string(),
                number: ticket.to_string(),
                title,
                description: None,
                requester: None,
                priority: None,
                link: None,
            }),
            level: Some(1),
            approver,
            original_approver: None,
            status,
            sent_at,
            decided_at: None,
            decided_by: None,
            comment: None,
            details: Vec::new(),
        },
    )
}

/// One ticket; the same approval may be in it twice, with different answers.
fn ticket() -> impl Strategy<Value = TicketSnapshot> {
    (0..2_u8).prop_flat_map(|number| {
        (prop::collection::vec(approval(number), 0..4), prop::bool::weighted(0.7))
            .prop_map(move |(approvals, complete)| TicketSnapshot { ticket: ticket_ref(number), approvals, complete })
    })
}

fn snapshot() -> impl Strategy<Value = Vec<TicketSnapshot>> {
    prop::collection::vec(ticket(), 0..3)
}

fn history() -> impl Strategy<Value = Vec<Sweep>> {
    let sweep = (1..30_i64, snapshot(), prop::bool::weighted(0.1), any::<bool>());
    prop::collection::vec(sweep, 1..9).prop_map(|sweeps| {
        let mut now = 50;
        let at = |(passed, snapshot, baseline, silent)| {
            now += passed;
            Sweep { now, snapshot, baseline, silent }
        };
        sweeps.into_iter().map(at).collect()
    })
}

/// A history whose last sweep is the one to look at.
fn known_and_next() -> impl Strategy<Value = (Ledger, Sweep)> {
    history().prop_map(|mut sweeps| {
        let last = sweeps.pop().unwrap();
        let mut ledger = Ledger::new();
        for sweep in sweeps {
            sweep.apply(&mut ledger);
        }
        (ledger, last)
    })
}

fn older(known: &Approval, now: &Approval) -> bool {
    known.sent_at.zip(now.sent_at).is_some_and(|(known, now)| now < known)
}

fn newer(known: &Approval, now: &Approval) -> bool {
    older(now, known)
}

fn decided(entry: &Entry) -> bool {
    !entry.is_open() && entry.approval.status != Status::Withdrawn
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_order_of_ledger_tickets_and_approvals_never_matters(
        (ledger, sweep) in known_and_next(), seed in any::<u64>(),
    ) {
        let expected = sweep.changes(&ledger);
        // A turn and a reversal together reach every order of pairs.
        let mix = |length: usize| (seed as usize) % length.max(1);
        let mut entries: Vec<&Entry> = ledger.values().collect();
        entries.reverse();
        let mut snapshot = sweep.snapshot.clone();
        let turn = mix(snapshot.len());
        snapshot.rotate_left(turn);
        for ticket in &mut snapshot {
            let turn = mix(ticket.approvals.len());
            ticket.approvals.rotate_left(turn);
            if seed & 1 == 0 {
                ticket.approvals.reverse();
            }
        }
        prop_assert_eq!(diff(entries.iter().copied(), &snapshot), expected.clone());
        prop_assert_eq!(diff_owned(entries, snapshot), expected.clone());
        let ids: Vec<&ApprovalId> = expected.iter().map(|change| &change.approval().id).collect();
        prop_assert!(ids.is_sorted_by(|left, right| left < right), "sorted, each once");
    }

    /// No exceptions: what was ignored is ignored again, what was parked is parked for the same reason.
    #[test]
    fn what_was_applied_is_not_found_again((mut ledger, sweep) in known_and_next()) {
        sweep.apply(&mut ledger);
        prop_assert_eq!(sweep.changes(&ledger), Vec::new());
    }

    /// Exceptions, each because the answer is not the source's last word: an answer about an older sending, a pending that
    /// was decided since, and an approval of which the same snapshot says something else as well. And one because nothing
    /// is left to do: somebody who was told, or was not to be, has lost their address since.
    #[test]
    fn every_pending_approval_is_in_the_ledger_with_its_approver((mut ledger, sweep) in known_and_next()) {
        let before = ledger.clone();
        sweep.apply(&mut ledger);
        for approval in sweep.snapshot.iter().flat_map(|ticket| &ticket.approvals) {
            let known = before.get(&approval.id);
            let outdated = known.is_some_and(|entry| {
                older(&entry.approval, approval) || (decided(entry) && !newer(&entry.approval, approval))
            });
            if approval.status != Status::Pending || outdated || sweep.answers(&approval.id).len() > 1 {
                continue;
            }
            let entry = &ledger[&approval.id];
            prop_assert_eq!(&entry.approval.approver, &approval.approver);
            prop_assert_eq!(&entry.approval.status, &Status::Pending);
            prop_assert!(entry.is_open(), "{:?}", entry);
            let reachable = address(approval).is_some_and(|address| is_address(&address));
            if known.is_some_and(|entry| entry.is_open() && address(&entry.approval) == address(approval)) && !reachable {
                continue;
            }
            prop_assert_eq!(matches!(entry.said, Said::Parked(_)), !reachable, "{:?}", entry);
        }
    }

    /// What is pending, reachable, wanted and fresh has a card, unless somebody decided to say nothing at a first start
    /// (baselined) and nobody was asked anew since.
    #[test]
    fn who_can_be_told_is_told((mut ledger, sweep) in known_and_next()) {
        let before = ledger.clone();
        sweep.apply(&mut ledger);
        for (id, entry) in &ledger {
            let news = match before.get(id) {
                None => true,
                Some(known) => known.round < entry.round || matches!(known.said, Said::Parked(_)),
            };
            let fresh = entry.approval.sent_at.is_none_or(|sent| sweep.now - sent <= 60);
            let wanted = address(&entry.approval)
                .is_some_and(|address| is_address(&address) && !sweep.rules().silent.contains(&address));
            let unchanged = before.get(id) == Some(entry);
            if news && !unchanged && entry.approval.status == Status::Pending && entry.is_open() && fresh && wanted {
                let held = sweep.baseline && entry.said == Said::Baselined;
                prop_assert!(held || entry.said == Said::Announced, "{:?}", entry);
            }
        }
    }

    #[test]
    fn each_round_is_announced_once_and_begins_only_when_somebody_is_asked_anew(sweeps in history()) {
        let mut ledger = Ledger::new();
        let mut announced: BTreeSet<(ApprovalId, u32)> = BTreeSet::new();
        // Kept beside the ledger, which could forget.
        let mut latest: BTreeMap<ApprovalId, Millis> = BTreeMap::new();
        for sweep in &sweeps {
            let before = ledger.clone();
            let mut plans: Vec<Plan> = sweep.apply(&mut ledger).into_iter().map(|(_, plan)| plan).collect();
            let again: Vec<Plan> =
                ledger.values().filter_map(|entry| reconsider(entry, &sweep.rules(), sweep.now)).collect();
            for plan in again {
                ledger.insert(plan.entry.approval.id.clone(), plan.entry.clone());
                plans.push(plan);
            }
            for plan in plans.iter().filter(|plan| plan.action == Action::Announce) {
                let round = (plan.entry.approval.id.clone(), plan.entry.round);
                prop_assert!(announced.insert(round.clone()), "{:?} announced twice", round);
            }
            for (id, entry) in &ledger {
                let Some(known) = before.get(id) else {
                    prop_assert_eq!(entry.round, 1);
                    continue;
                };
                if entry.round != known.round {
                    prop_assert_eq!(entry.round, known.round + 1);
                    let moved = entry.approval.sent_at > latest.get(id).copied();
                    let other = address(&known.approval) != address(&entry.approval);
                    prop_assert!(moved || other, "{:?} → {:?}", known, entry);
                    prop_assert!(!older(&known.approval, &entry.approval));
                }
                prop_assert_eq!(entry.first_seen, known.first_seen);
            }
            for (id, entry) in &ledger {
                let Some(sent) = entry.approval.sent_at else { continue };
                let latest = latest.entry(id.clone()).or_insert(sent);
                *latest = sent.max(*latest);
            }
        }
    }

    #[test]
    fn a_card_goes_only_to_who_is_asked_now_can_be_told_and_wants_it((ledger, sweep) in known_and_next()) {
        let mut after = ledger.clone();
        for (change, plan) in sweep.apply(&mut after) {
            if plan.action != Action::Announce {
                continue;
            }
            let approval = &plan.entry.approval;
            prop_assert_eq!(&approval.status, &Status::Pending);
            let answers = sweep.answers(&approval.id);
            prop_assert!(answers.iter().all(|answer| !answer.status.is_final()), "{:?}", answers);
            prop_assert!(answers.iter().any(|answer| answer.approver == approval.approver));
            let address = address(approval).unwrap();
            prop_assert!(is_address(&address));
            prop_assert!(!sweep.rules().silent.contains(&address));
            prop_assert!(approval.sent_at.is_none_or(|sent| sweep.now - sent <= 60));
            prop_assert!(!(sweep.baseline && matches!(change, Change::Appeared(_))), "nothing at a first start");
            prop_assert_eq!((plan.entry.announced_at, plan.entry.closed_at), (Some(sweep.now), None));
        }
    }

    #[test]
    fn tickets_outside_the_snapshot_are_left_alone((mut ledger, sweep) in known_and_next()) {
        let before = ledger.clone();
        sweep.apply(&mut ledger);
        let read: BTreeSet<&TicketRef> = sweep.snapshot.iter().map(|ticket| &ticket.ticket).collect();
        for (id, entry) in &before {
            if !read.contains(&id.ticket_ref()) {
                prop_assert_eq!(&ledger[id], entry);
            }
        }
        prop_assert!(ledger.keys().all(|id| before.contains_key(id) || read.contains(&id.ticket_ref())));
    }

    #[test]
    fn absence_ends_what_is_open_where_the_list_is_whole_and_nothing_elsewhere((mut ledger, sweep) in known_and_next()) {
        let before = ledger.clone();
        sweep.apply(&mut ledger);
        let whole: BTreeSet<&TicketRef> =
            sweep.snapshot.iter().filter(|ticket| ticket.complete).map(|ticket| &ticket.ticket).collect();
        for (id, entry) in before.iter().filter(|(id, _)| sweep.answers(id).is_empty()) {
            if whole.contains(&id.ticket_ref()) && entry.is_open() {
                prop_assert_eq!(&ledger[id].said, &Said::Closed);
                prop_assert_eq!(&ledger[id].approval.status, &Status::Withdrawn);
            } else {
                prop_assert_eq!(&ledger[id], entry);
            }
        }
    }

    #[test]
    fn an_old_answer_changes_nothing((mut ledger, sweep) in known_and_next()) {
        let before = ledger.clone();
        sweep.apply(&mut ledger);
        for (id, entry) in &before {
            let answers = sweep.answers(id);
            let old = |answer: &&Approval| older(&entry.approval, answer);
            // A decision stands until somebody is asked anew; anything else is an answer from before it.
            let settled = |answer: &&Approval| decided(entry) && !newer(&entry.approval, answer);
            if !answers.is_empty() && answers.iter().all(|answer| old(answer) || settled(answer)) {
                prop_assert_eq!(&ledger[id], entry);
            }
        }
    }

    /// Answers of a source that stands still, some of them missing: after the first nothing more is said.
    #[test]
    fn a_source_that_stands_still_is_told_once(snapshot in snapshot(), gaps in prop::collection::vec(any::<u8>(), 1..6)) {
        let mut ledger = Ledger::new();
        let whole = Sweep { now: 60, snapshot, baseline: false, silent: false };
        whole.apply(&mut ledger);
        for (number, gap) in (1_i64..).zip(gaps) {
            let mut sweep = Sweep { now: 60 + number, ..whole.clone() };
            // All answers about a ticket are there or none: to hide one of two that differ would be news.
            for ticket in &mut sweep.snapshot {
                let bit = if ticket.ticket == ticket_ref(0) { 1 } else { 2 };
                if gap & bit != 0 {
                    ticket.complete = gap & 4 == 0;
                    ticket.approvals.clear();
                }
            }
            for (_, plan) in sweep.apply(&mut ledger) {
                prop_assert_ne!(plan.action, Action::Announce);
            }
            for (change, plan) in (Sweep { now: 60 + number, ..whole.clone() }).apply(&mut ledger) {
                prop_assert_ne!(plan.action, Action::Announce, "{:?}", change);
            }
        }
    }
}
