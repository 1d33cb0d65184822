//! ServiceDesk Plus, cloud and on-premises: addresses, credentials and the error envelope (API v3).

mod criteria;
mod decide;
mod list;
mod shape;
mod tickets;

use self::list::ListInfo;
use self::shape::Shape;
use super::Outcome;
use super::journal::{Auth, Verdict};
use super::model::{Edition, Module, Ticket};
use super::settings::Form;
use super::wire::{self, Incoming, json};
use super::world::World;
use http::Method;
use serde_json::{Map, Value, json};

/// The on-premises per-URL limit's own words.
pub(crate) const URL_BLOCKED: &str =
    "URL blocked as maximum access limit for the page is exceeded. Please try after sometime.";

/// A call that ServiceDesk Plus refuses.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    code: u32,
    field: Option<String>,
    message: String,
}

impl Refused {
    fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, field: None, message: message.into() }
    }

    fn field(code: u32, field: &str, message: impl Into<String>) -> Self {
        Self { code, field: Some(field.into()), message: message.into() }
    }

    fn no_such_url() -> Self {
        Self::new(4007, "Invalid URL or resource not found")
    }

    fn extra_key(key: &str) -> Self {
        Self::field(4001, key, "Extra key found in JSON")
    }
}

/// The failure envelope (API v3, "Response status").
pub(crate) fn envelope(code: u32, message: &str, field: Option<&str>) -> Value {
    let mut inner = json!({"status_code": code, "message": message, "type": "failed"});
    if let (Some(field), Some(inner)) = (field, inner.as_object_mut()) {
        inner.insert("field".into(), field.into());
    }
    json!({"response_status": {"status_code": 4000, "status": "failed", "messages": [inner]}})
}

/// The HTTP status that goes with a code.
pub(crate) fn http_status(code: u32) -> u16 {
    match code {
        2000 | 3000 => 200,
        4002 | 7001 => 403,
        4004 => 500,
        4007 => 404,
        4015 => 429,
        4022 => 401,
        _ => 400,
    }
}

/// Which edition a call's credential belongs to, and what it is worth.
pub(crate) fn auth(world: &World, call: &Incoming) -> (Edition, Auth) {
    let sdp = &world.settings.sdp;
    let key = |scheme: &str, value: &str| {
        let right = value == sdp.authtoken && sdp.only != Some(Edition::Cloud);
        (Edition::OnPremises, Auth::new(scheme, if right { Verdict::Right } else { Verdict::Wrong }))
    };
    let authorization = call.header("authorization");
    if !call.header("authtoken").is_empty() {
        return key("authtoken", call.header("authtoken"));
    }
    if let Some(value) = authorization.strip_prefix("authtoken:") {
        return key("Authorization: authtoken", value.trim());
    }
    if sdp.technician_key_header && !call.header("technician_key").is_empty() {
        return key("TECHNICIAN_KEY", call.header("technician_key"));
    }
    let (scheme, token) = wire::scheme(authorization);
    let known = ["Zoho-oauthtoken", "Bearer"].contains(&scheme) && sdp.only != Some(Edition::OnPremises);
    let verdict = match scheme {
        "" => Verdict::Missing,
        _ if known => world.tokens.verdict(token, world.now()),
        _ => Verdict::Wrong,
    };
    (sdp.edition, Auth::new(scheme, verdict))
}

/// Answers one call.
pub(crate) fn answer(world: &mut World, call: &Incoming) -> Outcome {
    match route(world, call) {
        Ok(outcome) => outcome,
        Err(refused) => {
            let body = envelope(refused.code, &refused.message, refused.field.as_deref());
            json(http_status(refused.code), &body).into()
        }
    }
}

