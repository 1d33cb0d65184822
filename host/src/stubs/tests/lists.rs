//! Lists: pages, sorting, columns, criteria.

use super::*;

fn numbered(tester: &Tester, count: usize) {
    tester.with(|world| {
        for n in 1..=count {
            let at = START - 1_000_000 + n as i64;
            world.request().number(&n.to_string()).created(at).updated(at).add();
        }
    });
}

#[tokio::test]
async fn a_page_has_ten_rows_unless_asked_and_never_more_than_a_hundred() {
    let tester = Tester::cloud();
    numbered(&tester, 130);
    assert_eq!(tester.numbers(json!({})).await.len(), 10);
    let (_, body) = tester.list("/requests", json!({"row_count": 500})).await;
    assert_eq!(body["requests"].as_array().unwrap().len(), 100);
    assert_eq!(body["list_info"]["has_more_rows"], true);
    assert_eq!(body["list_info"]["row_count"], 100);
}

#[tokio::test]
async fn start_index_counts_from_one_and_page_is_an_alternative() {
    let tester = Tester::cloud();
    numbered(&tester, 25);
    let sorted = |more: Value| {
        let mut info = json!({"sort_field": "created_time", "sort_order": "asc", "row_count": 10});
        info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        info
    };
    assert_eq!(tester.numbers(sorted(json!({"start_index": 21}))).await, ["21", "22", "23", "24", "25"]);
    assert_eq!(tester.numbers(sorted(json!({"page": 3}))).await, ["21", "22", "23", "24", "25"]);
    let (_, body) = tester.list("/requests", sorted(json!({"page": 3, "get_total_count": true}))).await;
    let info = &body["list_info"];
    assert_eq!((&info["has_more_rows"], &info["total_count"], &info["page"]), (&json!(false), &json!(25), &json!(3)));
    assert_eq!((&info["sort_field"], &info["sort_order"]), (&json!("created_time"), &json!("asc")));
    let (_, body) = tester.list("/requests", json!({"start_index": 99})).await;
    assert_eq!((body["requests"].as_array().unwrap().len(), &body["list_info"]["has_more_rows"]), (0, &json!(false)));
}

#[tokio::test]
async fn changes_come_oldest_first_and_requests_newest_first() {
    let tester = Tester::cloud();
    tester.with(|world| {
        for (number, age) in [("1", 300), ("2", 100), ("3", 200)] {
            world.change().number(number).created(START - age).add();
            world.request().number(number).created(START - age).add();
        }
    });
    let (_, body) = tester.get("/changes").await;
    let order: Vec<&str> =
        body["changes"].as_array().unwrap().iter().map(|r| r["display_id"].as_str().unwrap()).collect();
    assert_eq!(order, ["1", "3", "2"]);
    assert_eq!(tester.numbers(json!({})).await, ["2", "3", "1"]);
}

#[tokio::test]
async fn rows_omit_description_priority_and_approval_status_unless_asked() {
    let tester = Tester::cloud();
    tester.with(|world| world.request().description("<b>x</b>").requester(ANA.0, ANA.1).level(&[BEN]).add());
    let (_, body) = tester.list("/requests", json!({})).await;
    let row = body["requests"][0].as_object().unwrap();
    for absent in ["description", "priority", "approval_status", "last_updated_time", "short_description"] {
        assert!(!row.contains_key(absent), "{absent}");
    }
    assert!(row.contains_key("subject") && row.contains_key("requester"));
    let fields = ["priority", "approval_status", "last_updated_time", "short_description", "title"];
    let (_, body) = tester.list("/requests", json!({"fields_required": fields})).await;
    let row = &body["requests"][0];
    assert_eq!(row["priority"]["name"], "Normal");
    assert_eq!(row["approval_status"]["name"], "Pending Approval");
    assert_eq!(row["short_description"], "x");
    assert!(row["id"].is_string() && row["last_updated_time"]["value"].is_string());
    assert!(
        row.get("subject").is_none() && row.get("title").is_none(),
        "requests have a subject, and it was not asked for"
    );
}

