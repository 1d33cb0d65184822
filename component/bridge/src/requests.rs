//! What technicians do with requests that the bridge keeps, and what follows from it at once.

use std::time::Duration;

use approval_logic::approval::{ApprovalId, Person};
use approval_logic::managed::{self, Answered, Draft, Facts, HelpDesk, Policy, Request, Subject};
use approval_logic::signature::hmac_sha256_hex;

use crate::config::{self, Settings};
use crate::decide::{self, Answer, Order, Outcome};
use crate::host::Host;
use crate::http::{CallFailure, Client, Counter};
use crate::shell::{OperationError, Shell};
use crate::sources::{Sources, is_absent};
use crate::store::Store;
use crate::store::lease::Lease;
use crate::store::requests::{ChangeError, Requests, reference};
use crate::sweep::{self, Task};

/// How long reading a ticket may take. Whoever asks waits for it.
const BUDGET: Duration = Duration::from_secs(20);

/// How long reading it anew may take, which can be done without.
const REFRESH: Duration = Duration::from_secs(8);

/// Calls of one operation that may be under way at once.
const WIDTH: usize = 4;

/// How long it is waited for a running sweep before telling is left to the next one.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long telling at once may take; what is left over goes with the next sweep.
const PROMPT: Duration = Duration::from_secs(12);

