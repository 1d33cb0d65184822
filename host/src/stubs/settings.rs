//! How the vendors behave: every switch, with the documented behaviour as its default.

use super::atera::AteraSettings;
use super::model::{Edition, Module, Person, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The on-premises technician key that the stubs accept unless told otherwise.
pub const SDP_AUTHTOKEN: &str = "stub-technician-key";
/// The Zoho client id that the stubs accept unless told otherwise.
pub const ZOHO_CLIENT_ID: &str = "1000.STUBCLIENT";
/// The Zoho client secret that the stubs accept unless told otherwise.
pub const ZOHO_CLIENT_SECRET: &str = "stub-client-secret";
/// The Zoho refresh token that the stubs accept unless told otherwise.
pub const ZOHO_REFRESH_TOKEN: &str = "1000.stub.refresh";
/// The Moveworks API key that the stubs accept unless told otherwise.
pub const MOVEWORKS_API_KEY: &str = "stub-moveworks-key";
/// The Moveworks event that exists unless told otherwise.
pub const MOVEWORKS_EVENT_ID: &str = "5d6f1f0e-4c1b-4f0a-9f57-0e3b8f6a2c11";
/// The Moveworks listener that exists unless told otherwise.
pub const MOVEWORKS_LISTENER_ID: &str = "8b0c3f52-7a4e-4f8d-b1c6-2d9e0a7f4b33";

/// The Zendesk API token that the stubs accept unless told otherwise.
pub const ZENDESK_API_TOKEN: &str = "stub-zendesk-token";

/// All switches of the vendors. [`Default`] is what the vendors document.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// ServiceDesk Plus.
    pub sdp: SdpSettings,
    /// Zoho accounts.
    pub zoho: ZohoSettings,
    /// Zendesk.
    pub zendesk: ZendeskSettings,
    /// Moveworks.
    pub moveworks: MoveworksSettings,
    /// Atera.
    pub atera: AteraSettings,
    /// When set, a vendor answers only on its own host; elsewhere the path is unknown (404).
    pub hosts: Option<Hosts>,
}

/// The host each vendor answers on, with the port if there is one.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// ServiceDesk Plus.
    pub sdp: String,
    /// Zoho accounts.
    pub zoho: String,
    /// Zendesk.
    pub zendesk: String,
    /// Moveworks.
    pub moveworks: String,
}

/// Which form a value takes that vendors write in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// As documented.
    #[default]
    Documented,
    /// Always the one: text for numbers, array for `response_status`.
    First,
    /// Always the other: a number, or an object for `response_status`.
    Second,
    /// First and second by turns.
    Mixed,
}

/// Which decision addresses work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Verbs {
    /// `_approve` and `_reject`, as the cloud documents.
    #[default]
    Underscored,
    /// `approve` and `reject`, as the on-premises release page and browser client have it.
    Plain,
    /// Both.
    Both,
}

/// Whether an answer needs a comment (an administrator's choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mandatory {
    /// Never.
    #[default]
    Never,
    /// On rejections.
    OnReject,
    /// On every answer.
    Always,
}

/// What a status name that the tenant does not have does inside a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UnknownName {
    /// It matches nothing.
    #[default]
    MatchesNothing,
    /// The criterion is ignored.
    Ignored,
}

