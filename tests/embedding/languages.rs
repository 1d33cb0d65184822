//! `examples/node` and `examples/python` run the pure component over every golden card, and say what the native code
//! says, to the byte.
//!
//! A wrong component, or a wrong reading of its types, loses a field on the way, cuts a number, spells a letter beyond
//! ASCII otherwise, sorts otherwise, or signs other bytes than it sends.
//!
//! `cargo xtask setup` gets the packages from npm and PyPI where it can. Without them a test does nothing, and says so
//! on stderr.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use approval_logic::approval::{Approval, Person, Status};
use approval_logic::card::{CardKind, CardStyle, FieldKind, render};
use approval_logic::diff::{Change, Entry, Said, TicketSnapshot, diff};
use approval_logic::http::HttpRequest;
use approval_logic::moveworks::{Event, Message, Tenant, event_message, listener_message};
use approval_logic::policy::{Action, Closings, Rules, plan};
use serde_json::{Value, json};

use crate::{component, root, target};

/// When the tickets are read: some weeks after the golden approvals were sent.
const NOW: i64 = 1_774_000_000_000;

/// A golden file: an approval, with what is wanted of its card beside it.
struct Case {
    name: String,
    approval: Approval,
    wish: Value,
}

fn cases() -> Vec<Case> {
    let folder = root().join("component/logic/tests/golden/cards");
    let files = fs::read_dir(&folder).expect("the golden cards").map(|file| file.expect("a file").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a golden card");
        let wish: Value = serde_json::from_str(&text).expect("JSON");
        let approval = serde_json::from_value(wish.clone()).ok()?;
        Some(Case { name: path.file_stem()?.to_string_lossy().into_owned(), approval, wish: wish["card"].clone() })
    };
    files.into_iter().filter_map(read).collect()
}

impl Case {
    /// What the card is for, with the number of a reminder.
    fn event(&self) -> (&'static str, u64) {
        match &self.wish["kind"] {
            Value::Object(kind) if kind.contains_key("closed") => ("closed", 0),
            Value::Object(kind) => ("reminder", kind["reminder"]["number"].as_u64().expect("a number")),
            _ => ("pending", 0),
        }
    }

    /// Whether the ledger has it already, as pending.
    fn known(&self) -> bool {
        self.event().0 != "pending"
    }

    /// As the examples read it.
    fn asked(&self) -> Value {
        let ((event, number), ticket) = (self.event(), self.approval.id.ticket_ref());
        let mut asked = json!({
            "source": ticket.source, "ticket": ticket.ticket, "known": self.known(), "now": NOW,
            "event": event, "number": number, "recipient": "ana@corp.example", "approval": self.approval,
            "fields": self.wish.get("fields").unwrap_or(&json!([])),
        });
        if let Some(title) = self.wish.get("title") {
            asked["title"] = title.clone();
        }
        asked
    }

    /// What the native code says.
    fn expected(&self) -> Value {
        let approval = &self.approval;
        let before = Approval { status: Status::Pending, ..approval.clone() };
        let entry = Entry {
            approval: before,
            round: 1,
            said: Said::Announced,
            first_seen: 0,
            announced_at: Some(0),
            told_at: None,
            end_told: 0,
            reminders: 0,
            closed_at: None,
            decision: None,
        };
        let ledger: Vec<Entry> = self.known().then_some(entry).into_iter().collect();
        let (ticket, approvals) = (approval.id.ticket_ref(), vec![approval.clone()]);
        let changes = diff(&ledger, &[TicketSnapshot { ticket, approvals, complete: true }]);
        let plans = changes.iter().map(|change| {
            let plan = plan(ledger.first(), change, &rules(), NOW);
            json!([plan.entry.approval.id, action(&plan.action), plan.entry.round])
        });

        let by = approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned);
        let (event, kind) = match self.event() {
            ("closed", _) => (Event::Closed, CardKind::Closed { outcome: approval.status.clone(), by }),
            ("reminder", number) => {
                (Event::Reminder, CardKind::Reminder { number: u32::try_from(number).expect("a small number") })
            }
            _ => (Event::Pending, CardKind::Pending),
        };
        let card = render(approval, &kind, &self.style());
        let event_id = format!("{}:1", approval.id);
        let recipient = "ana@corp.example";
        let message = Message { event_id: &event_id, event, approval, card: &card, recipient, action_token: None };
        let tenant = Tenant { base_url: "https://api.moveworks.ai", api_key: "key" };
        json!({
            "changes": changes.iter().map(change).collect::<Vec<_>>(),
            "plans": plans.collect::<Vec<_>>(),
            "card": {
                "moveworks": card.to_moveworks(),
                "markdown": card.to_markdown(),
                "plain": card.to_text(),
                "html": card.to_html(),
            },
            "event": request(&event_message(&tenant, "ev-1", &message)),
            "listener": request(&listener_message(&tenant, "li-1", Some("secret"), &message)),
        })
    }

    fn style(&self) -> CardStyle {
        let mut style = CardStyle::default();
        if let Some(title) = self.wish["title"].as_str() {
            style.title = title.to_owned();
        }
        if let Some(fields) = self.wish["fields"].as_array() {
            let parse = |name: &Value| FieldKind::parse(name.as_str().expect("a name")).expect("a field");
            style.fields = fields.iter().map(parse).collect();
        }
        style
    }
}