fn route(world: &mut World, call: &Incoming) -> Result<Outcome, Refused> {
    let (edition, auth) = auth(world, call);
    if auth.verdict != Verdict::Right {
        return Err(Refused::new(4022, "Invalid or expired token, or technician key"));
    }
    if world.settings.sdp.licence_expired {
        return Err(Refused::new(7001, "The licence has expired"));
    }
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    let rest = known_portal(world, edition, &parts).ok_or_else(Refused::no_such_url)?;
    let input = input(world, call)?;
    if world.settings.sdp.one_call_list && edition == Edition::OnPremises && rest == ["approvals"] {
        return only_get(call).and_then(|()| one_call_list(world, call, &input));
    }
    let [module, rest @ ..] = rest else { return Err(Refused::no_such_url()) };
    let module = Module::from_plural(module).ok_or_else(Refused::no_such_url)?;
    may(world, edition, module, call)?;
    if let [ticket, "approval_levels", level, "approvals", approval, verb] = rest {
        return decide::answer(world, call, edition, &input, [ticket, level, approval, verb], module);
    }
    if module == Module::Requests
        && let Some(outcome) = tickets::answer(world, call, edition, &input, rest)?
    {
        return Ok(outcome);
    }
    only_get(call)?;
    read(world, call, edition, module, rest, &input)
}

/// Everything that is read below a module.
fn read(
    world: &mut World,
    call: &Incoming,
    edition: Edition,
    module: Module,
    rest: &[&str],
    input: &Map<String, Value>,
) -> Result<Outcome, Refused> {
    let shape = Shape::new(world, edition);
    let [id, below @ ..] = rest else {
        let info = ListInfo::read(input)?;
        let (rows, list_info) = list::tickets(world, &shape, module, &info, call.quirk)?;
        return Ok(many(&shape, module.plural(), rows, Some(list_info), call));
    };
    let ticket = world.ticket(module, id).ok_or_else(Refused::no_such_url)?;
    if below.is_empty() {
        nothing_but(input, &[])?;
        return Ok(one(&shape, module.singular(), shape.ticket(ticket)));
    }
    let ["approval_levels", below @ ..] = below else { return Err(Refused::no_such_url()) };
    match below {
        [] => {
            if module == Module::Changes && ticket.levels.is_empty() && world.settings.sdp.changes_without_levels_fail {
                return Err(Refused::new(4004, "Internal Error"));
            }
            let rows = ticket.levels.iter().map(|level| shape.level(ticket, level)).collect();
            sub_list(world, &shape, "approval_levels", rows, input, call)
        }
        ["approval_summary"] if module != Module::Requests => {
            Ok(one(&shape, "approval_summary", json!({"has_approvals": has_approvals(ticket)})))
        }
        [level, below @ ..] => {
            let level = ticket.level(level).ok_or_else(Refused::no_such_url)?;
            match below {
                [] => Ok(one(&shape, "approval_level", shape.level(ticket, level))),
                ["approvals"] => {
                    let rows = level.approvals.iter().map(|approval| shape.approval(level, approval)).collect();
                    sub_list(world, &shape, "approvals", rows, input, call)
                }
                ["approvals", approval] => {
                    let approval = level.approval(approval).ok_or_else(Refused::no_such_url)?;
                    Ok(one(&shape, "approval", shape.approval(level, approval)))
                }
                _ => Err(Refused::no_such_url()),
            }
        }
    }
}

fn has_approvals(ticket: &Ticket) -> bool {
    ticket.levels.iter().any(|level| !level.deleted && !level.approvals.is_empty())
}

/// A list below a ticket; paged like any other.
fn sub_list(
    world: &World,
    shape: &Shape<'_>,
    key: &str,
    rows: Vec<Value>,
    input: &Map<String, Value>,
    call: &Incoming,
) -> Result<Outcome, Refused> {
    let info = ListInfo::read(input)?;
    if !world.settings.sdp.sub_list_info {
        return Ok(many(shape, key, rows, None, call));
    }
    let (rows, list_info) = info.page(rows, call.quirk);
    Ok(many(shape, key, rows, Some(list_info), call))
}

