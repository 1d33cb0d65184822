//! The story. Each step checks what it is about to say.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::others;
use super::page::Page;
use super::stage::{Answer, Delivered, LATENCY, REMIND_AFTER_HOURS, Stage};
use super::{Broken, check};
use crate::bridge::{Report, SourceReport};
use crate::builder::BRIDGE_COMPONENT;
use crate::report;
use crate::stubs::{State, Truth, Vendor};

/// Why Ana says no.
const REASON: &str = "Please ask the owner of the data first.";

/// Tells it all.
pub(super) async fn tell(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    let began = Instant::now();
    page.line("approval-bridge: approvals from the help desk to chat, and the answers back.")?;
    page.line(&format!(
        "Stubs stand in for ServiceDesk Plus Cloud, Zoho, Zendesk, Atera and Moveworks, on sockets, {} ms a call.",
        LATENCY.as_millis()
    ))?;
    page.line("The bridge is the real component in wasmtime; its ledger is a SQLite file.")?;
    first_sweep(page, stage).await?;
    not_told(page, stage).await?;
    quiet_sweep(page, stage).await?;
    let gwen = find(stage, "gwen.tamm@corp.example", "874")?;
    approve(page, stage, &gwen).await?;
    let ana = find(stage, "ana.abara@corp.example", "866")?;
    reject(page, stage, &ana).await?;
    hands_off(page, stage, &gwen).await?;
    next_level(page, stage).await?;
    remind(page, stage).await?;
    others::zendesk(page, stage).await?;
    others::atera(page, stage).await?;
    others::gateway(page, stage).await?;
    summary(page, stage, began.elapsed())
}

async fn first_sweep(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("The first sweep", "Whatever waits in the help desk is new, so each approver gets one card.")?;
    let report = stage.sweep(page).await?;
    page.block(&report::table(&report, page.colours()))?;
    let cards = stage.delivered(0)?;
    let asked = askable(stage);
    let got: BTreeMap<&str, &str> = cards.iter().map(|card| (card.id.as_str(), card.email.as_str())).collect();
    let due: BTreeMap<&str, &str> =
        asked.iter().filter_map(|row| Some((row.id.as_str(), row.email.as_deref()?))).collect();
    check(got == due && cards.len() == due.len(), || "one card for each approval that waits, to its person".into())?;
    check(cards.iter().all(|card| card.event == "approval.pending"), || "all are first announcements".into())?;
    page.tick(&format!(
        "{} approvals wait at somebody: {} cards, each to its person, none twice",
        due.len(),
        cards.len()
    ))?;
    page.line("")?;
    let mock = find(stage, "gwen.tamm@corp.example", "874")?;
    check(value(&mock, "Requester") == "Sam Stinson" && value(&mock, "Priority") == "High", || "Sam's card".into())?;
    page.card("Gwen Tamm sees this in her chat:", &mock.card)?;
    let mut people: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in &asked {
        people.entry(row.approver.as_deref().unwrap_or_default()).or_default().push(name(row));
    }
    for (person, mut tickets) in people {
        tickets.sort_unstable();
        page.item(person, &tickets.join(", "))?;
    }
    Ok(())
}