#[tokio::test]
async fn an_unknown_key_anywhere_is_refused() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA]).add());
    let own = format!("/requests/{}", ticket.ticket);
    for (path, input) in [
        ("/requests", json!({"list_inof": {}})),
        ("/requests", json!({"list_info": {"rows": 100}})),
        (
            "/requests",
            json!({"list_info": {"search_criteria": {"field": "id", "condition": "is", "value": 1, "x": 1}}}),
        ),
        (own.as_str(), json!({"request": {}})),
        (&format!("{own}/approval_levels"), json!({"list_info": {"rows": 1}})),
    ] {
        let (status, body) = tester.sdp(Method::GET, path, Some(input)).await;
        assert_eq!((status, code(&body)), (400, 4001), "{path}");
        assert_eq!(body["response_status"]["messages"][0]["message"], "Extra key found in JSON");
    }
}

#[tokio::test]
async fn wrong_values_are_refused() {
    let tester = Tester::cloud();
    for info in [
        json!({"row_count": 0}),
        json!({"row_count": "many"}),
        json!({"start_index": 0}),
        json!({"sort_field": "colour"}),
        json!({"sort_field": "id", "sort_order": "up"}),
        json!({"fields_required": "id"}),
        json!({"filter_by": {"name": "My view"}}),
        json!({"search_fields": {"colour": "red"}}),
        json!({"search_criteria": {"field": "colour", "condition": "is", "value": "red"}}),
        json!({"search_criteria": {"field": "id", "condition": "equals", "value": "1"}}),
        json!({"search_criteria": {"field": "id", "condition": "is"}}),
        json!({"search_criteria": {"field": "id", "condition": "between", "values": ["1"]}}),
        json!({"search_criteria": {"field": "id", "condition": "is", "value": "1", "logical_operator": "XOR"}}),
    ] {
        let (status, body) = tester.list("/requests", info.clone()).await;
        assert_eq!((status, code(&body)), (400, 4001), "{info}");
    }
}

fn searchable(tester: &Tester) {
    tester.with(|world| {
        let at = |n: i64| START - 10_000 + n;
        world.request().number("1").subject("Red chair").status("Open").updated(at(1)).level(&[ANA]).add();
        world.request().number("2").subject("Red desk").status("On Hold").updated(at(2)).priority("High").add();
        world.request().number("3").subject("Blue chair").status("Closed").updated(at(3)).no_priority().add();
    });
}

#[tokio::test]
async fn every_condition_works_as_documented() {
    let tester = Tester::cloud();
    searchable(&tester);
    let t = |n: i64| (START - 10_000 + n).to_string();
    for (field, condition, values, found) in [
        ("status.name", "is", json!(["open"]), "1"),
        ("status.name", "is", json!(["Open", "Closed"]), "13"),
        ("status", "is", json!(["Open"]), "1"),
        ("status", "is", json!([{"name": "On Hold"}]), "2"),
        ("status.name", "is not", json!(["Open"]), "23"),
        ("subject", "contains", json!(["CHAIR"]), "13"),
        ("subject", "not contains", json!(["chair"]), "2"),
        ("subject", "starts with", json!(["red"]), "12"),
        ("subject", "ends with", json!(["chair"]), "13"),
        ("last_updated_time", "greater than", json!([t(1)]), "23"),
        ("last_updated_time", "gt", json!([t(2)]), "3"),
        ("last_updated_time", "gte", json!([t(2)]), "23"),
        ("last_updated_time", "lesser than", json!([t(2)]), "1"),
        ("last_updated_time", "lt", json!([t(3)]), "12"),
        ("last_updated_time", "lte", json!([{"value": t(2)}]), "12"),
        ("last_updated_time.value", "between", json!([t(2), t(3)]), "23"),
        ("last_updated_time", "not between", json!([t(2), t(3)]), "1"),
        ("approval_status.name", "is", json!(["Pending Approval"]), "1"),
        ("approval_status", "is", json!([null]), "23"),
        ("priority.name", "is not", json!(["High"]), "13"),
    ] {
        let criteria = json!([{"field": field, "condition": condition, "values": values}]);
        let mut numbers = tester.numbers(json!({"search_criteria": criteria})).await;
        numbers.sort();
        assert_eq!(numbers.concat(), found, "{field} {condition} {values}");
    }
}

