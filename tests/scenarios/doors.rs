//! What stands on the wire at Moveworks' two doors, byte for byte.
//!
//! A wrong implementation names several people in one call, forgets a slot or adds one, leaves the title out, signs
//! something other than the bytes it sends (another encoding of the same JSON is enough), writes the signature in upper
//! case or base64, makes a new event id for a repeat or the same one for two approvals, tries both doors, or sends one
//! tenant's messages to another tenant's region.

use std::sync::{Arc, Mutex};

use approval_bridge::egress::{EgressError, transport_fn};
use approval_bridge::stubs::{
    Door, Fault, Hosts, MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, MOVEWORKS_LISTENER_ID, Signature, SignatureCheck, World,
};
use approval_bridge_tests::harness::{ANA, BO, Desk, Setup, hours, minutes};
use approval_logic::signature::{hmac_sha256_hex, verify_action};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

const TITLE: &str = "🎫 New Ticket Pending Your Approval";
const SECRET: &str = "listener-secret-ö-0123456789";

/// Every call to Moveworks, as it went out.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<Request<Bytes>>>>);

impl Wire {
    fn tapped(setup: Setup) -> (Setup, Self) {
        let wire = Self::default();
        let log = wire.clone();
        let setup = setup.transport(move |stubs, _| {
            transport_fn(move |request: Request<Bytes>| {
                let stubs = stubs.clone();
                let path = request.uri().path();
                if path.contains("/rest/v1/") || path.contains("/webhooks/") {
                    log.0.lock().expect("nobody panicked").push(request.clone());
                }
                async move { stubs.handle(request).await.map_err(|_| EgressError::Closed("vendor".to_owned())) }
            })
        });
        (setup, wire)
    }

    fn calls(&self) -> Vec<Request<Bytes>> {
        self.0.lock().expect("nobody panicked").clone()
    }