async fn not_told(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("What is held back", "Tricks in a ticket, and whatever asks nobody at the moment.")?;
    let hostile = find(stage, "gwen.tamm@corp.example", "879")?;
    for trick in ["<script", "https://", "{{", "<@everyone>", "\u{202e}", "\n_Ticket #_: 1"] {
        check(!hostile.text.contains(trick), || format!("no {trick:?} in the card of the hostile ticket"))?;
    }
    check(hostile.card.fields.len() == 5, || "a ticket cannot add fields to its card".into())?;
    page.card(
        "Request 879 tries scripts, links, mentions, templates and forged fields. All of it is dead text:",
        &hostile.card,
    )?;
    let rows = stage.stubs.with(|world| world.truth());
    let silent = |state: &State, of_this_kind: fn(&Truth) -> bool| {
        let rows = rows.iter().filter(|row| !row.live && row.state == *state && of_this_kind(row));
        let mut names: Vec<String> = rows.map(name).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    };
    let any = |_: &Truth| true;
    page.item("not sent yet", &silent(&State::ToBeSent, |row| row.level_number == 1))?;
    page.item("later levels", &silent(&State::ToBeSent, |row| row.level_number > 1))?;
    page.item("approved", &format!("{} (one level or all)", silent(&State::Approved, any)))?;
    page.item("rejected", &silent(&State::Rejected, any))?;
    page.item("passed on", &format!("{}; the delegate got the card", silent(&State::Delegated, any)))?;
    let parked = stage.call("GET", "/approvals", None).await?;
    let parked = parked.body.get("approvals").and_then(Value::as_array).into_iter().flatten();
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parked: Vec<&Value> = parked.filter(|row| text(row, "said") == "parked").collect();
    check(parked.len() == 1, || format!("one approval is parked, not {}", parked.len()))?;
    for row in parked {
        let (kind, number, why) = (text(row, "ticket_type"), text(row, "ticket_number"), text(row, "reason"));
        page.item("parked", &format!("{} {number}: {why}", kind.to_lowercase()))?;
    }
    Ok(())
}

async fn quiet_sweep(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("A second sweep", "Nothing has changed, so nobody hears anything, and it costs next to nothing.")?;
    let (mark, before) = stage.stubs.with(|world| (world.journal.mark(), world.sent_messages().len()));
    let report = stage.sweep(page).await?;
    let (calls, chat) = stage.stubs.with(|world| {
        let calls = world.journal.since(mark);
        (calls.count(), world.sent_messages().len() - before)
    });
    check(chat == 0 && report.outbox.sent == 0, || "a quiet sweep sends nothing".into())?;
    let tickets = sum(&report, |source| source.tickets);
    page.tick(&format!("{calls} calls, {tickets} tickets looked into, {chat} messages, {} ms", report.duration_ms))
}

async fn approve(page: &mut Page, stage: &Stage, gwen: &Delivered) -> Result<(), Broken> {
    page.heading("Gwen presses Approve", "Moveworks makes this call; who pressed is proven by Moveworks.")?;
    let path = format!("/approvals/{}/approve", gwen.id);
    let answer = stage.call("POST", &path, Some(&json!({"approver": gwen.email, "token": gwen.token}))).await?;
    let shown = json!({"approver": gwen.email, "token": shortened(&gwen.token)}).to_string();
    expect(&answer, 200, "approved")?;
    page.call(&format!("POST {path}"), &shown, answer.status, &spoken(&answer))?;
    let row = truth(stage, &gwen.id)?;
    check(row.state == State::Approved, || "the help desk has the approval".into())?;
    let (owner, comment) = (row.acted_by.unwrap_or_default(), row.comments.unwrap_or_default());
    check(comment.contains(&gwen.email), || "the comment in the ticket names the approver".into())?;
    page.tick(&format!("now in the ticket: \"{comment}\""))?;
    page.tell(&format!("(decided with the key of {owner}, as the help desk has it; so the comment names the person)"))
}

async fn reject(page: &mut Page, stage: &Stage, ana: &Delivered) -> Result<(), Broken> {
    page.heading("Ana presses Reject", "A rejection needs a reason, because somebody has to live with it.")?;
    let path = format!("/approvals/{}/reject", ana.id);
    let mut body = json!({"approver": ana.email, "token": ana.token});
    let answer = stage.call("POST", &path, Some(&body)).await?;
    expect(&answer, 422, "invalid")?;
    check(truth(stage, &ana.id)?.state == State::Pending, || "the refusal changed nothing".into())?;
    page.call(&format!("POST {path}"), "no comment", answer.status, &spoken(&answer))?;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("comment".to_owned(), json!(REASON));
    }
    let answer = stage.call("POST", &path, Some(&body)).await?;
    expect(&answer, 200, "rejected")?;
    page.call("the same", &format!("comment \"{REASON}\""), answer.status, &spoken(&answer))?;
    let comment = truth(stage, &ana.id)?.comments.unwrap_or_default();
    check(comment.contains(REASON) && comment.contains(&ana.email), || "reason and name are in the ticket".into())?;
    page.tick(&format!("now in the ticket: \"{comment}\""))
}

