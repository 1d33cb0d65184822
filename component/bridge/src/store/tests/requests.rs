//! Requests in the store. A wrong implementation forgets a change that a sweep has not seen, leaves two open requests
//! about one ticket behind, or keeps everything for ever.

use std::time::Duration;

use approval_logic::approval::{Person, Ticket, TicketKind};
use approval_logic::managed::{Allowed, Draft, Facts, HelpDesk, Policy, Refusal, Request, Subject};

use crate::store::Store;
use crate::store::requests::{ChangeError, Requests, Seen};
use crate::testing::MemoryHost;

fn subject(id: &str) -> Subject {
    Subject { desk: HelpDesk::Atera, kind: TicketKind::Ticket, id: id.to_owned() }
}

fn made(id: &str, ticket: &str) -> Result<Request, Refusal> {
    let ticket = Ticket {
        kind: TicketKind::Ticket,
        id: ticket.to_owned(),
        number: ticket.to_owned(),
        title: None,
        description: None,
        requester: None,
        priority: None,
        link: None,
    };
    let ana = Person { name: None, email: Some("ana@corp.example".to_owned()) };
    let draft = Draft {
        id: id.to_owned(),
        desk: HelpDesk::Atera,
        facts: Facts { ticket, thread: Vec::new() },
        asked_by: None,
        recipients: vec![ana],
        policy: Policy::All,
        subject: "s".to_owned(),
        message: "m".to_owned(),
    };
    Request::create(draft, &Allowed::default(), 1)
}

fn requests(host: &MemoryHost) -> Requests<MemoryHost> {
    Requests::new(&Store::new(host.clone()))
}

async fn touched(requests: &Requests<MemoryHost>) -> Vec<String> {
    let touched = requests.touched().await.unwrap().unwrap_or_default();
    touched.into_iter().map(|touched| touched.id).collect()
}

/// What a sweep sees that looks at all of them now.
async fn seen(requests: &Requests<MemoryHost>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for touched in requests.touched().await.unwrap().unwrap() {
        let change = requests.kept(&touched.id).await.unwrap().map(|kept| kept.change);
        seen.push(Seen { touched, change });
    }
    seen
}

#[tokio::test]
async fn a_ticket_has_one_open_request_and_after_it_another() {
    let requests = requests(&MemoryHost::new());
    assert_eq!(requests.touched().await, Ok(None));
    requests.create(&subject("1"), "w", |before| made(before.unwrap_or("q1"), "1")).await.unwrap();
    let second = requests.create(&subject("1"), "w", |_| made("q2", "1")).await;
    assert_eq!(second, Err(ChangeError::Open("q1".to_owned())));
    requests.create(&subject("2"), "w", |_| made("q3", "2")).await.unwrap();
    requests.change("q1", "w", |request| request.cancel(None, 2)).await.unwrap();
    let subject = subject("1");
    let third = requests.create(&subject, "w", |before| made(if before == Some("q1") { "q4" } else { "q5" }, "1"));
    assert_eq!(third.await.unwrap().id, "q4");
    assert_eq!(touched(&requests).await, ["q3", "q1", "q4"]);
}

#[tokio::test]
async fn a_change_is_forgotten_only_if_no_other_came_after_it() {
    let requests = requests(&MemoryHost::new());
    for id in ["q1", "q2"] {
        requests.create(&subject(id), "w", |_| made(id, id)).await.unwrap();
    }
    let before = seen(&requests).await;
    requests.change("q1", "w", |request| request.cancel(None, 2)).await.unwrap();
    requests.forget(&before).await.unwrap();
    assert_eq!(touched(&requests).await, ["q1"]);
    requests.forget(&seen(&requests).await).await.unwrap();
    assert_eq!(requests.touched().await.unwrap(), Some(Vec::new()));
}

