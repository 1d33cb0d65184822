//! What the bridge costs beside what one would run without it, in the same run: the published sample program's way, one
//! call after another, everything each time. The calls and the readers of that way are ours, and it gets pages of a
//! hundred rows and a fair chance; what it lacks (a ledger, rounds, retries, reading back) is not counted against it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use approval_bridge::bridge::Bridge;
use approval_bridge::egress::{RequestOptions, Transport};
use approval_bridge::key_value::MemoryStore;
use approval_bridge::stubs::{MOVEWORKS_API_KEY, MOVEWORKS_EVENT_ID, SDP_AUTHTOKEN, Stubs};
use approval_bridge_tests::harness::{Served, heap_blocks, plain_variables, to_announce};
use approval_logic::approval::{Status, Ticket, TicketKind};
use approval_logic::card::{CardKind, CardStyle, render};
use approval_logic::http::{HttpRequest, HttpResponse};
use approval_logic::moveworks::{Event, Message, Tenant, event_message};
use approval_logic::sdp::{self, Calls, Credential, ListQuery, Scope, StatusNames};

use crate::figure::{Figures, number, number_of};

/// One way to a vendor and back.
const LATENCY: Duration = Duration::from_millis(20);

/// Tickets with two levels of one approval each, of which the first waits.
const TICKETS: usize = 200;

const SDP: &str = "https://sdp.example";

pub(crate) async fn measure(figures: &mut Figures) {
    sweeps(figures).await;
    starts(figures).await;
    let [reading, comparing, rendering, writing] = to_announce(200).map(|fuel| number(fuel / 1000) / 1000.0);
    let note = format!("read {reading:.2}, compare {comparing:.2}, render {rendering:.2}");
    figures.add("200 approvals read, compared, rendered", reading + comparing + rendering, "M fuel", Some(11.0), note);
    figures.add("their cards written as markdown", writing, "M fuel", None, "");
    let parts = heap_blocks(env!("CARGO_BIN_EXE_allocations"), 200).map(number);
    let [reading, comparing, rendering, again] = parts.map(|blocks| blocks / 200.0);
    let note = format!("native; read {reading:.2}, compare {comparing:.2}, render {rendering:.2}");
    figures.add("heap blocks for one of them", reading + comparing + rendering, "blocks", None, note);
    figures.add("heap blocks to see that one is as it was", again, "blocks", None, "native");
}

pub(crate) fn stubs(tickets: usize) -> Stubs {
    let stubs = Stubs::new(5);
    stubs.with(|world| {
        world.on_premises();
        world.settings.moveworks.events_per_minute = None;
        world.journal.keep(Some(0));
        world.populate(tickets, 2, 1);
    });
    stubs
}

fn bridge(stubs: &Stubs) -> Bridge {
    let mut variables = plain_variables();
    variables.set("sdp_modules", "requests");
    variables.set("sweep_budget_seconds", "600");
    let builder = Bridge::builder().variables(variables).key_value(Arc::new(MemoryStore::new()));
    builder.transport(Arc::new(stubs.clone())).build().expect("the bridge starts; build the components first")
}

/// Runs something, and says how long it took and how many calls it made.
async fn cost(stubs: &Stubs, work: impl Future<Output = usize>) -> (f64, f64, usize) {
    let before = stubs.with(|world| world.journal.total());
    let begun = Instant::now();
    let found = work.await;
    let took = begun.elapsed().as_secs_f64();
    (took, number(stubs.with(|world| world.journal.total()) - before), found)
}

