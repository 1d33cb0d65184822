//! Zendesk: who may do what, lists by cursor, decisions, creation.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BASE: &str = "https://corp.zendesk.example/api/v2";

fn basic(email: &str, token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{email}/token:{token}")))
}

async fn send(tester: &Tester, method: &str, path: &str, who: &str, body: Option<Value>) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE}/{path}"))
        .header("authorization", basic(who, ZENDESK_API_TOKEN))
        .header("content-type", "application/json")
        .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default());
    tester.send(request.unwrap()).await.unwrap()
}

async fn get(tester: &Tester, path: &str) -> (u16, Value) {
    send(tester, "GET", path, ZENDESK_EMAIL, None).await
}

fn ids(body: &Value) -> Vec<&str> {
    body["approval_requests"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn decision_path(id: &str) -> String {
    format!("approval_workflow_instances/{id}/approval_requests/{id}/decision")
}

/// Ana is asked about one ticket, her group about another.
fn desk(world: &mut World) -> (u64, u64, String, String) {
    let zendesk = &mut world.zendesk;
    let (ana, ben) = (zendesk.user(ANA.0, ANA.1), zendesk.user(BEN.0, BEN.1));
    let group = zendesk.group("Security", &[ana, ben]);
    let (laptop, port) = (zendesk.ticket("Laptop"), zendesk.ticket("Port"));
    let own = zendesk.ask(laptop, ZendeskAssignee::User(ana));
    let shared = zendesk.ask(port, ZendeskAssignee::Group(group));
    (ana, group, own, shared)
}

#[tokio::test]
async fn the_token_acts_as_the_person_it_is_sent_with_and_the_journal_names_them() {
    let tester = Tester::bare();
    tester.with(desk);
    assert_eq!(send(&tester, "GET", "users/me", ANA.1, None).await.1["user"]["name"], ANA.0);
    assert_eq!(send(&tester, "GET", "approval_requests", ANA.1, None).await.0, 403, "lists are for administrators");
    for who in ["nobody@corp.example", ""] {
        let (status, body) = send(&tester, "GET", "approval_requests", who, None).await;
        assert_eq!((status, body), (401, json!({"error": "Couldn't authenticate you"})));
    }
    tester.with(|world| {
        let calls: Vec<_> = world.journal.calls().map(|call| (call.person.as_str(), call.auth.verdict)).collect();
        let right = [(ANA.1, Verdict::Right), (ANA.1, Verdict::Right)];
        assert_eq!(calls[..2], right);
        assert_eq!(calls[2..], [("nobody@corp.example", Verdict::Wrong), ("", Verdict::Wrong)]);
        assert!(!format!("{:?}", world.journal).contains(ZENDESK_API_TOKEN));
        world.zendesk.user_mut(900_002).unwrap().suspended = true;
    });
    assert_eq!(send(&tester, "GET", "users/show_many?ids=1", ANA.1, None).await.0, 401, "she is suspended");
}

#[tokio::test]
async fn a_call_that_is_not_let_in_is_told_so_or_is_an_anonymous_user() {
    let tester = Tester::bare();
    let request = || Request::get(format!("{BASE}/users/me")).body(Bytes::new()).unwrap();
    let (status, body) = tester.send(request()).await.unwrap();
    assert_eq!((status, &body["user"]["id"]), (200, &Value::Null));
    tester.with(|world| world.settings.zendesk.anonymous_me = false);
    assert_eq!(tester.send(request()).await.unwrap().0, 401);
    tester.with(|world| world.settings.zendesk.token_access = false);
    assert_eq!(get(&tester, "users/me").await.0, 401, "an account can switch tokens off");
}

#[tokio::test]
async fn a_list_is_narrowed_by_status_and_by_who_is_asked() {
    let tester = Tester::bare();
    let (ana, group, own, shared) = tester.with(|world| {
        let made = desk(world);
        let third = world.zendesk.ticket("Third");
        let done = world.zendesk.ask(third, ZendeskAssignee::User(made.0));
        world.zendesk.decide(&done, made.0, true, None).unwrap();
        made
    });
    let (status, body) = get(&tester, "approval_requests?filter%5Bstatus%5D=active").await;
    assert_eq!((status, ids(&body)), (200, vec![own.as_str(), shared.as_str()]));
    assert_eq!(body["approval_requests"][0]["assignee_user"]["id"], ana);
    assert_eq!(body["approval_requests"][1]["assignee_group"], json!({"id": group, "name": "Security"}));
    assert_eq!(body["meta"]["has_more"], false);
    let by_user = format!("approval_requests?filter%5Bstatus%5D=active,approved&filter%5Bassignee_user_id%5D={ana}");
    assert_eq!(ids(&get(&tester, &by_user).await.1).len(), 2);
    let by_group = format!("approval_requests?filter%5Bassignee_group_id%5D={group}");
    assert_eq!(ids(&get(&tester, &by_group).await.1), [shared.as_str()]);
    for odd in ["filter%5Bstatus%5D=pending", "filter%5Bassignee_user_id%5D=ana", "page%5Bsize%5D=5", "after_cursor=x"]
    {
        assert_eq!(get(&tester, &format!("approval_requests?{odd}")).await.0, 400, "{odd}");
    }
    let many = (0..101).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(get(&tester, &format!("users/show_many?ids={many}")).await.0, 400);
}

#[tokio::test]
async fn a_cursor_keeps_its_place_while_rows_leave_the_list() {
    let tester = Tester::bare();
    let all = tester.with(|world| {
        world.settings.zendesk.page_size = 2;
        world.settings.zendesk.links_host = Some("elsewhere.example".into());
        let ana = world.zendesk.user(ANA.0, ANA.1);
        let mut ask = |n: u32| {
            let ticket = world.zendesk.ticket(&format!("Ticket {n}"));
            world.zendesk.ask(ticket, ZendeskAssignee::User(ana))
        };
        (0..5).map(&mut ask).collect::<Vec<_>>()
    });
    let (_, body) = get(&tester, "approval_requests?filter%5Bstatus%5D=active").await;
    assert_eq!((ids(&body), &body["meta"]["has_more"]), (vec![all[0].as_str(), all[1].as_str()], &json!(true)));
    assert!(body["links"]["next"].as_str().unwrap().starts_with("https://elsewhere.example/"));
    tester.with(|world| world.zendesk.withdraw(&all[0]).unwrap());
    let next = format!(
        "approval_requests?filter%5Bstatus%5D=active&after_cursor={}",
        body["meta"]["after_cursor"].as_str().unwrap()
    );
    assert_eq!(ids(&get(&tester, &next).await.1), [all[2].as_str(), all[3].as_str()], "nothing is skipped");
    tester.with(|world| {
        world.fault(Fault::on("GET", "approval_requests").repeats_page());
        world.fault(Fault::on("GET", "approval_requests").omits_list_info());
    });
    let (_, repeated) = get(&tester, &next).await;
    assert_eq!((ids(&repeated)[0], &repeated["meta"]["has_more"]), (all[1].as_str(), &json!(true)));
    assert!(get(&tester, &next).await.1.get("meta").is_none());
}

#[tokio::test]
async fn only_who_is_asked_decides_and_only_once() {
    let tester = Tester::bare();
    let (ana, _, own, shared) = tester.with(desk);
    let approve = || Some(json!({"status": "approved"}));
    assert_eq!(send(&tester, "PATCH", &decision_path(&own), BEN.1, approve()).await.0, 403);
    assert_eq!(send(&tester, "PATCH", &decision_path(&own), ZENDESK_EMAIL, approve()).await.0, 403);
    let (status, body) = send(&tester, "PATCH", &decision_path(&own), ANA.1, approve()).await;
    assert_eq!((status, &body["approval_request"]["status"]), (200, &json!("approved")));
    assert_eq!(body["approval_request"]["decisions"][0]["decided_by_user"]["id"], ana);
    let (status, body) = send(&tester, "PATCH", &decision_path(&own), ANA.1, approve()).await;
    assert_eq!((status, &body["errors"][0]["code"]), (422, &json!("ApprovalRequestNotActive")));
    let reject = |notes: Value| Some(json!({"status": "rejected", "notes": notes}));
    for odd in [json!(null), json!(" ")] {
        assert_eq!(send(&tester, "PATCH", &decision_path(&shared), BEN.1, reject(odd)).await.0, 422);
    }
    assert_eq!(send(&tester, "PATCH", &decision_path(&shared), BEN.1, reject(json!("No"))).await.0, 200);
    tester.with(|world| {
        let effects: Vec<_> = world.journal.calls().map(|call| call.effect.clone()).collect();
        assert_eq!(effects[2], Effect::Decided { id: format!("zendesk:{own}"), approved: true });
        assert_eq!(effects[6], Effect::Decided { id: format!("zendesk:{shared}"), approved: false });
        assert_eq!(world.zendesk.pending(), []);
    });
}

#[tokio::test]
async fn an_account_without_the_early_access_has_neither_single_requests_nor_decisions() {
    let tester = Tester::bare();
    let (_, _, own, _) = tester.with(desk);
    let show = format!("approval_workflow_instances/{own}/approval_requests/{own}");
    let (status, body) = get(&tester, &show).await;
    assert_eq!((status, &body["approval_request"]["status"]), (200, &json!("pending")));
    assert_eq!(body["approval_request"]["ticket_details"]["id"], "5005");
    let other = format!("approval_workflow_instances/01JZ/approval_requests/{own}");
    assert_eq!(get(&tester, &other).await.0, 404, "the request stands for its workflow");
    tester.with(|world| {
        world.settings.zendesk.show_status = Some(410);
        world.settings.zendesk.decision_status = Some(404);
    });
    assert_eq!(get(&tester, &show).await.0, 410);
    let (status, body) = send(&tester, "PATCH", &decision_path(&own), ANA.1, Some(json!({"status": "approved"}))).await;
    assert_eq!((status, &body["error"]), (404, &json!("RecordNotFound")));
}

#[tokio::test]
async fn a_ticket_takes_one_request_by_either_reading_of_the_pages() {
    for (rule, again) in [(Creation::OnePerTicket, 422), (Creation::OneLivePerTicket, 201)] {
        let tester = Tester::bare();
        let (ana, ticket) = tester.with(|world| {
            world.settings.zendesk.creation = rule;
            (world.zendesk.user(ANA.0, ANA.1), world.zendesk.ticket("Laptop"))
        });
        let body =
            || Some(json!({"ticket_id": ticket, "subject": "Laptop", "message": "Model X", "assignee_user_id": ana}));
        let (status, made) = send(&tester, "POST", "approval_requests", ZENDESK_EMAIL, body()).await;
        assert_eq!((status, &made["approval_request"]["origination_type"]), (201, &json!("API_ORIGINATION")));
        let (status, refused) = send(&tester, "POST", "approval_requests", ZENDESK_EMAIL, body()).await;
        assert_eq!((status, &refused["errors"][0]["code"]), (422, &json!("ApprovalRequestCreationFailed")));
        let id = made["approval_request"]["id"].as_str().unwrap();
        tester.with(|world| world.zendesk.decide(id, ana, false, Some("No")).unwrap());
        assert_eq!(send(&tester, "POST", "approval_requests", ZENDESK_EMAIL, body()).await.0, again, "{rule:?}");
    }
}

#[tokio::test]
async fn a_creation_names_one_assignee_who_is_not_the_requester() {
    let tester = Tester::bare();
    let (ana, group, ticket) = tester.with(|world| {
        let ana = world.zendesk.user(ANA.0, ANA.1);
        let ticket = world.zendesk.ticket("Laptop");
        world.zendesk.ticket_mut(ticket).unwrap().requester = Some(ana);
        (ana, world.zendesk.group("Security", &[ana]), ticket)
    });
    let body = |more: Value| {
        let mut body = json!({"ticket_id": ticket, "subject": "Laptop", "message": "Model X"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(body)
    };
    for (more, status) in [
        (json!({}), 400),
        (json!({"assignee_user_id": ana, "assignee_group_id": group}), 400),
        (json!({"assignee_user_id": "ana"}), 400),
        (json!({"assignee_group_id": group, "colour": "red"}), 400),
        (json!({"assignee_group_id": group, "subject": ""}), 400),
        (json!({"assignee_user_id": ana}), 422),
        (json!({"assignee_user_id": 1}), 422),
        (json!({"assignee_group_id": group, "ticket_id": 1}), 422),
        (json!({"assignee_group_id": group}), 201),
    ] {
        let answer = send(&tester, "POST", "approval_requests", ZENDESK_EMAIL, body(more.clone())).await;
        assert_eq!(answer.0, status, "{more}");
    }
}

#[tokio::test]
async fn people_and_tickets_are_read_in_batches_and_unknown_ids_are_missing() {
    let tester = Tester::bare();
    let (ana, group, ..) = tester.with(desk);
    let (_, users) = get(&tester, &format!("users/show_many?ids={ana},1")).await;
    assert_eq!((users["users"].as_array().unwrap().len(), &users["users"][0]["email"]), (1, &json!(ANA.1)));
    let (_, found) = get(&tester, "users/search?query=email:corp.example").await;
    assert_eq!(found["users"].as_array().unwrap().len(), 3, "the search is not exact");
    let (_, tickets) = get(&tester, "tickets/show_many?ids=5005,1").await;
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 1);
    tester.with(|world| world.settings.zendesk.page_size = 1);
    let path = format!("groups/{group}/memberships?page%5Bsize%5D=100");
    let (_, page) = get(&tester, &path).await;
    assert_eq!((page["group_memberships"].as_array().unwrap().len(), &page["meta"]["has_more"]), (1, &json!(true)));
    let next = format!("{path}&page%5Bafter%5D={}", page["meta"]["after_cursor"].as_str().unwrap());
    assert_eq!(get(&tester, &next).await.1["meta"]["has_more"], false);
    assert_eq!(get(&tester, "groups/1/memberships").await.0, 404);
    let (_, groups) = get(&tester, &format!("users/{ana}/group_memberships?page%5Bsize%5D=100")).await;
    assert_eq!(groups["group_memberships"][0]["group_id"], group);
}

#[tokio::test]
async fn the_rate_limit_is_plain_text_with_its_own_pause() {
    let tester = Tester::bare();
    tester.with(|world| {
        let refusal = Refusal::TooMany(Some("1".into()));
        world.limit(RateLimit::per_minute("GET", "/api/v2/", 1).refusing(refusal));
    });
    assert_eq!(get(&tester, "users/me").await.0, 200);
    let request = Request::get(format!("{BASE}/users/me")).body(Bytes::new()).unwrap();
    let response = tester.stubs.handle(request).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(serde_json::from_slice::<Value>(response.body()).is_err());
}
