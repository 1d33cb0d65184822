//! Getting into ServiceDesk Plus: as few tokens as can be, none of them lost, none of them shown.
//!
//! A wrong implementation asks for a token at every sweep until Zoho says no, uses one to its last second, storms at a
//! revoked one, or sends the cloud's credential on-premises.

use approval_bridge::stubs::{Fault, Hosts, Vendor, Verdict, Via, ZohoMode};
use approval_bridge_tests::harness::{ANA, Desk, hours, minutes, seconds};

const TOKEN: &str = "/oauth/v2/token";

/// sdp.md §12, row 17, in another data centre.
#[tokio::test]
async fn tokens_come_from_the_accounts_host_as_a_form() {
    let desk = Desk::cloud()
        .variable("sdp_accounts_url", "https://accounts.zoho.eu")
        .variable("sdp_base_url", "https://sdpondemand.manageengine.eu/app/itdesk")
        .world(|world| {
            world.settings.hosts = Some(Hosts {
                sdp: "sdpondemand.manageengine.eu".to_owned(),
                zoho: "accounts.zoho.eu".to_owned(),
                zendesk: "zendesk.example".to_owned(),
                moveworks: "moveworks.example".to_owned(),
            });
            world.request().level(&[ANA]).add();
        })
        .start();
    desk.poll().await.clean();
    let calls = desk.calls("POST", TOKEN);
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((call.host.as_str(), call.path.as_str()), ("accounts.zoho.eu", TOKEN));
    assert_eq!((call.via, call.auth.scheme.as_str()), (Via::Form, "form"), "the secret stays out of the address");
    assert_eq!(call.input.as_ref().unwrap()["grant_type"], "refresh_token");
    let others = desk.calls("*", "/api/v3/");
    assert!(others.iter().all(|call| call.host == "sdpondemand.manageengine.eu"), "api_domain of the reply is ignored");
}

/// sdp.md §12, row 21.
#[tokio::test]
async fn each_edition_gets_its_own_scheme_and_media_type() {
    for (setup, scheme) in [(Desk::cloud(), "Zoho-oauthtoken"), (Desk::on_premises(), "authtoken")] {
        let desk = setup.world(|world| drop(world.request().level(&[ANA]).add())).start();
        desk.poll().await.clean();
        let id = desk.due().remove(0);
        assert_eq!(desk.approve(&id, ANA.1).await.status, 200);
        let calls = desk.calls("*", "/api/v3/");
        assert!(calls.len() > 5);
        for call in calls {
            assert_eq!((call.auth.scheme.as_str(), call.auth.verdict), (scheme, Verdict::Right), "{call:?}");
            assert_eq!(call.accept, "application/vnd.manageengine.sdp.v3+json");
            match call.method.as_str() {
                "GET" => assert!(matches!(call.via, Via::Query | Via::Nothing) && call.content_type.is_empty()),
                _ => assert_eq!(call.content_type, "application/x-www-form-urlencoded"),
            }
        }
    }
}

/// sdp.md §12, row 20.
#[tokio::test]
async fn a_token_outlives_the_process() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    let desk = desk.restart();
    desk.poll_every(minutes(1), 3).await.clean();
    let desk = desk.restart();
    assert_eq!(desk.approve(&desk.due()[0], ANA.1).await.status, 200);
    assert_eq!(desk.count("POST", TOKEN), 1);
}

/// sdp.md §2.1: at least 60 seconds before it ends.
#[tokio::test]
async fn a_token_is_renewed_a_minute_before_it_ends_and_no_sooner() {
    let desk = Desk::cloud().start();
    desk.poll().await.clean();
    desk.advance(minutes(59) - seconds(5));
    desk.poll().await.clean();
    assert_eq!(desk.count("POST", TOKEN), 1);
    desk.advance(seconds(10));
    desk.poll().await.clean();
    assert_eq!(desk.count("POST", TOKEN), 2);
    let refused = desk.calls("*", "/api/v3/").iter().filter(|call| call.auth.verdict != Verdict::Right).count();
    assert_eq!(refused, 0, "no call ever met an expired token");
}

/// sdp.md §12, row 19.
#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    let desk = Desk::cloud().world(|world| drop(world.populate(30, 1, 1))).start();
    desk.poll().await.clean();
    desk.forget_calls();
    desk.world(|world| {
        world.revoke_tokens();
        world.populate(10, 1, 1);
    });
    desk.poll_every(minutes(61), 1).await;
    desk.world(|world| world.revoke_tokens());
    desk.forget_calls();
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.count("POST", TOKEN), 1, "one refresh, however many calls were refused");
    let (id, approver) = desk.world(|world| {
        world.revoke_tokens();
        let first = world.pending().remove(0);
        (first.id, first.email.unwrap())
    });
    desk.forget_calls();
    assert_eq!(desk.approve(&id, &approver).await.status, 200);
    assert_eq!(desk.count("POST", TOKEN), 1);
    assert_eq!(desk.count("PUT", ""), 1);
}

