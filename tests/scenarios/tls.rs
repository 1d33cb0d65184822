//! TLS to the vendors, over real sockets: an authority that the operator names is trusted, no other one, and only for the
//! name that it vouches for.
//!
//! A wrong implementation hands its credentials to whoever answers.

use approval_bridge::bridge::Bridge;
use approval_bridge::egress::EgressOptions;
use approval_bridge::stubs::Stubs;
use approval_bridge_tests::harness::{TLS_NAME, Tls, plain_variables};
use tokio::net::TcpListener;

/// A first sweep over one ticket: how many cards went out, and what went wrong.
async fn sweep(name: &str, tls: &Tls, trusted: Option<&Tls>) -> (u32, Vec<String>, usize) {
    let stubs = Stubs::new(5);
    stubs.with(|world| {
        world.on_premises();
        world.populate(1, 1, 1);
    });
    let [plain, secure] =
        [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
    let [http, https] = [&plain, &secure].map(|socket| socket.local_addr().unwrap().port());
    let served = {
        let stubs = stubs.clone();
        tokio::spawn(async move { stubs.serve(plain, std::future::pending()).await })
    };
    let tls = tls.clone();
    let secured = tokio::spawn(async move { tls.serve(secure, http).await });
    let origin = format!("https://{name}:{https}");
    let mut variables = plain_variables();
    for base in ["sdp_base_url", "moveworks_base_url"] {
        variables.set(base, &origin);
    }
    variables.set("sdp_modules", "requests");
    let ca_file = trusted.map(|tls| tls.authority().to_owned());
    let egress = EgressOptions { allow: vec![origin], ca_file, ..EgressOptions::default() };
    let bridge = Bridge::builder().variables(variables).egress(egress).build().unwrap();
    let report = bridge.poll(false).await.unwrap();
    served.abort();
    secured.abort();
    let errors = report
        .sources
        .iter()
        .flat_map(|source| &source.errors)
        .map(|error| format!("{} {}", error.code, error.message));
    (report.outbox.sent, errors.collect(), stubs.with(|world| usize::try_from(world.journal.total()).unwrap()))
}

#[tokio::test]
async fn an_authority_that_the_operator_names_is_trusted() {
    let tls = Tls::new();
    let (sent, errors, calls) = sweep(TLS_NAME, &tls, Some(&tls)).await;
    assert_eq!((sent, errors), (1, vec![]));
    assert!(calls > 3);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_nobody_known_vouches_for() {
    let tls = Tls::new();
    for trusted in [None, Some(Tls::new())] {
        let (sent, errors, calls) = sweep(TLS_NAME, &tls, trusted.as_ref()).await;
        assert_eq!((sent, calls), (0, 0));
        assert!(errors.iter().any(|error| error.contains("Tls")), "{errors:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_under_another_name_than_its_own() {
    let tls = Tls::new();
    let (sent, errors, calls) = sweep("127.0.0.1", &tls, Some(&tls)).await;
    assert_eq!((sent, calls), (0, 0));
    assert!(errors.iter().any(|error| error.contains("Tls")), "{errors:?}");
}
