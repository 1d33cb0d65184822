//! The Ticket Gateway: what callers ask for, and what the help desks answer to it.

use approval_logic::approval::is_id_segment;
use approval_logic::gateway::{
    Attachment, Comment, Cursor, Edit, PAGE_SIZE, Profile, RateLimit, Requestor, Rows, Ticket, User, Window,
    first_rows, page, requestor, written,
};
use approval_logic::http::{CallError, HttpRequest, Method};
use approval_logic::sdp::{self, StatusNames};
use approval_logic::zendesk;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::{message, rules};

/// 2025-11-24T16:00:00Z.
const NOW: i64 = 1_764_000_000_000;

const BASE_URL: &str = "https://desk.corp.example";

/// Files are tried at this size and at a smaller one.
const FILE_MAX: usize = 700 * 1024;

/// The longest text of a ticket or comment.
const TEXT_MAX: usize = 8_000;

fn read<T>(result: Result<T, CallError>) -> Option<T> {
    result.inspect_err(rules::error).ok()
}

/// First bound, last bound and cursor of a list, one on each line; what is missing is not there.
pub fn gateway_window(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let (start, end, cursor) = (lines.next(), lines.next(), lines.next());
    let Ok(window) = Window::read(start, end, NOW) else { return };
    for window in [window, window.in_seconds()] {
        assert!(0 <= window.start && window.start <= window.end, "{window:?}");
        let (start, end) = (written(window.start), written(window.end));
        assert_eq!(Window::read(Some(&start), Some(&end), NOW), Ok(window), "what is written is read the same");
        let Some(cursor) = cursor.and_then(|cursor| Cursor::read(cursor, &window)) else { continue };
        assert!(window.holds(cursor.from), "{cursor:?} leaves {window:?}");
        assert_eq!(Cursor::read(&cursor.write(), &window), Some(cursor));
    }
}

/// A body of create or update, of each help desk, with everything that may be in it.
pub fn gateway_payload(input: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(input) else { return };
    attachment(&body);
    let sdp_key = sdp::Credential::Authtoken("key".to_owned());
    let zendesk_key = zendesk::Credential { email: "admin@corp.example".to_owned(), api_token: "key".to_owned() };
    let sdp = sdp::Calls::new(BASE_URL, &sdp_key);
    let zendesk = zendesk::Calls::new(BASE_URL, &zendesk_key);
    for profile in [sdp::tickets::profile(), zendesk::tickets::profile()] {
        match requestor(&body, profile.system.as_ref()) {
            Some(Requestor::Id(id)) => assert!(is_id_segment(&id), "{id:?}"),
            Some(Requestor::Email(address)) => assert!(address.contains('@') && !address.contains(char::is_whitespace)),
            None => {}
        }
        let Some(Ok(edit)) = body.as_object().map(|fields| Edit::read(&profile, fields)) else { continue };
        assert!(!edit.0.is_empty());
        let known = |path: &String| profile.fields.iter().any(|(_, own)| own == path);
        assert!(edit.0.iter().all(|(path, value)| known(path) && !value.is_null()), "{edit:?}");
        let id = body.get("id").and_then(Value::as_str).unwrap_or("874");
        let calls = [
            sdp.create_request(&profile, &edit),
            sdp.update_request(&profile, id, &edit),
            sdp.add_note(id, id, true, false),
            zendesk.create_ticket(&profile, &edit),
            zendesk.update_ticket(&profile, id, &edit),
            zendesk.add_comment(id, id, true, &[]),
        ];
        calls.iter().for_each(call);
    }
}

/// A call stays below its base address, whatever it carries.
fn call(call: &HttpRequest) {
    let path = call.url.strip_prefix(BASE_URL).expect("below its base address");
    let path = path.split('?').next().unwrap_or_default();
    assert!(path.starts_with("/api/v"), "{path}");
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
    assert!(!path.split('/').any(|part| [".", ".."].contains(&part)), "{path}");
}

fn attachment(body: &Value) {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    for max in [FILE_MAX, 16] {
        let Ok(file) = Attachment::read(text("file_name"), text("content").to_owned(), max) else { continue };
        let mut request = HttpRequest::new(Method::Put, BASE_URL);
        request.file = Some(file.part(Vec::new()));
        let bytes: Vec<u8> = request.pieces().flatten().collect();
        assert_eq!(STANDARD.decode(text("content")).as_ref(), Ok(&bytes), "what was checked is what is sent");
        assert!(!bytes.is_empty() && bytes.len() <= max);
        let name = file.name();
        assert!(!name.is_empty() && name.chars().count() <= 120 && !name.starts_with('.'), "{name:?}");
        assert!(!name.contains(['/', '\\', '"', '<', '>', '%', ';', ':', '\n']), "{name:?}");
        assert!(!name.chars().any(rules::is_hidden), "{name:?}");
    }
}

