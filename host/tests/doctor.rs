//! `doctor`, one row for each thing that can be wrong: the exact line that is said about it.
//!
//! A wrong implementation takes any answer for a good one (Zendesk answers a call that it does not let in with an anonymous
//! user), blames the credential for a missing portal, or says that something failed and not what to do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::fs;
use std::process::Command;

use approval_bridge::stubs::{
    ATERA_API_KEY, Fault, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, SDP_AUTHTOKEN, Stubs, World,
    ZENDESK_API_TOKEN, ZENDESK_EMAIL, ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What is configured: everything right.
#[derive(Clone, Copy)]
enum System {
    Cloud,
    OnPremises,
    Zendesk,
    Atera,
    Event,
    Listener,
}

use System::{Atera, Cloud, Event, Listener, OnPremises, Zendesk};

impl System {
    /// Its settings; `{host}` stands for the address of the stubs.
    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Cloud => &[
                ("sdp_base_url", "http://{host}/app/itdesk"),
                ("sdp_accounts_url", "http://{host}"),
                ("sdp_client_id", ZOHO_CLIENT_ID),
                ("sdp_client_secret", ZOHO_CLIENT_SECRET),
                ("sdp_refresh_token", ZOHO_REFRESH_TOKEN),
            ],
            OnPremises => &[("sdp_base_url", "http://{host}"), ("sdp_authtoken", SDP_AUTHTOKEN)],
            Zendesk => &[
                ("zendesk_base_url", "http://{host}"),
                ("zendesk_email", ZENDESK_EMAIL),
                ("zendesk_api_token", ZENDESK_API_TOKEN),
            ],
            Atera => &[("atera_base_url", "http://{host}/atera"), ("atera_api_key", ATERA_API_KEY)],
            Event => &[("moveworks_event_id", MOVEWORKS_EVENT_ID)],
            Listener => &[("moveworks_listener_id", MOVEWORKS_LISTENER_ID)],
        }
    }
}

/// Settings that every configuration has.
const COMMON: [(&str, &str); 3] = [
    ("api_token", "0123456789-0123456789-0123456789"),
    ("moveworks_base_url", "http://{host}"),
    ("moveworks_api_key", MOVEWORKS_API_KEY),
];

