//! Making tickets, in words a test's reader understands.

use super::Edition;
use super::ids::{ApprovalRef, LevelRef, TicketRef};
use super::model::{Approval, Level, Module, Patch, Person, Rule, State, Ticket};
use super::world::{Kind, World};
use serde_json::Value;

/// Makes one ticket. Level methods speak of the level that was added last.
#[must_use = "call add() to put the ticket into the world"]
pub struct TicketBuilder<'w> {
    world: &'w mut World,
    ticket: Ticket,
    id: Option<String>,
    number: Option<String>,
    send: bool,
}

impl World {
    /// A new request.
    pub fn request(&mut self) -> TicketBuilder<'_> {
        self.new_ticket(Module::Requests)
    }

    /// A new change.
    pub fn change(&mut self) -> TicketBuilder<'_> {
        self.new_ticket(Module::Changes)
    }

    /// A new release.
    pub fn release(&mut self) -> TicketBuilder<'_> {
        self.new_ticket(Module::Releases)
    }

    /// A new ticket of this module: open, normal priority, made an hour ago, without levels.
    pub fn new_ticket(&mut self, module: Module) -> TicketBuilder<'_> {
        let now = self.now();
        let made = self.tickets.values().map(|of| of.len() as u64).sum();
        let ticket = Ticket {
            module,
            id: String::new(),
            number: String::new(),
            subject: "A ticket".into(),
            description: None,
            requester: None,
            priority: Some("Normal".into()),
            status: Some("Open".into()),
            technician: None,
            group: None,
            approval_state: None,
            created: now - 3_600_000,
            updated: now - 1_800_000,
            due: None,
            service_request: true,
            levels: Vec::new(),
            notes: Vec::new(),
            files: Vec::new(),
            patch: Patch::default(),
            made,
        };
        TicketBuilder { world: self, ticket, id: None, number: None, send: true }
    }

    /// An approval for this person that has not been sent.
    pub(crate) fn new_approval(&mut self, module: Module, approver: Option<Person>) -> Approval {
        Approval {
            id: self.new_id(Some(module), Kind::Approval),
            approver,
            original_approver: None,
            role: None,
            state: State::ToBeSent,
            sent_on: None,
            sent_by: None,
            acted_on: None,
            acted_by: None,
            comments: None,
            deleted: false,
            patch: Patch::default(),
        }
    }
}

