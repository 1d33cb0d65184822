//! ServiceDesk Plus.

use approval_logic::approval::TicketKind;
use approval_logic::sdp::StatusNames;

use super::reader::Reader;
use crate::secret::Secret;

/// How the bridge gets into ServiceDesk Plus.
#[derive(Clone, Debug)]
pub enum SdpAccess {
    /// Cloud: Zoho OAuth.
    OAuth {
        /// The accounts server of the tenant's data centre.
        accounts_url: String,
        /// The client's id.
        client_id: Secret,
        /// The client's secret.
        client_secret: Secret,
        /// The refresh token.
        refresh_token: Secret,
    },
    /// On-premises: a technician key.
    Authtoken(Secret),
}

/// ServiceDesk Plus.
#[derive(Clone, Debug)]
pub struct SdpSettings {
    /// The base without `/api/v3`.
    pub base_url: String,
    /// How to get in.
    pub access: SdpAccess,
    /// Which modules are watched.
    pub modules: Vec<TicketKind>,
    /// The tenant's names of the pending status.
    pub names: StatusNames,
    /// Where people look at tickets; `{module}`, `{id}` and `{number}` are filled in.
    pub web_url: Option<String>,
}

impl Reader {
    pub(super) fn sdp(&mut self) -> Option<SdpSettings> {
        let base_url = self.url("sdp_base_url")?;
        if base_url.ends_with("/api/v3") {
            self.wrong("sdp_base_url", "the address without /api/v3, which is appended");
        }
        let oauth = ["sdp_accounts_url", "sdp_client_id", "sdp_client_secret", "sdp_refresh_token"];
        let given: Vec<_> = oauth.into_iter().filter(|name| self.value(name).is_some()).collect();
        let access = match (self.secret("sdp_authtoken"), given.len()) {
            (Some(key), 0) => Some(SdpAccess::Authtoken(key)),
            (Some(_), _) => {
                self.wrong("sdp_authtoken", "to be alone: it excludes the four OAuth variables (sdp_accounts_url …)");
                None
            }
            (None, 4) => self.oauth(),
            (None, 0) => {
                self.wrong("sdp_base_url", "credentials beside it: sdp_authtoken, or the four OAuth variables");
                None
            }
            (None, _) => {
                for name in oauth.into_iter().filter(|name| !given.contains(name)) {
                    self.wrong(name, "a value: cloud access needs all four OAuth variables");
                }
                None
            }
        };
        let mut modules = Vec::new();
        for name in self.text("sdp_modules").as_deref().unwrap_or("requests,changes,releases").split(',') {
            match TicketKind::module(name.trim()) {
                Some(kind) if modules.contains(&kind) => {}
                Some(kind) => modules.push(kind),
                None => self.wrong("sdp_modules", "a comma list of requests, changes, releases"),
            }
        }
        let names = StatusNames::new(self.text("sdp_pending_status").as_deref().unwrap_or("Pending Approval"));
        let web_url = self.url("sdp_web_url");
        Some(SdpSettings { base_url, access: access?, modules, names, web_url })
    }

    fn oauth(&mut self) -> Option<SdpAccess> {
        Some(SdpAccess::OAuth {
            accounts_url: self.url("sdp_accounts_url")?,
            client_id: self.secret("sdp_client_id")?,
            client_secret: self.secret("sdp_client_secret")?,
            refresh_token: self.secret("sdp_refresh_token")?,
        })
    }
}
