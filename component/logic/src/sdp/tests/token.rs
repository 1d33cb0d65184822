//! Zoho's token call. A wrong implementation would take a throttle for a bad credential (and alarm somebody), a bad
//! credential for a glitch (and storm the server), or HTTP 200 for success.

use super::super::token::{AccessToken, Client, MARGIN_MS, covers, read, read_scopes, refresh, scope};
use super::*;

const NOW: Millis = 1_764_000_000_000;

fn outcome(status: u16, body: &str) -> String {
    match read(&HttpResponse::new(status, body), NOW) {
        Ok(token) => format!("{} for {}", token.token, (token.expires_at - NOW) / 1000),
        Err(error) => told(&error),
    }
}

#[test]
fn the_refresh_goes_to_the_accounts_server_with_its_fields_in_the_form() {
    for url in ["https://accounts.corp.example", "https://accounts.corp.example/"] {
        let client = Client { accounts_url: url, id: "1000.ID", secret: "s+c/r=t&", refresh_token: "1000.r r" };
        let request = refresh(&client);
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.url, "https://accounts.corp.example/oauth/v2/token");
        let form = "grant_type=refresh_token&refresh_token=1000.r%20r&client_id=1000.ID&client_secret=s%2Bc%2Fr%3Dt%26";
        assert_eq!(String::from_utf8(request.body).unwrap(), form);
        let headers = [("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(request.headers, headers.map(|(name, value)| (name, value.to_owned())));
    }
}

#[test]
fn a_token_is_read_with_its_end() {
    for (body, wanted) in [
        (
            r#"{"access_token":"1000.a","token_type":"Bearer","expires_in":3600,"api_domain":"https://x.example"}"#,
            "1000.a for 3600",
        ),
        (r#"{"access_token":"1000.a","expires_in":"1800"}"#, "1000.a for 1800"),
        (r#"{"access_token":"1000.a"}"#, "1000.a for 3600"),
        (r#"{"access_token":"1000.a","expires_in":null}"#, "1000.a for 3600"),
        (r#"{"access_token":"1000.a","expires_in":-5}"#, "1000.a for 3600"),
        // Seconds, whatever the number: a day at most.
        (r#"{"access_token":"1000.a","expires_in":3600000}"#, "1000.a for 86400"),
        (r#"{"access_token":"1000.a","expires_in":18446744073709551615}"#, "1000.a for 86400"),
    ] {
        assert_eq!(outcome(200, body), wanted, "{body}");
    }
}

#[test]
fn every_refusal_has_its_class() {
    let throttle = r#"{"error":"Access Denied","error_description":"You have made too many requests continuously.","status":"failure"}"#;
    for (status, body, wanted) in [
        (200, r#"{"error":"invalid_code"}"#, "auth TOKEN_REFUSED"),
        (200, r#"{"error":"invalid_client"}"#, "auth TOKEN_REFUSED"),
        (200, r#"{"error":"invalid_client_secret"}"#, "auth TOKEN_REFUSED"),
        (200, r#"{"error":"invalid_scope"}"#, "auth TOKEN_REFUSED"),
        (200, r#"{"error":"something_new"}"#, "auth TOKEN_REFUSED"),
        (200, r#"{"error":"invalid_code","access_token":"1000.a"}"#, "auth TOKEN_REFUSED"),
        (400, r#"{"error":"invalid_code"}"#, "auth TOKEN_REFUSED"),
        (400, throttle, "retry TOKEN_THROTTLED 600"),
        (200, throttle, "retry TOKEN_THROTTLED 600"),
        (400, r#"{"error":"denied","error_description":"Too Many Requests"}"#, "retry TOKEN_THROTTLED 600"),
        (429, r#"{"error":"rate"}"#, "retry TOKEN_THROTTLED 600"),
        (429, "", "retry TOKEN_THROTTLED 600"),
        (429, "<html>slow down</html>", "retry TOKEN_THROTTLED 600"),
        (200, "<html>maintenance</html>", "retry TOKEN_UNAVAILABLE 5"),
        (200, "{}", "retry TOKEN_UNAVAILABLE 5"),
        (200, r#"{"access_token":""}"#, "retry TOKEN_UNAVAILABLE 5"),
        (200, r#"{"access_token":7}"#, "retry TOKEN_UNAVAILABLE 5"),
        (200, "[]", "retry TOKEN_UNAVAILABLE 5"),
        (204, "", "retry TOKEN_UNAVAILABLE 5"),
        (408, "", "retry TOKEN_UNAVAILABLE 5"),
        (500, "", "retry TOKEN_UNAVAILABLE 5"),
        (500, r#"{"error":"internal_error"}"#, "retry TOKEN_UNAVAILABLE 5"),
        (503, r#"{"access_token":"1000.a"}"#, "retry TOKEN_UNAVAILABLE 5"),
        (401, "", "auth TOKEN_REFUSED"),
        (403, "<html>", "auth TOKEN_REFUSED"),
        (400, "", "permanent TOKEN_REFUSED"),
        (404, "<html>", "permanent TOKEN_REFUSED"),
    ] {
        assert_eq!(outcome(status, body), wanted, "{status} {body}");
    }
}

#[test]
fn a_busy_server_may_name_its_own_pause() {
    let headers = vec![("retry-after".to_owned(), "30".to_owned())];
    let response = HttpResponse { headers, ..HttpResponse::new(503, "") };
    assert_eq!(told(&read(&response, NOW).err().unwrap()), "retry TOKEN_UNAVAILABLE 30");
}

#[test]
fn a_refusal_names_the_setting_to_look_at() {
    for (error, hint) in [
        ("invalid_code", "sdp_accounts_url"),
        ("invalid_client", "sdp_client_id"),
        ("invalid_client_secret", "sdp_client_secret"),
        ("invalid_scope", "scope"),
        ("something_new", "sdp_refresh_token"),
    ] {
        let error = read(&ok(&json!({ "error": error })), NOW).err().unwrap();
        assert!(error.message().contains(hint), "{error}");
    }
    let long = read(&ok(&json!({ "error": "x\n".repeat(500) })), NOW).err().unwrap();
    assert!(long.message().chars().count() < 300 && !long.message().contains('\n'));
}

#[test]
fn a_token_is_renewed_a_minute_before_it_ends() {
    let token = AccessToken { token: "1000.a".to_owned(), expires_at: NOW + 3_600_000 };
    for (at, fresh, live) in [
        (NOW, true, true),
        (NOW + 3_600_000 - MARGIN_MS - 1, true, true),
        (NOW + 3_600_000 - MARGIN_MS, false, true),
        (NOW + 3_599_999, false, true),
        (NOW + 3_600_000, false, false),
        (Millis::MAX, false, false),
    ] {
        assert_eq!((token.is_fresh(at), token.is_live(at)), (fresh, live), "{at}");
    }
}

#[test]
fn a_module_is_covered_by_all_rights_or_by_those_to_read_and_to_update() {
    for (scopes, covered) in [
        ("SDPOnDemand.changes.ALL", true),
        ("SDPOnDemand.requests.ALL SDPOnDemand.changes.READ SDPOnDemand.changes.UPDATE", true),
        ("SDPOnDemand.changes.READ,SDPOnDemand.changes.UPDATE", true),
        ("sdpondemand.Changes.all", true),
        ("SDPOnDemand.changes.READ", false),
        ("SDPOnDemand.requests.ALL", false),
        ("", false),
    ] {
        let answer = HttpResponse::new(200, json!({ "access_token": "1000.a", "scope": scopes }).to_string());
        assert_eq!(covers(&read_scopes(&answer).unwrap(), TicketKind::Change), covered, "{scopes}");
    }
    assert_eq!(scope(TicketKind::Change), "SDPOnDemand.changes.ALL");
    assert_eq!(read_scopes(&HttpResponse::new(200, r#"{"access_token":"1000.a"}"#)), None);
}
