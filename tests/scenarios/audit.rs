//! Who decided what, when, through which door and with what result stays written down, and nobody changes it unnoticed.
//!
//! A wrong implementation leaves out the attempts that were refused, loses one of two decisions at once, breaks its own
//! chain when the process ends, keeps what people wrote, or fails a decision that the source has taken because its own
//! book cannot be written.

use approval_bridge::bridge::Decide;
use approval_bridge::bridge::types::Verdict;
use approval_bridge::simulate::Moment;
use approval_bridge::stubs::{ApprovalRef, Fault};
use approval_bridge_tests::harness::{ANA, API_TOKEN, BO, Desk, days, minutes, seconds};
use approval_logic::audit::{Broken, Chain, Fault as Flaw, Link};
use serde_json::{Value, json};

/// The trail, page by page, checked on the way.
async fn checked(desk: &Desk) -> Result<Vec<Value>, Broken> {
    let (mut lines, mut after) = (Vec::new(), 0);
    let mut page = desk.get("/audit").await;
    assert_eq!((page.status, page.header("content-type")), (200, "application/x-ndjson"), "{page:?}");
    let place = |name: &str| Link::parse(page.header(name)).expect("a place");
    let mut chain = Chain::new(place("approval-bridge-audit-begin"), [place("approval-bridge-audit-end")]);
    while !page.text.is_empty() {
        for line in page.text.lines() {
            chain.take(line)?;
            lines.push(serde_json::from_str::<Value>(line).expect("a line is JSON"));
            after = lines.last().and_then(|line| line["seq"].as_u64()).expect("a number");
        }
        page = desk.get(&format!("/audit?after={after}")).await;
    }
    chain.finish().map(|_| lines)
}

async fn trail(desk: &Desk) -> Vec<Value> {
    checked(desk).await.expect("the trail is whole")
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// A desk that has told Ana and Bo.
async fn told() -> (Desk, ApprovalRef, ApprovalRef) {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| world.request().level(&[ANA, BO]).add());
    desk.poll().await.clean();
    (desk, ticket.approval(0, 0), ticket.approval(0, 1))
}

#[tokio::test]
async fn every_attempt_is_written_down_with_its_result_and_its_door() {
    let (desk, ana, bo) = told().await;
    desk.reject(&ana.id(), BO.1, "Not mine").await;
    desk.approve(&ana.id(), "ANA@corp.example").await;
    desk.approve(&ana.id(), ANA.1).await;
    desk.reject(&ana.id(), ANA.1, "Changed my mind").await;
    desk.post(&format!("/approvals/{}/{}/reject", bo.ticket, bo.approval), json!({ "approver": BO.1 })).await;
    desk.post("/approvals/1/2/approve", json!({ "approver": BO.1 })).await;
    desk.approve("no-such-id", BO.1).await;
    let typed = Decide {
        id: bo.id(),
        verdict: Verdict::Approve,
        approver: BO.1.to_owned(),
        comment: Some("Fine by me".to_owned()),
        token: None,
    };
    desk.drive(desk.bridge().decide(typed)).await.expect("it is taken");
    let lines = trail(&desk).await;
    let decisions: Vec<_> = of_kind(&lines, "decision")
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(text("at").len(), "2025-11-24T16:00:00.000Z".len());
            (text("approval"), text("approver"), text("verdict"), text("outcome"), text("status"), text("door"))
        })
        .collect();
    let row = |approval: &str, who: &str, verdict: &str, outcome: &str, status: &str, door: &str| {
        [approval, who, verdict, outcome, status, door].map(str::to_owned).into()
    };
    let wanted: Vec<(String, String, String, String, String, String)> = vec![
        row(&ana.id(), BO.1, "reject", "not_approver", "", "http"),
        row(&ana.id(), ANA.1, "approve", "approved", "approved", "http"),
        row(&ana.id(), ANA.1, "approve", "approved", "approved", "http"),
        row(&ana.id(), ANA.1, "reject", "already_decided", "approved", "http"),
        row(&bo.id(), BO.1, "reject", "invalid", "pending", "http"),
        row("1/2", BO.1, "approve", "unknown", "", "http"),
        row("", BO.1, "approve", "unknown", "", "http"),
        row(&bo.id(), BO.1, "approve", "approved", "approved", "operations"),
    ];
    assert_eq!(decisions, wanted);
    // The source's own word, where the source was asked.
    assert_eq!(of_kind(&lines, "decision")[3]["source_status"], "Approved");
    assert_eq!(of_kind(&lines, "decision")[7]["comment_length"], 10);
}

