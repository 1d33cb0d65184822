//! World `logic`: the WIT exports over the pure functions. Conversions only, one function for each type.

#[allow(warnings, missing_docs, unsafe_code, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

use std::time::Duration;

use bindings::approvals::bridge::types as wit;
use bindings::exports::approvals::bridge::{cards, decoding, diffing, payloads};

use crate::approval::{
    Approval, ApprovalId, Person, Source, Status, Ticket, TicketKind, TicketRef, Verdict, is_address, normal_address,
};
use crate::card::{self, Card, CardKind, CardStyle, FieldKind};
use crate::diff::{self, Change, Entry, Said, TicketSnapshot};
use crate::http::{CallError, HttpRequest, HttpResponse};
use crate::moveworks;
use crate::policy::{self, Action, Rules};
use crate::sdp;

struct Exports;

#[expect(unsafe_code, reason = "the generated export symbols")]
mod export {
    use super::{Exports, bindings};
    bindings::export!(Exports with_types_in bindings);
}

impl diffing::Guest for Exports {
    fn diff(ledger: Vec<diffing::Entry>, snapshot: Vec<diffing::TicketSnapshot>) -> Vec<diffing::Change> {
        let ledger = ledger_in(ledger);
        let snapshot: Vec<TicketSnapshot> = snapshot.into_iter().map(snapshot_in).collect();
        diff::diff(&ledger, &snapshot).into_iter().map(change_out).collect()
    }

    fn plan(
        ledger: Vec<diffing::Entry>,
        changes: Vec<diffing::Change>,
        rules: diffing::Rules,
        now: wit::Timestamp,
    ) -> Vec<diffing::Planned> {
        let ledger = ledger_in(ledger);
        let rules = Rules {
            baseline: rules.baseline,
            max_age: i64::try_from(rules.max_age_ms).unwrap_or(i64::MAX),
            silent: rules.silent_approvers.iter().map(|address| normal_address(address)).collect(),
            remind_after: 0,
            max_reminders: 0,
            closings: policy::Closings::None,
        };
        let ids = diff::in_order(ledger.iter().map(|entry| diff::Key::of(&entry.approval.id)));
        let known = |id: &ApprovalId| {
            let at = ids.binary_search_by(|(own, _)| own.cmp(&diff::Key::of(id))).ok()?;
            ids.get(at).and_then(|(_, at)| ledger.get(*at))
        };
        let changes = changes.into_iter().filter_map(change_in);
        let plans = changes.map(|change| policy::plan(known(&change.approval().id), &change, &rules, now));
        plans
            .map(|plan| diffing::Planned {
                id: plan.entry.approval.id.to_string(),
                round: plan.entry.round,
                action: match plan.action {
                    Action::Announce => diffing::Action::Announce,
                    Action::Baseline => diffing::Action::Baseline,
                    Action::Silence => diffing::Action::Silence,
                    Action::Park(why) => diffing::Action::Park(why),
                    Action::Close => diffing::Action::Close,
                    Action::Refresh => diffing::Action::Refresh,
                },
            })
            .collect()
    }
}

impl cards::Guest for Exports {
    fn render(
        approval: wit::Approval,
        kind: cards::Kind,
        style: cards::Style,
    ) -> Result<cards::Card, cards::UnknownField> {
        let mut own = CardStyle::default();
        if let Some(title) = style.title {
            own.title = title;
        }
        if !style.fields.is_empty() {
            let parse = |name: String| FieldKind::parse(&name).ok_or(cards::UnknownField { name });
            own.fields = style.fields.into_iter().map(parse).collect::<Result<_, _>>()?;
        }
        // The card of an odd id is still a card: nothing of the id is shown.
        let approval = approval_in_or_blank(approval);
        let kind = match kind {
            cards::Kind::Pending => CardKind::Pending,
            cards::Kind::Reminder(number) => CardKind::Reminder { number },
            cards::Kind::Closed => CardKind::Closed {
                outcome: approval.status.clone(),
                by: approval.decided_by.as_ref().and_then(Person::label).map(str::to_owned),
            },
        };
        Ok(card_out(card::render(&approval, &kind, &own)))
    }

    fn write(card: cards::Card, dialect: cards::Dialect) -> String {
        let card = card_in(card);
        match dialect {
            cards::Dialect::Moveworks => card.to_moveworks(),
            cards::Dialect::Markdown => card.to_markdown(),
            cards::Dialect::Plain => card.to_text(),
            cards::Dialect::Html => card.to_html(),
        }
    }

