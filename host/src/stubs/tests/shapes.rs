//! Objects, errors, credentials and addresses of either edition.

use super::*;

#[tokio::test]
async fn the_cloud_and_on_premises_write_the_same_facts_differently() {
    for (tester, cloud) in [(Tester::cloud(), true), (Tester::on_premises(), false)] {
        let ticket = tester.with(|world| world.request().level(&[ANA]).rule(Rule::Percent(90)).role("Manager").add());
        let (_, body) = tester.get(&format!("/requests/{}/approval_levels", ticket.ticket)).await;
        let level = &body["approval_levels"][0];
        assert_eq!(level.get("created_time").is_some(), cloud);
        assert_eq!(level.get("created_on").is_some(), !cloud);
        assert_eq!(level["rule"].get("name").is_some(), cloud);
        assert_eq!(level["rule"]["type"] == "percent" && level["rule"]["value"] == "90", !cloud);
        assert_eq!(level.get("name").is_some(), !cloud);
        assert_eq!(level["level"], if cloud { json!(1) } else { json!("1") });
        assert_eq!(level.get("approvals").is_some(), !cloud, "documented on-premises");
        assert_eq!(level["associated_entity"], "request");
        assert_eq!(level["request"]["id"], ticket.ticket.as_str());
        let (_, body) = tester.get(&approval_path(&ticket.approval(0, 1))).await;
        let approval = &body["approval"];
        assert_eq!((approval.get("xpath").is_some(), approval.get("org_role").is_some()), (cloud, !cloud));
        assert!(approval["approver"].is_null(), "a role that is not resolved has no approver");
        assert_eq!(approval["approval_level"]["level"], 1);
        assert!(approval.get("created_time").is_none() && approval.get("request").is_none());
    }
}

#[tokio::test]
async fn a_refusal_is_called_denied_in_the_cloud_and_rejected_on_premises() {
    for (tester, name) in [(Tester::cloud(), "Denied"), (Tester::on_premises(), "Rejected")] {
        let ticket = tester.with(|world| world.request().level(&[ANA]).add());
        let (_, body) = tester.answer(&ticket.approval(0, 0), "_reject", comment("no")).await;
        assert_eq!(body["approval"]["status"]["name"], name);
    }
}

#[tokio::test]
async fn cloud_ids_are_long_texts_that_may_start_with_zero_and_on_premises_ids_repeat_across_modules() {
    let tester = Tester::cloud();
    let tickets = tester.with(|world| world.populate(12, 1, 1));
    assert!(
        tickets.iter().all(|t| (15..=18).contains(&t.ticket.len()) && t.ticket.bytes().all(|b| b.is_ascii_digit()))
    );
    assert!(
        tickets.iter().flat_map(|t| t.approvals()).any(|a| a.approval.starts_with('0') || a.ticket.starts_with('0'))
    );
    let (_, body) = tester.list("/requests", json!({"row_count": 100})).await;
    assert!(body["requests"].as_array().unwrap().iter().all(|row| row["id"].is_string()));
    tester.with(|world| world.settings.sdp.ids = Form::Second);
    let (_, body) = tester.list("/requests", json!({"row_count": 100})).await;
    assert!(body["requests"].as_array().unwrap().iter().any(|row| row["id"].is_u64()));

    let tester = Tester::on_premises();
    let (request, change) = tester.with(|w| (w.request().level(&[ANA]).add(), w.change().level(&[ANA]).add()));
    assert_eq!(request.ticket, request.number);
    assert_eq!((&request.ticket, &request.approval(0, 0).approval), (&change.ticket, &change.approval(0, 0).approval));
    assert_ne!(request.approval(0, 0).id(), change.approval(0, 0).id());
}

#[tokio::test]
async fn response_status_is_an_array_on_lists_and_an_object_elsewhere_unless_switched() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().add());
    let (list, single) = ("/requests".to_owned(), format!("/requests/{}", ticket.ticket));
    let array = async |path: &str| tester.get(path).await.1["response_status"].is_array();
    assert_eq!((array(&list).await, array(&single).await), (true, false));
    tester.with(|world| world.settings.sdp.response_status = Form::Second);
    assert_eq!((array(&list).await, array(&single).await), (false, false));
    tester.with(|world| world.settings.sdp.response_status = Form::Mixed);
    assert_ne!(array(&list).await, array(&list).await);
}

#[tokio::test]
async fn times_are_milliseconds_as_text_with_a_display_nobody_can_parse() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().updated(START).add());
    let path = format!("/requests/{}", ticket.ticket);
    let time = tester.get(&path).await.1["request"]["last_updated_time"].clone();
    assert_eq!(time["value"], START.to_string());
    assert!(!time["display_value"].as_str().unwrap().is_empty());
    tester.with(|world| world.settings.sdp.times = Form::Second);
    assert_eq!(tester.get(&path).await.1["request"]["last_updated_time"]["value"], START);
}

#[tokio::test]
async fn each_module_has_its_own_field_names() {
    let tester = Tester::cloud();
    let (change, release) = tester.with(|world| {
        let change = world.change().subject("Switches").requester(ANA.0, ANA.1).level(&[BEN]).add();
        (change, world.release().subject("Portal").requester(ANA.0, ANA.1).level(&[BEN]).add())
    });
    let (_, body) = tester.get(&format!("/changes/{}", change.ticket)).await;
    assert_eq!(body["change"]["title"], "Switches");
    assert_eq!(body["change"]["change_requester"]["email_id"], ANA.1);
    assert!(body["change"].get("subject").is_none() && body["change"].get("requester").is_none());
    let (_, body) = tester.get(&format!("/releases/{}/approval_levels", release.ticket)).await;
    assert_eq!(body["approval_levels"][0]["release_stage"]["name"], "Approval");
    assert_eq!(body["approval_levels"][0]["release"]["title"], "Portal");
}

