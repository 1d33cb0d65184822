//! The import `spin:key-value/key-value`, served from a [`KeyValue`](super::KeyValue).
//!
//! Every operation runs beside the guest: while one waits for the disk, the guest and its other operations go on.

use std::sync::Arc;

use tokio::sync::oneshot;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use super::{StoreError, count};
use crate::bindings::bridge::spin::key_value::key_value::{Error, Host as KeyValueHost, HostStore, HostStoreWithStore};
use crate::state::{Host, State};

/// An open store. There is only one, so this is a mere ticket.
pub struct OpenStore;

/// The only label there is.
const DEFAULT: &str = "default";

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// The services of the call, once the guest's handle has been found good.
fn host(accessor: &Accessor<State, HasSelf<State>>, store: &Resource<OpenStore>) -> wasmtime::Result<Arc<Host>> {
    accessor.with(|mut access| {
        let state = access.get();
        state.table.get(store)?;
        Ok(state.host.clone())
    })
}

fn within(limit: usize, size: usize) -> Result<(), StoreError> {
    if size > limit { Err(StoreError::TooLarge { size, limit }) } else { Ok(()) }
}

impl KeyValueHost for State {}

impl HostStore for State {
    fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl HostStoreWithStore<State> for HasSelf<State> {
    async fn open(accessor: &Accessor<State, Self>, label: String) -> Answer<Resource<OpenStore>> {
        if label != DEFAULT {
            return Ok(Err(Error::NoSuchStore));
        }
        accessor.with(|mut access| Ok(access.get().table.push(OpenStore).map_err(|_| Error::StoreTableFull)))
    }

    async fn get(accessor: &Accessor<State, Self>, store: Resource<OpenStore>, key: String) -> Answer<Option<Vec<u8>>> {
        let host = host(accessor, &store)?;
        count(&host.key_value_stats.gets, 1);
        let value = match host.key_value.get(&key).await {
            Ok(value) => value,
            Err(error) => return Ok(Err(error.into())),
        };
        let size = value.as_ref().map_or(0, Vec::len);
        count(&host.key_value_stats.bytes_read, size);
        Ok(within(host.limits.value_bytes, size).map(|()| value).map_err(Error::from))
    }

    async fn set(
        accessor: &Accessor<State, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Answer<()> {
        let host = host(accessor, &store)?;
        if let Err(error) = within(host.limits.value_bytes, value.len()) {
            return Ok(Err(error.into()));
        }
        count(&host.key_value_stats.sets, 1);
        count(&host.key_value_stats.bytes_written, value.len());
        Ok(host.key_value.set(&key, value).await.map_err(Error::from))
    }

    async fn delete(accessor: &Accessor<State, Self>, store: Resource<OpenStore>, key: String) -> Answer<()> {
        let host = host(accessor, &store)?;
        count(&host.key_value_stats.deletes, 1);
        Ok(host.key_value.delete(&key).await.map_err(Error::from))
    }

    async fn exists(accessor: &Accessor<State, Self>, store: Resource<OpenStore>, key: String) -> Answer<bool> {
        let host = host(accessor, &store)?;
        count(&host.key_value_stats.exists, 1);
        Ok(host.key_value.exists(&key).await.map_err(Error::from))
    }

    async fn get_keys(
        accessor: &Accessor<State, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let host = host(accessor, &store)?;
        count(&host.key_value_stats.keys, 1);
        let (keys, outcome) = match host.key_value.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(Error::from(error))),
        };
        let (send, receive) = oneshot::channel();
        // The receiver is right here: sending cannot fail.
        let _ = send.send(outcome);
        accessor.with(|mut access| {
            let stream = StreamReader::new(&mut access, keys)?;
            let future = FutureReader::new(&mut access, async move {
                Result::<_, wasmtime::Error>::Ok(receive.await.unwrap_or(Ok(())))
            })?;
            Ok((stream, future))
        })
    }
}
