//! Pages. A wrong implementation would follow a link to another host, read for ever, or take a list that was cut short
//! for a whole one.

use super::*;

fn more_of(body: Value) -> More {
    super::super::pages::more(&crate::json::read(body.to_string().as_bytes()).unwrap())
}

#[test]
fn only_the_cursor_leads_on_and_links_are_never_followed() {
    let after = |cursor: &str| More::After(cursor.to_owned());
    let elsewhere = json!({ "next": "https://elsewhere.example/?after_cursor=theirs" });
    for (body, wanted) in [
        (json!({ "meta": { "has_more": true, "after_cursor": "c" }, "links": elsewhere }), after("c")),
        (json!({ "meta": { "has_more": false, "after_cursor": "c" }, "links": elsewhere }), More::No),
        (json!({ "meta": { "has_more": false, "after_cursor": null } }), More::No),
        (json!({ "meta": { "has_more": true, "after_cursor": null }, "links": elsewhere }), More::Lost),
        (json!({ "meta": { "has_more": true, "after_cursor": "" } }), More::Lost),
        (json!({ "meta": { "has_more": "true", "after_cursor": "c" } }), after("c")),
        (json!({ "meta": { "after_cursor": "c" } }), after("c")),
        (json!({ "meta": {}, "links": elsewhere }), More::Lost),
        (json!({ "links": { "next": null } }), More::No),
        (json!({}), More::No),
    ] {
        assert_eq!(more_of(body.clone()), wanted, "{body}");
    }
}

#[test]
fn reading_ends_at_a_cursor_that_comes_back_and_at_a_page_without_news() {
    let after = |cursor: &str| More::After(cursor.to_owned());
    let page = |cursor: &str| Next::Page(cursor.to_owned());
    let mut pages = Pages::default();
    assert_eq!(pages.next(after("b"), true), page("b"));
    assert_eq!(pages.next(after("c"), true), page("c"));
    assert_eq!(pages.next(after("b"), true), Next::Stuck);
    let mut pages = Pages::default();
    assert_eq!(pages.next(after("b"), false), Next::Stuck);
    assert_eq!(pages.next(More::Lost, true), Next::Stuck);
    assert_eq!(pages.next(More::No, false), Next::End);
    let mut resumed = Pages::from(Some("b"));
    assert_eq!(resumed.next(after("b"), true), Next::Stuck);
}

#[test]
fn an_id_is_new_once() {
    let mut pages = Pages::default();
    assert!(pages.is_new("a") && pages.is_new("b"));
    assert!(!pages.is_new("a"));
}
