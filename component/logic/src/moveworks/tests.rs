//! Both doors, to the byte, and what their answers mean.
//!
//! A wrong implementation would sign other bytes than it sends, put two people into one call, lose a slot that a button
//! needs, or repeat for ever what Moveworks will never take. `BLESS=1 cargo test -p approval-logic moveworks` writes the
//! golden bodies anew; read the diff before committing.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::approval::{ApprovalId, Person, Status, Ticket, TicketKind};
use crate::card::{CardKind, CardStyle, render};
use crate::http::{CallError, HttpResponse};
use crate::signature::hmac_sha256_hex;

const TENANT: Tenant<'_> = Tenant { base_url: "https://api.am-eu-central.moveworks.ai", api_key: "mw-key" };

fn approval(kind: TicketKind) -> Approval {
    let person = |name: &str, email: &str| Some(Person { name: Some(name.to_owned()), email: Some(email.to_owned()) });
    Approval {
        id: ApprovalId::sdp(kind, "158000000004217", "77", "310").unwrap(),
        ticket: Arc::new(Ticket {
            kind,
            id: "158000000004217".to_owned(),
            number: "874".to_owned(),
            title: Some("Projector <replacement> & \"more\"".to_owned()),
            description: Some("The internals are fried.".to_owned()),
            requester: person("Sam Stinson", "sam@corp.example"),
            priority: Some("High".to_owned()),
            link: Some("https://sdp.corp.example/WorkOrder.do?woID=874".to_owned()),
        }),
        level: Some(2),
        approver: person("Ana Li", "Ana@corp.example"),
        original_approver: None,
        status: Status::Pending,
        sent_at: Some(1_764_000_000_000),
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    }
}

/// As little as an approval can hold.
fn bare() -> Approval {
    let full = approval(TicketKind::Release);
    let ticket = Ticket {
        number: full.ticket.id.clone(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
        ..Ticket::clone(&full.ticket)
    };
    Approval { ticket: Arc::new(ticket), level: None, approver: None, sent_at: None, ..full }
}

fn with_message<T>(approval: &Approval, event: Event, token: Option<&str>, then: impl Fn(&Message<'_>) -> T) -> T {
    let kind = match event {
        Event::Pending => CardKind::Pending,
        Event::Reminder => CardKind::Reminder { number: 1 },
        Event::Closed => CardKind::Closed { outcome: Status::Approved, by: Some("Bo Diaz".to_owned()) },
    };
    let card = render(approval, &kind, &CardStyle::default());
    let event_id = format!("{}:1:pending", approval.id);
    let recipient = " Ana@Corp.example ";
    then(&Message { event_id: &event_id, event, approval, card: &card, recipient, action_token: token })
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
}

fn golden(name: &str, request: &HttpRequest) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/moveworks").join(name);
    let actual = serde_json::to_string_pretty(&body(request)).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expected, actual, "{}; BLESS=1 accepts", path.display());
}

#[test]
fn the_bodies_of_the_events_door_are_as_approved() {
    for (name, approval, event, token) in [
        ("event_pending.json", approval(TicketKind::Request), Event::Pending, Some("claims.mac")),
        ("event_reminder.json", approval(TicketKind::Change), Event::Reminder, None),
        ("event_bare.json", bare(), Event::Pending, None),
    ] {
        golden(name, &with_message(&approval, event, token, |message| event_message(&TENANT, "ev-1", message)));
    }
    let slots = Some(json!({ "ticket": "874" }));
    golden("event_notice.json", &event_notice(&TENANT, "ev-1", "<b>Hello</b>", "Bo@corp.example", slots));
    golden("event_notice_bare.json", &event_notice(&TENANT, "ev-1", "Hello", "bo@corp.example", None::<Value>));
}

