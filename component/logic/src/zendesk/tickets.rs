//! Tickets for Moveworks' Ticket Gateway: found, read, created, changed, commented.
//!
//! Source of the rules: Zendesk API reference "Tickets", "Ticket Comments", "Attachments", "Groups", "Search" and
//! "Side-loading related records".

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value as Json, json};

use super::read::time;
use super::{Calls, classify, encoded};
use crate::approval::{Millis, is_id_segment};
use crate::gateway::{
    Attachment, Comment, Cursor, Edit, ExternalId, FieldError, InternalState, PAGE_SIZE, Profile, Requestor, Rows,
    States, Ticket, User, requestor,
};
use crate::http::{CallError, HttpRequest, HttpResponse, Method};
use crate::json::{Object, Value};
use crate::text::{clean, clean_line, truncate};

/// The longest description that is handed on.
const DESCRIPTION_MAX: usize = 8_000;

/// The longest comment that is handed on.
const COMMENT_MAX: usize = 4_000;

/// The longest one-line value that is handed on.
const LINE_MAX: usize = 300;

/// New and changed tickets may be missing from search for a few minutes (Zendesk API reference, "Search"). Younger ones
/// are looked for in the list of all tickets.
pub const INDEX_LAG: Millis = 10 * 60_000;

/// The list of all tickets is read so many pages deep, the newest first.
pub const DEPTH_MAX: u32 = 10;

/// What is part of every list: the people by their ids, with their addresses.
const WITH_PEOPLE: (&str, &str) = ("include", "users,groups");

/// Zendesk's own names. How Moveworks knows Zendesk is not published, so identities carry no system unless the operator
/// names one.
pub fn profile() -> Profile {
    let named = [
        ("short_description", "subject"),
        ("description", "comment.body"),
        ("requested_for", "requester"),
        ("assigned_to_user", "assignee"),
        ("state", "status"),
        ("group", "group_id"),
        ("priority", "priority"),
        ("type", "type"),
    ];
    Profile {
        states: States::new(&[
            ("new", InternalState::New),
            ("open", InternalState::Wip),
            ("pending", InternalState::WaitingForUser),
            ("hold", InternalState::WaitingForVendor),
            ("solved", InternalState::Resolved),
            ("closed", InternalState::Closed),
        ]),
        system: None,
        external_id: ExternalId::Email,
        resolved: "solved".to_owned(),
        reopened: "open".to_owned(),
        whole_seconds: true,
        fields: named.map(|(name, path)| (name.to_owned(), path.to_owned())).to_vec(),
        extra: Vec::new(),
        destinations: Vec::new(),
    }
}

