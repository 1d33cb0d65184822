//! What is asked, in which order, and what is taken for an answer.

use approval_logic::approval::{TicketKind, is_address, is_id_segment};
use approval_logic::card::FieldKind;
use approval_logic::moveworks::REGIONS;
use approval_logic::sdp::Centre;
use http::Uri;

/// Answers by the name of their question, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers(Vec<(&'static str, String)>);

impl Answers {
    pub(super) fn set(&mut self, name: &'static str, value: &str) {
        self.0.push((name, value.to_owned()));
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// Whether the answer is there and not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Whether a system is among those that were named.
    pub(super) fn system(&self, name: &str) -> bool {
        self.get("systems").is_some_and(|systems| listed(systems).any(|system| system == name))
    }

    /// What follows from answers about one system, or about one way of messages: that it is that one.
    pub(super) fn infer(&mut self) {
        let systems: Vec<&str> = SYSTEMS
            .into_iter()
            .filter(|system| {
                self.0.iter().any(|(name, _)| name.strip_prefix(system).is_some_and(|n| n.starts_with('_')))
            })
            .collect();
        if self.get("systems").is_none() && !systems.is_empty() {
            self.set("systems", &systems.join(","));
        }
        let door = match (self.has("moveworks_listener_id"), self.has("moveworks_event_id")) {
            (true, _) => Some("listener"),
            (false, true) => Some("event"),
            (false, false) => None,
        };
        if let (None, Some(door)) = (self.get("door"), door) {
            self.set("door", door);
        }
    }
}

/// The systems that approvals can be in.
const SYSTEMS: [&str; 3] = ["sdp", "zendesk", "atera"];

/// One question. Where it is a variable of the component, it has its name.
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) ask: &'static str,
    /// Whether it is asked after these answers.
    pub(super) when: fn(&Answers) -> bool,
    /// What an empty answer means.
    pub(super) default: fn(&Answers) -> Option<String>,
    /// What is wrong with an answer, as what was expected.
    pub(super) check: fn(&str) -> Result<(), &'static str>,
}

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        name: "systems",
        ask: "Where are approvals: sdp (ServiceDesk Plus), zendesk, atera; with commas between",
        when: always,
        default: |_| Some("sdp".to_owned()),
        check: |text| {
            let known = !text.is_empty() && listed(text).all(|system| SYSTEMS.contains(&system));
            ensure(known, "some of sdp, zendesk, atera, with commas between")
        },
    },
    Question {
        name: "sdp_base_url",
        ask: "ServiceDesk Plus: its address (cloud: https://…/app/{portal}, as in the browser; on premises: https://host:port)",
        when: |answers| answers.system("sdp"),
        default: none,
        check: address,
    },
    Question {
        name: "sdp_accounts_url",
        ask: "ServiceDesk Plus: the accounts server of the cloud edition (- for on premises)",
        when: |answers| answers.system("sdp"),
        default: |answers| {
            let base = answers.get("sdp_base_url").unwrap_or_default();
            let desk: Option<Uri> = base.parse().ok();
            let centre = desk.as_ref().and_then(|desk| Centre::of_desk(desk.host()?)).map(Centre::accounts_url);
            // A portal in the address: the cloud, at a domain of its own, whose data centre nobody can guess.
            centre.or_else(|| (!base.contains("/app/")).then(|| "-".to_owned()))
        },
        check: |text| if text == "-" { Ok(()) } else { address(text) },
    },
    Question {
        name: "sdp_modules",
        ask: "ServiceDesk Plus: where to look",
        when: |answers| answers.system("sdp"),
        default: |_| Some("requests,changes,releases".to_owned()),
        check: |text| {
            let known = listed(text).all(|name| TicketKind::module(name).is_some());
            ensure(known, "some of requests, changes, releases, with commas between")
        },
    },
    Question {
        name: "zendesk_base_url",
        ask: "Zendesk: its address (https://….zendesk.com)",
        when: |answers| answers.system("zendesk"),
        default: none,
        check: address,
    },
    Question {
        name: "zendesk_email",
        ask: "Zendesk: the address of an administrator, in whose name lists are read",
        when: |answers| answers.system("zendesk"),
        default: none,
        check: |text| ensure(is_address(text), "an e-mail address"),
    },
    Question {
        name: "atera_base_url",
        ask: "Atera: its address",
        when: |answers| answers.system("atera"),
        default: |_| Some("https://app.atera.com".to_owned()),
        check: address,
    },
    Question {
        name: "atera_technician_id",
        ask: "Atera: the id of the technician in whose name outcomes are noted (empty: no notes)",
        when: |answers| answers.system("atera"),
        default: none,
        check: |text| ensure(text.is_empty() || text.parse::<u32>().is_ok_and(|id| id > 0), "a number, or nothing"),
    },
    Question {
        name: "moveworks_base_url",
        ask: "Moveworks: the API address of your region",
        when: always,
        default: |_| REGIONS.first().map(|(_, base)| (*base).to_owned()),
        check: address,
    },
    Question {
        name: "door",
        ask: "Moveworks: how messages get there, by a webhook listener or by an event of the Events API (listener, event)",
        when: always,
        default: |_| Some("listener".to_owned()),
        check: |text| ensure(["listener", "event"].contains(&text), "listener or event"),
    },
    Question {
        name: "moveworks_listener_id",
        ask: "Moveworks: the listener's id",
        when: |answers| answers.get("door") == Some("listener"),
        default: none,
        check: id,
    },
    Question {
        name: "moveworks_event_id",
        ask: "Moveworks: the event's id",
        when: |answers| answers.get("door") == Some("event"),
        default: none,
        check: id,
    },
    Question {
        name: "card_fields",
        ask: "Card: its lines, in order (also: title, level, approver, original_approver, sent)",
        when: always,
        default: |_| Some(FieldKind::DEFAULT.map(FieldKind::name).join(",")),
        check: |text| {
            let known = listed(text).all(|name| FieldKind::parse(name).is_some());
            ensure(known, "names of lines, with commas between")
        },
    },
    Question {
        name: "comment_required_on_reject",
        ask: "Does a rejection need a comment (true, false)",
        when: always,
        default: |_| Some("true".to_owned()),
        check: |text| ensure(["true", "false"].contains(&text), "true or false"),
    },
    Question {
        name: "remind_after_hours",
        ask: "Remind after how many hours without an answer (0: never)",
        when: always,
        default: |_| Some("0".to_owned()),
        check: |text| ensure(text.parse::<u32>().is_ok_and(|hours| hours <= 8_760), "a number of hours, 0 to 8760"),
    },
    Question {
        name: "quiet_hours",
        ask: "Hours in which nothing is said, such as 19:00-08:00 (empty: never quiet)",
        when: always,
        default: none,
        check: |text| ensure(text.is_empty() || hours(text), "two times of day, such as 19:00-08:00, or nothing"),
    },
    Question {
        name: "timezone",
        ask: "Whose clocks these are, such as Europe/Berlin",
        when: |answers| answers.has("quiet_hours"),
        default: |_| Some("UTC".to_owned()),
        check: |text| {
            let zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
            ensure(!text.is_empty() && text.chars().all(zone), "a name of the IANA Time Zone Database")
        },
    },
];

fn always(_: &Answers) -> bool {
    true
}

fn none(_: &Answers) -> Option<String> {
    None
}

fn ensure(good: bool, expected: &'static str) -> Result<(), &'static str> {
    if good { Ok(()) } else { Err(expected) }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

fn address(text: &str) -> Result<(), &'static str> {
    let uri: Option<Uri> = text.parse().ok();
    let web =
        uri.as_ref().is_some_and(|uri| matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some());
    ensure(web, "an address that begins with https://")
}

fn id(text: &str) -> Result<(), &'static str> {
    ensure(is_id_segment(text), "the id, as Moveworks shows it")
}

/// `19:00-08:00`.
fn hours(text: &str) -> bool {
    let time = |text: &str| chrono::NaiveTime::parse_from_str(text.trim(), "%H:%M").is_ok();
    text.split_once('-').is_some_and(|(from, to)| time(from) && time(to))
}
