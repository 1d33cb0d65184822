//! Everything that can be wrong, and the line that says so.

use approval_bridge::stubs::{Fault, World, ZohoMode};

use crate::systems::System::{self, Atera, Cloud, Event, Listener, OnPremises, Zendesk};

/// One thing that is wrong, or that cannot be seen.
pub(crate) struct Case {
    pub(crate) systems: &'static [System],
    pub(crate) changes: &'static [(&'static str, &'static str)],
    pub(crate) world: fn(&mut World),
    pub(crate) line: &'static str,
}

/// A world as it should be.
pub(crate) fn nothing(_: &mut World) {}

pub(crate) const CASES: &[Case] = &[
    Case {
        systems: &[Event],
        changes: &[],
        world: nothing,
        line: "FAIL settings: no help desk is configured: set sdp_base_url, zendesk_base_url or atera_base_url",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("api_token", "")],
        world: nothing,
        line: "note settings: api_token is not set, so nobody may call the bridge and nothing can be decided: set \
               APPROVAL_BRIDGE_API_TOKEN to a long random text",
    },
    Case {
        systems: &[Zendesk],
        changes: &[],
        world: nothing,
        line: "FAIL settings: moveworks_event_id: expected a value here or in moveworks_listener_id: at least one",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("timezone", "Europe/Nowhere")],
        world: nothing,
        line: "FAIL settings: timezone: expected a name of the IANA Time Zone Database, such as Europe/Berlin",
    },
    // ServiceDesk Plus in the cloud.
    Case {
        systems: &[Cloud, Event],
        changes: &[
            ("sdp_base_url", "https://sdpondemand.manageengine.eu/app/itdesk"),
            ("sdp_accounts_url", "https://accounts.zoho.com"),
        ],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: sdp_base_url is in the data centre EU, sdp_accounts_url in US; set \
               sdp_accounts_url to https://accounts.zoho.eu",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_refresh_token", "1000.of-another-centre")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_code: the refresh token is revoked, mistyped, or of another data \
               centre than sdp_accounts_url",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_client_id", "1000.OTHER")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_client: sdp_client_id is unknown at this data centre; check \
               sdp_accounts_url",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_client_secret", "another")],
        world: nothing,
        line: "FAIL ServiceDesk Plus token: invalid_client_secret: sdp_client_secret does not belong to sdp_client_id",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[],
        world: |world| world.settings.zoho.mode = ZohoMode::Throttled,
        line: "FAIL ServiceDesk Plus token: Zoho's token throttle: too many tokens asked for in a short time; wait ten \
               minutes",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[],
        world: |world| world.settings.zoho.scopes.retain(|scope| !scope.contains("changes")),
        line: "FAIL ServiceDesk Plus changes: the token may not read and decide changes; create sdp_refresh_token anew \
               with the scope SDPOnDemand.changes.ALL, or take changes out of sdp_modules",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_base_url", "http://{host}")],
        world: |world| world.settings.sdp.portal = Some("itdesk".into()),
        line: "FAIL ServiceDesk Plus requests: sdp_base_url names no portal; set it to http://{host}/app/{portal}, as it \
               stands in the browser",
    },
    Case {
        systems: &[Cloud, Event],
        changes: &[("sdp_base_url", "http://{host}/app/another")],
        world: |world| world.settings.sdp.portal = Some("itdesk".into()),
        line: "FAIL ServiceDesk Plus requests: there is no portal another here; set sdp_base_url to what stands before \
               /ui in the browser",
    },
    // ServiceDesk Plus on premises.
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_authtoken", "an-old-key")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: the technician key is wrong or has expired; make a new one and put it into \
               sdp_authtoken",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_base_url", "http://{host}/sdp")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: nothing is there; set sdp_base_url to the address of ServiceDesk Plus \
               itself, without a path",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/api/v3/releases").always().sdp_error(4002, "Not allowed")),
        line: "FAIL ServiceDesk Plus releases: the owner of the credential may not read releases; give their role that \
               right, or take releases out of sdp_modules",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_modules", "requests")],
        world: |world| world.fault(Fault::on("GET", "/api/v3/requests").always().html()),
        line: "FAIL ServiceDesk Plus requests: NOT_JSON: HTTP 200 without JSON: a log-in or maintenance page answers in \
               place of the API; check sdp_base_url",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[("sdp_base_url", "http://127.0.0.1:9")],
        world: nothing,
        line: "FAIL ServiceDesk Plus requests: 127.0.0.1 refuses connections; check host and port in the base URL, and \
               that the server runs",
    },
    // Zendesk.
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_api_token", "another-token")],
        world: nothing,
        line: "FAIL Zendesk user: Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, \
               and that the account lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_api_token", "another-token")],
        world: |world| world.settings.zendesk.anonymous_me = false,
        line: "FAIL Zendesk user: Zendesk refuses the call; check zendesk_email and zendesk_api_token, and that the account \
               lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_email", "nobody@corp.example")],
        world: nothing,
        line: "FAIL Zendesk user: Zendesk takes the call for an anonymous one; check zendesk_email and zendesk_api_token, \
               and that the account lets API tokens in",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("zendesk_email", "ana@corp.example")],
        world: |world| {
            world.zendesk.user("Ana Li", "ana@corp.example");
        },
        line: "FAIL Zendesk approval requests: zendesk_email may not read the list; set it to the address of an \
               administrator",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/api/v2/users/me").always().html()),
        line: "FAIL Zendesk user: NOT_JSON: HTTP 200: a page answers in place of the API; is the subdomain in \
               zendesk_base_url right, and the account active?; set zendesk_base_url to https://{subdomain}.zendesk.com",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| {
            let body = r#"{"error":"RecordNotFound","description":"Not found"}"#;
            world.fault(Fault::on("GET", "/api/v2/approval_requests").always().replies(404, body));
        },
        line: "FAIL Zendesk approval requests: the account has no approval requests; the plan has to be Suite Professional \
               or Employee Service Growth, or higher",
    },
    // Atera.
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_api_key", "an-old-key")],
        world: nothing,
        line: "FAIL Atera: the key is wrong or has expired; make a new one under Admin, API and put it into atera_api_key",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "99"), ("atera_technician_email", "Tess@it.example")],
        world: with_technician,
        line: "FAIL Atera technician: tickets name the owner of atera_technician_email as technician 12; set \
               atera_technician_id to that",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "99")],
        world: with_technician,
        line: "note Atera technician: no recent ticket names technician 99; compare atera_technician_id with \
               TechnicianContactID of a ticket that is theirs",
    },
    Case {
        systems: &[Atera, Event],
        changes: &[("atera_technician_id", "12")],
        world: with_technician,
        line: "ok   Atera technician: 12 is named by recent tickets",
    },
    // Moveworks.
    Case {
        systems: &[Zendesk, Event],
        changes: &[("moveworks_api_key", "another-key")],
        world: nothing,
        line: "FAIL Moveworks: the key is wrong, or its owner's account is gone; make a new one in Moveworks and put it into \
               moveworks_api_key",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| world.fault(Fault::on("GET", "/rest/v1/auth/test").always().replies(404, "")),
        line: WRONG_REGION,
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: |world| {
            let body = r#"{"error":{"code":"invalid_audience","message":"Token validation failed"}}"#;
            world.fault(Fault::on("GET", "/rest/v1/auth/test").always().replies(401, body));
        },
        line: WRONG_REGION,
    },
    Case {
        systems: &[Zendesk, Listener],
        changes: &[("moveworks_listener_secret", "a-shared-secret-that-nobody-checks")],
        world: nothing,
        line: "note Moveworks listener: whether moveworks_listener_id and moveworks_listener_secret are right cannot be seen from \
               here, because a listener accepts before it checks; send yourself a message by POST /notifications and read \
               the listener's log",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[],
        world: nothing,
        line: "note Moveworks event: whether moveworks_event_id is right cannot be seen without a message; send yourself one by \
               POST /notifications",
    },
    // People.
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: |world| {
            let ticket =
                world.request().id("874").level(&[("Ana Li", "ana@corp.example"), ("Bo Hahn", "bo@corp.example")]);
            let ticket = ticket.level_id("77").approval_ids(&["310", "311"]).add();
            world.set_email(&ticket.approval(0, 1), None).unwrap();
        },
        line: "note waiting approvals: 1 of 2 cannot be announced, because their approver has no e-mail address, such as \
               sdp:requests:874:77:311 (Bo Hahn); give them one in the help desk",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: |world| {
            let ticket = world.request().id("874").level(&[("Ana Li", "ana@corp.example")]);
            let ticket = ticket.level_id("77").approval_ids(&["310"]).add();
            world.set_email(&ticket.approval(0, 0), None).unwrap();
        },
        line: "FAIL waiting approvals: 1 of 1 cannot be announced, because their approver has no e-mail address, such as \
               sdp:requests:874:77:310 (Ana Li); give them one in the help desk",
    },
    Case {
        systems: &[OnPremises, Event],
        changes: &[],
        world: nothing,
        line: "note waiting approvals: none; if one should wait, compare its status with sdp_pending_status",
    },
    Case {
        systems: &[Zendesk, Event],
        changes: &[("silent_approvers", "ana@corp.example, boo@corp.example")],
        world: |world| {
            world.zendesk.user("Ana Li", "ana@corp.example");
        },
        line: "FAIL silent_approvers: unknown to Zendesk: boo@corp.example; correct the spelling or take them out",
    },
    Case {
        systems: &[OnPremises, Atera, Event],
        changes: &[("allowed_approvers", "boo@corp.example, @it.example")],
        world: nothing,
        line: "note allowed_approvers: unknown to Atera: boo@corp.example; ServiceDesk Plus cannot be asked, so compare the \
               spelling there",
    },
];

const WRONG_REGION: &str = "FAIL Moveworks: moveworks_base_url is of another region, where your tenant is not; set it to that of your region: \
     https://api.moveworks.ai (US), https://api.prod3.us.moveworks.com (US prod3), https://api.prod4.us.moveworks.com (US \
     prod4), https://api.am-eu-central.moveworks.ai (EU), https://api.am-ca-central.moveworks.ai (Canada), \
     https://api.moveworksgov.ai (Government), https://api.jp.moveworks.com (Japan), https://api.uk.moveworks.com (UK)";

fn with_technician(world: &mut World) {
    let ticket = world.atera_ticket("A laptop", ("Sam Stinson", "sam@corp.example"));
    world.atera(&ticket).unwrap().technician = Some((12, "tess@it.example".into()));
}
