//! The systems that approvals live in. Whoever needs the live state of one approval, or takes a decision to it, asks here
//! and need not know which system it is.

pub mod atera;
mod managed;
mod read_once;
pub mod sdp;
pub mod zendesk;

use std::sync::Arc;

use approval_logic::approval::{Approval, ApprovalId, Person, Source, Status, Ticket, TicketRef, Verdict};
use approval_logic::http::CallError;
use approval_logic::managed::{Facts, HelpDesk, Subject};
use futures::future::join;

use crate::config::Settings;
use crate::host::{Host, StoreError};
use crate::http::{CallFailure, Client, Counter};
use crate::store::Store;
use crate::store::requests::Requests;

/// An approval as its source has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The approval.
    pub approval: Approval,
    /// The source's own word for its status.
    pub word: String,
}

/// The systems that are configured, over one client.
pub struct Sources<H> {
    sdp: Option<sdp::Session<H>>,
    zendesk: Option<zendesk::Session<H>>,
    atera: Option<atera::Session<H>>,
    requests: Requests<H>,
}

impl<H: Host> Sources<H> {
    /// Sessions with all that are configured. Nothing is called yet.
    pub fn new(settings: &Settings, client: &Client<H>, store: &Store<H>) -> Self {
        // Tokens and people are the same for every slot.
        let store = &store.shared();
        let sdp = settings.sdp.clone().map(|sdp| sdp::Session::new(sdp, client.clone(), store.clone()));
        let zendesk = settings.zendesk.clone();
        let zendesk = zendesk.map(|zendesk| zendesk::Session::new(zendesk, client.clone(), store.clone()));
        let atera = settings.atera.clone().map(|atera| atera::Session::new(atera, client.clone()));
        Self { sdp, zendesk, atera, requests: Requests::new(store) }
    }

    /// ServiceDesk Plus, if configured.
    pub const fn sdp(&self) -> Option<&sdp::Session<H>> {
        self.sdp.as_ref()
    }

    /// Zendesk, if configured.
    pub const fn zendesk(&self) -> Option<&zendesk::Session<H>> {
        self.zendesk.as_ref()
    }

    /// Atera, if configured.
    pub const fn atera(&self) -> Option<&atera::Session<H>> {
        self.atera.as_ref()
    }

    /// The requests that the bridge keeps.
    pub const fn requests(&self) -> &Requests<H> {
        &self.requests
    }

    /// What a card needs to know of a ticket that a request of ours is about. None: its help desk is not configured.
    pub async fn facts(&self, counter: &Counter, subject: &Subject) -> Option<Result<Facts, CallFailure>> {
        match subject.desk {
            HelpDesk::Sdp => Some(self.sdp.as_ref()?.facts(counter, subject.kind, &subject.id).await),
            HelpDesk::Atera => Some(self.atera.as_ref()?.facts(counter, &subject.id).await),
            HelpDesk::Zendesk => Some(self.zendesk.as_ref()?.facts(counter, &subject.id).await),
        }
    }

    /// An approval as it is asked now: one that its ticket has passed by counts as withdrawn, whatever its own record
    /// says. `ticket`: the facts that are known already. `asked`: the address of who is said to be asked.
    pub async fn live(
        &self,
        counter: &Counter,
        ticket: &Arc<Ticket>,
        id: &ApprovalId,
        asked: &str,
    ) -> Result<Live, CallFailure> {
        match id.source() {
            Source::Sdp => {
                let session = on(self.sdp.as_ref())?;
                let reads = join(session.approval(counter, ticket, id), session.is_at_level(counter, id));
                let (live, at_level) = reads.await;
                let mut live = live?;
                let status = &mut live.approval.status;
                if !at_level? && matches!(status, Status::Pending | Status::AwaitingClarification) {
                    *status = Status::Withdrawn;
                }
                Ok(live)
            }
            Source::Zendesk => on(self.zendesk.as_ref())?.live(counter, ticket, id, asked).await,
            Source::Managed => managed::live(&self.requests, id).await,
        }
    }