/// One answer to every call of the gateway: which one it belongs to is not in it.
pub fn gateway_answer(input: &[u8]) {
    let response = message::answer(input);
    if let Some(limit) = RateLimit::of(&response) {
        assert!(limit.headers().count() > 0);
    }
    let names = StatusNames::default();
    let profile = sdp::tickets::profile();
    if let Some(rows) = read(sdp::tickets::read_tickets(&profile, &names, &response)) {
        pages(&profile, rows);
    }
    read(sdp::tickets::read_ticket(&profile, &names, &response)).iter().for_each(|own| ticket(&profile, own));
    let number = read(sdp::tickets::read_number("874", &response)).flatten();
    let created = read(sdp::tickets::read_created(&response));
    number.iter().chain(&created).for_each(|id| assert!(is_id_segment(id), "{id:?}"));
    let taken = [Method::Post, Method::Put].map(|method| read(sdp::tickets::read_written(method, &response)));
    assert!(taken.iter().all(Option::is_none) || response.is_success(), "HTTP {} is no success", response.status);
    read(sdp::tickets::read_notes(&response)).iter().flatten().for_each(comment);

    let profile = zendesk::tickets::profile();
    if let Some(rows) = read(zendesk::tickets::read_tickets(&profile, &response)) {
        pages(&profile, rows);
    }
    read(zendesk::tickets::read_ticket(&profile, &response)).iter().for_each(|own| ticket(&profile, own));
    let group = read(zendesk::tickets::read_group_id("IT Support", &response)).and_then(|(id, _)| id);
    let created = read(zendesk::tickets::read_created(&response));
    group.iter().chain(&created).for_each(|id| assert!(is_id_segment(id), "{id:?}"));
    read(zendesk::tickets::read_upload(&response));
    read(zendesk::tickets::read_comments(&response)).iter().flatten().for_each(comment);
}

fn ticket(profile: &Profile, ticket: &Ticket) {
    assert!(is_id_segment(&ticket.id), "an id that could leave its path: {ticket:?}");
    let lines = [Some(&ticket.number), ticket.state.as_ref(), ticket.title.as_ref(), ticket.close_code.as_ref()];
    lines.into_iter().flatten().chain(ticket.custom.iter().map(|(_, value)| value)).for_each(|line| {
        assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
        text(line);
    });
    [&ticket.description, &ticket.close_notes].into_iter().flatten().for_each(|long| text(long));
    let people =
        [&ticket.created_by, &ticket.updated_by, &ticket.requested_for, &ticket.assigned_to, &ticket.resolved_by];
    people.into_iter().flatten().for_each(person);
    let shown = ticket.to_value(profile);
    assert!(shown.get("id").is_some_and(Value::is_string) && shown.get("internal_state_code").is_some(), "{shown}");
}

fn comment(comment: &Comment) {
    text(&comment.text);
    comment.author.iter().for_each(person);
}

fn person(person: &User) {
    assert!(person.id.as_deref().is_none_or(is_id_segment), "{person:?}");
    [&person.name, &person.email].into_iter().flatten().for_each(|line| text(line));
}

fn text(text: &str) {
    assert!(text.chars().count() <= TEXT_MAX, "a text without bounds: {} characters", text.chars().count());
    assert!(!text.chars().any(rules::is_hidden), "{text:?}");
}

/// From any page, the next one is further on; no ticket is on it twice, or outside the times that were asked for.
fn pages(profile: &Profile, rows: Rows) {
    rows.tickets.iter().for_each(|own| ticket(profile, own));
    let window = Window { start: 0, end: NOW };
    for cursor in [Cursor::begin(&window), Cursor { from: NOW / 2, skip: 3 }] {
        let first = first_rows(rows.tickets.clone(), &window, &cursor);
        assert!(first.tickets.len() <= usize::try_from(PAGE_SIZE).expect("a small number"));
        for rows in [rows.clone(), first] {
            let page = page(rows, &window, &cursor);
            let mut ids: Vec<_> = page.tickets.iter().map(|ticket| &ticket.id).collect();
            ids.sort();
            assert!(ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
            assert!(page.tickets.iter().filter_map(|ticket| ticket.updated_at).all(|at| window.holds(at)));
            if let Some(next) = page.next {
                assert!((next.from, next.skip) > (cursor.from, cursor.skip), "{next:?} is not behind {cursor:?}");
                assert!(window.holds(next.from), "{next:?}");
            }
        }
    }
}
