//! Zendesk's approval requests: addresses, credentials and the shapes of errors.
//!
//! Documented in the Zendesk API reference ("Approval Requests", "Users", "Group Memberships", "Tickets", "Rate limits"):
//! list, creation, people, tickets, the plain text of a 429. From the early-access description "Approval Workflow
//! Instances" and Zendesk's own help-centre theme: the single request, the decision, and that the id of the approval
//! request stands for its workflow instance. What neither tells is chosen here, at its place.

mod list;
mod model;
mod people;
mod shape;
mod tickets;
mod write;

pub use self::model::{
    Zendesk, ZendeskAssignee, ZendeskComment, ZendeskDecision, ZendeskRequest, ZendeskRole, ZendeskState,
    ZendeskTicket, ZendeskUser,
};
pub use self::people::ZendeskTruth;

use super::Outcome;
use super::journal::{Auth, Verdict};
use super::wire::{self, Incoming, json, raw};
use super::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};

/// The address of the account's administrator that exists from the beginning: the bridge's own.
pub const ZENDESK_EMAIL: &str = "bridge@corp.example";

/// A call that Zendesk refuses, in one of its shapes.
pub(super) struct Refused {
    status: u16,
    body: Value,
}

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, body: json!({"error": {"title": "Invalid attribute", "message": message.into()}}) }
    }

    fn forbidden() -> Self {
        let message = "You do not have access to this page. Please contact the account owner of this help desk.";
        Self { status: 403, body: json!({"error": {"title": "Forbidden", "message": message}}) }
    }

    fn not_found() -> Self {
        Self::gone(404)
    }

    fn gone(status: u16) -> Self {
        Self { status, body: json!({"error": "RecordNotFound", "description": "Not found"}) }
    }

    fn coded(code: &str, title: &str) -> Self {
        Self { status: 422, body: json!({"errors": [{"code": code, "title": title}]}) }
    }

    fn unauthenticated() -> Self {
        Self { status: 401, body: json!({"error": "Couldn't authenticate you"}) }
    }
}

/// 429, which alone is plain text ("Rate limits").
pub(super) fn too_many() -> Response<Bytes> {
    raw(429, "text/plain; charset=utf-8", "Number of allowed API requests per minute exceeded")
}

/// Who the call names: the address before `/token:`, with the token. Passwords are refused, as newer accounts do.
fn named(call: &Incoming) -> Option<(String, String)> {
    let (scheme, secret) = wire::scheme(call.header("authorization"));
    let pair = STANDARD.decode(secret).ok().filter(|_| scheme == "Basic")?;
    let pair = String::from_utf8(pair).ok()?;
    let (name, token) = pair.split_once(':')?;
    Some((name.strip_suffix("/token")?.to_owned(), token.to_owned()))
}

/// What the credential of a call is worth. An API token may name any user who is active and not suspended.
pub(super) fn auth(world: &World, call: &Incoming) -> Auth {
    let (scheme, _) = wire::scheme(call.header("authorization"));
    let verdict = match acting(world, call) {
        _ if scheme.is_empty() => Verdict::Missing,
        Some(_) => Verdict::Right,
        None => Verdict::Wrong,
    };
    Auth::new(scheme, verdict)
}

/// The address that a call names, for the journal; empty if there is none.
pub(super) fn person(call: &Incoming) -> String {
    named(call).map(|(email, _)| email).unwrap_or_default()
}

fn acting(world: &World, call: &Incoming) -> Option<u64> {
    let (email, token) = named(call)?;
    let settings = &world.settings.zendesk;
    let user = world.zendesk.user_of(&email).filter(|user| user.active && !user.suspended)?;
    (settings.token_access && token == settings.api_token).then_some(user.id)
}

/// Answers one call.
pub(super) fn answer(world: &mut World, call: &Incoming) -> Outcome {
    match route(world, call) {
        Ok(outcome) => outcome,
        Err(refused) => json(refused.status, &refused.body).into(),
    }
}

