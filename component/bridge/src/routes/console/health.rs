//! How the systems are that the bridge calls, as far as the last sweeps tell.

use approval_logic::approval::Millis;
use approval_logic::http::CIRCUIT_OPEN;

use crate::report::SLOTS;
use crate::sorted::Sorted;
use crate::store::progress::Limit;
use crate::store::sweeps::{Part, Sweep};

/// How a system is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All is well.
    Well,
    /// It answers, but not about everything.
    Partly,
    /// It asked to be left alone until then.
    Resting(Millis),
    /// The last sweep did not get what it needs.
    Failing,
    /// It failed so often in a row that the last sweep gave up on it.
    Down,
}

/// One system, or one module of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    /// The name in reports.
    pub(super) name: String,
    /// How it is.
    pub(super) state: State,
    /// When a sweep last had no trouble with it; none: in none of the last sweeps.
    pub(super) well_at: Option<Millis>,
    /// In how many of the last sweeps it made trouble.
    pub(super) troubled: usize,
    /// The codes of the last sweep's errors, each once.
    pub(super) codes: Vec<String>,
}

/// The part of a report that tells of failed deliveries, and is there only then.
const CHAT: &str = "moveworks";

/// The part of a report that is about the bridge's own trail.
const TRAIL: &str = "audit";

/// No systems, but what reports tell of all the same.
const OURS: [&str; 2] = [TRAIL, SLOTS];

/// What is known of each system. `paused_until`: until when Moveworks asked to be left alone.
pub(super) fn health(sweeps: &[Sweep], limits: &Sorted<Limit>, paused_until: Millis, now: Millis) -> Vec<Health> {
    let Some(last) = sweeps.first() else { return Vec::new() };
    let names = last.parts.iter().map(|part| part.name.as_str()).filter(|name| *name != CHAT && !OURS.contains(name));
    let all = names.chain([CHAT]).map(|name| {
        let own = |sweep: &Sweep| sweep.parts.iter().find(|part| part.name == name).cloned();
        let failed = |sweep: &&Sweep| own(sweep).is_some_and(|part| part.failures() > 0);
        let there = |sweep: &&Sweep| name == CHAT || own(sweep).is_some();
        let source = name.split('/').next().unwrap_or(name);
        let rest = if name == CHAT { paused_until } else { limits.get(source).map_or(0, |limit| limit.paused_until) };
        let part = own(last);
        let mut codes: Vec<String> = Vec::new();
        for problem in part.iter().flat_map(|part| &part.errors) {
            if !codes.contains(&problem.code) {
                codes.push(problem.code.clone());
            }
        }
        Health {
            name: name.to_owned(),
            state: if rest > now { State::Resting(rest) } else { part.as_ref().map_or(State::Well, state) },
            well_at: sweeps.iter().filter(there).find(|sweep| !failed(sweep)).map(|sweep| sweep.started_at),
            troubled: sweeps.iter().filter(failed).count(),
            codes,
        }
    });
    all.collect()
}

fn state(part: &Part) -> State {
    if part.errors.iter().any(|problem| problem.code == CIRCUIT_OPEN) {
        State::Down
    } else if part.errors.iter().any(|problem| problem.ticket.is_none()) {
        State::Failing
    } else if part.failures() > 0 {
        State::Partly
    } else {
        State::Well
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Problem;

    fn part(name: &str, errors: &[(Option<&str>, &str)]) -> Part {
        let errors = errors.iter().map(|(ticket, code)| Problem {
            ticket: ticket.map(str::to_owned),
            code: (*code).to_owned(),
            message: "m".to_owned(),
        });
        let errors = errors.collect();
        Part { name: name.to_owned(), calls: 1, tickets: 1, new: 0, closed: 0, errors, left_off: 0 }
    }

    fn sweep(started_at: Millis, parts: Vec<Part>) -> Sweep {
        Sweep { started_at, took: 1, complete: true, sent: 0, parts }
    }

    #[test]
    fn a_system_is_as_its_last_sweep_says() {
        for (errors, state) in [
            (&[][..], State::Well),
            (&[(Some("874"), "ODD_LEVEL")], State::Partly),
            (&[(Some("874"), "ODD_LEVEL"), (None, "FORBIDDEN")], State::Failing),
            (&[(None, "SOURCE_FAULT"), (Some("874"), CIRCUIT_OPEN)], State::Down),
        ] {
            let sweeps = [sweep(2, vec![part("zendesk", errors)]), sweep(1, vec![part("zendesk", &[])])];
            let found = health(&sweeps, &Sorted::default(), 0, 3);
            assert_eq!(found[0].state, state);
            assert_eq!(found[0].well_at, Some(if state == State::Well { 2 } else { 1 }));
            assert_eq!(found[0].troubled, usize::from(state != State::Well));
        }
    }

    #[test]
    fn who_asked_to_be_left_alone_rests_until_then() {
        let mut limits: Sorted<Limit> = Sorted::default();
        limits.insert("sdp".to_owned(), Limit { paused_until: 100, width: None });
        let sweeps = [sweep(1, vec![part("sdp/changes", &[(None, "RATE_LIMITED")])])];
        let state = |now| health(&sweeps, &limits, 50, now).into_iter().map(|one| one.state).collect::<Vec<_>>();
        assert_eq!(state(10), [State::Resting(100), State::Resting(50)]);
        assert_eq!(state(100), [State::Failing, State::Well]);
    }

    #[test]
    fn moveworks_is_there_although_reports_name_it_in_trouble_only() {
        let sweeps = [
            sweep(2, vec![part("zendesk", &[]), part("audit", &[])]),
            sweep(1, vec![part("moveworks", &[(None, "X")])]),
        ];
        let found = health(&sweeps, &Sorted::default(), 0, 3);
        let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["zendesk", "moveworks"]);
        assert_eq!((found[1].well_at, found[1].troubled), (Some(2), 1));
        assert!(health(&[], &Sorted::default(), 0, 3).is_empty(), "without a sweep nothing is known");
    }
}
