//! Whichever help desk it is.

use approval_logic::approval::{Source, TicketKind};
use approval_logic::gateway::{Attachment, Edit, Failure, Page, Ticket};
use approval_logic::managed::HelpDesk;

use super::{Query, sdp, zendesk};
use crate::host::Host;

/// One help desk, for one operation.
pub(super) enum Desk<H> {
    /// ServiceDesk Plus.
    Sdp(sdp::Desk<H>),
    /// Zendesk.
    Zendesk(zendesk::Desk<H>),
}

impl<H: Host> Desk<H> {
    /// Where it lives.
    pub(super) const fn source(&self) -> Source {
        match self {
            Self::Sdp(_) => Source::Sdp,
            Self::Zendesk(_) => Source::Zendesk,
        }
    }

    /// Its name as a place where the tickets of kept requests are.
    pub(super) const fn help_desk(&self) -> HelpDesk {
        match self {
            Self::Sdp(_) => HelpDesk::Sdp,
            Self::Zendesk(_) => HelpDesk::Zendesk,
        }
    }

    /// What its tickets are among approvals.
    pub(super) const fn kind(&self) -> TicketKind {
        match self {
            Self::Sdp(_) => TicketKind::Request,
            Self::Zendesk(_) => TicketKind::Ticket,
        }
    }

    /// The id of what a caller names: by the id, or by the number that people know.
    pub(super) async fn id_of(&self, named: &str) -> Result<String, Failure> {
        match self {
            Self::Sdp(desk) => desk.id_of(named).await,
            Self::Zendesk(desk) => desk.id_of(named),
        }
    }

    /// One ticket, with what was said on it where that can be read.
    pub(super) async fn ticket(&self, id: &str) -> Result<Ticket, Failure> {
        match self {
            Self::Sdp(desk) => desk.ticket(id).await,
            Self::Zendesk(desk) => desk.ticket(id).await,
        }
    }

    /// A page of tickets.
    pub(super) async fn tickets(&self, query: &Query) -> Result<Page, Failure> {
        match self {
            Self::Sdp(desk) => desk.tickets(query).await,
            Self::Zendesk(desk) => desk.tickets(query).await,
        }
    }

    /// A new ticket, as the answer shows it.
    pub(super) async fn create(&self, edit: &Edit) -> Result<Ticket, Failure> {
        match self {
            Self::Sdp(desk) => desk.create(edit).await,
            Self::Zendesk(desk) => desk.create(edit).await,
        }
    }

    /// Changes a ticket; what the answer shows of it.
    pub(super) async fn update(&self, id: &str, edit: &Edit) -> Result<Option<Ticket>, Failure> {
        match self {
            Self::Sdp(desk) => desk.update(id, edit).await,
            Self::Zendesk(desk) => desk.update(id, edit).await,
        }
    }

    /// Says something on a ticket.
    pub(super) async fn comment(&self, id: &str, text: &str, public: bool) -> Result<(), Failure> {
        match self {
            Self::Sdp(desk) => desk.comment(id, text, public).await,
            Self::Zendesk(desk) => desk.comment(id, text, public).await,
        }
    }

    /// Attaches a file to a ticket.
    pub(super) async fn attach(&self, id: &str, file: &Attachment) -> Result<(), Failure> {
        match self {
            Self::Sdp(desk) => desk.attach(id, file).await,
            Self::Zendesk(desk) => desk.attach(id, file).await,
        }
    }
}
