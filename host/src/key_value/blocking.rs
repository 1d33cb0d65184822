//! A store whose operations block, such as a file or an embedded database.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use super::{KeyValue, StoreError};

/// What a [`KeyValue`] does, one operation at a time and without futures.
pub trait BlockingStore: Send + 'static {
    /// Why an operation failed; the text ends up in reports.
    type Error: Display;

    /// The value of a key, if there is one.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Writes a value. It is durable when this returns.
    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Self::Error>;

    /// Removes a key; no error if there is none.
    fn delete(&mut self, key: &str) -> Result<(), Self::Error>;
}

/// Such a store as a [`KeyValue`]. It runs on threads that may block, so that an instance that waits for it goes on.
pub struct Blocking<S>(Arc<Mutex<S>>);

impl<S: BlockingStore> Blocking<S> {
    /// A store over these operations.
    pub fn new(store: S) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut S) -> Result<T, S::Error> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let store = self.0.clone();
        Box::pin(async move {
            let run = move || {
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                operation(&mut store).map_err(|error| StoreError::Backend(error.to_string()))
            };
            tokio::task::spawn_blocking(run).await.map_err(|_| StoreError::Closed)?
        })
    }
}

impl<S: BlockingStore> KeyValue for Blocking<S> {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        let key = key.to_owned();
        self.run(move |store| store.get(&key))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = key.to_owned();
        self.run(move |store| store.set(&key, &value))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = key.to_owned();
        self.run(move |store| store.delete(&key))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Reads wait until they are let go; other operations fail.
    struct Gate(Receiver<()>);

    impl BlockingStore for Gate {
        type Error = &'static str;

        fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Self::Error> {
            self.0.recv().map_err(|_| "nobody is left")?;
            Ok(Some(key.into()))
        }

        fn set(&mut self, _: &str, _: &[u8]) -> Result<(), Self::Error> {
            Err("the disk is full")
        }

        fn delete(&mut self, _: &str) -> Result<(), Self::Error> {
            panic!("a defect of the store")
        }
    }

    /// On the one thread of this test: a read that blocked it would never be let go.
    #[tokio::test]
    async fn who_waits_for_the_store_holds_nobody_up() {
        let (open, gate) = channel();
        let store = Blocking::new(Gate(gate));
        let (value, ()) = tokio::join!(store.get("a"), async { open.send(()).unwrap() });
        assert_eq!(value, Ok(Some(b"a".to_vec())));
    }

    #[tokio::test]
    async fn a_failure_keeps_its_words_and_a_defect_ends_one_operation_only() {
        let (open, gate) = channel();
        let store = Blocking::new(Gate(gate));
        assert_eq!(store.set("a", Vec::new()).await, Err(StoreError::Backend("the disk is full".to_owned())));
        assert_eq!(store.delete("a").await, Err(StoreError::Closed));
        open.send(()).unwrap();
        assert_eq!(store.get("b").await, Ok(Some(b"b".to_vec())));
    }
}