async fn sweeps(figures: &mut Figures) {
    let stubs = stubs(TICKETS);
    let bridge = bridge(&stubs);
    stubs.with(|world| world.set_latency(LATENCY));
    let poll = async || {
        let report = bridge.poll(false).await.expect("the sweep runs");
        usize::try_from(report.outbox.sent).expect("few")
    };
    let first = cost(&stubs, poll()).await;
    let serial = cost(&stubs, one_by_one(&stubs)).await;
    assert_eq!((first.2, serial.2), (TICKETS, TICKETS), "both find everything");
    figures.compare("a first sweep: time", first.0, serial.0, "s");
    figures.compare("a first sweep: calls", first.1, serial.1, "calls");
    // The watermark is looked at once more after a first sweep.
    poll().await;
    let quiet = cost(&stubs, poll()).await;
    assert_eq!(quiet.2, 0, "nothing is new");
    figures.compare("a sweep with nothing new: time", quiet.0, serial.0, "s");
    figures.compare("a sweep with nothing new: calls", quiet.1, serial.1, "calls");
    figures.compare("a sweep with nothing new: messages", 0.0, number_of(serial.2), "messages");
    let peak = number_of(bridge.stats().peak_memory >> 10) / 1024.0;
    figures.add("memory of an instance at its peak, 200 tickets x 2 levels", peak, "MiB", Some(4.0), "");
    let served = Served::start(bridge).await;
    let begun = Instant::now();
    let rounds = 200;
    for _ in 0..rounds {
        assert_eq!(served.get("/approvals").await.status, 200);
    }
    let each = f64::from(rounds) / begun.elapsed().as_secs_f64();
    figures.compare("asking what waits", each, 1.0 / serial.0, "per s");
    served.stop().await;
}

/// The sample program's way: a list, then the levels of each ticket, the approvals of each level, and a message for each
/// approval that waits; each call when the one before has been answered. The number of messages.
async fn one_by_one(stubs: &Stubs) -> usize {
    let credential = Credential::Authtoken(SDP_AUTHTOKEN.to_owned());
    let (calls, names, kind) = (Calls::new(SDP, &credential), StatusNames::default(), TicketKind::Request);
    let tenant = Tenant { base_url: "https://moveworks.example", api_key: MOVEWORKS_API_KEY };
    let style = CardStyle::default();
    let (mut position, mut told) = (1, 0);
    loop {
        let query = ListQuery { start_index: position, rows: sdp::PAGE_SIZE, scope: Scope::All };
        let page = sdp::read_page(kind, &names, &send(stubs, calls.list(kind, &query)).await).expect("a page");
        position += u64::try_from(page.tickets.len()).expect("few");
        for listed in page.tickets {
            let ticket: Arc<Ticket> = listed.ticket.into();
            let answer = send(stubs, calls.levels(kind, &ticket.id)).await;
            for level in sdp::read_levels(&names, &|_| None, &answer).expect("levels").levels {
                let answer = send(stubs, calls.approvals(kind, &ticket.id, &level.id, 1)).await;
                let read = sdp::read_approvals(&names, &ticket, &level, &answer).expect("approvals");
                for approval in read.approvals.iter().filter(|approval| approval.status == Status::Pending) {
                    let recipient = approval.approver.as_ref().and_then(|person| person.email.clone()).expect("one");
                    let card = render(approval, &CardKind::Pending, &style);
                    let message = Message {
                        event: Event::Pending,
                        event_id: "none",
                        approval,
                        card: &card,
                        recipient: &recipient,
                        action_token: None,
                    };
                    send(stubs, event_message(&tenant, MOVEWORKS_EVENT_ID, &message)).await;
                    told += 1;
                }
            }
        }
        if !page.more {
            return told;
        }
    }
}

async fn send(stubs: &Stubs, request: HttpRequest) -> HttpResponse {
    let mut call = http::Request::builder().method(request.method.name()).uri(&request.url);
    for (name, value) in &request.headers {
        call = call.header(*name, value);
    }
    let call = call.body(bytes::Bytes::from(request.body)).expect("a proper request");
    let (head, body) = stubs.send(call, RequestOptions::default()).await.expect("an answer").into_parts();
    HttpResponse { status: head.status.as_u16(), headers: Vec::new(), body: body.to_vec() }
}

/// What a process needs until it has answered for the first time, with compiled code in its cache.
async fn starts(figures: &mut Figures) {
    let stubs = stubs(1);
    let once = async || {
        let begun = Instant::now();
        let bridge = bridge(&stubs);
        let request = http::Request::get("http://bridge.example/").body(bytes::Bytes::new()).expect("a request");
        assert_eq!(bridge.handle(request).await.expect("an answer").status(), 200);
        begun.elapsed().as_secs_f64() * 1e3
    };
    once().await;
    let mut warm = once().await;
    for _ in 0..4 {
        warm = warm.min(once().await);
    }
    figures.add("cold start to the first answer, compiled code cached", warm, "ms", None, "");
}
