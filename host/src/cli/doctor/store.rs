//! Can the store be used? A value is really written, read and removed, and the component reads what it once wrote.

use std::time::Instant;

use super::super::SourceArgs;
use super::settings;
use crate::bridge::Filter;
use crate::call::CallError;
use crate::config::{Config, StoreConfig};
use crate::key_value::StoreError;

const KEY: &str = "doctor/probe";

pub(super) async fn check(config: &StoreConfig) -> Result<String, String> {
    match probe(config).await {
        Ok(true) => Ok(format!("{config:?}: written, read, removed")),
        Ok(false) => Err(format!("{config:?}: what was written did not come back; end other programs that use it")),
        Err(error) => {
            let advice = match config {
                StoreConfig::Sqlite { path } => {
                    format!("let this user write to {} and its folder, or name another [store] path", path.display())
                }
                StoreConfig::Redis { .. } => "check [store] url, and that the server runs".to_owned(),
                StoreConfig::Memory => "restart".to_owned(),
            };
            Err(format!("{error}; {advice}"))
        }
    }
}

/// Whether the bridge, with these settings, can read what the store holds; where it is kept in slots for several sweepers,
/// it has to know of that.
pub(super) async fn read(config: &Config, source: &SourceArgs) -> Result<(), String> {
    let store = config.store.open().await.map_err(|error| error.to_string())?;
    let bridge = settings::bridge(config, config.variables.clone(), source, settings::nobody(), store.clone()).await?;
    let read = bridge.pending(Filter { approver: None, limit: 1, cursor: None }).await;
    store.close().await;
    read.map(drop).map_err(|error| match error {
        CallError::Store(why) => why,
        other => other.to_string(),
    })
}

async fn probe(config: &StoreConfig) -> Result<bool, StoreError> {
    let store = config.open().await?;
    let value = format!("{:?}", Instant::now()).into_bytes();
    store.set(KEY, value.clone()).await?;
    let same = store.get(KEY).await? == Some(value);
    store.delete(KEY).await?;
    let gone = store.get(KEY).await?.is_none();
    store.close().await;
    Ok(same && gone)
}
