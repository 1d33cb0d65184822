//! World `logic`: the WIT exports over the pure functions. Conversions only, one function for each type.

#[allow(warnings, missing_docs, unsafe_code, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

mod convert;

use std::sync::Arc;

use bindings::approvals::bridge::types as wit;
use bindings::exports::approvals::bridge::{cards, decoding, diffing, payloads};

use crate::approval::{ApprovalId, Person, Verdict, is_address, normal_address};
use crate::card::{self, CardKind, CardStyle, FieldKind};
use crate::diff::{self, TicketSnapshot};
use crate::http::HttpRequest;
use crate::moveworks;
use crate::policy::{self, Action, Rules};
use crate::sdp;
use convert::{
    approval_in, approval_in_or_blank, approval_out, card_in, card_out, change_in, change_out, error_out, kind_in,
    ledger_in, refused_out, request_out, response_in, snapshot_in, ticket_in, ticket_out,
};

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
        diff::diff_owned(&ledger, snapshot).into_iter().map(change_out).collect()
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
            own.fields = style.fields.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?.into();
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
        let read =
            sdp::read_levels(&sdp::StatusNames::default(), &|_| None, &response_in(response)).map_err(error_out)?;
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
        let read = sdp::read_approvals(&names, &Arc::new(ticket_in(ticket)), &level, &response_in(response))
            .map_err(error_out)?;
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