    /// The only call there was.
    fn only(&self) -> Request<Bytes> {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

fn header<'r>(request: &'r Request<Bytes>, name: &str) -> Vec<&'r str> {
    request.headers().get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).expect("JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A request whose text needs more than ASCII.
fn one_request(world: &mut World) {
    let new = world.request().subject("Zoë's laptop").description("<p>16 GB — für Zoë 💻</p>").priority("High");
    new.requester("Zoë Žák", "zoe@corp.example").level(&[ANA]).add();
}

/// The one approval that waits.
fn waiting(desk: &Desk) -> approval_bridge::stubs::Truth {
    let mut waiting = desk.world(|world| world.pending());
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    waiting.remove(0)
}

fn expected_slots(desk: &Desk) -> Value {
    let truth = waiting(desk);
    json!({
        "approval_id": truth.id,
        "request_id": truth.ticket,
        "level_id": truth.level,
        "ticket_type": "Request",
        "source": "sdp",
    })
}

#[tokio::test]
async fn an_event_is_message_recipient_and_slots_and_nothing_else() {
    let (setup, wire) = Wire::tapped(Desk::cloud().world(one_request));
    let desk = setup.start();
    let slots = expected_slots(&desk);
    desk.poll().await.clean();
    let call = wire.only();
    assert_eq!(call.method(), "POST");
    let address = format!("https://moveworks.example/rest/v1/events/{MOVEWORKS_EVENT_ID}/messages/send");
    assert_eq!(call.uri().to_string(), address);
    assert_eq!(header(&call, "authorization"), [format!("Bearer {MOVEWORKS_API_KEY}")]);
    assert_eq!(header(&call, "content-type"), ["application/json"]);
    assert!(header(&call, "x-signature").is_empty(), "this door knows no signature");
    let number = waiting(&desk).number;
    let message = format!(
        "<b>{TITLE}</b><br><i>Ticket Type</i>: Request<br><i>Ticket #</i>: {number}<br><i>Requester</i>: Zoë Žák<br>\
         <i>Priority</i>: High<br><i>Description</i>: 16 GB — für Zoë 💻"
    );
    let expected = json!({ "message": message, "recipients": [ANA.1], "context": { "slots": slots } });
    assert_eq!(body(&call), expected);
}

#[tokio::test]
async fn each_approver_gets_a_call_of_their_own() {
    let world = |world: &mut World| drop(world.request().level(&[ANA, BO]).add());
    let (setup, wire) = Wire::tapped(Desk::cloud().world(world));
    setup.start().poll().await.clean();
    let recipients = wire.calls().iter().map(|call| body(call)["recipients"].clone()).collect::<Vec<_>>();
    assert_eq!(recipients.len(), 2);
    for who in [ANA, BO] {
        assert!(recipients.contains(&json!([who.1])), "{} in {recipients:?}", who.1);
    }
}

#[tokio::test]
async fn the_type_in_the_slots_is_that_of_the_ticket() {
    let world = |world: &mut World| {
        world.change().level(&[ANA]).add();
        world.release().level(&[BO]).add();
    };
    let (setup, wire) = Wire::tapped(Desk::cloud().world(world));
    setup.start().poll().await.clean();
    let mut types: Vec<(String, String)> = wire.calls().iter().map(body).map(|body| kind_and_id(&body)).collect();
    types.sort();
    let [change, release] = types.as_slice() else { panic!("two messages: {types:?}") };
    assert!(change.0 == "Change" && change.1.starts_with("sdp:changes:"), "{change:?}");
    assert!(release.0 == "Release" && release.1.starts_with("sdp:releases:"), "{release:?}");
}

fn kind_and_id(body: &Value) -> (String, String) {
    let slots = &body["context"]["slots"];
    let text = |name: &str| slots[name].as_str().expect("text").to_owned();
    (text("ticket_type"), text("approval_id"))
}

#[tokio::test]
async fn with_an_action_secret_one_more_slot_holds_a_token_for_this_approval_and_person() {
    for door in [Door::Events, Door::Listener] {
        let setup = Desk::cloud().world(one_request).variable("action_secret", "an-action-secret").door(door);
        let (setup, wire) = Wire::tapped(setup);
        let desk = setup.start();
        let mut slots = expected_slots(&desk);
        desk.poll().await.clean();
        let body = body(&wire.only());
        let sent = if door == Door::Events { &body["context"]["slots"] } else { &body["slots"] };
        let token = sent["action_token"].as_str().expect("a token");
        let id = slots["approval_id"].as_str().expect("text").parse().expect("an id");
        let check = |secret: &str, who: &str| verify_action(secret, token, &id, who, desk.now()).is_ok();
        assert!(check("an-action-secret", ANA.1));
        assert!(!check("an-action-secret", BO.1), "the token is for everybody");
        assert!(!check("another-secret", ANA.1), "the token is signed with something else");
        slots["action_token"] = json!(token);
        assert_eq!(*sent, slots);
    }
}

#[tokio::test]
async fn the_listener_gets_the_event_the_approval_the_card_and_the_slots_and_nothing_else() {
    let (setup, wire) = Wire::tapped(Desk::cloud().world(one_request).door(Door::Listener));
    let desk = setup.start();
    let (slots, truth) = (expected_slots(&desk), waiting(&desk));
    desk.poll().await.clean();
    let call = wire.only();
    assert_eq!(call.method(), "POST");
    let address = format!("https://moveworks.example/webhooks/v1/listeners/{MOVEWORKS_LISTENER_ID}/notify");
    assert_eq!(call.uri().to_string(), address);
    assert_eq!(header(&call, "content-type"), ["application/json"]);
    let body = body(&call);
    assert_eq!(keys(&body), ["approval", "card", "event", "event_id", "slots", "user_email"]);
    assert_eq!(body["event"], "approval.pending");
    assert!(body["event_id"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    assert_eq!(body["user_email"], ANA.1);
    assert_eq!(body["slots"], slots);
    let approval = &body["approval"];
    for (name, value) in [
        ("id", json!(truth.id)),
        ("source", json!("sdp")),
        ("status", json!("pending")),
        ("ticket_type", json!("Request")),
        ("ticket_id", json!(truth.ticket)),
        ("ticket_number", json!(truth.number)),
        ("title", json!("Zoë's laptop")),
        ("requester", json!("Zoë Žák")),
        ("approver", json!(ANA.0)),
        ("sent_at", json!(truth.sent_on)),
    ] {
        assert_eq!(approval[name], value, "{name}");
    }
    let card = &body["card"];
    assert_eq!(keys(card), ["actions", "fields", "text", "title"]);
    assert_eq!(card["title"], TITLE);
    let field = |label: &str, value: &str| json!({ "label": label, "value": value });
    let fields = json!([
        field("Ticket Type", "Request"),
        field("Ticket #", &truth.number),
        field("Requester", "Zoë Žák"),
        field("Priority", "High"),
        field("Description", "16 GB — für Zoë 💻"),
    ]);
    assert_eq!(card["fields"], fields);
    let labels: Vec<&Value> = card["actions"].as_array().expect("a list").iter().map(|one| &one["label"]).collect();
    assert_eq!(labels, ["Approve", "Reject"]);
    let text = card["text"].as_str().expect("text");
    let first = format!("*{TITLE}*\n_Ticket Type_: Request\n_Ticket #_: {}\n", truth.number);
    assert!(text.starts_with(&first), "{text}");
}

/// Approvals, reminders and notices, all of them.
#[tokio::test]
async fn the_signature_is_the_hmac_of_the_exact_bytes_in_lower_case_hex() {
    let check = |bytes: &[u8], value: &str| value == hmac_sha256_hex(SECRET.as_bytes(), bytes);
    let setup = Desk::cloud().world(one_request).door(Door::Listener);
    let setup = setup.variable("moveworks_listener_secret", SECRET).variable("remind_after_hours", "1");
    let setup = setup.world(|world| world.settings.moveworks.listener_signature = Some(SignatureCheck::new(check)));
    let (setup, wire) = Wire::tapped(setup);
    let desk = setup.start();
    desk.poll().await.clean();
    desk.poll_every(minutes(65), 1).await.clean();
    let notice = json!({ "message": "Grüße 👋", "recipients": [BO.1] });
    assert_eq!(desk.post("/notifications", notice).await.status, 202);
    let calls = wire.calls();
    let events: Vec<Value> = calls.iter().map(|call| body(call)["event"].clone()).collect();
    assert_eq!(events, ["approval.pending", "approval.reminder", "notification"]);
    for call in &calls {
        let [signature] = header(call, "x-signature")[..] else { panic!("one signature: {:?}", call.headers()) };
        assert_eq!(signature, hmac_sha256_hex(SECRET.as_bytes(), call.body()));
        assert!(signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert_eq!(header(call, "authorization"), [format!("Bearer {MOVEWORKS_API_KEY}")]);
        assert!(call.body().iter().any(|byte| *byte > 127), "nothing here tells one encoding from another");
    }
    assert!(desk.cards().iter().all(|card| card.signature == Signature::Right));
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed_and_the_bearer_is_there_all_the_same() {
    let (setup, wire) = Wire::tapped(Desk::cloud().world(one_request).door(Door::Listener));
    setup.start().poll().await.clean();
    let call = wire.only();
    assert!(header(&call, "x-signature").is_empty());
    assert_eq!(header(&call, "authorization"), [format!("Bearer {MOVEWORKS_API_KEY}")]);
}

/// A receiver drops repeats by the id, so a repeat must have the old one, and anything else must not.
#[tokio::test]
async fn a_repeat_after_a_503_keeps_its_event_id_and_every_other_message_has_its_own() {
    let setup = Desk::cloud().door(Door::Listener).variable("remind_after_hours", "1").world(|world| {
        world.request().level(&[ANA, BO]).add();
        world.request().level(&[ANA]).add();
        world.fault(Fault::on("POST", "/webhooks/").replies(503, "{}").times(3));
    });
    let (setup, wire) = Wire::tapped(setup);
    let desk = setup.start();
    desk.poll().await;
    assert_eq!(wire.calls().len(), 3);
    assert!(desk.cards().is_empty());
    desk.poll_every(minutes(1), 1).await.clean();
    let bodies: Vec<Value> = wire.calls().iter().map(body).collect();
    let id = |body: &Value| (body["slots"]["approval_id"].to_string(), body["event_id"].to_string());
    let (mut refused, mut taken): (Vec<_>, Vec<_>) = (bodies[..3].iter().map(id).collect(), Vec::new());
    taken.extend(bodies[3..].iter().map(id));
    refused.sort();
    taken.sort();
    assert_eq!(refused, taken);
    desk.poll_every(hours(2), 1).await.clean();
    let mut ids: Vec<String> = desk.cards().iter().map(|card| card.event_id.clone()).collect();
    assert_eq!(ids.len(), 6, "three announcements and three reminders");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "messages share an event id");
}

/// The listener can drop repeats and check signatures. Also when it fails: a second door would tell people twice.
#[tokio::test]
async fn with_both_doors_only_the_listener_is_used_even_when_it_fails() {
    let setup = Desk::cloud().world(one_request).variable("moveworks_listener_id", MOVEWORKS_LISTENER_ID);
    let desk = setup.world(|world| world.fault(Fault::on("POST", "/webhooks/").replies(500, "{}"))).start();
    desk.poll().await;
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.cards().len(), 1);
    assert_eq!((desk.count("*", "/webhooks/"), desk.count("*", "/rest/v1/events/")), (2, 0));
}

#[tokio::test]
async fn messages_go_to_the_region_that_the_tenant_has() {
    for (base, host) in [
        (Some("https://api.eu.moveworks.example"), "api.eu.moveworks.example"),
        (Some("https://api.ca.moveworks.example:8443/"), "api.ca.moveworks.example:8443"),
        (None, "api.moveworks.ai"),
    ] {
        for door in [Door::Events, Door::Listener] {
            let setup = Desk::cloud().world(one_request).door(door).without("moveworks_base_url");
            let setup = match base {
                Some(base) => setup.variable("moveworks_base_url", base),
                None => setup,
            };
            let (setup, wire) = Wire::tapped(setup.world(|world| move_to(world, host)));
            let desk = setup.start();
            desk.poll().await.clean();
            let uri = wire.only().uri().clone();
            assert_eq!((uri.scheme_str(), uri.authority().map(|at| at.as_str())), (Some("https"), Some(host)));
            assert!(!uri.path().starts_with("//"), "{uri}");
            assert_eq!(desk.cards().len(), 1);
        }
    }
}

fn move_to(world: &mut World, host: &str) {
    let Some(Hosts { moveworks, .. }) = &mut world.settings.hosts else { panic!("the harness names the hosts") };
    *moveworks = host.to_owned();
}
