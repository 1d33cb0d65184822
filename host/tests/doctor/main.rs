//! `doctor`, one row for each thing that can be wrong: the exact line that is said about it.
//!
//! A wrong implementation takes any answer for a good one (Zendesk answers a call that it does not let in with an anonymous
//! user), blames the credential for a missing portal, or says that something failed and not what to do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

mod cases;
mod systems;

use approval_bridge::stubs::{Fault, ZendeskAssignee};

use crate::cases::{CASES, nothing};
use crate::systems::System::{Atera, Cloud, Event, Listener, OnPremises, Zendesk};
use crate::systems::{MEMORY, doctor, run};

#[test]
fn each_thing_that_is_wrong_has_its_line() {
    let mut problems = String::new();
    for case in CASES {
        let (lines, good) = doctor(case.systems, case.changes, MEMORY, case.world);
        let bad = case.line.starts_with("FAIL");
        if !lines.iter().any(|line| line == case.line) || good == bad {
            problems.push_str(&format!("wanted: {}\n{}\n\n", case.line, lines.join("\n")));
        }
        let secrets = case.changes.iter().filter(|(name, _)| name.contains("key") || name.contains("token"));
        for (_, secret) in secrets.filter(|(_, secret)| !secret.is_empty()) {
            assert!(!lines.join("\n").contains(secret), "{lines:?}");
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn what_is_in_place_says_so_and_nothing_is_changed_anywhere() {
    let systems = [Cloud, Zendesk, Atera, Listener];
    let store = "kind = 'sqlite'\npath = 'bridge.db'";
    let (lines, good) = doctor(&systems, &[], store, |world| {
        world.request().level(&[("Ana Li", "ana@corp.example")]).add();
        let (ana, bo) =
            (world.zendesk.user("Ana Li", "ana@corp.example"), world.zendesk.user("Bo Hahn", "bo@corp.example"));
        let (group, one, other) =
            (world.zendesk.group("Security", &[ana, bo]), world.zendesk.ticket("Laptop"), world.zendesk.ticket("Rule"));
        world.zendesk.ask(one, ZendeskAssignee::User(ana));
        world.zendesk.ask(other, ZendeskAssignee::Group(group));
        world.fault(Fault::on("PUT", "/").always().replies(500, "doctor writes nothing"));
        world.fault(Fault::on("POST", "/rest").always().replies(500, "doctor sends nothing"));
    });
    assert!(good, "{}", lines.join("\n"));
    let begins: Vec<&str> = lines.iter().filter_map(|line| line.split_once(':')).map(|(begin, _)| begin).collect();
    assert_eq!(
        begins,
        [
            "ok   settings",
            "ok   store",
            "ok   ServiceDesk Plus token",
            "ok   ServiceDesk Plus requests",
            "ok   ServiceDesk Plus changes",
            "ok   ServiceDesk Plus releases",
            "ok   Zendesk user",
            "ok   Zendesk approval requests",
            "ok   Atera",
            "ok   Moveworks",
            "note Moveworks listener",
            "ok   clock",
            "ok   waiting approvals",
        ],
        "{}",
        lines.join("\n")
    );
    // One in ServiceDesk Plus, one in Zendesk, and one for each member of the group there.
    let found = "ok   waiting approvals: 4, each with an approver who has an e-mail address";
    assert_eq!(lines.last().map(String::as_str), Some(found));
}

#[test]
fn a_store_that_cannot_be_written_is_named_with_its_file() {
    let store = "kind = 'sqlite'\npath = 'bridge.toml/bridge.db'";
    let (lines, good) = doctor(&[Zendesk, Event], &[], store, nothing);
    let line = lines.iter().find(|line| line.contains(" store: ")).unwrap();
    assert!(line.starts_with("FAIL store: the store cannot be opened: "), "{line}");
    let advice = "; let this user write to {folder}/bridge.toml/bridge.db and its folder, or name another [store] path";
    assert!(line.ends_with(advice), "{line}");
    assert!(!good);
}

#[test]
fn a_store_in_slots_is_no_store_for_a_process_without_a_shard() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("kind = 'sqlite'\npath = '{}'", folder.path().join("shared.db").display());
    let shared = [("shard", "1/2"), ("sdp_modules", "requests")];
    let (report, swept) = run("poll", &[OnPremises, Event], &shared, &store, nothing);
    assert!(swept, "{report:?}");
    let refused = "FAIL store: the store failed at v1:ledger: this store is kept in slots, for several sweepers; set the \
                   variable shard, to 1/1 for only one";
    for (shard, line) in [("", refused), ("2/2", "ok   store: ")] {
        let (lines, good) = doctor(&[OnPremises, Event], &[("shard", shard)], &store, nothing);
        let own = lines.iter().find(|line| line.contains(" store: ")).unwrap();
        assert!(own.starts_with(line), "{own}");
        assert_eq!(good, line.starts_with("ok"), "{lines:?}");
    }
}

#[test]
fn a_clock_that_is_wrong_is_told_by_the_answers() {
    let (lines, good) = doctor(&[OnPremises, Event], &[("sdp_modules", "requests")], MEMORY, |world| {
        let date = |text: &str, fault: Fault| fault.always().header("date", text);
        let list = r#"{"response_status":[{"status_code":2000,"status":"success"}],"list_info":{},"requests":[]}"#;
        let long_ago = "Tue, 03 Mar 2020 09:15:00 GMT";
        world.fault(date(long_ago, Fault::on("GET", "/api/v3/requests").replies(200, list)));
        world.fault(date(long_ago, Fault::on("GET", "/rest/v1/auth/test").replies(200, "{}")));
    });
    let line = lines.iter().find(|line| line.contains(" clock: ")).unwrap();
    assert!(line.starts_with("FAIL clock: this machine is "), "{line}");
    assert!(line.ends_with(" s ahead of 127.0.0.1; set its time, best by NTP"), "{line}");
    assert!(!good);
}

#[test]
fn a_configuration_that_cannot_be_read_is_one_line_for_each_mistake() {
    let (lines, good) = doctor(&[Zendesk, Event], &[("zendesk_bas_url", "x")], MEMORY, nothing);
    assert!(lines[0].starts_with("FAIL configuration: ") && lines[0].contains("zendesk_base_url"), "{lines:?}");
    assert!(!good && lines.len() == 1, "{lines:?}");
}
