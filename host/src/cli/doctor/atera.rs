//! Atera: the key, and the technician in whose name outcomes are noted.

use approval_logic::approval::normal_address;
use approval_logic::atera::{self, Calls, Technician};
use approval_logic::http::CallError;

use super::Check;
use super::reach::Reach;
use crate::clock::{Clock, SystemClock};

/// Tickets of so many milliseconds are looked at for the technician: 30 days.
const RECENT: i64 = 30 * 24 * 3_600_000;

pub(super) async fn checks(reach: &Reach) -> Vec<Check> {
    let Some(base) = reach.variable("atera_base_url") else { return Vec::new() };
    match key(reach, &base).await {
        Err(advice) => vec![Check::new("Atera", Err(advice))],
        Ok((came, technicians)) => {
            let technician = technician(reach, &technicians);
            [Check::new("Atera", Ok(came))].into_iter().chain(technician).collect()
        }
    }
}

/// Reads recent tickets, with the technicians that they name.
async fn key(reach: &Reach, base: &str) -> Result<(String, Vec<Technician>), String> {
    let key = reach.needed("atera_api_key")?;
    let since = SystemClock::default().now_ms() - RECENT;
    let answer = reach.call(Calls::new(base, &key).tickets_modified(since, 1)).await?;
    match atera::read_technicians(&answer.response) {
        Ok(technicians) => Ok((answer.came(), technicians)),
        Err(CallError::Auth { .. }) => {
            Err("the key is wrong or has expired; make a new one under Admin, API and put it \
                                            into atera_api_key"
                .to_owned())
        }
        Err(error) => Err(format!("{error}; check atera_api_key and atera_base_url")),
    }
}

/// Whether the technician of the settings is one of those. Atera tells of technicians only by their tickets.
fn technician(reach: &Reach, seen: &[Technician]) -> Option<Check> {
    const NAME: &str = "Atera technician";
    let id: u64 = reach.variable("atera_technician_id")?.parse().ok()?;
    let email = reach.variable("atera_technician_email").map(|email| normal_address(&email));
    let theirs = |one: &&Technician| email.is_some() && one.email.as_deref().map(normal_address) == email;
    if let Some(other) = seen.iter().filter(theirs).find(|one| one.id != id) {
        let advice = format!(
            "tickets name the owner of atera_technician_email as technician {}; set atera_technician_id to that",
            other.id
        );
        return Some(Check::new(NAME, Err(advice)));
    }
    Some(match seen.iter().find(|one| one.id == id) {
        Some(_) => Check::new(NAME, Ok(format!("{id} is named by recent tickets"))),
        None => Check::note(
            NAME,
            format!(
                "no recent ticket names technician {id}; compare atera_technician_id with TechnicianContactID of a ticket \
                 that is theirs"
            ),
        ),
    })
}
