//! Lists: approval requests by status and assignee, members of a group, both by cursor.

use super::super::faults::Quirk;
use super::super::wire::Incoming;
use super::model::{Zendesk, ZendeskAssignee, ZendeskRequest, ZendeskState};
use super::{Refused, shape};
use crate::stubs::settings::ZendeskSettings;
use serde_json::{Value, json};

/// The most values that one filter takes ("Approval Requests", List).
const VALUES_MAX: usize = 100;

/// `GET /api/v2/approval_requests`.
pub(super) fn requests(zendesk: &Zendesk, settings: &ZendeskSettings, call: &Incoming) -> Result<Value, Refused> {
    let known =
        ["filter[status]", "filter[assignee_user_id]", "filter[assignee_group_id]", "after_cursor", "before_cursor"];
    only(call, &known)?;
    let statuses = values(call, "filter[status]")?;
    if statuses.iter().flatten().any(|status| !["active", "approved", "rejected", "withdrawn"].contains(status)) {
        return Err(Refused::bad("Invalid status"));
    }
    let users = ids(values(call, "filter[assignee_user_id]")?)?;
    let groups = ids(values(call, "filter[assignee_group_id]")?)?;
    let wanted = |request: &&&ZendeskRequest| {
        let status = match &request.state {
            ZendeskState::Active => "active",
            ZendeskState::Approved => "approved",
            ZendeskState::Rejected => "rejected",
            ZendeskState::Withdrawn => "withdrawn",
            ZendeskState::Other(_) => "active",
        };
        let (user, group) = match request.assignee {
            ZendeskAssignee::User(user) => (Some(user), None),
            ZendeskAssignee::Group(group) => (None, Some(group)),
        };
        let within = |filter: &Option<Vec<u64>>, id: Option<u64>| {
            filter.as_ref().is_none_or(|ids| id.is_some_and(|id| ids.contains(&id)))
        };
        statuses.as_ref().is_none_or(|names| names.contains(&status)) && within(&users, user) && within(&groups, group)
    };
    let all = zendesk.requests();
    let rows: Vec<_> = all.iter().filter(wanted).collect();
    // The cursor names a place in the order of creation, so that what leaves the list moves nothing out of sight.
    let keys: Vec<u64> = rows.iter().map(|request| request.made).collect();
    let page = Paging { after: call.parameter("after_cursor"), size: settings.page_size, quirk: call.quirk };
    let (range, meta) = page.cut(&keys)?;
    let rows: Vec<Value> = rows
        .get(range)
        .unwrap_or_default()
        .iter()
        .map(|request| shape::row(zendesk, request, settings.decisions_in_lists))
        .collect();
    Ok(whole("approval_requests", rows, meta, settings, call))
}

/// `GET /api/v2/groups/{id}/memberships`.
pub(super) fn members(
    zendesk: &Zendesk,
    settings: &ZendeskSettings,
    group: &str,
    call: &Incoming,
) -> Result<Value, Refused> {
    only(call, &["page[size]", "page[after]"])?;
    let group: u64 = group.parse().map_err(|_| Refused::bad("Invalid id"))?;
    let (_, members) = zendesk.groups.get(&group).ok_or_else(Refused::not_found)?;
    let size =
        call.parameter("page[size]").map_or(Ok(100), str::parse).map_err(|_| Refused::bad("Invalid page size"))?;
    if !(1..=100).contains(&size) {
        return Err(Refused::bad("page[size] must be between 1 and 100"));
    }
    let keys: Vec<u64> = members.iter().copied().collect();
    let size = size.min(settings.page_size);
    let page = Paging { after: call.parameter("page[after]"), size, quirk: call.quirk };
    let (range, meta) = page.cut(&keys)?;
    let rows: Vec<Value> = keys
        .get(range)
        .unwrap_or_default()
        .iter()
        .map(|user| json!({"id": user + 1_000_000, "user_id": user, "group_id": group, "default": true}))
        .collect();
    Ok(whole("group_memberships", rows, meta, settings, call))
}

