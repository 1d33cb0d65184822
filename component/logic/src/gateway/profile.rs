//! What a tenant has called things: states, fields and destinations of one help desk, and how Moveworks knows it.
//!
//! The defaults are the vendor module's; the operator's tables change them. One set of tables serves all help desks: a
//! value in them that begins with `sdp/` or `zendesk/` is for that one alone.

use super::state::{InternalState, States};
use super::time::Window;
use crate::approval::Source;

/// How a person of the help desk is named towards Moveworks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalId {
    /// By the address, or by the id where there is none.
    Email,
    /// By the help desk's own id, or by the address where there is none.
    Id,
}

/// How Moveworks knows the help desk. Documented values: `MANAGE_ENGINE` and `manage_engine` for ServiceDesk Plus
/// ("Input context for ticket gateway actions"); others are not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `system` of an identity.
    pub name: String,
    /// `integration_id` of an identity.
    pub integration_id: String,
}

/// A group of like tickets: those with one value in one of the help desk's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The name, as in `destination.table_name`.
    pub name: String,
    /// The help desk's field.
    pub field: String,
    /// Its value.
    pub value: String,
}

/// Destinations are configured, and none has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no destination has this name; see gateway_destinations")]
pub struct NoSuchDestination;

/// The names of one help desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What its states mean.
    pub states: States,
    /// How Moveworks knows it.
    pub system: Option<System>,
    /// How its people are named.
    pub external_id: ExternalId,
    /// The state that resolves a ticket.
    pub resolved: String,
    /// The state that reopens it.
    pub reopened: String,
    /// Whether the help desk cuts its times to whole seconds.
    pub whole_seconds: bool,
    /// What Moveworks' payload calls a field → what the help desk does; a dot goes into an object.
    pub fields: Vec<(String, String)>,
    /// Of `fields`, those that the tenant has added: they are read as well, into `custom_data`.
    pub extra: Vec<(String, String)>,
    /// The destinations; none: whatever is named counts as all tickets.
    pub destinations: Vec<Destination>,
}

/// The operator's tables, as the variables hold them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tables<'a> {
    /// `gateway_states`: `Open=WIP,On Hold=WAITING_FOR_USER`.
    pub states: &'a str,
    /// `gateway_system`: `MANAGE_ENGINE:manage_engine`.
    pub system: &'a str,
    /// `gateway_user_id`: `email` or `id`.
    pub user_id: &'a str,
    /// `gateway_resolved_state`: `Resolved`.
    pub resolved: &'a str,
    /// `gateway_reopened_state`: `Open`.
    pub reopened: &'a str,
    /// `gateway_fields`: `cost_center=udf_fields.udf_char1`.
    pub fields: &'a str,
    /// `gateway_destinations`: `it_requests=group:IT Support`.
    pub destinations: &'a str,
}

