//! ServiceDesk Plus behind the gateway. Its requests are the tickets; changes and releases have no place in Moveworks' model.

use std::sync::Arc;

use approval_logic::approval::{TicketKind, is_id_segment};
use approval_logic::gateway::{Attachment, Edit, Failure, Page, Profile, Rows, Step, Ticket, page};
use approval_logic::http::{CallError, HttpResponse, Method};
use approval_logic::sdp::Calls;
use approval_logic::sdp::tickets::{self, TicketQuery};
use futures::future::join;

use super::{Query, Told, keep, kept, told};
use crate::config::SdpAccess;
use crate::host::Host;
use crate::http::{CallFailure, Counter, Reader};
use crate::sources::sdp::{Builder, Session};

/// Ids of the cloud have 15 digits and more, numbers that people know far fewer.
const ID_MIN: usize = 12;

/// One help desk, for one operation.
pub(super) struct Desk<H> {
    session: Session<H>,
    profile: Arc<Profile>,
    told: Told,
    counter: Counter,
}

impl<H: Host> Desk<H> {
    pub(super) fn new(session: Session<H>, profile: Arc<Profile>, told: Told) -> Self {
        Self { session, profile, told, counter: Counter::default() }
    }

    /// The id of what a caller names. On-premises the number is the id; in the cloud it has to be looked up.
    pub(super) async fn id_of(&self, named: &str) -> Result<String, Failure> {
        if !is_id_segment(named) {
            return Err(Failure::not_found());
        }
        let cloud = matches!(self.session.settings().access, SdpAccess::OAuth { .. });
        if !cloud || named.len() >= ID_MIN {
            return Ok(named.to_owned());
        }
        let mut found = None;
        let mut read = |response: &HttpResponse| keep(&mut found, tickets::read_number(named, response));
        self.read(Step::List, &|calls| calls.request_by_number(named), &mut read).await?;
        found.flatten().ok_or_else(Failure::not_found)
    }

    /// One request with its notes. Without them where only they cannot be read.
    pub(super) async fn ticket(&self, id: &str) -> Result<Ticket, Failure> {
        let names = &self.session.settings().names;
        let (mut ticket, mut notes) = (None, None);
        let mut read_ticket =
            |response: &HttpResponse| keep(&mut ticket, tickets::read_ticket(&self.profile, names, response));
        let mut read_notes = |response: &HttpResponse| keep(&mut notes, tickets::read_notes(response));
        let (request, _) = join(
            self.read(Step::One, &|calls| calls.request(id), &mut read_ticket),
            self.read(Step::One, &|calls| calls.notes(id), &mut read_notes),
        )
        .await;
        request?;
        Ok(Ticket { comments: notes, ..self.linked(kept(ticket)?) })
    }

    /// A page of requests.
    pub(super) async fn tickets(&self, query: &Query) -> Result<Page, Failure> {
        let Query { window, requestor, cursor, .. } = query;
        let list = async |dated: bool| {
            let names = &self.session.settings().names;
            let asked = TicketQuery { window, cursor, requestor: requestor.as_ref(), dated };
            let mut rows = None;
            let build = |calls: &Calls<'_>| calls.search_requests(&self.profile, &asked);
            let mut read =
                |response: &HttpResponse| keep(&mut rows, tickets::read_tickets(&self.profile, names, response));
            self.call(&build, &mut read).await.map(|()| rows.unwrap_or_default())
        };
        let rows = match list(true).await {
            Err(CallFailure::Failed(CallError::Permanent { code: "INVALID_VALUE", .. })) if requestor.is_some() => {
                list(false).await.map(|rows| Rows { more: false, ..rows })
            }
            other => other,
        };
        let mut page = page(rows.map_err(|failure| told(&failure, Step::List))?, window, cursor);
        page.tickets = page.tickets.into_iter().map(|ticket| self.linked(ticket)).collect();
        Ok(page)
    }

    /// A new request, as the answer shows it.
    pub(super) async fn create(&self, edit: &Edit) -> Result<Ticket, Failure> {
        let names = &self.session.settings().names;
        let read = |response: &HttpResponse| {
            let id = tickets::read_created(response)?;
            let whole = tickets::read_ticket(&self.profile, names, response).ok();
            Ok(whole.unwrap_or_else(|| Ticket { number: id.clone(), id, ..Ticket::default() }))
        };
        let mut created = None;
        let mut keeping = |response: &HttpResponse| keep(&mut created, read(response));
        self.write(&|calls| calls.create_request(&self.profile, edit), &mut keeping).await?;
        Ok(self.linked(kept(created)?))
    }

    /// Changes a request; what the answer shows of it.
    pub(super) async fn update(&self, id: &str, edit: &Edit) -> Result<Option<Ticket>, Failure> {
        let names = &self.session.settings().names;
        let mut changed = None;
        let mut read = |response: &HttpResponse| {
            tickets::read_written(Method::Put, response)?;
            changed = tickets::read_ticket(&self.profile, names, response).ok();
            Ok(())
        };
        self.write(&|calls| calls.update_request(&self.profile, id, edit), &mut read).await?;
        Ok(changed.map(|ticket| self.linked(ticket)))
    }

    /// Adds a note. A build that does not know its key refuses it before it does anything.
    pub(super) async fn comment(&self, id: &str, text: &str, public: bool) -> Result<(), Failure> {
        let mut read = |response: &HttpResponse| tickets::read_written(Method::Post, response);
        let add = |old: bool| move |calls: &Calls<'_>| calls.add_note(id, text, public, old);
        match self.send(&add(false), &mut read).await {
            Err(CallFailure::Failed(CallError::Permanent { code: "INVALID_VALUE", .. })) => {
                self.write(&add(true), &mut read).await
            }
            other => other.map_err(|failure| told(&failure, Step::Write)),
        }
    }

    /// Adds a file.
    pub(super) async fn attach(&self, id: &str, file: &Attachment) -> Result<(), Failure> {
        let mut read = |response: &HttpResponse| tickets::read_written(Method::Put, response);
        self.write(&|calls| calls.upload(id, file), &mut read).await
    }

    fn linked(&self, ticket: Ticket) -> Ticket {
        let url = self.session.link(TicketKind::Request, &ticket.id, &ticket.number);
        Ticket { url, ..ticket }
    }

    // None of these depends on what is read: there is one of each, whatever the kinds of answers.

    async fn read(&self, step: Step, build: Builder<'_>, reader: Reader<'_>) -> Result<(), Failure> {
        self.call(build, reader).await.map_err(|failure| told(&failure, step))
    }

    async fn call(&self, build: Builder<'_>, reader: Reader<'_>) -> Result<(), CallFailure> {
        let mut noting = |response: &HttpResponse| {
            self.told.note(response);
            reader(response)
        };
        self.session.read_with(&self.counter, build, &mut noting).await
    }

    async fn write(&self, build: Builder<'_>, reader: Reader<'_>) -> Result<(), Failure> {
        self.send(build, reader).await.map_err(|failure| told(&failure, Step::Write))
    }

    async fn send(&self, build: Builder<'_>, reader: Reader<'_>) -> Result<(), CallFailure> {
        let mut noting = |response: &HttpResponse| {
            self.told.note(response);
            reader(response)
        };
        self.session.write_with(&self.counter, build, &mut noting).await
    }
}
