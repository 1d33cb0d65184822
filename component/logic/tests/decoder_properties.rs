//! What must hold for any answer, whoever wrote it: a vendor's next version, a proxy, a stranger's ticket text.
//!
//! A wrong implementation would panic (and take the sweep with it), let an id through that breaks out of a path or a key,
//! or drop a good row because of its neighbour.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use approval_logic::approval::{Approval, ApprovalId, Ticket, TicketKind, is_id_segment};
use approval_logic::atera;
use approval_logic::http::{CallError, HttpResponse, Method};
use approval_logic::moveworks::read_acceptance;
use approval_logic::sdp::{self, Level, StatusNames, token};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

/// Every fixture of the vendor's tests, and the few shapes that are too short to be one.
static FIXTURES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sdp");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut all: Vec<Value> =
        paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect();
    all.push(json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": [
        { "status_code": 4012, "field": "comments", "message": "missing", "type": "failed" },
    ]}}));
    all.push(json!({ "approval": { "id": "310", "status": { "name": "Denied" }, "comments": "<b>no</b>" } }));
    all.push(json!({ "approval_summary": { "has_approvals": true } }));
    all.push(json!({ "access_token": "1000.a", "expires_in": 3600, "error": null }));
    all.push(json!({ "error": "Access Denied", "error_description": "too many requests" }));
    all.push(json!({ "error": { "code": "invalid_audience", "message": "wrong region" } }));
    all.push(json!({ "TicketID": 874, "TicketTitle": "a", "EndUserEmail": "a@b.example", "FirstComment": "<p>b</p>" }));
    all.push(json!({ "items": [
        { "TicketID": "875", "Comment": "<p>b</p>", "Date": "2026-03-05T08:15:30Z", "Email": "a@b.example",
          "IsInternal": false, "EndUserID": 901, "Firstname": "A" },
    ], "page": 1, "totalPages": 2 }));
    all
});

fn ticket(kind: TicketKind) -> Ticket {
    Ticket {
        kind,
        id: "874".to_owned(),
        number: "874".to_owned(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

fn level() -> Level {
    Level { id: "77".to_owned(), number: None, live: true, approvals: None }
}

fn sound_text(text: Option<&str>, max: usize) {
    let text = text.unwrap_or("a");
    assert!(!text.is_empty() && text.chars().count() <= max, "{text:?}");
}

fn sound_ticket(kind: TicketKind, ticket: &Ticket) {
    assert_eq!(ticket.kind, kind);
    assert!(is_id_segment(&ticket.id), "{ticket:?}");
    sound_text(Some(&ticket.number), 300);
    for line in [&ticket.title, &ticket.priority] {
        sound_text(line.as_deref(), 300);
        assert!(!line.as_deref().unwrap_or_default().contains(['\n', '\r', '\u{202e}', '\0']), "{line:?}");
    }
    assert!(ticket.description.as_deref().unwrap_or_default().chars().count() <= 1000);
}

fn sound_approval(approval: &Approval) {
    let id = &approval.id;
    assert!([id.ticket(), id.level(), id.approval()].into_iter().all(is_id_segment), "{id:?}");
    assert_eq!(id.to_string().parse::<ApprovalId>().as_ref(), Ok(id));
    for person in [&approval.approver, &approval.original_approver, &approval.decided_by].into_iter().flatten() {
        assert!(person.label().is_some(), "{person:?}");
        sound_text(person.label(), 300);
    }
    assert!([approval.sent_at, approval.decided_at].into_iter().flatten().all(|time| time > 0));
}

fn sound_error(error: &CallError) {
    let message = error.message();
    assert!(!message.is_empty() && message.chars().count() <= 500, "{message}");
    assert!(!message.contains(['\n', '\r', '\0', '\u{202e}']), "{message:?}");
}

/// Gives an answer to every decoder there is and looks at whatever comes out.
fn decode(response: &HttpResponse) {
    let names = StatusNames::default();
    for method in [Method::Get, Method::Put] {
        let _ = sdp::classify(method, response).map_err(|error| sound_error(&error));
    }
    for kind in TicketKind::MODULES {
        match sdp::read_page(kind, &names, response) {
            Ok(page) => page.tickets.iter().for_each(|listed| sound_ticket(kind, &listed.ticket)),
            Err(error) => sound_error(&error),
        }
        match sdp::read_ticket(kind, response) {
            Ok(ticket) => sound_ticket(kind, &ticket),
            Err(error) => sound_error(&error),
        }
        match sdp::read_approvals(&names, &ticket(kind).into(), &level(), response) {
            Ok(read) => read.approvals.iter().for_each(sound_approval),
            Err(error) => sound_error(&error),
        }
    }
    let request = ticket(TicketKind::Request).into();
    match sdp::read_levels(&names, &|_| Some(&request), response) {
        Ok(levels) => {
            for level in &levels.levels {
                assert!(is_id_segment(&level.id), "{level:?}");
                level.approvals.iter().flat_map(|read| &read.approvals).for_each(sound_approval);
            }
        }
        Err(error) => sound_error(&error),
    }
    let id = ApprovalId::sdp(TicketKind::Request, "874", "77", "310").unwrap();
    match sdp::read_approval(&names, &ticket(TicketKind::Request).into(), &id, response) {
        Ok(approval) => assert_eq!(approval.id, id),
        Err(error) => sound_error(&error),
    }
    let _ = sdp::read_summary(response).map_err(|error| sound_error(&error));
    let _ = sdp::read_decision(response).map_err(|error| sound_error(&error));
    match token::read(response, 1_764_000_000_000) {
        Ok(token) => assert!(!token.token.is_empty() && token.expires_at >= 1_764_000_000_000),
        Err(error) => sound_error(&error),
    }
    match atera::read_ticket(response) {
        Ok(ticket) => sound_ticket(TicketKind::Ticket, &ticket),
        Err(error) => sound_error(&error),
    }
    match atera::read_tickets(response) {
        Ok(page) => page.items.iter().for_each(|ticket| sound_ticket(TicketKind::Ticket, ticket)),
        Err(error) => sound_error(&error),
    }
    match atera::read_comments(response) {
        Ok(page) => page.items.iter().for_each(|comment| assert!(!comment.text.contains(['\r', '\u{202e}', '\0']))),
        Err(error) => sound_error(&error),
    }
    match atera::read_contact(response, "a@b.example") {
        Ok(contact) => assert!(contact.is_none_or(|contact| contact.has_address("a@b.example"))),
        Err(error) => sound_error(&error),
    }
    for method in [Method::Post, Method::Put] {
        let _ = atera::read_written(method, response).map_err(|error| sound_error(&error));
    }
    let _ = read_acceptance(response).map_err(|error| sound_error(&error));
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![6 => Just(200_u16), 2 => prop::sample::select(&[204, 302, 400, 401, 404, 429, 500][..]), 1 => any::<u16>()]
}

fn retry_after() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.2, "[0-9]{1,25}|-1|soon|\\PC{0,8}")
}

fn response(status: u16, retry_after: Option<String>, body: Vec<u8>) -> HttpResponse {
    let headers = retry_after.map(|value| ("retry-after".to_owned(), value)).into_iter().collect();
    HttpResponse { headers, ..HttpResponse::new(status, body) }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        "\\PC{0,20}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(
            &[
                "",
                " ",
                "true",
                "0",
                "-1",
                "1764000000000",
                "Pending Approval",
                "../../x",
                "a:b",
                "\0",
                "\u{202e}x\ny",
                "<p>"
            ][..]
        )
        .prop_map(Value::from),
        // Too long to keep, too large to be exact.
        Just(Value::from("9".repeat(3_000))),
        Just(json!(1e300)),
    ]
}