#[tokio::test]
async fn criteria_join_from_left_to_right_and_children_belong_to_their_parent() {
    let tester = Tester::cloud();
    searchable(&tester);
    let is = |field: &str, value: &str| json!({"field": field, "condition": "is", "value": value});
    let mut closed = is("status.name", "Closed");
    closed["logical_operator"] = "or".into();
    let either = json!([is("status.name", "Open"), closed.clone()]);
    let mut numbers = tester.numbers(json!({"search_criteria": either})).await;
    numbers.sort();
    assert_eq!(numbers, ["1", "3"]);
    let both = json!([is("status.name", "Open"), is("priority.name", "High")]);
    assert!(tester.numbers(json!({"search_criteria": both})).await.is_empty());
    let mut parent = is("status.name", "Open");
    parent["children"] = json!([closed]);
    let nested = json!([{"field": "subject", "condition": "contains", "value": "blue"}, parent]);
    assert_eq!(tester.numbers(json!({"search_criteria": nested})).await, ["3"]);
    let fields = json!({"search_fields": {"subject": "red desk"}, "sort_field": "subject"});
    assert_eq!(tester.numbers(fields).await, ["2"]);
    assert_eq!(tester.numbers(json!({"filter_by": {"name": "Open_System"}})).await, ["2", "1"]);
}

#[tokio::test]
async fn a_status_that_the_tenant_does_not_have_matches_nothing_or_is_ignored() {
    let tester = Tester::cloud();
    searchable(&tester);
    let criteria = json!({"search_criteria": {"field": "approval_status.name", "condition": "is", "value": "Wartend"}});
    assert!(tester.numbers(criteria.clone()).await.is_empty());
    tester.with(|world| world.settings.sdp.unknown_status = UnknownName::Ignored);
    assert_eq!(tester.numbers(criteria.clone()).await.len(), 3);
    tester.with(|world| world.rename_status(State::Pending, "Wartend"));
    assert_eq!(tester.numbers(criteria).await, ["1"]);
}

#[tokio::test]
async fn a_tenant_may_refuse_a_criterion_or_a_date_beside_another() {
    let tester = Tester::on_premises();
    let date = json!({"field": "last_updated_time", "condition": "gt", "value": "1"});
    let state = json!({"field": "approval_status.name", "condition": "is", "value": "Pending Approval"});
    let list = |criteria: Value| tester.list("/requests", json!({"search_criteria": criteria}));
    assert_eq!(list(json!([date, state])).await.0, 200);
    tester.with(|world| world.settings.sdp.refuse_combined_dates = true);
    assert_eq!(list(json!([date, state])).await.0, 400);
    assert_eq!(list(json!(date)).await.0, 200);
    tester.with(|world| world.settings.sdp.refused_criteria.insert("requests.approval_status.name".into()));
    assert_eq!(list(json!(state)).await.0, 400);
}

#[tokio::test]
async fn lists_below_a_ticket_have_pages_too() {
    let tester = Tester::cloud();
    let people: Vec<(String, String)> = (0..13).map(|n| (format!("P{n}"), format!("p{n}@corp.example"))).collect();
    let people: Vec<(&str, &str)> = people.iter().map(|(n, e)| (n.as_str(), e.as_str())).collect();
    let ticket = tester.with(|world| world.request().level(&people).add());
    let path = format!("/requests/{}/approval_levels/{}/approvals", ticket.ticket, ticket.levels[0].level);
    let (_, body) = tester.get(&path).await;
    assert_eq!(body["approvals"].as_array().unwrap().len(), 10);
    assert_eq!(body["list_info"]["has_more_rows"], true);
    let (_, body) = tester.list(&path, json!({"row_count": 100})).await;
    assert_eq!(body["approvals"].as_array().unwrap().len(), 13);
    tester.with(|world| world.settings.sdp.sub_list_info = false);
    let (_, body) = tester.get(&path).await;
    assert_eq!(body["approvals"].as_array().unwrap().len(), 13, "without list_info there are no pages");
    assert!(body.get("list_info").is_none());
}
