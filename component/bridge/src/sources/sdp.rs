//! ServiceDesk Plus at work: a session that keeps itself logged in, and the calls that need one.

use std::sync::Arc;

use approval_logic::approval::{ApprovalId, Millis, Person, Ticket, TicketKind, Verdict};
use approval_logic::http::{CallError, HttpRequest, HttpResponse, pause_left};
use approval_logic::managed::Facts;
use approval_logic::sdp::token::{self, AccessToken};
use approval_logic::sdp::{self, Calls, Credential, ListQuery, Page};
use tokio::sync::Mutex;

use super::read_once::ReadOnce;
use super::{Live, store_failed};
use crate::config::{SdpAccess, SdpSettings};
use crate::host::Host;
use crate::http::{CallFailure, Client, Counter, Reader};
use crate::secret::Secret;
use crate::store::Store;
use crate::store::token::{KeptToken, load, save};

/// Modules whose builds know the verb without underscore only, remembered over restarts.
const PLAIN_VERBS: &str = "v1:plain-verbs";

/// Builds a call for the credential that it is given.
pub type Builder<'a> = &'a (dyn Fn(&Calls<'_>) -> HttpRequest + Sync);

/// A session. Clones share the token: ten calls that find it expired ask for one new one.
#[derive(Clone)]
pub struct Session<H> {
    settings: Arc<SdpSettings>,
    client: Client<H>,
    store: Store<H>,
    token: Arc<Mutex<TokenState>>,
    pages: Arc<ReadOnce<Page>>,
}

#[derive(Default)]
struct TokenState {
    kept: Option<KeptToken>,
    /// Counts the tokens of this session, so that a refused one is renewed once however many calls it failed.
    generation: u64,
    /// A forced renewal has been tried; a second one would not help.
    renewed: bool,
    /// Why no token was to be had. Asked again for every call, the accounts server would soon refuse for that alone.
    failed: Option<CallError>,
}

impl<H: Host> Session<H> {
    /// A session over a client. Nothing is called yet.
    pub fn new(settings: SdpSettings, client: Client<H>, store: Store<H>) -> Self {
        Self { settings: Arc::new(settings), client, store, token: Arc::default(), pages: Arc::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &SdpSettings {
        &self.settings
    }

    /// Now, by the host's clock.
    pub fn now(&self) -> Millis {
        self.store.host().now()
    }

    /// One page of a module's tickets, for every slot that comes for it at the same time.
    pub async fn page(&self, counter: &Counter, kind: TicketKind, query: &ListQuery) -> Result<Page, CallFailure> {
        let read = |response: &HttpResponse| sdp::read_page(kind, &self.settings.names, response);
        let name = format!("{} {query:?}", kind.plural());
        let page = self.read(counter, |calls| calls.list(kind, query), read);
        self.pages.get(name, page).await
    }

    /// Reads something.
    pub async fn read<T: Send>(
        &self,
        counter: &Counter,
        build: impl Fn(&Calls<'_>) -> HttpRequest + Sync,
        reader: impl Fn(&HttpResponse) -> Result<T, CallError> + Sync,
    ) -> Result<T, CallFailure> {
        let mut found = None;
        let mut keep = |response: &HttpResponse| reader(response).map(|value| found = Some(value));
        self.read_with(counter, &build, &mut keep).await?;
        // It succeeds only with an answer that was read.
        found.ok_or(CallFailure::OutOfTime)
    }

    pub(crate) async fn read_with(
        &self,
        counter: &Counter,
        build: Builder<'_>,
        reader: Reader<'_>,
    ) -> Result<(), CallFailure> {
        let (credential, generation) = self.credential(counter).await?;
        let request = build(&Calls::new(&self.settings.base_url, &credential));
        let result = self.client.repeat(counter, request, reader).await;
        match result {
            Err(CallFailure::Failed(CallError::Auth { .. })) if self.renew(counter, generation).await? => {
                let (credential, _) = self.credential(counter).await?;
                let request = build(&Calls::new(&self.settings.base_url, &credential));
                self.client.repeat(counter, request, reader).await
            }
            other => other,
        }
    }

    /// Sends a write once. A refused credential changed nothing, so the write is sent again with a new one.
    pub async fn write(&self, counter: &Counter, build: Builder<'_>) -> Result<(), CallFailure> {
        self.write_with(counter, build, &mut sdp::read_decision).await
    }

    /// The same, with what is read from the answer kept by the reader.
    pub(crate) async fn write_with(
        &self,
        counter: &Counter,
        build: Builder<'_>,
        reader: Reader<'_>,
    ) -> Result<(), CallFailure> {
        let (credential, generation) = self.credential(counter).await?;
        let request = build(&Calls::new(&self.settings.base_url, &credential));
        match self.send(counter, request, reader).await {
            Err(CallFailure::Failed(CallError::Auth { .. })) if self.renew(counter, generation).await? => {
                let (credential, _) = self.credential(counter).await?;
                self.send(counter, build(&Calls::new(&self.settings.base_url, &credential)), reader).await
            }
            other => other,
        }
    }

    async fn send(&self, counter: &Counter, request: HttpRequest, reader: Reader<'_>) -> Result<(), CallFailure> {
        let response = self.client.once(counter, &request).await?;
        Ok(reader(&response)?)
    }

    /// What a card needs to know of a ticket.
    pub async fn facts(&self, counter: &Counter, kind: TicketKind, id: &str) -> Result<Facts, CallFailure> {
        let read = |response: &HttpResponse| own_ticket(kind, id, response);
        let ticket = self.read(counter, |calls| calls.ticket(kind, id), read).await?;
        let link = self.link(kind, id, &ticket.number);
        Ok(Facts { ticket: Ticket { link, ..ticket }, thread: Vec::new() })
    }

    /// One approval's record, with the facts of a ticket that is known already.
    pub async fn approval(
        &self,
        counter: &Counter,
        ticket: &Arc<Ticket>,
        id: &ApprovalId,
    ) -> Result<Live, CallFailure> {
        let names = &self.settings.names;
        let read = |response: &HttpResponse| {
            let approval = sdp::read_approval(names, ticket, id, response)?;
            let word = sdp::read_status_name(response).unwrap_or_else(|| approval.status.name().to_owned());
            Ok(Live { approval, word })
        };
        self.read(counter, |calls| calls.approval(id), read).await
    }

    /// Takes a decision to an approval. The calls act as the owner of the key, so a comment names who decided.
    ///
    /// Some builds know the verb without underscore only. Not found means that nothing was done, and the approval was there
    /// a moment ago, so then it is the verb; which modules that holds for is remembered.
    pub async fn decide(
        &self,
        counter: &Counter,
        id: &ApprovalId,
        verdict: Verdict,
        approver: &Person,
        words: Option<&str>,
    ) -> Result<(), CallFailure> {
        let comment = sdp::decision_comment(verdict, approver, words);
        let mut plain: Vec<String> = self.store.read(PLAIN_VERBS).await.map_err(store_failed)?.unwrap_or_default();
        let module = id.kind().plural().to_owned();
        let known_plain = plain.contains(&module);
        let send = async |plain_verb: bool| {
            let decision = |calls: &Calls<'_>| calls.decide(id, verdict, &comment, plain_verb);
            self.write(counter, &decision).await
        };
        let sent = send(known_plain).await;
        if known_plain || !matches!(sent, Err(CallFailure::Failed(CallError::NotFound { .. }))) {
            return sent;
        }
        send(true).await?;
        plain.push(module);
        // Once more the slow way is all that a store that fails here costs; the decision is taken.
        let _ = self.store.write(PLAIN_VERBS, &plain).await;
        Ok(())
    }

    /// Whether the process of its ticket stands at an approval's level. Once it has moved on, or has been rejected, an
    /// approval that nobody answered looks as if it waited still.
    pub async fn is_at_level(&self, counter: &Counter, id: &ApprovalId) -> Result<bool, CallFailure> {
        let names = &self.settings.names;
        let read = |response: &HttpResponse| sdp::read_levels(names, &|_| None, response);
        let levels = self.read(counter, |calls| calls.levels(id.kind(), id.ticket()), read).await?;
        Ok(levels.levels.iter().find(|level| level.id == id.level()).is_some_and(|level| level.live))
    }

    /// Where people look at a ticket.
    pub fn link(&self, kind: TicketKind, id: &str, number: &str) -> Option<String> {
        let template = self.settings.web_url.as_deref()?;
        if !template.contains('{') {
            return Some(format!("{template}/{}/{id}", kind.plural()));
        }
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        Some(
            template
                .replace("{module}", kind.plural())
                .replace("{id}", &encode(id))
                .replace("{number}", &encode(number)),
        )
    }

    async fn credential(&self, counter: &Counter) -> Result<(Credential, u64), CallFailure> {
        let client_secret = match &self.settings.access {
            SdpAccess::Authtoken(key) => return Ok((Credential::Authtoken(key.reveal().to_owned()), 0)),
            SdpAccess::OAuth { client_secret, .. } => client_secret,
        };
        let now = self.now();
        let mut state = self.token.lock().await;
        if state.kept.is_none() {
            let kept = load(&self.store, client_secret).await.map_err(store_failed)?;
            state.kept = Some(kept);
        }
        let fresh = state.kept.as_ref().and_then(|kept| kept.token.as_ref()).filter(|token| token.is_fresh(now));
        if let Some(token) = fresh {
            return Ok((Credential::AccessToken(token.token.clone()), state.generation));
        }
        let token = self.refresh(counter, &mut state).await?;
        Ok((Credential::AccessToken(token.token), state.generation))
    }

    /// Gets another token after a refusal, at most once a session. False: nothing more can be done.
    async fn renew(&self, counter: &Counter, refused: u64) -> Result<bool, CallFailure> {
        if matches!(self.settings.access, SdpAccess::Authtoken(_)) {
            return Ok(false);
        }
        let mut state = self.token.lock().await;
        if state.generation != refused {
            return Ok(true);
        }
        if state.renewed {
            return Ok(false);
        }
        state.renewed = true;
        if let Some(kept) = &mut state.kept {
            kept.token = None;
        }
        self.refresh(counter, &mut state).await?;
        Ok(true)
    }

    /// Asks the accounts server. Under a throttle a token that still lives is used on.
    async fn refresh(&self, counter: &Counter, state: &mut TokenState) -> Result<AccessToken, CallFailure> {
        let SdpAccess::OAuth { accounts_url, client_id, client_secret, refresh_token } = &self.settings.access else {
            return Err(CallFailure::OutOfTime);
        };
        let now = self.store.host().now();
        let kept = state.kept.take().unwrap_or_default();
        let live = kept.token.clone().filter(|token| token.is_live(now));
        let wait = pause_left(kept.not_before, now);
        if !wait.is_zero() {
            state.kept = Some(kept);
            let message = "waiting out Zoho's token throttle".to_owned();
            return live.ok_or(CallFailure::Failed(CallError::Retry { code: "TOKEN_THROTTLED", message, after: wait }));
        }
        if let Some(error) = &state.failed {
            state.kept = Some(kept);
            return live.ok_or(CallFailure::Failed(error.clone()));
        }
        let client = token::Client {
            accounts_url,
            id: client_id.reveal(),
            secret: client_secret.reveal(),
            refresh_token: refresh_token.reveal(),
        };
        let answer = match self.client.once(counter, &token::refresh(&client)).await {
            Ok(response) => token::read(&response, now).map_err(CallFailure::Failed),
            Err(failure) => Err(failure),
        };
        match answer {
            Ok(token) => {
                state.generation += 1;
                self.keep(state, client_secret, KeptToken { token: Some(token.clone()), not_before: 0 }).await?;
                Ok(token)
            }
            Err(CallFailure::Failed(CallError::Retry { code: "TOKEN_THROTTLED", message, after })) => {
                let not_before = now.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
                self.keep(state, client_secret, KeptToken { token: live.clone(), not_before }).await?;
                live.ok_or(CallFailure::Failed(CallError::Retry { code: "TOKEN_THROTTLED", message, after }))
            }
            Err(failure) => {
                state.kept = Some(kept);
                if let CallFailure::Failed(error) = &failure {
                    state.failed = Some(error.clone());
                }
                live.ok_or(failure)
            }
        }
    }

    async fn keep(&self, state: &mut TokenState, secret: &Secret, kept: KeptToken) -> Result<(), CallFailure> {
        let result = save(&self.store, secret, &kept).await;
        state.kept = Some(kept);
        result.map_err(store_failed)
    }
}

/// A ticket's facts, never those of another one: a card must not show what its approver is not asked about.
pub fn own_ticket(kind: TicketKind, id: &str, response: &HttpResponse) -> Result<Ticket, CallError> {
    let ticket = sdp::read_ticket(kind, response)?;
    if ticket.id == id {
        return Ok(ticket);
    }
    let message = "the answer is about another ticket than the one that was asked for".to_owned();
    Err(CallError::Permanent { code: "UNREADABLE", message })
}