    /// An approval's own record, read back after a decision.
    pub async fn record(
        &self,
        counter: &Counter,
        ticket: &Arc<Ticket>,
        id: &ApprovalId,
        asked: &str,
    ) -> Result<Live, CallFailure> {
        match id.source() {
            Source::Sdp => on(self.sdp.as_ref())?.approval(counter, ticket, id).await,
            Source::Zendesk => on(self.zendesk.as_ref())?.live(counter, ticket, id, asked).await,
            Source::Managed => managed::live(&self.requests, id).await,
        }
    }

    /// The id under which the person of an address is asked, which differs from the given one where that is of a group.
    pub async fn own_id(&self, counter: &Counter, id: &ApprovalId, asked: &str) -> Result<ApprovalId, CallFailure> {
        match id.source() {
            Source::Zendesk => on(self.zendesk.as_ref())?.own_id(counter, id, asked).await,
            Source::Sdp | Source::Managed => Ok(id.clone()),
        }
    }

    /// Takes a decision to its source, once. `approver` is the live approver, with the address that was checked.
    pub async fn decide(
        &self,
        counter: &Counter,
        id: &ApprovalId,
        verdict: Verdict,
        approver: &Person,
        words: Option<&str>,
    ) -> Result<(), CallFailure> {
        match id.source() {
            Source::Sdp => on(self.sdp.as_ref())?.decide(counter, id, verdict, approver, words).await,
            Source::Zendesk => on(self.zendesk.as_ref())?.decide(counter, id, verdict, approver, words).await,
            // Answers to these are changes of our own record; `decide::managed` makes them.
            Source::Managed => Err(not_configured()),
        }
    }
}

/// Why approvals of a ticket are not looked at under these settings; none: they are.
pub fn unwatched(settings: &Settings, ticket: &TicketRef) -> Option<String> {
    match (ticket.source, &settings.sdp) {
        (Source::Sdp, Some(sdp)) if sdp.modules.contains(&ticket.kind) => None,
        (Source::Sdp, Some(_)) => Some(format!("{} is not watched; see sdp_modules", ticket.kind.plural())),
        (Source::Sdp, None) => Some("ServiceDesk Plus is not configured; see sdp_base_url".to_owned()),
        (Source::Zendesk, _) if settings.zendesk.is_some() => None,
        (Source::Zendesk, _) => Some("Zendesk is not configured; see zendesk_base_url".to_owned()),
        (Source::Managed, _) => None,
    }
}

/// Whether a rejection at a source needs a reason, whatever the settings say: Zendesk's own theme (copenhagen_theme) takes
/// none without.
pub fn wants_reason(source: Source) -> bool {
    source == Source::Zendesk
}

/// Whether the comment of a decision says that the person of an address took it in chat. Only ServiceDesk Plus records the
/// owner of the key in place of that person.
pub fn names_in_comment(approval: &Approval, address: &str) -> bool {
    let named = |comment| approval_logic::sdp::comment_names(comment, address);
    approval.id.source() == Source::Sdp && approval.comment.as_deref().is_some_and(named)
}

/// Whether an approval has ended because the person of an address decided it in chat.
pub fn decided_in_chat(approval: &Approval, address: &str) -> bool {
    // Ours are decided nowhere else.
    let ours =
        approval.id.source() == Source::Managed && matches!(approval.status, Status::Approved | Status::Rejected);
    ours || names_in_comment(approval, address)
}

/// The facts of an approval's ticket where nothing is known but its number.
pub fn bare_ticket(ticket: &TicketRef) -> Ticket {
    Ticket {
        kind: ticket.kind,
        id: ticket.ticket.clone(),
        number: ticket.ticket.clone(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    }
}

/// Whether a failure says that the thing is not there.
pub fn is_absent(failure: &CallFailure) -> bool {
    match failure {
        CallFailure::Failed(error) => matches!(error, CallError::NotFound { .. }) || error.code() == "INVALID_VALUE",
        CallFailure::OutOfTime => false,
    }
}

fn on<S>(session: Option<&S>) -> Result<&S, CallFailure> {
    session.ok_or_else(not_configured)
}

fn not_configured() -> CallFailure {
    let message = "the system that this approval lives in is not configured any more".to_owned();
    CallFailure::Failed(CallError::Permanent { code: "NOT_CONFIGURED", message })
}

fn store_failed(error: StoreError) -> CallFailure {
    CallFailure::Failed(CallError::Permanent { code: "STORE_FAILED", message: error.to_string() })
}