    fn plain_text(html: String) -> String {
        crate::text::html_to_text(&html)
    }
}

impl payloads::Guest for Exports {
    fn event_message(
        moveworks: payloads::Moveworks,
        event_id: String,
        message: payloads::Message,
    ) -> Result<wit::HttpRequest, payloads::PayloadError> {
        with_message(&moveworks, message, &|tenant, message| moveworks::event_message(tenant, &event_id, message))
    }

    fn listener_message(
        moveworks: payloads::Moveworks,
        listener_id: String,
        secret: Option<String>,
        message: payloads::Message,
    ) -> Result<wit::HttpRequest, payloads::PayloadError> {
        with_message(&moveworks, message, &|tenant, message| {
            moveworks::listener_message(tenant, &listener_id, secret.as_deref(), message)
        })
    }

    fn decision(
        sdp: payloads::Sdp,
        id: wit::ApprovalId,
        verdict: wit::Verdict,
        comment: String,
        plain_verb: bool,
    ) -> Result<wit::HttpRequest, payloads::PayloadError> {
        check_base(&sdp.base_url)?;
        let parsed: ApprovalId = id.parse().map_err(|_| payloads::PayloadError::ApprovalId(id))?;
        let credential = match (sdp.access_token, sdp.authtoken) {
            (Some(token), _) => sdp::Credential::AccessToken(token),
            (None, key) => sdp::Credential::Authtoken(key.unwrap_or_default()),
        };
        let verdict = match verdict {
            wit::Verdict::Approve => Verdict::Approve,
            wit::Verdict::Reject => Verdict::Reject,
        };
        let request = sdp::Calls::new(&sdp.base_url, &credential).decide(&parsed, verdict, &comment, plain_verb);
        Ok(request_out(request))
    }
}

impl decoding::Guest for Exports {
    fn sdp_tickets(kind: wit::TicketKind, response: wit::HttpResponse) -> Result<decoding::TicketPage, wit::CallError> {
        let names = sdp::StatusNames::default();
        let page = sdp::read_page(kind_in(kind), &names, &response_in(response)).map_err(error_out)?;
        Ok(decoding::TicketPage {
            tickets: page
                .tickets
                .into_iter()
                .map(|row| decoding::ListedTicket {
                    ticket: ticket_out(row.ticket),
                    updated_at: row.updated_at,
                    nothing_pending: row.nothing_pending,
                })
                .collect(),
            refused: refused_out(page.refused),
            more: page.more,
        })
    }

    fn sdp_levels(_: wit::TicketKind, response: wit::HttpResponse) -> Result<decoding::Levels, wit::CallError> {
        let read = sdp::read_levels(&sdp::StatusNames::default(), &response_in(response)).map_err(error_out)?;
        let levels = read.levels.into_iter();
        let levels =
            levels.map(|level| decoding::Level { id: level.id, number: level.number, live: level.live }).collect();
        Ok(decoding::Levels { levels, refused: refused_out(read.refused) })
    }

    fn sdp_approvals(
        ticket: wit::Ticket,
        level: decoding::Level,
        response: wit::HttpResponse,
    ) -> Result<decoding::Approvals, wit::CallError> {
        let level = sdp::Level { id: level.id, number: level.number, live: level.live, approvals: None };
        let names = sdp::StatusNames::default();
        let read =
            sdp::read_approvals(&names, &ticket_in(ticket), &level, &response_in(response)).map_err(error_out)?;
        Ok(decoding::Approvals {
            approvals: read.approvals.into_iter().map(approval_out).collect(),
            refused: refused_out(read.refused),
        })
    }
}

fn with_message(
    moveworks: &payloads::Moveworks,
    message: payloads::Message,
    build: &dyn Fn(&moveworks::Tenant<'_>, &moveworks::Message<'_>) -> HttpRequest,
) -> Result<wit::HttpRequest, payloads::PayloadError> {
    check_base(&moveworks.base_url)?;
    if !is_address(&message.recipient) {
        return Err(payloads::PayloadError::Recipient(message.recipient));
    }
    let id = message.approval.id.clone();
    let approval = approval_in(message.approval).ok_or(payloads::PayloadError::ApprovalId(id))?;
    let card = card_in(message.card);
    let own = moveworks::Message {
        event_id: &message.event_id,
        event: match message.event {
            payloads::Event::Pending => moveworks::Event::Pending,
            payloads::Event::Reminder => moveworks::Event::Reminder,
            payloads::Event::Closed => moveworks::Event::Closed,
        },
        approval: &approval,
        card: &card,
        recipient: &message.recipient,
        action_token: message.action_token.as_deref(),
    };
    let tenant = moveworks::Tenant { base_url: &moveworks.base_url, api_key: &moveworks.api_key };
    Ok(request_out(build(&tenant, &own)))
}

