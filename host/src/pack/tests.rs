//! The pack against what Moveworks takes, and against the tree. A wrong pack is pasted once and fails in front of people.

use std::path::Path;

use serde_json::Value;

use super::*;

#[test]
fn the_pack_in_the_tree_is_the_one_that_the_code_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
    let stale = drift(&folder).unwrap();
    assert!(stale.is_empty(), "run `cargo xtask pack`: {stale:?}");
}

#[test]
fn what_is_written_is_there_and_what_is_foreign_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("old")).unwrap();
    std::fs::write(folder.path().join("old/action.curl"), "x").unwrap();
    assert_eq!(write(folder.path()).unwrap().len(), files().len() + 1);
    assert_eq!(drift(folder.path()).unwrap(), Vec::<String>::new());
    std::fs::write(folder.path().join("README.md"), "x").unwrap();
    assert_eq!(drift(folder.path()).unwrap(), ["README.md"]);
}

#[test]
fn every_action_has_a_name_of_its_own_and_every_file_a_path() {
    let (actions, files) = (actions(), files());
    for (at, action) in actions.iter().enumerate() {
        assert!(actions[at + 1..].iter().all(|other| other.name != action.name), "{}", action.name);
    }
    for (at, file) in files.iter().enumerate() {
        assert!(files[at + 1..].iter().all(|other| other.path != file.path), "{}", file.path);
        assert!(file.text.ends_with('\n') && !file.text.contains("\n\n\n"), "{}", file.path);
    }
}

/// "HTTP Actions": paths begin with a slash; text in triple braces, flags in double ones.
#[test]
fn a_curl_names_every_input_once_in_the_right_braces() {
    for action in actions() {
        let curl = action.curl();
        assert!(curl.starts_with(&format!("curl --request {} 'https://bridge.example/", action.method)), "{curl}");
        for input in &action.inputs {
            let (triple, double) = (format!("{{{{{{{}}}}}}}", input.name), format!("{{{{{}}}}}", input.name));
            let text = input.kind == Kind::Text;
            assert_eq!(curl.matches(&triple).count(), usize::from(text), "{} in {curl}", input.name);
            assert_eq!(curl.matches(&double).count(), 1, "{} in {curl}", input.name);
        }
        assert_eq!(curl.matches("{{").count(), action.inputs.len(), "{curl}");
        assert_eq!(curl.matches('\'').count() % 2, 0, "{curl}");
        assert!(!curl.to_lowercase().contains("authorization"), "the credential is the connector's");
    }
}

#[test]
fn a_body_is_json_once_its_inputs_are_put_in() {
    for action in actions() {
        let (target, body) = action.example();
        assert!(!target.contains(['{', '}', ' ']), "{target}");
        let Some(body) = body else { continue };
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{}: {error}", action.name));
        let wanted = action.inputs.iter().filter(|input| input.place == Place::Body).count();
        assert_eq!(body.as_object().unwrap().len(), wanted);
    }
}

/// No reader of YAML is among the dependencies, and these files use little of it: maps by indentation, lists of maps, plain
/// or quoted values.
fn lines(yaml: &str) -> Vec<(usize, &str, &str)> {
    let mut lines = Vec::new();
    for line in yaml.lines().filter(|line| !line.starts_with('#')) {
        let text = line.trim_start();
        let (dash, text) = text.strip_prefix("- ").map_or((0, text), |text| (2, text));
        let (key, value) = text.split_once(':').unwrap_or_else(|| panic!("no key in {line:?}"));
        let indent = line.len() - line.trim_start().len() + dash;
        assert!(indent % 2 == 0 && !line.contains('\t') && line == line.trim_end(), "{line:?}");
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line:?}");
        let value = value.strip_prefix(' ').unwrap_or(value);
        let quoted = value.starts_with("'\"") && value.ends_with("\"'") && value.matches('\'').count() == 2;
        let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
        assert!(quoted || plain, "{line:?}");
        lines.push((indent, key, value));
    }
    lines
}

fn compound() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".yaml")).collect()
}

#[test]
fn a_compound_action_is_built_of_blocks_that_follow_each_other() {
    for file in compound() {
        let lines = lines(&file.text);
        assert_eq!(lines[0], (0, "steps", ""), "{}", file.path);
        for pair in lines.windows(2) {
            let [(indent, _, value), (next, _, _)] = pair else { unreachable!() };
            // A key without a value opens a block; one with a value does not.
            let fits = if value.is_empty() { *next > *indent && *next <= indent + 4 } else { *next <= *indent };
            assert!(fits, "{}: {pair:?}", file.path);
        }
        let last = lines.last().unwrap();
        assert!(!last.2.is_empty(), "{}", file.path);
    }
}

