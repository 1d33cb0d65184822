//! Moveworks' Ticket Gateway at work: each operation is one or a few calls to a help desk, and keeps nothing.
//!
//! What the calls are and how answers read is pure ([`approval_logic::gateway`] and the vendors' `tickets`); here they are
//! put in their order. A write is sent once. It answers with the ticket as the help desk has it then, and once it was taken
//! it never answers with an error: a caller who repeats it would do it twice.

mod desk;
mod sdp;
mod zendesk;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval_logic::approval::{Source, TicketKind, TicketRef};
use approval_logic::diff::Entry;
use approval_logic::gateway::{
    Attachment, Code, Cursor, Destination, Edit, Failure, Page, Profile, RateLimit, Requestor, Step, Ticket, Window,
};
use approval_logic::http::{CallError, HttpResponse};
use approval_logic::managed::Subject;

use crate::config::Settings;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client};
use crate::sources::Sources;
use crate::store::requests::Requests;
use crate::store::slots::Slots;
use crate::sweep::overlay::Everywhere;
use desk::Desk;

/// The longest time that one operation takes. Moveworks' own time-out is not published.
const BUDGET: Duration = Duration::from_secs(25);

/// Calls at the same time within one operation.
const CONCURRENCY: usize = 4;

/// Which tickets a list asks for.
#[derive(Clone, Debug)]
pub struct Query {
    /// When they last changed.
    pub window: Window,
    /// Whose they are.
    pub requestor: Option<Requestor>,
    /// Which ones of them.
    pub destination: Option<Destination>,
    /// Where the page begins.
    pub cursor: Cursor,
}

/// One help desk, for one operation.
pub struct Gateway<H> {
    desk: Desk<H>,
    profile: Arc<Profile>,
    slots: Slots<H>,
    told: Told,
}

/// What the help desk has told of its rate limit, in the answers of one operation.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Option<RateLimit>>>);

impl Told {
    fn note(&self, response: &HttpResponse) {
        if let (Some(told), Ok(mut last)) = (RateLimit::of(response), self.0.lock()) {
            *last = Some(told);
        }
    }
}

impl<H: Host> Gateway<H> {
    /// The gateway of a help desk; none where it is not configured.
    pub fn new(settings: &Settings, slots: Slots<H>, source: Source) -> Option<Self> {
        let profile = settings.gateway.iter().find(|(own, _)| *own == source).map(|(_, profile)| profile.clone())?;
        let store = &slots.first();
        let client = Client::new(store.host().clone(), CONCURRENCY, BUDGET).impatient();
        let sources = Sources::new(settings, &client, store);
        let told = Told::default();
        let desk = match source {
            Source::Sdp => Desk::Sdp(sdp::Desk::new(sources.sdp()?.clone(), profile.clone(), told.clone())),
            Source::Zendesk => {
                Desk::Zendesk(zendesk::Desk::new(sources.zendesk()?.clone(), profile.clone(), told.clone()))
            }
            Source::Managed => return None,
        };
        Some(Self { desk, profile, slots, told })
    }

