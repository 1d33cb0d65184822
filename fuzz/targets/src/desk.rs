//! Three help desks (one has a request that one person has to approve, one such a request of its own kind, one a ticket
//! and nothing else) and a Moveworks that takes everything. In front of them an input may put answers of its own; each is given once, to the next call, or with a header [`FOR`] to the next call
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
    approved_at_zendesk: bool,
    calls: usize,
    writes: usize,
}

impl Desk {
    /// Vendors that give these answers first.
    pub(crate) fn new(answers: &[&[u8]]) -> Self {
        let answers = answers.iter().map(|answer| (*answer != LOST).then(|| message::answer(answer))).collect();
        Self { state: Mutex::new(State { answers, ..State::default() }) }
    }

    /// How many calls came, and how many of them were to change something.
    pub(crate) fn calls(&self) -> (usize, usize) {
        let state = self.lock();
        (state.calls, state.writes)
    }

    pub(crate) fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut state = self.lock();
        state.calls += 1;
        state.writes += usize::from(request.method != Method::Get);
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
        let path = path(request);
        let body = match path.split_once("/api/v") {
            Some(("https://zendesk.example", path)) => self.zendesk(request.method, path),
            Some(("https://atera.example", path)) => atera(request.method, path),
            _ => self.sdp(request),
        };
        body.map_or_else(
            || HttpResponse::new(404, Value::Null.to_string()),
            |body| HttpResponse::new(200, body.to_string()),
        )
    }

    fn sdp(&mut self, request: &HttpRequest) -> Option<Value> {
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
            _ => return None,
        };
        Some(body)
    }

    fn zendesk(&mut self, method: Method, path: &str) -> Option<Value> {
        let ticket = || json!({ "id": 5120, "subject": "Laptop", "status": "open", "requester_id": 33 });
        let ana = || json!({ "id": 901, "name": "Ana Li", "email": "ana@corp.example", "active": true });
        let status = if self.approved_at_zendesk { "approved" } else { "active" };
        let request = || {
            json!({
                "id": "01JZ", "ticket_id": 5120, "status": status, "subject": "Laptop", "message": "Model X",
                "created_at": "2025-11-24T15:00:00Z", "assignee_user": { "id": 901, "name": "Ana Li" },
            })
        };
        let body = match (method, path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
            (Method::Get, ["approval_requests"]) => json!({ "approval_requests": [request()], "meta": {} }),
            (Method::Get, [.., "approval_requests", "01JZ"]) => json!({ "approval_request": request() }),
            (Method::Get, ["users", "show_many" | "search"]) => json!({ "users": [ana()] }),
            (
                Method::Get,
                ["tickets" | "search"] | ["tickets", "show_many"] | ["users", "901", "tickets", "requested"],
            ) => {
                json!({ "tickets": [ticket()] })
            }
            (Method::Get, ["tickets", "5120"]) => json!({ "ticket": ticket() }),
            (Method::Get, ["tickets", "5120", "comments"]) => json!({ "comments": [] }),
            (Method::Post, ["uploads"]) => json!({ "upload": { "token": "aBc" } }),
            (Method::Patch, [.., "approval_requests", "01JZ", "decision"]) => {
                self.approved_at_zendesk = true;
                json!({})
            }
            (Method::Post | Method::Put, _) => json!({ "ticket": ticket() }),
            _ => return None,
        };
        Some(body)
    }
}

fn atera(method: Method, path: &str) -> Option<Value> {
    match (method, path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
        (Method::Get, ["tickets", "9"]) => Some(json!({ "TicketID": 9, "TicketTitle": "Laptop" })),
        (Method::Get, ["tickets", "9", "comments"]) => Some(json!({ "items": [], "page": 1, "totalPages": 1 })),
        (Method::Post | Method::Put, _) => Some(json!({})),
        _ => None,
    }
}