async fn hands_off(page: &mut Page, stage: &Stage, gwen: &Delivered) -> Result<(), Broken> {
    page.heading(
        "Others, repeats, second thoughts",
        "The live record decides who may answer, and what has been said.",
    )?;
    let writes = stage.stubs.with(|world| world.journal.count("PUT", "/approvals/"));
    let noor = find(stage, "noor.petrov@corp.example", "31")?;
    let approve = |card: &Delivered| format!("/approvals/{}/approve", card.id);
    let other = json!({"approver": "lars.koch@corp.example", "token": noor.token});
    let answer = stage.call("POST", &approve(&noor), Some(&other)).await?;
    expect(&answer, 403, "not_approver")?;
    page.call("Lars uses Noor's card (release 31)", "", answer.status, &spoken(&answer))?;
    let own = json!({"approver": noor.email, "token": noor.token});
    let answer = stage.call_as(None, "POST", &approve(&noor), Some(&own)).await?;
    check(answer.status == 401, || format!("without the bearer token 401, not {}", answer.status))?;
    let shut = answer.body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    page.call("a caller without the bearer token", "", answer.status, shut)?;
    let again = json!({"approver": gwen.email, "token": gwen.token});
    let answer = stage.call("POST", &approve(gwen), Some(&again)).await?;
    expect(&answer, 200, "approved")?;
    page.call("Gwen presses Approve again", "", answer.status, &spoken(&answer))?;
    let opposite = json!({"approver": gwen.email, "token": gwen.token, "comment": "Changed my mind."});
    let answer = stage.call("POST", &format!("/approvals/{}/reject", gwen.id), Some(&opposite)).await?;
    expect(&answer, 409, "already_decided")?;
    page.call("Gwen presses Reject after all", "", answer.status, &spoken(&answer))?;
    let after = stage.stubs.with(|world| world.journal.count("PUT", "/approvals/"));
    check(after == writes, || "none of these wrote anything to the help desk".into())?;
    page.tick("nothing of this wrote anything to the help desk")
}

async fn next_level(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    page.heading("The next level", "Gwen's yes opened level 2 of request 874; the next sweep tells its people.")?;
    let before = stage.stubs.with(|world| world.sent_messages().len());
    let report = stage.sweep(page).await?;
    let cards = stage.delivered(before)?;
    let mut people: Vec<&str> = cards.iter().map(|card| card.email.as_str()).collect();
    people.sort_unstable();
    check(people == ["ana.abara@corp.example", "lars.koch@corp.example"], || "Ana and Lars, nobody else".into())?;
    let numbers = cards.iter().all(|card| value(card, "Ticket #") == "874" && card.event == "approval.pending");
    check(numbers, || "both are asked about request 874".into())?;
    page.tick(&format!("{} cards: Ana Abara and Lars Koch, request 874; {}", cards.len(), cost(&report)))
}

async fn remind(page: &mut Page, stage: &Stage) -> Result<(), Broken> {
    let hours = REMIND_AFTER_HOURS + 1;
    page.heading(
        "A day later",
        &format!(
            "remind_after_hours = {REMIND_AFTER_HOURS}; bridge and stubs share a clock, moved on by {hours} hours."
        ),
    )?;
    stage.clock.advance(Duration::from_secs(hours * 3600));
    let (before, tokens) = stage.stubs.with(|world| (world.sent_messages().len(), world.tokens_issued()));
    let report = stage.sweep(page).await?;
    let cards = stage.delivered(before)?;
    let mut reminded: Vec<&str> = cards.iter().map(|card| card.id.as_str()).collect();
    let asked = askable(stage);
    let mut waiting: Vec<&str> = asked.iter().map(|row| row.id.as_str()).collect();
    reminded.sort_unstable();
    waiting.sort_unstable();
    check(reminded == waiting, || "everybody who still has to answer is reminded once, and nobody else".into())?;
    check(cards.iter().all(|card| card.event == "approval.reminder"), || "all of them are reminders".into())?;
    let title = cards.first().map(|card| card.card.title.clone()).unwrap_or_default();
    page.tick(&format!("{} reminders to those who still have to answer; {}", cards.len(), cost(&report)))?;
    page.tell(&format!("title: {title}"))?;
    let renewed = stage.stubs.with(|world| world.tokens_issued()) - tokens;
    check(renewed == 1, || format!("the access token is renewed once, not {renewed} times"))?;
    page.tick("the access token of the help desk had run out as well: renewed, once")?;
    let before = stage.stubs.with(|world| world.sent_messages().len());
    stage.sweep(page).await?;
    let again = stage.stubs.with(|world| world.sent_messages().len()) - before;
    check(again == 0, || "the sweep after it reminds nobody again".into())?;
    page.tick("the sweep after it reminds nobody again")
}