fn route(world: &mut World, call: &Incoming) -> Result<Outcome, Refused> {
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    let Some(rest) = parts.strip_prefix(&["api", "v2"]) else { return Err(Refused::not_found()) };
    let get = call.method == Method::GET;
    let acting = acting(world, call);
    if let (None, ["users", "me"], true) = (acting, rest, get && world.settings.zendesk.anonymous_me) {
        let nobody = json!({"user": {"id": null, "name": "Anonymous user", "email": "invalid@example.com"}});
        return Ok(json(200, &nobody).into());
    }
    let acting = acting.ok_or_else(Refused::unauthenticated)?;
    let agent = world.zendesk.users.get(&acting).is_some_and(|user| user.role != ZendeskRole::EndUser);
    if agent && let Some(outcome) = tickets::answer(world, call, rest, acting)? {
        return Ok(outcome);
    }
    match (&call.method, rest) {
        (&Method::POST, ["approval_requests"]) => return write::create(world, call, acting),
        (&Method::PATCH, ["approval_workflow_instances", workflow, "approval_requests", id, "decision"])
            if workflow == id =>
        {
            return write::decide(world, call, id, acting);
        }
        _ if !get => return Err(Refused::not_found()),
        _ => {}
    }
    let (zendesk, settings) = (&world.zendesk, &world.settings.zendesk);
    let role = zendesk.users.get(&acting).map(|user| user.role);
    let body = match rest {
        ["approval_requests"] if role != Some(ZendeskRole::Admin) => return Err(Refused::forbidden()),
        ["approval_requests"] => list::requests(zendesk, settings, call)?,
        ["approval_workflow_instances", workflow, "approval_requests", id] if workflow == id => {
            shown(world, call, id, acting)?
        }
        ["groups", group, "memberships"] if role != Some(ZendeskRole::EndUser) => {
            list::members(zendesk, settings, group, call)?
        }
        ["users", user, "group_memberships"] if role != Some(ZendeskRole::EndUser) => {
            list::groups_of(zendesk, user, call)?
        }
        ["users", "me"] => {
            json!({"user": zendesk.users.get(&acting).map(shape::whole_user)})
        }
        ["users", "show_many"] => {
            let ids = many(call)?;
            let rows = ids.iter().filter_map(|id| zendesk.users.get(id)).map(shape::whole_user);
            listed("users", rows.collect())
        }
        ["users", "search"] => {
            list::only(call, &["query"])?;
            let text = call.parameter("query").and_then(|query| query.strip_prefix("email:"));
            let text = text.ok_or_else(|| Refused::bad("query must name an email"))?.to_lowercase();
            // The search is by words, so it finds more than the address itself.
            let near = |user: &&ZendeskUser| user.email.as_ref().is_some_and(|own| own.to_lowercase().contains(&text));
            listed("users", zendesk.users.values().filter(near).map(shape::whole_user).collect())
        }
        ["tickets", "show_many"] if role != Some(ZendeskRole::EndUser) => {
            let ids = many(call)?;
            listed("tickets", ids.iter().filter_map(|id| zendesk.tickets.get(id)).map(shape::ticket).collect())
        }
        _ => return Err(Refused::not_found()),
    };
    Ok(json(200, &body).into())
}

/// A single request, for agents and for whom it asks.
fn shown(world: &World, call: &Incoming, id: &str, acting: u64) -> Result<Value, Refused> {
    list::only(call, &[])?;
    if let Some(status) = world.settings.zendesk.show_status {
        return Err(Refused::gone(status));
    }
    let zendesk = &world.zendesk;
    let request = zendesk.requests.get(id).ok_or_else(Refused::not_found)?;
    let agent = zendesk.users.get(&acting).is_some_and(|user| user.role != ZendeskRole::EndUser);
    if !agent && !zendesk.may_answer(request, acting) {
        return Err(Refused::forbidden());
    }
    Ok(json!({"approval_request": shape::shown(zendesk, request)}))
}

/// The ids of a `show_many`: at most a hundred. Unknown ones are left out of the answer.
fn many(call: &Incoming) -> Result<Vec<u64>, Refused> {
    list::only(call, &["ids"])?;
    list::ids(list::values(call, "ids")?)?.ok_or_else(|| Refused::bad("ids are required"))
}

fn listed(name: &str, rows: Vec<Value>) -> Value {
    json!({name: rows, "count": rows.len(), "next_page": null, "previous_page": null})
}
