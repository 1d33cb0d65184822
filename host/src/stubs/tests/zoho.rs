//! Zoho accounts: tokens.

use super::*;

const RIGHT: &[(&str, &str)] = &[
    ("grant_type", "refresh_token"),
    ("client_id", ZOHO_CLIENT_ID),
    ("client_secret", ZOHO_CLIENT_SECRET),
    ("refresh_token", ZOHO_REFRESH_TOKEN),
];

async fn token(tester: &Tester, changes: &[(&str, &str)]) -> (u16, Value) {
    let value =
        |name: &str, value: &str| changes.iter().find(|(n, _)| *n == name).map_or(value.to_owned(), |c| c.1.into());
    let form: Vec<String> = RIGHT.iter().map(|(n, v)| format!("{n}={}", value(n, v))).collect();
    let request = Request::post("https://accounts.zoho.eu/oauth/v2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.join("&").into())
        .unwrap();
    tester.send(request).await.unwrap()
}

#[tokio::test]
async fn a_refresh_token_gives_an_access_token_that_works_until_it_ends() {
    let mut tester = Tester::bare();
    let (status, body) = token(&tester, &[]).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3600)));
    assert!(body["api_domain"].as_str().unwrap().contains("zohoapis"), "which is not where ServiceDesk Plus lives");
    tester.header = ("authorization", format!("Zoho-oauthtoken {}", body["access_token"].as_str().unwrap()));
    assert_eq!(tester.get("/requests").await.0, 200);
    tester.pass(3_599_000);
    assert_eq!(tester.get("/requests").await.0, 200);
    tester.pass(1_000);
    assert_eq!(tester.get("/requests").await.0, 401);
    let host = tester.with(|world| world.journal.calls().next().unwrap().host.clone());
    assert_eq!(host, "accounts.zoho.eu");
}

#[tokio::test]
async fn wrong_credentials_are_errors_inside_http_200() {
    let tester = Tester::bare();
    for (field, error) in [
        ("refresh_token", "invalid_code"),
        ("client_id", "invalid_client"),
        ("client_secret", "invalid_client_secret"),
        ("grant_type", "unsupported_grant_type"),
    ] {
        assert_eq!(token(&tester, &[(field, "wrong")]).await, (200, json!({"error": error})));
    }
    tester.with(|world| world.settings.zoho.mode = ZohoMode::Error("invalid_scope".into()));
    assert_eq!(token(&tester, &[]).await, (200, json!({"error": "invalid_scope"})));
    assert_eq!(tester.with(|world| world.tokens_issued()), 0);
    let kept = tester.with(|world| format!("{:?}", world.journal));
    assert!(!kept.contains(ZOHO_REFRESH_TOKEN) && !kept.contains(ZOHO_CLIENT_SECRET));
}

#[tokio::test]
async fn the_eleventh_token_in_ten_minutes_is_refused_with_400() {
    let tester = Tester::bare();
    for _ in 0..10 {
        assert_eq!(token(&tester, &[]).await.0, 200);
    }
    let (status, body) = token(&tester, &[]).await;
    assert_eq!((status, &body["error"], &body["status"]), (400, &json!("Access Denied"), &json!("failure")));
    tester.pass(600_000);
    assert_eq!(token(&tester, &[]).await.0, 200);
}

#[tokio::test]
async fn the_sixteenth_live_token_kills_the_first() {
    let mut tester = Tester::bare();
    tester.with(|world| world.settings.zoho.tokens_per_ten_minutes = None);
    let (_, first) = token(&tester, &[]).await;
    tester.header = ("authorization", format!("Zoho-oauthtoken {}", first["access_token"].as_str().unwrap()));
    for _ in 0..14 {
        token(&tester, &[]).await;
    }
    assert_eq!(tester.get("/requests").await.0, 200);
    token(&tester, &[]).await;
    assert_eq!(tester.get("/requests").await.0, 401);
}

#[tokio::test]
async fn revoked_tokens_stop_working() {
    let tester = Tester::cloud();
    assert_eq!(tester.get("/requests").await.0, 200);
    tester.with(World::revoke_tokens);
    assert_eq!(tester.get("/requests").await.0, 401);
}
