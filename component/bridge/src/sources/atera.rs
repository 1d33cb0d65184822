//! Atera at work: the facts of a ticket, and the outcome of a request about it.

use std::sync::Arc;

use approval_logic::approval::Person;
use approval_logic::atera::{self, Calls, Comment};
use approval_logic::http::{CallError, HttpRequest, HttpResponse};
use approval_logic::managed::{Facts, Note, Remark};
use approval_logic::text::truncate;

use crate::config::AteraSettings;
use crate::host::Host;
use crate::http::{CallFailure, Client, Counter};

/// No ticket has more pages of comments than this.
const PAGES_MAX: u32 = 40;

/// So many comments are kept for cards.
const THREAD_MAX: usize = 3;

/// The longest comment that is kept, in characters.
const REMARK_MAX: usize = 200;

/// A session.
#[derive(Clone)]
pub struct Session<H> {
    settings: Arc<AteraSettings>,
    client: Client<H>,
}

impl<H: Host> Session<H> {
    /// A session over a client. Nothing is called yet.
    pub fn new(settings: AteraSettings, client: Client<H>) -> Self {
        Self { settings: Arc::new(settings), client: client.paced(atera::RATE) }
    }

    /// The settings.
    pub fn settings(&self) -> &AteraSettings {
        &self.settings
    }

    /// A ticket with the latest of its public comments.
    pub async fn facts(&self, counter: &Counter, id: &str) -> Result<Facts, CallFailure> {
        let own = |response: &HttpResponse| {
            let ticket = atera::read_ticket(response)?;
            // A card must not show what its approver is not asked about.
            if ticket.id == id { Ok(ticket) } else { Err(other_ticket()) }
        };
        let ticket = self.client.read(counter, self.calls().ticket(id), own).await?;
        let mut comments = self.comments(counter, id).await?;
        comments.retain(|comment| !comment.internal && !comment.text.is_empty());
        comments.sort_by_key(|comment| std::cmp::Reverse(comment.at));
        let thread = comments.iter().take(THREAD_MAX).map(|comment| Remark {
            by: comment.by.as_ref().and_then(Person::label).map(str::to_owned),
            text: truncate(&comment.text, REMARK_MAX).into_owned(),
        });
        Ok(Facts { ticket, thread: thread.collect() })
    }

    /// Writes an outcome into its ticket, where it does not stand there yet: an earlier attempt may have got through
    /// although its answer was lost. The field first, because setting it twice changes nothing. What is wrong with the
    /// field does not keep the note from being written, and comes back.
    pub async fn write_back(&self, counter: &Counter, id: &str, note: &Note) -> Result<Option<CallError>, CallFailure> {
        let mut problem = None;
        if let Some(field) = &self.settings.status_field {
            match self.write(counter, self.calls().set_field(id, field, note.outcome)).await {
                Err(CallFailure::Failed(error @ CallError::Permanent { .. })) => problem = Some(error),
                other => other?,
            }
        }
        if let Some(technician) = &self.settings.technician
            && !atera::holds(&self.comments(counter, id).await?, &note.marker)
        {
            self.write(counter, self.calls().add_note(id, technician, &note.text, note.at)).await?;
        }
        Ok(problem)
    }

    async fn comments(&self, counter: &Counter, id: &str) -> Result<Vec<Comment>, CallFailure> {
        let mut comments = Vec::new();
        for page in 1..=PAGES_MAX {
            let read = self.client.read(counter, self.calls().comments(id, page), atera::read_comments).await?;
            comments.extend(read.items);
            if !read.more {
                break;
            }
        }
        Ok(comments)
    }

    async fn write(&self, counter: &Counter, request: HttpRequest) -> Result<(), CallFailure> {
        let method = request.method;
        let response = self.client.once(counter, &request).await?;
        Ok(atera::read_written(method, &response)?)
    }

    fn calls(&self) -> Calls<'_> {
        Calls::new(&self.settings.base_url, self.settings.api_key.reveal())
    }
}

fn other_ticket() -> CallError {
    let message = "the answer is about another ticket than the one that was asked for".to_owned();
    CallError::Permanent { code: "UNREADABLE", message }
}
