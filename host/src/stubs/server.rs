//! The stubs on a socket: HTTP/1.1 with keep-alive.

use super::faults::Cut;
use super::{Dropped, Stubs, wire};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Larger request bodies are refused with 413.
const BODY_LIMIT: usize = 16 << 20;

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Stubs {
    /// Serves until `shutdown` ends; then takes no new calls and waits for those under way.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => {
                    // A connection that ended before it was taken is nobody's error.
                    let Ok((socket, _)) = accepted else { continue };
                    connections.spawn(connection(self.clone(), socket, stopped.clone()));
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        stop.send_replace(true);
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

async fn connection(stubs: Stubs, socket: TcpStream, mut stopped: watch::Receiver<bool>) {
    // Without it small answers wait for the peer's delayed acknowledgement.
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |request| {
        let stubs = stubs.clone();
        async move { answer(&stubs, request).await }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let asked = async {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    // Errors here are connections that ended early: by the caller, or by a scripted fault.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = asked => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(stubs: &Stubs, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(wire::raw(413, "text/plain", "the body is too large").map(whole)),
    };
    let mut response = stubs.handle(Request::from_parts(head, body)).await?;
    if response.extensions_mut().remove::<Cut>().is_some() {
        return Ok(response.map(half));
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(response.map(whole))
}

fn whole(body: Bytes) -> Body {
    Full::new(body).boxed_unsync()
}

/// A body of unknown length: the head says the whole length, and the connection ends when less has come.
fn half(body: Bytes) -> Body {
    let rest = stream::once(async {
        // Gives the server a turn to send what it has, before it finds out that no more comes.
        tokio::task::yield_now().await;
        Ok(Frame::data(Bytes::new()))
    });
    StreamBody::new(stream::iter([Ok::<_, Infallible>(Frame::data(body))]).chain(rest)).boxed_unsync()
}
