//! Atera, as its clients know it.

use super::*;

const BASE: &str = "/atera/api/v3";

impl Tester {
    /// A call to Atera with the right key.
    async fn atera(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let builder = Request::builder().method(method).uri(format!("{BASE}{path}")).header("x-api-key", ATERA_API_KEY);
        let request = match body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string().into()),
            None => builder.body(Bytes::new()),
        };
        self.send(request.unwrap()).await.unwrap()
    }
}

fn note(technician: u64) -> Value {
    json!({"CommentText": "<i>done</i>",
        "TechnicianCommentDetails": {"TechnicianId": technician, "IsInternal": true, "TechnicianEmail": "it@corp.example"}})
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_answered_with_401_and_nothing_else() {
    let tester = Tester::bare();
    for key in ["", "wrong"] {
        let request = Request::builder().uri(format!("{BASE}/tickets")).header("x-api-key", key).body(Bytes::new());
        let response = tester.stubs.handle(request.unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), response.body().len()), (401, 0));
    }
    let verdicts: Vec<_> = tester.with(|world| world.journal.calls().map(|call| call.auth.verdict).collect());
    assert_eq!(verdicts, [Verdict::Missing, Verdict::Wrong]);
}

#[tokio::test]
async fn a_ticket_is_read_by_its_id_or_because_it_changed() {
    let tester = Tester::bare();
    let id = tester.with(|world| world.atera_ticket("New laptop", ("Sam Stinson", "sam@corp.example")));
    let (status, body) = tester.atera(Method::GET, &format!("/tickets/{id}"), None).await;
    assert_eq!(
        (status, &body["TicketTitle"], &body["EndUserLastName"]),
        (200, &json!("New laptop"), &json!("Stinson"))
    );
    assert_eq!(tester.atera(Method::GET, "/tickets/1", None).await.0, 404);
    for (date, count) in [("2026-11-19T00%3A00%3A00Z", 1), ("2027-01-01T00%3A00%3A00Z", 0)] {
        let (status, body) = tester.atera(Method::GET, &format!("/tickets/lastmodified?date={date}"), None).await;
        assert_eq!((status, body["items"].as_array().unwrap().len()), (200, count), "{date}");
    }
    assert_eq!(tester.atera(Method::GET, "/tickets/lastmodified?date=today", None).await.0, 400);
}

#[tokio::test]
async fn pages_have_at_most_fifty_rows_and_link_elsewhere() {
    let tester = Tester::bare();
    let id = tester.with(|world| {
        let id = world.atera_ticket("Long", ("Sam Stinson", "sam@corp.example"));
        (0..60).for_each(|_| world.atera_reply(&id, "more"));
        id
    });
    let path = format!("/tickets/{id}/comments");
    let (_, body) = tester.atera(Method::GET, &path, None).await;
    assert_eq!((body["items"].as_array().unwrap().len(), &body["totalPages"]), (20, &json!(3)));
    let (_, body) = tester.atera(Method::GET, &format!("{path}?page=2&itemsInPage=500"), None).await;
    assert_eq!((body["items"].as_array().unwrap().len(), &body["nextLink"]), (10, &json!("")));
    tester.with(|world| world.settings.atera.total_pages = false);
    let (_, body) = tester.atera(Method::GET, &path, None).await;
    assert_eq!(body.get("totalPages"), None);
    assert!(body["nextLink"].as_str().unwrap().starts_with("https://elsewhere.example/"));
}

#[tokio::test]
async fn a_note_needs_its_text_and_a_technician_that_exists() {
    let tester = Tester::bare();
    let id = tester.with(|world| world.atera_ticket("New laptop", ("Sam Stinson", "sam@corp.example")));
    let path = format!("/tickets/{id}/comments");
    for odd in
        [json!({}), note(99), json!({"CommentText": "t"}), json!({"TechnicianCommentDetails": {"TechnicianId": 12}})]
    {
        assert_eq!(tester.atera(Method::POST, &path, Some(odd)).await, (404, json!("Invalid input")));
    }
    assert_eq!(tester.atera(Method::POST, &path, Some(note(ATERA_TECHNICIAN_ID))).await.0, 201);
    let (_, body) = tester.atera(Method::GET, &path, None).await;
    let row = &body["items"][0];
    assert_eq!((&row["Comment"], &row["IsInternal"]), (&json!("<i>done</i>"), &json!(true)));
    let effects: Vec<_> = tester.with(|world| world.journal.calls().map(|call| call.effect.clone()).collect());
    assert_eq!(effects.iter().filter(|effect| **effect == Effect::Noted(id.clone())).count(), 1);
}

#[tokio::test]
async fn a_custom_field_is_set_and_read_by_its_name() {
    let tester = Tester::bare();
    let id = tester.with(|world| world.atera_ticket("New laptop", ("Sam Stinson", "sam@corp.example")));
    let path = format!("/customvalues/ticketfield/{id}/Approval%20status");
    assert_eq!(tester.atera(Method::PUT, &path, Some(json!({"Value": "Approved"}))).await.0, 200);
    assert_eq!(tester.atera(Method::GET, &path, None).await, (200, json!([{"ValueAsString": "Approved"}])));
    let other = format!("/customvalues/ticketfield/{id}/Colour");
    assert_eq!(tester.atera(Method::PUT, &other, Some(json!({"Value": "red"}))).await.0, 404);
}

#[tokio::test]
async fn contacts_are_found_by_a_part_of_their_address() {
    let tester = Tester::bare();
    tester.with(|world| {
        world.atera_contact("Ana Li", "ana@corp.example", false);
        world.atera_contact("Ana Lo", "ana@corp.example.org", true);
        world.atera_contact("Bo Ek", "bo@corp.example", false);
    });
    let (_, body) = tester.atera(Method::GET, "/contacts?searchOptions.email=ana%40corp.example", None).await;
    assert_eq!(body["items"].as_array().unwrap().len(), 2);
    assert_eq!(body["items"][1]["Archived"], json!(true));
}

#[tokio::test]
async fn faults_and_limits_strike_atera_as_they_strike_the_others() {
    let tester = Tester::bare();
    tester.with(|world| world.fault(Fault::on("GET", "/atera/").too_many(Some("7"))));
    let request = Request::builder().uri(format!("{BASE}/tickets")).header("x-api-key", ATERA_API_KEY);
    let response = tester.stubs.handle(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().len()), (429, 0));
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(tester.with(|world| world.journal.calls().last().unwrap().vendor), Vendor::Atera);
}
