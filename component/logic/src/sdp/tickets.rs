//! Requests as tickets for Moveworks' Ticket Gateway: found, read, created, changed, commented.
//!
//! Source of the rules: ManageEngine "ServiceDesk Plus Cloud API v3", Requests, Request notes and Search criteria. Notes and
//! uploads are as clients of real instances send them.

use serde_json::{Value as Json, json};

use super::envelope::classify;
use super::fields::{self, Row};
use super::read::{object, odd, one, rows};
use super::status::StatusNames;
use super::{Calls, PAGE_SIZE, segment};
use crate::approval::Status;
use crate::gateway::{
    Attachment, Comment, Cursor, Edit, ExternalId, InternalState, Profile, Requestor, Rows, States, System, Ticket,
    User, Window, requestor,
};
use crate::http::{CallError, HttpRequest, HttpResponse, Method};
use crate::json::Value;
use crate::signature::hmac_sha256_hex;
use crate::text::{html_to_text, truncate};

/// The longest description that is handed on.
const DESCRIPTION_MAX: usize = 8_000;

/// The longest note that is handed on.
const COMMENT_MAX: usize = 4_000;

/// The longest value of a tenant's own field that is handed on.
const VALUE_MAX: usize = 300;

/// The columns that a list is asked for.
const COLUMNS: [&str; 14] = [
    "id",
    "display_id",
    "subject",
    "description",
    "requester",
    "created_by",
    "technician",
    "group",
    "category",
    "priority",
    "status",
    "approval_status",
    "created_time",
    "last_updated_time",
];

/// References whose names are facts of a ticket.
const FACTS: [&str; 8] =
    ["priority", "group", "category", "subcategory", "template", "site", "department", "approval_status"];

/// Fields that name an entry of a list of the product, as `{"name"}`.
const REFERENCES: [&str; 15] = [
    "category",
    "department",
    "group",
    "impact",
    "item",
    "level",
    "mode",
    "priority",
    "request_type",
    "service_category",
    "site",
    "status",
    "subcategory",
    "template",
    "urgency",
];

/// Fields that name a user.
const PEOPLE: [&str; 3] = ["on_behalf_of", "requester", "technician"];

/// The product's own names, and how Moveworks' documentation knows it.
pub fn profile() -> Profile {
    let same =
        ["category", "group", "impact", "item", "mode", "priority", "site", "subcategory", "template", "urgency"];
    let named = [
        ("short_description", "subject"),
        ("description", "description"),
        ("requested_for", "requester"),
        ("assigned_to_user", "technician"),
        ("state", "status"),
        ("close_notes", "resolution.content"),
    ];
    let pair = |(name, path): (&str, &str)| (name.to_owned(), path.to_owned());
    Profile {
        states: States::new(&[
            ("Open", InternalState::New),
            ("Assigned", InternalState::Wip),
            ("In Progress", InternalState::Wip),
            ("On Hold", InternalState::WaitingForUser),
            ("Onhold", InternalState::WaitingForUser),
            ("Resolved", InternalState::Resolved),
            ("Closed", InternalState::Closed),
            ("Cancelled", InternalState::Closed),
        ]),
        system: Some(System { name: "MANAGE_ENGINE".to_owned(), integration_id: "manage_engine".to_owned() }),
        external_id: ExternalId::Email,
        resolved: "Resolved".to_owned(),
        reopened: "Open".to_owned(),
        whole_seconds: false,
        fields: named.into_iter().chain(same.into_iter().map(|name| (name, name))).map(pair).collect(),
        extra: Vec::new(),
        destinations: Vec::new(),
    }
}

/// Which requests a list asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketQuery<'a> {
    /// When they last changed.
    pub window: &'a Window,
    /// Where the page begins.
    pub cursor: &'a Cursor,
    /// Whose they are.
    pub requestor: Option<&'a Requestor>,
    /// Whether the time is part of the criteria. Some on-premises builds refuse it beside another criterion; then the
    /// newest requests of the person are asked for, and the time is looked at afterwards.
    pub dated: bool,
}

