//! Users and members. A wrong implementation would tell somebody who is shut out, or take an anonymous user for itself.

use super::*;
use crate::approval::Person;

#[test]
fn users_are_read_with_what_keeps_them_from_being_told() {
    let users = read_users(&fixture("users.json")).unwrap();
    assert_eq!(users.refused, []);
    let rows: Vec<_> = users.users.iter().map(|user| (user.id.as_str(), user.out_of_reach().is_some())).collect();
    assert_eq!(rows, [("901", false), ("902", false), ("903", true), ("904", true)]);
    let ana = Person { name: Some("Ana Li".to_owned()), email: Some("Ana@corp.example".to_owned()) };
    assert_eq!(users.users[0].person, ana);
    assert_eq!(users.users[1].person.email, None);
    assert!(users.users[2].out_of_reach().unwrap().contains("suspended"));
    assert!(users.users[3].out_of_reach().unwrap().contains("no longer active"));
}

#[test]
fn odd_users_are_refused_alone() {
    let body = json!({ "users": [
        { "id": "9/1", "name": "Odd" }, 7, { "name": "Nobody" }, { "id": 1e300 }, { "id": " 905 ", "name": " " },
    ]});
    let users = read_users(&ok(&body)).unwrap();
    assert_eq!(users.refused.len(), 4);
    let bare = User { id: "905".to_owned(), person: Person::default(), active: true, suspended: false };
    assert_eq!(users.users, [bare]);
}

#[test]
fn an_anonymous_user_is_nobody() {
    assert_eq!(
        read_me(&ok(&json!({ "user": { "id": null, "name": "Anonymous user", "email": "invalid@example.com" } }))),
        Ok(None)
    );
    assert_eq!(read_me(&ok(&json!({ "user": {} }))), Ok(None));
    let me = read_me(&ok(&json!({ "user": { "id": 12, "name": "Bridge" } }))).unwrap().unwrap();
    assert_eq!(me.id, "12");
    for body in [json!({}), json!({ "user": 12 }), json!({ "user": { "id": "1/2" } })] {
        assert_eq!(told(&read_me(&ok(&body)).unwrap_err()), "permanent UNREADABLE", "{body}");
    }
}

#[test]
fn members_are_read_with_the_rest_of_their_list() {
    let members = read_members(&fixture("group_memberships.json")).unwrap();
    assert_eq!((members.users, members.more), (vec!["901".to_owned(), "903".to_owned()], More::No));
    assert_eq!(read_groups(&fixture("group_memberships.json")).unwrap(), ["77", "77"]);
    let body = json!({ "group_memberships": [{ "user_id": null }, { "user_id": "9/1" }, { "user_id": 7 }],
        "meta": { "has_more": true, "after_cursor": "n" } });
    let members = read_members(&ok(&body)).unwrap();
    assert_eq!((members.users, members.refused.len()), (vec!["7".to_owned()], 2));
    assert_eq!(members.more, More::After("n".to_owned()));
}

#[test]
fn a_list_that_is_not_there_is_no_empty_list() {
    for body in [json!({}), json!({ "users": null }), json!({ "users": {} })] {
        assert_eq!(told(&read_users(&ok(&body)).unwrap_err()), "permanent UNREADABLE", "{body}");
    }
    assert_eq!(told(&read_members(&ok(&json!({}))).unwrap_err()), "permanent UNREADABLE");
}