/// `GET /api/v2/users/{id}/group_memberships`. Nobody here is in so many groups that they take two pages.
pub(super) fn groups_of(zendesk: &Zendesk, user: &str, call: &Incoming) -> Result<Value, Refused> {
    only(call, &["page[size]", "page[after]"])?;
    let user: u64 = user.parse().map_err(|_| Refused::bad("Invalid id"))?;
    if !zendesk.users.contains_key(&user) {
        return Err(Refused::not_found());
    }
    let groups = zendesk.groups.iter().filter(|(_, (_, members))| members.contains(&user));
    let rows: Vec<Value> = groups
        .map(|(group, _)| json!({"id": user + 1_000_000, "user_id": user, "group_id": group, "default": true}))
        .collect();
    let meta = json!({"has_more": false, "after_cursor": null, "before_cursor": null});
    Ok(json!({"group_memberships": rows, "links": {"next": null, "prev": null}, "meta": meta}))
}

/// Refuses parameters that are not documented.
pub(super) fn only(call: &Incoming, known: &[&str]) -> Result<(), Refused> {
    match call.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(Refused::bad(format!("Unknown parameter {name}"))),
        None => Ok(()),
    }
}

/// The values of a comma list; none if the parameter is not there.
pub(super) fn values<'c>(call: &'c Incoming, name: &str) -> Result<Option<Vec<&'c str>>, Refused> {
    let Some(text) = call.parameter(name) else { return Ok(None) };
    let values: Vec<&str> = text.split(',').collect();
    if values.len() > VALUES_MAX { Err(Refused::bad(format!("Too many values for {name}"))) } else { Ok(Some(values)) }
}

/// Numbers; anything else is refused ("ids must be valid integers").
pub(super) fn ids(values: Option<Vec<&str>>) -> Result<Option<Vec<u64>>, Refused> {
    let Some(values) = values else { return Ok(None) };
    let ids: Result<Vec<u64>, _> = values.into_iter().map(str::parse).collect();
    ids.map(Some).map_err(|_| Refused::bad("Invalid id"))
}

struct Paging<'c> {
    after: Option<&'c str>,
    size: usize,
    quirk: Option<Quirk>,
}

impl Paging<'_> {
    /// The rows of this page, by place, and its `meta`. Keys ascend.
    fn cut(&self, keys: &[u64]) -> Result<(std::ops::Range<usize>, Value), Refused> {
        let begin = match self.after {
            Some(_) if self.quirk == Some(Quirk::RepeatsPage) => 0,
            None => 0,
            Some(cursor) => {
                let after: u64 = cursor
                    .strip_prefix("after:")
                    .and_then(|key| key.parse().ok())
                    .ok_or_else(|| Refused::bad("Invalid cursor"))?;
                keys.partition_point(|key| *key <= after)
            }
        };
        let end = keys.len().min(begin + self.size);
        let endless = matches!(self.quirk, Some(Quirk::RepeatsPage | Quirk::EndlessMore));
        let more = end < keys.len() || endless;
        let last = end.checked_sub(1).and_then(|last| keys.get(last));
        let cursor = last.filter(|_| more).map(|key| format!("after:{key}"));
        Ok((begin..end, json!({"has_more": more, "after_cursor": cursor, "before_cursor": null})))
    }
}

fn whole(name: &str, rows: Vec<Value>, meta: Value, settings: &ZendeskSettings, call: &Incoming) -> Value {
    let host = settings.links_host.as_deref().unwrap_or(&call.host);
    let next = meta
        .get("after_cursor")
        .and_then(Value::as_str)
        .map(|cursor| format!("https://{host}{}?after_cursor={cursor}", call.path));
    let mut body = json!({name: rows, "links": {"next": next, "prev": null}, "meta": meta});
    if let Some(body) = body.as_object_mut().filter(|_| call.quirk == Some(Quirk::NoListInfo)) {
        body.remove("meta");
    }
    body
}
