//! What people do in Zendesk: they ask a colleague or a group, answer there, take back, join and leave.

use super::super::asked::in_zendesk;
use super::super::stage::Stage;
use super::super::witness::Question;
use super::{Deed, NAMES, People, person};
use crate::stubs::{World, ZendeskAssignee};

/// Groups, with the places of their first members in [`NAMES`]. They overlap.
const GROUPS: [(&str, [usize; 3]); 2] = [("Security", [0, 1, 2]), ("Purchasing", [2, 3, 4])];

/// Gives the account its users and groups.
pub(in super::super) fn populate(world: &mut World) {
    let users = NAMES.map(person).map(|(name, email)| world.zendesk.user(&name, &email));
    for (name, members) in GROUPS {
        let members: Vec<u64> = members.iter().filter_map(|at| users.get(*at).copied()).collect();
        world.zendesk.group(name, &members);
    }
}

impl People {
    /// A new ticket with a request to somebody, or to a group.
    pub(super) fn ask_in_zendesk(&mut self, stage: &Stage) -> String {
        let group = self.any_group(stage).filter(|_| self.dice.below(3) == 0);
        let user = self.any_user(stage);
        let subject = format!("Wish {}", self.done.tickets + 1);
        stage.stubs.with(|world| {
            let ticket = world.zendesk.ticket(&subject);
            let request = match (group, user) {
                (Some(group), _) => world.zendesk.ask(ticket, ZendeskAssignee::Group(group)),
                (None, Some(user)) => world.zendesk.ask(ticket, ZendeskAssignee::User(user)),
                (None, None) => return "nobody is there to be asked".to_owned(),
            };
            let who = if group.is_some() { "a group" } else { "a user" };
            format!("zendesk:{request} is made, for {who}")
        })
    }

    /// Changes the request that this question is about; what was done, if it could be.
    pub(super) fn change_in_zendesk(&mut self, stage: &Stage, deed: Deed, question: &Question) -> Option<String> {
        let request = in_zendesk(question)?;
        let yes = self.dice.below(4) > 0;
        stage.stubs.with(|world| {
            let (done, what) = match deed {
                Deed::Decide => {
                    let user = world.zendesk.user_of(&question.to)?.id;
                    let decided = world.zendesk.decide(request, user, yes, Some("in Zendesk"));
                    (decided, format!("is decided by {} in Zendesk: {yes}", question.to))
                }
                Deed::Withdraw => (world.zendesk.withdraw(request), "is withdrawn".to_owned()),
                Deed::Remove => (world.zendesk.remove(request), "is removed".to_owned()),
                _ => return None,
            };
            done.ok().map(|()| format!("zendesk:{request} {what}"))
        })
    }

    /// Somebody joins a group, or leaves it.
    pub(super) fn regroup(&mut self, stage: &Stage, joins: bool) -> Option<String> {
        let (group, user) = (self.any_group(stage)?, self.any_user(stage)?);
        let zendesk = |world: &mut World| {
            if joins { world.zendesk.join(group, user) } else { world.zendesk.leave(group, user) }
        };
        let verb = if joins { "joins" } else { "leaves" };
        stage.stubs.with(zendesk).ok().map(|()| format!("user {user} {verb} group {group}"))
    }

    fn any_group(&mut self, stage: &Stage) -> Option<u64> {
        let groups: Vec<u64> = stage.stubs.with(|world| world.zendesk.groups.keys().copied().collect());
        self.pick(&groups)
    }

    fn any_user(&mut self, stage: &Stage) -> Option<u64> {
        let (_, email) = self.person();
        stage.stubs.with(|world| world.zendesk.user_of(&email).map(|user| user.id))
    }
}
