//! Are the people whom the settings name known? A mistyped address silences nobody and lets nobody in.

use approval_logic::approval::normal_address;
use approval_logic::http::CallError;
use approval_logic::{atera, zendesk};

use super::reach::Reach;
use super::{Check, zendesk as desk};

/// The settings that name people.
const LISTS: [&str; 2] = ["silent_approvers", "allowed_approvers"];

/// At most so many people are looked up, so that a long list does not use up the help desk's limits.
const LOOKUPS: usize = 20;

pub(super) async fn checks(reach: &Reach) -> Vec<Check> {
    let Some(desks) = Desks::of(reach) else { return Vec::new() };
    let mut checks = Vec::new();
    for list in LISTS {
        if let Some(outcome) = known(reach, list, &desks).await {
            checks.push(outcome);
        }
    }
    checks
}

/// The help desks that can be asked for people.
struct Desks {
    zendesk: Option<(String, zendesk::Credential)>,
    atera: Option<(String, String)>,
    /// Whether there is one more, which cannot.
    others: bool,
}

impl Desks {
    /// None where none can.
    fn of(reach: &Reach) -> Option<Self> {
        let desks = Self {
            zendesk: desk::credential(reach).and_then(Result::ok),
            atera: reach.variable("atera_base_url").zip(reach.variable("atera_api_key")),
            others: reach.variable("sdp_base_url").is_some(),
        };
        (desks.zendesk.is_some() || desks.atera.is_some()).then_some(desks)
    }

    fn names(&self) -> String {
        let names = [self.zendesk.is_some().then_some("Zendesk"), self.atera.is_some().then_some("Atera")];
        names.into_iter().flatten().collect::<Vec<_>>().join(" or ")
    }

    /// Whether one of them knows the address.
    async fn know(&self, reach: &Reach, address: &str) -> Result<bool, String> {
        let words = |error: CallError| error.to_string();
        if let Some((base, credential)) = &self.zendesk {
            let answer = reach.call(zendesk::Calls::new(base, credential).users_with_address(address)).await?;
            let users = zendesk::read_users(&answer.response).map_err(words)?.users;
            if users.iter().any(|user| user.person.has_address(address)) {
                return Ok(true);
            }
        }
        if let Some((base, key)) = &self.atera {
            let answer = reach.call(atera::Calls::new(base, key).contacts(address)).await?;
            return atera::read_contact(&answer.response, address).map(|found| found.is_some()).map_err(words);
        }
        Ok(false)
    }
}

/// Checks the addresses of one setting. None: it names nobody.
async fn known(reach: &Reach, list: &str, desks: &Desks) -> Option<Check> {
    let text = reach.variable(list)?;
    let addresses: Vec<String> =
        text.split(',').map(normal_address).filter(|one| !one.is_empty() && !one.starts_with('@')).collect();
    if addresses.is_empty() {
        return None;
    }
    let mut unknown = Vec::new();
    for address in addresses.iter().take(LOOKUPS) {
        match desks.know(reach, address).await {
            Ok(true) => {}
            Ok(false) => unknown.push(address.as_str()),
            Err(problem) => return Some(Check::note(list, format!("cannot be checked: {problem}"))),
        }
    }
    let (who, names) = (unknown.join(", "), desks.names());
    Some(match unknown.len() {
        0 => Check::new(list, Ok(format!("{names} knows {}", addresses.len().min(LOOKUPS)))),
        _ if desks.others => Check::note(
            list,
            format!("unknown to {names}: {who}; ServiceDesk Plus cannot be asked, so compare the spelling there"),
        ),
        _ => Check::new(list, Err(format!("unknown to {names}: {who}; correct the spelling or take them out"))),
    })
}