fn check_base(url: &str) -> Result<(), payloads::PayloadError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', '@', ' ']) => Ok(()),
        _ => Err(payloads::PayloadError::BaseUrl(url.to_owned())),
    }
}

fn kind_in(kind: wit::TicketKind) -> TicketKind {
    match kind {
        wit::TicketKind::Request => TicketKind::Request,
        wit::TicketKind::Change => TicketKind::Change,
        wit::TicketKind::Release => TicketKind::Release,
    }
}

fn kind_out(kind: TicketKind) -> wit::TicketKind {
    match kind {
        TicketKind::Request => wit::TicketKind::Request,
        TicketKind::Change => wit::TicketKind::Change,
        TicketKind::Release => wit::TicketKind::Release,
    }
}

fn person_in(person: wit::Person) -> Person {
    Person { name: person.name, email: person.email }
}

fn person_out(person: Person) -> wit::Person {
    wit::Person { name: person.name, email: person.email }
}

fn ticket_in(ticket: wit::Ticket) -> Ticket {
    Ticket {
        kind: kind_in(ticket.kind),
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person_in),
        priority: ticket.priority,
        link: ticket.link,
    }
}

fn ticket_out(ticket: Ticket) -> wit::Ticket {
    wit::Ticket {
        kind: kind_out(ticket.kind),
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        description: ticket.description,
        requester: ticket.requester.map(person_out),
        priority: ticket.priority,
        link: ticket.link,
    }
}

fn status_in(status: wit::Status) -> Status {
    match status {
        wit::Status::Pending => Status::Pending,
        wit::Status::NotSent => Status::NotSent,
        wit::Status::Approved => Status::Approved,
        wit::Status::Rejected => Status::Rejected,
        wit::Status::Delegated => Status::Delegated,
        wit::Status::AwaitingClarification => Status::AwaitingClarification,
        wit::Status::Withdrawn => Status::Withdrawn,
        wit::Status::Unknown(name) => Status::Unknown(name),
    }
}

fn status_out(status: Status) -> wit::Status {
    match status {
        Status::Pending => wit::Status::Pending,
        Status::NotSent => wit::Status::NotSent,
        Status::Approved => wit::Status::Approved,
        Status::Rejected => wit::Status::Rejected,
        Status::Delegated => wit::Status::Delegated,
        Status::AwaitingClarification => wit::Status::AwaitingClarification,
        Status::Withdrawn => wit::Status::Withdrawn,
        Status::Unknown(name) => wit::Status::Unknown(name),
    }
}

/// An approval with an id of another form cannot be tracked, so it is none.
fn approval_in(approval: wit::Approval) -> Option<Approval> {
    let id = approval.id.parse().ok()?;
    Some(approval_with(id, approval))
}

fn approval_in_or_blank(approval: wit::Approval) -> Approval {
    let kind = kind_in(approval.ticket.kind);
    let blank = || ApprovalId {
        source: Source::Sdp,
        kind,
        ticket: String::new(),
        level: String::new(),
        approval: String::new(),
    };
    let id = approval.id.parse().unwrap_or_else(|_| blank());
    approval_with(id, approval)
}

fn approval_with(id: ApprovalId, approval: wit::Approval) -> Approval {
    Approval {
        id,
        ticket: ticket_in(approval.ticket),
        level: approval.level,
        approver: approval.approver.map(person_in),
        original_approver: approval.original_approver.map(person_in),
        status: status_in(approval.status),
        sent_at: approval.sent_at,
        decided_at: approval.decided_at,
        decided_by: approval.decided_by.map(person_in),
        comment: approval.comment,
    }
}

fn approval_out(approval: Approval) -> wit::Approval {
    wit::Approval {
        id: approval.id.to_string(),
        ticket: ticket_out(approval.ticket),
        level: approval.level,
        approver: approval.approver.map(person_out),
        original_approver: approval.original_approver.map(person_out),
        status: status_out(approval.status),
        sent_at: approval.sent_at,
        decided_at: approval.decided_at,
        decided_by: approval.decided_by.map(person_out),
        comment: approval.comment,
    }
}

/// Entries with an id of another form are left out.
fn ledger_in(ledger: Vec<diffing::Entry>) -> Vec<Entry> {
    ledger.into_iter().filter_map(entry_in).collect()
}

