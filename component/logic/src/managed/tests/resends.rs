//! Sending again.

use super::*;

fn sent_again(own: &mut Request, recipient: Option<&str>, at: Millis) -> Vec<String> {
    own.resend(recipient, Some("tess@corp.example"), at).unwrap().recipients
}

#[test]
fn only_who_has_not_answered_gets_it_again() {
    let mut own = request(&["Ana", "Bo", "Cy"], Policy::All);
    approve(&mut own, "Ana");
    assert_eq!(sent_again(&mut own, None, NOW + 1), ["r2", "r3"]);
    assert_eq!(own.status(), RequestStatus::PartiallyApproved);
    assert_eq!((own.recipients[1].times_sent, own.recipients[1].asked_at), (2, NOW + 1));
    assert_eq!((own.recipients[0].times_sent, own.recipients[0].asked_at), (1, NOW));
    assert_eq!(own.resend(Some("r1"), None, NOW + 1), Err(Refusal::HasAnswered));
    assert_eq!(own.resend(Some("r9"), None, NOW + 1), Err(Refusal::NoSuchRecipient));
    assert_eq!(own.revision, 1);
}

#[test]
fn the_same_call_twice_sends_once() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    assert_eq!(sent_again(&mut own, Some("r1"), NOW), ["r1"], "right after it was made");
    let before = own.clone();
    assert_eq!(sent_again(&mut own, Some("r1"), NOW + SAME_RESEND - 1), [""; 0]);
    assert_eq!(own, before);
    assert_eq!(sent_again(&mut own, None, NOW + 1), ["r2"], "the other one was not meant before");
    assert_eq!(sent_again(&mut own, Some("r1"), NOW + SAME_RESEND), ["r1"]);
    assert_eq!(own.recipients[0].times_sent, 3);
}

#[test]
fn each_sending_has_its_own_time() {
    let mut own = request(&["Ana"], Policy::All);
    sent_again(&mut own, None, NOW);
    assert_eq!(own.recipients[0].asked_at, NOW + 1);
    sent_again(&mut own, None, NOW - 1);
    assert_eq!(own.recipients[0].asked_at, NOW + 2, "a clock that was set back");
}

#[test]
fn a_person_added_back_can_be_sent_it_again_at_once() {
    let mut own = request(&["Ana", "Bo"], Policy::All);
    sent_again(&mut own, Some("r1"), NOW);
    edit(&mut own, &["Bo"]).unwrap();
    assert_eq!(own.resend(Some("r1"), None, NOW), Err(Refusal::NoSuchRecipient));
    edit(&mut own, &["Ana", "Bo"]).unwrap();
    assert_eq!(sent_again(&mut own, Some("r1"), NOW + 1), ["r1"]);
}
