//! Building worlds, and changing them afterwards.

use super::*;
use std::collections::BTreeSet;

#[test]
fn the_demo_is_the_same_for_the_same_seed_and_holds_the_published_example() {
    let clock: Clock = Arc::new(|| START);
    let demo = |seed| Stubs::demo_with_clock(seed, clock.clone()).with(|world| world.truth());
    assert_eq!(demo(7), demo(7));
    Stubs::demo_with_clock(7, clock.clone()).with(|world| {
        let example = world.tickets(Module::Requests).find(|ticket| ticket.number == "874").unwrap();
        assert_eq!(example.requester.as_ref().unwrap().name, "Sam Stinson");
        assert_eq!(example.priority.as_deref(), Some("High"));
        assert!(example.description.as_ref().unwrap().contains("The internals are fried. Requesting approval"));
        let all: usize = Module::ALL.into_iter().map(|module| world.tickets(module).count()).sum();
        assert_eq!(all, 14);
        let live = world.pending();
        assert!(live.iter().any(|row| row.email.is_none()), "an approver without an address");
        assert_eq!(live.iter().map(|row| row.module).collect::<BTreeSet<_>>().len(), 3);
        let emails = world.truth().into_iter().filter_map(|row| row.email);
        assert!(emails.into_iter().all(|email| email.ends_with("@corp.example")));
    });
}

#[test]
fn populate_makes_the_load_that_was_asked_for() {
    Tester::cloud().with(|world| {
        let tickets = world.populate(50, 3, 2);
        assert_eq!((tickets.len(), world.truth().len(), world.pending().len()), (50, 300, 100));
    });
}

#[test]
fn a_delegated_approval_closes_and_has_a_sibling() {
    let tester = Tester::cloud();
    tester.with(|world| {
        let ticket = world.request().level(&[ANA]).add();
        let sibling = world.delegate(&ticket.approval(0, 0), BEN.0, BEN.1).unwrap();
        assert_eq!(world.truth_of(&ticket.approval(0, 0)).unwrap().state, State::Delegated);
        assert_eq!(world.pending().into_iter().map(|row| row.email.unwrap()).collect::<Vec<_>>(), [BEN.1]);
        let original = world.approval_mut(&sibling).unwrap().original_approver.clone();
        assert_eq!(original.unwrap().name, ANA.0);
        world.approve(&sibling, BEN.0).unwrap();
        assert!(world.pending().is_empty(), "the delegated one does not count");
    });
}

#[test]
fn anything_can_be_changed_afterwards() {
    let tester = Tester::cloud();
    tester.with(|world| {
        let ticket = world.request().level(&[ANA, BEN, CLEO]).unsent().add();
        let [a, b, c] = [0, 1, 2].map(|place| ticket.approval(0, place));
        assert!(world.pending().is_empty());
        world.send(&ticket).unwrap();
        assert_eq!(world.pending().len(), 3);
        world.set_email(&a, None).unwrap();
        world.clear_approver(&b).unwrap();
        world.reassign(&c, "Dee", "dee@corp.example").unwrap();
        let emails: Vec<Option<String>> = world.pending().into_iter().map(|row| row.email).collect();
        assert_eq!(emails, [None, None, Some("dee@corp.example".into())]);
        assert_eq!(world.set_email(&b, None), Err(Missing(format!("approver of {b}"))));
        world.unsend(&a).unwrap();
        assert_eq!(world.truth_of(&a).unwrap().sent_on, None);
        world.resend(&a).unwrap();
        assert_eq!(world.truth_of(&a).unwrap().sent_on, Some(START));
        world.set_state(&a, State::Other("Parked".into())).unwrap();
        assert!(!world.truth_of(&a).unwrap().live);
        world.delete_level(&a).unwrap();
        assert!(world.pending().is_empty());
        world.remove_ticket(&ticket).unwrap();
        assert!(world.truth().is_empty() && world.remove_ticket(&ticket).is_err());
    });
}

#[tokio::test]
async fn the_wire_form_can_be_bent_field_by_field() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().set("subject", json!(null)).level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    tester.with(|world| {
        world.set_ticket_field(&ticket, "requester", json!({"name": "No id"})).unwrap();
        world.set_level_field(&at, "is_current", None).unwrap();
        world.set_approval_field(&at, "sent_on", None).unwrap();
        world.set_approval_field(&at, "approver", Some(json!({"id": "1"}))).unwrap();
        world.rename_status(State::Pending, "En attente");
    });
    let (_, body) = tester.get("/requests").await;
    assert_eq!(
        (&body["requests"][0]["subject"], &body["requests"][0]["requester"]["name"]),
        (&json!(null), &json!("No id"))
    );
    let (_, body) = tester.get(&format!("/requests/{}/approval_levels", ticket.ticket)).await;
    assert!(body["approval_levels"][0].get("is_current").is_none());
    let (_, body) = tester.get(&approval_path(&at)).await;
    assert!(body["approval"].get("sent_on").is_none() && body["approval"]["approver"].get("email_id").is_none());
    assert_eq!(body["approval"]["status"]["name"], "En attente");
}

#[test]
fn the_bridges_id_can_be_read_back() {
    let at = ApprovalRef { module: Module::Releases, ticket: "1".into(), level: "02".into(), approval: "3".into() };
    assert_eq!(at.id(), "sdp:releases:1:02:3");
    assert_eq!(ApprovalRef::parse(&at.id()), Some(at));
    assert_eq!(ApprovalRef::parse("sdp:releases:1:2:3:4"), None);
    assert_eq!(ApprovalRef::parse("zendesk:1"), None);
}