    /// The names of the help desk.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What the help desk has told of its rate limit so far.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.told.0.lock().ok().and_then(|told| *told)
    }

    /// One ticket, with what was said on it. `id`: the number that people know, or the help desk's own id.
    pub async fn ticket(&self, id: &str) -> Result<Ticket, Failure> {
        let id = self.desk.id_of(id).await?;
        self.finish(self.desk.ticket(&id).await?).await
    }

    /// A page of tickets.
    pub async fn tickets(&self, query: &Query) -> Result<Page, Failure> {
        let mut page = self.desk.tickets(query).await?;
        if let Some(destination) = &query.destination {
            page.tickets.retain(|ticket| ticket.is_of(destination));
        }
        self.note_approvals(&mut page.tickets).await?;
        Ok(page)
    }

    /// A new ticket.
    pub async fn create(&self, edit: &Edit) -> Result<Ticket, Failure> {
        let created = self.desk.create(edit).await?;
        let whole = self.desk.ticket(&created.id).await.unwrap_or(created);
        self.finish_or_leave(whole).await
    }

    /// Changes a ticket.
    pub async fn update(&self, id: &str, edit: &Edit) -> Result<Ticket, Failure> {
        let id = self.desk.id_of(id).await?;
        let changed = self.desk.update(&id, edit).await?;
        let whole = match (self.desk.ticket(&id).await, changed) {
            (Ok(whole), _) | (Err(_), Some(whole)) => whole,
            (Err(failure), None) => return Err(failure),
        };
        self.finish_or_leave(whole).await
    }

    /// Says something on a ticket.
    pub async fn comment(&self, id: &str, text: &str, public: bool) -> Result<Ticket, Failure> {
        let before = self.desk.ticket(&self.desk.id_of(id).await?).await?;
        self.desk.comment(&before.id, text, public).await?;
        self.after(before).await
    }

    /// Attaches a file to a ticket.
    pub async fn attach(&self, id: &str, file: &Attachment) -> Result<Ticket, Failure> {
        let before = self.desk.ticket(&self.desk.id_of(id).await?).await?;
        self.desk.attach(&before.id, file).await?;
        self.after(before).await
    }

    /// The ticket after something was added to it; as it was before, where it cannot be read.
    async fn after(&self, before: Ticket) -> Result<Ticket, Failure> {
        let whole = self.desk.ticket(&before.id).await.unwrap_or(before);
        self.finish_or_leave(whole).await
    }

    async fn finish(&self, ticket: Ticket) -> Result<Ticket, Failure> {
        let mut one = [ticket];
        self.note_approvals(&mut one).await?;
        let [ticket] = one;
        Ok(ticket)
    }

    /// After a write a store that fails costs the note about approvals, and nothing else.
    async fn finish_or_leave(&self, ticket: Ticket) -> Result<Ticket, Failure> {
        Ok(self.finish(ticket.clone()).await.unwrap_or(ticket))
    }

    /// Notes which tickets wait for an approval that the bridge knows. Those of ServiceDesk Plus lie in the ledger by their
    /// ticket; for those of Zendesk and those that the bridge keeps all that is known of them is looked through.
    async fn note_approvals(&self, tickets: &mut [Ticket]) -> Result<(), Failure> {
        if tickets.is_empty() {
            return Ok(());
        }
        let (source, kind) = (self.desk.source(), self.desk.kind());
        let waiting = async {
            let known = Everywhere::open(&self.slots).await?;
            let wanted: Vec<(TicketKind, &str)> = tickets.iter().map(|ticket| (kind, ticket.id.as_str())).collect();
            let mut waiting = Vec::new();
            // Approvals that the bridge keeps do not tell of which help desk their ticket is; their requests do.
            let requests = Requests::new(&self.slots.first());
            for id in known.waiting_for(Source::Managed, &wanted).await? {
                let subject = Subject { desk: self.desk.help_desk(), kind, id };
                if requests.open_of(&subject).await?.is_some() {
                    waiting.push(subject.id);
                }
            }
            if source == Source::Sdp {
                for (kind, id) in wanted {
                    let ticket = TicketRef { source, kind, ticket: id.to_owned() };
                    if known.of_ticket(&ticket).await?.iter().any(Entry::waits) {
                        waiting.push(ticket.ticket);
                    }
                }
            } else {
                waiting.extend(known.waiting_for(source, &wanted).await?);
            }
            Ok::<_, StoreError>(waiting)
        };
        let waiting =
            waiting.await.map_err(|_| Failure::new(Code::InternalServerError, "the bridge's store failed"))?;
        for ticket in tickets.iter_mut().filter(|ticket| waiting.contains(&ticket.id)) {
            ticket.waits_for_approval = true;
        }
        Ok(())
    }
}

/// Keeps what was read.
fn keep<T>(into: &mut Option<T>, read: Result<T, CallError>) -> Result<(), CallError> {
    *into = Some(read?);
    Ok(())
}

/// What was read, once reading has gone well.
fn kept<T>(read: Option<T>) -> Result<T, Failure> {
    read.ok_or_else(|| Failure::new(Code::ExternalRestError, "the help desk's answer was not read"))
}

/// What a failed call means to the caller.
fn told(failure: &CallFailure, step: Step) -> Failure {
    match failure {
        CallFailure::Failed(error) => Failure::of_call(error, step),
        CallFailure::OutOfTime => Failure::new(Code::ExternalRestError, "the help desk did not answer in time"),
    }
}
