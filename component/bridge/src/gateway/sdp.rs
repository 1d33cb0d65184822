//! ServiceDesk Plus behind the gateway. Its requests are the tickets; changes and releases have no place in Moveworks' model.

use std::sync::Arc;

use approval_logic::approval::{TicketKind, is_id_segment};
use approval_logic::gateway::{Attachment, Edit, Failure, Page, Profile, Rows, Step, Ticket, page};
use approval_logic::http::{CallError, HttpRequest, HttpResponse, Method};
use approval_logic::sdp::Calls;
use approval_logic::sdp::tickets::{self, TicketQuery};
use futures::future::join;

use super::{Query, Told, told};
use crate::config::SdpAccess;
use crate::host::Host;
use crate::http::{CallFailure, Counter};
use crate::sources::sdp::Session;

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
        let read = |response: &HttpResponse| tickets::read_number(named, response);
        let found = self.read(Step::List, |calls| calls.request_by_number(named), read).await?;
        found.ok_or_else(Failure::not_found)
    }

    /// One request with its notes. Without them where only they cannot be read.
    pub(super) async fn ticket(&self, id: &str) -> Result<Ticket, Failure> {
        let names = &self.session.settings().names;
        let read = |response: &HttpResponse| tickets::read_ticket(&self.profile, names, response);
        let request = self.read(Step::One, |calls| calls.request(id), read);
        let notes = self.read(Step::One, |calls| calls.notes(id), tickets::read_notes);
        let (ticket, notes) = join(request, notes).await;
        Ok(Ticket { comments: notes.ok(), ..self.linked(ticket?) })
    }

    /// A page of requests.
    pub(super) async fn tickets(&self, query: &Query) -> Result<Page, Failure> {
        let Query { window, requestor, cursor, .. } = query;
        let list = async |dated: bool| {
            let names = &self.session.settings().names;
            let asked = TicketQuery { window, cursor, requestor: requestor.as_ref(), dated };
            let build = |calls: &Calls<'_>| calls.search_requests(&self.profile, &asked);
            let read = |response: &HttpResponse| tickets::read_tickets(&self.profile, names, response);
            self.call(build, read).await
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
        let created = self.write(&|calls| calls.create_request(&self.profile, edit), read).await?;
        Ok(self.linked(created))
    }

    /// Changes a request; what the answer shows of it.
    pub(super) async fn update(&self, id: &str, edit: &Edit) -> Result<Option<Ticket>, Failure> {
        let names = &self.session.settings().names;
        let read = |response: &HttpResponse| {
            tickets::read_written(Method::Put, response)?;
            Ok(tickets::read_ticket(&self.profile, names, response).ok())
        };
        let changed = self.write(&|calls| calls.update_request(&self.profile, id, edit), read).await?;
        Ok(changed.map(|ticket| self.linked(ticket)))
    }

    /// Adds a note. A build that does not know its key refuses it before it does anything.
    pub(super) async fn comment(&self, id: &str, text: &str, public: bool) -> Result<(), Failure> {
        let read = |response: &HttpResponse| tickets::read_written(Method::Post, response);
        let add = |old: bool| move |calls: &Calls<'_>| calls.add_note(id, text, public, old);
        match self.send(&add(false), read).await {
            Err(CallFailure::Failed(CallError::Permanent { code: "INVALID_VALUE", .. })) => {
                self.write(&add(true), read).await
            }
            other => other.map_err(|failure| told(&failure, Step::Write)),
        }
    }

    /// Adds a file.
    pub(super) async fn attach(&self, id: &str, file: &Attachment) -> Result<(), Failure> {
        let read = |response: &HttpResponse| tickets::read_written(Method::Put, response);
        self.write(&|calls| calls.upload(id, file), read).await
    }

    fn linked(&self, ticket: Ticket) -> Ticket {
        let url = self.session.link(TicketKind::Request, &ticket.id, &ticket.number);
        Ticket { url, ..ticket }
    }

    async fn read<T: Send>(
        &self,
        step: Step,
        build: impl Fn(&Calls<'_>) -> HttpRequest + Sync,
        read: impl Fn(&HttpResponse) -> Result<T, CallError> + Sync,
    ) -> Result<T, Failure> {
        self.call(build, read).await.map_err(|failure| told(&failure, step))
    }

    async fn call<T: Send>(
        &self,
        build: impl Fn(&Calls<'_>) -> HttpRequest + Sync,
        read: impl Fn(&HttpResponse) -> Result<T, CallError> + Sync,
    ) -> Result<T, CallFailure> {
        let noting = |response: &HttpResponse| {
            self.told.note(response);
            read(response)
        };
        self.session.read(&self.counter, build, noting).await
    }

    async fn write<T: Send>(
        &self,
        build: &(impl Fn(&Calls<'_>) -> HttpRequest + Sync),
        read: impl Fn(&HttpResponse) -> Result<T, CallError> + Send + Sync,
    ) -> Result<T, Failure> {
        self.send(build, read).await.map_err(|failure| told(&failure, Step::Write))
    }

    async fn send<T: Send>(
        &self,
        build: &(impl Fn(&Calls<'_>) -> HttpRequest + Sync),
        read: impl Fn(&HttpResponse) -> Result<T, CallError> + Send + Sync,
    ) -> Result<T, CallFailure> {
        let mut found = None;
        let mut keep = |response: &HttpResponse| {
            self.told.note(response);
            read(response).map(|value| found = Some(value))
        };
        self.session.write_with(&self.counter, build, &mut keep).await?;
        found.ok_or(CallFailure::OutOfTime)
    }
}
