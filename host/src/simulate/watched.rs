//! The vendors and the store, watched by the witness.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::witness::Witness;
use crate::egress::{RequestOptions, Sending, Transport};
use crate::key_value::{KeyValue, StoreError};

/// Where Moveworks' listeners take messages. Only a message that was lost excuses that it is said again.
const LISTENERS: &str = "/webhooks/";

/// The vendors, watched.
pub struct WitnessedTransport {
    /// What answers.
    pub inner: Arc<dyn Transport>,
    /// Who watches.
    pub witness: Witness,
}

/// Looks when a call ends, also where its caller went away first.
struct Watch<'a> {
    witness: &'a Witness,
    tells: bool,
    answered: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.tells {
            return self.witness.look();
        }
        self.witness.listen();
        if !self.answered {
            self.witness.excuse();
        }
    }
}

impl Transport for WitnessedTransport {
    fn send(&self, request: http::Request<Bytes>, options: RequestOptions) -> Sending<'_> {
        let reads = *request.method() == http::Method::GET;
        let tells = *request.method() == http::Method::POST && request.uri().path().starts_with(LISTENERS);
        let send = self.inner.send(request, options);
        Box::pin(async move {
            if reads {
                return send.await;
            }
            let mut watch = Watch { witness: &self.witness, tells, answered: false };
            let answer = send.await;
            watch.answered = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            answer
        })
    }
}

/// A store, watched.
pub struct WitnessedStore<S: ?Sized> {
    /// The store.
    pub inner: Arc<S>,
    /// Who watches.
    pub witness: Witness,
}

impl<S: KeyValue + ?Sized> KeyValue for WitnessedStore<S> {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        self.inner.get(key)
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.inner.set(key, value.clone()).await?;
            self.witness.stored(key, Some(&value));
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.inner.delete(key).await?;
            self.witness.stored(key, None);
            Ok(())
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.exists(key)
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        self.inner.keys()
    }
}
