//! The other help desks: Zendesk, where approvals belong to people and groups, and Atera, where there are none.

use serde_json::{Value, json};

use super::page::Page;
use super::stage::{Answer, Delivered, Stage};
use super::story::{expect, spoken, value};
use super::{Broken, check};
use crate::stubs::{ZendeskAssignee, ZendeskState};

/// A group is asked in Zendesk: each member has a card, one answer ends it for all.
pub(super) async fn zendesk(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("A group in Zendesk", "Every member gets a card. One answer is enough, and the others hear of it.")?;
    let request = stage.stubs.with(|world| {
        let zendesk = &mut world.zendesk;
        let members =
            [zendesk.user("Mia Sand", "mia.sand@corp.example"), zendesk.user("Tom Berg", "tom.berg@corp.example")];
        let group = zendesk.group("Security", &members);
        let iris = zendesk.end_user("Iris Vega", "iris.vega@corp.example");
        let ticket = zendesk.ticket("Firewall rule for the new payroll system");
        if let Ok(facts) = zendesk.ticket_mut(ticket) {
            facts.requester = Some(iris);
            facts.priority = Some("high".to_owned());
            facts.description = Some("Payroll moves to its provider on the first of the month.".to_owned());
        }
        zendesk.ask_with(ticket, ZendeskAssignee::Group(group), "Open port 443 outwards", "To the provider only.")
    });
    let cards = told(page, stage).await?;
    let mut people: Vec<&str> = cards.iter().map(|card| card.email.as_str()).collect();
    people.sort_unstable();
    check(people == ["mia.sand@corp.example", "tom.berg@corp.example"], || "Mia and Tom, nobody else".into())?;
    let mia = first(&cards, "mia.sand@corp.example")?;
    check(value(mia, "Subject") == "Open port 443 outwards", || "the card says what is asked".into())?;
    page.card("Mia Sand sees this, and so does Tom Berg:", &mia.card)?;
    let path = format!("/approvals/{}/approve", mia.id);
    let answer = stage.call("POST", &path, Some(&json!({"approver": mia.email, "token": mia.token}))).await?;
    expect(&answer, 200, "approved")?;
    page.call(&format!("POST {path}"), "", answer.status, &spoken(&answer))?;
    let row = stage.stubs.with(|world| world.zendesk.request(&request).map(|request| request.state.clone()));
    check(row == Some(ZendeskState::Approved), || "Zendesk has the approval".into())?;
    let closings = told(page, stage).await?;
    let told: Vec<_> = closings.iter().map(|card| (card.email.as_str(), card.event.as_str())).collect();
    check(told == [("tom.berg@corp.example", "approval.closed")], || "Tom hears that it is done".into())?;
    page.tick("decided in Zendesk in Mia's own name; Tom hears that nothing is left for him to do")
}

/// Atera has no approvals: the bridge keeps the request, and writes its outcome into the ticket.
pub(super) async fn atera(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("A help desk without approvals", "Atera's API has none. The bridge keeps the request itself.")?;
    let ticket = stage
        .stubs
        .with(|world| world.atera_ticket("Badge for the second floor", ("Iris Vega", "iris.vega@corp.example")));
    let people = ["Ana Abara", "Bo Lind", "Cy Moss"];
    let address = |name: &str| format!("{}@corp.example", name.to_lowercase().replace(' ', "."));
    let recipients: Vec<Value> = people.iter().map(|name| json!({"name": name, "email": address(name)})).collect();
    let body = json!({
        "source": "atera", "ticket_id": ticket, "recipients": recipients,
        "policy": {"rule": "at_least", "count": 2},
        "subject": "Access to the second floor", "message": "The lab is on the same floor.",
    });
    let before = stage.stubs.with(|world| world.sent_messages().len());
    let answer = stage.call("POST", "/requests", Some(&body)).await?;
    check(answer.status == 201, || format!("201, not {} {}", answer.status, answer.body))?;
    let (id, status) = (answer.text("id").to_owned(), answer.text("status").to_owned());
    page.call("POST /requests", "three recipients, at least 2 must approve", answer.status, &status)?;
    let cards = stage.delivered(before)?;
    check(cards.len() == 3, || format!("three cards, not {}", cards.len()))?;
    let bo = first(&cards, "bo.lind@corp.example")?;
    page.card("Bo Lind, at once:", &bo.card)?;
    for (name, wanted) in [("Bo Lind", "partially_approved"), ("Ana Abara", "approved")] {
        let card = first(&cards, &address(name))?;
        let path = format!("/approvals/{}/approve", card.id);
        let answer = stage.call("POST", &path, Some(&json!({"approver": card.email, "token": card.token}))).await?;
        expect(&answer, 200, "approved")?;
        let kept = stage.call("GET", &format!("/requests/{id}"), None).await?;
        check(kept.text("status") == wanted, || format!("{wanted}, not {}", kept.text("status")))?;
        page.call(&format!("{name} presses Approve"), "", answer.status, kept.text("answers"))?;
    }
    told(page, stage).await?;
    let (note, field) = stage.stubs.with(|world| {
        let ticket = world.atera(&ticket);
        let note = ticket.as_ref().and_then(|ticket| ticket.comments.last()).map(|note| note.text.clone());
        (note.unwrap_or_default(), ticket.and_then(|ticket| ticket.fields.get("Approval status").cloned()))
    });
    check(note.contains("2 of 3 approved") && field.as_deref() == Some("Approved"), || format!("the outcome: {note}"))?;
    page.tick(&format!("now in the ticket: \"{}\"", note.lines().next().unwrap_or_default().replace("&quot;", "'")))
}

/// Sweeps, and what was said in it.
async fn told(page: &Page, stage: &Stage) -> Result<Vec<Delivered>, Broken> {
    let before = stage.stubs.with(|world| world.sent_messages().len());
    stage.sweep(page).await?;
    stage.delivered(before)
}

fn first<'a>(cards: &'a [Delivered], email: &str) -> Result<&'a Delivered, Broken> {
    cards.iter().find(|card| card.email == email).ok_or_else(|| Broken(format!("{email} got no card")))
}

/// Moveworks polls for tickets; what waits for an approval says so.
pub(super) async fn gateway(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading(
        "Moveworks polls for tickets",
        "The Ticket Gateway answers with one call to the help desk, and keeps no state.",
    )?;
    let answer = stage.call("GET", "/gateway/sdp/tickets/874", None).await?;
    let state =
        |answer: &Answer| answer.body.pointer("/ticket/internal_state_code").and_then(Value::as_str).map(str::to_owned);
    check(answer.status == 200 && state(&answer).as_deref() == Some("WAITING_FOR_APPROVAL"), || {
        format!("a ticket that waits for its approvers, not {} {}", answer.status, answer.body)
    })?;
    page.call("GET /gateway/sdp/tickets/874", "", answer.status, "WAITING_FOR_APPROVAL: Ana and Lars are still asked")?;
    let comment = json!({"text": "The parts are on their way.", "public": true});
    let answer = stage.call("POST", "/gateway/sdp/tickets/874/comments", Some(&comment)).await?;
    check(answer.status < 300 && state(&answer).is_some(), || {
        format!("the ticket, not {} {}", answer.status, answer.body)
    })?;
    page.call("POST /gateway/sdp/tickets/874/comments", "a public comment", answer.status, "the whole ticket")
}
