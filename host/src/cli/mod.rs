//! The command `approval-bridge`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use console::Term;
use indicatif::ProgressBar;
use tokio::net::TcpListener;
use tracing::Instrument;

use crate::bridge::Bridge;
use crate::call::CallError;
use crate::config::{Config, ConfigError};
use crate::{report, schedule, serve};

mod audit;
mod doctor;
mod init;
mod log;
mod manual;
mod pack;
mod preview;
mod simulate;
mod stop;

/// What a newcomer does.
const START: &str = "\
Without any account:  approval-bridge demo
In earnest:           approval-bridge init
                      approval-bridge doctor --config approval-bridge.toml
                      approval-bridge serve --config approval-bridge.toml

Each variable of the configuration file can come from the environment, as APPROVAL_BRIDGE_NAME. Secrets belong there.";

/// Tells people in chat that a ticket waits for their approval, and carries their answer back.
#[derive(Debug, Parser)]
#[command(name = "approval-bridge", version, max_term_width = 100, after_help = START)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines are written to standard error: text for people, json for programs; RUST_LOG chooses which lines.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    log_format: log::Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask what has to be known and write a configuration file.
    ///
    /// One question a line, also from a pipe. A question whose answer is given as an option is not asked. Secrets are not
    /// asked at all: the file says under which names they go into the environment.
    Init(init::InitArgs),
    /// Check settings, store and every upstream; one line each with what to do.
    ///
    /// ok: it is in place. note: it cannot be seen from here, and how to look. FAIL: it is wrong, and what to do; then the
    /// exit code is 1. Help desks are only read, nobody gets a message, and nothing is left in the store.
    Doctor {
        #[command(flatten)]
        source: SourceArgs,
    },
    /// Serve the bridge over HTTP and sweep every poll_seconds.
    ///
    /// On SIGTERM it finishes the requests that run, and ends.
    Serve {
        #[command(flatten)]
        source: SourceArgs,
        /// Where to listen.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
        listen: SocketAddr,
    },
    /// One sweep; the report as JSON on standard output.
    Poll {
        #[command(flatten)]
        source: SourceArgs,
        /// Read and compare only: nothing is written or sent.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show the card for an approval, as chat would.
    Preview(preview::PreviewArgs),
    /// The audit trail: who decided what, when, through which door, with what result.
    Audit {
        #[command(subcommand)]
        task: audit::Task,
    },
    /// Run the whole story against stand-ins for the vendors: sweeps, cards, decisions, a reminder.
    Demo {
        /// Go on serving afterwards.
        #[arg(long)]
        keep: bool,
    },
    /// Stand-ins for the vendors, as a server.
    Stubs {
        /// Where to listen.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3001")]
        listen: SocketAddr,
        /// Wait this long before every answer.
        #[arg(long, value_name = "N", default_value_t = 0)]
        latency_ms: u64,
        /// Drives names, texts and jitter.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
    },
    /// Simulate days of the bridge's life, decided by a seed, and check every promise it makes.
    Simulate(simulate::SimulateArgs),
    /// Write completions of the command line for a shell to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each command.
    Man {
        /// The folder they go into; made where it is missing.
        folder: PathBuf,
    },
    /// Write the import pack for Moveworks.
    #[command(hide = true)]
    Pack {
        /// Where to.
        #[arg(long, default_value = crate::pack::FOLDER)]
        folder: PathBuf,
        /// Write nothing; fail where something is out of date.
        #[arg(long)]
        check: bool,
    },
}

/// What a bridge is made of.
#[derive(Debug, Args)]
struct SourceArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A component to run in place of the one built in.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

/// Why a command ends without success.
#[derive(Debug)]
enum Failure {
    /// Wrong usage or configuration: exit code 2.
    Usage(String),
    /// It did not work: exit code 1.
    Failed(String),
    /// The same, and everything has been said already.
    Silent,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Configuration(problems) => Self::Usage(problems.join("\n")),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let quiet = matches!(cli.command, Command::Doctor { .. } | Command::Simulate(_));
    log::start(cli.log_format, quiet);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return end(Failure::Failed(error.to_string())),
    };
    let outcome = runtime.block_on(run(cli.command));
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(failure),
    }
}

fn end(failure: Failure) -> ExitCode {
    match failure {
        Failure::Usage(text) => {
            say(&text);
            ExitCode::from(2)
        }
        Failure::Failed(text) => {
            say(&text);
            ExitCode::FAILURE
        }
        Failure::Silent => ExitCode::FAILURE,
    }
}

/// To a person, on standard error. When that is closed there is nobody to tell.
fn say(text: &str) {
    for line in text.lines() {
        let _ = Term::stderr().write_line(&format!("approval-bridge: {line}"));
    }
}