impl Profile {
    /// The profile with the operator's tables laid over it, or the variables that cannot be read and what was expected.
    pub fn with(mut self, source: Source, tables: &Tables<'_>) -> Result<Self, Vec<(&'static str, &'static str)>> {
        let mut wrong = Vec::new();
        let mut expect = |good: Option<()>, name, expected| {
            if good.is_none() {
                wrong.push((name, expected));
            }
        };
        let states = pairs(tables.states, source).try_for_each(|pair| {
            let (name, state) = pair?;
            self.states.set(name, InternalState::parse(state)?);
            Some(())
        });
        expect(states, "gateway_states", "a comma list such as Open=WIP,On Hold=WAITING_FOR_USER");
        let system = items(tables.system, source).try_for_each(|item| {
            let (name, integration_id) = item.split_once(':').map(|(a, b)| (a.trim(), b.trim()))?;
            let system = System { name: name.to_owned(), integration_id: integration_id.to_owned() };
            self.system = Some(system).filter(|_| !name.is_empty() && !integration_id.is_empty());
            self.system.as_ref().map(|_| ())
        });
        expect(system, "gateway_system", "a system and an integration id such as MANAGE_ENGINE:manage_engine");
        let user_id = items(tables.user_id, source).try_for_each(|item| {
            self.external_id = match item {
                "email" => ExternalId::Email,
                "id" => ExternalId::Id,
                _ => return None,
            };
            Some(())
        });
        expect(user_id, "gateway_user_id", "email or id");
        for name in items(tables.resolved, source) {
            name.clone_into(&mut self.resolved);
        }
        for name in items(tables.reopened, source) {
            name.clone_into(&mut self.reopened);
        }
        let fields = pairs(tables.fields, source).try_for_each(|pair| {
            let (name, path) = pair?;
            let sound = is_name(name) && path.split('.').all(is_name);
            self.fields.retain(|(own, _)| own != name);
            self.fields.push((name.to_owned(), path.to_owned()));
            self.extra.push((name.to_owned(), path.to_owned()));
            sound.then_some(())
        });
        expect(fields, "gateway_fields", "a comma list such as cost_center=udf_fields.udf_char1");
        let destinations = pairs(tables.destinations, source).try_for_each(|pair| {
            let (name, rest) = pair?;
            let (field, value) = rest.split_once(':').map(|(field, value)| (field.trim(), value.trim()))?;
            let destination = Destination { name: name.to_owned(), field: field.to_owned(), value: value.to_owned() };
            self.destinations.push(destination);
            (is_name(field) && !value.is_empty()).then_some(())
        });
        expect(destinations, "gateway_destinations", "a comma list such as it_requests=group:IT Support");
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    /// A window as the help desk's times want it.
    pub const fn window(&self, window: Window) -> Window {
        if self.whole_seconds { window.in_seconds() } else { window }
    }

    /// What is read of a ticket beyond the usual: the fields that the tenant has added or that destinations look at, as
    /// `custom_data` names them, and where they are.
    pub fn read_also(&self) -> impl Iterator<Item = (&str, &str)> {
        let extra = self.extra.iter().map(|(name, path)| (name.as_str(), path.as_str()));
        let looked_at =
            self.destinations.iter().map(|destination| (destination.field.as_str(), destination.field.as_str()));
        extra.chain(looked_at)
    }

    /// The destination of a name. Without any configured every name stands for all tickets: `Ok(None)`.
    pub fn destination(&self, name: &str) -> Result<Option<&Destination>, NoSuchDestination> {
        if self.destinations.is_empty() || name.is_empty() {
            return Ok(None);
        }
        self.destinations.iter().find(|destination| destination.name == name).map(Some).ok_or(NoSuchDestination)
    }

    /// The help desk's state that a caller means: one of Moveworks' codes for resolving and reopening, in capitals, or a
    /// name of the help desk's own.
    pub fn external_state<'a>(&'a self, wanted: &'a str) -> &'a str {
        let wanted = wanted.trim();
        let code = InternalState::ALL.into_iter().find(|state| state.name() == wanted);
        let own = || [&self.resolved, &self.reopened].into_iter().find(|own| own.eq_ignore_ascii_case(wanted));
        match code {
            Some(InternalState::Resolved) => &self.resolved,
            Some(InternalState::New | InternalState::Wip) => &self.reopened,
            _ => own().map_or(wanted, String::as_str),
        }
    }
}

/// The items of a comma list that are for this help desk.
fn items(list: &str, source: Source) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).filter_map(move |item| {
        let own = [Source::Sdp, Source::Zendesk].into_iter().find_map(|named| {
            let rest = item.strip_prefix(named.name())?.strip_prefix('/')?;
            Some((named, rest.trim()))
        });
        match own {
            Some((named, rest)) => (named == source).then_some(rest),
            None => Some(item),
        }
    })
}

/// The items as names with values; none for one that is no pair.
fn pairs(list: &str, source: Source) -> impl Iterator<Item = Option<(&str, &str)>> {
    items(list, source).map(|item| {
        let (name, value) = item.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    })
}

/// A name of a field, or a part of one.
fn is_name(text: &str) -> bool {
    crate::approval::is_id_segment(text)
}
