//! The gateway's rules, one table each. A wrong implementation would pass on a friendly tenant and lose tickets at the next
//! one: at the edge of a window, between two pages, behind a name that nobody has mapped.

mod attachments;
mod names;
mod windows;

use super::*;
use crate::approval::Source;
use crate::http::{CallError, HttpRequest, Method};

fn ticket(id: &str, updated_at: Millis) -> Ticket {
    Ticket { id: id.to_owned(), number: id.to_owned(), updated_at: Some(updated_at), ..Ticket::default() }
}

fn profile() -> Profile {
    crate::sdp::tickets::profile()
}

fn with(tables: &Tables<'_>) -> Profile {
    profile().with(Source::Sdp, tables).unwrap()
}

#[test]
fn an_open_approval_outranks_the_state_but_not_a_finished_one() {
    for (state, waits, code) in [
        (Some("Open"), false, "NEW"),
        (Some("Open"), true, "WAITING_FOR_APPROVAL"),
        (Some("On Hold"), true, "WAITING_FOR_APPROVAL"),
        (Some("Zurückgestellt"), false, "NOT_APPLICABLE"),
        (Some("Zurückgestellt"), true, "WAITING_FOR_APPROVAL"),
        (None, false, "NOT_APPLICABLE"),
        (None, true, "WAITING_FOR_APPROVAL"),
        (Some("Resolved"), true, "RESOLVED"),
        (Some("closed"), true, "CLOSED"),
    ] {
        let state = state.map(str::to_owned);
        let ticket = Ticket { state, waits_for_approval: waits, ..ticket("1", 1) };
        assert_eq!(ticket.internal_state(&profile()).name(), code, "{ticket:?}");
    }
}

#[test]
fn an_identity_is_the_address_or_the_id_as_the_tenant_wants_and_the_other_where_that_is_missing() {
    let by_id = with(&Tables { user_id: "id", ..Tables::default() });
    let user = |id: Option<&str>, email: Option<&str>| User {
        id: id.map(str::to_owned),
        name: None,
        email: email.map(str::to_owned),
    };
    for (user, profile, external_id) in [
        (user(Some("901"), Some("ana@corp.example")), profile(), json!("ana@corp.example")),
        (user(Some("901"), Some("ana@corp.example")), by_id.clone(), json!("901")),
        (user(Some("901"), None), profile(), json!("901")),
        (user(None, Some("ana@corp.example")), by_id, json!("ana@corp.example")),
    ] {
        let identity =
            json!({ "system": "MANAGE_ENGINE", "external_id": external_id, "integration_id": "manage_engine" });
        assert_eq!(user.to_value(&profile)["user_itsm_id_info"], json!([identity]));
    }
    assert_eq!(user(None, None).to_value(&profile())["user_itsm_id_info"], json!([]));
    let unnamed = Profile { system: None, ..profile() };
    let known = user(Some("901"), None).to_value(&unnamed);
    assert_eq!(known["user_itsm_id_info"], json!([{ "external_id": "901" }]), "nobody guesses a system");
}

#[test]
fn every_key_is_there_whatever_the_help_desk_told() {
    let bare = ticket("1", 1).to_value(&profile());
    let full = Ticket { state: Some("Open".to_owned()), title: Some("t".to_owned()), ..ticket("1", 1) };
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&bare), keys(&full.to_value(&profile())));
    assert_eq!(bare["requested_for"], Value::Null);
    assert_eq!(bare["custom_data"], json!({}));
}

#[test]
fn each_failure_of_a_call_has_its_code() {
    let text = || "said".to_owned();
    let second = std::time::Duration::from_secs(1);
    let permanent = |code| CallError::Permanent { code, message: text() };
    let retry = |code| CallError::Retry { code, message: text(), after: second };
    for (error, step, code, wait) in [
        (retry("RATE_LIMITED"), Step::List, 429, Some(second)),
        (retry("TOKEN_THROTTLED"), Step::Write, 429, Some(second)),
        (retry("SOURCE_FAULT"), Step::One, 502, None),
        (retry("CIRCUIT_OPEN"), Step::One, 502, None),
        (CallError::Auth { code: "CREDENTIAL_REFUSED", message: text() }, Step::One, 502, None),
        (CallError::NotFound { code: "NOT_FOUND", message: text() }, Step::One, 404, None),
        (CallError::NotFound { code: "NOT_FOUND", message: text() }, Step::Write, 404, None),
        (CallError::NotFound { code: "NOT_FOUND", message: text() }, Step::List, 502, None),
        (permanent("INVALID_VALUE"), Step::One, 404, None),
        (permanent("INVALID_VALUE"), Step::Write, 400, None),
        (permanent("INVALID_VALUE"), Step::List, 502, None),
        (permanent("MANDATORY_FIELD"), Step::Write, 400, None),
        (permanent("PARTLY_REFUSED"), Step::Write, 400, None),
        (permanent("FORBIDDEN"), Step::Write, 502, None),
        (permanent("LICENCE"), Step::Write, 502, None),
        (permanent("UNREADABLE"), Step::One, 502, None),
        (CallError::Unknown { code: "ANSWER_LOST", message: text() }, Step::Write, 502, None),
    ] {
        let failure = Failure::of_call(&error, step);
        assert_eq!((failure.code.status(), failure.retry_after), (code, wait), "{error:?} {step:?}");
        let told = failure.message.contains("said");
        assert_eq!(told, code == 400, "what the help desk said is told where the caller can do something about it");
    }
}

#[test]
fn a_code_is_known_by_its_status_alone() {
    let codes = [
        (Code::InputValidationFailed, 400, "INPUT_VALIDATION_FAILED"),
        (Code::AuthenticationFailed, 401, "AUTHENTICATION_FAILED"),
        (Code::NotFound, 404, "NOT_FOUND"),
        (Code::RateLimitExceeded, 429, "RATE_LIMIT_EXCEEDED"),
        (Code::InternalServerError, 500, "INTERNAL_SERVER_ERROR"),
        (Code::ExternalRestError, 502, "EXTERNAL_REST_ERROR"),
    ];
    for (code, status, name) in codes {
        assert_eq!((code.status(), code.name()), (status, name));
    }
}