#[test]
fn every_action_that_is_called_exists_and_gets_each_of_its_inputs() {
    let actions = actions();
    for file in compound() {
        let lines = lines(&file.text);
        for (at, (_, _, name)) in lines.iter().enumerate().filter(|(_, (_, key, _))| *key == "action_name") {
            let Some(action) = actions.iter().find(|action| action.name == *name) else {
                assert!(name.starts_with("mw."), "{}: {name}", file.path);
                continue;
            };
            let from = lines[at..].iter().position(|(_, key, _)| *key == "input_args").unwrap() + at;
            let given: Vec<&str> = lines[from + 1..]
                .iter()
                .take_while(|(indent, _, _)| *indent > lines[from].0)
                .map(|(_, key, _)| *key)
                .collect();
            let mut wanted: Vec<&str> = action.inputs.iter().map(|input| input.name).collect();
            let mut sorted = given.clone();
            wanted.sort_unstable();
            sorted.sort_unstable();
            assert_eq!(sorted, wanted, "{}", file.path);
        }
    }
}

/// "Ticket Gateway: Configuration Guide": only `action` and `return`, and what is returned goes by documented names.
#[test]
fn the_ticket_gateway_gets_actions_and_returns_alone() {
    let gateway: Vec<File> = compound().into_iter().filter(|file| file.path.contains("ticket-gateway")).collect();
    assert_eq!(gateway.len(), 2 * 13);
    for file in gateway {
        let blocks: Vec<&str> =
            file.text.lines().filter_map(|line| line.strip_prefix("  - ")?.strip_suffix(':')).collect();
        assert_eq!(blocks, ["action", "return"], "{}", file.path);
        let one = file.text.contains("        raw_ticket: data.done.ticket\n");
        let many = file.text.contains("        raw_tickets: data.done.tickets\n");
        assert!(one != many, "{}", file.path);
    }
}

/// The names that the input-context page documents are used as they are; every other one is marked.
#[test]
fn what_moveworks_does_not_publish_is_marked_and_not_guessed() {
    let known = [
        "ticket_id",
        "requestor",
        "updated_start_ts",
        "updated_end_ts",
        "destination.table_name",
        "payload.",
        "ticket.id",
        "file_name",
    ];
    for file in compound().iter().filter(|file| file.path.contains("ticket-gateway")) {
        for (_, _, value) in lines(&file.text) {
            let Some(name) = value.strip_prefix("data.context.") else { continue };
            let documented =
                known.iter().any(|known| name == *known || known.ends_with('.') && name.starts_with(known));
            assert!(documented || name.contains(OPEN), "{}: {name}", file.path);
            assert!(!name.contains(OPEN) || file.text.starts_with("# "), "{}: say so", file.path);
        }
    }
}

#[test]
fn the_sheets_show_what_the_bridge_sends() {
    let file = |path: &str| files().into_iter().find(|file| file.path == path).unwrap().text;
    let payload: Value = serde_json::from_str(&file("listener/payload.json")).unwrap();
    let schema: Value = serde_json::from_str(&file("listener/schema.json")).unwrap();
    assert_eq!(payload["event"], "approval.pending");
    let named = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(named(&schema["properties"]), named(&payload));
    assert_eq!(named(&schema["properties"]["slots"]["properties"]), named(&payload["slots"]));
    let title = &schema["properties"]["approval"]["properties"]["title"];
    assert_eq!(title["type"], serde_json::json!(["string", "null"]), "a ticket may have none");
    let event = file("event/README.md");
    for slot in named(&payload["slots"]) {
        assert!(event.contains(&format!("| `{slot}` | ")) && !event.contains(&format!("| `{slot}` |  |")), "{slot}");
    }
    assert!(file("listener/README.md").contains("headers[\"X-Signature\"]"));
}

#[test]
fn the_mock_is_the_card_that_the_renderer_writes() {
    let text = files().into_iter().find(|file| file.path == "purple-chat.md").unwrap().text;
    let link = text.split("conversation=").nth(1).unwrap().split(')').next().unwrap();
    let link = percent_encoding::percent_decode_str(link).decode_utf8().unwrap();
    let conversation: Value = serde_json::from_str(&link).unwrap();
    let parts = &conversation["messages"][0]["parts"];
    let body = parts[1]["richText"].as_str().unwrap();
    assert!(
        body.starts_with("<p><b>🎫 New Ticket Pending Your Approval</b><br><i>Ticket Type</i>: Request<br>"),
        "{body}"
    );
    let buttons: Vec<&Value> = parts[2]["buttons"].as_array().unwrap().iter().map(|b| &b["buttonText"]).collect();
    assert_eq!(buttons, ["Approve", "Reject"]);
}
