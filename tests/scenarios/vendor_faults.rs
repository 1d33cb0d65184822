//! What ServiceDesk Plus answers when it is not well, and what the bridge makes of it: wait, repeat, report, go on.
//!
//! A wrong implementation believes the HTTP status, repeats what will never work, storms at a limit, or takes a log-in
//! page for an empty list and closes everything.

use approval_bridge::stubs::{Edition, Fault, RateLimit, Refusal};
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, minutes, seconds};

/// A desk with one announced approval.
async fn asked(setup: Setup) -> Desk {
    let desk = setup.world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.forget_calls();
    desk
}

/// sdp.md §12, row 25.
#[tokio::test]
async fn a_limit_is_waited_out_for_as_long_as_it_says() {
    let desk = Desk::cloud().world(|world| drop(world.populate(5, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("GET", "/approval_levels").too_many(Some("20"))));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    let calls = desk.calls("GET", "/api/v3/");
    let limited = calls.iter().find(|call| call.status() == Some(429)).unwrap();
    let early = calls.iter().filter(|call| call.at > limited.at && call.at < limited.at + 20_000).count();
    assert_eq!(early, 0, "nobody calls before the time is over");
}

/// sdp.md §12, row 25: on-premises says it inside a 400, and counts per minute.
#[tokio::test]
async fn a_blocked_url_is_left_alone_for_a_minute_over_sweeps_and_processes() {
    let desk = asked(Desk::on_premises()).await;
    desk.world(|world| {
        world.fault(Fault::on("GET", "/requests").url_blocked());
        let now = world.now();
        world.request().updated(now).level(&[BO]).add();
    });
    desk.advance(minutes(1));
    let report = desk.poll().await;
    assert!(!report.complete);
    let blocked = desk.calls("GET", "/requests")[0].at;
    let desk = desk.restart();
    desk.poll_every(seconds(10), 8).await;
    let early: Vec<_> = desk
        .calls("*", "/api/v3/")
        .iter()
        .map(|call| call.at - blocked)
        .filter(|after| (1..60_000).contains(after))
        .collect();
    assert!(early.is_empty(), "calls after {early:?} ms");
    assert_eq!(desk.told(), desk.due());
}

/// sdp.md §9: a walk over many tickets exhausts one pattern quickly; it is slow then, and whole.
#[tokio::test]
async fn a_walk_under_a_rate_limit_gets_through() {
    let desk = Desk::on_premises().world(|world| drop(world.populate(60, 1, 1))).start();
    desk.world(|world| {
        let limit = RateLimit::per_minute("GET", "/api/v3/", 10).refusing(Refusal::UrlBlocked);
        world.limit(limit.blocked_for(minutes(1)));
    });
    for sweep in 1..=40 {
        desk.poll().await;
        let told = desk.told();
        if told == desk.due() {
            assert!(sweep >= 6, "ten tickets a minute at the most: {sweep} sweeps");
            return;
        }
        desk.advance(seconds(15));
    }
    panic!("{} of 60 were told", desk.told().len());
}

/// sdp.md §8: transient faults are repeated within the sweep, a few times and further apart.
#[tokio::test]
async fn a_passing_fault_is_not_seen_in_the_report() {
    for fault in [
        Fault::on("GET", "/requests").replies(500, ""),
        Fault::on("GET", "/requests").replies(502, "Bad Gateway").content_type("text/html"),
        Fault::on("GET", "/requests").replies(503, ""),
        Fault::on("GET", "/requests").replies(504, ""),
        Fault::on("GET", "/requests").drops(),
        Fault::on("GET", "/requests").truncates(),
        Fault::on("GET", "/requests").html(),
        Fault::on("GET", "/requests").sdp_error(4004, "Internal Error"),
    ] {
        let desk = asked(Desk::cloud()).await;
        desk.world(|world| {
            world.fault(fault.clone().times(2));
            let now = world.now();
            world.request().updated(now).level(&[BO]).add();
        });
        desk.poll_every(minutes(1), 1).await.clean();
        assert_eq!(desk.told(), desk.due(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_given_up_after_a_few_tries_and_named() {
    for (fault, code) in [
        (Fault::on("GET", "/requests").replies(503, ""), "SOURCE_FAULT"),
        (Fault::on("GET", "/requests").html(), "NOT_JSON"),
        (Fault::on("GET", "/requests").drops(), "ANSWER_LOST"),
        (Fault::on("GET", "/requests").sdp_error(4004, "Internal Error"), "INTERNAL_ERROR"),
    ] {
        let desk = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(fault.always()));
        let report = desk.poll_every(minutes(1), 1).await;
        assert_eq!(report.errors(), [(String::new(), code.to_owned())]);
        assert!((2..=4).contains(&desk.count("GET", "/requests")), "{code}: {}", desk.count("GET", "/requests"));
        assert_eq!(report.requests().closed, 0, "{code}: nothing is concluded from an answer that is none");
        assert_eq!(desk.get("/approvals").await.ids().len(), 1, "{code}");
    }
}

/// sdp.md §12, row 23, and §8: what repeating cannot cure is not repeated.
#[tokio::test]
async fn a_refusal_is_reported_with_its_name_and_not_repeated() {
    let cases = [
        (Fault::on("GET", "/requests").sdp_error(4002, "Forbidden"), "FORBIDDEN"),
        (Fault::on("GET", "/requests").sdp_error(4001, "Invalid").status(200), "INVALID_VALUE"),
        (Fault::on("GET", "/requests").sdp_error(7001, "Licence expired"), "LICENCE"),
        (
            Fault::on("GET", "/requests")
                .replies(200, r#"{"response_status":[{"status_code":3000,"status":"warning"}]}"#),
            "PARTLY_REFUSED",
        ),
        (Fault::on("GET", "/requests").replies(302, "").header("location", "https://evil.example/"), "REDIRECTED"),
        (Fault::on("GET", "/requests").replies(200, r#"{"requests":{}}"#), "UNREADABLE"),
        (Fault::on("GET", "/requests").replies(404, ""), "NOT_FOUND"),
    ];
    for (fault, code) in cases {
        let desk = asked(Desk::cloud()).await;
        desk.world(|world| world.fault(fault.always()));
        let report = desk.poll_every(minutes(1), 1).await;
        assert_eq!(report.errors(), [(String::new(), code.to_owned())]);
        assert_eq!(desk.count("GET", "/requests"), 1, "{code}");
        assert_eq!((report.complete, report.requests().closed), (false, 0), "{code}");
        assert!(desk.calls("*", "").iter().all(|call| call.host != "evil.example"), "{code}");
    }
}

/// A whole day of a sick help desk says nothing and closes nothing; when it is well again all goes on.
#[tokio::test]
async fn after_an_outage_everything_goes_on() {
    for (edition, setup) in [(Edition::Cloud, Desk::cloud()), (Edition::OnPremises, Desk::on_premises())] {
        let desk = asked(setup).await;
        desk.world(|world| world.fault(Fault::on("*", "/api/v3/").drops().always()));
        let ticket = desk.world(|world| {
            let now = world.now();
            world.request().updated(now).level(&[BO]).add()
        });
        desk.poll_every(minutes(30), 48).await;
        assert_eq!(desk.get("/approvals").await.ids().len(), 1, "{edition:?}");
        desk.world(|world| world.clear_faults());
        desk.poll_every(minutes(30), 1).await.clean();
        assert_eq!(desk.told(), desk.due(), "{edition:?}");
        assert!(desk.told().contains(&ticket.approval(0, 0).id()));
    }
}

/// The same for a list that is suddenly empty, as behind a wrong filter or a lost permission: tickets with open
/// approvals are asked one by one before anything is closed.
#[tokio::test]
async fn an_empty_list_closes_nothing() {
    let desk = asked(Desk::cloud()).await;
    let empty = r#"{"response_status":[{"status_code":2000,"status":"success"}],"list_info":{"has_more_rows":false,"row_count":0},"requests":[]}"#;
    desk.world(|world| {
        world.fault(Fault::on("GET", "/requests").containing("fields_required").replies(200, empty).always())
    });
    desk.poll_every(minutes(10), 13).await.clean();
    assert_eq!(desk.get("/approvals").await.ids(), desk.due());
}

/// Half an answer is no answer: what it leaves out has not been withdrawn.
#[tokio::test]
async fn an_answer_without_its_rows_withdraws_nothing() {
    let desk = asked(Desk::cloud()).await;
    let id = desk.due().remove(0);
    let level = id.split(':').nth(3).unwrap().to_owned();
    desk.world(|world| {
        world.fault(
            Fault::on("GET", &format!("/approval_levels/{level}/approvals"))
                .replies(200, r#"{"approvals":[{"id":null}]}"#)
                .always(),
        );
    });
    let report = desk.poll_every(minutes(10), 13).await;
    assert_eq!(report.requests().closed, 0);
    assert_eq!(desk.get("/approvals").await.ids(), [id]);
}
