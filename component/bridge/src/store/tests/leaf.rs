//! How a leaf of the ledger is kept. A wrong implementation would lose a field, take another version's bytes or a torn value
//! for an empty ledger, or keep the text of a ticket once for each of its approvals.

use std::sync::Arc;

use approval_logic::approval::{ApprovalId, Detail, Person, Status, TicketKind, Verdict};
use approval_logic::diff::{Decision, Entry, Said};
use futures::FutureExt;
use proptest::prelude::*;

use super::entry;
use crate::host::{Host, StoreError};
use crate::store::Store;
use crate::store::ledger::Ledger;
use crate::testing::MemoryHost;

const LEAF: &str = "v1:ledger:0";

/// What [`two_of_a_ticket`] is in form 1.
const FORM_1: &[u8] = b"\x01\x02\
    \x12sdp:requests:7:1:1\
    \x01\x00\x017\x017\x01\x15Projector replacement\x01\x18The lamp is at its end.\n\
    \x01\x01\x0bSam Stinson\x01\x10sam@corp.example\x01\x04High\x01\x1ehttps://sdp.example/requests/7\
    \x01\x01\x01\x01\x06Ana Li\x01\x10ana@corp.example\x01\x01\x06Bo Kim\x00\
    \x00\x01\x80\x88\xad\x8b\x91h\x01\x01\x01\x00\x01\x0fbo@corp.example\x01\tfine \xf0\x9f\x91\x8d\
    \x01\x04Cost\x051,200\
    \x01\x00\x80\x88\xad\x8b\x91h\x01\x80\x88\xad\x8b\x91h\x01\x82\x88\xad\x8b\x91h\x02\x03\
    \x01\x84\x88\xad\x8b\x91h\x01\x01\x0fbo@corp.example\n\
    \x12sdp:requests:7:1:2\
    \x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x01\x00\x80\x88\xad\x8b\x91h\x00\x00\x00\x00\x00\x00";

/// Nothing waits where the store is in memory.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().unwrap()
}

fn kept(entries: Vec<Entry>) -> Vec<u8> {
    let host = MemoryHost::new();
    at_once(async {
        let ledger = Ledger::open(Store::new(host.clone())).await.unwrap();
        ledger.commit(entries, host.now()).await.unwrap();
        host.get(LEAF).await.unwrap().unwrap()
    })
}

fn read(leaf: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let host = MemoryHost::new();
    at_once(async {
        host.set(LEAF, leaf.to_vec()).await.unwrap();
        let ledger = Ledger::open(Store::new(host)).await.unwrap();
        ledger.page(None, usize::MAX, |_| true).await.map(|page| page.entries)
    })
}

/// An entry of which every part is there.
fn whole() -> Entry {
    let mut entry = entry(7);
    let somebody = |name: &str| Person { name: Some(name.to_owned()), email: None };
    Arc::make_mut(&mut entry.approval.ticket).link = Some("https://sdp.example/requests/7".to_owned());
    entry.approval.original_approver = Some(somebody("Bo Kim"));
    entry.approval.decided_at = Some(-1);
    entry.approval.decided_by = Some(Person { name: None, email: Some("bo@corp.example".to_owned()) });
    entry.approval.comment = Some("fine \u{1f44d}".to_owned());
    entry.approval.details = vec![Detail { label: "Cost".to_owned(), value: "1,200".to_owned() }];
    entry.told_at = Some(1_789_000_000_001);
    (entry.end_told, entry.reminders, entry.closed_at) = (2, 3, Some(1_789_000_000_002));
    entry.decision = Some(Decision { verdict: Verdict::Reject, by: "bo@corp.example".to_owned(), at: 5 });
    entry
}

/// An entry of which only that is there which always is.
fn bare(id: ApprovalId) -> Entry {
    let mut entry = entry(7);
    entry.approval.id = id;
    let ticket = Arc::make_mut(&mut entry.approval.ticket);
    (ticket.title, ticket.description, ticket.requester, ticket.priority) = (None, None, None, None);
    (entry.approval.level, entry.approval.approver, entry.approval.sent_at, entry.announced_at) =
        (None, None, None, None);
    entry
}

#[test]
fn every_part_of_an_entry_comes_back_as_it_was() {
    let managed = ApprovalId::managed("42", "r1").unwrap();
    let member = ApprovalId::zendesk("42", Some("9")).unwrap();
    let entries = vec![whole(), bare(managed), bare(member)];
    let mut back = read(&kept(entries.clone())).unwrap();
    for entry in entries {
        let at = back.iter().position(|own| *own == entry);
        assert!(at.is_some(), "{entry:?} is not in {back:?}");
        back.remove(at.unwrap());
    }
    assert_eq!(back, []);
}

fn statuses() -> [Status; 8] {
    [
        Status::Pending,
        Status::NotSent,
        Status::Approved,
        Status::Rejected,
        Status::Delegated,
        Status::AwaitingClarification,
        Status::Withdrawn,
        Status::Unknown("On Hold".to_owned()),
    ]
}

fn all_said() -> [Said; 5] {
    [Said::Announced, Said::Baselined, Said::Silenced, Said::Parked("no address".to_owned()), Said::Closed]
}