fn entry_in(entry: diffing::Entry) -> Option<Entry> {
    let closed = matches!(entry.said, diffing::Said::Closed);
    Some(Entry {
        approval: approval_in(entry.approval)?,
        round: entry.round,
        said: match entry.said {
            diffing::Said::Announced => Said::Announced,
            diffing::Said::Baselined => Said::Baselined,
            diffing::Said::Silenced => Said::Silenced,
            diffing::Said::Parked(why) => Said::Parked(why),
            diffing::Said::Closed => Said::Closed,
        },
        first_seen: entry.first_seen,
        announced_at: entry.announced_at,
        told_at: None,
        end_told: 0,
        reminders: entry.reminders,
        closed_at: closed.then_some(entry.first_seen),
        decision: None,
    })
}

fn snapshot_in(snapshot: diffing::TicketSnapshot) -> TicketSnapshot {
    TicketSnapshot {
        ticket: TicketRef { source: Source::Sdp, kind: kind_in(snapshot.kind), ticket: snapshot.ticket },
        approvals: snapshot.approvals.into_iter().filter_map(approval_in).collect(),
        complete: snapshot.complete,
    }
}

fn change_in(change: diffing::Change) -> Option<Change> {
    Some(match change {
        diffing::Change::Appeared(approval) => Change::Appeared(approval_in(approval)?),
        diffing::Change::AskedAgain(approval) => Change::AskedAgain(approval_in(approval)?),
        diffing::Change::Updated(approval) => Change::Updated(approval_in(approval)?),
        diffing::Change::Restored(approval) => Change::Restored(approval_in(approval)?),
        diffing::Change::Ended(approval) => Change::Ended(approval_in(approval)?),
    })
}

fn change_out(change: Change) -> diffing::Change {
    match change {
        Change::Appeared(approval) => diffing::Change::Appeared(approval_out(approval)),
        Change::AskedAgain(approval) => diffing::Change::AskedAgain(approval_out(approval)),
        Change::Updated(approval) => diffing::Change::Updated(approval_out(approval)),
        Change::Restored(approval) => diffing::Change::Restored(approval_out(approval)),
        Change::Ended(approval) => diffing::Change::Ended(approval_out(approval)),
    }
}

fn card_in(card: cards::Card) -> Card {
    Card {
        title: card.title,
        fields: card.fields.into_iter().map(|field| card::Field { label: field.label, value: field.value }).collect(),
        note: card.note,
        actions: card
            .actions
            .into_iter()
            .filter_map(|action| {
                let key =
                    [Verdict::Approve, Verdict::Reject].into_iter().find(|verdict| verdict.name() == action.key)?;
                Some(card::Action { key: key.name(), label: action.label })
            })
            .collect(),
        link: card.link,
    }
}

fn card_out(card: Card) -> cards::Card {
    cards::Card {
        title: card.title,
        fields: card.fields.into_iter().map(|field| cards::Field { label: field.label, value: field.value }).collect(),
        note: card.note,
        actions: card
            .actions
            .into_iter()
            .map(|action| cards::Action { key: action.key.to_owned(), label: action.label })
            .collect(),
        link: card.link,
    }
}

fn request_out(request: HttpRequest) -> wit::HttpRequest {
    wit::HttpRequest {
        method: request.method.name().to_owned(),
        url: request.url,
        headers: request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: request.body,
    }
}

fn response_in(response: wit::HttpResponse) -> HttpResponse {
    HttpResponse { status: response.status, headers: response.headers, body: response.body }
}

fn error_out(error: CallError) -> wit::CallError {
    let failure = |code: &str, message: String| wit::Failure { code: code.to_owned(), message };
    match error {
        CallError::Retry { code, message, after } => wit::CallError::Retry(wit::RetryLater {
            code: code.to_owned(),
            message,
            after_ms: u64::try_from(after.max(Duration::ZERO).as_millis()).unwrap_or(u64::MAX),
        }),
        CallError::Permanent { code, message } => wit::CallError::Permanent(failure(code, message)),
        CallError::Auth { code, message } => wit::CallError::Auth(failure(code, message)),
        CallError::Unknown { code, message } => wit::CallError::Unknown(failure(code, message)),
        CallError::NotFound { code, message } => wit::CallError::NotFound(failure(code, message)),
    }
}

fn refused_out(rows: Vec<sdp::Refused>) -> Vec<decoding::Refused> {
    rows.into_iter().map(|row| decoding::Refused { id: row.id, why: row.why }).collect()
}
