//! `doctor`: is everything in place? One line per check, with the one thing to do where it is not.

use console::{Style, Term};

use super::{Failure, SourceArgs, configuration, print};
use crate::config::Config;

mod atera;
mod clock;
mod look;
mod moveworks;
mod people;
mod reach;
mod sdp;
mod settings;
mod store;
mod zendesk;

use reach::Reach;

/// One check: its name, and what it found.
struct Check {
    name: String,
    verdict: Verdict,
}

/// What a check found.
enum Verdict {
    /// In place; what was seen.
    Good(String),
    /// Cannot be seen from here, or is odd but may be meant; how to look.
    Note(String),
    /// Wrong; what to do.
    Bad(String),
}

impl Check {
    fn new(name: impl Into<String>, outcome: Result<String, String>) -> Self {
        let verdict = match outcome {
            Ok(seen) => Verdict::Good(seen),
            Err(advice) => Verdict::Bad(advice),
        };
        Self { name: name.into(), verdict }
    }

    fn note(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Note(text.into()) }
    }

    fn is_bad(&self) -> bool {
        matches!(self.verdict, Verdict::Bad(_))
    }
}

pub(super) async fn run(source: SourceArgs) -> Result<(), Failure> {
    let config = match configuration(&source) {
        Ok(config) => config,
        Err(Failure::Usage(problems)) => {
            let problem = |line: &str| Check::new("configuration", Err(line.to_owned()));
            return show(&problems.lines().map(problem).collect::<Vec<_>>());
        }
        Err(other) => return Err(other),
    };
    show(&checks(&config, &source).await)
}

async fn checks(config: &Config, source: &SourceArgs) -> Vec<Check> {
    let mut checks = settings::checks(config, source).await;
    let consistent = !checks.iter().any(Check::is_bad);
    let mut store = store::check(&config.store).await;
    if consistent && store.is_ok() {
        store = store::read(config, source).await.and(store);
    }
    checks.push(Check::new("store", store));
    let reach = match Reach::new(config) {
        Ok(reach) => reach,
        Err(problems) => {
            checks.extend(problems.into_iter().map(|problem| Check::new("egress", Err(problem))));
            return checks;
        }
    };
    let mut desks = sdp::checks(&reach).await;
    desks.extend(zendesk::checks(&reach).await);
    desks.extend(atera::checks(&reach).await);
    let reached = !desks.iter().any(Check::is_bad);
    checks.extend(desks);
    checks.extend(moveworks::checks(&reach).await);
    checks.extend(clock::check(&reach));
    if reached {
        checks.extend(people::checks(&reach).await);
        if consistent {
            checks.extend(look::checks(&reach, source).await);
        }
    }
    checks
}

fn show(checks: &[Check]) -> Result<(), Failure> {
    let colours = Term::stdout().is_term() && console::colors_enabled();
    let style = |style: Style| style.force_styling(colours);
    let (good, note, bad) =
        (style(Style::new().green()), style(Style::new().yellow()), style(Style::new().red().bold()));
    for Check { name, verdict } in checks {
        print(&match verdict {
            Verdict::Good(seen) => format!("{}   {name}: {seen}", good.apply_to("ok")),
            Verdict::Note(text) => format!("{} {name}: {text}", note.apply_to("note")),
            Verdict::Bad(advice) => format!("{} {name}: {advice}", bad.apply_to("FAIL")),
        })?;
    }
    if checks.iter().any(Check::is_bad) { Err(Failure::Silent) } else { Ok(()) }
}
