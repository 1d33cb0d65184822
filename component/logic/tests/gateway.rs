//! Golden tickets, both ways: `tests/golden/gateway/{help desk}/NAME.reply.json` is an answer of the help desk, the
//! `.wire.json` beside it what Moveworks gets; `NAME.fields.json` is what Moveworks sends, the `.request.txt` beside it the
//! call to the help desk. Replies are document-shaped, every value is invented.
//!
//! `BLESS=1 cargo test -p approval-logic --test gateway` writes the expected files anew; read the diff before committing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use approval_logic::approval::Source;
use approval_logic::gateway::{Edit, Profile, Tables};
use approval_logic::http::{HttpRequest, HttpResponse};
use approval_logic::sdp::{self, StatusNames};
use approval_logic::zendesk;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

fn folder(source: Source) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gateway").join(source.name())
}

/// The cases with this ending, each with its name.
fn cases(source: Source, ending: &str) -> Vec<(String, Value)> {
    let files = fs::read_dir(folder(source)).expect("the folder of golden tickets").map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, Value)> = files
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(ending)?.to_owned();
            let case = serde_json::from_slice(&fs::read(&path).unwrap());
            Some((name, case.unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
        })
        .collect();
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(cases.len() >= 2, "only {} cases in {}", cases.len(), folder(source).display());
    cases
}

fn profile(source: Source, case: &Value) -> Profile {
    let table = |name: &str| case["tables"][name].as_str().unwrap_or_default();
    let tables = Tables {
        states: table("states"),
        system: table("system"),
        user_id: table("user_id"),
        resolved: table("resolved"),
        reopened: table("reopened"),
        fields: table("fields"),
        destinations: table("destinations"),
    };
    let own = if source == Source::Sdp { sdp::tickets::profile() } else { zendesk::tickets::profile() };
    own.with(source, &tables).expect("sound tables")
}

fn wire(source: Source, case: &Value) -> Value {
    let profile = profile(source, case);
    let reply = HttpResponse::new(200, case["reply"].to_string());
    let notes = case.get("comments").map(|notes| HttpResponse::new(200, notes.to_string()));
    let (mut ticket, comments) = match source {
        Source::Sdp => (
            sdp::tickets::read_ticket(&profile, &StatusNames::default(), &reply).expect("a ticket"),
            notes.map(|notes| sdp::tickets::read_notes(&notes).expect("notes")),
        ),
        _ => (
            zendesk::tickets::read_ticket(&profile, &reply).expect("a ticket"),
            notes.map(|notes| zendesk::tickets::read_comments(&notes).expect("comments")),
        ),
    };
    ticket.comments = comments;
    json!({ "ticket": ticket.to_value(&profile) })
}

fn call(source: Source, case: &Value) -> String {
    let profile = profile(source, case);
    let edit = Edit::read(&profile, case["fields"].as_object().expect("fields")).expect("sound fields");
    let id = case["id"].as_str();
    let request = match source {
        Source::Sdp => {
            let credential = sdp::Credential::Authtoken("key".to_owned());
            let calls = sdp::Calls::new("https://sdp.corp.example/app/itdesk", &credential);
            match id {
                Some(id) => calls.update_request(&profile, id, &edit),
                None => calls.create_request(&profile, &edit),
            }
        }
        _ => {
            let api_token = "token".to_owned();
            let credential = zendesk::Credential { email: "agent@corp.example".to_owned(), api_token };
            let calls = zendesk::Calls::new("https://corp.zendesk.example", &credential);
            match id {
                Some(id) => calls.update_ticket(&profile, id, &edit),
                None => calls.create_ticket(&profile, &edit),
            }
        }
    };
    readable(&request)
}

/// The call without its credential; the body as JSON, whatever it is wrapped in.
fn readable(request: &HttpRequest) -> String {
    let kind = request.headers.iter().find(|(name, _)| *name == "content-type").map_or("", |(_, kind)| kind.as_str());
    let body = String::from_utf8(request.body.clone()).expect("text");
    let json = match body.strip_prefix("input_data=") {
        Some(form) => percent_decode_str(form).decode_utf8().expect("text").into_owned(),
        None => body,
    };
    let json: Value = serde_json::from_str(&json).expect("JSON");
    format!("{} {}\ncontent-type: {kind}\n\n{json:#}\n", request.method.name(), request.url)
}

fn compare(source: Source, from: &str, to: &str, make: impl Fn(Source, &Value) -> String) {
    let bless = std::env::var_os("BLESS").is_some();
    for (name, case) in cases(source, from) {
        let (path, actual) = (folder(source).join(format!("{name}{to}")), make(source, &case));
        if bless {
            fs::write(&path, actual).expect("a writable file");
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(actual, expected, "{}: BLESS=1 accepts", path.display());
    }
}

#[test]
fn every_ticket_of_a_help_desk_reads_as_approved() {
    for source in [Source::Sdp, Source::Zendesk] {
        compare(source, ".reply.json", ".wire.json", |source, case| format!("{:#}\n", wire(source, case)));
    }
}

#[test]
fn every_write_to_a_help_desk_is_as_approved() {
    for source in [Source::Sdp, Source::Zendesk] {
        compare(source, ".fields.json", ".request.txt", call);
    }
}

#[test]
fn no_text_of_a_ticket_arrives_with_markup_or_hidden_characters() {
    for source in [Source::Sdp, Source::Zendesk] {
        for (name, case) in cases(source, ".reply.json") {
            let text = wire(source, &case).to_string();
            let odd = ["<b", "<script", "<div", "\u{202e}", "\u{200b}", "\\u202e"];
            assert!(!odd.iter().any(|odd| text.contains(odd)), "{name}: {text}");
        }
    }
}
