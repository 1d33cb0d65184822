//! A help desk with one request that one person has to approve, and a Moveworks that takes everything. In front of it
//! an input may put answers of its own; each is given once, to the next call, or with a header [`FOR`] to the next call
//! whose path ends so.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use approval_logic::http::{HttpRequest, HttpResponse, Method, TransportError};
use serde_json::{Value, json};

use crate::message;

/// The first line of an answer that never comes.
const LOST: &[u8] = b"lost";

/// The header that says which call an answer is for.
const FOR: &str = "for";

/// The vendors.
pub(crate) struct Desk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None: one that is lost on its way.
    answers: VecDeque<Option<HttpResponse>>,
    status: Option<&'static str>,
    calls: usize,
    decisions: usize,
}

impl Desk {
    /// Vendors that give these answers first.
    pub(crate) fn new(answers: &[&[u8]]) -> Self {
        let answers = answers.iter().map(|answer| (*answer != LOST).then(|| message::answer(answer))).collect();
        Self { state: Mutex::new(State { answers, ..State::default() }) }
    }

    /// How many calls came, and how many of them were decisions.
    pub(crate) fn calls(&self) -> (usize, usize) {
        let state = self.lock();
        (state.calls, state.decisions)
    }

    pub(crate) fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut state = self.lock();
        state.calls += 1;
        state.decisions += usize::from(request.method == Method::Put);
        match state.next(path(request)) {
            Some(None) => Err(TransportError::Lost("cut".to_owned())),
            Some(Some(answer)) => Ok(answer),
            None => Ok(state.well(request)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path(request: &HttpRequest) -> &str {
    request.url.split('?').next().unwrap_or_default()
}

impl State {
    /// The input's answer to a call on this path, if it has one.
    fn next(&mut self, path: &str) -> Option<Option<HttpResponse>> {
        let is_for = |answer: &Option<HttpResponse>| {
            answer.as_ref().and_then(|answer| answer.header(FOR)).is_none_or(|end| path.ends_with(end))
        };
        let at = self.answers.iter().position(is_for)?;
        self.answers.remove(at)
    }

    fn well(&mut self, request: &HttpRequest) -> HttpResponse {
        let (_, path) = path(request).split_once("/api/v3/").unwrap_or(("", ""));
        let approval = || {
            json!({
                "id": "310",
                "approver": { "id": "1", "name": "Ana Li", "email_id": "ana@corp.example" },
                "status": { "name": self.status.unwrap_or("Pending Approval") },
                "sent_on": { "value": "1764000000000" },
            })
        };
        let own = || {
            json!({
                "id": "874", "display_id": "874", "subject": "Projector", "description": "<p>Broken</p>",
                "last_updated_time": { "value": "1763999000000" },
            })
        };
        let body = match (request.method, path.split('/').collect::<Vec<_>>().as_slice()) {
            (Method::Get, ["requests"]) => json!({ "requests": [own()] }),
            (Method::Get, ["requests", "874"]) => json!({ "request": own() }),
            (Method::Get, ["requests", "874", "approval_levels"]) => {
                json!({ "approval_levels": [{ "id": "77", "level": 1, "approvals": [approval()] }] })
            }
            (Method::Get, ["requests", "874", "approval_levels", "77", "approvals"]) => {
                json!({ "approvals": [approval()] })
            }
            (Method::Get, ["requests", "874", "approval_levels", "77", "approvals", "310"]) => {
                json!({ "approval": approval() })
            }
            (Method::Put, ["requests", "874", "approval_levels", "77", "approvals", "310", verb]) => {
                self.status = Some(if verb.ends_with("approve") { "Approved" } else { "Rejected" });
                json!({})
            }
            (Method::Get, ["changes" | "releases"]) => json!({ path: [] }),
            (Method::Post, _) => json!({}),
            _ => return HttpResponse::new(404, Value::Null.to_string()),
        };
        HttpResponse::new(200, body.to_string())
    }
}