#[tokio::test]
async fn messages_and_retries_are_written_down_and_what_they_say_is_not() {
    let desk = Desk::cloud().start();
    let at = desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").times(1));
        world.request().subject("A very private subject").level(&[ANA]).add().approval(0, 0)
    });
    assert_eq!(desk.poll().await.outbox.dead, 1);
    let id = format!("{}:1:pending", at.id());
    assert_eq!(desk.post(&format!("/outbox/{id}/retry"), Value::Null).await.status, 200);
    desk.poll_every(minutes(1), 1).await.clean();
    desk.post("/notifications", json!({ "message": "A very private notice", "recipients": [BO.1] })).await;
    desk.reject(&at.id(), ANA.1, "A very private reason").await;
    let lines = trail(&desk).await;
    let kinds: Vec<_> = lines.iter().map(|line| (line["kind"].as_str().unwrap(), line["outcome"].as_str())).collect();
    let wanted = [
        ("message", Some("given_up")),
        ("retry", None),
        ("message", Some("handed_over")),
        ("message", Some("handed_over")),
        ("decision", Some("rejected")),
    ];
    assert_eq!(kinds, wanted);
    assert_eq!((&lines[2]["event_id"], &lines[2]["recipient"]), (&json!(id), &json!(ANA.1)));
    assert_eq!((&lines[2]["approvals"], &lines[2]["door"]), (&json!([at.id()]), &json!("events")));
    assert_eq!((&lines[3]["recipient"], &lines[3]["approvals"]), (&json!(BO.1), &json!([])));
    assert_eq!(lines[4]["comment_length"], "A very private reason".len());
    let stored: String = desk
        .entries()
        .iter()
        .filter(|(key, _)| key.starts_with("v1:audit"))
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .collect();
    assert!(!stored.contains("private") && !stored.contains(API_TOKEN), "{stored}");
}

#[tokio::test]
async fn whoever_changes_the_store_is_found_out() {
    let (desk, ana, bo) = told().await;
    desk.reject(&ana.id(), ANA.1, "Too dear").await;
    desk.approve(&bo.id(), BO.1).await;
    let whole = trail(&desk).await;
    let honest = String::from_utf8(desk.entries()["v1:audit:0"].clone()).unwrap();
    let rows: Vec<&str> = honest.lines().collect();
    let decided = usize::try_from(of_kind(&whole, "decision")[0]["seq"].as_u64().unwrap()).unwrap() - 1;
    let seq = decided as u64 + 1;
    let turned = rows[decided].replace("\"rejected\"", "\"approved\"");
    assert_ne!(turned, rows[decided]);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        change(&mut rows);
        rows.join("\n") + "\n"
    };
    for (forged, broken) in [
        (with(&|rows| rows[decided].clone_from(&turned)), Broken { seq, fault: Flaw::Changed }),
        (with(&|rows| drop(rows.remove(decided))), Broken { seq: seq + 1, fault: Flaw::Number(seq) }),
        (with(&|rows| rows.truncate(decided)), Broken { seq, fault: Flaw::Missing }),
        (with(&|rows| rows[decided].truncate(9)), Broken { seq, fault: Flaw::Unreadable }),
    ] {
        desk.keep("v1:audit:0", forged.into_bytes()).await;
        assert_eq!(checked(&desk).await, Err(broken));
        // What is written after it does not cover it.
        desk.approve(&bo.id(), BO.1).await;
        assert!(checked(&desk).await.is_err());
        desk.keep("v1:audit:0", honest.clone().into_bytes()).await;
    }
}

#[tokio::test]
async fn decisions_at_once_are_all_in_the_trail() {
    const PEOPLE: usize = 6;
    let desk = Desk::cloud().start();
    let all: Vec<_> =
        (0..PEOPLE).map(|_| desk.world(|world| world.request().level(&[ANA]).add().approval(0, 0))).collect();
    desk.poll().await.clean();
    let decisions = all.iter().map(|at| {
        let decide =
            Decide { id: at.id(), verdict: Verdict::Approve, approver: ANA.1.to_owned(), comment: None, token: None };
        desk.bridge().decide(decide)
    });
    for decision in desk.drive(futures::future::join_all(decisions)).await {
        decision.expect("it is taken");
    }
    let lines = trail(&desk).await;
    for at in all {
        let own = |line: &&&Value| line["approval"] == json!(at.id());
        assert_eq!(of_kind(&lines, "decision").iter().filter(own).count(), 1, "{}", at.id());
    }
}

