//! Zendesk: who the token acts as, and whether they may read the list of approval requests.

use approval_logic::http::CallError;
use approval_logic::zendesk::{self, Calls, Filter};

use super::Check;
use super::reach::Reach;

/// The settings' way in. None: Zendesk is off.
pub(super) fn credential(reach: &Reach) -> Option<Result<(String, zendesk::Credential), String>> {
    let base = reach.variable("zendesk_base_url")?;
    let credential = reach.needed("zendesk_email").and_then(|email| {
        let api_token = reach.needed("zendesk_api_token")?;
        Ok((base, zendesk::Credential { email, api_token }))
    });
    Some(credential)
}

pub(super) async fn checks(reach: &Reach) -> Vec<Check> {
    let (user, list) = ("Zendesk user", "Zendesk approval requests");
    let (base, credential) = match credential(reach) {
        None => return Vec::new(),
        Some(Ok(found)) => found,
        Some(Err(missing)) => return vec![Check::new(user, Err(missing))],
    };
    let calls = Calls::new(&base, &credential);
    let me = me(reach, &calls).await;
    if me.is_err() {
        return vec![Check::new(user, me)];
    }
    vec![Check::new(user, me), Check::new(list, requests(reach, &calls).await)]
}

async fn me(reach: &Reach, calls: &Calls<'_>) -> Result<String, String> {
    let answer = reach.call(calls.me()).await?;
    match zendesk::read_me(&answer.response) {
        Ok(Some(_)) => Ok(answer.came()),
        Ok(None) => Err("Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, and \
                         that the account lets API tokens in"
            .to_owned()),
        Err(CallError::Auth { .. }) => Err("Zendesk refuses the call; check zendesk_email and zendesk_api_token, and \
                                            that the account lets API tokens in"
            .to_owned()),
        Err(error) => Err(format!("{error}; set zendesk_base_url to https://{{subdomain}}.zendesk.com")),
    }
}

async fn requests(reach: &Reach, calls: &Calls<'_>) -> Result<String, String> {
    let filter = Filter { status: "active", ..Filter::default() };
    let answer = reach.call(calls.list(filter, None)).await?;
    match zendesk::read_page(&answer.response) {
        Ok(_) => Ok(answer.came()),
        Err(CallError::Permanent { code: "FORBIDDEN", .. }) => {
            Err("zendesk_email may not read the list; set it to the address of an administrator".to_owned())
        }
        Err(CallError::NotFound { .. }) => Err("the account has no approval requests; the plan has to be Suite \
                                                Professional or Employee Service Growth, or higher"
            .to_owned()),
        Err(error) => {
            Err(format!("{error}; zendesk_email has to be an administrator, and the plan has to include approvals"))
        }
    }
}
