//! Every state an approval can be known in × every state it can be found in, one row each.
//!
//! A wrong implementation would show itself in one cell: a second card where nothing is new, silence where somebody was
//! asked anew, a decided approval that comes back to life, or an old answer that undoes a newer one.

use std::sync::Arc;

use super::*;
use crate::approval::{Person, Ticket, TicketKind};

/// When the known sending was; 1 is older, 9 is newer.
const SENT: Millis = 5;

fn approval(address: Option<&str>, status: Status, sent_at: Option<Millis>) -> Approval {
    Approval {
        id: ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap(),
        ticket: Arc::new(Ticket {
            kind: TicketKind::Request,
            id: "874".to_owned(),
            number: "874".to_owned(),
            title: None,
            description: None,
            requester: None,
            priority: None,
            link: None,
        }),
        level: Some(1),
        approver: address.map(|address| Person { name: None, email: Some(address.to_owned()) }),
        original_approver: None,
        status,
        sent_at,
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    }
}

fn entry(said: Said, approval: Approval) -> Entry {
    let announced_at = (said == Said::Announced).then_some(6);
    Entry {
        approval,
        round: 1,
        said,
        first_seen: 6,
        announced_at,
        told_at: None,
        end_told: 0,
        reminders: 0,
        closed_at: None,
        decision: None,
    }
}

fn snapshot(approvals: Vec<Approval>, complete: bool) -> [TicketSnapshot; 1] {
    let ticket =
        TicketRef { source: crate::approval::Source::Sdp, kind: TicketKind::Request, ticket: "874".to_owned() };
    [TicketSnapshot { ticket, approvals, complete }]
}

/// The one change in a word, with the status it carries where it ended.
fn word(changes: &[Change]) -> String {
    match changes {
        [] => "nothing".to_owned(),
        [Change::Appeared(_)] => "appeared".to_owned(),
        [Change::AskedAgain(_)] => "asked again".to_owned(),
        [Change::Updated(_)] => "updated".to_owned(),
        [Change::Restored(_)] => "restored".to_owned(),
        [Change::Ended(approval)] => format!("ended {}", approval.status.name()),
        more => panic!("{more:?}"),
    }
}

fn unknown() -> Status {
    Status::Unknown("Sonstiges".to_owned())
}

#[test]
fn of_what_is_not_known_only_the_pending_appears() {
    for (status, wanted) in [
        (Status::Pending, "appeared"),
        (Status::NotSent, "nothing"),
        (Status::Approved, "nothing"),
        (Status::Rejected, "nothing"),
        (Status::Delegated, "nothing"),
        (Status::AwaitingClarification, "nothing"),
        (Status::Withdrawn, "nothing"),
        (unknown(), "nothing"),
    ] {
        let found = snapshot(vec![approval(Some("ana@x"), status.clone(), None)], true);
        assert_eq!(word(&diff([], &found)), wanted, "{status:?}");
    }
}

/// What an answer can say of one approval: its name in the table, its address, its sending.
const ANSWERS: [(&str, Option<&str>, Option<Millis>); 9] = [
    ("same", Some("ana@x"), Some(SENT)),
    ("same, other spelling", Some(" ANA@x"), Some(SENT)),
    ("same, sending not told", Some("ana@x"), None),
    ("newer", Some("ana@x"), Some(9)),
    ("older", Some("ana@x"), Some(1)),
    ("other person", Some("bo@x"), Some(SENT)),
    ("other person, newer", Some("bo@x"), Some(9)),
    ("other person, older", Some("bo@x"), Some(1)),
    ("nobody", None, Some(SENT)),
];