/// ServiceDesk Plus.
#[derive(Clone, Debug)]
pub struct SdpSettings {
    /// Which ids new tickets get, and which edition seeds are written for. The wire form follows the credential.
    pub edition: Edition,
    /// When set, the other edition's credentials are refused.
    pub only: Option<Edition>,
    /// When set, the cloud knows only `/app/{portal}`; others answer 4007. None: any portal name is known.
    pub portal: Option<String>,
    /// Whether the cloud's short address `/api/v3` works, as it does for a default portal. None: if no `portal` is set.
    pub default_portal: Option<bool>,
    /// The on-premises key.
    pub authtoken: String,
    /// Whether old builds' `TECHNICIAN_KEY` header is accepted too.
    pub technician_key_header: bool,
    /// Who the key or token belongs to: decisions through the API are recorded under this name.
    pub owner: Person,
    /// Whether the owner may answer for somebody else; otherwise 4002. Not published.
    pub owner_may_decide: bool,
    /// Which decision addresses work.
    pub verbs: Verbs,
    /// Longest comment, in characters.
    pub comment_limit: usize,
    /// Whether an answer needs a comment.
    pub comments: Mandatory,
    /// Whether `input_data` is also taken from a raw JSON body, as only the sample guide does.
    pub json_bodies: bool,
    /// `response_status`: an array on lists and an object elsewhere, or else.
    pub response_status: Form,
    /// `time.value`: text, or a number.
    pub times: Form,
    /// Ids: text, or numbers where they can be (no leading zero).
    pub ids: Form,
    /// `level`: documented as int or numeric text. Documented: a number in the cloud, text on-premises.
    pub level_numbers: Form,
    /// Whether level rows carry `approvals`. None: as documented, on-premises only.
    pub inline_approvals: Option<bool>,
    /// Whether lists below a ticket have a `list_info` (and so pages).
    pub sub_list_info: bool,
    /// Whether levels of a change that has none answer HTTP 500 with 4004.
    pub changes_without_levels_fail: bool,
    /// Whether on-premises offers `GET /api/v3/approvals` (seen, not published).
    pub one_call_list: bool,
    /// Whether sending and answering an approval moves the ticket's `last_updated_time` (not published).
    pub approvals_touch_tickets: bool,
    /// Whether an approver who is the requester, or approved an earlier level, is approved without being asked.
    pub auto_approve: bool,
    /// Whether an unknown status name in a criterion matches nothing or is ignored.
    pub unknown_status: UnknownName,
    /// Fields that criteria may not use, such as `approval_status.name` or `releases.last_updated_time`: 400.
    pub refused_criteria: BTreeSet<String>,
    /// Whether a date criterion beside another one is refused (400), as on-premises may.
    pub refuse_combined_dates: bool,
    /// The states that requests can have; another one is refused.
    pub states: Vec<String>,
    /// Whether notes are written under `request_note`, as in older on-premises builds.
    pub old_note_key: bool,
    /// Names of a state that differ from the product's own, as a tenant's language or administrator has them.
    pub names: BTreeMap<State, String>,
    /// Whether every call is refused with 7001.
    pub licence_expired: bool,
}

impl Default for SdpSettings {
    fn default() -> Self {
        Self {
            edition: Edition::Cloud,
            only: None,
            portal: None,
            default_portal: None,
            authtoken: SDP_AUTHTOKEN.into(),
            technician_key_header: false,
            owner: Person {
                id: "100000000000000001".into(),
                name: "Approval Bridge".into(),
                email: Some("bridge@corp.example".into()),
            },
            owner_may_decide: true,
            verbs: Verbs::default(),
            comment_limit: 250,
            comments: Mandatory::default(),
            json_bodies: false,
            response_status: Form::default(),
            times: Form::default(),
            ids: Form::default(),
            level_numbers: Form::default(),
            inline_approvals: None,
            sub_list_info: true,
            changes_without_levels_fail: true,
            one_call_list: false,
            approvals_touch_tickets: true,
            auto_approve: false,
            unknown_status: UnknownName::default(),
            refused_criteria: BTreeSet::new(),
            refuse_combined_dates: false,
            states: ["Open", "Assigned", "In Progress", "On Hold", "Resolved", "Closed"].map(Into::into).to_vec(),
            old_note_key: false,
            names: BTreeMap::new(),
            licence_expired: false,
        }
    }
}

/// What Zoho accounts answers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ZohoMode {
    /// As documented.
    #[default]
    Normal,
    /// HTTP 200 with this `error`, whatever is sent.
    Error(String),
    /// 400 "Access Denied", as when too many tokens were asked for.
    Throttled,
}

/// Zoho accounts (Zoho "OAuth 2.0").
#[derive(Clone, Debug)]
pub struct ZohoSettings {
    /// The client id that is known; none: any.
    pub client_id: Option<String>,
    /// The client secret that is right; none: any.
    pub client_secret: Option<String>,
    /// The refresh token that is right; none: any.
    pub refresh_token: Option<String>,
    /// What it answers.
    pub mode: ZohoMode,
    /// Seconds a token lives.
    pub expires_in: i64,
    /// Tokens per refresh token in ten minutes; none: no limit.
    pub tokens_per_ten_minutes: Option<usize>,
    /// Live tokens per refresh token; the oldest dies.
    pub live_tokens: usize,
    /// What the token may do; a missing one answers 401.
    pub scopes: BTreeSet<String>,
    /// The misleading `api_domain` of the reply.
    pub api_domain: String,
}

