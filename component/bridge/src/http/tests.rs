//! The client. A wrong implementation would give up on a hiccup, hammer a vendor that asks for a pause, or start calls
//! when the sweep's time is over.

use std::sync::Mutex;

use approval_logic::http::Method;
use approval_logic::sdp;

use super::*;
use crate::testing::MemoryHost;

fn answers(list: Vec<(u16, &'static str)>) -> (MemoryHost, Arc<Mutex<u32>>) {
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    let host = MemoryHost::new().with_vendor(move |_| {
        let mut calls = counted.lock().unwrap();
        let (status, body) = list[usize::try_from(*calls).unwrap().min(list.len() - 1)];
        *calls += 1;
        Ok(HttpResponse::new(status, body))
    });
    (host, calls)
}

fn get(path: &str) -> HttpRequest {
    HttpRequest::new(Method::Get, format!("https://sdp.example/{path}"))
}

fn read(response: &HttpResponse) -> Result<(), CallError> {
    sdp::classify(Method::Get, response).map(drop)
}

const OK: (u16, &str) = (200, "{}");
const FAULT: (u16, &str) = (503, "");
const LIMIT: (u16, &str) = (429, "");

#[tokio::test]
async fn a_fault_is_repeated_twice_and_then_told() {
    for (list, expected_calls, good) in
        [(vec![FAULT, FAULT, OK], 3, true), (vec![FAULT], 3, false), (vec![(403, "{}")], 1, false)]
    {
        let (host, calls) = answers(list);
        let client = Client::new(host, 4, Duration::from_secs(60));
        assert_eq!(client.read(&Counter::default(), get("a"), read).await.is_ok(), good);
        assert_eq!(*calls.lock().unwrap(), expected_calls);
    }
}

#[tokio::test]
async fn a_limit_makes_every_call_to_that_origin_wait_as_long_as_it_asks() {
    let (host, calls) = answers(vec![LIMIT, LIMIT, LIMIT, LIMIT, OK]);
    let begun = host.ticks();
    let client = Client::new(host.clone(), 4, Duration::from_secs(600));
    client.read(&Counter::default(), get("a"), read).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), 5);
    assert!(host.ticks() - begun >= 4 * 60_000);
}

#[tokio::test]
async fn a_pause_longer_than_the_time_left_ends_the_waiting_and_others_do_not_even_start() {
    let (host, calls) = answers(vec![LIMIT]);
    let client = Client::new(host, 4, Duration::from_secs(30));
    assert!(matches!(client.read(&Counter::default(), get("a"), read).await, Err(CallFailure::Failed(_))));
    assert_eq!(client.read(&Counter::default(), get("b"), read).await, Err(CallFailure::OutOfTime));
    assert_eq!(*calls.lock().unwrap(), 1);
}

#[tokio::test]
async fn no_call_starts_when_the_time_is_over() {
    let (host, calls) = answers(vec![OK]);
    let client = Client::new(host.clone(), 4, Duration::from_secs(5));
    host.advance(Duration::from_secs(5));
    assert_eq!(client.read(&Counter::default(), get("a"), read).await, Err(CallFailure::OutOfTime));
    assert_eq!(*calls.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_unknown_and_is_not_sent_again_by_the_client() {
    let host = MemoryHost::new().with_vendor(|_| Err(TransportError::Lost("reset".to_owned())));
    let client = Client::new(host, 4, Duration::from_secs(60));
    let request = HttpRequest::new(Method::Put, "https://sdp.example/a");
    let failure = client.once(&Counter::default(), &request).await;
    assert!(matches!(failure, Err(CallFailure::Failed(CallError::Unknown { .. }))));
}

#[tokio::test]
async fn a_pace_holds_for_callers_side_by_side_and_for_repeats_and_waits_no_longer_than_there_is_time() {
    let (host, calls) = answers(vec![FAULT, OK]);
    let begun = host.ticks();
    let rate = Rate { messages: 2, span: 10_000 };
    let client = Client::new(host.clone(), 4, Duration::from_secs(30)).paced(rate);
    let (counter, others) = (Counter::default(), client.clone());
    let read_all = ["a", "b", "c", "d"].map(|path| others.read(&counter, get(path), read));
    let ended = futures::future::join_all(read_all).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(*calls.lock().unwrap(), 5, "one of them was repeated");
    assert!((20_000..25_000).contains(&(host.ticks() - begun)), "{}", host.ticks() - begun);
    client.read(&counter, get("e"), read).await.unwrap();
    assert_eq!(client.read(&counter, get("f"), read).await, Err(CallFailure::OutOfTime));
    assert_eq!(*calls.lock().unwrap(), 6);
}

#[tokio::test]
async fn a_pace_is_not_waited_for_once_calls_are_not_made_any_more() {
    let (host, calls) = answers(vec![FAULT]);
    let rate = Rate { messages: 1, span: 1_000 };
    let client = Client::new(host.clone(), 1, Duration::from_secs(600)).paced(rate);
    let counter = Counter::default();
    let request = || HttpRequest::new(Method::Put, "https://sdp.example/a");
    while *calls.lock().unwrap() < FAULTS_MAX {
        client.once(&counter, &request()).await.unwrap();
    }
    let begun = host.ticks();
    for _ in 0..10 {
        assert!(matches!(client.once(&counter, &request()).await, Err(CallFailure::Failed(_))));
    }
    assert_eq!((host.ticks(), *calls.lock().unwrap()), (begun, FAULTS_MAX));
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    assert_eq!(origin("https://sdp.example:8443/app/x?y"), "https://sdp.example:8443");
    assert_eq!(origin("https://sdp.example"), "https://sdp.example");
}