/// Any JSON, with the vendor's own key names often enough to get past the first look.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        4 => prop::sample::select(
            &[
                "response_status", "status_code", "status", "messages", "message", "list_info", "has_more_rows", "requests",
                "changes", "releases", "request", "approval_levels", "approvals", "approval", "approval_status", "id", "name",
                "email_id", "approver", "level", "sent_on", "value", "deleted", "is_current", "display_id", "subject",
                "description", "approval_summary", "has_approvals", "error", "access_token", "expires_in", "code",
            ][..]
        )
        .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    scalar().prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

/// One damage to a value: what to do, and where, counted over all its nodes.
#[derive(Clone, Debug)]
enum Damage {
    Remove(usize),
    Replace(usize, Value),
    Wrap(usize),
    Bury(usize, usize),
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..200_usize;
    prop_oneof![
        3 => place.clone().prop_map(Damage::Remove),
        4 => (place.clone(), scalar()).prop_map(|(place, value)| Damage::Replace(place, value)),
        1 => place.clone().prop_map(Damage::Wrap),
        1 => (place.clone(), 1..300_usize).prop_map(|(place, depth)| Damage::Bury(place, depth)),
        1 => place.prop_map(Damage::Repeat),
    ]
}

/// Does something to the children of a value, counting down to the one that is meant.
fn visit(value: &mut Value, left: &mut usize, act: &mut dyn FnMut(&mut Value)) -> bool {
    if *left == 0 {
        act(value);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| visit(item, left, act)),
        Value::Object(fields) => fields.values_mut().any(|item| visit(item, left, act)),
        _ => false,
    }
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

type Act = Box<dyn FnMut(&mut Value)>;

fn harm(value: &mut Value, damage: &Damage) {
    let (place, mut act): (usize, Act) = match damage.clone() {
        Damage::Remove(place) => (
            place,
            Box::new(move |value| match value {
                Value::Array(items) => drop(items.pop()),
                Value::Object(fields) => {
                    let key = fields.keys().nth(place % fields.len().max(1)).cloned();
                    key.map(|key| fields.remove(&key));
                }
                other => *other = Value::Null,
            }),
        ),
        Damage::Replace(place, new) => (place, Box::new(move |value| *value = new.clone())),
        Damage::Wrap(place) => (place, Box::new(|value| *value = json!([value.take()]))),
        Damage::Bury(place, depth) => (
            place,
            Box::new(move |value| {
                for level in 0..depth {
                    *value = if level % 2 == 0 { json!([value.take()]) } else { json!({ "value": value.take() }) };
                }
            }),
        ),
        Damage::Repeat(place) => (
            place,
            Box::new(|value| {
                let copy = value.clone();
                match value {
                    Value::Array(items) => items.extend(copy.as_array().cloned().unwrap_or_default()),
                    Value::String(text) => *text = text.repeat(100),
                    _ => {}
                }
            }),
        ),
    };
    let mut left = place % nodes(value);
    visit(value, &mut left, &mut act);
}

