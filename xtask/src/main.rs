//! The project's own commands: `cargo xtask setup | build | demo | test | pack | soak | bench | dist`.

mod component;
mod dist;
mod languages;
mod metadata;
mod sbom;
mod setup;
mod soak;

use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, Message};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, test and show approval-bridge")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Get what building needs: the WebAssembly target; and for the tests, where that is possible, a Redis server, a
    /// Chromium and the packages of the examples in Node and Python
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
    /// Run the benchmarks: tables on the screen, JSON in target/bench.json
    Bench {
        /// Write the tables into the README as well
        #[arg(long)]
        publish: bool,
    },
    /// Put everything that is released into target/dist, with checksums and bills of materials
    Dist,
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
            tools_of_tests()?;
            setup::target()
        }
        Task::Build => component::build().map(drop),
        Task::Demo { keep } => {
            component::build()?;
            let mut args = vec!["run", "--quiet", "--package", "approval-bridge", "--", "demo"];
            if keep {
                args.push("--keep");
            }
            cargo(&args)
        }
        Task::Test { args } => {
            tools_of_tests()?;
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
        Task::Bench { publish } => {
            component::build()?;
            component::bench_guest()?;
            let mut args = vec!["bench", "--package", "approval-bridge-tests", "--bench", "figures"];
            if publish {
                args.extend(["--", "--publish"]);
            }
            cargo(&args)
        }
        Task::Dist => dist::run(),
    }
}

/// Gets what tests use beyond Rust. All of it is optional: a test without its tool says that it was skipped.
fn tools_of_tests() -> Result<()> {
    setup::redis();
    setup::chromium();
    setup::curl();
    languages::node()?;
    languages::python()?;
    languages::document()
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
    succeeded(args, command(args)?.status().context("starting cargo")?)
}

/// The same, with additions to its environment. What cargo compiled for it, or had compiled before, comes back.
fn artifacts(args: &[&str], environment: &[(&str, &str)]) -> Result<Vec<Artifact>> {
    let mut command = command(args)?;
    command.args(["--message-format", "json-render-diagnostics"]).envs(environment.iter().copied());
    let output = command.stderr(Stdio::inherit()).output().context("starting cargo")?;
    succeeded(args, output.status)?;
    let mut artifacts = Vec::new();
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message.context("reading what cargo says")? {
            artifacts.push(artifact);
        }
    }
    Ok(artifacts)
}

fn command(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root()?);
    Ok(command)
}

fn succeeded(args: &[&str], status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("`cargo {}` failed", args.join(" ")) }
}