impl Default for ZohoSettings {
    fn default() -> Self {
        Self {
            client_id: Some(ZOHO_CLIENT_ID.into()),
            client_secret: Some(ZOHO_CLIENT_SECRET.into()),
            refresh_token: Some(ZOHO_REFRESH_TOKEN.into()),
            mode: ZohoMode::default(),
            expires_in: 3600,
            tokens_per_ten_minutes: Some(10),
            live_tokens: 15,
            scopes: Module::ALL.into_iter().map(|module| format!("SDPOnDemand.{}.ALL", module.plural())).collect(),
            api_domain: "https://www.zohoapis.eu".into(),
        }
    }
}

/// When a ticket takes no further approval request: Zendesk's pages differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Creation {
    /// As the published title of the refusal says: once one is active, approved or denied.
    #[default]
    OnePerTicket,
    /// As the help centre says: while one is live.
    OneLivePerTicket,
}

/// Zendesk.
#[derive(Clone, Debug)]
pub struct ZendeskSettings {
    /// The account's API token, which acts as whomever the call names.
    pub api_token: String,
    /// Whether the account lets API tokens in at all.
    pub token_access: bool,
    /// Rows of a page. Not published.
    pub page_size: usize,
    /// So long, in milliseconds, search does not know what has changed.
    pub search_lag: i64,
    /// Whether rows of the list tell who made and who decided them, as only a newer text says.
    pub decisions_in_lists: bool,
    /// The host that `links.next` names; none: the call's own.
    pub links_host: Option<String>,
    /// What `users/me` answers to a call that is not let in: an anonymous user with 200, else 401.
    pub anonymous_me: bool,
    /// The status with which a single request is refused, as by an account without the early access; none: it is there.
    pub show_status: Option<u16>,
    /// The same for the decision.
    pub decision_status: Option<u16>,
    /// When a ticket takes no further approval request.
    pub creation: Creation,
}

impl Default for ZendeskSettings {
    fn default() -> Self {
        Self {
            api_token: ZENDESK_API_TOKEN.into(),
            token_access: true,
            page_size: 100,
            search_lag: 120_000,
            decisions_in_lists: false,
            links_host: None,
            anonymous_me: true,
            show_status: None,
            decision_status: None,
            creation: Creation::default(),
        }
    }
}

type Check = dyn Fn(&[u8], &str) -> bool + Send + Sync;

/// Checks the signature of a body: the exact bytes and the value of `X-Signature`.
///
/// A closure, so that the stubs need no cryptography of their own.
#[derive(Clone)]
pub struct SignatureCheck(pub(crate) Arc<Check>);

impl SignatureCheck {
    /// `check` answers whether the value is right for the bytes.
    pub fn new(check: impl Fn(&[u8], &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl fmt::Debug for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureCheck")
    }
}

/// Moveworks (Moveworks "Events API" and "Webhook Listeners").
#[derive(Clone, Debug)]
pub struct MoveworksSettings {
    /// The key that is right; none: any bearer.
    pub api_key: Option<String>,
    /// The event that exists; none: any.
    pub event_id: Option<String>,
    /// Whether the key may use the event; otherwise 403.
    pub event_allowed: bool,
    /// The listener that exists; none: any.
    pub listener_id: Option<String>,
    /// Whether the listener asks for the credential.
    pub listener_credential: bool,
    /// The listener's signature check, when it has a shared secret.
    pub listener_signature: Option<SignatureCheck>,
    /// Who can be reached; none: any address. Others answer 400.
    pub launch_list: Option<BTreeSet<String>>,
    /// Events API calls per minute of the organisation; none: no limit.
    pub events_per_minute: Option<usize>,
    /// Calls per second of secured listeners; none: no limit (also for an unsecured one, else one in ten seconds).
    pub listener_per_second: Option<usize>,
    /// Whether errors are `{"code","message"}` as in the OpenAPI, instead of `{"error":{…}}` as in the text.
    pub flat_errors: bool,
}

impl Default for MoveworksSettings {
    fn default() -> Self {
        Self {
            api_key: Some(MOVEWORKS_API_KEY.into()),
            event_id: Some(MOVEWORKS_EVENT_ID.into()),
            event_allowed: true,
            listener_id: Some(MOVEWORKS_LISTENER_ID.into()),
            listener_credential: true,
            listener_signature: None,
            launch_list: None,
            events_per_minute: Some(120),
            listener_per_second: Some(50),
            flat_errors: false,
        }
    }
}
