//! What answers mean.

use super::*;

#[test]
fn every_failure_is_the_case_that_its_caller_can_act_upon() {
    for (method, status, body, wanted) in [
        (Method::Get, 401, "", "auth CREDENTIAL_REFUSED"),
        (Method::Post, 401, "", "auth CREDENTIAL_REFUSED"),
        (Method::Get, 403, "", "permanent FORBIDDEN"),
        (Method::Get, 404, "", "not found NOT_FOUND"),
        (Method::Get, 410, "", "not found NOT_FOUND"),
        (Method::Post, 404, r#""Invalid input""#, "permanent REFUSED"),
        (Method::Put, 404, r#"{"Message":"Invalid input"}"#, "permanent REFUSED"),
        (Method::Post, 400, "", "permanent REFUSED"),
        (Method::Get, 429, "", "retry RATE_LIMITED 60"),
        (Method::Post, 429, "", "retry RATE_LIMITED 60"),
        (Method::Get, 302, "", "permanent REDIRECTED"),
        (Method::Get, 408, "", "retry SOURCE_FAULT 2"),
        (Method::Get, 500, "{}", "retry SOURCE_FAULT 2"),
        (Method::Post, 500, "{}", "unknown SOURCE_FAULT"),
        (Method::Put, 503, "<html>", "unknown SOURCE_FAULT"),
        (Method::Get, 200, "<html>", "retry NOT_JSON 2"),
        (Method::Get, 200, "", "retry NOT_JSON 2"),
        (Method::Get, 200, "{\"items\":[", "retry NOT_JSON 2"),
        (Method::Post, 200, "<html>", "unknown SOURCE_FAULT"),
    ] {
        let error = classify(method, &HttpResponse::new(status, body)).unwrap_err();
        assert_eq!(told(&error), wanted, "{} {status} {body}", method.name());
    }
}

#[test]
fn a_refused_key_says_what_to_do_although_the_answer_is_empty() {
    let error = classify(Method::Get, &HttpResponse::new(401, "")).unwrap_err();
    assert!(error.message().contains("missing, wrong or expired"), "{error}");
}

#[test]
fn a_write_is_taken_with_and_without_a_body() {
    for body in ["", " ", "{}", "{\"CommentID\":1}", "null", "\"ok\""] {
        assert_eq!(read_written(Method::Post, &HttpResponse::new(201, body)), Ok(()), "{body:?}");
    }
}

#[test]
fn the_pause_that_a_limit_asks_for_is_kept() {
    let mut answer = HttpResponse::new(429, "");
    answer.headers.push(("retry-after".to_owned(), "17".to_owned()));
    assert_eq!(told(&classify(Method::Get, &answer).unwrap_err()), "retry RATE_LIMITED 17");
}

#[test]
fn what_a_failure_says_is_one_clean_short_line() {
    let body = json!({ "Message": format!("no\n\u{202e}{}", "x".repeat(500)) });
    let error = classify(Method::Get, &HttpResponse::new(400, body.to_string())).unwrap_err();
    assert!(error.message().starts_with("HTTP 400: no xxx") && error.message().chars().count() < 220, "{error}");
}
