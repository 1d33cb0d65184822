//! Zoho's OAuth for the cloud edition (Zoho, "OAuth 2.0", Refresh access token).

use std::time::Duration;

use percent_encoding::utf8_percent_encode;

use crate::approval::{Millis, TicketKind};
use crate::http::{CallError, HttpRequest, HttpResponse, Method, STRICT};
use crate::json::{self, Value};
use crate::text::{clean_line, truncate};

/// A token is renewed so long before it ends.
pub const MARGIN_MS: Millis = 60_000;

/// How long to leave the accounts server alone after a throttle; five to fifteen minutes have been reported.
const THROTTLE_PAUSE: Duration = Duration::from_secs(600);

/// An access token with its end.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_at: Millis,
}

impl AccessToken {
    /// Whether it can be used for calls that start now.
    pub const fn is_fresh(&self, now: Millis) -> bool {
        now.saturating_add(MARGIN_MS) < self.expires_at
    }

    /// Whether the server still takes it.
    pub const fn is_live(&self, now: Millis) -> bool {
        now < self.expires_at
    }
}

/// What the accounts server needs to know.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The accounts server of the tenant's data centre.
    pub accounts_url: &'a str,
    /// The client's id.
    pub id: &'a str,
    /// The client's secret.
    pub secret: &'a str,
    /// The refresh token, from an administrator's one-off grant.
    pub refresh_token: &'a str,
}

/// Asks for an access token. The fields go into the body, so that no log of addresses holds them.
pub fn refresh(client: &Client<'_>) -> HttpRequest {
    let encode = |text: &str| utf8_percent_encode(text, STRICT).to_string();
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        encode(client.refresh_token),
        encode(client.id),
        encode(client.secret)
    );
    let url = format!("{}/oauth/v2/token", client.accounts_url.trim_end_matches('/'));
    HttpRequest::new(Method::Post, url)
        .header("accept", "application/json")
        .with_body("application/x-www-form-urlencoded", form)
}

/// Reads the answer. Errors come inside HTTP 200; a throttle is not a bad credential.
pub fn read(response: &HttpResponse, now: Millis) -> Result<AccessToken, CallError> {
    let body = json::read(&response.body);
    let text = |name: &str| body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str);
    let throttled = || CallError::Retry {
        code: "TOKEN_THROTTLED",
        message: "Zoho's token throttle: too many tokens asked for in a short time".to_owned(),
        after: THROTTLE_PAUSE,
    };
    if response.status == 429 {
        return Err(throttled());
    }
    // What a server in trouble says about the credential is no verdict on it.
    if let Some(error) = text("error").filter(|_| response.status < 500) {
        let error = truncate(&clean_line(error), 80).into_owned();
        if error.eq_ignore_ascii_case("access denied")
            || text("error_description").is_some_and(|text| text.to_lowercase().contains("too many requests"))
        {
            return Err(throttled());
        }
        let cure = match error.as_str() {
            "invalid_code" => "the refresh token is revoked, mistyped, or of another data centre than sdp_accounts_url",
            "invalid_client" => "sdp_client_id is unknown at this data centre; check sdp_accounts_url",
            "invalid_client_secret" => "sdp_client_secret does not belong to sdp_client_id",
            "invalid_scope" => "the grant lacks a scope; create it again with SDPOnDemand.{module}.ALL",
            _ => "check sdp_accounts_url, sdp_client_id, sdp_client_secret and sdp_refresh_token",
        };
        return Err(CallError::Auth { code: "TOKEN_REFUSED", message: format!("{error}: {cure}") });
    }
    match text("access_token") {
        Some(token) if response.is_success() && !token.is_empty() => {
            let seconds = body.as_ref().and_then(|body| super::fields::count(body.get("expires_in"))).unwrap_or(3600);
            let millis = Millis::try_from(seconds.min(86_400)).unwrap_or(3600).saturating_mul(1000);
            Ok(AccessToken { token: token.to_owned(), expires_at: now.saturating_add(millis) })
        }
        _ if response.status == 401 || response.status == 403 => Err(CallError::Auth {
            code: "TOKEN_REFUSED",
            message: format!("HTTP {} from the accounts server", response.status),
        }),
        _ if matches!(response.status, 400..=499) && response.status != 408 => Err(CallError::Permanent {
            code: "TOKEN_REFUSED",
            message: format!("HTTP {} from the accounts server; check sdp_accounts_url", response.status),
        }),
        _ => Err(CallError::Retry {
            code: "TOKEN_UNAVAILABLE",
            message: format!("HTTP {} without a token from the accounts server", response.status),
            after: response.retry_after().unwrap_or(Duration::from_secs(5)),
        }),
    }
}

/// What the token may do, where the answer tells it.
pub fn read_scopes(response: &HttpResponse) -> Option<Vec<String>> {
    let body = json::read(&response.body)?;
    let scopes = body.get("scope")?.as_str()?.split([' ', ',']).filter(|scope| !scope.is_empty());
    Some(scopes.map(str::to_owned).collect())
}

/// The scope that lets a module be read and decided (ManageEngine, "ServiceDesk Plus Cloud API v3", OAuth: scopes).
pub fn scope(kind: TicketKind) -> String {
    format!("SDPOnDemand.{}.ALL", kind.plural())
}

/// Whether these scopes let a module be read and decided.
pub fn covers(scopes: &[String], kind: TicketKind) -> bool {
    let has = |right: &str| {
        let wanted = format!("SDPOnDemand.{}.{right}", kind.plural());
        scopes.iter().any(|scope| scope.eq_ignore_ascii_case(&wanted))
    };
    has("ALL") || (has("READ") && has("UPDATE"))
}