/// The process may end at any call of a decision. Whoever got no answer tries again.
#[tokio::test]
async fn the_trail_is_whole_wherever_a_decision_was_cut_short() {
    let (desk, ana, _) = told().await;
    let before = desk.plug().calls();
    assert_eq!(desk.approve(&ana.id(), ANA.1).await.outcome(), (200, "approved"));
    let calls = desk.plug().calls() - before;
    assert!(calls > 15, "{calls}");
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After, Moment::Fails, Moment::FailsAfter] {
            let what = format!("{moment:?} call {call} of {calls}");
            let (mut desk, ana, _) = told().await;
            desk.plug().strike(call, moment);
            let request = http::Request::post(format!("http://bridge.example/approvals/{}/approve", ana.id()))
                .header("authorization", format!("Bearer {API_TOKEN}"))
                .body(json!({ "approver": ANA.1 }).to_string().into())
                .unwrap();
            let answer = desk.until_pulled(desk.bridge().handle(request)).await;
            if answer.is_none() {
                desk = desk.restart();
            }
            let heard = answer.and_then(Result::ok);
            let unwritten =
                heard.as_ref().is_some_and(|own| own.headers().contains_key("approval-bridge-audit-failure"));
            let status = heard.map(|answer| answer.status().as_u16());
            // What was decided is told as decided, written down or not.
            if unwritten {
                assert_eq!(status, Some(200), "{what}");
            }
            assert_eq!(desk.approve(&ana.id(), ANA.1).await.outcome(), (200, "approved"), "{what}");
            desk.advance(seconds(10));
            desk.poll().await;
            let lines = checked(&desk).await.unwrap_or_else(|broken| panic!("{what}: {broken}"));
            let approved = |line: &&&Value| line["outcome"] == "approved" && line["approval"] == json!(ana.id());
            let times = of_kind(&lines, "decision").iter().filter(approved).count();
            let wanted = if status == Some(200) && !unwritten { 2 } else { 1 };
            assert!(times >= wanted, "{what}: {times} of {wanted}, {lines:#?}");
            assert!(!unwritten || !of_kind(&lines, "gap").is_empty() || times == 2, "{what}: {lines:#?}");
        }
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_written_down_is_taken_and_says_so() {
    let (desk, ana, bo) = told().await;
    let held = json!({ "owner": "somebody", "until": desk.now() + 3_900 });
    desk.keep("v1:lease:audit", held.to_string().into_bytes()).await;
    let answer = desk.approve(&ana.id(), ANA.1).await;
    assert_eq!(answer.outcome(), (200, "approved"));
    assert_eq!(answer.header("approval-bridge-audit-failure"), "AUDIT_NOT_WRITTEN");
    assert!(desk.get("/metrics").await.text.contains("approval_bridge_audit_failures_total 1\n"));
    desk.advance(seconds(10));
    let answer = desk.approve(&bo.id(), BO.1).await;
    assert_eq!(answer.header("approval-bridge-audit-failure"), "");
    let lines = trail(&desk).await;
    assert_eq!(of_kind(&lines, "gap")[0]["missed"], 1);
    assert!(desk.get("/metrics").await.text.contains("approval_bridge_audit_failures_total 1\n"), "still one");
}

#[tokio::test]
async fn what_is_older_than_audit_days_goes_and_the_rest_is_whole() {
    let desk = Desk::cloud().variable("audit_days", "60").start();
    let notice = json!({ "message": "Hello", "recipients": [BO.1] });
    for _ in 0..30 {
        assert_eq!(desk.post("/notifications", notice.clone()).await.status, 202);
        desk.advance(days(10));
    }
    let lines = trail(&desk).await;
    assert!((6..=12).contains(&lines.len()), "{}", lines.len());
    assert_eq!(lines.last().map(|line| line["seq"].clone()), Some(json!(30)));
}

#[tokio::test]
async fn a_page_begins_after_the_line_that_was_named() {
    let (desk, ..) = told().await;
    for path in ["/audit?after=x", "/audit?after=-1", "/audit?before=1", "/audit?after=1&after=2"] {
        assert_eq!(desk.get(path).await.error(), (400, "INPUT_VALIDATION_FAILED"), "{path}");
    }
    let rest = desk.get("/audit?after=1").await;
    assert!(rest.text.starts_with(r#"{"seq":2,"#) && rest.text.lines().count() == 1, "{}", rest.text);
    assert_eq!(
        (desk.get("/audit?after=99").await.text.as_str(), desk.call("POST", "/audit", Value::Null).await.status),
        ("", 405)
    );
}
