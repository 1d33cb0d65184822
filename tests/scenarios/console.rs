//! The console: a page for people, behind the same token as everything else.
//!
//! A wrong implementation lets somebody in without the token or with an old cookie, takes a form from another site for
//! its own, changes something because a page was looked at, lets a ticket write markup, or shows a secret.

use approval_bridge::stubs::Fault;
use approval_bridge::variables::KNOWN;
use approval_bridge_tests::harness::{ANA, API_TOKEN, Answer, BO, Browser, Desk, minutes};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

/// Everything that is posted.
const POSTS: [&str; 3] = ["/console/poll", "/console/retry", "/console/sign-out"];

async fn signed_in(desk: &Desk) -> Browser<'_> {
    let mut browser = Browser::new(desk);
    assert_eq!(browser.sign_in(API_TOKEN).await.status, 303);
    browser
}

/// Every page, whatever it says, is one of ours and allows nothing.
fn is_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    is_guarded(answer);
    assert!(answer.text.starts_with("<!DOCTYPE html>") && answer.text.contains("<h1>"), "{}", answer.text);
}

fn is_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in
        ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{part} is missing from {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn who_has_not_signed_in_sees_a_form_and_nothing_else() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.forget_calls();
    let before = desk.entries();
    for path in ["/console", "/console?approval=sdp:requests:1:2:3", "/console?surprise=1"] {
        let answer = Browser::new(&desk).get(path).await;
        is_page(&answer);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{path}");
        assert!(answer.text.contains("/console/sign-in") && !answer.text.contains(ANA.1), "{}", answer.text);
    }
    for path in POSTS {
        let answer = Browser::new(&desk).post(path, &[("id", "1")]).await;
        is_page(&answer);
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!((desk.count("*", ""), desk.entries() == before), (0, true), "nobody was called, nothing was written");
}

#[tokio::test]
async fn a_program_without_the_token_is_answered_as_on_every_other_route() {
    let get = |token: &str, accept: &str| {
        let request = Request::get("http://bridge.example/console").header("authorization", format!("Bearer {token}"));
        request.header("accept", accept).body(Bytes::new()).unwrap()
    };
    let desk = Desk::cloud().start();
    for accept in ["*/*", "application/json", ""] {
        assert_eq!(desk.send(get("wrong", accept)).await.error(), (401, "AUTHENTICATION_FAILED"), "{accept}");
        is_page(&desk.send(get(API_TOKEN, accept)).await);
    }
    let desk = Desk::cloud().without("api_token").start();
    assert_eq!(desk.send(get("wrong", "*/*")).await.error(), (503, "NOT_CONFIGURED"));
    let browser = Browser::new(&desk).get("/console").await;
    is_page(&browser);
    assert_eq!(browser.status, 503);
}

#[tokio::test]
async fn the_token_opens_the_console_for_half_an_hour() {
    let desk = Desk::cloud().start();
    let mut browser = Browser::new(&desk);
    for wrong in ["", "wrong", &API_TOKEN[1..], &format!("{API_TOKEN}x")] {
        let answer = browser.sign_in(wrong).await;
        is_page(&answer);
        assert_eq!((answer.status, answer.header("set-cookie")), (401, ""), "{wrong}");
        assert!(answer.text.contains("role=\"alert\""));
    }
    let answer = browser.sign_in(API_TOKEN).await;
    is_guarded(&answer);
    assert_eq!((answer.status, answer.header("location")), (303, "/console"));
    for attribute in ["Max-Age=1800", "Path=/console", "HttpOnly", "SameSite=Strict", "Secure"] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.split("; ").any(|own| own == attribute), "{attribute} is missing from {cookie}");
    }
    let page = browser.get("/console").await;
    is_page(&page);
    assert_eq!(page.status, 200);
    desk.advance(minutes(29));
    assert_eq!(browser.get("/console").await.status, 200);
    desk.advance(minutes(1));
    assert_eq!(browser.get("/console").await.status, 401);
}