impl Calls<'_> {
    /// One ticket.
    pub fn gateway_ticket(&self, id: &str) -> HttpRequest {
        self.get(&format!("tickets/{}", encoded(id)), &[WITH_PEOPLE])
    }

    /// A page of all tickets, those that changed last first; pages count from 1.
    pub fn newest_tickets(&self, page: u32) -> HttpRequest {
        self.newest("tickets", page)
    }

    /// A page of the tickets that a user asked for, those that changed last first; pages count from 1.
    pub fn requested_tickets(&self, user: &str, page: u32) -> HttpRequest {
        self.newest(&format!("users/{}/tickets/requested", encoded(user)), page)
    }

    fn newest(&self, path: &str, page: u32) -> HttpRequest {
        let (page, size) = (page.to_string(), PAGE_SIZE.to_string());
        let sorted =
            [("sort_by", "updated_at"), ("sort_order", "desc"), ("per_page", &size), ("page", &page), WITH_PEOPLE];
        self.get(path, &sorted)
    }

    /// A page of tickets that changed from a cursor on until `end`, by their last update.
    pub fn search_tickets(&self, cursor: &Cursor, end: Millis) -> HttpRequest {
        let query = format!("type:ticket updated>={} updated<={}", second(cursor.from), second(end));
        let page = (cursor.skip / u64::from(PAGE_SIZE) + 1).to_string();
        let size = PAGE_SIZE.to_string();
        self.get(
            "search",
            &[
                ("query", &query),
                ("sort_by", "updated_at"),
                ("sort_order", "asc"),
                ("per_page", &size),
                ("page", &page),
                ("include", "tickets(users,groups)"),
            ],
        )
    }

    /// The groups that tickets can be assigned to; pages count from 1.
    pub fn assignable_groups(&self, page: u32) -> HttpRequest {
        let (page, size) = (page.to_string(), PAGE_SIZE.to_string());
        self.get("groups/assignable", &[("per_page", &size), ("page", &page)])
    }

    /// The comments of a ticket.
    pub fn ticket_comments(&self, id: &str) -> HttpRequest {
        self.get(&format!("tickets/{}/comments", encoded(id)), &[("include", "users")])
    }

    /// A new ticket.
    pub fn create_ticket(&self, profile: &Profile, edit: &Edit) -> HttpRequest {
        self.send(Method::Post, "tickets", &json!({ "ticket": written(profile, edit) }))
    }

    /// Changes a ticket.
    pub fn update_ticket(&self, profile: &Profile, id: &str, edit: &Edit) -> HttpRequest {
        self.send(Method::Put, &format!("tickets/{}", encoded(id)), &json!({ "ticket": written(profile, edit) }))
    }

    /// Adds a comment, with files that were uploaded before.
    pub fn add_comment(&self, id: &str, text: &str, public: bool, uploads: &[String]) -> HttpRequest {
        let mut comment = json!({ "body": text, "public": public });
        if let Some(comment) = comment.as_object_mut().filter(|_| !uploads.is_empty()) {
            comment.insert("uploads".to_owned(), json!(uploads));
        }
        self.send(Method::Put, &format!("tickets/{}", encoded(id)), &json!({ "ticket": { "comment": comment } }))
    }

    /// Uploads a file; it waits to be put on a ticket by [`Calls::add_comment`].
    pub fn upload(&self, file: &Attachment) -> HttpRequest {
        let url = format!("{}?filename={}", self.url("uploads"), encoded(file.name()));
        let mut request = self.let_in(HttpRequest::new(Method::Post, url)).header("content-type", "application/binary");
        request.file = Some(file.part(Vec::new()));
        request
    }
}

/// Whether fields can be written to a ticket that is there: its description is its first comment, which stays as it is.
pub fn check_update(edit: &Edit) -> Result<(), FieldError> {
    match edit.get("comment.body") {
        None => Ok(()),
        Some(_) => {
            Err(FieldError::Value("description".to_owned(), "nothing: Zendesk keeps it as it is; add a comment"))
        }
    }
}

/// Reads one ticket.
pub fn read_ticket(profile: &Profile, response: &HttpResponse) -> Result<Ticket, CallError> {
    let body = classify(Method::Get, response)?;
    let row = body.get("ticket").and_then(Value::as_object);
    row.and_then(|row| ticket(profile, &body, row)).ok_or_else(|| odd("the reply holds no ticket"))
}

/// Reads a page of tickets, of a list or of a search.
pub fn read_tickets(profile: &Profile, response: &HttpResponse) -> Result<Rows, CallError> {
    let body = classify(Method::Get, response)?;
    let rows = body.get("tickets").or_else(|| body.get("results")).and_then(Value::as_array);
    let rows = rows.ok_or_else(|| odd("the reply holds no tickets"))?;
    let others = |row: &&Object| row.get("result_type").is_none_or(|kind| kind.as_str() == Some("ticket"));
    let tickets = rows.iter().filter_map(Value::as_object).filter(others);
    let tickets = tickets.filter_map(|row| ticket(profile, &body, row)).collect();
    // Only that there is one counts; where it leads is never followed.
    let more = body.get("next_page").is_some_and(|next| next.as_str().is_some());
    Ok(Rows { tickets, count: u64::try_from(rows.len()).unwrap_or(u64::MAX), more })
}

