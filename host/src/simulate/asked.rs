//! Who is asked, and how they answered, whatever help desk it is in. What the bridge itself keeps is in [`super::kept`].

use super::witness::Question;
use crate::stubs::{ApprovalRef, State, World, Zendesk, ZendeskAssignee, ZendeskRequest, ZendeskState};

/// The ids of approvals in Zendesk begin with this.
const ZENDESK: &str = "zendesk:";

/// Somebody who is asked.
pub(super) struct Asked {
    /// The bridge's id of the approval.
    pub(super) id: String,
    /// The address, as the bridge compares it.
    pub(super) to: Option<String>,
    /// When they were asked, as the source has it.
    pub(super) sent_on: Option<i64>,
}

/// Everybody who is asked now.
pub(super) fn asked(world: &World) -> Vec<Asked> {
    let asked = |id, email: Option<String>, sent_on| {
        let to = email.map(|email| email.trim().to_lowercase());
        Asked { id, to, sent_on }
    };
    let sdp = world.pending().into_iter().map(|row| asked(row.id, row.email, row.sent_on));
    let zendesk = world.zendesk.pending().into_iter().map(|row| asked(row.id, row.email, Some(row.asked_at)));
    sdp.chain(zendesk).chain(asked_of_nobody(&world.zendesk)).collect()
}

/// Requests of groups that everybody has left: nobody can be told of them, and they are open all the same.
fn asked_of_nobody(zendesk: &Zendesk) -> impl Iterator<Item = Asked> {
    let is_empty = |group| zendesk.groups.get(&group).is_none_or(|(_, members)| members.is_empty());
    let of_nobody = move |request: &&ZendeskRequest| {
        let open = request.state == ZendeskState::Active;
        open && matches!(request.assignee, ZendeskAssignee::Group(group) if is_empty(group))
    };
    let asked = |request: &ZendeskRequest| {
        let id = format!("{ZENDESK}{}", request.id);
        Asked { id, to: None, sent_on: Some(request.created) }
    };
    zendesk.requests.values().filter(of_nobody).map(asked)
}

/// The approval in ServiceDesk Plus that a question is about.
pub(super) fn in_sdp(question: &Question) -> Option<ApprovalRef> {
    ApprovalRef::parse(&question.id)
}

/// The approval request in Zendesk that a question is about. Members of a group share one.
pub(super) fn in_zendesk(question: &Question) -> Option<&str> {
    question.id.strip_prefix(ZENDESK)?.split(':').next()
}

/// Whether a question of a help desk was approved; none: it was not answered, or was asked anew since.
pub(super) fn answer(world: &World, question: &Question) -> Option<bool> {
    if let Some(request) = in_zendesk(question) {
        return match world.zendesk.request(request)?.state {
            ZendeskState::Approved => Some(true),
            ZendeskState::Rejected => Some(false),
            ZendeskState::Active | ZendeskState::Withdrawn | ZendeskState::Other(_) => None,
        };
    }
    let truth = world.truth_of(&in_sdp(question)?).filter(|truth| truth.sent_on == question.sent_on)?;
    match truth.state {
        State::Approved => Some(true),
        State::Rejected => Some(false),
        _ => None,
    }
}
