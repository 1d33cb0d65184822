//! What is counted is what happened, and it names nobody. That a parser of OpenMetrics takes the format is for the tests of
//! `approval_logic::metrics` to show.
//!
//! A wrong implementation counts twice after a restart, forgets what it has counted, lets the number of series grow, puts
//! a person's address into a label, or draws boards and rings alarms over names that nothing exports.

use std::collections::BTreeSet;

use approval_bridge::stubs::Fault;
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, hours, minutes};
use serde_json::{Value, json};

/// The text of one scrape.
struct Scrape(String);

impl Scrape {
    async fn of(desk: &Desk) -> Self {
        let answer = desk.get("/metrics").await;
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!((answer.status, answer.header("content-type")), (200, kind));
        Self(answer.text)
    }

    /// The value of the one sample that has these labels, among others.
    fn number(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let full = format!("approval_bridge_{name}");
        let named = |line: &&str| {
            let own = line.split(['{', ' ']).next().unwrap_or_default();
            own == full || own == format!("{full}_total")
        };
        let labelled = |line: &&str| labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")));
        let sample = self.0.lines().filter(named).find(labelled);
        let value = sample.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.unwrap_or_else(|| panic!("{name} {labels:?} in {}", self.0))
    }

    fn is(&self, name: &str, labels: &[(&str, &str)], wanted: f64) {
        let number = self.number(name, labels);
        assert!((number - wanted).abs() < 0.01, "{name} {labels:?}: {number}, wanted {wanted}");
    }

    /// How many were observed, and their sum in seconds.
    fn observed(&self, name: &str) -> (u64, f64) {
        let count = self.number(&format!("{name}_count"), &[]);
        (count as u64, self.number(&format!("{name}_sum"), &[]))
    }

    /// The names of all samples.
    fn names(&self) -> BTreeSet<String> {
        let samples = self.0.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_counts_after_a_known_story_are_right() {
    let desk = Desk::cloud().variable("sdp_modules", "requests").start();
    let (one, two) = desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(400, "{}").times(1));
        (world.request().level(&[ANA, BO]).add(), world.request().level(&[CY]).add())
    });
    desk.poll().await;
    let scrape = Scrape::of(&desk).await;
    scrape.is("sweeps", &[("task", "all")], 0.0);
    scrape.is("announcements", &[("source", "sdp/requests")], 2.0);
    scrape.is("messages", &[("kind", "pending"), ("outcome", "taken")], 2.0);
    scrape.is("messages", &[("kind", "pending"), ("outcome", "given_up")], 1.0);
    scrape.is("outbox_messages", &[("state", "dead")], 1.0);
    scrape.is("outbox_messages", &[("state", "waiting")], 0.0);
    assert_eq!(scrape.observed("pending_to_announced_seconds").0, 2);
    assert_eq!(scrape.observed("sweep_duration_seconds").0, 1);
    let at = scrape.number("last_sweep_timestamp_seconds", &[]);
    assert!((at * 1000.0 - desk.now() as f64).abs() < 10_000.0, "{at}");

    desk.advance(hours(2));
    let told: Vec<_> = desk.told();
    let ana = one.approval(0, 0).id();
    let (first, second) = if told.contains(&ana) { (ana, ANA.1) } else { (two.approval(0, 0).id(), CY.1) };
    desk.approve(&first, second).await;
    desk.approve(&first, second).await;
    desk.reject(&first, "nobody@corp.example", "No").await;
    let before = Scrape::of(&desk).await;
    before.is("decisions", &[("outcome", "approved"), ("door", "http")], 2.0);
    assert_eq!(before.number("audit_records", &[]), 3.0 + 3.0);
    let (decided, waited) = before.observed("pending_to_decided_seconds");
    assert!(decided == 1 && waited >= 7_200.0, "{decided} {waited}");

    // One more is decided in the help desk itself, and another process goes on counting.
    let desk = desk.restart();
    desk.world(|world| {
        let other = if first == one.approval(0, 0).id() { one.approval(0, 1) } else { one.approval(0, 0) };
        world.approve(&other, "Somebody Else").expect("it is there");
    });
    desk.poll_every(minutes(5), 2).await;
    let after = Scrape::of(&desk).await;
    assert_eq!(after.observed("pending_to_decided_seconds").0, 2);
    assert_eq!(after.observed("sweep_duration_seconds").0, 3);
    let calls = after.number("vendor_calls", &[("vendor", "sdp"), ("class", "ok")]);
    assert!(calls > before.number("vendor_calls", &[("vendor", "sdp"), ("class", "ok")]), "{calls}");
    after.is("vendor_calls", &[("vendor", "moveworks"), ("class", "permanent")], 1.0);
    // An access token is good for an hour.
    after.is("vendor_calls", &[("vendor", "zoho"), ("class", "ok")], 2.0);
    after.is("decisions", &[("outcome", "approved"), ("door", "http")], 2.0);
}

