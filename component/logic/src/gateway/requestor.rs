//! Who is meant by `requestor`: a Moveworks user, or the plain id or address of one.

use serde_json::Value;

use super::profile::System;
use crate::approval::{is_address, is_id_segment, normal_address};

/// A person of the help desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requestor {
    /// By the help desk's own id.
    Id(String),
    /// By address.
    Email(String),
}

/// Reads a requestor: text, an object, or text that holds an object, as an address line carries it. None: nobody can be
/// found by it.
///
/// Moveworks documents the variable `requestor` and, in an example, a wrapper `requestor_info` ("Input context for ticket
/// gateway actions"); both are read. Of several identities the one of our system counts, then the address.
pub fn requestor(value: &Value, system: Option<&System>) -> Option<Requestor> {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => user(&serde_json::from_str(text).ok()?, system),
        Value::String(text) => plain(text),
        Value::Number(_) => plain(&value.to_string()),
        _ => user(value, system),
    }
}

fn user(value: &Value, system: Option<&System>) -> Option<Requestor> {
    let value = value.get("requestor_info").unwrap_or(value);
    let user = value.get("requestor").filter(|user| user.is_object()).unwrap_or(value);
    let info = user.get("user_id_info").filter(|info| info.is_object()).unwrap_or(user);
    let identities = info.get("user_itsm_id_info").or_else(|| user.get("user_itsm_id_info"));
    let identities = identities.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let own = match (system, identities) {
        (Some(system), _) => identities.iter().find(|identity| is_of(identity, system)),
        // Whose the only one is does not matter; of several nobody can say which is meant.
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let own = own.and_then(|identity| identity.get("external_id")).and_then(|id| match id {
        Value::String(text) => plain(text),
        Value::Number(_) => plain(&id.to_string()),
        _ => None,
    });
    own.or_else(|| {
        let mut addresses =
            ["email_addr", "email", "email_address"].iter().flat_map(|name| [user, info].map(|of| of.get(name)));
        addresses.find_map(|address| plain(address?.as_str()?).filter(|who| matches!(who, Requestor::Email(_))))
    })
}

fn is_of(identity: &Value, system: &System) -> bool {
    let says = |key: &str, wanted: &str| {
        identity.get(key).and_then(Value::as_str).is_some_and(|own| own.trim().eq_ignore_ascii_case(wanted))
    };
    says("system", &system.name) || says("integration_id", &system.integration_id)
}

fn plain(text: &str) -> Option<Requestor> {
    let text = text.trim();
    if is_address(text) {
        Some(Requestor::Email(normal_address(text)))
    } else {
        is_id_segment(text).then(|| Requestor::Id(text.to_owned()))
    }
}
