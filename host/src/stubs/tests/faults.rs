//! Scripted faults, limits, the journal, latency.

use super::*;
use std::sync::atomic::AtomicUsize;

#[tokio::test]
async fn a_fault_strikes_the_calls_it_names_as_often_as_it_says() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| {
        world.fault(
            Fault::on("GET", "/approval_levels").after(1).times(2).replies(503, "{}").header("Retry-After", "3"),
        );
        world.request().level(&[ANA]).add()
    });
    let levels = format!("/requests/{}/approval_levels", ticket.ticket);
    assert_eq!(tester.get("/requests").await.0, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(tester.get(&levels).await.0);
    }
    assert_eq!(statuses, [200, 503, 503, 200]);
    tester.with(|world| {
        assert_eq!(world.journal.calls().filter(|call| call.struck).count(), 2);
        world.fault(Fault::on("GET", "/requests").containing("\"row_count\":7").always().sdp_error(4015, "slow"));
    });
    assert_eq!(tester.list("/requests", json!({"row_count": 7})).await.0, 429);
    assert_eq!(tester.list("/requests", json!({"row_count": 8})).await.0, 200);
    tester.with(World::clear_faults);
    assert_eq!(tester.list("/requests", json!({"row_count": 7})).await.0, 200);
}

#[tokio::test]
async fn a_connection_drops_before_or_after_the_deed() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| {
        world.fault(Fault::on("PUT", "/_approve").drops());
        world.fault(Fault::on("PUT", "/_approve").drops_after_effect());
        world.request().level(&[ANA]).add()
    });
    let at = ticket.approval(0, 0);
    let path = format!("{}/_approve", approval_path(&at));
    assert_eq!(tester.send(tester.request(Method::PUT, &path, comment("x"))).await, Err(Dropped));
    assert!(tester.with(|world| world.truth_of(&at)).unwrap().live);
    assert_eq!(tester.send(tester.request(Method::PUT, &path, comment("x"))).await, Err(Dropped));
    assert_eq!(tester.with(|world| world.truth_of(&at)).unwrap().state, State::Approved);
    tester.with(|world| {
        let calls: Vec<&Call> = world.journal.matching("PUT", "/_approve").collect();
        assert_eq!((calls[0].ending, &calls[0].effect), (Ending::Dropped, &Effect::Nothing));
        assert_eq!(
            (calls[1].ending, &calls[1].effect),
            (Ending::Dropped, &Effect::Decided { id: at.id(), approved: true })
        );
    });
}

#[tokio::test]
async fn an_answer_can_be_lost_behind_a_proxys_error_though_the_deed_is_done() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| {
        world.fault(Fault::on("PUT", "").replies(502, "bad gateway").content_type("text/html").in_effect());
        world.request().level(&[ANA]).add()
    });
    assert_eq!(tester.answer(&ticket.approval(0, 0), "_reject", comment("x")).await.0, 502);
    assert_eq!(tester.with(|world| world.truth_of(&ticket.approval(0, 0))).unwrap().state, State::Rejected);
}

#[tokio::test]
async fn an_answer_can_be_html_or_cut_in_half() {
    let tester = Tester::cloud();
    tester.with(|world| {
        world.fault(Fault::on("GET", "/requests").html());
        world.fault(Fault::on("GET", "/requests").truncates());
    });
    let call = || tester.stubs.handle(tester.request(Method::GET, "/requests", None));
    let html = call().await.unwrap();
    assert_eq!((html.status().as_u16(), html.body().starts_with(b"<!DOCTYPE html>")), (200, true));
    let cut = call().await.unwrap();
    assert!(serde_json::from_slice::<Value>(cut.body()).is_err());
    assert_eq!(cut.extensions().get::<Cut>().unwrap().full_length / 2, cut.body().len());
}

