//! The classifier. A wrong implementation would repeat what can never succeed, give up on what a minute cures, believe
//! HTTP 200, or call a lost write failed although it may have happened.

use super::*;

fn failed(code: i64, inner: i64) -> String {
    json!({ "response_status": { "status_code": code, "status": "failed", "messages": [
        { "status_code": inner, "field": "comments", "message": "Said by the source", "type": "failed" },
    ]}})
    .to_string()
}

fn outcome(method: Method, status: u16, body: &str) -> String {
    match classify(method, &HttpResponse::new(status, body)) {
        Ok(_) => "ok".to_owned(),
        Err(error) => told(&error),
    }
}

#[test]
fn every_code_has_its_class_under_every_http_status() {
    // Most come as `4000 failed` with the code inside, some are seen outside; the HTTP status beside them varies.
    for (code, read, write) in [
        (3000, "permanent PARTLY_REFUSED", "permanent PARTLY_REFUSED"),
        (4001, "permanent INVALID_VALUE", "permanent INVALID_VALUE"),
        (4021, "permanent INVALID_VALUE", "permanent INVALID_VALUE"),
        (4002, "permanent FORBIDDEN", "permanent FORBIDDEN"),
        (4004, "retry INTERNAL_ERROR 2", "unknown SOURCE_FAULT"),
        (4007, "not found NOT_FOUND", "not found NOT_FOUND"),
        (4012, "permanent MANDATORY_FIELD", "permanent MANDATORY_FIELD"),
        (4015, "retry RATE_LIMITED 60", "retry RATE_LIMITED 60"),
        (4022, "auth CREDENTIAL_REFUSED", "auth CREDENTIAL_REFUSED"),
        (7001, "permanent LICENCE", "permanent LICENCE"),
    ] {
        for status in [200, 400, 403, 404, 500] {
            for body in [failed(code, code), failed(if code == 3000 { 3000 } else { 4000 }, code)] {
                assert_eq!(outcome(Method::Get, status, &body), read, "GET {status} {code}");
                assert_eq!(outcome(Method::Put, status, &body), write, "PUT {status} {code}");
            }
        }
    }
    for code in [4005, 4008, 4009, 4014, 4999] {
        for (status, read, write) in [
            (200, "permanent REFUSED", "permanent REFUSED"),
            (400, "permanent REFUSED", "permanent REFUSED"),
            (403, "permanent FORBIDDEN", "permanent FORBIDDEN"),
            (404, "not found NOT_FOUND", "not found NOT_FOUND"),
            (500, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        ] {
            assert_eq!(outcome(Method::Get, status, &failed(4000, code)), read, "GET {status} {code}");
            assert_eq!(outcome(Method::Put, status, &failed(4000, code)), write, "PUT {status} {code}");
        }
    }
}

#[test]
fn without_an_envelope_the_http_status_decides() {
    for (status, read, write) in [
        (100, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (200, "retry NOT_JSON 2", "unknown SOURCE_FAULT"),
        (204, "retry NOT_JSON 2", "unknown SOURCE_FAULT"),
        (301, "permanent REDIRECTED", "permanent REDIRECTED"),
        (302, "permanent REDIRECTED", "permanent REDIRECTED"),
        (307, "permanent REDIRECTED", "permanent REDIRECTED"),
        (400, "permanent REFUSED", "permanent REFUSED"),
        (401, "auth CREDENTIAL_REFUSED", "auth CREDENTIAL_REFUSED"),
        (403, "permanent FORBIDDEN", "permanent FORBIDDEN"),
        (404, "not found NOT_FOUND", "not found NOT_FOUND"),
        (405, "permanent REFUSED", "permanent REFUSED"),
        (408, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (410, "not found NOT_FOUND", "not found NOT_FOUND"),
        (429, "retry RATE_LIMITED 60", "retry RATE_LIMITED 60"),
        (500, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (502, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (503, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (504, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
    ] {
        for body in ["", "<html><title>Log in</title></html>", "{\"requests\":[", "\u{feff}"] {
            assert_eq!(outcome(Method::Get, status, body), read, "GET {status} {body}");
            assert_eq!(outcome(Method::Put, status, body), write, "PUT {status} {body}");
        }
    }
}

#[test]
fn the_envelope_is_read_in_every_shape_it_comes_in() {
    for (body, wanted) in [
        (json!({ "response_status": [{ "status_code": 2000, "status": "success" }], "requests": [] }), "ok"),
        (json!({ "response_status": { "status_code": 2000, "status": "success" } }), "ok"),
        (json!({ "response_status": { "status_code": "2000", "status": "Success" } }), "ok"),
        (json!({ "response_status": { "status": "success" } }), "ok"),
        (json!({ "response_status": { "status_code": 2000 } }), "ok"),
        (json!({ "response_status": {} }), "ok"),
        (json!({ "response_status": [] }), "ok"),
        (json!({ "response_status": null }), "ok"),
        (json!({ "requests": [] }), "ok"),
        (json!({}), "ok"),
        (json!({ "response_status": { "status": "failed" } }), "permanent REFUSED"),
        (json!({ "response_status": { "status_code": 4000 } }), "permanent REFUSED"),
        (json!({ "response_status": [{ "status_code": "4022", "status": "failed" }] }), "auth CREDENTIAL_REFUSED"),
        (
            json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": [] } }),
            "permanent REFUSED",
        ),
        (
            json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": "no" } }),
            "permanent REFUSED",
        ),
        (
            json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": [null] } }),
            "permanent REFUSED",
        ),
        (
            json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": [{ "status_code": "4012" }] } }),
            "permanent MANDATORY_FIELD",
        ),
        // Nothing was applied, and the inner code only names the fields.
        (
            json!({ "response_status": { "status_code": 3000, "status": "warning", "messages": [{ "status_code": 4003 }] } }),
            "permanent PARTLY_REFUSED",
        ),
        (json!({ "response_status": { "status_code": 3000, "status": "success" } }), "permanent PARTLY_REFUSED"),
        (json!({ "response_status": { "status_code": 3000 } }), "permanent PARTLY_REFUSED"),
    ] {
        assert_eq!(outcome(Method::Get, 200, &body.to_string()), wanted, "{body}");
        assert_eq!(outcome(Method::Put, 200, &body.to_string()), wanted, "{body}");
    }
}

#[test]
fn json_that_is_no_object_is_no_answer() {
    for body in ["[]", "null", "\"ok\"", "7", "true"] {
        assert_eq!(outcome(Method::Get, 200, body), "permanent UNREADABLE", "{body}");
        // Nobody said that the decision failed.
        assert_eq!(outcome(Method::Put, 200, body), "unknown SOURCE_FAULT", "{body}");
    }
}

#[test]
fn a_success_inside_a_failing_status_is_no_success() {
    let body = json!({ "response_status": { "status_code": 2000, "status": "success" } }).to_string();
    assert_eq!(outcome(Method::Get, 500, &body), "retry SOURCE_FAULT 2");
    assert_eq!(outcome(Method::Put, 500, &body), "unknown SOURCE_FAULT");
    assert_eq!(outcome(Method::Get, 400, &body), "permanent REFUSED");
}

#[test]
fn a_blocked_url_waits_a_minute_at_least() {
    let text = "URL blocked as maximum access limit for the page is exceeded";
    let inside = |text: &str| {
        json!({ "response_status": { "status_code": 4000, "status": "failed", "messages": [{ "message": text }] } })
            .to_string()
    };
    for (status, body) in [
        (400, text.to_owned()),
        (400, format!("<html><body>{text}. Please try again later.</body></html>")),
        (400, text.to_uppercase()),
        (400, inside(text)),
        (200, inside(text)),
        (403, inside(text)),
        (429, inside(text)),
    ] {
        for method in [Method::Get, Method::Put] {
            assert_eq!(outcome(method, status, &body), "retry RATE_LIMITED 60", "{status} {body}");
            let headers = vec![("retry-after".to_owned(), "5".to_owned())];
            let response = HttpResponse { headers, ..HttpResponse::new(status, body.as_str()) };
            assert_eq!(told(&classify(method, &response).unwrap_err()), "retry RATE_LIMITED 60");
        }
    }
    // A ticket about a blocked URL is not a blocked URL.
    assert_eq!(outcome(Method::Put, 400, &inside("Invalid value: Please unblock, URL blocked!")), "permanent REFUSED");
    let page = json!({ "requests": [{ "id": "1", "subject": text }] }).to_string();
    assert_eq!(outcome(Method::Get, 200, &page), "ok");
}

#[test]
fn retry_after_is_honoured_within_reason() {
    for (status, given, wanted) in [
        (429, "120", "retry RATE_LIMITED 120"),
        (429, " 7 ", "retry RATE_LIMITED 7"),
        (429, "0", "retry RATE_LIMITED 2"),
        (429, "2592000", "retry RATE_LIMITED 3600"),
        (429, "Wed, 21 Oct 2026 07:28:00 GMT", "retry RATE_LIMITED 60"),
        (429, "-1", "retry RATE_LIMITED 60"),
        (503, "30", "retry SOURCE_FAULT 30"),
        (503, "1", "retry SOURCE_FAULT 2"),
        (500, "soon", "retry SOURCE_FAULT 2"),
    ] {
        let headers = vec![("retry-after".to_owned(), given.to_owned())];
        let response = HttpResponse { headers, ..HttpResponse::new(status, "") };
        assert_eq!(told(&classify(Method::Get, &response).unwrap_err()), wanted, "{status} {given}");
    }
}

#[test]
fn a_message_tells_what_the_source_said_and_what_can_be_done() {
    let message =
        |status, body: &str| classify(Method::Get, &HttpResponse::new(status, body)).unwrap_err().message().to_owned();
    assert_eq!(message(400, &failed(4000, 4012)), "4012 Said by the source (field comments)");
    assert_eq!(
        message(400, &json!({ "response_status": { "status_code": 4005, "status": "failed" } }).to_string()),
        "4005 no reason given"
    );
    for (status, body) in [(404, failed(4000, 4007)), (404, String::new()), (200, failed(4007, 4007))] {
        assert!(message(status, &body).contains("portal"), "{}", message(status, &body));
    }
    for (status, body) in [(401, failed(4000, 4022)), (401, String::new())] {
        assert!(message(status, &body).contains("expire"), "{}", message(status, &body));
    }
    assert!(message(302, "").contains("base URL"));
    let long =
        json!({ "response_status": { "status": "failed", "messages": [{ "message": "x\n\u{202e}".repeat(900) }] } });
    let said = message(400, &long.to_string());
    assert!(said.chars().count() <= 300 && !said.contains(['\n', '\u{202e}']), "{said}");
}