/// The id of the group with a name, and whether there are more groups behind these.
pub fn read_group_id(name: &str, response: &HttpResponse) -> Result<(Option<String>, bool), CallError> {
    let body = classify(Method::Get, response)?;
    let groups = body.get("groups").and_then(Value::as_array).ok_or_else(|| odd("the reply holds no groups"))?;
    let wanted = name.trim().to_lowercase();
    let own = |group: &&Value| line(group.get("name")).is_some_and(|name| name.to_lowercase() == wanted);
    let more = body.get("next_page").is_some_and(|next| next.as_str().is_some());
    Ok((groups.iter().find(own).and_then(|group| id(group.get("id"))), more))
}

/// Reads the comments of a ticket, oldest first, without the first one, which is its description.
pub fn read_comments(response: &HttpResponse) -> Result<Vec<Comment>, CallError> {
    let body = classify(Method::Get, response)?;
    let rows = body.get("comments").and_then(Value::as_array).ok_or_else(|| odd("the reply holds no comments"))?;
    let mut comments: Vec<Comment> = rows
        .iter()
        .filter_map(Value::as_object)
        .map(|row| Comment {
            text: plain(row.get("plain_body").or_else(|| row.get("body")), COMMENT_MAX).unwrap_or_default(),
            public: row.get("public").and_then(Value::as_bool).unwrap_or(false),
            author: user(&body, row.get("author_id")),
            created_at: time(row.get("created_at")),
        })
        .collect();
    comments.sort_by_key(|comment| comment.created_at);
    Ok(comments.into_iter().skip(1).filter(|comment| !comment.text.is_empty()).collect())
}

/// The id of the ticket that was created.
pub fn read_created(response: &HttpResponse) -> Result<String, CallError> {
    let body = classify(Method::Post, response)?;
    let created = id(body.get("ticket").and_then(|ticket| ticket.get("id")));
    let lost =
        || CallError::Unknown { code: "UNREADABLE", message: "the reply does not say what was created".to_owned() };
    created.ok_or_else(lost)
}

/// The token of a file that was uploaded.
pub fn read_upload(response: &HttpResponse) -> Result<String, CallError> {
    let body = classify(Method::Post, response)?;
    let token = body.get("upload").and_then(|upload| upload.get("token")).and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| odd("the reply holds no upload token"))
}

fn ticket(profile: &Profile, body: &Value, row: &Object) -> Option<Ticket> {
    let own = id(row.get("id"))?;
    let mut custom = vec![("source".to_owned(), "zendesk".to_owned())];
    let group = row.get("group_id").and_then(|group| sideloaded(body, "groups", group));
    let facts = [
        ("priority", line(row.get("priority"))),
        ("type", line(row.get("type"))),
        ("group", group.and_then(|group| line(group.get("name")))),
        ("group_id", id(row.get("group_id"))),
    ];
    let also = profile.read_also().map(|(name, path)| (name, value_at(row, path)));
    for (name, value) in facts.into_iter().chain(also) {
        let known = custom.iter().any(|(own, _)| own == name);
        if let Some(value) = value.filter(|_| !known) {
            custom.push((name.to_owned(), value));
        }
    }
    let created_at = time(row.get("created_at"));
    Some(Ticket {
        number: own.clone(),
        id: own,
        state: line(row.get("status")),
        title: line(row.get("subject")),
        description: plain(row.get("description"), DESCRIPTION_MAX),
        created_by: user(body, row.get("submitter_id")),
        requested_for: user(body, row.get("requester_id")),
        assigned_to: user(body, row.get("assignee_id")),
        created_at,
        updated_at: time(row.get("updated_at")).or(created_at),
        custom,
        ..Ticket::default()
    })
}

/// A person by id, with what came beside the tickets.
fn user(body: &Value, value: Option<&Value>) -> Option<User> {
    let own = id(value)?;
    let known = value.and_then(|value| sideloaded(body, "users", value));
    let of = |name: &str| known.and_then(|user| line(user.get(name)));
    Some(User { name: of("name"), email: of("email"), id: Some(own) })
}

