//! ServiceDesk Plus: the data centre, the credential, the portal, and the right to each module.

use approval_logic::approval::TicketKind;
use approval_logic::http::CallError;
use approval_logic::sdp::{self, Calls, Centre, Credential, ListQuery, Scope, StatusNames, token};

use super::Check;
use super::reach::Reach;
use crate::clock::{Clock, SystemClock};

/// A credential that was let in, and what it may do where that is told.
struct Entry {
    credential: Credential,
    scopes: Option<Vec<String>>,
}

pub(super) async fn checks(reach: &Reach) -> Vec<Check> {
    let Some(base) = reach.variable("sdp_base_url") else { return Vec::new() };
    let mut checks = Vec::new();
    let entry = match reach.variable("sdp_authtoken") {
        Some(key) => Entry { credential: Credential::Authtoken(key), scopes: None },
        None => match refresh(reach).await {
            Ok((entry, came)) => {
                checks.push(Check::new("ServiceDesk Plus token", Ok(came)));
                entry
            }
            Err(advice) => return vec![Check::new("ServiceDesk Plus token", Err(advice))],
        },
    };
    let modules = reach.variable("sdp_modules").unwrap_or_else(|| "requests,changes,releases".to_owned());
    for kind in modules.split(',').filter_map(|name| TicketKind::module(name.trim())) {
        let outcome = module(reach, &base, &entry, kind).await;
        checks.push(Check::new(format!("ServiceDesk Plus {}", kind.plural()), outcome));
    }
    checks
}

/// Gets an access token.
async fn refresh(reach: &Reach) -> Result<(Entry, String), String> {
    let accounts_url = reach.needed("sdp_accounts_url")?;
    let (id, secret) = (reach.needed("sdp_client_id")?, reach.needed("sdp_client_secret")?);
    let refresh_token = reach.needed("sdp_refresh_token")?;
    let hosts = (reach.host("sdp_base_url"), reach.host("sdp_accounts_url"));
    if let (Some(desk), Some(accounts)) = hosts {
        same_centre(&desk, &accounts)?;
    }
    let client = token::Client { accounts_url: &accounts_url, id: &id, secret: &secret, refresh_token: &refresh_token };
    let answer = reach.call(token::refresh(&client)).await?;
    let read = token::read(&answer.response, SystemClock::default().now_ms()).map_err(|error| match error.code() {
        "TOKEN_THROTTLED" => format!("{}; wait ten minutes", error.message()),
        _ => error.message().to_owned(),
    })?;
    let scopes = token::read_scopes(&answer.response);
    Ok((Entry { credential: Credential::AccessToken(read.token), scopes }, answer.came()))
}

/// A grant of one data centre is unknown in all others.
fn same_centre(desk: &str, accounts: &str) -> Result<(), String> {
    match (Centre::of_desk(desk), Centre::of_accounts(accounts)) {
        (Some(desk), Some(accounts)) if desk != accounts => Err(format!(
            "sdp_base_url is in the data centre {}, sdp_accounts_url in {}; set sdp_accounts_url to {}",
            desk.name,
            accounts.name,
            desk.accounts_url()
        )),
        _ => Ok(()),
    }
}

/// Reads one row of a module.
async fn module(reach: &Reach, base: &str, entry: &Entry, kind: TicketKind) -> Result<String, String> {
    let (module, scope) = (kind.plural(), token::scope(kind));
    let grant = format!("create sdp_refresh_token anew with the scope {scope}, or take {module} out of sdp_modules");
    if entry.scopes.as_ref().is_some_and(|scopes| !token::covers(scopes, kind)) {
        return Err(format!("the token may not read and decide {module}; {grant}"));
    }
    let query = ListQuery { start_index: 1, rows: 1, scope: Scope::Newest };
    let answer = reach.call(Calls::new(base, &entry.credential).list(kind, &query)).await?;
    let cloud = matches!(entry.credential, Credential::AccessToken(_));
    match sdp::read_page(kind, &StatusNames::new("Pending Approval"), &answer.response) {
        Ok(_) => Ok(answer.came()),
        Err(CallError::Auth { .. }) if cloud => Err(format!("the token is refused for {module}; {grant}")),
        Err(CallError::Auth { .. }) => {
            Err("the technician key is wrong or has expired; make a new one and put it into sdp_authtoken".to_owned())
        }
        Err(CallError::NotFound { .. }) => Err(portal(base, cloud)),
        Err(CallError::Permanent { code: "FORBIDDEN", .. }) => Err(format!(
            "the owner of the credential may not read {module}; give their role that right, or take {module} out of \
             sdp_modules"
        )),
        Err(error) => Err(format!("{error}; check sdp_base_url")),
    }
}

/// What is wrong with an address below which nothing is found.
fn portal(base: &str, cloud: bool) -> String {
    match base.split_once("/app/") {
        Some((_, portal)) => {
            let portal = portal.split('/').next().unwrap_or_default();
            format!("there is no portal {portal} here; set sdp_base_url to what stands before /ui in the browser")
        }
        None if cloud => {
            let base = base.trim_end_matches('/');
            format!("sdp_base_url names no portal; set it to {base}/app/{{portal}}, as it stands in the browser")
        }
        None => {
            "nothing is there; set sdp_base_url to the address of ServiceDesk Plus itself, without a path".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same_centre;

    #[test]
    fn only_two_known_hosts_of_different_centres_contradict_each_other() {
        let wrong = same_centre("sdpondemand.manageengine.eu", "accounts.zoho.com").unwrap_err();
        assert_eq!(
            wrong,
            "sdp_base_url is in the data centre EU, sdp_accounts_url in US; set sdp_accounts_url to https://accounts.zoho.eu"
        );
        for (desk, accounts) in [
            ("sdpondemand.manageengine.eu", "accounts.zoho.eu"),
            ("servicedeskplus.ca", "accounts.zoho.ca"),
            ("help.corp.example", "accounts.zoho.com"),
            ("sdpondemand.manageengine.eu", "accounts.corp.example"),
        ] {
            assert!(same_centre(desk, accounts).is_ok(), "{desk} {accounts}");
        }
    }
}