impl Calls<'_> {
    /// A page of requests by their last update. One criterion for both ends: some builds refuse two dates. It reaches one
    /// millisecond further on both sides, because whether `between` includes its ends is not documented.
    pub fn search_requests(&self, profile: &Profile, query: &TicketQuery<'_>) -> HttpRequest {
        let TicketQuery { window, cursor, requestor, dated } = query;
        let mut criteria = Vec::new();
        if *dated {
            let ends = [cursor.from.saturating_sub(1), window.end.saturating_add(1)];
            criteria.push(json!({
                "field": "last_updated_time",
                "condition": "between",
                "values": ends.map(|end| end.to_string()),
            }));
        }
        if let Some(requestor) = requestor {
            let (field, value) = match requestor {
                Requestor::Id(id) => ("requester.id", id),
                Requestor::Email(address) => ("requester.email_id", address),
            };
            let mut criterion = json!({ "field": field, "condition": "is", "value": value });
            if *dated && let Some(criterion) = criterion.as_object_mut() {
                criterion.insert("logical_operator".to_owned(), "AND".into());
            }
            criteria.push(criterion);
        }
        self.get(
            "requests",
            Some(&json!({ "list_info": {
            "row_count": PAGE_SIZE,
            "start_index": if *dated { cursor.skip.saturating_add(1) } else { 1 },
            "sort_field": "last_updated_time",
            "sort_order": if *dated { "asc" } else { "desc" },
            "fields_required": columns(profile),
            "search_criteria": criteria,
        } })),
        )
    }

    /// The request with the number that people know. In the cloud it is not the id.
    pub fn request_by_number(&self, number: &str) -> HttpRequest {
        self.get(
            "requests",
            Some(&json!({ "list_info": {
            "row_count": 2,
            "start_index": 1,
            "fields_required": ["id", "display_id"],
            "search_criteria": [{ "field": "display_id", "condition": "is", "value": number }],
        } })),
        )
    }

    /// One request.
    pub fn request(&self, id: &str) -> HttpRequest {
        self.get(&path(id, ""), None)
    }

    /// The notes of a request.
    pub fn notes(&self, id: &str) -> HttpRequest {
        self.get(&path(id, "/notes"), Some(&super::sub_list(1)))
    }

    /// A new request.
    pub fn create_request(&self, profile: &Profile, edit: &Edit) -> HttpRequest {
        self.send(Method::Post, "requests", &json!({ "request": written(profile, edit) }))
    }

    /// Changes a request.
    pub fn update_request(&self, profile: &Profile, id: &str, edit: &Edit) -> HttpRequest {
        self.send(Method::Put, &path(id, ""), &json!({ "request": written(profile, edit) }))
    }

    /// Adds a note. Its key is `note` in the cloud and in current builds; older on-premises builds know `request_note`.
    pub fn add_note(&self, id: &str, text: &str, public: bool, old_key: bool) -> HttpRequest {
        let key = if old_key { "request_note" } else { "note" };
        let note = json!({ "description": to_html(text), "show_to_requester": public });
        self.send(Method::Post, &path(id, "/notes"), &json!({ key: note }))
    }

    /// Adds a file.
    pub fn upload(&self, id: &str, file: &Attachment) -> HttpRequest {
        // No file holds its own keyed hash.
        let mark = hmac_sha256_hex(b"approval-bridge boundary", file.base64().as_bytes());
        let boundary = format!("bridge-{}", mark.get(..32).unwrap_or_default());
        let before = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"input_file\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            file.name()
        );
        let request = self.let_in(HttpRequest::new(Method::Put, self.url(&path(id, "/upload"))));
        let mut request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        request.body = before.into_bytes();
        request.file = Some(file.part(format!("\r\n--{boundary}--\r\n").into_bytes()));
        request
    }
}

/// Reads a page of requests.
pub fn read_tickets(profile: &Profile, names: &StatusNames, response: &HttpResponse) -> Result<Rows, CallError> {
    let body = classify(Method::Get, response)?;
    let read = |row| object(row).and_then(|row| ticket(profile, names, row)).ok();
    let rows = rows(&body, "requests")?;
    let info = body.get("list_info");
    let more = fields::flag(info.and_then(|info| info.get("has_more_rows"))).unwrap_or(false);
    Ok(Rows { tickets: rows.iter().filter_map(read).collect(), count: count(rows), more })
}

/// Reads one request.
pub fn read_ticket(profile: &Profile, names: &StatusNames, response: &HttpResponse) -> Result<Ticket, CallError> {
    let body = classify(Method::Get, response)?;
    one(&body, "request").and_then(|row| ticket(profile, names, row)).map_err(odd)
}

/// The id of the request with a number; none: there is no such request, or the number is not that of one alone.
pub fn read_number(number: &str, response: &HttpResponse) -> Result<Option<String>, CallError> {
    let body = classify(Method::Get, response)?;
    let rows = rows(&body, "requests")?.iter().filter_map(|row| object(row).ok());
    // An instance that does not know the criterion gives anything.
    let own: Vec<_> = rows.filter(|row| fields::line(row.get("display_id")).as_deref() == Some(number)).collect();
    match own.as_slice() {
        [row] => fields::id(row).map(Some).map_err(odd),
        _ => Ok(None),
    }
}

/// The id of the request that was created.
pub fn read_created(response: &HttpResponse) -> Result<String, CallError> {
    let body = classify(Method::Post, response)?;
    one(&body, "request").and_then(fields::id).map_err(|why| CallError::Unknown { code: "UNREADABLE", message: why })
}

/// Whether a write was taken. What it led to is read back.
pub fn read_written(method: Method, response: &HttpResponse) -> Result<(), CallError> {
    if response.is_success() && response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    classify(method, response).map(drop)
}

