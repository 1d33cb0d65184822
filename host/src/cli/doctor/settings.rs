//! Are the settings complete and consistent? The component itself is asked, so that there is one reader of them.

use std::sync::Arc;

use super::super::SourceArgs;
use super::Check;
use crate::bridge::Bridge;
use crate::call::CallError;
use crate::config::Config;
use crate::egress::{EgressError, Transport, transport_fn};
use crate::key_value::{KeyValue, MemoryStore};
use crate::variables::{VariableMap, Variables};

const NAME: &str = "settings";

/// A dry run on an empty store that reaches nobody.
pub(super) async fn checks(config: &Config, source: &SourceArgs) -> Vec<Check> {
    let bridge = match bridge(config, config.variables.clone(), source, nobody(), empty()).await {
        Ok(bridge) => bridge,
        Err(problem) => return vec![Check::new(NAME, Err(problem))],
    };
    let mut checks: Vec<Check> = match bridge.poll(true).await {
        Ok(_) => vec![Check::new(NAME, Ok("complete and consistent".to_owned()))],
        Err(CallError::Configuration(problems)) => {
            problems.into_iter().map(|problem| Check::new(NAME, Err(problem))).collect()
        }
        Err(error) => vec![Check::new(NAME, Err(error.to_string()))],
    };
    let set = |name| config.variables.get(name).is_some_and(|value| !value.trim().is_empty());
    if !["sdp_base_url", "zendesk_base_url", "atera_base_url"].into_iter().any(set) {
        let advice = "no help desk is configured: set sdp_base_url, zendesk_base_url or atera_base_url";
        checks.push(Check::new(NAME, Err(advice.to_owned())));
    }
    if !set("api_token") {
        let advice = "api_token is not set, so nobody may call the bridge and nothing can be decided: set \
                      APPROVAL_BRIDGE_API_TOKEN to a long random text";
        checks.push(Check::note(NAME, advice));
    }
    checks
}

/// A way out that leads nowhere.
pub(super) fn nobody() -> Arc<dyn Transport> {
    Arc::new(transport_fn(|_| async { Err(EgressError::OriginDenied("nobody".to_owned())) }))
}

/// An empty store that is gone with this process.
pub(super) fn empty() -> Arc<dyn KeyValue> {
    Arc::new(MemoryStore::new())
}

/// A bridge with these settings.
pub(super) async fn bridge(
    config: &Config,
    variables: VariableMap,
    source: &SourceArgs,
    transport: Arc<dyn Transport>,
    key_value: Arc<dyn KeyValue>,
) -> Result<Bridge, String> {
    let mut builder =
        Bridge::builder().variables(variables).key_value(key_value).transport(transport).limits(config.limits.clone());
    if let Some(file) = &source.component {
        builder = builder.component_file(file);
    }
    match tokio::task::spawn_blocking(move || builder.build()).await {
        Ok(Ok(bridge)) => Ok(bridge),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