#[test]
fn the_bodies_of_the_listener_door_are_as_approved() {
    for (name, approval, event, token) in [
        ("listener_pending.json", approval(TicketKind::Request), Event::Pending, Some("claims.mac")),
        ("listener_reminder.json", approval(TicketKind::Change), Event::Reminder, None),
        ("listener_closed.json", approval(TicketKind::Request), Event::Closed, None),
        ("listener_bare.json", bare(), Event::Pending, None),
    ] {
        golden(
            name,
            &with_message(&approval, event, token, |message| listener_message(&TENANT, "li-1", None, message)),
        );
    }
    let slots = Some(json!({ "ticket": "874" }));
    let notice = listener_notice(&TENANT, ("li-1", None), "n-1", "*Hello*", "Bo@corp.example", slots);
    golden("listener_notice.json", &notice);
}

#[test]
fn a_digest_lists_every_approval_with_its_own_slots_at_both_doors() {
    let (one, other) = (approval(TicketKind::Request), bare());
    let card = crate::card::digest(&[&one, &other], &CardStyle::default());
    let approvals = vec![(&one, Some("claims.mac".to_owned())), (&other, None)];
    let digest = Digest { event_id: "digest:1", approvals, card: &card, recipient: " Ana@Corp.example " };
    golden("event_digest.json", &event_digest(&TENANT, "ev-1", &digest));
    let request = listener_digest(&TENANT, "li-1", Some("key"), &digest);
    golden("listener_digest.json", &request);
    let signature = hmac_sha256_hex(b"key", &request.body);
    assert_eq!(header(&request, SIGNATURE_HEADER), Some(signature.as_str()));
}

#[test]
fn each_door_has_its_address_and_the_bearer() {
    for base in ["https://api.moveworks.ai", "https://api.moveworks.ai/"] {
        let tenant = Tenant { base_url: base, api_key: "mw-key" };
        let doors = with_message(&approval(TicketKind::Request), Event::Pending, None, |message| {
            [event_message(&tenant, "ev-1", message), listener_message(&tenant, "li-1", None, message)]
        });
        let notices = [
            event_notice(&tenant, "ev-1", "Hello", "bo@corp.example", None::<Value>),
            listener_notice(&tenant, ("li-1", None), "n-1", "Hello", "bo@corp.example", None::<Value>),
        ];
        for [events, listener] in [doors, notices] {
            assert_eq!(events.url, "https://api.moveworks.ai/rest/v1/events/ev-1/messages/send");
            assert_eq!(listener.url, "https://api.moveworks.ai/webhooks/v1/listeners/li-1/notify");
            for request in [events, listener] {
                assert_eq!(request.method, Method::Post);
                assert_eq!(header(&request, "authorization"), Some("Bearer mw-key"));
                assert_eq!(header(&request, "content-type"), Some("application/json"));
                assert_eq!(request.headers.len(), 2);
            }
        }
    }
    let test = auth_test(&TENANT);
    assert_eq!(
        (test.method, test.url.as_str()),
        (Method::Get, "https://api.am-eu-central.moveworks.ai/rest/v1/auth/test")
    );
    assert_eq!((header(&test, "authorization"), test.body.len()), (Some("Bearer mw-key"), 0));
}

#[test]
fn the_slots_are_those_of_the_contract_at_both_doors() {
    for (kind, module, label) in [
        (TicketKind::Request, "requests", "Request"),
        (TicketKind::Change, "changes", "Change"),
        (TicketKind::Release, "releases", "Release"),
    ] {
        for token in [None, Some("claims.mac")] {
            let (events, listener) = with_message(&approval(kind), Event::Pending, token, |message| {
                (event_message(&TENANT, "ev-1", message), listener_message(&TENANT, "li-1", None, message))
            });
            let mut wanted = json!({
                "approval_id": format!("sdp:{module}:158000000004217:77:310"), "request_id": "158000000004217",
                "level_id": "77", "ticket_type": label, "source": "sdp",
            });
            if let Some(token) = token {
                wanted["action_token"] = json!(token);
            }
            assert_eq!(body(&events)["context"], json!({ "slots": wanted }));
            assert_eq!(body(&listener)["slots"], wanted);
        }
    }
}