#[tokio::test]
async fn levels_of_a_change_without_any_are_an_internal_error_and_the_summary_tells() {
    let tester = Tester::cloud();
    let (none, some, request) = tester.with(|w| (w.change().add(), w.change().level(&[ANA]).add(), w.request().add()));
    let (status, body) = tester.get(&format!("/changes/{}/approval_levels", none.ticket)).await;
    assert_eq!((status, code(&body)), (500, 4004));
    for (ticket, has) in [(&none, false), (&some, true)] {
        let (_, body) = tester.get(&format!("/changes/{}/approval_levels/approval_summary", ticket.ticket)).await;
        assert_eq!(body["approval_summary"]["has_approvals"], has);
    }
    let (status, body) = tester.get(&format!("/requests/{}/approval_levels", request.ticket)).await;
    assert_eq!((status, body["approval_levels"].as_array().unwrap().len()), (200, 0));
    let (status, _) = tester.get(&format!("/requests/{}/approval_levels/approval_summary", request.ticket)).await;
    assert_eq!(status, 404, "documented for changes and releases only");
}

#[tokio::test]
async fn unknown_addresses_answer_4007() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.change().level(&[ANA]).add());
    let own = format!("/changes/{}", ticket.ticket);
    let beside = [format!("{own}/approvals"), format!("{own}/approval_levels/1"), "/changes/1".into()];
    for path in beside.iter().map(String::as_str).chain(["/problems", "", "/approvals"]) {
        let (status, body) = tester.get(path).await;
        assert_eq!((status, code(&body)), (404, 4007), "{path}");
    }
    assert_eq!(tester.sdp(Method::POST, "/changes", None).await.0, 404);
}

#[tokio::test]
async fn the_portal_must_be_right_and_the_short_form_needs_a_default_portal() {
    let mut tester = Tester::cloud();
    tester.with(|world| world.settings.sdp.portal = Some("itdesk".into()));
    assert_eq!(tester.get("/requests").await.0, 200);
    for base in ["/app/other/api/v3", "/api/v3"] {
        tester.base = base;
        let (status, body) = tester.get("/requests").await;
        assert_eq!((status, code(&body)), (404, 4007), "{base}");
    }
    tester.with(|world| world.settings.sdp.default_portal = Some(true));
    assert_eq!(tester.get("/requests").await.0, 200);
}

#[tokio::test]
async fn credentials_decide_the_edition_and_a_wrong_one_is_4022() {
    let mut tester = Tester::cloud();
    let token = tester.with(World::grant_token);
    for (header, status) in [
        (("authorization", format!("Bearer {token}")), 200),
        (("authorization", format!("Zoho-oauthtoken {token}")), 200),
        (("authorization", format!("Token {token}")), 401),
        (("authorization", token), 401),
        (("authorization", "Zoho-oauthtoken 1000.x".into()), 401),
        (("x-none", String::new()), 401),
        (("authtoken", "wrong".into()), 401),
        (("technician_key", SDP_AUTHTOKEN.into()), 401),
    ] {
        tester.header = header;
        let (got, body) = tester.get("/requests").await;
        assert_eq!(got, status, "{:?}", tester.header);
        assert!(status == 200 || code(&body) == 4022);
    }
    tester.base = "/api/v3";
    for header in [("authtoken", SDP_AUTHTOKEN.into()), ("authorization", format!("authtoken: {SDP_AUTHTOKEN}"))] {
        tester.header = header;
        assert_eq!(tester.get("/requests").await.0, 200);
    }
    let kept = tester.with(|world| format!("{:?}", world.journal));
    assert!(!kept.contains(SDP_AUTHTOKEN) && !kept.contains("1000."), "no credential is kept");
}

#[tokio::test]
async fn a_token_ends_and_a_scope_that_is_missing_is_401() {
    let tester = Tester::cloud();
    tester.with(|world| world.settings.zoho.scopes = ["SDPOnDemand.requests.READ".to_owned()].into());
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    assert_eq!(tester.get("/requests").await.0, 200);
    assert_eq!(tester.get("/changes").await.0, 401);
    assert_eq!(tester.answer(&ticket.approval(0, 0), "_approve", None).await.0, 401);
    tester.pass(3_600_000);
    assert_eq!(code(&tester.get("/requests").await.1), 4022);
    let verdict = tester.with(|world| world.journal.calls().last().unwrap().auth.verdict);
    assert_eq!(verdict, Verdict::Expired);
    tester.with(|world| world.settings.sdp.licence_expired = true);
    assert_eq!(Tester::cloud().get("/requests").await.0, 200);
}

#[tokio::test]
async fn the_one_call_list_is_on_premises_behind_a_switch_and_shows_only_the_owners() {
    let tester = Tester::on_premises();
    assert_eq!(tester.get("/approvals").await.0, 404);
    let own = tester.with(|world| {
        world.settings.sdp.one_call_list = true;
        world.request().level(&[ANA]).add();
        world.change().subject("Mine").level(&[("Bridge", "bridge@corp.example")]).add()
    });
    let (_, body) = tester.get("/approvals").await;
    let rows = body["approvals"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["associated_entity"], "change");
    assert_eq!(rows[0]["approval_level"]["change"]["id"], own.ticket.as_str());
}