fn sideloaded<'a>(body: &'a Value<'a>, list: &str, own: &Value) -> Option<&'a Value<'a>> {
    let wanted = id(Some(own))?;
    let rows = body.get(list).and_then(Value::as_array)?;
    rows.iter().find(|row| id(row.get("id")).as_deref() == Some(&wanted))
}

/// A field as one line of text. Custom fields are a list of `{id, value}`; here they are named by their ids.
fn value_at(row: &Object, path: &str) -> Option<String> {
    let value = match path.split_once('.') {
        Some(("custom_fields", field)) => {
            let fields = row.get("custom_fields").and_then(Value::as_array)?;
            fields.iter().find(|own| id(own.get("id")).as_deref() == Some(field))?.get("value")?
        }
        Some((outer, inner)) => row.get(outer)?.get(inner)?,
        None => row.get(path)?,
    };
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => {
            let all: Vec<String> = values.iter().filter_map(|value| line(Some(value))).collect();
            (!all.is_empty()).then(|| truncate(&all.join(", "), LINE_MAX).into_owned())
        }
        _ => line(Some(value)),
    }
}

/// What is written of a ticket, each value in the form in which Zendesk takes it.
fn written(profile: &Profile, edit: &Edit) -> Json {
    let mut plain = Edit::default();
    let mut custom = Vec::new();
    for (path, value) in &edit.0 {
        match (path.as_str(), path.strip_prefix("custom_fields.")) {
            (_, Some(field)) => {
                custom
                    .push(json!({ "id": field.parse::<u64>().map_or(Json::from(field), Json::from), "value": value }));
            }
            ("requester" | "assignee", _) => match requestor(value, profile.system.as_ref()) {
                Some(Requestor::Id(user)) => plain.fill(&format!("{path}_id"), number(&user)),
                Some(Requestor::Email(address)) if path == "assignee" => plain.fill("assignee_email", address),
                // The person is created where nobody has the address; a name is wanted then.
                Some(Requestor::Email(address)) => {
                    plain.fill("requester", json!({ "name": full_name(value).unwrap_or(&address), "email": address }));
                }
                None => plain.fill(path, value.clone()),
            },
            ("status", _) => {
                let state = value.as_str().map(|state| profile.external_state(state).to_lowercase());
                plain.fill(path, state.map_or_else(|| value.clone(), Json::from));
            }
            ("priority" | "type", _) => {
                let word = value.as_str().map(|word| word.trim().to_lowercase());
                plain.fill(path, word.map_or_else(|| value.clone(), Json::from));
            }
            ("group_id", _) => plain.fill(path, value.as_str().map_or_else(|| value.clone(), number)),
            _ => plain.fill(path, value.clone()),
        }
    }
    if !custom.is_empty() {
        plain.fill("custom_fields", custom);
    }
    plain.to_object(|_, value| value.clone())
}

fn full_name(value: &Json) -> Option<&str> {
    let user = value.get("requestor_info").unwrap_or(value);
    let user = user.get("requestor").filter(|user| user.is_object()).unwrap_or(user);
    user.get("full_name").and_then(Json::as_str)
}

/// An id as the number that Zendesk has in JSON.
fn number(id: &str) -> Json {
    id.trim().parse::<u64>().map_or_else(|_| id.into(), Json::from)
}

/// An id: a number written out, or text. None where it could not enter a path as it is.
fn id(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => return None,
    };
    is_id_segment(&text).then_some(text)
}

fn line(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => clean_line(text),
        Value::Number(number) => number.to_string().into(),
        _ => return None,
    };
    (!text.is_empty()).then(|| truncate(&text, LINE_MAX).into_owned())
}

fn plain(value: Option<&Value>, max: usize) -> Option<String> {
    let text = clean(value?.as_str()?);
    (!text.is_empty()).then(|| truncate(&text, max).into_owned())
}

/// A time as search takes it. Zendesk's own times are whole seconds.
fn second(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn odd(why: &str) -> CallError {
    CallError::Permanent { code: "UNREADABLE", message: why.to_owned() }
}
