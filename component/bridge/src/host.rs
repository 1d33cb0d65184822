//! What the shell needs from the world around it. Implemented over the Spin SDK for the component, and natively for
//! tests, fuzzing and measurements.

use std::future::Future;
use std::time::Duration;

use approval_logic::approval::Millis;
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};

/// The store failed. What was asked for may or may not have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store failed at {key}: {message}")]
pub struct StoreError {
    /// The key.
    pub key: String,
    /// What the store said.
    pub message: String,
}

/// A variable could not be read. That it is not set is no error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: the variables provider failed")]
pub struct VariableError {
    /// The variable.
    pub name: &'static str,
}

/// How long one call may take, and how much of its answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the answer begins.
    pub wait: Duration,
    /// The largest body that is read.
    pub body_bytes: usize,
    /// Whether all headers of a good answer are read, and not its type at most. Those of every other answer always are.
    pub headers: bool,
}

impl CallLimits {
    /// Which headers of an answer are read; none: all of them. What is an object of JSON needs no header to say so.
    pub fn headers_of(&self, status: u16, body: &[u8]) -> Option<&'static [&'static str]> {
        match body {
            _ if self.headers || !(200..300).contains(&status) => None,
            [b'{', ..] => Some(&[]),
            _ => Some(&["content-type"]),
        }
    }
}

/// The world around the shell. Every call may be the last one: the process can end at any of them.
pub trait Host: Clone + Send + Sync + 'static {
    /// Sends a request and reads the whole answer. Redirects are not followed.
    fn send(
        &self,
        request: &HttpRequest,
        limits: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;

    /// The value of a key.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Sets a key; durable when it returns.
    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a key; no error if there is none.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A setting; none if it is not set.
    fn variable(&self, name: &'static str) -> impl Future<Output = Result<Option<String>, VariableError>> + Send;

    /// The wall clock.
    fn now(&self) -> Millis;

    /// A clock that only goes forward, in nanoseconds from an arbitrary start.
    fn nanos(&self) -> u64;

    /// The same clock in milliseconds.
    fn ticks(&self) -> u64 {
        self.nanos() / 1_000_000
    }

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
