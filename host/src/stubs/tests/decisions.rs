//! Answering approvals through the API.

use super::*;

#[tokio::test]
async fn an_answer_is_a_put_of_a_form_and_is_recorded_under_the_tokens_owner() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).level(&[BEN]).add());
    let first = ticket.approval(0, 0);
    let (status, body) = tester.answer(&first, "_approve", comment("Fine, Ana")).await;
    assert_eq!((status, &body["response_status"]["status_code"]), (200, &json!(2000)));
    let approval = &body["approval"];
    assert_eq!((&approval["status"]["name"], &approval["comments"]), (&json!("Approved"), &json!("Fine, Ana")));
    assert_eq!(approval["action_by"]["name"], "Approval Bridge", "not the approver: the key's owner");
    let effect = tester.with(|world| world.journal.calls().last().unwrap().effect.clone());
    assert_eq!(effect, Effect::Decided { id: first.id(), approved: true });
    assert_eq!(tester.with(|world| world.pending())[0].id, ticket.approval(1, 0).id());
}

#[tokio::test]
async fn a_repeat_is_an_error_and_changes_nothing() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.change().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    tester.answer(&at, "_approve", comment("one")).await;
    for verb in ["_approve", "_reject"] {
        let (status, body) = tester.answer(&at, verb, comment("two")).await;
        assert_eq!((status, code(&body)), (400, 4014));
    }
    assert_eq!(tester.with(|world| world.truth_of(&at)).unwrap().comments.as_deref(), Some("one"));
}

#[tokio::test]
async fn what_was_not_sent_cannot_be_answered() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).level(&[BEN]).add());
    let (status, body) = tester.answer(&ticket.approval(1, 0), "_approve", comment("x")).await;
    assert_eq!(status, 400);
    assert_eq!(body["response_status"]["messages"][0]["message"], "Recommendation mail is not yet sent");
}

#[tokio::test]
async fn comments_end_at_250_characters_not_bytes() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA, BEN]).add());
    let (status, body) = tester.answer(&ticket.approval(0, 0), "_approve", comment(&"é".repeat(251))).await;
    assert_eq!((status, code(&body)), (400, 4001));
    assert_eq!(body["response_status"]["messages"][0]["field"], "comments");
    assert_eq!(tester.answer(&ticket.approval(0, 0), "_approve", comment(&"é".repeat(250))).await.0, 200);
}

#[tokio::test]
async fn an_administrator_can_make_comments_mandatory() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| {
        world.settings.sdp.comments = Mandatory::OnReject;
        world.request().level(&[ANA, BEN]).rule(Rule::Anyone).add()
    });
    for input in [None, comment(" "), Some(json!({}))] {
        let (status, body) = tester.answer(&ticket.approval(0, 0), "_reject", input).await;
        assert_eq!((status, code(&body)), (400, 4012));
    }
    assert_eq!(tester.answer(&ticket.approval(0, 0), "_reject", comment("too dear")).await.0, 200);
    tester.with(|world| world.settings.sdp.comments = Mandatory::Always);
    assert_eq!(code(&tester.answer(&ticket.approval(0, 1), "_approve", None).await.1), 4012);
    tester.with(|world| world.settings.sdp.comments = Mandatory::Never);
    assert_eq!(tester.answer(&ticket.approval(0, 1), "_approve", None).await.0, 200);
}

#[tokio::test]
async fn only_one_form_of_the_verb_works() {
    let tester = Tester::on_premises();
    let ticket = tester.with(|world| world.release().level(&[ANA, BEN]).add());
    assert_eq!(code(&tester.answer(&ticket.approval(0, 0), "approve", None).await.1), 4007);
    tester.with(|world| world.settings.sdp.verbs = Verbs::Plain);
    assert_eq!(code(&tester.answer(&ticket.approval(0, 0), "_approve", None).await.1), 4007);
    assert_eq!(tester.answer(&ticket.approval(0, 0), "approve", None).await.0, 200);
    tester.with(|world| world.settings.sdp.verbs = Verbs::Both);
    assert_eq!(tester.answer(&ticket.approval(0, 1), "_reject", None).await.0, 200);
}

#[tokio::test]
async fn an_address_without_its_level_or_by_another_method_is_unknown() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    let short = format!("/requests/{}/approvals/{}/_approve", at.ticket, at.approval);
    assert_eq!(tester.sdp(Method::PUT, &short, comment("x")).await.0, 404);
    let whole = format!("{}/_approve", approval_path(&at));
    for method in [Method::GET, Method::POST] {
        assert_eq!(code(&tester.sdp(method, &whole, None).await.1), 4007);
    }
    let elsewhere = ApprovalRef { module: Module::Changes, ..at.clone() };
    assert_eq!(tester.answer(&elsewhere, "_approve", None).await.0, 404);
    assert!(tester.with(|world| world.truth_of(&at)).unwrap().live);
}

#[tokio::test]
async fn the_body_is_input_data_with_approval_comments_and_nothing_else() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    let at = ticket.approval(0, 0);
    for input in [json!({"comments": "x"}), json!({"approval": {"comment": "x"}}), json!({"approval": {"comments": 1}})]
    {
        let (status, body) = tester.answer(&at, "_approve", Some(input)).await;
        assert_eq!((status, code(&body)), (400, 4001));
    }
    let mut json = tester.request(Method::PUT, &format!("{}/_approve", approval_path(&at)), None);
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *json.body_mut() = r#"{"approval":{"comments":"lost"}}"#.into();
    assert_eq!(tester.send(json).await.unwrap().0, 200);
    let truth = tester.with(|world| world.truth_of(&at)).unwrap();
    assert_eq!(truth.comments, None, "a raw JSON body is not documented, and not read");
    assert_eq!(tester.with(|world| world.journal.calls().last().unwrap().via), Via::Json);
}

#[tokio::test]
async fn a_deleted_approval_is_not_there_to_answer() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA, BEN]).add());
    tester.with(|world| world.withdraw(&ticket.approval(0, 0))).unwrap();
    assert_eq!(code(&tester.answer(&ticket.approval(0, 0), "_approve", None).await.1), 4007);
    let (_, body) = tester.get(&approval_path(&ticket.approval(0, 0))).await;
    assert_eq!(body["approval"]["deleted"], true);
    tester.with(|world| world.remove(&ticket.approval(0, 0))).unwrap();
    assert_eq!(tester.get(&approval_path(&ticket.approval(0, 0))).await.0, 404);
}

#[tokio::test]
async fn the_owner_may_be_kept_from_answering_for_others() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| {
        world.settings.sdp.owner_may_decide = false;
        world.request().level(&[ANA, ("Bridge", "bridge@corp.example")]).add()
    });
    let (status, body) = tester.answer(&ticket.approval(0, 0), "_approve", None).await;
    assert_eq!((status, code(&body)), (403, 4002));
    assert_eq!(tester.answer(&ticket.approval(0, 1), "_approve", None).await.0, 200);
}

#[tokio::test]
async fn a_clarification_can_still_be_answered() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    tester.with(|world| world.set_state(&ticket.approval(0, 0), State::Clarification)).unwrap();
    assert!(tester.with(|world| world.pending()).is_empty());
    assert_eq!(tester.answer(&ticket.approval(0, 0), "_approve", None).await.0, 200);
}
