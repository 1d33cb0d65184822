//! Requests, compared to the letter.

use super::*;

const BASE: &str = "https://app.atera.example";

fn line(request: &HttpRequest) -> String {
    format!("{} {}", request.method.name(), request.url.strip_prefix(BASE).unwrap())
}

#[test]
fn the_address_of_every_call_is_exact_and_carries_the_key() {
    let calls = Calls::new("https://app.atera.example/", "key-1");
    let technician = Technician { id: 12, email: None };
    for (request, wanted) in [
        (calls.ticket("874"), "GET /api/v3/tickets/874"),
        (
            calls.tickets_modified(1_772_698_530_999, 2),
            "GET /api/v3/tickets/lastmodified?date=2026-03-05T08%3A15%3A30Z&page=2&itemsInPage=50",
        ),
        (calls.comments("874", 3), "GET /api/v3/tickets/874/comments?page=3&itemsInPage=50"),
        (
            calls.contacts("ana+it@corp.example"),
            "GET /api/v3/contacts?searchOptions.email=ana%2Bit%40corp.example&page=1&itemsInPage=50",
        ),
        (calls.add_note("874", &technician, "t", 0), "POST /api/v3/tickets/874/comments"),
        (
            calls.set_field("874", "Approval status", "Approved"),
            "PUT /api/v3/customvalues/ticketfield/874/Approval%20status",
        ),
        (calls.ticket("../x?y#z"), "GET /api/v3/tickets/..%2Fx%3Fy%23z"),
    ] {
        assert_eq!(line(&request), wanted);
        assert!(request.headers.contains(&("x-api-key", "key-1".to_owned())));
        assert!(!format!("{request:?}").contains("key-1"));
    }
}

#[test]
fn a_note_is_internal_and_in_a_technicians_name() {
    let calls = Calls::new(BASE, "key-1");
    let technician = Technician { id: 12, email: Some("it.agent@corp.example".to_owned()) };
    let request = calls.add_note("874", &technician, "Approved &lt;b&gt;\n\"x\"", 1_772_698_530_000);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({
            "CommentText": "Approved &lt;b&gt;\n\"x\"",
            "CommentTimestampUtc": "2026-03-05T08:15:30Z",
            "TechnicianCommentDetails":
                { "TechnicianId": 12, "IsInternal": true, "TechnicianEmail": "it.agent@corp.example" },
        })
    );
    let bare = calls.add_note("874", &Technician { id: 12, email: None }, "t", 0);
    let body: Value = serde_json::from_slice(&bare.body).unwrap();
    assert_eq!(body["TechnicianCommentDetails"], json!({ "TechnicianId": 12, "IsInternal": true }));
    let field = calls.set_field("874", "Approval", "Declined");
    assert_eq!(serde_json::from_slice::<Value>(&field.body).unwrap(), json!({ "Value": "Declined" }));
}
