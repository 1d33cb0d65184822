//! The stubs on a socket.

use super::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

async fn serving(stubs: &Stubs) -> (TcpStream, oneshot::Sender<()>, tokio::task::JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stubs = stubs.clone();
    let server = tokio::spawn(async move { stubs.serve(listener, async { _ = stopped.await }).await });
    (TcpStream::connect(address).await.unwrap(), stop, server)
}

fn raw(token: &str) -> String {
    format!(
        "GET /app/p/api/v3/requests HTTP/1.1\r\nHost: desk.example\r\nAuthorization: Zoho-oauthtoken {token}\r\n\r\n"
    )
}

async fn write(socket: &TcpStream, text: &str) {
    socket.writable().await.unwrap();
    assert_eq!(socket.try_write(text.as_bytes()).unwrap(), text.len());
}

/// Reads one answer: its head, and the body that came before the connection ended or the length was full.
async fn read(socket: &mut TcpStream) -> (String, String, usize) {
    let mut text = Vec::new();
    loop {
        let seen = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let length =
                head.to_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return (head.into(), body.into(), length);
            }
        }
        let mut buffer = [0; 4096];
        socket.readable().await.unwrap();
        match socket.try_read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => {
                let (head, body) = seen.split_once("\r\n\r\n").unwrap_or(("", ""));
                return (head.into(), body.into(), usize::MAX);
            }
            Ok(n) => text.extend_from_slice(&buffer[..n]),
        }
    }
}

#[tokio::test]
async fn one_connection_carries_many_calls_and_the_server_stops_when_told() {
    let stubs = Stubs::new(1);
    let token = stubs.with(World::grant_token);
    let (mut socket, stop, server) = serving(&stubs).await;
    for _ in 0..3 {
        write(&socket, &raw(&token)).await;
        let (head, body, _) = read(&mut socket).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["requests"], json!([]));
    }
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap().unwrap();
    assert_eq!(stubs.with(|world| world.journal.total()), 3);
}

#[tokio::test]
async fn a_dropped_call_ends_the_connection_without_a_byte() {
    let stubs = Stubs::new(1);
    let token = stubs.with(|world| {
        world.fault(Fault::on("GET", "/requests").drops());
        world.grant_token()
    });
    let (mut socket, _stop, _server) = serving(&stubs).await;
    write(&socket, &raw(&token)).await;
    assert_eq!(read(&mut socket).await, (String::new(), String::new(), usize::MAX));
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_sends() {
    let stubs = Stubs::new(1);
    let token = stubs.with(|world| {
        world.fault(Fault::on("GET", "/requests").truncates());
        world.grant_token()
    });
    let (mut socket, _stop, _server) = serving(&stubs).await;
    write(&socket, &raw(&token)).await;
    let (head, body, length) = read(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 200") && !body.is_empty());
    assert_eq!(length, usize::MAX, "the connection ended before the promised length: {head}");
}