/// A sweep reads what has changed, then the record, and a change is made in between, or has been announced and not made.
#[tokio::test]
async fn a_change_that_was_being_made_is_not_forgotten() {
    let requests = requests(&MemoryHost::new());
    requests.create(&subject("1"), "w", |_| made("q1", "1")).await.unwrap();
    requests.forget(&seen(&requests).await).await.unwrap();
    let old = requests.kept("q1").await.unwrap().map(|kept| kept.change);
    requests.change("q1", "w", |request| request.cancel(None, 2)).await.unwrap();
    let touched_since = requests.touched().await.unwrap().unwrap().remove(0);
    requests.forget(&[Seen { touched: touched_since.clone(), change: old }]).await.unwrap();
    requests.forget(&[Seen { touched: touched_since, change: None }]).await.unwrap();
    assert_eq!(touched(&requests).await, ["q1"]);
}

#[tokio::test]
async fn what_is_refused_or_changes_nothing_is_not_touched() {
    let requests = requests(&MemoryHost::new());
    requests.create(&subject("1"), "w", |_| made("q1", "1")).await.unwrap();
    requests.forget(&seen(&requests).await).await.unwrap();
    let refused = requests.change("q1", "w", |_| Err::<(), _>(Refusal::NoSuchRecipient)).await;
    assert_eq!(refused.unwrap_err(), ChangeError::Refused(Refusal::NoSuchRecipient));
    requests.change("q1", "w", |_| Ok(())).await.unwrap();
    requests.note("q1", |request| request.written_back(3)).await.unwrap();
    assert!(touched(&requests).await.is_empty());
    assert!(requests.get("q1").await.unwrap().unwrap().is_written_back());
    assert_eq!(requests.change("q9", "w", |_| Ok(())).await.unwrap_err(), ChangeError::Absent);
}

#[tokio::test]
async fn whatever_step_is_the_last_a_request_is_there_whole_or_can_be_made_again() {
    for writes in 0..8 {
        let host = MemoryHost::new();
        host.dies_after(writes);
        let first = requests(&host).create(&subject("1"), "w", |_| made("q1", "1")).await;
        host.lives();
        host.advance(Duration::from_secs(60));
        let again = requests(&host).create(&subject("1"), "w", |_| made("q2", "1")).await;
        let (there, id) = match again {
            Ok(request) => (true, request.id),
            Err(ChangeError::Open(id)) => (requests(&host).get(&id).await.unwrap().is_some(), id),
            Err(error) => panic!("{writes}: {error}"),
        };
        assert!(there && touched(&requests(&host)).await.contains(&id), "{writes}");
        assert!(first.is_err() || id == "q1", "{writes}: what was confirmed is there");
    }
}

#[tokio::test]
async fn what_was_closed_longest_ago_is_removed_in_the_end() {
    let host = MemoryHost::new();
    let (requests, store) = (requests(&host), Store::new(host.clone()));
    let close = async |id: &str| {
        requests.create(&subject(id), "w", |_| made(id, id)).await.unwrap();
        requests.change(id, "w", |request| request.cancel(None, 2)).await.unwrap();
    };
    for id in ["q1", "q2"] {
        close(id).await;
    }
    let mut closed: Vec<String> = store.read("v1:requests:closed").await.unwrap().unwrap();
    assert_eq!(closed, ["q1", "q2"]);
    closed.extend((3..=1_000).map(|number| format!("q{number}")));
    store.write("v1:requests:closed", &closed).await.unwrap();
    close("q1001").await;
    assert_eq!(requests.get("q1").await, Ok(None));
    assert!(requests.get("q2").await.unwrap().is_some() && requests.get("q1001").await.unwrap().is_some());
    let keys = host.key_names();
    assert_eq!(keys.iter().filter(|key| key.starts_with("v1:request:")).count(), 2);
    assert_eq!(keys.iter().filter(|key| key.starts_with("v1:request-of:")).count(), 2);
    let closed: Vec<String> = store.read("v1:requests:closed").await.unwrap().unwrap();
    assert_eq!((closed.len(), closed.first().map(String::as_str)), (1_000, Some("q2")));
}
