//! The classifier. A wrong implementation would branch on text, take a log-in page for a deleted request, repeat a
//! refusal, or call a lost write failed although it may have happened.

use super::*;

fn outcome(method: Method, status: u16, body: &str) -> String {
    match classify(method, &HttpResponse::new(status, body)) {
        Ok(_) => "ok".to_owned(),
        Err(error) => told(&error),
    }
}

#[test]
fn the_http_status_decides_whatever_shape_the_error_has() {
    let shapes = [
        json!({ "errors": [{ "code": "ApprovalRequestCreationFailed", "title": "No" }] }).to_string(),
        json!({ "error": "RecordNotFound", "description": "Not found" }).to_string(),
        json!({ "error": { "title": "Forbidden", "message": "You do not have access" } }).to_string(),
        json!({ "error": "Couldn't authenticate you" }).to_string(),
        json!({ "errors": [] }).to_string(),
        json!({ "errors": "RATE_LIMITED" }).to_string(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    for (status, read, write) in [
        (400, "permanent REFUSED", "permanent REFUSED"),
        (401, "auth CREDENTIAL_REFUSED", "auth CREDENTIAL_REFUSED"),
        (403, "permanent FORBIDDEN", "permanent FORBIDDEN"),
        (404, "not found NOT_FOUND", "not found NOT_FOUND"),
        (408, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (409, "permanent REFUSED", "permanent REFUSED"),
        (410, "not found NOT_FOUND", "not found NOT_FOUND"),
        (422, "permanent UNPROCESSABLE", "permanent UNPROCESSABLE"),
        (429, "retry RATE_LIMITED 60", "retry RATE_LIMITED 60"),
        (301, "permanent REDIRECTED", "permanent REDIRECTED"),
        (500, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
        (503, "retry SOURCE_FAULT 2", "unknown SOURCE_FAULT"),
    ] {
        for body in &shapes {
            assert_eq!(outcome(Method::Get, status, body), read, "GET {status} {body}");
            for method in [Method::Post, Method::Patch, Method::Put] {
                assert_eq!(outcome(method, status, body), write, "{} {status} {body}", method.name());
            }
        }
    }
}

#[test]
fn a_page_in_place_of_the_api_is_retried_and_says_nothing_about_what_was_asked_for() {
    for status in [200, 404, 410] {
        assert_eq!(outcome(Method::Get, status, "<html>Log in</html>"), "retry NOT_JSON 2", "{status}");
    }
    assert_eq!(outcome(Method::Patch, 200, "<html>Log in</html>"), "unknown SOURCE_FAULT");
    assert_eq!(outcome(Method::Patch, 404, "<html>Not here</html>"), "not found NOT_FOUND");
    assert_eq!(outcome(Method::Get, 200, ""), "retry NOT_JSON 2");
    assert_eq!(outcome(Method::Get, 200, "[]"), "permanent UNREADABLE");
    assert_eq!(outcome(Method::Post, 201, "[]"), "unknown SOURCE_FAULT");
}

#[test]
fn a_rate_limit_is_plain_text_and_waits_at_least_a_few_seconds() {
    for (header, waits) in [("1", 5), ("0", 5), ("93", 93), (" 7 ", 7), ("soon", 60), ("-1", 60)] {
        let mut response = HttpResponse::new(429, "Number of allowed API requests per minute exceeded");
        response.headers.push(("retry-after".to_owned(), header.to_owned()));
        let error = classify(Method::Get, &response).unwrap_err();
        assert_eq!(told(&error), format!("retry RATE_LIMITED {waits}"));
        assert!(error.stops_all());
    }
}

#[test]
fn a_source_out_of_order_names_its_own_pause() {
    let mut response = HttpResponse::new(503, "<html>Maintenance</html>");
    response.headers.push(("retry-after".to_owned(), "30".to_owned()));
    assert_eq!(told(&classify(Method::Get, &response).unwrap_err()), "retry SOURCE_FAULT 30");
}

#[test]
fn what_an_error_says_reaches_people_as_one_clean_line() {
    let long = "x".repeat(400);
    for (body, said) in [
        (
            json!({ "errors": [{ "code": "ApprovalRequestCreationFailed", "title": "One\nexists", "detail": "now" }] }),
            "HTTP 422: ApprovalRequestCreationFailed: One exists: now".to_owned(),
        ),
        (json!({ "errors": [{ "title": "One" }] }), "HTTP 422: One".to_owned()),
        (json!({ "errors": ["One"] }), "HTTP 422: One".to_owned()),
        (
            json!({ "error": "RecordInvalid", "description": "Subject: is\u{202e} empty" }),
            "HTTP 422: RecordInvalid: Subject: is empty".to_owned(),
        ),
        (json!({ "error": { "title": "Invalid", "message": "No" } }), "HTTP 422: Invalid: No".to_owned()),
        (json!({ "error": {} }), "HTTP 422: refused".to_owned()),
        (json!({ "error": long }), format!("HTTP 422: {}…", "x".repeat(299))),
    ] {
        let error = classify(Method::Post, &HttpResponse::new(422, body.to_string())).unwrap_err();
        assert_eq!(error.message(), said);
    }
}

#[test]
fn a_refused_credential_says_what_to_look_at() {
    let body = json!({ "error": "Couldn't authenticate you" }).to_string();
    let error = classify(Method::Get, &HttpResponse::new(401, body)).unwrap_err();
    assert!(error.message().starts_with("HTTP 401: Couldn't authenticate you; zendesk_email"), "{error}");
}