#[test]
fn pending_again_depends_on_what_was_said_and_on_who_was_asked_when() {
    let open = [
        "nothing",
        "updated",
        "nothing",
        "asked again",
        "nothing",
        "asked again",
        "asked again",
        "nothing",
        "asked again",
    ];
    // Nobody was told in this round, so another address belongs to it.
    let parked =
        ["nothing", "updated", "nothing", "asked again", "nothing", "updated", "asked again", "nothing", "updated"];
    let decided =
        ["nothing", "nothing", "nothing", "asked again", "nothing", "nothing", "asked again", "nothing", "nothing"];
    let withdrawn = [
        "restored",
        "restored",
        "restored",
        "asked again",
        "nothing",
        "asked again",
        "asked again",
        "nothing",
        "asked again",
    ];
    for (said, status, wanted) in [
        (Said::Announced, Status::Pending, open),
        (Said::Baselined, Status::Pending, open),
        (Said::Silenced, Status::Pending, open),
        (Said::Parked("malformed".to_owned()), Status::Pending, parked),
        (Said::Closed, Status::Approved, decided),
        (Said::Closed, Status::Rejected, decided),
        (Said::Closed, Status::Delegated, decided),
        (Said::Closed, Status::Withdrawn, withdrawn),
    ] {
        let known = entry(said, approval(Some("ana@x"), status.clone(), Some(SENT)));
        for ((name, address, sent_at), wanted) in ANSWERS.into_iter().zip(wanted) {
            let found = snapshot(vec![approval(address, Status::Pending, sent_at)], true);
            assert_eq!(word(&diff([&known], &found)), wanted, "{:?} {status:?} → {name}", known.said);
        }
    }
}

#[test]
fn an_address_that_was_missing_is_news_for_the_same_round() {
    let known = entry(Said::Parked("no address".to_owned()), approval(None, Status::Pending, Some(SENT)));
    for (address, sent_at, wanted) in [
        (None, Some(SENT), "nothing"),
        (Some("ana@x"), Some(SENT), "updated"),
        (Some("ana@x"), None, "updated"),
        (Some("ana@x"), Some(9), "asked again"),
        (Some("ana@x"), Some(1), "nothing"),
    ] {
        let found = snapshot(vec![approval(address, Status::Pending, sent_at)], true);
        assert_eq!(word(&diff([&known], &found)), wanted, "{address:?} {sent_at:?}");
    }
}

#[test]
fn what_is_open_ends_with_every_final_status_and_when_it_is_taken_back() {
    for said in [Said::Announced, Said::Baselined, Said::Silenced, Said::Parked("no address".to_owned())] {
        let known = entry(said, approval(Some("ana@x"), Status::Pending, Some(SENT)));
        for (status, wanted) in [
            (Status::Approved, "ended approved"),
            (Status::Rejected, "ended rejected"),
            (Status::Delegated, "ended delegated"),
            (Status::Withdrawn, "ended withdrawn"),
            (Status::NotSent, "ended withdrawn"),
            (Status::AwaitingClarification, "updated"),
            (unknown(), "updated"),
        ] {
            for (sent_at, wanted) in [(Some(SENT), wanted), (None, wanted), (Some(9), wanted), (Some(1), "nothing")] {
                let found = snapshot(vec![approval(Some("ana@x"), status.clone(), sent_at)], true);
                assert_eq!(word(&diff([&known], &found)), wanted, "{:?} → {status:?} {sent_at:?}", known.said);
            }
        }
    }
}

#[test]
fn what_is_closed_stays_as_it_ended() {
    for before in [Status::Approved, Status::Rejected, Status::Delegated, Status::Withdrawn] {
        let known = entry(Said::Closed, approval(Some("ana@x"), before.clone(), Some(SENT)));
        let others = [Status::Approved, Status::Rejected, Status::Delegated, Status::Withdrawn, Status::NotSent];
        for status in others.into_iter().chain([Status::AwaitingClarification, unknown()]) {
            for sent_at in [None, Some(1), Some(SENT), Some(9)] {
                let found = snapshot(vec![approval(Some("bo@x"), status.clone(), sent_at)], true);
                assert_eq!(word(&diff([&known], &found)), "nothing", "{before:?} → {status:?} {sent_at:?}");
            }
        }
        assert_eq!(word(&diff([&known], &snapshot(Vec::new(), true))), "nothing");
    }
}

