//! Requests made and changed from outside. A stub that is too kind would let the gateway write what no product takes.

use super::*;

fn request(fields: Value) -> Option<Value> {
    Some(json!({ "request": fields }))
}

#[tokio::test]
async fn a_request_is_created_with_what_was_asked_for_and_read_back() {
    let tester = Tester::cloud();
    let fields = json!({
        "subject": "Monitor",
        "description": "It flickers",
        "requester": { "email_id": "ana@corp.example" },
        "priority": { "name": "High" },
        "udf_fields": { "udf_char1": "CC-17" },
    });
    let (status, body) = tester.sdp(Method::POST, "/requests", request(fields)).await;
    assert_eq!((status, &body["request"]["subject"]), (200, &json!("Monitor")), "{body}");
    let (_, read) = tester.get(&format!("/requests/{}", body["request"]["id"].as_str().unwrap())).await;
    let read = &read["request"];
    assert_eq!(read["requester"]["email_id"], "ana@corp.example");
    assert_eq!((&read["status"]["name"], &read["priority"]["name"]), (&json!("Open"), &json!("High")));
    assert_eq!(read["udf_fields"]["udf_char1"], "CC-17");
    assert_eq!(read["last_updated_time"]["value"], START.to_string());
}

#[tokio::test]
async fn what_no_request_has_is_refused_and_nothing_is_kept() {
    let tester = Tester::cloud();
    for (fields, inner) in [
        (json!({}), 4012),
        (json!({ "subject": " " }), 4012),
        (json!({ "subject": "s", "short_description": "d" }), 4001),
        (json!({ "subject": "s", "priority": "High" }), 4001),
        (json!({ "subject": "s", "status": { "name": "Nonsense" } }), 4001),
        (json!({ "subject": "s", "requester": { "id": "7" } }), 4001),
    ] {
        let (status, body) = tester.sdp(Method::POST, "/requests", request(fields.clone())).await;
        assert_eq!((status, code(&body)), (400, inner), "{fields}");
    }
    let (status, body) = tester.sdp(Method::POST, "/requests", Some(json!({ "subject": "s" }))).await;
    assert_eq!((status, code(&body)), (400, 4001));
    assert_eq!(tester.with(|world| world.tickets(Module::Requests).count()), 0);
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_moves_the_time() {
    let tester = Tester::cloud();
    let at = tester.with(|world| world.request().subject("Before").updated(START - 5_000).add());
    let path = format!("/requests/{}", at.ticket);
    let fields = json!({ "status": { "name": "resolved" }, "resolution": { "content": "Done" } });
    let (status, body) = tester.sdp(Method::PUT, &path, request(fields)).await;
    assert_eq!((status, &body["request"]["status"]["name"]), (200, &json!("Resolved")), "{body}");
    assert_eq!(body["request"]["resolution"]["content"], "Done");
    assert_eq!(body["request"]["subject"], "Before");
    assert_eq!(body["request"]["last_updated_time"]["value"], START.to_string());
    assert_eq!(tester.sdp(Method::PUT, "/requests/999", request(json!({}))).await.0, 404);
}

#[tokio::test]
async fn a_note_is_written_under_the_key_that_the_build_knows() {
    let tester = Tester::cloud();
    let at = tester.with(|world| world.request().add());
    let path = format!("/requests/{}/notes", at.ticket);
    let note = json!({ "description": "Ordered", "show_to_requester": true });
    for (old, key, other) in [(false, "note", "request_note"), (true, "request_note", "note")] {
        tester.with(|world| world.settings.sdp.old_note_key = old);
        let (status, body) = tester.sdp(Method::POST, &path, Some(json!({ other: note }))).await;
        assert_eq!((status, code(&body)), (400, 4001));
        let (status, body) = tester.sdp(Method::POST, &path, Some(json!({ key: note }))).await;
        assert_eq!((status, &body[key]["show_to_requester"]), (200, &json!(true)));
    }
    let (_, body) = tester.get(&path).await;
    assert_eq!(body["notes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_is_one_part_with_the_right_name() {
    let tester = Tester::cloud();
    let at = tester.with(|world| world.request().add());
    let upload = |name: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nx\r\n\r\ny\r\n--b--\r\n"
        );
        let mut request = tester.request(Method::PUT, &format!("/requests/{}/upload", at.ticket), None);
        request.headers_mut().insert("content-type", "multipart/form-data; boundary=b".parse().unwrap());
        request.map(|_| Bytes::from(body))
    };
    let (status, body) = tester.send(upload("file")).await.unwrap();
    assert_eq!((status, code(&body)), (400, 4012));
    let (status, _) = tester.send(upload("input_file")).await.unwrap();
    assert_eq!(status, 200);
    let files = tester.with(|world| world.ticket(Module::Requests, &at.ticket).unwrap().files.clone());
    assert_eq!(files, [File { name: "a.txt".to_owned(), bytes: b"x\r\n\r\ny".to_vec() }]);
}

#[tokio::test]
async fn each_write_needs_its_scope() {
    let tester = Tester::cloud();
    let at = tester.with(|world| {
        world.settings.zoho.scopes = ["SDPOnDemand.requests.READ".to_owned()].into();
        world.request().add()
    });
    let path = format!("/requests/{}", at.ticket);
    assert_eq!(tester.get(&path).await.0, 200);
    assert_eq!(tester.sdp(Method::PUT, &path, request(json!({ "subject": "s" }))).await.0, 401);
    assert_eq!(tester.sdp(Method::POST, "/requests", request(json!({ "subject": "s" }))).await.0, 401);
}
