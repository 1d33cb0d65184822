//! Everybody who is asked in Zendesk is told, however many pages the list has, and what ends is noticed.
//!
//! A wrong implementation follows a link to another host, reads for ever, takes a list that was cut short for a whole one,
//! or reads the ledger for every approval in every sweep.

use std::time::Duration;

use approval_bridge::stubs::{Fault, ZENDESK_EMAIL, ZendeskAssignee};
use approval_bridge_tests::harness::{ANA, BO, CY, Card, Desk, hours, minutes, requests};
use serde_json::json;

fn events(desk: &Desk, event: &str) -> Vec<Card> {
    desk.cards().into_iter().filter(|card| card.body["event"] == event).collect()
}

#[tokio::test]
async fn every_page_is_read_by_its_cursor_and_links_to_elsewhere_are_not_followed() {
    let desk = Desk::zendesk().start();
    desk.world(|world| {
        world.settings.zendesk.page_size = 2;
        world.settings.zendesk.links_host = Some("elsewhere.example".to_owned());
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 5);
    });
    let report = desk.poll().await.clean();
    assert_eq!(desk.told(), desk.asked());
    assert_eq!(desk.cards().len(), 5);
    let counts = report.source("zendesk");
    assert_eq!((counts.tickets, counts.pending, counts.new, counts.notified), (5, 5, 5, 5));
    let lists = desk.calls("GET", "/api/v2/approval_requests");
    assert_eq!(lists.len(), 3);
    assert!(lists.iter().all(|call| call.host == "zendesk.example" && call.person == ZENDESK_EMAIL));
    assert_eq!(lists[0].input, Some(json!({ "filter[status]": "active" })));
    assert_eq!(desk.count("*", "elsewhere"), 0);
}

#[tokio::test]
async fn a_cursor_that_comes_back_ends_the_list_and_proves_nothing() {
    let desk = Desk::zendesk().variable("closing_notices", "all").start();
    let all = desk.world(|world| {
        world.settings.zendesk.page_size = 2;
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 4)
    });
    desk.poll().await.clean();
    desk.world(|world| world.fault(Fault::on("GET", "/api/v2/approval_requests").repeats_page().always()));
    desk.advance(minutes(1));
    desk.forget_calls();
    let report = desk.poll().await;
    assert_eq!(report.codes(), ["LIST_WITHOUT_END"]);
    assert!(!report.complete);
    assert_eq!(desk.count("GET", "/api/v2/approval_requests"), 2);
    assert_eq!(desk.told(), desk.asked(), "nobody heard that anything had ended");
    desk.world(|world| world.clear_faults());
    desk.account(|account| account.withdraw(&all[3])).unwrap();
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(events(&desk, "approval.closed").len(), 1);
}

#[tokio::test]
async fn a_quiet_sweep_is_one_call_however_many_are_asked_and_reads_no_ledger() {
    let mut reads = Vec::new();
    for number in [3, 90] {
        let desk = Desk::zendesk().start();
        let ana = desk.account(|account| account.user(ANA.0, ANA.1));
        desk.account(|account| requests(account, ana, number));
        desk.poll_every(minutes(1), 2).await.clean();
        desk.forget_calls();
        desk.store_use();
        let report = desk.poll_every(minutes(1), 1).await.clean();
        assert_eq!((desk.count("*", ""), report.source("zendesk").tickets), (1, 0));
        reads.push(desk.store_use().gets);
        desk.forget_calls();
        let report = desk.poll_every(hours(2), 1).await.clean();
        assert_eq!(report.source("zendesk").tickets, u32::try_from(number).unwrap(), "all are compared once a period");
        assert_eq!(desk.cards().len(), number);
    }
    assert_eq!(reads[0], reads[1]);
}

#[tokio::test]
async fn a_list_that_takes_more_time_than_there_is_goes_on_where_it_was_and_nothing_starves() {
    let desk = Desk::zendesk().variable("sweep_budget_seconds", "10").variable("closing_notices", "all").start();
    let all = desk.world(|world| {
        world.settings.zendesk.page_size = 1;
        world.set_latency(Duration::from_millis(400));
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 30)
    });
    assert!(!desk.poll().await.complete);
    let told = desk.cards().len();
    assert!((1..30).contains(&told), "{told}");
    desk.poll_every(minutes(1), 8).await;
    assert_eq!(desk.told(), desk.asked());
    for request in &all[20..] {
        desk.account(|account| account.withdraw(request)).unwrap();
    }
    desk.poll_every(minutes(1), 20).await;
    assert_eq!(events(&desk, "approval.closed").len(), 10, "ends are noticed though no list is whole");
    assert_eq!(events(&desk, "approval.pending").len(), 30);
}

#[tokio::test]
async fn an_approver_who_is_out_of_reach_is_parked_with_the_reason_and_the_others_are_told() {
    let desk = Desk::zendesk().start();
    let users = desk.account(|account| {
        let users =
            [account.user(ANA.0, ANA.1), account.user(BO.0, BO.1), account.user(CY.0, ""), account.user("Di", "d@x")];
        account.user_mut(users[1]).unwrap().suspended = true;
        account.user_mut(users[3]).unwrap().active = false;
        users.into_iter().for_each(|user| drop(requests(account, user, 1)));
        users
    });
    let report = desk.poll().await;
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [ANA.1]);
    assert_eq!(report.codes(), ["NOBODY_TO_TELL"; 3]);
    for why in ["suspended", "no e-mail address", "no longer active"] {
        assert!(report.messages().contains(why), "{why}: {}", report.messages());
    }
    assert_eq!(report.source("zendesk").skipped, 3);
    desk.account(|account| {
        account.user_mut(users[1]).unwrap().suspended = false;
        account.user_mut(users[2]).unwrap().email = Some(CY.1.to_owned());
    });
    // Addresses are believed for hours.
    desk.poll_every(hours(1), 6).await.clean();
    assert_eq!(desk.told(), desk.asked());
}