/// `GET /api/v3/approvals`: what waits for the key's owner, across modules (seen on-premises, not published).
fn one_call_list(world: &World, call: &Incoming, input: &Map<String, Value>) -> Result<Outcome, Refused> {
    let info = ListInfo::read(input)?;
    let shape = Shape::new(world, Edition::OnPremises);
    let owner = &world.settings.sdp.owner;
    let mut rows = Vec::new();
    for ticket in Module::ALL.into_iter().flat_map(|module| world.tickets(module)) {
        for level in ticket.levels.iter().filter(|level| level.live() && ticket.process_open()) {
            let mine = |email: &Option<String>| email.is_some() && *email == owner.email;
            let waits = |a: &&super::model::Approval| !a.deleted && a.state == super::model::State::Pending;
            for approval in level.approvals.iter().filter(waits) {
                if approval.approver.as_ref().is_some_and(|person| mine(&person.email)) {
                    rows.push(shape.listed_approval(ticket, level, approval));
                }
            }
        }
    }
    let (rows, list_info) = info.page(rows, call.quirk);
    Ok(many(&shape, "approvals", rows, Some(list_info), call))
}

/// The part of the path behind the portal, if the portal is right. On-premises has no portal in its path; the cloud's
/// short form works for a default portal only.
fn known_portal<'p>(world: &World, edition: Edition, parts: &'p [&'p str]) -> Option<&'p [&'p str]> {
    let sdp = &world.settings.sdp;
    match parts {
        ["app", portal, "api", "v3", rest @ ..] if edition == Edition::Cloud => {
            sdp.portal.as_deref().is_none_or(|known| known == *portal).then_some(rest)
        }
        ["api", "v3", rest @ ..] => {
            let default_portal = sdp.default_portal.unwrap_or(sdp.portal.is_none());
            (edition == Edition::OnPremises || default_portal).then_some(rest)
        }
        _ => None,
    }
}

fn only_get(call: &Incoming) -> Result<(), Refused> {
    if call.method == Method::GET { Ok(()) } else { Err(Refused::no_such_url()) }
}

/// Zoho scopes: READ to look, CREATE to add, UPDATE to answer and to change. A missing one gives 401.
fn may(world: &World, edition: Edition, module: Module, call: &Incoming) -> Result<(), Refused> {
    let need = match call.method {
        Method::GET => "READ",
        Method::POST => "CREATE",
        _ => "UPDATE",
    };
    let has = |what: &str| world.settings.zoho.scopes.contains(&format!("SDPOnDemand.{}.{what}", module.plural()));
    if edition == Edition::OnPremises || has(need) || has("ALL") {
        return Ok(());
    }
    Err(Refused::new(4022, "The scope of the token does not cover this call"))
}

/// `input_data` as an object; empty if there is none.
fn input(world: &World, call: &Incoming) -> Result<Map<String, Value>, Refused> {
    let (Some(text), _) = call.input_data(world.settings.sdp.json_bodies) else { return Ok(Map::new()) };
    match serde_json::from_str(&text) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(Refused::field(4001, "input_data", "input_data is not a JSON object")),
    }
}

/// Refuses unknown keys: "Extra key found in JSON".
fn nothing_but(map: &Map<String, Value>, known: &[&str]) -> Result<(), Refused> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Refused::extra_key(key)),
        None => Ok(()),
    }
}

fn many(shape: &Shape<'_>, key: &str, rows: Vec<Value>, info: Option<Value>, call: &Incoming) -> Outcome {
    let mut body = Map::new();
    body.insert("response_status".into(), success(shape, true));
    if let Some(info) = info.filter(|_| call.quirk != Some(super::Quirk::NoListInfo)) {
        body.insert("list_info".into(), info);
    }
    body.insert(key.into(), rows.into());
    json(200, &Value::Object(body)).into()
}

fn one(shape: &Shape<'_>, key: &str, object: Value) -> Outcome {
    let mut body = Map::new();
    body.insert(key.into(), object);
    body.insert("response_status".into(), success(shape, false));
    json(200, &Value::Object(body)).into()
}

/// `response_status` of a success: an array on most lists, an object elsewhere.
fn success(shape: &Shape<'_>, on_list: bool) -> Value {
    let status = json!({"status_code": 2000, "status": "success"});
    let array = match shape.settings.response_status {
        Form::Documented => on_list,
        Form::First => true,
        Form::Second => false,
        Form::Mixed => shape.flip(),
    };
    if array { json!([status]) } else { status }
}
