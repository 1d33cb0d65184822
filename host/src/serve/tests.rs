//! The server against clients that send raw bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const LIMIT: usize = 1 << 20;

struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

async fn start(handler: Handler, options: ServeOptions) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(listener, handler, LIMIT, options, until));
    Running { address, stop: Some(stop), server }
}

/// Answers with the method, the address and the length of the body.
fn echo() -> Handler {
    Arc::new(|request| {
        let text = format!("{} {} {}", request.method(), request.uri(), request.body().len());
        Box::pin(async move { Ok(Response::new(Bytes::from(text))) })
    })
}

fn options() -> ServeOptions {
    ServeOptions {
        head_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(600),
        grace: Duration::from_millis(500),
        ..ServeOptions::default()
    }
}

/// Sends all of this before reading anything, and reads until the server closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn a_request_reaches_the_component_with_one_form_of_address() {
    let server = start(echo(), options()).await;
    for (first, host, expected) in [
        ("GET /a?b=c HTTP/1.1", "h:1", "GET http://h:1/a?b=c 0"),
        ("GET http://other/a HTTP/1.1", "h", "GET http://h/a 0"),
        ("BREW /a%2Fb HTTP/1.1", "h", "BREW http://h/a%2Fb 0"),
        ("PATCH //a/../b HTTP/1.1", "h", "PATCH http://h//a/../b 0"),
    ] {
        let request = format!("{first}\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = exchange(server.address, request.as_bytes()).await;
        assert_eq!(status(&answer), 200);
        assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{answer}");
    }
    let answer = exchange(server.address, b"GET /a HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("GET http://localhost/a 0"), "{answer}");
}

#[tokio::test]
async fn what_is_no_proper_request_is_a_4xx() {
    let server = start(echo(), options()).await;
    let table: &[&[u8]] = &[
        b"OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a@b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: \xff\r\n\r\n",
        b"GET nonsense HTTP/1.1\r\nhost: h\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nhost: h\r\nbad header\r\n\r\n",
        b"complete nonsense\r\n\r\n",
    ];
    for bytes in table {
        let answer = exchange(server.address, bytes).await;
        assert!((400..500).contains(&status(&answer)), "{:?}: {answer}", String::from_utf8_lossy(bytes));
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_a_413_that_its_client_reads() {
    let server = start(echo(), ServeOptions { body_timeout: Duration::from_secs(20), ..options() }).await;
    let megabytes = vec![b'x'; 5_000_000];
    let announced = [b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5000000\r\n\r\n".as_slice(), &megabytes].concat();
    let mut chunked = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for chunk in megabytes.chunks(50_000) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let waiting = b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 5000000\r\n\r\n".to_vec();
    for bytes in [announced, chunked, waiting] {
        let answer = exchange(server.address, &bytes).await;
        assert_eq!(status(&answer), 413);
        assert!(answer.contains(r#"{"error":{"code":"BODY_TOO_LARGE","#), "{answer}");
    }
    let longest = [
        b"POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 1048577\r\n\r\n".as_slice(),
        &megabytes[..1_048_577],
    ];
    let answer = exchange(server.address, &longest.concat()).await;
    assert!(answer.ends_with(" 1048577"), "a little too long is for the component to refuse: {answer}");
}

/// RFC 9112, 6.3: the same length twice may be taken as one.
#[tokio::test]
async fn the_same_length_twice_is_one_request_and_not_two() {
    let server = start(echo(), options()).await;
    let request = b"POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na";
    let answer = exchange(server.address, request).await;
    assert!(answer.ends_with("POST http://h/ 1"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);

    // Chunks win over a length, and nothing that follows is taken for a request (RFC 9112, 6.1).
    let request = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n\
        1\r\na\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";
    let answer = exchange(server.address, request).await;
    assert!(answer.ends_with("POST http://h/ 1"), "{answer}");
}

#[tokio::test]
async fn a_slow_client_is_sent_away() {
    let server = start(echo(), options()).await;
    let answer = exchange(server.address, b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc").await;
    assert_eq!(status(&answer), 408);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "a head that never ends does not hold a connection");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_a_4xx() {
    let server = start(echo(), options()).await;
    let mut bytes = b"GET / HTTP/1.1\r\nhost: h\r\n".to_vec();
    bytes.extend_from_slice(format!("x: {}\r\n\r\n", "y".repeat(70_000)).as_bytes());
    let answer = exchange(server.address, &bytes).await;
    assert!((400..500).contains(&status(&answer)), "{answer}");
    let many: String = (0..500).map(|n| format!("x{n}: y\r\n")).collect();
    let answer = exchange(server.address, format!("GET / HTTP/1.1\r\nhost: h\r\n{many}\r\n").as_bytes()).await;
    assert!((400..500).contains(&status(&answer)), "{answer}");
}

#[tokio::test]
async fn a_call_without_an_answer_is_told_in_neutral_words() {
    let table = [
        (CallError::Trap("wasm trap: secret".to_owned()), 500, "INTERNAL"),
        (CallError::Host("secret".to_owned()), 500, "INTERNAL"),
        (CallError::Limit(LimitError::Memory { limit: 1 }), 500, "INTERNAL"),
        (CallError::Limit(LimitError::WallTime { limit: Duration::from_secs(1) }), 503, "TIMED_OUT"),
        (CallError::Busy, 503, "BUSY"),
    ];
    for (error, expected, code) in table {
        let handler: Handler = Arc::new(move |_| {
            let error = error.clone();
            Box::pin(async move { Err(error) })
        });
        let server = start(handler, options()).await;
        let answer = exchange(server.address, b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
        assert_eq!(status(&answer), expected);
        assert!(answer.contains(code) && !answer.contains("secret"), "{answer}");
    }
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_takes_nothing_new() {
    let slow: Handler = Arc::new(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(Response::new(Bytes::from_static(b"done")))
        })
    });
    let mut server = start(slow, options()).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let address = server.address;
    let running = tokio::spawn(async move { exchange(address, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert!(running.await.unwrap().ends_with("done"));
    server.server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn a_request_is_finished_though_its_client_has_gone() {
    let finished = Arc::new(AtomicUsize::new(0));
    let count = finished.clone();
    let slow: Handler = Arc::new(move |_| {
        let count = count.clone();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Response::default())
        })
    });
    let mut server = start(slow, options()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(stream);
    server.stop.take().unwrap().send(()).unwrap();
    server.server.await.unwrap().unwrap();
    assert_eq!(finished.load(Ordering::SeqCst), 1);
}