#[tokio::test]
async fn too_many_calls_are_refused_in_each_vendors_own_words() {
    let tester = Tester::cloud();
    tester.with(|world| world.fault(Fault::on("*", "").always().too_many(Some("7"))));
    let sdp = tester.stubs.handle(tester.request(Method::GET, "/requests", None)).await.unwrap();
    assert_eq!(
        (sdp.status().as_u16(), &sdp.headers()["retry-after"]),
        (429, &"7".parse::<http::HeaderValue>().unwrap())
    );
    assert_eq!(code(&serde_json::from_slice(sdp.body()).unwrap()), 4015);
    let request = Request::post("/rest/v1/events/x/messages/send").body(Bytes::new()).unwrap();
    let (status, body) = tester.send(request).await.unwrap();
    assert_eq!((status, body["error"]["code"].is_string()), (429, true));
    tester.with(|world| {
        world.clear_faults();
        world.fault(Fault::on("GET", "/requests").url_blocked());
    });
    let (status, body) = tester.get("/requests").await;
    assert_eq!(status, 400);
    assert!(body.to_string().contains("URL blocked as maximum access limit for the page is exceeded"));
}

#[tokio::test]
async fn a_limit_counts_by_url_pattern() {
    let tester = Tester::cloud();
    let tickets = tester.with(|world| {
        world.limit(RateLimit::per_minute("GET", "/approval_levels", 2).blocked_for(Duration::from_secs(90)));
        world.populate(3, 1, 1)
    });
    let mut statuses = Vec::new();
    for ticket in &tickets {
        statuses.push(tester.get(&format!("/requests/{}/approval_levels", ticket.ticket)).await.0);
    }
    assert_eq!(statuses, [200, 200, 429], "three tickets, one pattern");
    let level = format!("/requests/{}/approval_levels/{}/approvals", tickets[0].ticket, tickets[0].levels[0].level);
    assert_eq!(tester.get(&level).await.0, 200, "another pattern");
    let again = format!("/requests/{}/approval_levels", tickets[0].ticket);
    tester.pass(61_000);
    assert_eq!(tester.get(&again).await.0, 429, "still blocked");
    tester.pass(30_000);
    assert_eq!(tester.get(&again).await.0, 200);
}

#[tokio::test]
async fn a_failure_can_hide_inside_a_success() {
    let tester = Tester::cloud();
    tester.with(|world| world.fault(Fault::on("GET", "/requests").sdp_error(4002, "no").status(200)));
    let (status, body) = tester.get("/requests").await;
    assert_eq!((status, code(&body)), (200, 4002));
}

#[tokio::test]
async fn lists_can_lie_about_their_pages() {
    let tester = Tester::cloud();
    tester.with(|world| {
        for n in 1..=15 {
            world.request().number(&n.to_string()).created(START - n).add();
        }
        world.fault(Fault::on("GET", "/requests").repeats_page());
        world.fault(Fault::on("GET", "/requests").claims_more());
        world.fault(Fault::on("GET", "/requests").omits_list_info());
    });
    let page = async |start: u64| tester.list("/requests", json!({"start_index": start})).await.1;
    let repeated = page(11).await;
    assert_eq!(
        (&repeated["requests"][0]["display_id"], &repeated["list_info"]["has_more_rows"]),
        (&json!("1"), &json!(true))
    );
    let endless = page(101).await;
    assert_eq!((&endless["requests"], &endless["list_info"]["has_more_rows"]), (&json!([]), &json!(true)));
    assert!(page(1).await.get("list_info").is_none());
    assert_eq!(page(11).await["list_info"]["has_more_rows"], false);
}

