//! What must hold for any answer of Zendesk, whoever wrote it: its next version, a proxy, an agent with a sense of humour.
//!
//! A wrong implementation would panic (and take the sweep with it), let an id through that breaks out of a path or a key,
//! follow pages for ever, or drop a good row because of its neighbour.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use approval_logic::approval::{ApprovalId, Status, Ticket, TicketKind, is_id_segment};
use approval_logic::http::{CallError, HttpResponse, Method};
use approval_logic::zendesk::{self, Assignee, More, Next, Pages, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

static FIXTURES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zendesk");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut all: Vec<Value> =
        paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect();
    all.push(json!({ "errors": [{ "code": "X", "title": "No", "detail": "now" }] }));
    all.push(json!({ "error": "RecordNotFound", "description": "Not found" }));
    all.push(json!({ "error": { "title": "Forbidden", "message": "No" } }));
    all.push(json!({ "user": { "id": null, "name": "Anonymous user" } }));
    all
});

fn bare() -> Ticket {
    let id = "5120".to_owned();
    Ticket {
        kind: TicketKind::Ticket,
        number: id.clone(),
        id,
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 300 && !text.contains(['\n', '\r', '\0', '\u{202e}'])
}

fn sound_request(request: &Request) {
    assert!(is_id_segment(&request.id), "{request:?}");
    assert!(request.ticket.as_deref().is_none_or(is_id_segment), "{request:?}");
    if let Some(Assignee::User(id) | Assignee::Group(id)) = &request.assignee {
        assert!(is_id_segment(id), "{request:?}");
    }
    assert!(is_line(&request.word), "{request:?}");
    for member in [None, Some("901")] {
        let approval = request.approval(member, None, bare().into()).unwrap();
        assert_eq!(approval.id.to_string().parse::<ApprovalId>().as_ref(), Ok(&approval.id));
        assert!(approval.details.iter().all(|detail| (1..=1000).contains(&detail.value.chars().count())));
        assert!([approval.sent_at, approval.decided_at].into_iter().flatten().all(|time| time > 0));
        assert!(approval.decided_by.is_none() || matches!(approval.status, Status::Approved | Status::Rejected));
    }
}

fn sound_error(error: &CallError) {
    let message = error.message();
    assert!(!message.is_empty() && message.chars().count() <= 500, "{message}");
    assert!(!message.contains(['\n', '\r', '\0', '\u{202e}']), "{message:?}");
}

/// What was read, or nothing after a look at the error.
fn read<T>(result: Result<T, CallError>) -> Option<T> {
    result.inspect_err(sound_error).ok()
}

/// Gives an answer to every reader there is and looks at whatever comes out.
fn decode(response: &HttpResponse) {
    for method in [Method::Get, Method::Patch] {
        read(zendesk::classify(method, response));
    }
    read(zendesk::read_page(response)).iter().flat_map(|page| &page.requests).for_each(sound_request);
    if let Some(request) = read(zendesk::read_request("01JZ4Q8M3T5V7W9X1Y2Z3A4B5C", response)) {
        assert_eq!(request.id, "01JZ4Q8M3T5V7W9X1Y2Z3A4B5C", "a decision rests on it");
        sound_request(&request);
    }
    read(zendesk::read_create(response)).iter().for_each(sound_request);
    let taken = read(zendesk::read_decision(response));
    assert!(taken.is_none() || response.is_success());
    let users = read(zendesk::read_users(response)).map(|read| read.users).unwrap_or_default();
    let me = read(zendesk::read_me(response)).flatten();
    for user in users.iter().chain(&me) {
        assert!(is_id_segment(&user.id), "{user:?}");
        assert!([&user.person.name, &user.person.email].into_iter().flatten().all(|line| is_line(line)), "{user:?}");
    }
    let members = read(zendesk::read_members(response)).map(|read| read.users).unwrap_or_default();
    let groups = read(zendesk::read_groups(response)).unwrap_or_default();
    assert!(members.iter().chain(&groups).all(|id| is_id_segment(id)));
    for facts in read(zendesk::read_tickets(response)).map(|read| read.tickets).unwrap_or_default() {
        assert!(is_id_segment(&facts.ticket.id) && facts.requester.as_deref().is_none_or(is_id_segment));
        assert!([&facts.ticket.title, &facts.ticket.priority].into_iter().flatten().all(|line| is_line(line)));
        assert!(facts.ticket.description.is_none_or(|text| text.chars().count() <= 1000));
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    let texts = ["", " ", "true", "0", "-1", "active", "withdrawn", "../../x", "a:b", "\0", "\u{202e}x\ny", "<p>"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(1e300)),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(Value::from("9".repeat(3_000))),
        Just(json!([])),
        Just(json!({ "id": { "id": [1] } })),
    ]
}

/// Puts a value into a place, counted over all nodes.
fn replace(value: &mut Value, left: &mut usize, with: &Value) -> bool {
    if *left == 0 {
        *value = with.clone();
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, left, with)),
        Value::Object(fields) => fields.values_mut().any(|item| replace(item, left, with)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_damaged_answer_is_read_or_refused_and_what_is_read_is_sound(
        fixture in 0..FIXTURES.len(),
        damages in prop::collection::vec((0..80_usize, scalar()), 0..6),
        status in prop_oneof![5 => Just(200_u16), 1 => 200..600_u16],
    ) {
        let mut body = FIXTURES[fixture].clone();
        for (place, with) in damages {
            replace(&mut body, &mut place.clone(), &with);
        }
        decode(&HttpResponse::new(status, body.to_string()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        decode(&HttpResponse::new(status, body));
    }

    #[test]
    fn an_odd_row_never_costs_a_good_one(odd in scalar(), at in 0..=2_usize) {
        let mut rows = vec![json!({ "id": "01JA", "status": "active" }), json!({ "id": "01JB", "status": "active" })];
        rows.insert(at, json!({ "id": odd, "status": odd, "assignee_user": odd, "assignee_group": odd }));
        let page = zendesk::read_page(&HttpResponse::new(200, json!({ "approval_requests": rows }).to_string())).unwrap();
        let ids: BTreeSet<&str> = page.requests.iter().map(|request| request.id.as_str()).collect();
        prop_assert!(ids.contains("01JA") && ids.contains("01JB"));
        prop_assert_eq!(page.requests.len() + page.refused.len(), 3);
    }

    /// However an account answers, a list is read to some end: each page but the last brings something new.
    #[test]
    fn pages_come_to_an_end(answers in prop::collection::vec((0..6_u8, 0..6_u8), 1..40)) {
        let mut pages = Pages::default();
        let mut read = 0;
        for (id, cursor) in answers.iter().cycle().take(1_000) {
            read += 1;
            let fresh = pages.is_new(&id.to_string());
            if !matches!(pages.next(More::After(cursor.to_string()), fresh), Next::Page(_)) {
                break;
            }
        }
        prop_assert!(read <= 7, "six ids make six pages with news at most, not {read}");
    }
}
