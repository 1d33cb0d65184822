//! A group is asked: each member has a card, any of them may answer, and then the others hear of it.
//!
//! A wrong implementation decides as a random member, lets somebody in who has left, or leaves cards behind that still
//! ask.

use approval_bridge::stubs::ZendeskAssignee;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Setup, minutes};

/// Ana, Bo and Cy, the group of the first two, and a request to it.
struct Asked {
    desk: Desk,
    users: [u64; 3],
    group: u64,
    request: String,
}

async fn asked(setup: Setup) -> Asked {
    let desk = setup.start();
    let (users, group, request) = desk.account(|account| {
        let users = [ANA, BO, CY].map(|(name, email)| account.user(name, email));
        let group = account.group("Security", &users[..2]);
        let ticket = account.ticket("Port 443");
        (users, group, account.ask(ticket, ZendeskAssignee::Group(group)))
    });
    desk.poll().await.clean();
    Asked { desk, users, group, request }
}

impl Asked {
    fn id(&self, member: usize) -> String {
        format!("zendesk:{}:{}", self.request, self.users[member])
    }

    /// To whom a closing went.
    fn closed(&self) -> Vec<String> {
        let cards = self.desk.cards().into_iter().filter(|card| card.body["event"] == "approval.closed");
        cards.map(|card| card.to).collect()
    }
}

#[tokio::test]
async fn each_member_has_a_card_and_the_first_answer_ends_it_for_all() {
    let asked = asked(Desk::zendesk()).await;
    assert_eq!(asked.desk.told(), asked.desk.asked());
    assert_eq!(asked.desk.told(), [asked.id(0), asked.id(1)]);
    assert_eq!(asked.desk.approve(&asked.id(1), BO.1).await.outcome(), (200, "approved"));
    let calls = asked.desk.calls("PATCH", "/decision");
    assert_eq!((calls.len(), calls[0].person.as_str()), (1, BO.1));
    let request = asked.desk.account(|account| account.request(&asked.request).unwrap().clone());
    assert_eq!(request.decision.unwrap().by, asked.users[1]);
    asked.desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(asked.closed(), [ANA.1], "who answered knows it");
    let late = asked.desk.approve(&asked.id(0), ANA.1).await;
    assert_eq!(late.outcome(), (409, "already_decided"));
    assert!(late.text.contains(BO.0), "{}", late.text);
}

#[tokio::test]
async fn the_others_hear_of_an_answer_given_in_zendesk_unless_nobody_is_to_hear() {
    for (which, told) in [("none", vec![]), ("reassigned", vec![ANA.1]), ("all", vec![ANA.1, BO.1])] {
        for lists_only in [false, true] {
            let asked = asked(Desk::zendesk().variable("closing_notices", which)).await;
            asked.desk.world(|world| {
                // A list that does not tell who decided leaves only that somebody did.
                world.settings.zendesk.decisions_in_lists = true;
                world.settings.zendesk.show_status = lists_only.then_some(410);
                world.zendesk.decide(&asked.request, asked.users[1], false, Some("No")).unwrap();
            });
            asked.desk.poll_every(minutes(1), 3).await.clean();
            let mut closed = asked.closed();
            closed.sort();
            assert_eq!(closed, told, "{which} {lists_only}");
        }
    }
}

#[tokio::test]
async fn the_id_of_the_request_works_like_the_member_s_own() {
    for known in [true, false] {
        let asked = asked(Desk::zendesk()).await;
        let id = format!("zendesk:{}", asked.request);
        if !known {
            asked.desk.lose("v1:ledger").await;
            asked.desk.lose("v1:ledger:0").await;
        }
        for stranger in [CY.1, "nobody@corp.example"] {
            assert_eq!(asked.desk.approve(&id, stranger).await.outcome(), (403, "not_approver"), "{known}");
        }
        assert_eq!(asked.desk.count("PATCH", ""), 0);
        let answer = asked.desk.approve(&id, " ANA@corp.example").await;
        assert_eq!(answer.outcome(), (200, "approved"), "{answer:?}");
        assert_eq!(answer.body["approval_id"], asked.id(0));
        assert_eq!(asked.desk.calls("PATCH", "/decision")[0].person, ANA.1);
    }
}

#[tokio::test]
async fn who_is_neither_the_assignee_nor_a_member_is_refused_before_any_decision() {
    let asked = asked(Desk::zendesk()).await;
    assert_eq!(asked.desk.approve(&asked.id(0), BO.1).await.outcome(), (403, "not_approver"));
    assert_eq!(asked.desk.approve(&asked.id(2), CY.1).await.outcome(), (410, "withdrawn"));
    asked.desk.account(|account| account.leave(asked.group, asked.users[0])).unwrap();
    assert_eq!(asked.desk.approve(&asked.id(0), ANA.1).await.outcome(), (410, "withdrawn"), "she has left");
    assert_eq!(asked.desk.count("PATCH", ""), 0);
}

#[tokio::test]
async fn who_joins_is_asked_within_minutes_and_who_leaves_is_not_any_more() {
    let asked = asked(Desk::zendesk().variable("closing_notices", "all")).await;
    asked.desk.account(|account| account.join(asked.group, asked.users[2])).unwrap();
    asked.desk.account(|account| account.leave(asked.group, asked.users[0])).unwrap();
    asked.desk.poll_every(minutes(2), 4).await.clean();
    assert_eq!(asked.desk.asked(), [asked.id(1), asked.id(2)]);
    let told: Vec<_> = asked.desk.cards().into_iter().map(|card| (card.to, card.body["event"].clone())).collect();
    let pending = told.iter().filter(|(_, event)| *event == "approval.pending").count();
    assert_eq!((pending, asked.closed()), (3, vec![ANA.1.to_owned()]), "{told:?}");
}

#[tokio::test]
async fn a_group_without_members_is_told_and_asked_once_it_has_some() {
    let desk = Desk::zendesk().start();
    let (ana, group) = desk.account(|account| {
        let (ana, group) = (account.user(ANA.0, ANA.1), account.group("Empty", &[]));
        let ticket = account.ticket("Port 443");
        account.ask(ticket, ZendeskAssignee::Group(group));
        (ana, group)
    });
    let report = desk.poll().await;
    assert_eq!((report.codes(), desk.cards().len()), (vec!["NOBODY_TO_TELL".to_owned()], 0));
    assert!(report.messages().contains("nobody is there to be asked"), "{}", report.messages());
    desk.poll_every(minutes(1), 3).await.clean();
    desk.account(|account| account.join(group, ana)).unwrap();
    desk.poll_every(minutes(2), 4).await.clean();
    assert_eq!(desk.told(), desk.asked());
}