/// Runs `doctor` on these systems, with some settings changed, against this world.
fn doctor(
    systems: &[System],
    changes: &[(&str, &str)],
    store: &str,
    world: impl FnOnce(&mut World),
) -> (Vec<String>, bool) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let stubs = Stubs::new(7);
    stubs.with(world);
    runtime.spawn(async move { stubs.serve(listener, std::future::pending()).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge.toml");
    let mut settings: Vec<(&str, &str)> = COMMON.to_vec();
    settings.extend(systems.iter().flat_map(|system| system.settings()));
    settings.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    settings.extend(changes);
    let lines = settings.iter().map(|(name, value)| format!("{name} = '{value}'\n"));
    let variables = lines.collect::<String>().replace("{host}", &host);
    fs::write(&file, format!("[variables]\n{variables}[store]\n{store}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_approval-bridge"));
    let output = command.args(["doctor", "--config"]).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace(&host, "{host}");
    let text = text.replace(&folder.path().display().to_string(), "{folder}");
    (text.lines().map(str::to_owned).collect(), output.status.success())
}

const MEMORY: &str = "kind = 'memory'";

/// One thing that is wrong, or that cannot be seen.
struct Case {
    systems: &'static [System],
    changes: &'static [(&'static str, &'static str)],
    world: fn(&mut World),
    line: &'static str,
}

fn nothing(_: &mut World) {}

const CASES: &[Case] = &[
    Case {
        systems: &[Event],
        changes: &[],
        world: nothing,
        line: "FAIL settings: no help desk is configured: set sdp_base_url, zendesk_base_url or atera_base_url",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("api_token", "")],
        world: nothing,
        line: "note settings: api_token is not set, so nobody may call the bridge and nothing can be decided: set \
               APPROVAL_BRIDGE_API_TOKEN to a long random text",
    },
    Case {
        systems: &[Zendesk],
        changes: &[],
        world: nothing,
        line: "FAIL settings: moveworks_event_id: expected a value here or in moveworks_listener_id: at least one",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("timezone", "Europe/Nowhere")],
        world: nothing,
        line: "FAIL settings: timezone: expected a name of the IANA Time Zone Database, such as Europe/Berlin",
    },
    // ServiceDesk Plus in the cloud.
    Case {
        systems: &[Cloud, Event],
        changes: &[
            ("sdp_base_url", "https://sdpondemand.manageengine.eu/app/itdesk"),
            ("sdp_accounts_url", "https://accounts.zoho.com"),
        ],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: sdp_base_url is in the data centre EU, sdp_accounts_url in US; set \
               sdp_accounts_url to https://accounts.zoho.eu",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_refresh_token", "1000.of-another-centre")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_code: the refresh token is revoked, mistyped, or of another data \
               centre than sdp_accounts_url",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_client_id", "1000.OTHER")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_client: sdp_client_id is unknown at this data centre; check \
               sdp_accounts_url",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_client_secret", "another")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_client_secret: sdp_client_secret does not belong to sdp_client_id",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[],
        world: |world| world.settings.zoho.mode = approval_bridge::stubs::ZohoMode::Throttled,
        line: "FAIL ServiceDesk Plus token: Zoho's token throttle: too many tokens asked for in a short time; wait ten \
               minutes",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[],
        world: |world| world.settings.zoho.scopes.retain(|scope| !scope.contains("changes")),
        line: "FAIL ServiceDesk Plus changes: the token may not read and decide changes; create sdp_refresh_token anew \
               with the scope SDPOnDemand.changes.ALL, or take changes out of sdp_modules",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_base_url", "http://{host}")],
        world: |world| world.settings.sdp.portal = Some("itdesk".into()),
        line: "FAIL ServiceDesk Plus requests: sdp_base_url names no portal; set it to http://{host}/app/{portal}, as it \
               stands in the browser",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_base_url", "http://{host}/app/another")],
        world: |world| world.settings.sdp.portal = Some("itdesk".into()),
        line: "FAIL ServiceDesk Plus requests: there is no portal another here; set sdp_base_url to what stands before \
               /ui in the browser",
    },
    // ServiceDesk Plus on premises.
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_authtoken", "an-old-key")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: the technician key is wrong or has expired; make a new one and put it into \
               sdp_authtoken",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_base_url", "http://{host}/sdp")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: nothing is there; set sdp_base_url to the address of ServiceDesk Plus \
               itself, without a path",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/api/v3/releases").always().sdp_error(4002, "Not allowed")),
        line: "FAIL ServiceDesk Plus releases: the owner of the credential may not read releases; give their role that \
               right, or take releases out of sdp_modules",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_modules", "requests")],
        world: |world| world.fault(Fault::on("GET", "/api/v3/requests").always().html()),
        line: "FAIL ServiceDesk Plus requests: NOT_JSON: HTTP 200 without JSON: a log-in or maintenance page answers in \
               place of the API; check sdp_base_url",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_base_url", "http://127.0.0.1:9")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: 127.0.0.1 refuses connections; check host and port in the base URL, and \
               that the server runs",
    },
    // Zendesk.
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_api_token", "another-token")],
        world: nothing,
        line: "FAIL Zendesk user: Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, \
               and that the account lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_api_token", "another-token")],
        world: |world| world.settings.zendesk.anonymous_me = false,
        line: "FAIL Zendesk user: Zendesk refuses the call; check zendesk_email and zendesk_api_token, and that the account \
               lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_email", "nobody@corp.example")],
        world: nothing,
        line: "FAIL Zendesk user: Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, \
               and that the account lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_email", "ana@corp.example")],
        world: |world| {
            world.zendesk.user("Ana Li", "ana@corp.example");
        },
        line: "FAIL Zendesk approval requests: zendesk_email may not read the list; set it to the address of an \
               administrator",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/api/v2/users/me").always().html()),
        line: "FAIL Zendesk user: NOT_JSON: HTTP 200: a page answers in place of the API; is the subdomain in \
               zendesk_base_url right, and the account active?; set zendesk_base_url to https://{subdomain}.zendesk.com",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| {
            let body = r#"{"error":"RecordNotFound","description":"Not found"}"#;
            world.fault(Fault::on("GET", "/api/v2/approval_requests").always().replies(404, body));
        },
        line: "FAIL Zendesk approval requests: the account has no approval requests; the plan has to be Suite Professional \
               or Employee Service Growth, or higher",
    },
    // Atera.
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_api_key", "an-old-key")],
        world: nothing,
        line: "FAIL Atera: the key is wrong or has expired; make a new one under Admin, API and put it into atera_api_key",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "99"), ("atera_technician_email", "Tess@it.example")],
        world: with_technician,
        line: "FAIL Atera technician: tickets name the owner of atera_technician_email as technician 12; set \
               atera_technician_id to that",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "99")],
        world: with_technician,
        line: "note Atera technician: no recent ticket names technician 99; compare atera_technician_id with \
               TechnicianContactID of a ticket that is theirs",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "12")],
        world: with_technician,
        line: "ok   Atera technician: 12 is named by recent tickets",
    },
    // Moveworks.
    Case {
        systems: &[Zendesk, Event],
        changes: &[("moveworks_api_key", "another-key")],
        world: nothing,
        line: "FAIL Moveworks: the key is wrong, or its owner's account is gone; make a new one in Moveworks and put it into \
               moveworks_api_key",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/rest/v1/auth/test").always().replies(404, "")),
        line: WRONG_REGION,
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| {
            let body = r#"{"error":{"code":"invalid_audience","message":"Token validation failed"}}"#;
            world.fault(Fault::on("GET", "/rest/v1/auth/test").always().replies(401, body));
        },
        line: WRONG_REGION,
    },
    Case {
        systems: &[Zendesk, Listener],
        changes: &[("moveworks_listener_secret", "a-shared-secret-that-nobody-checks")],
        world: nothing,
        line: "note Moveworks listener: whether moveworks_listener_id and moveworks_listener_secret are right cannot be seen from \
               here, because a listener accepts before it checks; send yourself a message by POST /notifications and read \
               the listener's log",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: nothing,
        line: "note Moveworks event: whether moveworks_event_id is right cannot be seen without a message; send yourself one by \
               POST /notifications",
    },
    // People.
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: |world| {
            let ticket =
                world.request().id("874").level(&[("Ana Li", "ana@corp.example"), ("Bo Hahn", "bo@corp.example")]);
            let ticket = ticket.level_id("77").approval_ids(&["310", "311"]).add();
            world.set_email(&ticket.approval(0, 1), None).unwrap();
        },
        line: "FAIL waiting approvals: 1 of 2 cannot be announced, because their approver has no e-mail address, such as \
               sdp:requests:874:77:311 (Bo Hahn); give them one in the help desk",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: nothing,
        line: "note waiting approvals: none; if one should wait, compare its status with sdp_pending_status",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("silent_approvers", "ana@corp.example, boo@corp.example")],
        world: |world| {
            world.zendesk.user("Ana Li", "ana@corp.example");
        },
        line: "FAIL silent_approvers: unknown to Zendesk: boo@corp.example; correct the spelling or take them out",
    },
    Case {
        systems: &[OnPremises, Atera, Event],
        changes: &[("allowed_approvers", "boo@corp.example, @it.example")],
        world: nothing,
        line: "note allowed_approvers: unknown to Atera: boo@corp.example; ServiceDesk Plus cannot be asked, so compare the \
               spelling there",
    },
];

const WRONG_REGION: &str = "FAIL Moveworks: moveworks_base_url is of another region, where your tenant is not; set it to that of your region: \
     https://api.moveworks.ai (US), https://api.prod3.us.moveworks.com (US prod3), https://api.prod4.us.moveworks.com (US \
     prod4), https://api.am-eu-central.moveworks.ai (EU), https://api.am-ca-central.moveworks.ai (Canada), \
     https://api.moveworksgov.ai (Government), https://api.jp.moveworks.com (Japan), https://api.uk.moveworks.com (UK)";

fn with_technician(world: &mut World) {
    let ticket = world.atera_ticket("A laptop", ("Sam Stinson", "sam@corp.example"));
    world.atera(&ticket).unwrap().technician = Some((12, "tess@it.example".into()));
}

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
