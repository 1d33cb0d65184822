//! Tickets of Zendesk: lists and search, what is refused, and what comes beside them.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BASE: &str = "https://corp.zendesk.example/api/v2";

async fn send(tester: &Tester, method: &str, path: &str, body: impl Into<Bytes>) -> (u16, Value) {
    let basic = STANDARD.encode(format!("{ZENDESK_EMAIL}/token:{ZENDESK_API_TOKEN}"));
    let request = Request::builder().method(method).uri(format!("{BASE}/{path}"));
    let request = request.header("authorization", format!("Basic {basic}")).header("content-type", "application/json");
    tester.send(request.body(body.into()).unwrap()).await.unwrap()
}

async fn get(tester: &Tester, path: &str) -> (u16, Value) {
    send(tester, "GET", path, Bytes::new()).await
}

async fn write(tester: &Tester, method: &str, path: &str, ticket: Value) -> (u16, Value) {
    send(tester, method, path, json!({ "ticket": ticket }).to_string()).await
}

fn subjects(body: &Value, list: &str) -> Vec<String> {
    let rows = body[list].as_array().unwrap();
    rows.iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect()
}

fn ticket(world: &mut World, subject: &str, updated: i64) -> u64 {
    let id = world.zendesk.ticket(subject);
    world.zendesk.ticket_mut(id).unwrap().updated = updated;
    id
}

#[tokio::test]
async fn the_list_shows_what_has_just_changed_and_search_only_what_is_indexed() {
    let tester = Tester::bare();
    tester.with(|world| {
        for (subject, ago) in [("new", 10_000), ("older", 500_000), ("old", 900_000)] {
            ticket(world, subject, START - ago);
        }
    });
    let (_, list) = get(&tester, "tickets?sort_by=updated_at&sort_order=desc&per_page=2").await;
    assert_eq!(subjects(&list, "tickets"), ["new", "older"]);
    assert!(list["next_page"].as_str().unwrap().starts_with("https://elsewhere.example/"), "nobody is to follow it");
    let (_, rest) = get(&tester, "tickets?sort_by=updated_at&sort_order=desc&per_page=2&page=2").await;
    assert_eq!((subjects(&rest, "tickets"), &rest["next_page"]), (vec!["old".to_owned()], &Value::Null));
    let (_, found) = get(&tester, "search?query=type:ticket&sort_by=updated_at&sort_order=asc").await;
    assert_eq!(subjects(&found, "results"), ["old", "older"]);
    tester.pass(120_000);
    assert_eq!(get(&tester, "search?query=type:ticket").await.1["count"], 3);
}

#[tokio::test]
async fn search_compares_whole_seconds_and_refuses_what_it_does_not_know() {
    let tester = Tester::bare();
    tester.with(|world| ticket(world, "a", START - 599_300));
    let at = |seconds: i64| chrono::DateTime::from_timestamp_millis(START - seconds * 1_000).unwrap().format("%FT%TZ");
    for (query, count) in [
        (format!("updated>={}", at(600)), 1),
        (format!("updated<={}", at(600)), 1),
        (format!("updated<={}", at(601)), 0),
        (format!("updated>={}", at(599)), 0),
    ] {
        let escaped = query.replace('>', "%3E").replace('<', "%3C");
        assert_eq!(get(&tester, &format!("search?query={escaped}")).await.1["count"], count, "{query}");
    }
    for odd in ["query=updated%3E=yesterday", "query=colour:red", "query=type:ticket&page=11", "q=x"] {
        assert!(get(&tester, &format!("search?{odd}")).await.0 >= 400, "{odd}");
    }
}

#[tokio::test]
async fn a_ticket_is_created_changed_and_commented() {
    let tester = Tester::bare();
    let group = tester.with(|world| world.zendesk.group("IT", &[]));
    let new = json!({
        "subject": "Monitor",
        "comment": { "body": "It flickers" },
        "requester": { "name": ANA.0, "email": ANA.1 },
    });
    let (status, made) = write(&tester, "POST", "tickets", new).await;
    assert_eq!((status, &made["ticket"]["status"]), (201, &json!("new")), "{made}");
    let path = format!("tickets/{}", made["ticket"]["id"]);
    let change = json!({ "status": "pending", "group_id": group, "priority": "high" });
    assert_eq!(write(&tester, "PUT", &path, change).await.0, 200);
    let comment = json!({ "comment": { "body": "Ordered", "public": false } });
    assert_eq!(write(&tester, "PUT", &path, comment).await.0, 200);
    let (_, shown) = get(&tester, &format!("{path}?include=users,groups")).await;
    assert_eq!((&shown["users"][1]["email"], &shown["groups"][0]["name"]), (&json!(ANA.1), &json!("IT")));
    let (_, said) = get(&tester, &format!("{path}/comments")).await;
    let texts: Vec<_> = said["comments"].as_array().unwrap().iter().map(|row| &row["body"]).collect();
    assert_eq!(texts, ["It flickers", "Ordered"]);
}

#[tokio::test]
async fn what_no_ticket_can_be_is_refused_and_a_closed_one_does_not_change() {
    let tester = Tester::bare();
    let id = tester.with(|world| ticket(world, "a", START));
    let path = format!("tickets/{id}");
    for odd in [
        json!({ "status": "resolved" }),
        json!({ "priority": "High" }),
        json!({ "group_id": 7 }),
        json!({ "assignee_email": "nobody@corp.example" }),
        json!({ "colour": "red" }),
        json!({ "comment": { "body": "" } }),
        json!({ "comment": { "body": "b", "uploads": ["upload-99"] } }),
    ] {
        let (status, body) = write(&tester, "PUT", &path, odd.clone()).await;
        assert_eq!((status, &body["error"]), (422, &json!("RecordInvalid")), "{odd}");
    }
    assert_eq!(write(&tester, "POST", "tickets", json!({ "subject": "s" })).await.0, 422, "a description is wanted");
    assert_eq!(tester.with(|world| world.zendesk.tickets.len()), 1);
    tester.with(|world| world.zendesk.ticket_mut(id).unwrap().status = "closed".to_owned());
    assert_eq!(write(&tester, "PUT", &path, json!({ "status": "open" })).await.0, 422);
    assert_eq!(write(&tester, "PUT", "tickets/99", json!({})).await.0, 404);
}

#[tokio::test]
async fn a_file_waits_until_a_comment_takes_it() {
    let tester = Tester::bare();
    let id = tester.with(|world| ticket(world, "a", START));
    let (status, body) = send(&tester, "POST", "uploads?filename=a%20b.txt", "hello").await;
    assert_eq!(status, 201);
    let comment = json!({ "comment": { "body": "a b.txt", "uploads": [body["upload"]["token"]] } });
    assert_eq!(write(&tester, "PUT", &format!("tickets/{id}"), comment.clone()).await.0, 200);
    let files = tester.with(|world| world.zendesk.ticket_of(id).unwrap().comments[0].files.clone());
    assert_eq!(files, [File { name: "a b.txt".to_owned(), bytes: b"hello".to_vec() }]);
    assert_eq!(write(&tester, "PUT", &format!("tickets/{id}"), comment).await.0, 422, "a token is good once");
}