fn summary(page: &mut Page, stage: &Stage, took: Duration) -> Result<(), Broken> {
    page.heading("In all", "Everything above went through the same bytes.")?;
    let calls = |vendor: Vendor| stage.stubs.with(|w| w.journal.calls().filter(|call| call.vendor == vendor).count());
    let messages = stage.stubs.with(|world| world.sent_messages().len());
    let failed = stage.bridge.stats().failed;
    check(failed == 0, || format!("no call of the component failed, but {failed} did"))?;
    page.tell(&format!(
        "calls: {} to ServiceDesk Plus, {} to Zoho, {} to Zendesk, {} to Atera, {} to Moveworks; {messages} messages; {:.1} s",
        calls(Vendor::Sdp),
        calls(Vendor::Zoho),
        calls(Vendor::Zendesk),
        calls(Vendor::Atera),
        calls(Vendor::Moveworks),
        took.as_secs_f64()
    ))?;
    let bytes = BRIDGE_COMPONENT.map_or(0, <[u8]>::len);
    let stats = stage.bridge.stats();
    page.tell(&format!(
        "approval_bridge.wasm: {} bytes, {} imports; {} calls, each on a fresh instance, at most {} KiB of memory",
        thousands(bytes),
        stage.bridge.imports().len(),
        stats.calls,
        thousands(stats.peak_memory / 1024)
    ))
}

/// What waits at a person who can be reached.
fn askable(stage: &Stage) -> Vec<Truth> {
    let mut rows = stage.stubs.with(|world| world.pending());
    rows.retain(|row| row.email.as_deref().is_some_and(|address| !address.trim().is_empty()));
    rows
}

fn truth(stage: &Stage, id: &str) -> Result<Truth, Broken> {
    let row = stage.stubs.with(|world| world.truth().into_iter().find(|row| row.id == id));
    row.ok_or_else(|| Broken(format!("the help desk does not know {id}")))
}

/// The first card that this person got about this ticket.
fn find(stage: &Stage, email: &str, number: &str) -> Result<Delivered, Broken> {
    let card = stage.delivered(0)?.into_iter().find(|card| card.email == email && value(card, "Ticket #") == number);
    card.ok_or_else(|| Broken(format!("{email} got no card about {number}")))
}

pub(super) fn value<'a>(card: &'a Delivered, label: &str) -> &'a str {
    card.card.fields.iter().find(|(own, _)| own == label).map_or("", |(_, value)| value)
}

fn name(row: &Truth) -> String {
    format!("{} {}", row.module.singular(), row.number)
}

pub(super) fn expect(answer: &Answer, status: u16, outcome: &str) -> Result<(), Broken> {
    check(answer.status == status && answer.text("outcome") == outcome, || {
        format!("{status} {outcome}, but the bridge answered {} {}", answer.status, answer.body)
    })
}

pub(super) fn spoken(answer: &Answer) -> String {
    format!("{}: {}", answer.text("outcome"), answer.text("message"))
}

fn shortened(token: &str) -> String {
    token.chars().take(12).chain(['…']).collect()
}

fn sum(report: &Report, count: fn(&SourceReport) -> u32) -> u32 {
    report.sources.iter().map(count).fold(0, u32::saturating_add)
}

fn cost(report: &Report) -> String {
    format!("{} calls, {} ms", sum(report, |source| source.calls), report.duration_ms)
}

/// A number in groups of three digits.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