/// Reads the notes of a request, oldest first.
pub fn read_notes(response: &HttpResponse) -> Result<Vec<Comment>, CallError> {
    let body = classify(Method::Get, response)?;
    let name = if body.get("notes").is_some() { "notes" } else { "request_notes" };
    let notes = rows(&body, name)?.iter().filter_map(|row| object(row).ok()).map(|row| Comment {
        text: plain(row.get("description"), COMMENT_MAX).unwrap_or_default(),
        public: fields::flag(row.get("show_to_requester")).unwrap_or(false),
        author: user(row.get("created_by")),
        created_at: fields::time(row.get("created_time")),
    });
    let mut notes: Vec<Comment> = notes.filter(|note| !note.text.is_empty()).collect();
    notes.sort_by_key(|note| note.created_at);
    Ok(notes)
}

fn ticket(profile: &Profile, names: &StatusNames, row: &Row) -> Result<Ticket, String> {
    let id = fields::id(row)?;
    let approval = fields::name(row.get("approval_status"));
    let mut custom = vec![("source".to_owned(), "sdp".to_owned())];
    let facts = FACTS.into_iter().map(|name| (name, name));
    for (name, path) in facts.chain(profile.read_also()) {
        let known = custom.iter().any(|(own, _)| own == name);
        if let Some(value) = value_at(row, path).filter(|_| !known) {
            custom.push((name.to_owned(), value));
        }
    }
    let resolution = row.get("resolution");
    let closure = row.get("closure_info");
    Ok(Ticket {
        number: fields::line(row.get("display_id")).unwrap_or_else(|| id.clone()),
        id,
        state: fields::name(row.get("status")),
        title: fields::line(row.get("subject")),
        description: plain(row.get("description").or_else(|| row.get("short_description")), DESCRIPTION_MAX),
        created_by: user(row.get("created_by")),
        updated_by: user(row.get("last_updated_by").or_else(|| row.get("updated_by"))),
        requested_for: user(row.get("on_behalf_of")).or_else(|| user(row.get("requester"))),
        assigned_to: user(row.get("technician")),
        resolved_by: user(resolution.and_then(|resolution| resolution.get("submitted_by"))),
        close_notes: plain(resolution.and_then(|resolution| resolution.get("content")), COMMENT_MAX),
        close_code: fields::name(closure.and_then(|closure| closure.get("closure_code"))),
        created_at: fields::time(row.get("created_time")),
        updated_at: fields::time(row.get("last_updated_time")).or_else(|| fields::time(row.get("created_time"))),
        url: None,
        waits_for_approval: approval.is_some_and(|name| names.read(&name) == Status::Pending),
        custom,
        comments: None,
    })
}

fn count(rows: &[Value]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

fn columns(profile: &Profile) -> Vec<&str> {
    let mut columns = COLUMNS.to_vec();
    for (_, path) in profile.read_also() {
        let column = path.split('.').next().unwrap_or_default();
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// A field as one line of text; of a reference its name.
fn value_at(row: &Row, path: &str) -> Option<String> {
    let mut parts = path.split('.');
    let mut value = row.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    let text = match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => {
            let names: Vec<String> = values.iter().filter_map(|value| fields::name(Some(value))).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        _ => fields::name(Some(value)),
    };
    text.map(|text| truncate(&text, VALUE_MAX).into_owned())
}

fn user(value: Option<&Value>) -> Option<User> {
    let person = fields::person(value);
    let id = value.and_then(Value::as_object).and_then(|user| fields::id(user).ok());
    if person.is_none() && id.is_none() {
        return None;
    }
    let (name, email) = person.map_or((None, None), |person| (person.name, person.email));
    Some(User { id, name, email })
}

fn plain(html: Option<&Value>, max: usize) -> Option<String> {
    let text = html_to_text(html?.as_str()?);
    (!text.is_empty()).then(|| truncate(&text, max).into_owned())
}

/// What is written of a request, each value in the form in which the product takes it.
fn written(profile: &Profile, edit: &Edit) -> Json {
    edit.to_object(|path, value| {
        if PEOPLE.contains(&path) {
            return match (requestor(value, profile.system.as_ref()), value) {
                (Some(Requestor::Email(address)), _) => json!({ "email_id": address }),
                (Some(Requestor::Id(id)), _) if id.bytes().all(|byte| byte.is_ascii_digit()) => json!({ "id": id }),
                (_, Json::String(name)) => json!({ "name": name.trim() }),
                _ => value.clone(),
            };
        }
        match value {
            Json::String(name) if path == "status" => json!({ "name": profile.external_state(name) }),
            Json::String(name) if REFERENCES.contains(&path) => json!({ "name": name.trim() }),
            Json::String(text) if matches!(path, "description" | "resolution.content") => to_html(text).into(),
            _ => value.clone(),
        }
    })
}

/// A text as the HTML that descriptions and notes are kept in. What it says is shown, none of it is obeyed.
fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            c => html.push(c),
        }
    }
    html
}

fn path(id: &str, below: &str) -> String {
    format!("requests/{}{below}", segment(id))
}
