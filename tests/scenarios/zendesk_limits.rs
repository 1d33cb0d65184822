//! Limits and failures of Zendesk: waited out, told, and never taken for an answer.
//!
//! A wrong implementation comes back at once because it was told to wait one second, takes a log-in page for an empty
//! list, or lets one poisoned record keep a hundred others from their approvers.

use std::time::Duration;

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{ANA, BO, Desk, minutes, requests};
use serde_json::json;

#[tokio::test]
async fn a_rate_limit_in_plain_text_is_waited_out_for_at_least_a_few_seconds() {
    let desk = Desk::zendesk().start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    desk.account(|account| requests(account, ana, 1));
    desk.world(|world| world.fault(Fault::on("GET", "/api/v2/approval_requests").too_many(Some("1"))));
    desk.poll().await.clean();
    let lists: Vec<_> = desk.calls("GET", "/api/v2/approval_requests").iter().map(|call| call.at).collect();
    assert_eq!(lists.len(), 2);
    assert!(lists[1] - lists[0] >= 5_000, "{lists:?}");
    assert_eq!(desk.told(), desk.asked());
}

#[tokio::test]
async fn a_limit_beyond_the_sweep_is_kept_to_in_the_next_one() {
    let desk = Desk::zendesk().start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    desk.account(|account| requests(account, ana, 1));
    desk.world(|world| world.fault(Fault::on("GET", "/api/v2/").too_many(Some("150"))));
    let report = desk.poll().await;
    assert_eq!((report.codes(), report.complete), (vec!["RATE_LIMITED".to_owned()], false));
    desk.advance(minutes(1));
    desk.forget_calls();
    desk.poll().await;
    assert_eq!(desk.count("*", "/api/v2/"), 0);
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(desk.told(), desk.asked());
}

#[tokio::test]
async fn a_failing_list_says_nothing_about_what_is_asked() {
    let page = || Fault::on("GET", "/api/v2/approval_requests").always();
    for (fault, code) in [
        (page().html(), "NOT_JSON"),
        (page().html().status(404), "NOT_JSON"),
        (page().replies(200, "{}"), "UNREADABLE"),
        (page().replies(401, json!({ "error": "Couldn't authenticate you" }).to_string()), "CREDENTIAL_REFUSED"),
        (page().replies(403, json!({ "error": { "title": "Forbidden", "message": "No" } }).to_string()), "FORBIDDEN"),
        (page().replies(503, "<html>Maintenance</html>"), "SOURCE_FAULT"),
        (page().drops(), "ANSWER_LOST"),
        (page().truncates(), "NOT_JSON"),
    ] {
        let desk = Desk::zendesk().variable("closing_notices", "all").start();
        let ana = desk.account(|account| account.user(ANA.0, ANA.1));
        desk.account(|account| requests(account, ana, 3));
        desk.poll().await.clean();
        desk.world(|world| world.fault(fault));
        desk.advance(minutes(1));
        let report = desk.poll().await;
        assert_eq!((report.codes(), report.complete), (vec![code.to_owned()], false));
        assert_eq!(report.source("zendesk").closed, 0);
        desk.world(|world| world.clear_faults());
        desk.poll_every(minutes(1), 2).await.clean();
        assert_eq!(desk.told(), desk.asked(), "{code}");
    }
}

#[tokio::test]
async fn one_poisoned_record_keeps_nobody_else_waiting() {
    for (path, told) in [("/users/show_many", 4), ("/tickets/show_many", 5)] {
        let desk = Desk::zendesk().start();
        let poisoned = desk.account(|account| {
            let (ana, bo) = (account.user(ANA.0, ANA.1), account.user(BO.0, BO.1));
            requests(account, ana, 4);
            let request = requests(account, bo, 1).remove(0);
            if path.starts_with("/users") { bo } else { account.request(&request).unwrap().ticket }
        });
        desk.world(|world| {
            world.fault(Fault::on("GET", path).containing(&poisoned.to_string()).replies(400, "{}").always());
        });
        let report = desk.poll().await;
        assert_eq!((desk.cards().len(), report.codes()), (told, vec!["REFUSED".to_owned()]), "{path}");
        desk.world(|world| world.clear_faults());
        desk.poll_every(minutes(1), 1).await.clean();
        assert_eq!(desk.told(), desk.asked(), "{path}");
    }
}

#[tokio::test]
async fn a_group_that_cannot_be_read_waits_and_the_others_are_told() {
    let desk = Desk::zendesk().start();
    desk.account(|account| {
        let (ana, bo) = (account.user(ANA.0, ANA.1), account.user(BO.0, BO.1));
        let group = account.group("Security", &[bo]);
        let ticket = account.ticket("Port 443");
        account.ask(ticket, approval_bridge::stubs::ZendeskAssignee::Group(group));
        requests(account, ana, 1);
    });
    desk.world(|world| world.fault(Fault::on("GET", "/memberships").replies(403, "{}").always()));
    let report = desk.poll().await;
    assert_eq!((report.codes(), report.complete), (vec!["FORBIDDEN".to_owned()], false));
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [ANA.1]);
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.asked());
}

#[tokio::test]
async fn zendesk_and_service_desk_plus_do_not_wait_for_one_another() {
    let desk = Desk::zendesk()
        .variable("sdp_base_url", "https://sdp.example")
        .variable("sdp_authtoken", approval_bridge::stubs::SDP_AUTHTOKEN)
        .start();
    desk.world(|world| {
        world.on_premises();
        world.request().level(&[BO]).add();
        let ana = world.zendesk.user(ANA.0, ANA.1);
        requests(&mut world.zendesk, ana, 1);
        world.fault(Fault::on("GET", "/api/v2/").delays(Duration::from_secs(60)).always());
    });
    let report = desk.poll().await;
    assert!(!report.complete);
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(1), 2).await.clean();
    assert_eq!(desk.cards().len(), 2);
}