/// Why an operation on a request could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It could not be begun.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// It was not done.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The help desk has no such ticket.
    #[error("{0} has no such ticket")]
    NoTicket(&'static str),
    /// The help desk could not be read, for the reason of this code.
    #[error("the ticket could not be read ({0})")]
    Unreadable(&'static str),
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The ticket.
    pub subject: Subject,
    /// Who is to be asked.
    pub recipients: Vec<Person>,
    /// How many have to approve.
    pub policy: Policy,
    /// What it is about.
    pub title: String,
    /// What the approvers need to know.
    pub message: String,
    /// Who asks, where the caller says so.
    pub by: Option<String>,
}

impl<H: Host> Shell<H> {
    /// One request.
    pub async fn request(&self, id: &str) -> Result<Request, RequestError> {
        let request = self.requests().get(id).await.map_err(ChangeError::from)?;
        Ok(request.ok_or(ChangeError::Absent)?)
    }

    /// Makes a request and tells everybody who is asked.
    pub async fn create_request(&self, wish: Wish) -> Result<Request, RequestError> {
        let settings = self.complete_settings(false).await?;
        let Wish { subject, recipients, policy, title, message, by } = wish;
        let facts = self.facts(&settings, &subject).await?;
        // The id has to be one that nobody guesses. The host gives no chance numbers, but only callers who know the
        // token come here, so it is drawn from that.
        let token =
            config::api_token(self.host()).await.map_err(|problem| OperationError::Configuration(vec![problem]))?;
        let key = token.as_ref().map_or("", |token| token.reveal()).as_bytes();
        let now = self.host().now();
        let people: Vec<String> = recipients.iter().filter_map(Person::address).collect();
        let seed = format!("approval-bridge request\n{subject}\n{now}\n{}\n{title}", people.join(","));
        let default_sender = settings.atera.as_ref().filter(|_| subject.desk == HelpDesk::Atera);
        let default_sender = default_sender.and_then(|atera| atera.technician.as_ref()?.email.clone());
        let request = self
            .requests()
            .create(&subject, &hmac_sha256_hex(key, seed.as_bytes()), |previous| {
                let seed = format!("{seed}\n{}", previous.unwrap_or_default());
                let id = hmac_sha256_hex(key, seed.as_bytes()).get(..32).unwrap_or_default().to_owned();
                let asked_by = by.or(default_sender);
                let draft =
                    Draft { id, desk: subject.desk, facts, asked_by, recipients, policy, subject: title, message };
                Request::create(draft, &settings.allowed, now)
            })
            .await?;
        tell(&self.place_of(&request.id).await?, &settings, &request.id, &request.id).await;
        self.request(&request.id).await
    }

    /// Makes these the people who are asked.
    pub async fn edit_request(
        &self,
        id: &str,
        recipients: Vec<Person>,
        by: Option<&str>,
    ) -> Result<Request, RequestError> {
        let settings = self.complete_settings(false).await?;
        let (now, facts) = (self.host().now(), self.latest_facts(&settings, id).await?);
        let people: Vec<String> = recipients.iter().filter_map(Person::address).collect();
        let work = format!("edit {id} {}", hmac_sha256_hex(id.as_bytes(), people.join(",").as_bytes()));
        let (request, changed) = self
            .requests()
            .change(id, &work, |request| {
                request.learn(facts);
                request.edit(&recipients, by, &settings.allowed, now)
            })
            .await?;
        self.told(&settings, request, &work, changed).await
    }

    /// Sends a request again, to one person (by id or address) or to all who have not answered. With the ids of those who
    /// get it.
    pub async fn resend_request(
        &self,
        id: &str,
        recipient: Option<&str>,
        by: Option<&str>,
    ) -> Result<(Request, Vec<String>), RequestError> {
        let settings = self.complete_settings(false).await?;
        let (now, facts) = (self.host().now(), self.latest_facts(&settings, id).await?);
        let work = format!("resend {id} {}", hmac_sha256_hex(id.as_bytes(), recipient.unwrap_or_default().as_bytes()));
        let (request, resent) = self
            .requests()
            .change(id, &work, |request| {
                request.learn(facts);
                let named = recipient.map(|name| request.recipient_of(name).map_or(name, |own| own.id.as_str()));
                let named = named.map(str::to_owned);
                request.resend(named.as_deref(), by, now)
            })
            .await?;
        let request = self.told(&settings, request, &work, !resent.recipients.is_empty()).await?;
        Ok((request, resent.recipients))
    }

    /// Deletes a request.
    pub async fn cancel_request(&self, id: &str, by: Option<&str>) -> Result<Request, RequestError> {
        let settings = self.complete_settings(false).await?;
        let now = self.host().now();
        let work = format!("cancel {id}");
        let (request, changed) = self.requests().change(id, &work, |request| request.cancel(by, now)).await?;
        self.told(&settings, request, &work, changed).await
    }

    /// Takes somebody's answer to a request. Feedback is none: it is kept, and the answer is still to come.
    pub async fn respond(
        &self,
        id: &str,
        answer: managed::Answer,
        order: impl FnOnce(ApprovalId) -> Order,
    ) -> Result<(Answer, Option<Request>), RequestError> {
        let settings = self.settings().await?;
        let request = self.request(id).await?;
        let unknown = ApprovalId::managed(id, "r0").map_err(|_| ChangeError::Absent)?;
        let mut order = order(unknown);
        if let Some(own) = request.recipient_of(&order.approver)
            && let Ok(id) = ApprovalId::managed(id, &own.id)
        {
            order.id = id;
        }
        if let Some(refusal) = decide::check_token(self.store(), &settings, &order, None) {
            return Ok((refusal, None));
        }
        let store = self.place_of(order.id.ticket()).await?;
        let taken = decide::managed::take(&store, &settings, &order, answer).await.map_err(ChangeError::from)?;
        Ok(match taken {
            Err(refused) => (refused, None),
            Ok((request, answered)) => {
                let mut said = decide::managed::said(&request, &order.id, order.verdict, answered);
                if answered == Answered::Noted {
                    "kept; you still have to approve or decline".clone_into(&mut said.message);
                }
                let shown = !matches!(said.outcome, Outcome::NotApprover);
                (said, Some(request).filter(|_| shown))
            }
        })
    }

    async fn told(
        &self,
        settings: &Settings,
        request: Request,
        work: &str,
        changed: bool,
    ) -> Result<Request, RequestError> {
        if !changed {
            return Ok(request);
        }
        tell(&self.place_of(&request.id).await?, settings, &request.id, work).await;
        self.request(&request.id).await
    }

    /// What a ticket has to show by now, for those who are about to be asked. None: it cannot be read just now, which must
    /// not keep them from being asked.
    async fn latest_facts(&self, settings: &Settings, id: &str) -> Result<Option<Facts>, RequestError> {
        let request = self.request(id).await?;
        if !request.status().is_open() {
            return Ok(None);
        }
        let read = self.read_facts(settings, &request.subject_ticket(), REFRESH).await;
        Ok(read.and_then(Result::ok))
    }

    async fn read_facts(
        &self,
        settings: &Settings,
        subject: &Subject,
        budget: Duration,
    ) -> Option<Result<Facts, CallFailure>> {
        let sources = Sources::new(settings, &Client::new(self.host().clone(), WIDTH, budget), self.store());
        sources.facts(&Counter::default(), subject).await
    }

    async fn facts(&self, settings: &Settings, subject: &Subject) -> Result<Facts, RequestError> {
        let name = subject.desk.name();
        match self.read_facts(settings, subject, BUDGET).await {
            None => Err(OperationError::Argument(format!("source: {name} is not configured")).into()),
            Some(Ok(facts)) => Ok(facts),
            Some(Err(failure)) if is_absent(&failure) => Err(RequestError::NoTicket(name)),
            Some(Err(CallFailure::OutOfTime)) => Err(RequestError::Unreadable("OUT_OF_TIME")),
            Some(Err(CallFailure::Failed(error))) => Err(RequestError::Unreadable(error.code())),
        }
    }

    /// Where what is known of the approvals of a request lies.
    async fn place_of(&self, id: &str) -> Result<Store<H>, OperationError> {
        Ok(self.slots().await?.of(&reference(id)))
    }

    fn requests(&self) -> Requests<H> {
        Requests::new(self.store())
    }
}

/// Tells whoever has to hear of a request now, unless a sweep is running: then the next one does. What goes wrong here
/// comes again in the next sweep, and is told there.
/// `store`: where what is known of it lies. `work`: what led to it and by whom, so that two who begin in the same
/// millisecond are told apart.
pub(crate) async fn tell<H: Host>(store: &Store<H>, settings: &Settings, id: &str, work: &str) {
    let ticket = reference(id);
    let Ok(Some(lease)) = Lease::take(work, store.clone(), PATIENCE).await else { return };
    let settings = Settings { sweep_budget: settings.sweep_budget.min(PROMPT), ..settings.clone() };
    let _ = lease.during(sweep::run(std::slice::from_ref(store), &settings, &Task::Ticket(ticket), false)).await;
}