#[tokio::test]
async fn a_credential_that_stays_refused_is_reported_and_not_stormed() {
    let desk = Desk::cloud().world(|world| drop(world.populate(5, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("*", "/api/v3/").sdp_error(4022, "Invalid token").always()));
    let report = desk.poll().await;
    assert!(!report.complete);
    assert_eq!(report.codes(), ["CREDENTIAL_REFUSED"; 3], "one for each module");
    assert!(desk.count("POST", TOKEN) <= 2, "the first, and one more: {}", desk.count("POST", TOKEN));
    assert!(desk.count("GET", "/api/v3/") <= 6, "each module tries twice");
}

/// sdp.md §12, row 19.
#[tokio::test]
async fn calls_at_the_same_time_share_one_token_call() {
    let desk = Desk::cloud().world(|world| drop(world.populate(40, 1, 1))).start();
    desk.world(|world| world.set_latency(seconds(1)));
    desk.poll().await.clean();
    assert!(desk.world(|world| world.journal.max_in_flight()) >= 10, "calls did overlap");
    assert_eq!(desk.count("POST", TOKEN), 1);
}

/// sdp.md §2.1: a throttle is not a bad credential.
#[tokio::test]
async fn a_throttle_is_waited_out_for_ten_minutes_over_restarts() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.settings.zoho.mode = ZohoMode::Throttled);
    let report = desk.poll().await;
    assert!(report.codes().iter().all(|code| code == "TOKEN_THROTTLED") && !report.complete, "{:?}", report.errors());
    desk.world(|world| world.settings.zoho.mode = ZohoMode::Normal);
    let desk = desk.restart();
    desk.poll_every(minutes(1), 8).await;
    assert_eq!(desk.count("POST", TOKEN), 1, "Zoho is left alone");
    desk.poll_every(minutes(1), 3).await.clean();
    assert_eq!(desk.count("POST", TOKEN), 2);
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn under_a_throttle_a_token_that_still_lives_is_used_on() {
    let desk = Desk::cloud().start();
    desk.poll().await.clean();
    desk.world(|world| {
        world.settings.zoho.mode = ZohoMode::Throttled;
        world.request().level(&[ANA]).add();
    });
    desk.advance(minutes(59) + seconds(10));
    desk.world(|world| drop(world.request().updated(desk.now()).level(&[ANA]).add()));
    desk.poll().await.clean();
    assert_eq!(desk.cards().len(), 2);
}

/// sdp.md §12, row 18.
#[tokio::test]
async fn a_revoked_refresh_token_is_named_and_not_stormed() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.world(|world| world.settings.zoho.mode = ZohoMode::Error("invalid_code".to_owned()));
    let report = desk.poll().await;
    assert!(report.codes().iter().all(|code| code == "TOKEN_REFUSED") && !report.complete, "{:?}", report.errors());
    assert!(report.messages().contains("invalid_code") && report.messages().contains("sdp_accounts_url"));
    assert_eq!(desk.count("POST", TOKEN), 1, "one call, however many modules want a token");
    assert_eq!(desk.count("*", "/api/v3/"), 0);
    let answer = desk.approve(&desk.due()[0], ANA.1).await;
    assert_eq!(answer.outcome(), (502, "source_refused"));
    desk.world(|world| world.settings.zoho.mode = ZohoMode::Normal);
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

#[tokio::test]
async fn each_error_of_zoho_names_the_variable_to_look_at() {
    for (error, variable) in [
        ("invalid_client", "sdp_client_id"),
        ("invalid_client_secret", "sdp_client_secret"),
        ("invalid_scope", "scope"),
        ("something_else", "sdp_refresh_token"),
    ] {
        let desk = Desk::cloud().world(|world| world.settings.zoho.mode = ZohoMode::Error(error.to_owned())).start();
        let report = desk.poll().await;
        assert!(report.messages().contains(error) && report.messages().contains(variable), "{}", report.messages());
    }
}

/// sdp.md §12, row 22.
#[tokio::test]
async fn a_wrong_portal_is_named_as_the_likely_cause() {
    let desk = Desk::cloud().variable("sdp_base_url", "https://sdp.example/app/other").start();
    let report = desk.poll().await;
    assert_eq!(report.codes(), ["NOT_FOUND"; 3]);
    assert!(report.messages().contains("portal"), "{}", report.messages());
}

/// DESIGN, "No secret leaves": who reads the store cannot use it.
#[tokio::test]
async fn the_token_lies_sealed_in_the_store() {
    let desk = Desk::cloud().start();
    desk.poll().await.clean();
    let bytes: Vec<u8> = desk.entries().into_values().flatten().collect();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("1000."), "Zoho's tokens begin so");
    assert!(desk.entries().keys().any(|key| key.contains("token")), "it is kept");
    // Another client secret opens nothing, and that is no error.
    desk.world(|world| world.settings.zoho.client_secret = None);
    let desk = desk.reconfigure("sdp_client_secret", "rotated");
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.count("POST", TOKEN), 2);
}

/// Ten tokens in ten minutes are the limit, and sweeps and decisions of a whole day stay far below it.
#[tokio::test]
async fn a_day_needs_one_token_an_hour() {
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.poll().await.clean();
    desk.poll_every(minutes(5), 12 * 12).await.clean();
    assert!((12..=14).contains(&desk.count("POST", TOKEN)), "{}", desk.count("POST", TOKEN));
    let calls = desk.calls("*", "");
    assert!(calls.iter().all(|call| call.vendor != Vendor::Unknown));
    assert!(hours(12) == minutes(5) * 144);
}