#[test]
fn every_status_and_whatever_was_said_come_back() {
    for (status, said) in statuses().into_iter().cycle().zip(all_said().into_iter().cycle()).take(40) {
        let mut entry = bare(entry(7).approval.id);
        (entry.approval.status, entry.said) = (status, said);
        assert_eq!(read(&kept(vec![entry.clone()])).unwrap(), [entry]);
    }
}

#[test]
fn a_case_is_kept_as_its_place_which_stays_the_same() {
    fn places<T: serde::Serialize>(cases: impl IntoIterator<Item = T>) -> Vec<u8> {
        cases.into_iter().map(|case| postcard::to_allocvec(&case).unwrap()[0]).collect()
    }
    let kinds = [TicketKind::Request, TicketKind::Change, TicketKind::Release, TicketKind::Ticket];
    let all = [places(statuses()), places(all_said()), places(kinds), places([Verdict::Approve, Verdict::Reject])];
    for places in all {
        assert!(places.iter().copied().eq(0..places.len().try_into().unwrap()), "{places:?}");
    }
}

/// One with every part, and one more of its ticket that has the fewest.
fn two_of_a_ticket() -> Vec<Entry> {
    let mut first = whole();
    Arc::make_mut(&mut first.approval.ticket).description = Some("The lamp is at its end.\n".to_owned());
    let mut second = bare(ApprovalId::sdp(TicketKind::Request, "7", "1", "2").unwrap());
    second.approval.ticket = first.approval.ticket.clone();
    second.approval.status = Status::Withdrawn;
    vec![first, second]
}

/// Stores outlive versions. Where this fails the form has changed: give the new one its number, and go on reading this one.
#[test]
fn a_leaf_of_form_1_is_these_bytes_and_stays_readable() {
    assert_eq!(kept(two_of_a_ticket()).escape_ascii().to_string(), FORM_1.escape_ascii().to_string());
    assert_eq!(read(FORM_1).unwrap(), two_of_a_ticket());
}

#[test]
fn a_leaf_that_a_former_version_kept_as_json_is_read_and_kept_anew_when_it_is_next_written() {
    let host = MemoryHost::new();
    let former = format!(r#"{{"sdp:requests:017:1:1":{}}}"#, serde_json::to_string(&whole()).unwrap());
    at_once(async {
        host.set(LEAF, former.into_bytes()).await.unwrap();
        let ledger = Ledger::open(Store::new(host.clone())).await.unwrap();
        assert_eq!(ledger.get(&whole().approval.id).await.unwrap(), Some(whole()));
        ledger.commit(vec![entry(8)], host.now()).await.unwrap();
        let leaf = host.get(LEAF).await.unwrap().unwrap();
        assert_eq!(leaf.first(), Some(&1));
        assert_eq!(read(&leaf).unwrap(), [whole(), entry(8)]);
    });
}

/// What the texts of an entry take. The rest is what the form costs.
fn texts(entry: &Entry) -> usize {
    let approval = &entry.approval;
    let people = [&approval.approver, &approval.ticket.requester];
    let people = people.into_iter().flatten().flat_map(|person| [&person.name, &person.email]);
    let ticket = &approval.ticket;
    let optional = people.chain([&ticket.title, &ticket.description, &ticket.priority, &ticket.link]);
    let optional: usize = optional.flatten().map(String::len).sum();
    approval.id.as_str().len() + ticket.id.len() + ticket.number.len() + optional
}

#[test]
fn an_entry_takes_its_texts_and_at_most_60_bytes() {
    let entries: Vec<Entry> = (1..=50).map(entry).collect();
    let least: usize = entries.iter().map(texts).sum();
    let leaf = kept(entries).len();
    assert!(leaf <= least + 50 * 60, "{leaf} bytes, {least} of them text");
}

#[test]
fn another_approval_of_the_same_ticket_takes_at_most_120_bytes() {
    let approval = |number: usize| {
        let mut entry = entry(7);
        entry.approval.id = ApprovalId::sdp(TicketKind::Request, "7", "1", &number.to_string()).unwrap();
        entry
    };
    let one = kept(vec![approval(1)]).len();
    let ten = kept((1..=10).map(approval).collect()).len();
    assert!(ten <= one + 9 * 120, "{one} bytes for one, {ten} for ten");
}

#[test]
fn a_value_of_another_form_is_refused_and_says_so() {
    for (bytes, why) in [(&b""[..], "it is empty"), (b"\x02", "form 2"), (b"[]", "form 91"), (b"{\"a\":1}", "expected")]
    {
        let refused = read(bytes).unwrap_err();
        assert_eq!(refused.key, LEAF);
        assert!(refused.message.contains(why) && refused.message.contains("backup"), "{}", refused.message);
    }
}

proptest! {
    #[test]
    fn a_torn_value_is_refused(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..9)) {
        let leaf = kept(vec![whole(), entry(8), entry(9)]);
        prop_assert!(read(&leaf[..cut.index(leaf.len())]).is_err());
        prop_assert!(read(&[&leaf[..], &more].concat()).is_err());
    }

    #[test]
    fn no_bytes_make_reading_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut leaf = kept(vec![whole(), entry(8)]);
        let at = at.index(leaf.len());
        leaf[at] = byte;
        let _ = read(&leaf);
        let _ = read(&[&[1][..], &rest].concat());
    }
}