#[test]
fn a_message_goes_to_one_address() {
    let (events, listener) = with_message(&approval(TicketKind::Request), Event::Pending, None, |message| {
        (event_message(&TENANT, "ev-1", message), listener_message(&TENANT, "li-1", None, message))
    });
    assert_eq!(body(&events)["recipients"], json!(["ana@corp.example"]));
    assert_eq!(body(&listener)["user_email"], "ana@corp.example");
}

#[test]
fn the_listener_hears_the_event_with_its_stable_id() {
    for (event, name) in [
        (Event::Pending, "approval.pending"),
        (Event::Reminder, "approval.reminder"),
        (Event::Closed, "approval.closed"),
    ] {
        let request = || {
            with_message(&approval(TicketKind::Request), event, None, |message| {
                listener_message(&TENANT, "li-1", Some("secret"), message)
            })
        };
        let first = request();
        assert_eq!(body(&first)["event"], name);
        assert_eq!(body(&first)["event_id"], "sdp:requests:158000000004217:77:310:1:pending");
        // A repeat is the same to the byte, so that a receiver can collapse it.
        assert!(first == request());
        let buttons = body(&first)["card"]["actions"].as_array().unwrap().len();
        assert_eq!(buttons, if event == Event::Closed { 0 } else { 2 });
    }
}

#[test]
fn the_signature_is_over_the_exact_bytes_and_only_where_there_is_a_secret() {
    let signed = |secret| {
        with_message(&approval(TicketKind::Request), Event::Pending, Some("t"), |message| {
            listener_message(&TENANT, "li-1", secret, message)
        })
    };
    let with = signed(Some("listener secret"));
    let signature = header(&with, "x-signature").unwrap();
    assert_eq!(signature, hmac_sha256_hex(b"listener secret", &with.body));
    assert_eq!((signature.len(), signature.to_lowercase()), (64, signature.to_owned()));
    assert_ne!(header(&signed(Some("other")), "x-signature"), Some(signature));
    let without = signed(None);
    assert_eq!((header(&without, "x-signature"), &without.body), (None, &with.body));
    let notice = |secret| listener_notice(&TENANT, ("li-1", secret), "n-1", "Hello", "bo@corp.example", None::<Value>);
    let request = notice(Some("listener secret"));
    assert_eq!(header(&request, "x-signature"), Some(hmac_sha256_hex(b"listener secret", &request.body).as_str()));
    assert_eq!(header(&notice(None), "x-signature"), None);
    // The Events API knows no signature.
    let events = with_message(&approval(TicketKind::Request), Event::Pending, None, |message| {
        event_message(&TENANT, "e", message)
    });
    assert_eq!(header(&events, "x-signature"), None);
}

#[test]
fn no_message_is_longer_than_the_events_api_takes() {
    for text in ["x".repeat(50_000), "👩\u{200d}👩\u{200d}👧".repeat(9_000)] {
        let request = event_notice(&TENANT, "ev-1", &text, "bo@corp.example", None::<Value>);
        let body = body(&request);
        let message = body["message"].as_str().unwrap();
        assert!(message.chars().count() <= MESSAGE_MAX && message.ends_with('…'));
    }
}

