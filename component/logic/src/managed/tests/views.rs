//! A request as its approvers' approvals.

use super::*;
use crate::approval::{Approval, ApprovalId, Status};
use crate::diff::{Change, TicketSnapshot, diff};
use crate::policy::{Rules, plan};

fn statuses(own: &Request) -> Vec<(String, Status)> {
    own.approvals().into_iter().map(|approval| (approval.id.to_string(), approval.status)).collect()
}

fn details(approval: &Approval) -> Vec<(&str, &str)> {
    approval.details.iter().map(|detail| (detail.label.as_str(), detail.value.as_str())).collect()
}

#[test]
fn each_recipient_is_an_approval_of_the_real_ticket() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    let remark = |text: &str| Remark { by: Some("Sam".to_owned()), text: text.to_owned() };
    own.facts.thread = ["four", "three", "two", "one"].map(remark).to_vec();
    let approval = own.approvals().remove(0);
    assert_eq!(approval.id, ApprovalId::managed("q1", "r1").unwrap());
    assert_eq!((approval.ticket.number.as_str(), approval.sent_at), ("874", Some(NOW)));
    assert_eq!(approval.approver, Some(person("Ana", "ana@corp.example")));
    assert_eq!(
        details(&approval),
        [
            ("Ticket", "New laptop"),
            ("Subject", "A new laptop"),
            ("Message", "The budget is there."),
            ("Policy", "all of 2 must approve"),
            ("Answers", "0 of 2 approved"),
            ("Comment", "Sam: four"),
            ("Comment", "Sam: three"),
            ("Comment", "Sam: two"),
        ]
    );
}

#[test]
fn answers_show_as_decisions_and_the_end_withdraws_the_rest() {
    let mut own = request(&["Ana", "Bo", "Cy", "Dee"], Policy::AtLeast { count: 2 });
    decline(&mut own, "Ana");
    edit(&mut own, &["Ana", "Bo", "Cy"]).unwrap();
    approve(&mut own, "Bo");
    let at = |own: &Request, wanted: [Status; 4]| {
        let wanted: Vec<_> = (1..).zip(wanted).map(|(at, status)| (format!("managed:q1:r{at}"), status)).collect();
        assert_eq!(statuses(own), wanted);
    };
    at(&own, [Status::Rejected, Status::Approved, Status::Pending, Status::Withdrawn]);
    own.edit(&people(&["Bo", "Ana", "Cy", "Eli"]), None, &Allowed::default(), NOW).unwrap();
    approve(&mut own, "Eli");
    let approvals = own.approvals();
    assert_eq!(approvals[2].status, Status::Withdrawn);
    assert_eq!(approvals[2].decided_by, Some(person("Eli", "eli@corp.example")));
    assert!(details(&approvals[2]).contains(&("Outcome", "approved (2 of 4 approved, 1 declined)")));
    assert_eq!(approvals[3].decided_by, Some(Person { name: None, email: Some("tess@corp.example".to_owned()) }));
    assert_eq!((approvals[0].comment.as_deref(), approvals[0].decided_at), (Some("because"), Some(NOW + 5_000)));
}

/// The changes from one state of a request to the next, as a sweep finds them.
fn changes(before: &Request, after: &Request) -> Vec<String> {
    let snapshot = |own: &Request| {
        let approvals = own.approvals();
        let ticket = approvals[0].id.ticket_ref();
        [TicketSnapshot { ticket, approvals, complete: true }]
    };
    let known = diff([], &snapshot(before));
    let known: Vec<_> = known.iter().map(|change| plan(None, change, &Rules::default(), NOW).entry).collect();
    let name = |change: &Change| match change {
        Change::Appeared(_) => "appeared",
        Change::AskedAgain(_) => "asked again",
        Change::Updated(_) => "updated",
        Change::Restored(_) => "restored",
        Change::Ended(_) => "ended",
    };
    let changes = diff(&known, &snapshot(after));
    changes.iter().map(|change| format!("{} {}", change.approval().id.approval(), name(change))).collect()
}

#[test]
fn a_sweep_finds_who_is_to_be_told() {
    let before = request(&["Ana", "Bo"], Policy::All);
    let after = |change: &dyn Fn(&mut Request)| {
        let mut after = before.clone();
        change(&mut after);
        changes(&before, &after)
    };
    assert_eq!(after(&|own| _ = edit(own, &["Bo", "Cy"])), ["r1 ended", "r3 appeared"]);
    assert_eq!(after(&|own| _ = edit(own, &[])), ["r1 ended", "r2 ended"]);
    assert_eq!(after(&|own| _ = own.resend(Some("r2"), None, NOW)), ["r2 asked again"]);
    assert_eq!(after(&|own| _ = approve(own, "Ana")), ["r1 ended", "r2 updated"]);
    assert_eq!(after(&|own| _ = decline(own, "Ana")), ["r1 ended", "r2 ended"]);
    assert_eq!(after(&|own| _ = answer(own, "Ana", Answer::Feedback)), [""; 0]);
    assert_eq!(after(&|own| _ = (edit(own, &["Bo"]), edit(own, &["Ana", "Bo"]))), ["r1 asked again"]);
}
