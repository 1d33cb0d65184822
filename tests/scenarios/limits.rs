//! The host's limits, each run into once through the real component.
//!
//! A wrong implementation has a limit in its settings that nothing looks at, hangs with the vendor, ends with a bare
//! trap in place of the limit's name, or loses the other tickets, or the next call, along with the one that went wrong.
//! (Limits that the component cannot be made to run into from outside have their tests with the host: `call_tests.rs`.)

use std::time::Duration;

use approval_bridge::call::CallError;
use approval_bridge::limits::{LimitError, Limits};
use approval_bridge::stubs::{Fault, World};
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, CY, Desk, minutes};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

/// Two tickets, the second one with this answer for its levels.
fn two(world: &mut World, answer: impl Into<Bytes>) -> [String; 2] {
    let good = world.request().level(&[ANA]).add();
    let bad = world.request().level(&[BO]).add();
    let path = format!("/requests/{}/approval_levels", bad.ticket);
    world.fault(Fault::on("GET", &path).replies(200, answer));
    [good.approval(0, 0).id(), bad.ticket]
}

/// A proper answer of so many bytes.
fn padded(bytes: usize) -> String {
    let body =
        json!({ "response_status": { "status_code": 2000, "status": "success" }, "approval_levels": [], "x": "" });
    let body = body.to_string();
    let (head, tail) = body.split_once(r#""x":""#).expect("the place");
    format!(r#"{head}"x":"{}{tail}"#, "x".repeat(bytes - body.len()))
}

fn request(method: &str, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(format!("http://bridge.example{path}"));
    request.header("authorization", format!("Bearer {API_TOKEN}")).body(body.into()).expect("a proper request")
}

#[tokio::test]
async fn a_call_that_wants_more_memory_than_allowed_is_ended_and_the_next_one_is_well() {
    let limit = 3 << 20;
    let desk = Desk::cloud().limits(|limits| limits.memory_bytes = limit).start();
    desk.poll().await.clean();
    desk.advance(minutes(1));
    desk.world(|world| two(world, padded(3_500_000)));
    let error = desk.try_poll().await.expect_err("this does not fit");
    assert_eq!(error, CallError::Limit(LimitError::Memory { limit }));
    assert!(error.to_string().contains("limits.memory_bytes"), "{error}");
    assert!(desk.bridge().stats().peak_memory <= limit);
    assert_eq!(desk.get("/").await.status, 200);
    desk.advance(minutes(5));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due(), "the sweep after it finds both tickets");
}

/// On the machine's clock: the virtual one stands still here, so that the component's own deadlines never come.
#[tokio::test]
async fn a_vendor_that_never_answers_ends_the_call_at_its_wall_time() {
    let (short, long) = (Duration::from_millis(40), Duration::from_millis(80));
    let set = |limits: &mut Limits| (limits.request_timeout, limits.sweep_timeout) = (short, long);
    let never = Fault::on("*", "").delays(Duration::from_secs(3600)).always();
    let desk = Desk::cloud().limits(set).world(|world| world.fault(never)).start();
    let id = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0).id();
    let body = json!({ "approver": ANA.1 }).to_string();
    let decision = desk.bridge().handle(request("POST", &format!("/approvals/{id}/approve"), body)).await;
    assert_eq!(decision.expect_err("no answer"), CallError::Limit(LimitError::WallTime { limit: short }));
    let sweep = desk.bridge().poll(true).await;
    assert_eq!(sweep.expect_err("no answer"), CallError::Limit(LimitError::WallTime { limit: long }));
    let sweep = desk.bridge().handle(request("POST", "/poll?dry_run=true", "")).await.expect_err("no answer");
    assert_eq!(sweep, CallError::Limit(LimitError::WallTime { limit: long }), "over HTTP it is a sweep as well");
    assert!(sweep.to_string().contains("limits.sweep_timeout_seconds"), "{sweep}");
    assert_eq!(desk.world(|world| world.journal.in_flight()), 0, "the calls to the vendor ended with it");
    assert_eq!(desk.bridge().handle(request("GET", "/", "")).await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_sweep_makes_no_more_upstream_calls_than_allowed_and_the_next_ones_finish_it() {
    let limit = 20;
    let setup = Desk::cloud().limits(|limits| limits.outbound_calls_per_sweep = limit).variable("concurrency", "2");
    let desk = setup.start();
    desk.world(|world| world.populate(12, 1, 1));
    let report = desk.poll().await;
    assert!(!report.complete);
    let counted: u32 = report.sources.iter().map(|source| source.calls).sum();
    assert!(counted <= limit + 2, "calls that the host would refuse are not tried: {counted}");
    assert!(report.codes().iter().all(|code| code == "CALL_LIMIT"), "{report:?}");
    assert!(report.messages().contains("limits.outbound_calls_"), "{report:?}");
    let all = desk.due();
    let told = desk.told();
    assert!(!all.is_empty() && told != all, "{told:?}");
    assert_eq!(desk.count("*", ""), 20, "as many as allowed");
    for _ in 0..20 {
        desk.forget_calls();
        desk.poll_every(minutes(2), 1).await;
        assert!(desk.count("*", "") <= 20);
    }
    assert_eq!(desk.told(), all);
}

#[tokio::test]
async fn a_decision_makes_no_more_upstream_calls_than_allowed_and_says_that_it_is_not_known() {
    let desk = Desk::cloud().limits(|limits| limits.outbound_calls_per_request = 1).start();
    let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
    let answer = desk.approve(&at.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (503, "unclear"));
    assert_eq!(desk.count("*", ""), 1, "the token, and nothing after it");
    assert!(desk.world(|world| world.truth_of(&at)).is_some_and(|truth| truth.live), "nothing was decided");
}

#[tokio::test]
async fn an_answer_above_the_limit_is_an_error_of_its_ticket_and_the_others_go_on() {
    let limit = 100_000;
    let desk = Desk::cloud().limits(|limits| limits.response_bytes = limit).start();
    let [good, bad] = desk.world(|world| two(world, padded(limit + 1)));
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(bad, "ANSWER_TOO_LARGE".to_owned())]);
    assert_eq!(desk.told(), [good]);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due(), "and that ticket has its turn again");
}

