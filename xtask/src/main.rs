//! The project's own commands: `cargo xtask setup | build | demo | test | pack | soak | bench`.

mod component;
mod setup;
mod soak;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, test and show approval-bridge")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Get what building needs: the WebAssembly target; and a Redis server for the tests, where that is possible
    Setup,
    /// Build both components into target/components
    Build,
    /// Build everything, start the stubs and run the whole story with the real component
    Demo {
        /// Keep serving afterwards
        #[arg(long)]
        keep: bool,
    },
    /// Build the components and run every test
    Test {
        /// Passed on to `cargo test`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Write the import pack for Moveworks into moveworks/
    Pack {
        /// Write nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Simulate life after life with everything going wrong, until the time is over or a promise is broken
    Soak {
        /// For how long
        #[arg(long, default_value_t = 60)]
        minutes: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run the benchmarks: a table on the screen, JSON in target/bench.json
    Bench,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Setup => {
            setup::redis();
            setup::target()
        }
        Task::Build => component::build(),
        Task::Demo { keep } => {
            component::build()?;
            let mut args = vec!["run", "--quiet", "--package", "approval-bridge", "--", "demo"];
            if keep {
                args.push("--keep");
            }
            cargo(&args)
        }
        Task::Test { args } => {
            setup::redis();
            component::build()?;
            let mut all = vec!["test", "--workspace"];
            all.extend(args.iter().map(String::as_str));
            cargo(&all)
        }
        Task::Pack { check } => {
            let mut args = vec!["run", "--quiet", "--package", "approval-bridge", "--", "pack"];
            if check {
                args.push("--check");
            }
            cargo(&args)
        }
        Task::Soak { minutes, seed } => {
            component::build()?;
            soak::run(minutes, seed)
        }
        Task::Bench => {
            component::build()?;
            component::bench_guest()?;
            cargo(&["bench", "--package", "approval-bridge-tests"])
        }
    }
}

/// The workspace's root.
fn root() -> Result<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(own.parent().context("xtask lies in the workspace")?.to_path_buf())
}

/// The folder that cargo builds into.
fn target() -> Result<PathBuf> {
    Ok(match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => root()?.join("target"),
    })
}

/// Runs cargo in the workspace's root.
fn cargo(args: &[&str]) -> Result<()> {
    cargo_with(args, &[])
}

/// The same, with additions to its environment.
fn cargo_with(args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).envs(environment.iter().copied()).current_dir(root()?);
    let status = command.status().context("starting cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed", args.join(" "));
    }
    Ok(())
}
