//! Can the store be used? A value is really written, read and removed.

use std::time::Instant;

use crate::config::StoreConfig;
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