#[tokio::test]
async fn another_token_ends_every_session() {
    let desk = Desk::cloud().start();
    let cookie = signed_in(&desk).await.cookie;
    let desk = desk.reconfigure("api_token", "another-token");
    let mut browser = Browser::new(&desk);
    browser.cookie = cookie;
    assert_eq!(browser.get("/console").await.status, 401);
}

#[tokio::test]
async fn whoever_signs_out_is_out() {
    let desk = Desk::cloud().start();
    let browser = signed_in(&desk).await;
    browser.get("/console").await;
    let answer = browser.post("/console/sign-out", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/console"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
}

/// Browsers keep no secure cookie of a plain address; only on the own machine there is no line to listen on.
#[tokio::test]
async fn only_on_the_own_machine_the_cookie_goes_over_plain_http() {
    let desk = Desk::cloud().start();
    for (host, bare) in [("127.0.0.1:3000", true), ("localhost", true), ("bridge.example", false)] {
        let request = Request::builder()
            .method("POST")
            .uri(format!("http://{host}/console/sign-in"))
            .header("origin", format!("http://{host}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(format!("token={API_TOKEN}")));
        let answer = desk.send(request.unwrap()).await;
        assert_eq!(answer.status, 303, "{host}");
        assert_eq!(!answer.header("set-cookie").contains("Secure"), bare, "{host}");
    }
}

#[tokio::test]
async fn without_api_token_the_console_is_503_and_says_why() {
    let desk = Desk::cloud().without("api_token").start();
    let browser = Browser::new(&desk);
    for answer in [browser.get("/console").await, browser.post("/console/poll", &[]).await] {
        is_page(&answer);
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("api_token"));
    }
}

#[tokio::test]
async fn a_bearer_token_opens_the_page_and_changes_nothing() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.forget_calls();
    let page = desk.get("/console").await;
    is_page(&page);
    assert!(page.status == 200 && page.text.contains(ANA.1) && !page.text.contains("<form"), "{}", page.text);
    for path in POSTS {
        assert_eq!(desk.call("POST", path, Value::Null).await.status, 401, "{path}");
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn other_methods_and_addresses_are_as_everywhere() {
    let desk = Desk::cloud().start();
    for (method, path, status, allow) in [
        ("POST", "/console", 405, "GET,HEAD"),
        ("GET", "/console/poll", 405, "POST"),
        ("GET", "/console/sign-in", 405, "POST"),
        ("GET", "/console/nowhere", 404, ""),
        ("GET", "/console/", 404, ""),
    ] {
        let answer = desk.call(method, path, Value::Null).await;
        assert_eq!((answer.error().0, answer.header("allow")), (status, allow), "{method} {path}");
        let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
        let stranger = desk.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(stranger.error(), (401, "AUTHENTICATION_FAILED"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_tells_what_waits_for_whom_and_shows_the_card() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    desk.poll().await.clean();
    desk.advance(minutes(130));
    let browser = signed_in(&desk).await;
    let page = browser.get("/console").await;
    let id = ticket.approval(0, 0).id();
    for text in [ANA.0, ANA.1, BO.0, "2 hours ago", &format!("/console?approval={id}")] {
        assert!(page.text.contains(text), "{text} is missing: {}", page.text);
    }
    let answer = browser.get(&format!("/console?approval={id}")).await;
    is_page(&answer);
    let api = desk.get(&format!("/approvals/{id}")).await;
    for field in api.body["card"]["fields"].as_array().unwrap() {
        assert!(answer.text.contains(field["label"].as_str().unwrap()), "{field}");
    }
    assert!(answer.text.contains("approval-card") && answer.text.contains("Approve</button>"), "{}", answer.text);
    for unknown in ["sdp:requests:1:2:999", "nonsense", "../../etc"] {
        let answer = browser.get(&format!("/console?approval={unknown}")).await;
        is_page(&answer);
        assert_eq!(answer.status, 404, "{unknown}");
    }
    for (odd, status) in [
        ("order=random", 400),
        ("surprise=1", 400),
        ("order=newest&order=oldest", 400),
        ("after=1", 404),
        ("after=", 404),
    ] {
        assert_eq!(browser.get(&format!("/console?{odd}")).await.status, status, "{odd}");
    }
}

#[tokio::test]
async fn all_that_waits_is_on_some_page_of_the_list() {
    let desk = Desk::cloud().start();
    desk.world(|world| world.populate(120, 1, 1));
    desk.poll().await;
    let browser = signed_in(&desk).await;
    for order in ["oldest", "newest"] {
        let (mut path, mut seen) = (format!("/console?order={order}"), Vec::new());
        loop {
            let page = browser.get(&path).await;
            let links = page.text.split("scope=\"row\"><a href=\"/console?approval=sdp:").skip(1);
            seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
            let Some((before, _)) = page.text.split_once("\" rel=\"next\"") else { break };
            path = before.rsplit_once("href=\"").unwrap().1.replace("&amp;", "&").replace("#waiting", "");
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((all, seen.len()), (120, 120), "{order}");
    }
}

#[tokio::test]
async fn the_last_sweeps_tell_what_went_wrong_and_what_to_do() {
    let desk = Desk::cloud().start();
    desk.poll().await.clean();
    desk.world(|world| world.fault(Fault::on("GET", "/api/v3/").sdp_error(4002, "Not for you").always()));
    desk.advance(minutes(1));
    let report = desk.poll().await;
    assert!(!report.errors().is_empty());
    let page = signed_in(&desk).await.get("/console").await.text;
    for text in ["2025-11-24 16:01", "FORBIDDEN", "What to do:", "failing", "2025-11-24 16:00"] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
}

#[tokio::test]
async fn sweep_now_sweeps_and_comes_back() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    let browser = signed_in(&desk).await;
    let empty = browser.get("/console").await;
    assert!(empty.text.contains("No sweep has run yet"));
    let answer = browser.post("/console/poll", &[]).await;
    is_guarded(&answer);
    assert_eq!((answer.status, answer.header("location")), (303, "/console?done=swept"));
    assert_eq!(desk.cards().len(), 1);
    let page = browser.get("/console?done=swept").await;
    assert!(page.text.contains("The sweep is done.") && page.text.contains(ANA.1), "{}", page.text);
}

#[tokio::test]
async fn a_sweep_that_cannot_run_says_what_is_missing() {
    let desk = Desk::cloud().without("moveworks_api_key").start();
    let browser = signed_in(&desk).await;
    let page = browser.get("/console").await;
    assert!(page.status == 200 && page.text.contains("No sweep can run"), "{}", page.text);
    let answer = browser.post("/console/poll", &[]).await;
    is_page(&answer);
    assert!(answer.status == 500 && answer.text.contains("moveworks_api_key"), "{}", answer.text);
}

#[tokio::test]
async fn a_given_up_message_is_retried_by_its_button() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").always()));
    desk.poll().await;
    let listed = desk.get("/outbox").await;
    assert_eq!(listed.body["messages"][0]["state"], "dead", "{listed:?}");
    let id = listed.body["messages"][0]["id"].as_str().unwrap();
    desk.world(|world| world.clear_faults());
    let browser = signed_in(&desk).await;
    let page = browser.get("/console").await;
    assert!(page.text.contains("1 given up") && page.text.contains(&format!("value=\"{id}\"")), "{}", page.text);
    let unknown = browser.post("/console/retry", &[("id", "none")]).await;
    is_page(&unknown);
    assert_eq!(unknown.status, 404);
    let answer = browser.post("/console/retry", &[("id", id)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/console?done=retried"));
    assert_eq!(desk.get("/outbox").await.body["messages"][0]["state"], "waiting");
    desk.advance(minutes(1));
    desk.poll().await.clean();
    assert_eq!(desk.cards().len(), 1);
    let trail = desk.get("/audit").await.text;
    assert!(trail.contains(id), "{trail}");
}

#[tokio::test]
async fn a_form_that_is_not_of_a_page_of_this_session_does_nothing() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    let browser = signed_in(&desk).await;
    browser.get("/console").await;
    let own = browser.form.borrow().clone().unwrap();
    desk.advance(minutes(1));
    let other = signed_in(&desk).await;
    other.get("/console").await;
    let foreign = other.form.borrow().clone().unwrap();
    assert_ne!(own, foreign, "two sessions have forms of their own");
    let before = desk.entries();
    let good = browser.form_request("/console/poll", &[("form", &own)]);
    let with = |name: &'static str, value: &str| {
        let mut request = good.clone();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for (what, request) in [
        ("no token", browser.form_request("/console/poll", &[])),
        ("an empty token", browser.form_request("/console/poll", &[("form", "")])),
        ("the token of another session", browser.form_request("/console/poll", &[("form", &foreign)])),
        ("a field more", browser.form_request("/console/poll", &[("form", &own), ("more", "1")])),
        ("twice the token", browser.form_request("/console/poll", &[("form", &own), ("form", &own)])),
        ("another origin", with("origin", "http://evil.example")),
        ("no origin that may be told", with("origin", "null")),
        ("another site", with("sec-fetch-site", "cross-site")),
        ("another part of the site", with("sec-fetch-site", "same-site")),
        ("plain text", with("content-type", "text/plain")),
    ] {
        let answer = browser.send(request).await;
        is_page(&answer);
        assert_eq!(answer.status, 403, "{what}");
    }
    let evil = Request::builder()
        .method("POST")
        .uri("http://bridge.example/console/sign-in")
        .header("origin", "https://evil.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(format!("token={API_TOKEN}")));
    let answer = Browser::new(&desk).send(evil.unwrap()).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "nobody is signed in from elsewhere");
    assert_eq!((desk.count("*", ""), desk.entries() == before), (0, true), "nothing was done");
    assert_eq!(browser.send(good).await.status, 303, "the own form is good");
}

#[tokio::test]
async fn looking_changes_nothing_and_calls_nobody() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA, BO]).add())).start();
    desk.world(|world| world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").always()));
    desk.poll().await;
    desk.forget_calls();
    let browser = signed_in(&desk).await;
    let before = desk.entries();
    let id = desk.get("/approvals").await.ids().remove(0);
    for path in ["/console", "/console?order=newest", "/console?done=swept", &format!("/console?approval={id}")] {
        for method in ["GET", "HEAD"] {
            let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
            assert_eq!(browser.send(request.body(Bytes::new()).unwrap()).await.status, 200, "{method} {path}");
        }
    }
    assert!(desk.entries() == before, "nothing is written");
    assert_eq!(desk.count("*", ""), 0, "nobody is called");
}

#[tokio::test]
async fn what_a_ticket_says_stays_text() {
    let desk = Desk::cloud().start();
    let evil = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'--><style>*{}</style>";
    let at = desk.world(|world| {
        let ticket = world.request().subject(evil).description(evil).level(&[(evil, ANA.1)]).add();
        ticket.approval(0, 0)
    });
    desk.poll().await.clean();
    let browser = signed_in(&desk).await;
    for path in ["/console".to_owned(), format!("/console?approval={}", at.id())] {
        let page = browser.get(&path).await.text;
        assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
        for never in ["<script", "<img", "onerror=alert(2)>"] {
            assert!(!page.contains(never), "{never} in {page}");
        }
        assert_eq!(page.matches("<style").count(), 2, "ours alone");
    }
}

#[tokio::test]
async fn settings_are_shown_and_secrets_only_as_set() {
    let mut setup = Desk::cloud().variable("quiet_hours", "19:00-08:00").variable("concurrency", "canary-and-wrong");
    let secrets: Vec<_> = KNOWN.iter().filter(|known| known.secret).map(|known| known.name).collect();
    for name in secrets.iter().filter(|name| **name != "api_token") {
        setup = setup.without(name).variable(name, &format!("canary-{name}-value"));
    }
    let desk = setup.start();
    let page = signed_in(&desk).await.get("/console").await.text;
    for text in ["19:00-08:00", "quiet_hours", "expected a whole number from 1 to 256"] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    for known in KNOWN {
        assert!(page.contains(&format!("<code>{}</code>", known.name)), "{} is not listed", known.name);
    }
    assert!(!page.contains("canary") && !page.contains(API_TOKEN), "{page}");
    assert_eq!(approval_bridge_component::config::SECRETS, secrets, "what is secret is the same on both sides");
}