#[test]
fn every_answer_has_its_class() {
    for (status, retry_after, wanted) in [
        (200, None, "ok"),
        (201, None, "ok"),
        (202, None, "ok"),
        (204, None, "ok"),
        (302, None, "permanent REDIRECTED"),
        (400, None, "permanent REFUSED"),
        (401, None, "auth CREDENTIAL_REFUSED"),
        (403, None, "permanent FORBIDDEN"),
        (404, None, "permanent NOT_FOUND"),
        (405, None, "permanent REFUSED"),
        (408, None, "retry TRY_LATER 5"),
        (413, None, "permanent REFUSED"),
        (422, None, "permanent REFUSED"),
        (425, None, "retry TRY_LATER 5"),
        (429, None, "retry RATE_LIMITED 60"),
        (429, Some("3"), "retry RATE_LIMITED 3"),
        (429, Some("0"), "retry RATE_LIMITED 1"),
        (429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), "retry RATE_LIMITED 60"),
        (500, None, "retry MOVEWORKS_FAULT 5"),
        (502, None, "retry MOVEWORKS_FAULT 5"),
        (503, Some("90"), "retry MOVEWORKS_FAULT 90"),
        (503, Some("1"), "retry MOVEWORKS_FAULT 5"),
        (504, None, "retry MOVEWORKS_FAULT 5"),
        (100, None, "retry MOVEWORKS_FAULT 5"),
    ] {
        // Codes in the body never change the class: they are not published.
        for body in [r#"{"data":{"status":"RECEIVED"}}"#, r#"{"error":{"code":"x","message":"y"}}"#, "no JSON", ""] {
            let mut response = HttpResponse::new(status, body);
            response.headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())));
            let read = match read_acceptance(&response) {
                Ok(()) => "ok".to_owned(),
                Err(CallError::Retry { code, after, .. }) => format!("retry {code} {}", after.as_secs()),
                Err(CallError::Permanent { code, .. }) => format!("permanent {code}"),
                Err(CallError::Auth { code, .. }) => format!("auth {code}"),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(read, wanted, "{status} {body}");
        }
    }
}

#[test]
fn a_web_page_that_answers_in_moveworks_place_is_no_acceptance() {
    let taken = |status, kind: Option<&str>, page: &str| {
        let mut answer = HttpResponse::new(status, page);
        answer.headers.extend(kind.map(|kind| ("content-type".to_owned(), kind.to_owned())));
        read_acceptance(&answer)
    };
    for (kind, page) in [
        (None, "<!DOCTYPE html><html>Sign in</html>"),
        (None, "\r\n <html>"),
        (None, "\u{feff}<html>"),
        (Some("text/plain"), "\u{feff}\n<!-- proxy -->"),
        (Some("Text/HTML;charset=UTF-8"), "Access denied by policy"),
        (Some("text/html"), ""),
    ] {
        let answer = taken(200, kind, page);
        assert!(matches!(answer, Err(CallError::Retry { code: "NOT_MOVEWORKS", .. })), "{page:?}: {answer:?}");
        let refused = taken(403, kind, page);
        assert!(matches!(refused, Err(CallError::Permanent { code: "FORBIDDEN", .. })), "{page:?}: {refused:?}");
    }
    assert_eq!(taken(200, Some("application/json"), r#"{"message":"<b>ok</b>"}"#), Ok(()));
}

#[test]
fn both_error_envelopes_are_told_and_nothing_else_is() {
    let message =
        |status, body: &str| read_acceptance(&HttpResponse::new(status, body)).unwrap_err().message().to_owned();
    for (body, wanted) in [
        (
            r#"{"error":{"code":"invalid_audience","message":"Wrong region"}}"#,
            "HTTP 400: invalid_audience Wrong region",
        ),
        (r#"{"code":"bad_request","message":"No recipients"}"#, "HTTP 400: bad_request No recipients"),
        (r#"{"error":{"message":"No\nrecipients"}}"#, "HTTP 400: No recipients"),
        (r#"{"error":"text","message":"No recipients"}"#, "HTTP 400: No recipients"),
        (r#"{"error":{"code":7}}"#, "HTTP 400"),
        ("[]", "HTTP 400"),
        ("null", "HTTP 400"),
        ("<html>secret</html>", "HTTP 400"),
        ("", "HTTP 400"),
    ] {
        assert_eq!(message(400, body), wanted, "{body}");
    }
    let absent = message(404, "");
    assert!(absent.starts_with("HTTP 404; ") && absent.contains("moveworks_base_url"), "{absent}");
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(5_000));
    assert!(message(400, &long).chars().count() <= 300);
}
