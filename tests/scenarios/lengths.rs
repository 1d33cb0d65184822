//! What goes out says how long it is: a host that is not told sends a body in chunks, which some servers and most old
//! proxies in front of help desks refuse.
//!
//! A wrong implementation leaves the length out, counts characters for bytes, or announces a body where there is none.

use std::sync::{Arc, Mutex};

use approval_bridge::egress::{EgressError, transport_fn};
use approval_bridge_tests::harness::{ANA, Desk};
use bytes::Bytes;
use http::Request;

#[tokio::test]
async fn every_body_is_announced_with_its_length_and_no_other() {
    let sent: Arc<Mutex<Vec<Request<Bytes>>>> = Arc::default();
    let log = sent.clone();
    let setup = Desk::cloud().transport(move |stubs, _| {
        transport_fn(move |request: Request<Bytes>| {
            let stubs = stubs.clone();
            log.lock().expect("nobody panicked").push(request.clone());
            async move { stubs.handle(request).await.map_err(|_| EgressError::Closed("vendor".to_owned())) }
        })
    });
    let desk = setup.world(|world| drop(world.request().subject("für Zoë 💻").level(&[ANA]).add())).start();
    desk.poll().await.clean();
    let id = desk.told().remove(0);
    assert_eq!(desk.approve(&id, ANA.1).await.status, 200);

    let sent = sent.lock().expect("nobody panicked");
    for request in sent.iter() {
        let told = request.headers().get("content-length").map(|length| length.to_str().expect("a number").to_owned());
        let length = request.body().len();
        assert_eq!(told, (length > 0).then(|| length.to_string()), "{} {}", request.method(), request.uri().path());
    }
    for method in ["GET", "POST", "PUT"] {
        assert!(sent.iter().any(|request| request.method() == method), "no {method} among {} calls", sent.len());
    }
}