#[tokio::test]
async fn every_call_to_a_vendor_is_counted_once() {
    let desk = Desk::cloud().start();
    let at = desk.world(|world| {
        world.fault(Fault::on("GET", "/api/v3/requests").replies(503, "").times(1));
        world.populate(20, 2, 1);
        world.request().level(&[ANA]).add().approval(0, 0)
    });
    desk.poll().await;
    desk.approve(&at.id(), ANA.1).await;
    let scrape = Scrape::of(&desk).await;
    let samples = scrape.0.lines().filter(|line| line.starts_with("approval_bridge_vendor_calls_total"));
    let sum: usize = samples.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum();
    assert_eq!(sum, desk.count("*", ""));
    scrape.is("vendor_calls", &[("vendor", "sdp"), ("class", "retry")], 1.0);
}

#[tokio::test]
async fn what_waits_has_an_age() {
    let desk = Desk::cloud().start();
    desk.world(|world| {
        world.fault(Fault::on("POST", "/messages/send").replies(503, "").always());
        world.request().level(&[ANA]).add();
    });
    desk.poll().await;
    desk.advance(hours(1));
    let scrape = Scrape::of(&desk).await;
    scrape.is("outbox_messages", &[("state", "waiting")], 1.0);
    let age = scrape.number("outbox_oldest_age_seconds", &[]);
    assert!((3_600.0..3_700.0).contains(&age), "{age}");
}

#[tokio::test]
async fn the_series_are_the_same_whatever_happened_and_name_nobody() {
    let quiet = Scrape::of(&Desk::cloud().start()).await;
    let desk = Desk::cloud().start();
    let at = desk.world(|world| {
        world.populate(10, 2, 2);
        world.request().level(&[ANA, ("Di Void", "")]).add().approval(0, 0)
    });
    desk.poll().await;
    desk.post("/notifications", json!({ "message": "Hello", "recipients": [BO.1] })).await;
    desk.post("/hints", json!({ "source": "sdp", "ticket_id": at.ticket })).await;
    desk.approve(&at.id(), ANA.1).await;
    desk.approve(&at.id(), BO.1).await;
    let busy = Scrape::of(&desk).await;
    let series = |scrape: &Scrape| -> BTreeSet<String> {
        let lines = scrape.0.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
    };
    assert_eq!(series(&quiet), series(&busy));
    assert!(!busy.0.contains('@') && !busy.0.contains(&at.ticket), "{}", busy.0);
    // And the values do not grow with the people.
    let kept = desk
        .entries()
        .iter()
        .filter(|(key, _)| ["v1:audit", "v1:progress"].contains(&key.as_str()))
        .map(|(_, value)| value.len())
        .sum::<usize>();
    assert!(kept < 16 << 10, "{kept}");
}

fn read(file: &str) -> String {
    let path = format!("{}/../ops/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names that a text takes from the bridge.
fn used(text: &str) -> BTreeSet<String> {
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    parts.filter(|word| word.starts_with("approval_bridge_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_board_and_the_alarms_use_names_that_are_there() {
    let names = Scrape::of(&Desk::cloud().start()).await.names();
    let (board, alarms) = (read("grafana.json"), read("alerts.yaml"));
    for name in used(&board).union(&used(&alarms)) {
        assert!(names.contains(name), "{name} is not exported");
    }
    let board: Value = serde_json::from_str(&board).expect("the board is JSON");
    let panels = board["panels"].as_array().expect("panels");
    assert!(panels.len() > 8);
    for panel in panels {
        assert!(panel["title"].is_string() && panel["targets"][0]["expr"].is_string(), "{panel}");
    }
}

#[test]
fn every_alarm_names_the_action() {
    let text = read("alerts.yaml");
    let alarms: Vec<&str> = text.split("- alert: ").skip(1).collect();
    assert!(alarms.len() > 8);
    for alarm in alarms {
        let field =
            |name: &str| alarm.lines().any(|line| line.trim().strip_prefix(name).is_some_and(|rest| rest.len() > 8));
        assert!(field("expr:") && field("summary:") && field("action:") && alarm.contains("severity:"), "{alarm}");
    }
}