impl TicketBuilder<'_> {
    /// The source's own id, instead of the next one.
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The number people know. On-premises it is the id as well.
    pub fn number(mut self, number: &str) -> Self {
        self.number = Some(number.into());
        self
    }

    /// The subject of a request, the title of a change or a release.
    pub fn subject(mut self, subject: &str) -> Self {
        self.ticket.subject = subject.into();
        self
    }

    /// The description, as HTML.
    pub fn description(mut self, html: &str) -> Self {
        self.ticket.description = Some(html.into());
        self
    }

    /// Who asks.
    pub fn requester(mut self, name: &str, email: &str) -> Self {
        self.ticket.requester = Some(self.world.person(name, Some(email)));
        self
    }

    /// The priority's name.
    pub fn priority(mut self, name: &str) -> Self {
        self.ticket.priority = Some(name.into());
        self
    }

    /// No priority: the product sends null.
    pub fn no_priority(mut self) -> Self {
        self.ticket.priority = None;
        self
    }

    /// The status' name.
    pub fn status(mut self, name: &str) -> Self {
        self.ticket.status = Some(name.into());
        self
    }

    /// Who works on it.
    pub fn technician(mut self, name: &str, email: &str) -> Self {
        self.ticket.technician = Some(self.world.person(name, Some(email)));
        self
    }

    /// The support group.
    pub fn group(mut self, name: &str) -> Self {
        self.ticket.group = Some(name.into());
        self
    }

    /// An incident, not a service request.
    pub fn incident(mut self) -> Self {
        self.ticket.service_request = false;
        self
    }

    /// When it was made, epoch milliseconds.
    pub fn created(mut self, at: i64) -> Self {
        self.ticket.created = at;
        self
    }

    /// When it was last updated, epoch milliseconds. Its first level counts as sent at the same time.
    pub fn updated(mut self, at: i64) -> Self {
        self.ticket.updated = at;
        self
    }

    /// Puts a field over the wire form of the ticket.
    pub fn set(mut self, field: &str, value: Value) -> Self {
        self.ticket.patch.set.insert(field.into(), value);
        self
    }

    /// Adds a level on which everyone of these (name, address) must approve. An empty address means none.
    pub fn level(mut self, approvers: &[(&str, &str)]) -> Self {
        let world = &mut *self.world;
        let module = self.ticket.module;
        let number = self.ticket.levels.len() as u32 + 1;
        let id = world.new_id(Some(module), Kind::Level);
        let approvals = approvers
            .iter()
            .map(|(name, email)| {
                let person = world.person(name, (!email.is_empty()).then_some(email));
                world.new_approval(module, Some(person))
            })
            .collect();
        let created_by = Some(world.settings.sdp.owner.clone());
        let stage = (module != Module::Requests).then(|| "Approval".to_owned());
        self.ticket.levels.push(Level {
            id,
            number,
            name: format!("Level {number}"),
            state: State::ToBeSent,
            rule: Rule::Everyone,
            created: self.ticket.created,
            created_by,
            stage,
            current: false,
            deleted: false,
            acted_on: None,
            approvals,
            patch: Patch::default(),
        });
        self
    }

    /// The rule of the last level.
    pub fn rule(mut self, rule: Rule) -> Self {
        if let Some(level) = self.ticket.levels.last_mut() {
            level.rule = rule;
        }
        self
    }

    /// Adds an approval to the last level whose approver follows from a role and is not known yet.
    pub fn role(mut self, role: &str) -> Self {
        let mut approval = self.world.new_approval(self.ticket.module, None);
        approval.role = Some(role.into());
        if let Some(level) = self.ticket.levels.last_mut() {
            level.approvals.push(approval);
        }
        self
    }

    /// The last level's own id, instead of the next one.
    pub fn level_id(mut self, id: &str) -> Self {
        if let Some(level) = self.ticket.levels.last_mut() {
            level.id = id.into();
        }
        self
    }

    /// The own ids of the last level's approvals, instead of the next ones.
    pub fn approval_ids(mut self, ids: &[&str]) -> Self {
        if let Some(level) = self.ticket.levels.last_mut() {
            for (approval, id) in level.approvals.iter_mut().zip(ids) {
                approval.id = (*id).into();
            }
        }
        self
    }

    /// Nothing goes out: every approval stays "To Be Sent" until [`World::send`].
    pub fn unsent(mut self) -> Self {
        self.send = false;
        self
    }

    /// Puts the ticket into the world. Unless it is `unsent`, its first level is at its approvers.
    pub fn add(self) -> TicketRef {
        let Self { world, mut ticket, id, number, send } = self;
        let module = ticket.module;
        let on_premises = world.settings.sdp.edition == Edition::OnPremises;
        ticket.id = match (id, &number) {
            (Some(id), _) => id,
            (None, Some(number)) if on_premises => number.clone(),
            (None, _) => world.new_id(Some(module), Kind::Ticket),
        };
        ticket.number = match number {
            Some(number) => number,
            None if on_premises => ticket.id.clone(),
            None => (800 + world.count_up(Some(module), Kind::Number)).to_string(),
        };
        let (updated, sent) = (ticket.updated, send && !ticket.levels.is_empty());
        let reference = refer(&ticket);
        let key = ticket.id.clone();
        world.tickets.entry(module).or_default().insert(key, ticket);
        if sent {
            world.send_at(&reference, updated);
        }
        reference
    }
}

/// The reference of a ticket as it is now.
pub(crate) fn refer(ticket: &Ticket) -> TicketRef {
    let levels = ticket.levels.iter().map(|level| LevelRef {
        level: level.id.clone(),
        approvals: level
            .approvals
            .iter()
            .map(|approval| ApprovalRef {
                module: ticket.module,
                ticket: ticket.id.clone(),
                level: level.id.clone(),
                approval: approval.id.clone(),
            })
            .collect(),
    });
    TicketRef {
        module: ticket.module,
        ticket: ticket.id.clone(),
        number: ticket.number.clone(),
        levels: levels.collect(),
    }
}

impl TicketBuilder<'_> {
    /// Only the levels; the ticket is not kept.
    pub(crate) fn into_levels(self) -> Vec<Level> {
        self.ticket.levels
    }
}
