//! Log lines, on standard error.

use clap::ValueEnum;
use console::Term;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What is logged where RUST_LOG says nothing.
const DEFAULT: &str = "warn,approval_bridge=info";

/// Starts logging for this process. `quiet` is for commands that say themselves what went wrong.
pub(super) fn start(format: Format, quiet: bool) {
    let default = if quiet { "off" } else { DEFAULT };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, in a process that logs already, changes nothing.
    let _ = match format {
        Format::Text => lines.with_target(false).with_ansi(Term::stderr().is_term()).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}
