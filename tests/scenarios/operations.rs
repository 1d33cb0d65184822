//! The typed operations do what the routes do, because hosts that prefer a call to a request get the same promises.
//!
//! A wrong implementation counts differently, decides by other rules, loses a part of an answer on its way into WIT
//! types, traps on an argument that it does not like, or says that the settings are wrong without saying which.

use approval_bridge::bridge::types::{Status, Verdict};
use approval_bridge::bridge::{Decide, Decision, Filter, Outcome};
use approval_bridge::call::CallError;
use approval_bridge::report;
use approval_bridge::stubs::{ApprovalRef, Fault, State, World};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, minutes, requests};
use serde_json::{Value, json};

/// Tickets in every module, somebody without an address, one level that waits for another, one ticket that fails.
pub(super) fn busy(world: &mut World) {
    world.populate(12, 2, 3);
    world.request().level(&[ANA, BO]).level(&[CY]).add();
    world.change().level(&[CY]).add();
    world.release().level(&[("Di Void", "")]).add();
    let poisoned = world.request().level(&[ANA]).add();
    let path = format!("/requests/{}/approval_levels", poisoned.ticket);
    world.fault(Fault::on("GET", &path).sdp_error(4002, "Forbidden").always());
}

fn twins() -> (Desk, Desk) {
    (Desk::cloud().world(busy).start(), Desk::cloud().world(busy).start())
}

fn filter() -> Filter {
    Filter { approver: None, limit: 0, cursor: None }
}

fn decide(id: &str, verdict: Verdict, approver: &str, comment: Option<&str>) -> Decide {
    Decide {
        id: id.to_owned(),
        verdict,
        approver: approver.to_owned(),
        comment: comment.map(str::to_owned),
        token: None,
    }
}