/// Damage to the bytes: a cut, and bytes that no UTF-8 has.
fn spoil(bytes: &mut Vec<u8>, cut: Option<prop::sample::Index>, splice: Option<(prop::sample::Index, Vec<u8>)>) {
    if let Some((at, junk)) = splice {
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, junk);
    }
    if let Some(at) = cut {
        bytes.truncate(at.index(bytes.len() + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_survived(
        status in status(), after in retry_after(), body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        decode(&response(status, after, body));
    }

    #[test]
    fn any_json_is_survived(status in status(), after in retry_after(), body in any_json()) {
        decode(&response(status, after, body.to_string().into_bytes()));
    }

    #[test]
    fn any_value_in_the_place_of_a_list_or_record_is_survived(
        key in prop::sample::select(&[
            "requests", "changes", "releases", "request", "approval_levels", "approvals", "approval", "approval_summary",
            "response_status", "list_info", "error", "access_token",
        ][..]),
        value in any_json(),
    ) {
        decode(&response(200, None, json!({ key: value }).to_string().into_bytes()));
        decode(&response(200, None, json!({ key: [value] }).to_string().into_bytes()));
    }

    #[test]
    fn any_damage_to_a_good_answer_is_survived(
        fixture in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 0..6),
        status in status(),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        splice in prop::option::weighted(
            0.2, (any::<prop::sample::Index>(), prop::collection::vec(prop_oneof![Just(0xff_u8), Just(0xc0), any::<u8>()], 1..4)),
        ),
    ) {
        let mut body = fixture.get(&FIXTURES).clone();
        for damage in &damages {
            harm(&mut body, damage);
        }
        let mut bytes = body.to_string().into_bytes();
        spoil(&mut bytes, cut, splice);
        decode(&response(status, None, bytes));
    }

    #[test]
    fn a_bad_row_never_removes_a_good_neighbour(
        rows in prop::collection::vec(prop_oneof![any_json().prop_map(Some), Just(None)], 1..8), live in any::<bool>(),
    ) {
        let mut good = Vec::new();
        let mut ours = 0;
        let mut fill = |extra: Value| {
            let rows: Vec<Value> = rows.iter().map(|row| row.clone().unwrap_or_else(|| {
                ours += 1;
                let mut own = extra.clone();
                own["id"] = json!(format!("good-{ours}"));
                own
            })).collect();
            good = (1..=ours).map(|number| format!("good-{number}")).collect();
            ours = 0;
            rows
        };
        let (requests, levels, approvals) =
            (fill(json!({ "subject": "s" })), fill(json!({ "level": 1 })), fill(json!({ "status": "Pending Approval" })));
        let names = StatusNames::default();
        let answer = |key: &str, rows: &[Value]| HttpResponse::new(200, json!({ key: rows }).to_string());
        let kept = |ids: Vec<String>| ids.into_iter().filter(|id| id.starts_with("good-")).collect::<Vec<_>>();

        let page = sdp::read_page(TicketKind::Request, &names, &answer("requests", &requests)).unwrap();
        prop_assert_eq!(page.tickets.len() + page.refused.len(), rows.len());
        prop_assert_eq!(&kept(page.tickets.into_iter().map(|listed| listed.ticket.id).collect()), &good);

        let read = sdp::read_levels(&names, &|_| None, &answer("approval_levels", &levels)).unwrap();
        prop_assert_eq!(read.levels.len() + read.refused.len(), rows.len());
        prop_assert_eq!(&kept(read.levels.into_iter().map(|level| level.id).collect()), &good);

        let level = Level { live, ..level() };
        let read = sdp::read_approvals(&names, &ticket(TicketKind::Change).into(), &level, &answer("approvals", &approvals)).unwrap();
        prop_assert_eq!(read.approvals.len() + read.refused.len(), rows.len());
        prop_assert_eq!(&kept(read.approvals.into_iter().map(|approval| approval.id.approval().to_owned()).collect()), &good);
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    for (open, close) in
        [("[", "]"), ("{\"approval\":", "}"), ("{\"requests\":[", "]}"), ("{\"response_status\":", "}")]
    {
        for depth in [100, 127, 128, 129, 20_000] {
            decode(&HttpResponse::new(200, format!("{}1{}", open.repeat(depth), close.repeat(depth))));
            decode(&HttpResponse::new(200, open.repeat(depth)));
        }
    }
    let html =
        json!({ "request": { "id": "1", "description": "<div>".repeat(50_000), "subject": "<".repeat(100_000) } });
    decode(&HttpResponse::new(200, html.to_string()));
    decode(&HttpResponse::new(400, "x".repeat(1_000_000)));
}
