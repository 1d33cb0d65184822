//! A bridge behind a real socket, and a client for it.

use std::net::SocketAddr;

use approval_bridge::bridge::Bridge;
use approval_bridge::egress::{Egress, Policy, RequestOptions, Transport};
use approval_bridge::serve::{self, ServeOptions};
use approval_bridge::variables::VariableMap;
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::document::Called;
use super::setup::API_TOKEN;

/// A bridge that is served on loopback, as `approval-bridge serve` does it.
pub struct Served {
    address: SocketAddr,
    client: Egress,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// Begins to serve.
    pub async fn start(bridge: Bridge) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let body_limit = bridge.limits().request_body_bytes;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let options = ServeOptions::default();
        let server = tokio::spawn(serve::serve(listener, serve::handler(bridge), body_limit, options, stopped));
        let allow = [format!("http://{address}")];
        let policy = Policy::from_settings(&VariableMap::default(), &allow, false).expect("an origin");
        let client = Egress::new(policy, None).expect("a client");
        Self { address, client, stop, server }
    }

    /// Where it is.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request with the right token. No body: null.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin()))
            .header("authorization", format!("Bearer {API_TOKEN}"))
            .body(body)
            .expect("a proper request");
        let called = Called::new(request.method(), request.uri(), request.body());
        Answer::new(&called, self.client.send(request, RequestOptions::default()).await.expect("the bridge answers"))
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    /// Somebody approves in chat.
    pub async fn approve(&self, id: &str, approver: &str) -> Answer {
        let body = serde_json::json!({ "approver": approver });
        self.call("POST", &format!("/approvals/{id}/approve"), body).await
    }

    /// Stops, and waits for what runs.
    pub async fn stop(self) {
        // Nobody listens where the server has ended already, which the next line tells.
        let _ = self.stop.send(());
        self.server.await.expect("the server does not panic").expect("the server ends well");
    }
}