fn argument<T: std::fmt::Debug>(answer: Result<T, CallError>, name: &str) {
    match answer {
        Err(CallError::Argument(text)) => assert!(text.starts_with(&format!("{name}: ")), "{name}: {text}"),
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn a_sweep_by_call_is_a_sweep_by_request() {
    let (called, asked) = twins();
    for dry_run in [true, false, false] {
        let typed = called.drive(called.bridge().poll(dry_run)).await.expect("the sweep runs");
        let answer = asked.post(&format!("/poll?dry_run={dry_run}"), Value::Null).await;
        assert_eq!(answer.status, 200);
        assert_eq!(report::to_json(&typed), answer.body);
        assert_eq!(typed.dry_run, dry_run);
        assert_eq!(called.told(), asked.told());
        assert_eq!(called.told().is_empty(), dry_run);
        let problems = typed.sources.iter().map(|source| source.errors.len()).sum::<usize>();
        assert!(problems > 0, "this world has something to say about a ticket");
        called.advance(minutes(1));
        asked.advance(minutes(1));
    }
    assert_eq!(called.entries().keys().collect::<Vec<_>>(), asked.entries().keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_hint_by_call_is_a_hint_by_request() {
    let (called, asked) = twins();
    for desk in [&called, &asked] {
        desk.poll().await;
        desk.advance(minutes(1));
    }
    for module in ["requests", "changes", "releases"] {
        let new = |world: &mut World| {
            let kind = approval_bridge::stubs::Module::from_plural(module).expect("a module");
            world.new_ticket(kind).level(&[BO]).add().ticket
        };
        let (ticket, same) = (called.world(new), asked.world(new));
        assert_eq!(ticket, same, "the worlds are equal");
        let typed = called.drive(called.bridge().hint(format!("{module}/{ticket}"))).await.expect("the hint is taken");
        let body = json!({ "source": "sdp", "module": module, "ticket_id": ticket });
        let answer = asked.post("/hints", body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(report::to_json(&typed), answer.body);
        let one = typed.sources.iter().find(|source| source.name == format!("sdp/{module}")).expect("the module");
        assert_eq!((one.tickets, one.new, one.notified), (1, 1, 1));
    }
    assert_eq!(called.told(), asked.told());
}

#[tokio::test]
async fn a_hint_by_call_names_places_as_reports_do() {
    let desk = Desk::zendesk().start();
    let ana = desk.account(|account| account.user(ANA.0, ANA.1));
    let request = desk.account(|account| requests(account, ana, 1)).remove(0);
    let report = desk.drive(desk.bridge().hint(format!("zendesk/{request}"))).await.expect("the hint is taken");
    let names: Vec<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["zendesk"]);
    assert_eq!(desk.told(), [format!("zendesk:{request}")]);

    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.change().level(&[BO]).add().ticket);
    let report = desk.drive(desk.bridge().hint(format!("sdp/changes/{ticket}"))).await.expect("the hint is taken");
    assert_eq!((report.sources[0].name.as_str(), report.sources[0].notified), ("sdp/changes", 1));
    argument(desk.drive(desk.bridge().hint("zendesk/1")).await, "module");
}

#[tokio::test]
async fn what_waits_by_call_is_what_waits_by_request() {
    let (called, asked) = twins();
    called.poll().await;
    asked.poll().await;
    let all = called.drive(called.bridge().pending(filter())).await.expect("the ledger is read");
    let ids: Vec<&str> = all.approvals.iter().map(|approval| approval.id.as_str()).collect();
    let listed = asked.get("/approvals?status=pending&limit=500").await;
    assert_eq!(ids, listed.ids());
    assert!(ids.len() > 10 && ids.is_sorted(), "{ids:?}");
    for (approval, row) in all.approvals.iter().zip(listed.body["approvals"].as_array().expect("rows")) {
        let approver = approval.approver.as_ref();
        assert_eq!(approval.status, Status::Pending);
        assert_eq!(json!(approval.level), row["level"]);
        assert_eq!(json!(approval.ticket.id), row["ticket_id"]);
        assert_eq!(json!(approval.ticket.number), row["ticket_number"]);
        assert_eq!(json!(approval.ticket.title), row["title"]);
        assert_eq!(json!(approver.and_then(|person| person.email.clone())), row["approver"]["email"]);
    }
    // Of one person, however the address is written; and page by page.
    let of = |who: &str| Filter { approver: Some(who.to_owned()), ..filter() };
    let own = called.drive(called.bridge().pending(of(" ANA@corp.example "))).await.expect("the ledger is read");
    let own: Vec<String> = own.approvals.into_iter().map(|approval| approval.id).collect();
    assert_eq!(own, asked.get("/approvals?status=pending&approver=ana@corp.example").await.ids());
    assert!(!own.is_empty() && own.len() < ids.len());
    let (mut paged, mut cursor) = (Vec::new(), None);
    loop {
        let page =
            called.drive(called.bridge().pending(Filter { limit: 3, cursor, ..filter() })).await.expect("a page");
        assert!((1..=3).contains(&page.approvals.len()));
        paged.extend(page.approvals.into_iter().map(|approval| approval.id));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, ids);
}

/// What happens before, and then: verdict, who, comment.
pub(super) type Case = (fn(&mut World, &ApprovalRef), Verdict, &'static str, Option<&'static str>, Outcome);

pub(super) const CASES: [Case; 12] = [
    (|_, _| (), Verdict::Approve, ANA.1, None, Outcome::Approved),
    (|_, _| (), Verdict::Reject, ANA.1, Some("Too dear"), Outcome::Rejected),
    (|_, _| (), Verdict::Reject, ANA.1, None, Outcome::Invalid),
    (|_, _| (), Verdict::Approve, BO.1, None, Outcome::NotApprover),
    (|world, at| world.approve(at, ANA.0).expect("there"), Verdict::Approve, ANA.1, None, Outcome::Approved),
    (|world, at| world.reject(at, ANA.0).expect("there"), Verdict::Approve, ANA.1, None, Outcome::AlreadyDecided),
    (|world, at| world.withdraw(at).expect("there"), Verdict::Approve, ANA.1, None, Outcome::Withdrawn),
    (|world, at| world.unsend(at).expect("there"), Verdict::Approve, ANA.1, None, Outcome::NotReady),
    (
        |world, at| world.set_state(at, State::Other("Frozen".to_owned())).expect("there"),
        Verdict::Approve,
        ANA.1,
        None,
        Outcome::SourceRefused,
    ),
    (
        |world, _| world.fault(Fault::on("PUT", "approve").sdp_error(4002, "No permission")),
        Verdict::Approve,
        ANA.1,
        None,
        Outcome::SourceRefused,
    ),
    (
        |world, at| {
            world.fault(Fault::on("PUT", "approve").drops_after_effect());
            world.fault(Fault::on("GET", &format!("approvals/{}", at.approval)).after(1).drops().always());
        },
        Verdict::Approve,
        ANA.1,
        None,
        Outcome::Unclear,
    ),
    (|world, at| world.remove(at).expect("there"), Verdict::Approve, ANA.1, None, Outcome::Withdrawn),
];

/// As the contract names it, with its status.
pub(super) fn named(outcome: Outcome) -> (u16, &'static str) {
    match outcome {
        Outcome::Approved => (200, "approved"),
        Outcome::Rejected => (200, "rejected"),
        Outcome::AlreadyDecided => (409, "already_decided"),
        Outcome::Withdrawn => (410, "withdrawn"),
        Outcome::NotApprover => (403, "not_approver"),
        Outcome::Unknown => (404, "unknown"),
        Outcome::Invalid => (422, "invalid"),
        Outcome::NotReady => (425, "not_ready"),
        Outcome::SourceRefused => (502, "source_refused"),
        Outcome::Unclear => (503, "unclear"),
    }
}

/// As the routes spell it.
pub(super) fn status_name(status: &Status) -> &str {
    match status {
        Status::Pending => "pending",
        Status::NotSent => "not_sent",
        Status::Approved => "approved",
        Status::Rejected => "rejected",
        Status::Delegated => "delegated",
        Status::AwaitingClarification => "awaiting_clarification",
        Status::Withdrawn => "withdrawn",
        Status::Unknown(name) => name,
    }
}

fn same(typed: &Decision, answer: &approval_bridge_tests::harness::Answer) {
    assert_eq!(answer.outcome(), named(typed.outcome), "{typed:?}");
    assert_eq!(answer.body["message"], json!(typed.message));
    assert_eq!(answer.body["detail"], json!(typed.detail));
    assert_eq!(answer.body["status"], json!(typed.status.as_ref().map(status_name)));
    let by = typed.decided_by.as_ref().and_then(|person| person.name.clone());
    assert_eq!(answer.body["decided_by"], json!(by));
}

#[tokio::test]
async fn a_decision_by_call_is_a_decision_by_request() {
    for (number, (before, verdict, who, comment, outcome)) in CASES.into_iter().enumerate() {
        let [called, asked] = [(); 2].map(|()| Desk::cloud().start());
        let mut ids = Vec::new();
        for desk in [&called, &asked] {
            let at = desk.world(|world| world.request().level(&[ANA]).add()).approval(0, 0);
            desk.poll().await.clean();
            desk.world(|world| before(world, &at));
            ids.push(at.id());
        }
        let [id, same_id] = ids.as_slice() else { panic!("two") };
        assert_eq!(id, same_id);
        let typed = called.drive(called.bridge().decide(decide(id, verdict, who, comment))).await.expect("an answer");
        let verb = if verdict == Verdict::Approve { "approve" } else { "reject" };
        let body = match comment {
            Some(comment) => json!({ "approver": who, "comment": comment }),
            None => json!({ "approver": who }),
        };
        let answer = asked.post(&format!("/approvals/{id}/{verb}"), body).await;
        assert_eq!(typed.outcome, outcome, "case {number}: {typed:?}");
        same(&typed, &answer);
        assert_eq!(called.world(|world| world.truth()), asked.world(|world| world.truth()), "case {number}");
    }
}

#[tokio::test]
async fn an_approval_that_nobody_knows_is_unknown_either_way() {
    let desk = Desk::cloud().start();
    let id = "sdp:requests:1:2:3";
    let typed = desk.drive(desk.bridge().decide(decide(id, Verdict::Approve, ANA.1, None))).await.expect("an answer");
    assert_eq!(typed.outcome, Outcome::Unknown);
    same(&typed, &desk.approve(id, ANA.1).await);
}

#[tokio::test]
async fn a_wrong_argument_is_an_error_that_names_it_and_calls_nobody() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").world(busy).start();
    let bridge = desk.bridge();
    for id in ["", "x", "sdp:requests:1:2", "sdp:problems:1:2:3", "sdp:requests:1:2:3:4", "sdp:requests:1:..:3"] {
        argument(desk.drive(bridge.decide(decide(id, Verdict::Approve, ANA.1, None))).await, "id");
    }
    for who in ["", "Ana", "ana@", "ana@corp.example, bo@corp.example"] {
        argument(
            desk.drive(bridge.decide(decide("sdp:requests:1:2:3", Verdict::Approve, who, None))).await,
            "approver",
        );
    }
    for ticket in [
        "",
        "requests",
        "requests/",
        "problems/1",
        "requests/1/2",
        "requests/../1",
        "sdp/zendesk/1",
        "sdp/sdp/requests/1",
        "zendesk/",
    ] {
        argument(desk.drive(bridge.hint(ticket)).await, "ticket");
    }
    argument(desk.drive(bridge.hint("changes/1")).await, "module");
    argument(desk.drive(bridge.pending(Filter { limit: 501, ..filter() })).await, "limit");
    for cursor in ["", "x", "v1:outbox"] {
        argument(desk.drive(bridge.pending(Filter { cursor: Some(cursor.to_owned()), ..filter() })).await, "cursor");
    }
    assert_eq!(desk.count("*", ""), 0);
}

#[tokio::test]
async fn an_error_of_the_settings_names_each_variable_by_call_and_by_request() {
    for (name, value) in [
        ("sdp_base_url", "ftp://sdp.example"),
        ("sdp_accounts_url", "accounts"),
        ("sdp_client_id", ""),
        ("sdp_refresh_token", ""),
        ("sdp_authtoken", "beside-oauth"),
        ("sdp_modules", "requests,problems"),
        ("sdp_web_url", "javascript:alert(1)"),
        ("allowed_approvers", "Ana"),
        ("atera_base_url", "ftp://atera.example"),
        ("moveworks_base_url", "moveworks"),
        ("moveworks_event_id", "a/b"),
        ("moveworks_listener_id", "a b"),
        ("moveworks_api_key", ""),
        ("moveworks_listener_secret", "without-a-listener"),
        ("poll_seconds", "0"),
        ("sweep_budget_seconds", "soon"),
        ("reconcile_minutes", "-1"),
        ("concurrency", "many"),
        ("max_age_days", "1.5"),
        ("first_run", "maybe"),
        ("remind_after_hours", "never"),
        ("max_reminders", "1000"),
        ("timezone", "Mars/Olympus"),
        ("card_fields", "type,colour"),
        ("silent_approvers", "Ana"),
        ("comment_required_on_reject", "perhaps"),
    ] {
        // One more is wrong, to see that all are told at once.
        let other = if name == "max_reminders" { "max_age_days" } else { "max_reminders" };
        let desk = Desk::cloud().variable(name, value).variable(other, "lots").start();
        let Err(CallError::Configuration(problems)) = desk.drive(desk.bridge().poll(false)).await else {
            panic!("{name} = {value:?} is taken")
        };
        let mut named: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        named.sort_unstable();
        named.dedup();
        let mut wanted = [name, other];
        wanted.sort_unstable();
        assert_eq!(named, wanted, "{problems:?}");
        assert!(problems.iter().all(|problem| problem.contains(": expected ")), "{problems:?}");
        let answer = desk.post("/poll", Value::Null).await;
        assert_eq!(answer.error(), (500, "CONFIGURATION"));
        let message = answer.body["error"]["message"].as_str().expect("a message");
        assert!(problems.iter().all(|problem| message.contains(problem)), "{message}");
        assert_eq!(desk.count("*", ""), 0, "nobody is called with wrong settings");
    }
}
