//! HTTP/1.1 in front of the component.
//!
//! Nothing that a client sends ends in a 5xx or a closed connection without a word: what is not a proper request is
//! refused here, the rest is for the component. A request that has begun is finished even if its client goes away,
//! because a decision may be half way to its source.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::{debug, warn};

use crate::bridge::Bridge;
use crate::call::CallError;
use crate::limits::LimitError;

mod body;
mod refuse;

use refuse::{Refusal, check};

/// How the server treats its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeOptions {
    /// For the head of a request, from its first byte or from the end of the request before. 15 s.
    pub head_timeout: Duration,
    /// For the body of a request. 30 s.
    pub body_timeout: Duration,
    /// Largest head, in bytes. 64 KiB.
    pub head_bytes: usize,
    /// Body up to which a too large one is read to its end, so that its client reads our answer. 64 MiB.
    pub drain_bytes: usize,
    /// Connections at the same time. 1024.
    pub connections: usize,
    /// What running requests get when the server stops. 10 s.
    pub grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            head_bytes: 64 << 10,
            drain_bytes: 64 << 20,
            connections: 1024,
            grace: Duration::from_secs(10),
        }
    }
}

/// What answers requests.
pub type Handler =
    Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, CallError>> + Send + Sync + 'static>;

/// A bridge as what answers requests.
pub fn handler(bridge: Bridge) -> Handler {
    Arc::new(move |request| {
        let bridge = bridge.clone();
        Box::pin(async move { bridge.handle(request).await })
    })
}

/// Room above the component's own limit, so that it can give its own answer to a body that is a little too long.
const MARGIN: usize = 64 << 10;

/// What one server knows.
struct Server {
    handler: Handler,
    options: ServeOptions,
    /// Longest body that the handler gets.
    body_bytes: usize,
    /// Held by every request that runs.
    running: mpsc::Sender<Infallible>,
}

/// Serves until `stop` is done, then finishes what runs. `body_limit` is the largest body the handler takes.
pub async fn serve(
    listener: TcpListener,
    handler: Handler,
    body_limit: usize,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (running, mut all_done) = mpsc::channel(1);
    let (stopping, stopped) = watch::channel(());
    let places = Arc::new(Semaphore::new(options.connections));
    let grace = options.grace;
    let server = Arc::new(Server { handler, options, body_bytes: body_limit.saturating_add(MARGIN), running });
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match (accepted, places.clone().try_acquire_owned()) {
            (Ok((stream, _)), Ok(place)) => {
                let (server, stopped) = (server.clone(), stopped.clone());
                tokio::spawn(async move {
                    server.connection(stream, stopped).await;
                    drop(place);
                });
            }
            (Ok(_), Err(_)) => warn!("too many connections; one was turned away"),
            (Err(error), _) => {
                // Out of file handles, most likely: trying again at once would only spin.
                warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    drop(server);
    // Nobody waits for this when no connection is open.
    let _ = stopping.send(());
    drop(stopped);
    if tokio::time::timeout(grace, all_done.recv()).await.is_err() {
        warn!("some requests did not end in time");
    }
    Ok(())
}

impl Server {
    /// Serves one connection; `self` is held until it closes, and with it a place in `running`.
    async fn connection(self: Arc<Self>, stream: TcpStream, mut stopped: watch::Receiver<()>) {
        // Small answers should leave at once; where that cannot be set they still leave.
        let _ = stream.set_nodelay(true);
        let server = self.clone();
        let service = service_fn(move |request| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await.map(Full::new)) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.head_timeout)
            .max_buf_size(self.options.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended early");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let method = request.method().clone();
        match self.try_answer(request).await {
            Ok(response) => response,
            Err(refusal) => {
                let mut response = refusal.response();
                if method == Method::HEAD {
                    response.body_mut().clear();
                }
                response
            }
        }
    }

    async fn try_answer(&self, request: Request<Incoming>) -> Result<Response<Bytes>, Refusal> {
        let (head, incoming) = request.into_parts();
        let head = check(head, self.options.head_bytes)?;
        let bytes = body::read(&head, incoming, self.body_bytes, &self.options).await?;
        let answer = (self.handler)(Request::from_parts(head, bytes));
        // In a task of its own: dropping the connection must not drop the work.
        let running = self.running.clone();
        let task = tokio::spawn(async move {
            let answer = answer.await;
            drop(running);
            answer
        });
        match task.await {
            Ok(answer) => answer.map_err(|error| failed(&error)),
            Err(_) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", INTERNAL)),
        }
    }
}

const INTERNAL: &str = "The bridge could not answer; its log says why.";

/// What a client hears about a call that gave no answer: neutral words, no detail.
fn failed(error: &CallError) -> Refusal {
    match error {
        CallError::Busy => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "BUSY",
            "Too many requests at the same time; try again in a moment.",
        )
        .retry_after("1"),
        CallError::Limit(LimitError::WallTime { .. } | LimitError::Cpu { .. }) => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TIMED_OUT",
            "The request took too long and was ended; it is safe to repeat.",
        ),
        _ => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", INTERNAL),
    }
}

#[cfg(test)]
mod tests;
