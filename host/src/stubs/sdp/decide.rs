//! Answering an approval: `PUT …/approvals/{id}/_approve` and `/_reject` (API v3, "Approval").

use super::super::advance::Answer;
use super::super::ids::ApprovalRef;
use super::super::model::{Edition, Module, State};
use super::super::settings::{Mandatory, Verbs};
use super::super::wire::Incoming;
use super::super::world::World;
use super::super::{Effect, Outcome};
use super::shape::Shape;
use super::{Refused, nothing_but, one};
use http::Method;
use serde_json::{Map, Value};

/// Answers one decision call.
pub(super) fn answer(
    world: &mut World,
    call: &Incoming,
    edition: Edition,
    input: &Map<String, Value>,
    [ticket, level, approval, verb]: [&str; 4],
    module: Module,
) -> Result<Outcome, Refused> {
    let approved = verdict(world.settings.sdp.verbs, verb).filter(|_| call.method == Method::PUT);
    let approved = approved.ok_or_else(Refused::no_such_url)?;
    let at = ApprovalRef { module, ticket: ticket.into(), level: level.into(), approval: approval.into() };
    answerable(world, &at)?;
    let comments = comments(world, input, approved)?;
    let (by, now) = (world.settings.sdp.owner.clone(), world.now());
    if !world.answer(&at, Answer { approved, by, comments, at: now }) {
        return Err(Refused::no_such_url());
    }
    let shape = Shape::new(world, edition);
    let (level, approval) = world.find(module, ticket, level, approval).ok_or_else(Refused::no_such_url)?;
    let response = one(&shape, "approval", shape.approval(level, approval)).response;
    Ok(Outcome { response, effect: Effect::Decided { id: at.id(), approved } })
}

/// Yes, no, or not an address that works here.
fn verdict(verbs: Verbs, verb: &str) -> Option<bool> {
    match (verbs, verb) {
        (Verbs::Underscored | Verbs::Both, "_approve") | (Verbs::Plain | Verbs::Both, "approve") => Some(true),
        (Verbs::Underscored | Verbs::Both, "_reject") | (Verbs::Plain | Verbs::Both, "reject") => Some(false),
        _ => None,
    }
}

/// Refuses what is not waiting. The code and text of a repeat are not published; here it is 4014, "not editable".
fn answerable(world: &World, at: &ApprovalRef) -> Result<(), Refused> {
    let (level, approval) =
        world.find(at.module, &at.ticket, &at.level, &at.approval).ok_or_else(Refused::no_such_url)?;
    let owner = &world.settings.sdp.owner;
    if level.deleted || approval.deleted {
        return Err(Refused::no_such_url());
    }
    if approval.state == State::ToBeSent {
        return Err(Refused::new(4001, "Recommendation mail is not yet sent"));
    }
    if !matches!(approval.state, State::Pending | State::Clarification) {
        return Err(Refused::new(4014, "The approval has already been acted upon"));
    }
    let open = world.ticket(at.module, &at.ticket).is_some_and(|ticket| ticket.process_open());
    if !open || !level.live() {
        return Err(Refused::new(4014, "The approval level is already closed"));
    }
    let own = approval.approver.as_ref().is_some_and(|person| person.email == owner.email);
    if !own && !world.settings.sdp.owner_may_decide {
        return Err(Refused::new(4002, "You are not the approver"));
    }
    Ok(())
}

/// The comment: `{"approval":{"comments":"…"}}` and nothing else, within the limit, present where it must be.
fn comments(world: &World, input: &Map<String, Value>, approved: bool) -> Result<Option<String>, Refused> {
    nothing_but(input, &["approval"])?;
    let empty = Map::new();
    let fields = match input.get("approval") {
        None => &empty,
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(Refused::field(4001, "approval", "Invalid value for approval")),
    };
    nothing_but(fields, &["comments"])?;
    let comments = match fields.get("comments") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(Refused::field(4001, "comments", "Invalid value for comments")),
    };
    let needed = match world.settings.sdp.comments {
        Mandatory::Never => false,
        Mandatory::OnReject => !approved,
        Mandatory::Always => true,
    };
    if needed && comments.as_deref().is_none_or(|text| text.trim().is_empty()) {
        return Err(Refused::field(4012, "comments", "Comments are mandatory"));
    }
    if comments.as_ref().is_some_and(|text| text.chars().count() > world.settings.sdp.comment_limit) {
        return Err(Refused::field(4001, "comments", "Comments exceed the maximum length"));
    }
    Ok(comments)
}
