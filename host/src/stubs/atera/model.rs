//! What Atera keeps: tickets with their comments and custom fields, and contacts.

use super::super::model::Person;
use super::super::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// The API key that the stubs accept unless told otherwise.
pub const ATERA_API_KEY: &str = "stub-atera-key";
/// The technician in whose name comments can be written unless told otherwise.
pub const ATERA_TECHNICIAN_ID: u64 = 12;

/// How Atera behaves.
#[derive(Clone, Debug)]
pub struct AteraSettings {
    /// The key that is right.
    pub api_key: String,
    /// Technicians that exist; comments of others are refused with 404 "Invalid input".
    pub technicians: BTreeSet<u64>,
    /// Custom fields that tickets have; others are answered with 404.
    pub fields: BTreeSet<String>,
    /// Whether comments say if they are internal. Some accounts' answers leave the flag out.
    pub flags: bool,
    /// Whether lists say how many pages there are, or only link to the next one.
    pub total_pages: bool,
}

impl Default for AteraSettings {
    fn default() -> Self {
        Self {
            api_key: ATERA_API_KEY.into(),
            technicians: BTreeSet::from([ATERA_TECHNICIAN_ID]),
            fields: BTreeSet::from(["Approval status".to_owned()]),
            flags: true,
            total_pages: true,
        }
    }
}

/// A ticket.
#[derive(Clone, Debug)]
pub struct AteraTicket {
    /// `TicketID`.
    pub id: u64,
    /// `TicketTitle`.
    pub title: String,
    /// The end user.
    pub requester: Option<Person>,
    /// `TicketPriority`.
    pub priority: Option<String>,
    /// `FirstComment`, HTML.
    pub first_comment: String,
    /// The technician who has it: id and address.
    pub technician: Option<(u64, String)>,
    /// When it last changed, epoch milliseconds.
    pub modified: i64,
    /// Its comments, oldest first.
    pub comments: Vec<AteraComment>,
    /// The values of its custom fields, by name.
    pub fields: BTreeMap<String, String>,
}

/// A comment.
#[derive(Clone, Debug)]
pub struct AteraComment {
    /// HTML.
    pub text: String,
    /// Only technicians see it.
    pub internal: bool,
    /// Who wrote it.
    pub by: Person,
    /// Whether that is a technician, as opposed to an end user.
    pub by_technician: bool,
    /// When, epoch milliseconds.
    pub at: i64,
}

/// A contact.
#[derive(Clone, Debug)]
pub struct AteraContact {
    /// Name, address and `EndUserID`.
    pub person: Person,
    /// No longer in use.
    pub archived: bool,
}

/// What Atera remembers.
#[derive(Debug, Default)]
pub(crate) struct AteraMemory {
    pub(crate) tickets: BTreeMap<u64, AteraTicket>,
    pub(crate) contacts: Vec<AteraContact>,
}

impl World {
    /// A new ticket at Atera; its id. An empty address: a ticket without an end user.
    pub fn atera_ticket(&mut self, title: &str, (name, email): (&str, &str)) -> String {
        let id = self.atera.tickets.keys().last().map_or(874, |last| last + 1);
        let requester = (!email.is_empty()).then(|| self.person(name, Some(email)));
        let ticket = AteraTicket {
            id,
            title: title.into(),
            requester,
            priority: Some("High".into()),
            first_comment: "<p>Please look at <b>this</b>.</p>".into(),
            technician: None,
            modified: self.now(),
            comments: Vec::new(),
            fields: BTreeMap::new(),
        };
        self.atera.tickets.insert(id, ticket);
        id.to_string()
    }

    /// A ticket at Atera, to look at it or to change anything about it.
    pub fn atera(&mut self, id: &str) -> Option<&mut AteraTicket> {
        self.atera.tickets.get_mut(&id.parse().ok()?)
    }

    /// The end user writes something; HTML.
    pub fn atera_reply(&mut self, id: &str, html: &str) {
        self.atera_comment(id, html, false, false);
    }

    /// A technician writes something that only technicians see; HTML.
    pub fn atera_note(&mut self, id: &str, html: &str) {
        self.atera_comment(id, html, true, true);
    }

    fn atera_comment(&mut self, id: &str, html: &str, internal: bool, by_technician: bool) {
        let now = self.now();
        let technician = self.person("Tess Agent", Some("tess@it.example"));
        let Some(ticket) = self.atera(id) else { return };
        let by = ticket.requester.clone().filter(|_| !by_technician).unwrap_or(technician);
        ticket.comments.push(AteraComment { text: html.into(), internal, by, by_technician, at: now });
        ticket.modified = now;
    }

    /// A new contact at Atera.
    pub fn atera_contact(&mut self, name: &str, email: &str, archived: bool) {
        let person = self.person(name, Some(email));
        self.atera.contacts.push(AteraContact { person, archived });
    }
}
