//! Zendesk at work: the calls of a sweep and of a decision.

mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use approval_logic::approval::{Approval, ApprovalId, Millis, Person, Status, Ticket, TicketKind, Verdict};
use approval_logic::http::{CallError, HttpRequest, HttpResponse};
use approval_logic::managed;
use approval_logic::zendesk::{
    self, Assignee, BATCH, Calls, Credential, Facts, Filter, NewRequest, Next, Page, Pages, Refused, Request,
    ticket_link,
};
use futures::future::join;
use tokio::sync::Mutex;

use super::read_once::ReadOnce;
use super::{Live, is_absent};
use crate::config::ZendeskSettings;
use crate::host::Host;
use crate::http::{CallFailure, Client, Counter, Reader};
use crate::sorted::Sorted;
use crate::store::Store;
use crate::store::people::People;
use crate::together;

/// A list that is read for one of its rows is not read further than this.
const PAGES_MAX: usize = 20;

/// Builds a call for the credential that it is given.
pub type Builder<'a> = &'a (dyn Fn(&Calls<'_>) -> HttpRequest + Sync);

/// A session. Clones share what is known of people.
#[derive(Clone)]
pub struct Session<H> {
    settings: Arc<ZendeskSettings>,
    client: Client<H>,
    store: Store<H>,
    people: Arc<Mutex<Option<(People, bool)>>>,
    /// The account does not show single requests, so they are looked for in the list.
    lists_only: Arc<AtomicBool>,
    pages: Arc<ReadOnce<Page>>,
}

impl<H: Host> Session<H> {
    /// A session over a client. Nothing is called yet.
    pub fn new(settings: ZendeskSettings, client: Client<H>, store: Store<H>) -> Self {
        let (people, lists_only) = (Arc::default(), Arc::default());
        Self { settings: Arc::new(settings), client, store, people, lists_only, pages: Arc::default() }
    }

    /// Now, by the host's clock.
    pub fn now(&self) -> Millis {
        self.store.host().now()
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.client.left()
    }

    /// Where agents look at a ticket.
    pub fn link(&self, ticket: &str) -> String {
        ticket_link(&self.settings.base_url, ticket)
    }

    /// One page of what is asked now, for every slot that comes for it at the same time.
    pub async fn active(&self, counter: &Counter, cursor: Option<&str>) -> Result<Page, CallFailure> {
        let filter = Filter { status: "active", ..Filter::default() };
        let page = self.read(counter, |calls| calls.list(filter, cursor), zendesk::read_page);
        self.pages.get(cursor.unwrap_or_default().to_owned(), page).await
    }

    /// The facts of tickets, by their ids, and rows that could not be read.
    pub async fn tickets(
        &self,
        counter: &Counter,
        ids: Vec<String>,
    ) -> Result<(Sorted<Facts>, Vec<Refused>), CallFailure> {
        let ids = distinct(ids);
        let reads = ids.chunks(BATCH).map(|ids| async move {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            self.read(counter, |calls| calls.tickets(&ids), zendesk::read_tickets).await
        });
        let (mut tickets, mut refused) = (Sorted::default(), Vec::new());
        for read in together::all_or_error(reads).await? {
            refused.extend(read.refused);
            tickets.extend(read.tickets.into_iter().map(|facts| (facts.ticket.id.clone(), facts)));
        }
        Ok((tickets, refused))
    }

    /// What a card needs to know of one ticket, and who asked for it.
    pub async fn facts(&self, counter: &Counter, id: &str) -> Result<managed::Facts, CallFailure> {
        let (tickets, _) = self.tickets(counter, vec![id.to_owned()]).await?;
        let Some(facts) = tickets.get(id).cloned() else { return Err(not_there()) };
        let users = self.users(counter, facts.requester.iter().cloned().collect()).await?;
        let requester = facts.requester.and_then(|user| users.get(&user).map(|user| user.person.clone()));
        let ticket = Ticket { requester, link: Some(self.link(id)), ..facts.ticket };
        Ok(managed::Facts { ticket, thread: Vec::new() })
    }

    /// One request. Where the account does not show single ones it is looked for among those of who is asked: the member
    /// of a group, or the person of an address.
    pub async fn request(&self, counter: &Counter, id: &ApprovalId, asked: &str) -> Result<Request, CallFailure> {
        let lists_only = self.lists_only.load(Ordering::Relaxed);
        let shown = if lists_only { Err(not_there()) } else { self.shown(counter, id.ticket()).await };
        let Err(failure) = shown else { return shown };
        let forbidden = matches!(&failure, CallFailure::Failed(error) if error.code() == "FORBIDDEN");
        if !forbidden && !is_absent(&failure) {
            return Err(failure);
        }
        match self.listed(counter, id, asked).await {
            // The list tells all of it, also where the account does not show single ones to anybody.
            Err(gone) if is_absent(&gone) => Err(gone),
            listed => {
                self.lists_only.store(listed.is_ok(), Ordering::Relaxed);
                listed
            }
        }
    }

    async fn shown(&self, counter: &Counter, request: &str) -> Result<Request, CallFailure> {
        let read = |response: &HttpResponse| zendesk::read_request(request, response);
        self.read(counter, |calls| calls.request(request), read).await
    }

    async fn listed(&self, counter: &Counter, id: &ApprovalId, asked: &str) -> Result<Request, CallFailure> {
        let (user, groups) = if id.approval().is_empty() {
            (self.user_with_address(counter, asked).await?.map(|user| user.id).unwrap_or_default(), String::new())
        } else {
            let groups = self.read(counter, |calls| calls.groups_of(id.approval()), zendesk::read_groups).await?;
            (String::new(), groups.join(","))
        };
        if user.is_empty() && groups.is_empty() {
            return Err(not_there());
        }
        let filter = Filter { status: "", user: &user, group: &groups };
        let (mut pages, mut cursor) = (Pages::default(), None);
        for _ in 0..PAGES_MAX {
            let page = self.read(counter, |calls| calls.list(filter, cursor.as_deref()), zendesk::read_page).await?;
            let mut fresh = false;
            for request in page.requests {
                if request.id == id.ticket() {
                    return Ok(request);
                }
                fresh |= pages.is_new(&request.id);
            }
            match pages.next(page.more, fresh) {
                Next::Page(next) => cursor = Some(next),
                Next::End => return Err(not_there()),
                Next::Stuck => break,
            }
        }
        Err(without_end())
    }

    /// An approval as it is asked now, with the facts of a ticket that is known already.
    pub async fn live(
        &self,
        counter: &Counter,
        ticket: &Arc<Ticket>,
        id: &ApprovalId,
        asked: &str,
    ) -> Result<Live, CallFailure> {
        let request = self.request(counter, id, asked).await?;
        let pending = request.status == Status::Pending;
        let mut belongs = true;
        let user = match &request.assignee {
            Some(Assignee::User(user)) => {
                belongs = id.approval().is_empty() || id.approval() == *user;
                Some(user.as_str())
            }
            // The group as a whole is asked of nobody; whoever of it decides has an id of their own.
            Some(Assignee::Group(_)) if id.approval().is_empty() => None,
            Some(Assignee::Group(group)) => {
                belongs =
                    !pending || self.fresh_members(counter, group).await?.iter().any(|member| member == id.approval());
                Some(id.approval())
            }
            None => None,
        };
        let mut approver = None;
        if let Some(user) = user.filter(|_| belongs) {
            let users = self.fresh_users(counter, &[user.to_owned()]).await?;
            let found = users.into_iter().find(|found| found.id == user);
            approver = found.map(|found| {
                let gone = pending && found.out_of_reach().is_some();
                Person { email: found.person.email.filter(|_| !gone), ..found.person }
            });
        }
        let member = Some(id.approval()).filter(|member| !member.is_empty());
        let ticket = self.ticket_of(&request, ticket, id);
        let mut approval = request.approval(member, approver, ticket).map_err(odd_id)?;
        let by = request.decision.as_ref().and_then(|decision| decision.user.as_deref());
        let alone = matches!(request.assignee, Some(Assignee::User(_))) && request.decision.is_none();
        // Only who is asked can decide. Where one person is, that is who did, whether the answer tells it or not.
        if approval.status.is_final() && approval.status != Status::Withdrawn && (by == user && by.is_some() || alone) {
            approval.decided_by.clone_from(&approval.approver);
        }
        if !belongs && pending {
            approval.status = Status::Withdrawn;
        }
        Ok(Live { approval, word: request.word })
    }

    /// The id under which the person of an address is asked: of a group's request, that of their own part in it.
    pub async fn own_id(&self, counter: &Counter, id: &ApprovalId, asked: &str) -> Result<ApprovalId, CallFailure> {
        if !id.approval().is_empty() {
            return Ok(id.clone());
        }
        let request = self.request(counter, id, asked).await?;
        let Some(Assignee::Group(group)) = &request.assignee else { return Ok(id.clone()) };
        let reads = join(self.user_with_address(counter, asked), self.fresh_members(counter, group)).await;
        let (user, members) = (reads.0?, reads.1?);
        match user.filter(|user| members.contains(&user.id)) {
            Some(user) => ApprovalId::zendesk(id.ticket(), Some(&user.id)).map_err(odd_id),
            None => Ok(id.clone()),
        }
    }

    /// Takes a decision, in the name of the approver.
    pub async fn decide(
        &self,
        counter: &Counter,
        id: &ApprovalId,
        verdict: Verdict,
        approver: &Person,
        words: Option<&str>,
    ) -> Result<(), CallFailure> {
        let address = approver.address().unwrap_or_default();
        // A colon would end the name in basic authorisation, and what is behind it would count for the secret.
        if address.is_empty() || address.contains(':') {
            let message = "nobody can be acted for under this address".to_owned();
            return Err(CallError::Permanent { code: "ODD_ADDRESS", message }.into());
        }
        let credential = self.credential().acting_as(&address);
        let calls = Calls::new(&self.settings.base_url, &credential);
        let request = calls.decide(id.ticket(), verdict, words.unwrap_or_default());
        let response = self.client.once(counter, &request).await?;
        Ok(zendesk::read_decision(&response).map_err(|error| match error {
            // It is the approver that is not let in: the bridge's own calls go through.
            CallError::Auth { .. } => CallError::Permanent {
                code: "APPROVER_REFUSED",
                message: "Zendesk does not let the API token act as the approver; is their address verified there?"
                    .to_owned(),
            },
            error => error,
        })?)
    }

    /// Makes a new approval request, once.
    pub async fn create(&self, counter: &Counter, new: &NewRequest) -> Result<ApprovalId, CallFailure> {
        let credential = self.credential();
        let request = Calls::new(&self.settings.base_url, &credential).create(new);
        let response = self.client.once(counter, &request).await?;
        ApprovalId::zendesk(&zendesk::read_create(&response)?.id, None).map_err(odd_id)
    }

    /// The facts of a request's ticket where nothing better is known: its number, and where to look at it.
    pub fn bare_ticket(&self, request: &Request) -> Ticket {
        let number = request.ticket.clone().unwrap_or_else(|| request.id.clone());
        Ticket {
            kind: TicketKind::Ticket,
            id: number.clone(),
            link: request.ticket.as_deref().map(|ticket| self.link(ticket)),
            number,
            title: None,
            description: None,
            requester: None,
            priority: None,
        }
    }

    fn ticket_of(&self, request: &Request, known: &Arc<Ticket>, id: &ApprovalId) -> Arc<Ticket> {
        // Where nothing is known, the id of the request stands for the ticket.
        if known.id == id.ticket() { Arc::new(self.bare_ticket(request)) } else { known.clone() }
    }

    fn credential(&self) -> Credential {
        let ZendeskSettings { email, api_token, .. } = &*self.settings;
        Credential { email: email.clone(), api_token: api_token.reveal().to_owned() }
    }

    async fn read<T: Send>(
        &self,
        counter: &Counter,
        build: impl Fn(&Calls<'_>) -> HttpRequest + Send,
        reader: impl Fn(&HttpResponse) -> Result<T, CallError> + Sync + Send,
    ) -> Result<T, CallFailure> {
        let credential = self.credential();
        let request = build(&Calls::new(&self.settings.base_url, &credential));
        self.client.read(counter, request, reader).await
    }

    /// Reads something, and leaves to the reader what is kept of it.
    pub(crate) async fn read_with(
        &self,
        counter: &Counter,
        build: Builder<'_>,
        reader: Reader<'_>,
    ) -> Result<(), CallFailure> {
        let credential = self.credential();
        let request = build(&Calls::new(&self.settings.base_url, &credential));
        self.client.repeat(counter, request, reader).await
    }

    /// Sends a write once, and leaves to the reader what is kept of the answer.
    pub(crate) async fn write_with(
        &self,
        counter: &Counter,
        build: Builder<'_>,
        reader: Reader<'_>,
    ) -> Result<(), CallFailure> {
        let credential = self.credential();
        let request = build(&Calls::new(&self.settings.base_url, &credential));
        Ok(reader(&self.client.once(counter, &request).await?)?)
    }
}

/// Whether the decision that ended an approval came through the API, and so from chat: then who took it knows of it.
pub fn decided_in_chat(request: &Request, approval: &Approval) -> Option<String> {
    let by_api = request.decision.as_ref().is_some_and(|decision| decision.by_api);
    approval.decided_by.as_ref().filter(|_| by_api).and_then(Person::address)
}

fn distinct(ids: Vec<String>) -> Vec<String> {
    let mut ids = ids;
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn not_there() -> CallFailure {
    CallFailure::Failed(CallError::NotFound { code: "NOT_FOUND", message: "Zendesk has nothing of this id".to_owned() })
}

fn without_end() -> CallFailure {
    let message = "a list of Zendesk does not come to its end".to_owned();
    CallFailure::Failed(CallError::Permanent { code: "LIST_WITHOUT_END", message })
}

fn odd_id(error: approval_logic::approval::IdError) -> CallFailure {
    CallFailure::Failed(CallError::Permanent { code: "UNREADABLE", message: error.to_string() })
}