#[test]
fn asking_back_and_unknown_names_keep_the_card_and_pending_comes_back_quietly() {
    for between in [Status::AwaitingClarification, unknown()] {
        let known = entry(Said::Announced, approval(Some("ana@x"), between.clone(), Some(SENT)));
        let again = snapshot(vec![known.approval.clone()], true);
        assert_eq!(word(&diff([&known], &again)), "nothing", "{between:?}");
        let pending = snapshot(vec![approval(Some("ana@x"), Status::Pending, Some(SENT))], true);
        assert_eq!(word(&diff([&known], &pending)), "updated", "{between:?}");
    }
}

#[test]
fn what_is_missing_ends_only_where_the_list_is_whole() {
    for (said, complete, wanted) in [
        (Said::Announced, true, "ended withdrawn"),
        (Said::Baselined, true, "ended withdrawn"),
        (Said::Parked(String::new()), true, "ended withdrawn"),
        (Said::Announced, false, "nothing"),
        (Said::Closed, true, "nothing"),
    ] {
        let known = entry(said, approval(Some("ana@x"), Status::Pending, Some(SENT)));
        assert_eq!(word(&diff([&known], &snapshot(Vec::new(), complete))), wanted, "{:?} {complete}", known.said);
        assert_eq!(word(&diff([&known], &[])), "nothing");
    }
}

#[test]
fn a_sending_is_remembered_through_answers_that_leave_it_out() {
    let known = entry(Said::Announced, approval(Some("ana@x"), Status::Pending, Some(SENT)));
    let back = snapshot(vec![approval(Some("ana@x"), Status::NotSent, None)], true);
    let changes = diff([&known], &back);
    assert_eq!(changes[0].approval().sent_at, Some(SENT));
    // Sent once more afterwards: the person is asked anew, not shown the old card.
    let closed = entry(Said::Closed, changes[0].approval().clone());
    let sent = snapshot(vec![approval(Some("ana@x"), Status::Pending, Some(9))], true);
    assert_eq!(word(&diff([&closed], &sent)), "asked again");
    // A sending that is told for the first time is not another one.
    let untold = entry(Said::Announced, approval(Some("ana@x"), Status::Pending, None));
    assert_eq!(word(&diff([&untold], &sent)), "updated");
}

#[test]
fn of_two_answers_in_one_snapshot_the_same_one_counts_in_either_order() {
    let pending = approval(Some("ana@x"), Status::Pending, Some(SENT));
    for (one, other, known, wanted) in [
        (pending.clone(), approval(Some("ana@x"), Status::Approved, Some(SENT)), None, "nothing"),
        (pending.clone(), approval(Some("ana@x"), Status::Approved, None), None, "nothing"),
        (
            pending.clone(),
            approval(Some("ana@x"), Status::Rejected, Some(SENT)),
            Some(Said::Announced),
            "ended rejected",
        ),
        (pending.clone(), approval(Some("ana@x"), Status::Pending, Some(9)), Some(Said::Announced), "asked again"),
        (pending.clone(), approval(Some("bo@x"), Status::Pending, Some(1)), Some(Said::Announced), "nothing"),
        (pending.clone(), pending.clone(), None, "appeared"),
    ] {
        let known = known.map(|said| entry(said, pending.clone()));
        for found in [vec![one.clone(), other.clone()], vec![other.clone(), one.clone()]] {
            assert_eq!(word(&diff(&known, &snapshot(found, true))), wanted, "{other:?}");
        }
    }
}

#[test]
fn a_planned_card_is_ahead_of_an_earlier_asking_and_of_what_was_held_back_in_this_one() {
    let approval = || approval(Some("ana@x"), Status::Pending, Some(1));
    let planned = Entry { round: 2, ..entry(Said::Announced, approval()) };
    let parked = || Said::Parked("nobody".to_owned());
    for (round, said, ahead) in [
        (1, Said::Announced, true),
        (1, Said::Closed, true),
        (2, parked(), true),
        (2, Said::Silenced, true),
        (2, Said::Announced, false),
        (2, Said::Baselined, false),
        (2, Said::Closed, false),
        (3, parked(), false),
    ] {
        let held = Entry { round, ..entry(said, approval()) };
        assert_eq!(planned.is_ahead_of(&held), ahead, "{held:?}");
    }
}