/// To a program, on standard output.
fn print(text: &str) -> Result<(), Failure> {
    Term::stdout().write_line(text.trim_end_matches('\n')).map_err(|error| Failure::Failed(error.to_string()))
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Serve { source, listen } => serve_bridge(source, listen).await,
        Command::Poll { source, dry_run } => poll(source, dry_run).await,
        Command::Doctor { source } => doctor::run(source).await,
        Command::Audit { task } => audit::run(task).await,
        Command::Stubs { listen, latency_ms, seed } => stubs(listen, Duration::from_millis(latency_ms), seed).await,
        Command::Demo { keep } => demo(keep).await,
        Command::Simulate(args) => simulate::simulate(args).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { folder } => manual::pages(&folder),
        Command::Pack { folder, check } => pack::run(&folder, check),
        Command::Preview(args) => preview::run(&args),
    }
}

/// Reads the configuration and says what is odd about it.
fn configuration(source: &SourceArgs) -> Result<Config, Failure> {
    let config = Config::load(&source.config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// Builds the bridge of a configuration. A spinner turns meanwhile when a person watches.
async fn build(config: &Config, component: Option<PathBuf>) -> Result<Bridge, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let store = config.store.open().await.map_err(|error| failed(&error))?;
    let mut builder = Bridge::builder()
        .variables(config.variables.clone())
        .key_value(store)
        .egress(config.egress.clone())
        .limits(config.limits.clone());
    if let Some(file) = component {
        builder = builder.component_file(file);
    }
    let spinner = spinner("compiling the component");
    let built = tokio::task::spawn_blocking(move || builder.build()).await.map_err(|error| failed(&error))?;
    spinner.finish_and_clear();
    built.map_err(|error| match error {
        crate::builder::BuildError::Settings(problems) => Failure::Usage(problems.join("\n")),
        other => Failure::Failed(other.to_string()),
    })
}

fn spinner(text: &'static str) -> ProgressBar {
    if !Term::stderr().is_term() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(text);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = async {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    };
    bound.await.map_err(|error| Failure::Failed(format!("cannot listen on {listen}: {error}")))
}

/// How long the door waits for the first sweep.
const FIRST_SWEEP: std::time::Duration = std::time::Duration::from_secs(2);

async fn serve_bridge(source: SourceArgs, listen: SocketAddr) -> Result<(), Failure> {
    let config = configuration(&source)?;
    let stop = stop::requested()?;
    let (listener, address) = bind(listen).await?;
    let bridge = build(&config, source.component).await?;
    let (first, first_sweep) = tokio::sync::oneshot::channel();
    let sweeps = tokio::spawn(schedule::run(bridge.clone(), config.poll, first));
    // A first sweep that is quick is part of the start: whoever calls right after it finds a bridge that has looked
    // round once. A long one goes on behind the open door.
    let _ = tokio::time::timeout(FIRST_SWEEP, first_sweep).await;
    print(&format!("listening on http://{address}"))?;
    let body_limit = config.limits.request_body_bytes;
    let options = serve::ServeOptions::default();
    let served = serve::serve(listener, serve::handler(bridge.clone()), body_limit, options, stop).await;
    // A sweep that is under way remembers its place in the store, so ending it loses nothing.
    sweeps.abort();
    let _ = sweeps.await;
    bridge.key_value().close().await;
    tracing::info!("stopped");
    served.map_err(|error| Failure::Failed(error.to_string()))
}

async fn poll(source: SourceArgs, dry_run: bool) -> Result<(), Failure> {
    let config = configuration(&source)?;
    let bridge = build(&config, source.component).await?;
    let spinner = spinner("sweeping");
    let watched = Term::stderr().is_term();
    let sweep = async {
        let outcome = bridge.poll(dry_run).await;
        // A person gets a table instead.
        if let (Ok(report), false) = (&outcome, watched) {
            crate::log::report(report);
        }
        outcome
    };
    let outcome = sweep.instrument(crate::log::sweep(bridge.clock().now_ms()).span).await;
    spinner.finish_and_clear();
    bridge.key_value().close().await;
    let report = outcome?;
    if watched {
        let table = report::table(&report, console::colors_enabled_stderr());
        // The table is a courtesy.
        let _ = Term::stderr().write_str(&table);
    }
    let json = serde_json::to_string_pretty(&report::to_json(&report));
    print(&json.map_err(|error| Failure::Failed(error.to_string()))?)
}

async fn stubs(listen: SocketAddr, latency: Duration, seed: u64) -> Result<(), Failure> {
    let stop = stop::requested()?;
    let stubs = crate::stubs::Stubs::demo(seed);
    stubs.with(|world| world.set_latency(latency));
    let (listener, address) = bind(listen).await?;
    print(&format!("listening on http://{address}"))?;
    stubs.serve(listener, stop).await.map_err(|error| Failure::Failed(error.to_string()))
}

async fn demo(keep: bool) -> Result<(), Failure> {
    // Without `--keep` a signal ends the process as always; there is nothing to be left in order.
    let stop = if keep { Some(stop::requested()?) } else { None };
    crate::demo::run(stop).await.map_err(|error| Failure::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_settings_are_wrong_usage() {
        let failure = Failure::from(CallError::Configuration(vec!["a".to_owned(), "b".to_owned()]));
        assert!(matches!(failure, Failure::Usage(text) if text == "a\nb"));
        assert!(matches!(Failure::from(CallError::Busy), Failure::Failed(_)));
    }
}