fn rules() -> Rules {
    Rules {
        baseline: false,
        max_age: 0,
        silent: Vec::new(),
        remind_after: 0,
        max_reminders: 0,
        closings: Closings::None,
    }
}

fn change(change: &Change) -> Value {
    let name = match change {
        Change::Appeared(_) => "appeared",
        Change::AskedAgain(_) => "asked-again",
        Change::Updated(_) => "updated",
        Change::Restored(_) => "restored",
        Change::Ended(_) => "ended",
    };
    let status = match &change.approval().status {
        Status::Unknown(_) => json!("unknown"),
        status => json!(json!(status).as_str().expect("a name").replace('_', "-")),
    };
    json!([name, change.approval().id, status])
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Announce => "announce",
        Action::Baseline => "baseline",
        Action::Silence => "silence",
        Action::Park(_) => "park",
        Action::Close => "close",
        Action::Refresh => "refresh",
    }
}

fn request(request: &HttpRequest) -> Value {
    let body = str::from_utf8(&request.body).expect("text");
    json!({ "method": request.method.name(), "url": request.url, "headers": request.headers, "body": body })
}

/// The folder that has an example's packages, in the versions that the example pins.
fn packages(language: &str, pins: &str) -> Option<PathBuf> {
    let example = format!("examples/{language}");
    packages_in(target().join(&example), &root().join(&example).join(pins), &example)
}

/// A folder, if it has the packages that a file pins.
pub(crate) fn packages_in(folder: PathBuf, pins: &Path, what: &str) -> Option<PathBuf> {
    let pinned = fs::read(pins).expect("the pins");
    if fs::read(folder.join("installed")).is_ok_and(|there| there == pinned) {
        return Some(folder);
    }
    // Past the test runner, which keeps what a test prints to itself unless the test fails.
    let text = format!(
        "\n!!! SKIPPED: the packages for {what} are not there, so that has NOT been tested.\n\
         !!! `cargo xtask setup` gets them where it can.\n\n"
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// Runs a program in a folder. Gives it the lines, and gives back its lines.
fn run(program: &Path, args: &[&str], folder: &Path, lines: &str) -> String {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let (mut stdin, lines) = (child.stdin.take().expect("a pipe"), lines.to_owned());
    // Beside the reading: neither side may wait for the other with a full pipe. One that ends early says why.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("an end");
    let _ = writer.join();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Puts every golden card to a program, and compares.
fn compare(answers: impl FnOnce(&str) -> String) {
    let cases = cases();
    assert!(cases.len() >= 10, "only {} golden cards", cases.len());
    let asked: String = cases.iter().map(|case| format!("{}\n", case.asked())).collect();
    let answered = answers(&asked);
    assert_eq!(answered.lines().count(), cases.len());
    for (case, line) in cases.iter().zip(answered.lines()) {
        let said: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(said, case.expected(), "{}", case.name);
    }
}

#[test]
fn node_says_what_the_native_code_says() {
    let Some(folder) = packages("node", "package-lock.json") else { return };
    for file in ["build.mjs", "example.mjs"] {
        fs::copy(root().join("examples/node").join(file), folder.join(file)).expect("the example");
    }
    let node = Path::new("node");
    run(node, &["build.mjs", &component("approval_logic.wasm").to_string_lossy()], &folder, "");
    compare(|asked| run(node, &["example.mjs"], &folder, asked));
}

#[test]
fn python_says_what_the_native_code_says() {
    let Some(folder) = packages("python", "requirements.txt") else { return };
    let example = root().join("examples/python/example.py");
    let args = [example.to_string_lossy(), component("approval_logic.wasm").to_string_lossy().into_owned().into()];
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    compare(|asked| run(&folder.join("bin/python"), &args, &root(), asked));
}

/// Otherwise the examples would show a part of what the golden cards are there for.
#[test]
fn every_change_and_kind_of_card_is_among_the_cases() {
    let cases = cases();
    for event in ["pending", "reminder", "closed"] {
        assert!(cases.iter().any(|case| case.event().0 == event), "{event}");
    }
    for name in ["appeared", "ended"] {
        assert!(cases.iter().any(|case| case.expected()["changes"][0][0] == name), "{name}");
    }
}