/// The limit itself is not above the limit.
#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_read() {
    let limit = 100_000;
    let desk = Desk::cloud().limits(|limits| limits.response_bytes = limit).start();
    desk.world(|world| two(world, padded(limit)));
    desk.poll().await.clean();
}

/// The component has a limit of its own below the host's, for hosts that have none.
#[tokio::test]
async fn four_mebibytes_are_too_much_even_where_the_host_allows_more() {
    let desk = Desk::cloud().start();
    let [good, bad] = desk.world(|world| two(world, padded((4 << 20) + 1)));
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(bad, "ANSWER_TOO_LARGE".to_owned())]);
    assert_eq!(desk.told(), [good]);
}

#[tokio::test]
async fn an_own_answer_above_the_limit_is_cut_off_and_the_limit_named() {
    let limit = 20_000;
    let desk = Desk::cloud().limits(|limits| limits.response_bytes = limit).start();
    for _ in 0..40 {
        desk.world(|world| world.request().level(&[ANA, BO, CY]).add());
        desk.poll_every(minutes(1), 1).await.clean();
    }
    let all = desk.drive(desk.bridge().handle(request("GET", "/approvals", ""))).await;
    let error = all.expect_err("a hundred rows do not fit");
    assert_eq!(error, CallError::Limit(LimitError::ResponseSize { limit }));
    assert!(error.to_string().contains("limits.response_bytes"), "{error}");
    let few = desk.get("/approvals?limit=5").await;
    assert_eq!((few.status, few.ids().len()), (200, 5));
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_413_and_one_of_that_size_is_read() {
    let desk = Desk::cloud().start();
    let body = json!({ "source": "nowhere", "ticket_id": "1" }).to_string();
    let sized = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    let whole = desk.send(request("POST", "/hints", sized(1 << 20))).await;
    assert_eq!(whole.error(), (400, "INPUT_VALIDATION_FAILED"), "it was read, and its source is not one");
    let over = desk.send(request("POST", "/hints", sized((1 << 20) + 1))).await;
    assert_eq!(over.error(), (413, "BODY_TOO_LARGE"));
    // A length that is announced is believed; nothing is read then.
    let mut announced = request("POST", "/hints", sized(3 << 20));
    announced.headers_mut().insert("content-length", (3 << 20).into());
    assert_eq!(desk.send(announced).await.error(), (413, "BODY_TOO_LARGE"));
    // Whoever may not come in learns nothing about sizes.
    let mut stranger = request("POST", "/hints", sized((1 << 20) + 1));
    stranger.headers_mut().remove("authorization");
    assert_eq!(desk.send(stranger).await.error(), (401, "AUTHENTICATION_FAILED"));
}

#[tokio::test]
async fn a_store_entry_above_the_limit_is_a_store_error_that_names_it() {
    let desk = Desk::cloud().limits(|limits| limits.value_bytes = 500).start();
    desk.world(|world| world.request().description(&"long ".repeat(200)).level(&[ANA]).add());
    let Err(CallError::Store(text)) = desk.try_poll().await else { panic!("the ticket does not fit") };
    assert!(text.contains("limits.value_bytes"), "{text}");
    let answer = desk.call("POST", "/poll", Value::Null).await;
    assert_eq!(answer.error(), (500, "STORE_FAILED"));
    assert!(desk.cards().is_empty(), "nobody is told what could not be remembered");
}

/// The limit is looked at every ten milliseconds, so one call may slip through; with next to no time allowed not many
/// do, and nothing else ever ends one. That a guest which computes for ever is ended is the host's own unit test.
#[tokio::test]
async fn a_call_that_computes_for_too_long_is_ended_and_the_limit_named() {
    let limit = Duration::from_nanos(1);
    let desk = Desk::cloud().limits(|limits| limits.cpu = limit).start();
    desk.world(|world| world.populate(200, 1, 1));
    for _ in 0..10_000 {
        match desk.drive(desk.bridge().poll(true)).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, CallError::Limit(LimitError::Cpu { limit }));
                assert!(error.to_string().contains("limits.cpu_seconds"), "{error}");
                return;
            }
        }
    }
    panic!("nothing looks at computing time");
}

/// Memory and this one are limits of the pool; its engine is made here.
#[tokio::test]
async fn one_call_more_than_allowed_at_the_same_time_is_told_so() {
    let desk = Desk::cloud().limits(|limits| limits.concurrent_calls = 2).start();
    let call = || desk.bridge().handle(request("GET", "/approvals", ""));
    let (a, b, c) = desk.drive(async { tokio::join!(call(), call(), call()) }).await;
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(c.expect_err("one too many"), CallError::Busy);
    assert_eq!(desk.get("/approvals").await.status, 200, "and there is room again");
}
