//! Every call that came in, without its secrets.

use super::wire::Via;
use serde_json::Value;
use std::collections::VecDeque;

/// Whose address a call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// ServiceDesk Plus.
    Sdp,
    /// Zoho accounts.
    Zoho,
    /// Zendesk.
    Zendesk,
    /// Moveworks.
    Moveworks,
    /// Atera.
    Atera,
    /// Nobody's.
    Unknown,
}

/// What the credential of a call was worth when it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There was none.
    Missing,
    /// It is the right one.
    Right,
    /// It was right once.
    Expired,
    /// It never was.
    Wrong,
}

/// The credential of a call: its scheme and worth, never itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// `Zoho-oauthtoken`, `Bearer`, `authtoken`, `Authorization: authtoken`, `form` …; empty if there was none.
    pub scheme: String,
    /// What it was worth.
    pub verdict: Verdict,
}

impl Auth {
    pub(crate) fn new(scheme: &str, verdict: Verdict) -> Self {
        Self { scheme: scheme.to_owned(), verdict }
    }
}

/// What a call changed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Effect {
    /// Nothing.
    #[default]
    Nothing,
    /// An access token was handed out.
    TokenIssued,
    /// An approval was answered.
    Decided {
        /// The bridge's id of it.
        id: String,
        /// Yes or no.
        approved: bool,
    },
    /// A new approval request was made at Zendesk.
    Asked {
        /// Its own id.
        id: String,
    },
    /// A comment was added to this ticket of Atera.
    Noted(String),
    /// A custom field of this ticket of Atera was set.
    FieldSet(String),
    /// Moveworks took a message: its place in `World::sent_messages`.
    Message(usize),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Not yet.
    InFlight,
    /// With this status.
    Status(u16),
    /// The connection ended without an answer, as a fault asked for.
    Dropped,
    /// The caller went away first.
    Abandoned,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// 1, 2, 3 … in order of arrival.
    pub number: u64,
    /// When it came in, epoch milliseconds.
    pub at: i64,
    /// Whose address it was for.
    pub vendor: Vendor,
    /// The method.
    pub method: String,
    /// The host it was sent to.
    pub host: String,
    /// The path, still encoded, without the query.
    pub path: String,
    /// `input_data` or a JSON body, decoded; other forms with their secrets replaced.
    pub input: Option<Value>,
    /// How the input came.
    pub via: Via,
    /// The credential.
    pub auth: Auth,
    /// The address of the person that the credential names; empty where it names nobody.
    pub person: String,
    /// The `Accept` header.
    pub accept: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// Whether there was an `X-Signature`.
    pub signed: bool,
    /// How it ended.
    pub ending: Ending,
    /// What it changed.
    pub effect: Effect,
    /// Whether a scripted fault or a rate limit struck it.
    pub struck: bool,
}

impl Call {
    /// The status, if it ended with one.
    pub fn status(&self) -> Option<u16> {
        if let Ending::Status(status) = self.ending { Some(status) } else { None }
    }

    fn is(&self, method: &str, part: &str) -> bool {
        (method.is_empty() || method == "*" || self.method == method) && self.path.contains(part)
    }
}

/// A place in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// Every call, and how many were under way at once.
#[derive(Debug, Default)]
pub struct Journal {
    calls: VecDeque<Call>,
    last: u64,
    capacity: Option<usize>,
    in_flight: usize,
    max_in_flight: usize,
}

impl Journal {
    /// Every call that is kept, in order of arrival.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }

    /// Calls by method (`""` or `"*"`: any) and part of the path.
    pub fn matching<'a>(&'a self, method: &'a str, part: &'a str) -> impl DoubleEndedIterator<Item = &'a Call> {
        self.calls.iter().filter(move |call| call.is(method, part))
    }

    /// How many calls there were by method (`""` or `"*"`: any) and part of the path.
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.matching(method, part).count()
    }

    /// How many calls came in all, kept or not.
    pub fn total(&self) -> u64 {
        self.last
    }

    /// Here: for [`since`](Self::since).
    pub fn mark(&self) -> Mark {
        Mark(self.last)
    }

    /// Calls that came after a mark.
    pub fn since(&self, mark: Mark) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.number > mark.0)
    }

    /// The most calls that were under way at once.
    pub fn max_in_flight(&self) -> usize {
        self.max_in_flight
    }

    /// How many calls are under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Keeps only so many calls, the newest; none keeps all. For load tests.
    pub fn keep(&mut self, capacity: Option<usize>) {
        self.capacity = capacity;
        self.trim();
    }

    /// Forgets the calls and the maximum; numbers go on.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.max_in_flight = self.in_flight;
    }

    pub(crate) fn arrive(&mut self, mut call: Call) -> u64 {
        self.last += 1;
        call.number = self.last;
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        self.calls.push_back(call);
        self.trim();
        self.last
    }

    pub(crate) fn update(&mut self, number: u64, change: impl FnOnce(&mut Call)) {
        let Some(first) = self.calls.front().map(|call| call.number) else { return };
        let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some(call) = at.and_then(|at| self.calls.get_mut(at)) {
            change(call);
        }
    }

    pub(crate) fn end(&mut self, number: u64, ending: Ending) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.update(number, |call| call.ending = ending);
    }

    fn trim(&mut self) {
        let Some(capacity) = self.capacity else { return };
        while self.calls.len() > capacity {
            self.calls.pop_front();
        }
    }
}
