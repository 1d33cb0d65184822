//! Moveworks: the key and the region, and what can only be seen in chat.

use approval_logic::http::CallError;
use approval_logic::moveworks::{self, REGIONS, Tenant};

use super::Check;
use super::reach::Reach;

pub(super) async fn checks(reach: &Reach) -> Vec<Check> {
    let mut checks = vec![Check::new("Moveworks", key(reach).await)];
    let set = |name| reach.variable(name).is_some();
    if set("moveworks_listener_id") {
        let right = match set("moveworks_listener_secret") {
            true => "moveworks_listener_id and moveworks_listener_secret are right",
            false => "moveworks_listener_id is right",
        };
        checks.push(Check::note(
            "Moveworks listener",
            format!(
                "whether {right} cannot be seen from here, because a listener accepts before \
                 it checks; send yourself a message by POST /notifications and read the listener's log"
            ),
        ));
    } else if set("moveworks_event_id") {
        let advice = "whether moveworks_event_id is right cannot be seen without a message; send yourself one by \
                      POST /notifications";
        checks.push(Check::note("Moveworks event", advice));
    }
    checks
}

async fn key(reach: &Reach) -> Result<String, String> {
    let base_url = reach.variable("moveworks_base_url").unwrap_or_else(|| "https://api.moveworks.ai".to_owned());
    let api_key = reach.needed("moveworks_api_key")?;
    let answer = reach.call(moveworks::auth_test(&Tenant { base_url: &base_url, api_key: &api_key })).await?;
    let other = |error: &CallError| error.message().to_ascii_lowercase().contains("invalid_audience");
    match moveworks::read_acceptance(&answer.response) {
        Ok(()) => Ok(answer.came()),
        Err(error) if error.code() == "NOT_FOUND" || other(&error) => Err(region(&base_url)),
        Err(CallError::Auth { .. }) => Err("the key is wrong, or its owner's account is gone; make a new one in \
                                            Moveworks and put it into moveworks_api_key"
            .to_owned()),
        Err(error) => Err(format!("{error}; check moveworks_api_key and moveworks_base_url")),
    }
}

/// What to do about a tenant that is not where the setting says.
fn region(base_url: &str) -> String {
    let own = REGIONS.iter().find(|(_, base)| base.eq_ignore_ascii_case(base_url.trim_end_matches('/')));
    let own = own.map_or("another region", |(name, _)| name);
    let others: Vec<String> = REGIONS
        .iter()
        .filter(|(name, _)| *name != own && *name != "demo")
        .map(|(name, base)| format!("{base} ({name})"))
        .collect();
    format!(
        "moveworks_base_url is of {own}, where your tenant is not; set it to that of your region: {}",
        others.join(", ")
    )
}