#[tokio::test]
async fn the_journal_tells_what_came_in() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    tester.list("/requests", json!({"row_count": 100})).await;
    let mark = tester.with(|world| world.journal.mark());
    tester.answer(&ticket.approval(0, 0), "_approve", comment("ok & fine")).await;
    tester.with(|world| {
        let journal = &world.journal;
        assert_eq!((journal.count("GET", "/requests"), journal.count("", ""), journal.total()), (1, 2, 2));
        let call = journal.since(mark).next().unwrap();
        assert_eq!((call.number, call.method.as_str(), call.vendor, call.via), (2, "PUT", Vendor::Sdp, Via::Form));
        assert_eq!(call.input, Some(json!({"approval": {"comments": "ok & fine"}})));
        assert_eq!(call.auth, Auth { scheme: "Zoho-oauthtoken".into(), verdict: Verdict::Right });
        assert_eq!((call.host.as_str(), call.status()), ("desk.example", Some(200)));
        world.journal.keep(Some(1));
        assert_eq!(world.journal.calls().count(), 1);
    });
    tester.get("/requests").await;
    let kept = tester.with(|world| world.journal.calls().map(|call| (call.number, call.status())).collect::<Vec<_>>());
    assert_eq!(kept, [(3, Some(200))]);
}

#[tokio::test]
async fn waits_overlap_and_the_most_at_once_is_known() {
    let tester = Tester::cloud();
    let stubs = tester.stubs.clone().with_sleeper(Arc::new(|time| Box::pin(tokio::time::sleep(time))));
    stubs.with(|world| world.set_latency(Duration::from_millis(60)));
    let done = AtomicUsize::new(0);
    let started = std::time::Instant::now();
    let calls = (0..20).map(|_| async {
        stubs.handle(tester.request(Method::GET, "/requests", None)).await.unwrap();
        done.fetch_add(1, Ordering::SeqCst);
    });
    futures::future::join_all(calls).await;
    assert!(started.elapsed() < Duration::from_millis(600), "one after the other would take 1200 ms");
    assert_eq!(done.load(Ordering::SeqCst), 20);
    stubs.with(|world| assert_eq!((world.journal.max_in_flight(), world.journal.in_flight()), (20, 0)));
}

#[tokio::test]
async fn a_caller_that_goes_away_is_noted_and_its_late_answer_may_have_taken_effect() {
    let tester = Tester::cloud();
    let stubs = tester.stubs.clone().with_sleeper(Arc::new(|_| Box::pin(std::future::pending())));
    let ticket = stubs.with(|world| {
        world.fault(Fault::on("PUT", "").delays(Duration::from_secs(9)));
        world.fault(Fault::on("PUT", "").delays_reply(Duration::from_secs(9)));
        world.request().level(&[ANA]).add()
    });
    let at = ticket.approval(0, 0);
    for (state, effect) in [(State::Pending, false), (State::Approved, true)] {
        let request = tester.request(Method::PUT, &format!("{}/_approve", approval_path(&at)), None);
        let call = tokio::time::timeout(Duration::from_millis(5), stubs.handle(request)).await;
        assert!(call.is_err());
        stubs.with(|world| {
            assert_eq!(world.truth_of(&at).unwrap().state, state);
            let last = world.journal.calls().last().unwrap();
            assert_eq!((last.ending, last.effect != Effect::Nothing), (Ending::Abandoned, effect));
        });
    }
}

#[tokio::test]
async fn vendors_can_be_told_apart_by_host() {
    let tester = Tester::cloud();
    tester.with(|world| {
        world.settings.hosts = Some(Hosts {
            sdp: "desk.example".into(),
            zoho: "accounts.zoho.eu".into(),
            zendesk: "corp.zendesk.example".into(),
            moveworks: "api.moveworks.ai".into(),
        });
    });
    assert_eq!(tester.get("/requests").await.0, 200);
    let request = Request::post("https://desk.example/oauth/v2/token").body(Bytes::new()).unwrap();
    assert_eq!(tester.send(request).await.unwrap().0, 404);
    let request = Request::get("https://desk.example/elsewhere").body(Bytes::new()).unwrap();
    assert_eq!(tester.send(request).await.unwrap().0, 404);
    assert_eq!(tester.with(|world| world.journal.calls().last().unwrap().vendor), Vendor::Unknown);
}