#[tokio::test]
async fn what_a_list_says_oddly_spoils_nothing_else() {
    let desk = Desk::zendesk().start();
    let all = desk.account(|account| {
        let ana = account.user(ANA.0, ANA.1);
        let all = requests(account, ana, 4);
        account.set_field(&all[0], "status", json!("on_hold"))?;
        account.set_field(&all[1], "origination_type", json!("CARRIER_PIGEON_ORIGINATION"))?;
        account.set_field(&all[2], "ticket_id", json!("../1"))?;
        Ok::<_, approval_bridge::stubs::Missing>(all)
    });
    let all = all.unwrap();
    let report = desk.poll().await;
    let mut wanted = [format!("zendesk:{}", all[1]), format!("zendesk:{}", all[3])];
    wanted.sort();
    assert_eq!(desk.told(), wanted);
    let mut codes = report.codes();
    codes.sort();
    assert_eq!(codes, ["ODD_REQUEST", "UNKNOWN_STATUS"]);
    assert!(report.messages().contains("on_hold"));
}

#[tokio::test]
async fn a_card_shows_the_ticket_and_what_is_asked_as_inert_text() {
    let desk = Desk::zendesk().start();
    let ticket = desk.account(|account| {
        let (ana, requester) = (account.user(ANA.0, ANA.1), account.end_user("Rosa Quist", "rosa@corp.example"));
        let ticket = account.ticket("New laptop");
        let facts = account.ticket_mut(ticket).unwrap();
        facts.description = Some("The old one is slow.".to_owned());
        (facts.priority, facts.requester) = (Some("high".to_owned()), Some(requester));
        let message = "<script>alert(1)</script> \u{202e}txet <a href='https://evil.example'>Approve</a>";
        account.ask_with(ticket, ZendeskAssignee::User(ana), "May it be ordered?", message);
        ticket
    });
    desk.poll().await.clean();
    let cards = desk.cards();
    let card = &cards[0];
    let body = card.body.to_string();
    for part in [&ticket.to_string(), "Rosa Quist", "high", "The old one is slow.", "May it be ordered?"] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(!body.contains('\u{202e}') && !body.contains("https://evil.example"), "{body}");
    assert!(!card.text.contains('<') && card.text.contains("&lt;script&gt;"), "{}", card.text);
    assert_eq!((card.slot("source"), card.slot("ticket_type")), ("zendesk", "Ticket"));
    let link = format!("https://zendesk.example/agent/tickets/{ticket}");
    assert_eq!(card.body["approval"]["link"], json!(link), "{body}");
}

#[tokio::test]
async fn what_ends_in_zendesk_is_noticed_and_told_where_that_is_wanted() {
    for (which, told) in [("none", 0), ("reassigned", 0), ("all", 4)] {
        for lists_only in [None, Some(403), Some(404), Some(410)] {
            let desk = Desk::zendesk().variable("closing_notices", which).start();
            let (ana, all) = desk.world(|world| {
                world.settings.zendesk.show_status = lists_only;
                let ana = world.zendesk.user(ANA.0, ANA.1);
                (ana, requests(&mut world.zendesk, ana, 5))
            });
            desk.poll().await.clean();
            desk.account(|account| {
                account.decide(&all[0], ana, true, None)?;
                account.decide(&all[1], ana, false, Some("No"))?;
                account.withdraw(&all[2])?;
                account.remove(&all[3])
            })
            .unwrap();
            let report = desk.poll_every(minutes(1), 1).await.clean();
            assert_eq!(report.source("zendesk").closed, 4, "{which} {lists_only:?}");
            let mut statuses = Vec::new();
            for id in &all {
                let answer = desk.get(&format!("/approvals/zendesk:{id}")).await;
                statuses.push(answer.body["status"].as_str().unwrap_or_default().to_owned());
            }
            assert_eq!(statuses, ["approved", "rejected", "withdrawn", "withdrawn", "pending"], "{lists_only:?}");
            assert_eq!(events(&desk, "approval.closed").len(), told, "{which} {lists_only:?}");
        }
    }
}

#[tokio::test]
async fn a_first_run_may_remember_only_and_a_hint_looks_at_once() {
    let desk = Desk::zendesk().variable("first_run", "baseline").start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    desk.account(|account| requests(account, ana, 2));
    assert_eq!(desk.poll().await.clean().source("zendesk").baselined, 2);
    let (ticket, request) = desk.account(|account| {
        let ticket = account.ticket("Another");
        (ticket, account.ask(ticket, ZendeskAssignee::User(ana)))
    });
    let hint = json!({ "source": "zendesk", "ticket_id": ticket.to_string() });
    assert_eq!(desk.post("/hints", hint).await.status, 200);
    assert_eq!(desk.told(), [format!("zendesk:{request}")]);
    desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(desk.cards().len(), 1);
    assert_eq!(desk.get("/approvals?source=zendesk").await.ids().len(), 3);
}

#[tokio::test]
async fn what_only_a_message_tells_of_ends_as_well() {
    let desk = Desk::zendesk().start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    let all = desk.account(|account| requests(account, ana, 2));
    desk.world(|world| world.fault(Fault::on("POST", "/notify").replies(400, "{}").always()));
    assert_eq!(desk.poll().await.outbox.dead, 2, "given up");
    desk.world(|world| world.clear_faults());
    desk.account(|account| account.withdraw(&all[0])).unwrap();
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(desk.get("/approvals?source=zendesk").await.ids(), [format!("zendesk:{}", all[1])]);
    assert!(desk.cards().is_empty());
}
