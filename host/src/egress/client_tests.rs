//! The client against real sockets that misbehave. Every server here answers from a script.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that reads one request head per answer and writes the answer as it is; then it waits, or closes.
async fn server(answers: Vec<&'static str>, hold: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answers = answers.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                for answer in answers {
                    if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                if hold {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    (port, connections)
}

fn egress(base: &str) -> Egress {
    let mut policy = Policy::default();
    policy.add(base.parse().unwrap());
    Egress::new(policy, None).unwrap()
}

fn quick() -> RequestOptions {
    RequestOptions {
        connect_timeout: Duration::from_millis(500),
        first_byte_timeout: Duration::from_millis(200),
        between_bytes_timeout: Duration::from_millis(200),
        max_response_bytes: 1000,
    }
}

async fn get(egress: &Egress, uri: &str) -> Result<http::Response<Bytes>, EgressError> {
    egress.send(http::Request::get(uri).body(Bytes::new()).unwrap(), quick()).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[tokio::test]
async fn connections_are_used_again() {
    let (port, connections) = server(vec![OK, OK, OK], true).await;
    let base = format!("http://127.0.0.1:{port}");
    let egress = egress(&base);
    for _ in 0..3 {
        assert_eq!(get(&egress, &base).await.unwrap().body(), "hi");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let (port, connections) = server(vec![answer], true).await;
    let base = format!("http://127.0.0.1:{port}");
    assert_eq!(get(&egress(&base), &base).await.unwrap().status(), 302);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_above_the_limit_is_cut_off_with_the_limit_named() {
    let long: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{:01001}", 0).into());
    let (port, _) = server(vec![long], true).await;
    let base = format!("http://127.0.0.1:{port}");
    let error = get(&egress(&base), &base).await.unwrap_err();
    assert_eq!(error, EgressError::Limit(LimitError::ResponseSize { limit: 1000 }));
}

#[tokio::test]
async fn every_way_of_not_answering_has_its_name() {
    let host = || "127.0.0.1".to_owned();
    let table = [
        ("", true, EgressError::ReadTimeout(host())),
        ("", false, EgressError::Closed(host())),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", true, EgressError::ReadTimeout(host())),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", false, EgressError::Closed(host())),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", true, EgressError::Closed(host())),
        ("this is not http\r\n\r\n", true, EgressError::Protocol(host())),
    ];
    for (answer, hold, expected) in table {
        let (port, _) = server(vec![answer], hold).await;
        let base = format!("http://127.0.0.1:{port}");
        assert_eq!(get(&egress(&base), &base).await.unwrap_err(), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_refused_and_no_name_is_dns() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    drop(listener);
    assert_eq!(get(&egress(&base), &base).await.unwrap_err(), EgressError::Refused("127.0.0.1".to_owned()));

    let base = "https://desk.example.com";
    let mut policy = Policy::default();
    policy.add(base.parse().unwrap());
    let nothing: Lookup = Arc::new(|_, _| Box::pin(async { Err(io::ErrorKind::NotFound.into()) }));
    let egress = Egress::with_lookup(policy, None, nothing).unwrap();
    assert_eq!(get(&egress, base).await.unwrap_err(), EgressError::Dns("desk.example.com".to_owned()));
}

#[tokio::test]
async fn plain_bytes_on_an_https_origin_are_a_tls_error() {
    let (port, _) = server(vec![OK], false).await;
    let base = format!("https://127.0.0.1:{port}");
    let error = get(&egress(&base), &base).await.unwrap_err();
    assert!(matches!(error, EgressError::Tls { .. }), "{error:?}");
}

/// A wrong implementation resolves once to check and once more to connect; the second answer would then win here.
#[tokio::test]
async fn a_name_that_leads_inside_is_refused_at_the_connection_and_looked_up_once() {
    let (port, connections) = server(vec![OK], true).await;
    let base = format!("http://desk.example.com:{port}");
    let mut policy = Policy::default();
    policy.add(base.parse().unwrap());
    policy.allow_http();
    let lookups = Arc::new(AtomicUsize::new(0));
    let count = lookups.clone();
    let rebinding: Lookup = Arc::new(move |_, _| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        let address = if turn == 0 { Ipv4Addr::new(10, 9, 8, 7) } else { Ipv4Addr::LOCALHOST };
        Box::pin(async move { Ok(vec![IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), IpAddr::V4(address)]) })
    });
    let egress = Egress::with_lookup(policy.clone(), None, rebinding).unwrap();
    for _ in 0..2 {
        let error = get(&egress, &base).await.unwrap_err();
        assert!(matches!(error, EgressError::AddressDenied { .. }), "{error:?}");
    }
    assert_eq!(lookups.load(Ordering::SeqCst), 2);
    assert_eq!(connections.load(Ordering::SeqCst), 0);

    policy.allow(base.parse().unwrap());
    let inside: Lookup = Arc::new(|_, _| Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) }));
    let egress = Egress::with_lookup(policy, None, inside).unwrap();
    assert_eq!(get(&egress, &base).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_foreign_origin_is_refused_before_any_lookup() {
    let lookup: Lookup = Arc::new(|_, _| Box::pin(async { unreachable!("must not be looked up") }));
    let egress = Egress::with_lookup(Policy::default(), None, lookup).unwrap();
    let error = get(&egress, "https://evil.example.com/?secret=1").await.unwrap_err();
    assert_eq!(error.to_string(), "evil.example.com is not an allowed origin");
}

#[test]
fn a_file_without_certificates_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    for content in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Egress::new(Policy::default(), Some(&path)).err().unwrap().to_string();
        assert!(error.contains("ca.pem"), "{error}");
    }
}
