//! Zendesk behind the gateway.
//!
//! Search knows a change only after some minutes (Zendesk API reference, "Search"), and Moveworks asks for the last half
//! minute. So what is young is looked for in the list of all tickets, the newest first; search finds the rest.

use std::sync::Arc;

use approval_logic::approval::{Millis, is_id_segment};
use approval_logic::gateway::{
    Attachment, Cursor, Edit, Failure, Page, Profile, Requestor, Rows, Step, Ticket, Window, first_rows, page,
};
use approval_logic::http::{HttpRequest, HttpResponse, Method};
use approval_logic::zendesk::tickets::{self, DEPTH_MAX, INDEX_LAG};
use approval_logic::zendesk::{Calls, classify};
use futures::future::join;
use serde_json::Value;

use super::{Query, Told, keep, kept, told};
use crate::host::Host;
use crate::http::{Counter, Reader};
use crate::sources::zendesk::{Builder, Session};

/// One account, for one operation.
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

    /// The number that people know is the id.
    pub(super) fn id_of(&self, named: &str) -> Result<String, Failure> {
        let sound = is_id_segment(named) && named.bytes().all(|byte| byte.is_ascii_digit());
        if sound { Ok(named.to_owned()) } else { Err(Failure::not_found()) }
    }

    pub(super) async fn ticket(&self, id: &str) -> Result<Ticket, Failure> {
        let (mut ticket, mut comments) = (None, None);
        let mut read_ticket =
            |response: &HttpResponse| keep(&mut ticket, tickets::read_ticket(&self.profile, response));
        let mut read_comments = |response: &HttpResponse| keep(&mut comments, tickets::read_comments(response));
        let (read, _) = join(
            self.read(Step::One, &|calls| calls.gateway_ticket(id), &mut read_ticket),
            self.read(Step::One, &|calls| calls.ticket_comments(id), &mut read_comments),
        )
        .await;
        read?;
        Ok(Ticket { comments, ..self.linked(kept(ticket)?) })
    }

    pub(super) async fn tickets(&self, query: &Query) -> Result<Page, Failure> {
        let Query { window, requestor, cursor, .. } = query;
        let mut page = match requestor {
            Some(requestor) => match self.user(requestor).await? {
                Some(user) => {
                    let (all, _) =
                        self.newest(cursor.from, &|calls, number| calls.requested_tickets(&user, number)).await?;
                    page(first_rows(all, window, cursor), window, cursor)
                }
                None => Page::default(),
            },
            None => self.changed(window, cursor).await?,
        };
        page.tickets = page.tickets.into_iter().map(|ticket| self.linked(ticket)).collect();
        Ok(page)
    }

    pub(super) async fn create(&self, edit: &Edit) -> Result<Ticket, Failure> {
        let edit = self.with_group(edit).await?;
        let read = |response: &HttpResponse| {
            let id = tickets::read_created(response)?;
            let whole = tickets::read_ticket(&self.profile, response).ok();
            Ok(whole.unwrap_or_else(|| Ticket { number: id.clone(), id, ..Ticket::default() }))
        };
        let mut created = None;
        let mut keeping = |response: &HttpResponse| keep(&mut created, read(response));
        self.write(&|calls| calls.create_ticket(&self.profile, &edit), &mut keeping).await?;
        Ok(self.linked(kept(created)?))
    }

    pub(super) async fn update(&self, id: &str, edit: &Edit) -> Result<Option<Ticket>, Failure> {
        tickets::check_update(edit).map_err(Failure::input)?;
        let edit = self.with_group(edit).await?;
        let mut changed = None;
        let mut read = |response: &HttpResponse| {
            classify(Method::Put, response)?;
            changed = tickets::read_ticket(&self.profile, response).ok();
            Ok(())
        };
        self.write(&|calls| calls.update_ticket(&self.profile, id, &edit), &mut read).await?;
        Ok(changed.map(|ticket| self.linked(ticket)))
    }

    pub(super) async fn comment(&self, id: &str, text: &str, public: bool) -> Result<(), Failure> {
        self.say(id, text, public, &[]).await
    }

    /// A file is uploaded first, and then put on the ticket by a comment that names it and that the requester sees: it is
    /// theirs.
    pub(super) async fn attach(&self, id: &str, file: &Attachment) -> Result<(), Failure> {
        let mut token = None;
        let mut read = |response: &HttpResponse| keep(&mut token, tickets::read_upload(response));
        self.write(&|calls| calls.upload(file), &mut read).await?;
        self.say(id, file.name(), true, &[kept(token)?]).await
    }

    async fn say(&self, id: &str, text: &str, public: bool, uploads: &[String]) -> Result<(), Failure> {
        let mut read = |response: &HttpResponse| classify(Method::Put, response).map(drop);
        self.write(&|calls| calls.add_comment(id, text, public, uploads), &mut read).await
    }

    /// A page of what changed.
    async fn changed(&self, window: &Window, cursor: &Cursor) -> Result<Page, Failure> {
        let indexed = self.session.now().saturating_sub(INDEX_LAG);
        if cursor.from >= indexed {
            let (all, whole) = self.newest(cursor.from, &|calls, number| calls.newest_tickets(number)).await?;
            // Where more changed than is looked through, search finds what it knows already.
            if whole {
                return Ok(page(first_rows(all, window, cursor), window, cursor));
            }
        }
        // Search stops before what it may not know yet; from there on the next page goes through the list.
        let end = if cursor.from < indexed { window.end.min(indexed - indexed % 1_000) } else { window.end };
        let rows = self.rows(&|calls| calls.search_tickets(cursor, end)).await?;
        let found = page(rows, &Window { start: window.start, end }, cursor);
        let rest = Cursor { from: end.saturating_add(1_000), skip: 0 };
        let next = found.next.or_else(|| (end < window.end && window.holds(rest.from)).then_some(rest));
        Ok(Page { next, ..found })
    }

    /// Tickets that changed from a time on, read from the newest backwards, and whether these are all of them.
    async fn newest(
        &self,
        from: Millis,
        build: &(dyn Fn(&Calls<'_>, u32) -> HttpRequest + Sync),
    ) -> Result<(Vec<Ticket>, bool), Failure> {
        let mut all: Vec<Ticket> = Vec::new();
        for number in 1..=DEPTH_MAX {
            let rows = self.rows(&|calls| build(calls, number)).await?;
            let older = rows.tickets.iter().any(|ticket| ticket.updated_at.is_some_and(|at| at < from));
            // What changes meanwhile moves to the front, and what was there before comes again.
            all.extend(
                rows.tickets.into_iter().filter(|ticket| all.iter().all(|own| own.id != ticket.id)).collect::<Vec<_>>(),
            );
            if older || !rows.more {
                return Ok((all, true));
            }
        }
        Ok((all, false))
    }

    /// The id of a person; none: there is nobody of that address.
    async fn user(&self, requestor: &Requestor) -> Result<Option<String>, Failure> {
        match requestor {
            Requestor::Id(id) => Ok(Some(id.clone())),
            Requestor::Email(address) => {
                let found = self.session.user_with_address(&self.counter, address).await;
                Ok(found.map_err(|failure| told(&failure, Step::List))?.map(|user| user.id))
            }
        }
    }

    /// The fields with the id of a group in place of its name.
    async fn with_group(&self, edit: &Edit) -> Result<Edit, Failure> {
        let mut edit = edit.clone();
        let Some((_, value)) = edit.0.iter_mut().find(|(path, _)| path == "group_id") else { return Ok(edit) };
        let Some(name) = value.as_str().map(str::trim).filter(|name| name.parse::<u64>().is_err()) else {
            return Ok(edit);
        };
        for number in 1..=DEPTH_MAX {
            let mut read = None;
            let mut keeping = |response: &HttpResponse| keep(&mut read, tickets::read_group_id(name, response));
            self.read(Step::List, &|calls| calls.assignable_groups(number), &mut keeping).await?;
            let (found, more) = kept(read)?;
            if let Some(id) = found {
                *value = Value::from(id);
                return Ok(edit);
            }
            if !more {
                break;
            }
        }
        Err(Failure::input("group: there is none of this name that tickets can be assigned to"))
    }

    fn linked(&self, ticket: Ticket) -> Ticket {
        Ticket { url: Some(self.session.link(&ticket.id)), ..ticket }
    }

    async fn rows(&self, build: Builder<'_>) -> Result<Rows, Failure> {
        let mut rows = None;
        let mut read = |response: &HttpResponse| keep(&mut rows, tickets::read_tickets(&self.profile, response));
        self.read(Step::List, build, &mut read).await?;
        kept(rows)
    }

    async fn read(&self, step: Step, build: Builder<'_>, reader: Reader<'_>) -> Result<(), Failure> {
        let mut noting = |response: &HttpResponse| {
            self.told.note(response);
            reader(response)
        };
        self.session.read_with(&self.counter, build, &mut noting).await.map_err(|failure| told(&failure, step))
    }

    async fn write(&self, build: Builder<'_>, reader: Reader<'_>) -> Result<(), Failure> {
        let mut noting = |response: &HttpResponse| {
            self.told.note(response);
            reader(response)
        };
        self.session.write_with(&self.counter, build, &mut noting).await.map_err(|failure| told(&failure, Step::Write))
    }
}
