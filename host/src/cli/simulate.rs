//! `approval-bridge simulate`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Failure, print};
use crate::simulate::{Options, run, story};

/// What to simulate.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Decides everything: the same seed gives the same journal.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many days.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
    /// How many tickets people make in that time.
    #[arg(long, value_name = "N", default_value_t = 100)]
    tickets: u64,
    /// The time between two sweeps.
    #[arg(long, value_name = "N", default_value_t = 900, value_parser = clap::value_parser!(u64).range(60..=3600))]
    poll_seconds: u64,
    /// From the second day on so many sweepers share the work at most; how many there are changes from day to day.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    sweepers: u8,
    /// Let things go wrong: processes end, stores fail, vendors falter, clocks are set back.
    #[arg(long)]
    faults: bool,
    /// Write every host call into this file.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// Simulates, and tells what came of it. A broken promise is a failure.
pub(super) async fn simulate(args: SimulateArgs) -> Result<(), Failure> {
    let journal = match &args.journal {
        None => None,
        Some(path) => {
            let file = File::create(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
            Some(Box::new(BufWriter::new(file)) as Box<dyn Write + Send>)
        }
    };
    let SimulateArgs { seed, days, tickets, faults, .. } = args;
    let (poll, sweepers) = (Duration::from_secs(args.poll_seconds), usize::from(args.sweepers));
    let options = Options { seed, days, tickets, poll, sweepers, faults, journal };
    let outcome = run(options).await.map_err(|error| Failure::Failed(error.to_string()))?;
    print(&story(&outcome, console::colors_enabled()))?;
    if outcome.breaches.is_empty() { Ok(()) } else { Err(Failure::Silent) }
}
