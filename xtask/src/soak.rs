//! `cargo xtask soak`: simulations with faults, seed after seed, until the time is over or a promise is broken.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{cargo, root, target};

/// Lives of different shapes, by turns: days, tickets, seconds between sweeps, sweepers at most.
const SHAPES: [(u64, u64, u64, u64); 5] =
    [(4, 30, 900, 1), (10, 40, 1800, 1), (2, 60, 300, 1), (6, 40, 900, 5), (30, 120, 3600, 1)];

/// Runs simulations for so many minutes, from this seed on.
pub(crate) fn run(minutes: u64, seed: u64) -> Result<()> {
    cargo(&["build", "--release", "--package", "approval-bridge"])?;
    let program = target()?.join("release").join(format!("approval-bridge{}", std::env::consts::EXE_SUFFIX));
    let (begun, time) = (Instant::now(), Duration::from_secs(minutes * 60));
    let mut lives = 0;
    for (seed, (days, tickets, poll, sweepers)) in (seed..).zip(SHAPES.into_iter().cycle()) {
        if begun.elapsed() >= time {
            break;
        }
        let length = format!("--seed {seed} --days {days} --tickets {tickets} --poll-seconds {poll}");
        let options = format!("{length} --sweepers {sweepers} --faults");
        let mut command = Command::new(&program);
        command.arg("simulate").args(options.split(' ')).current_dir(root()?);
        let output = command.output().with_context(|| format!("starting {}", program.display()))?;
        if !output.status.success() {
            eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            bail!("seed {seed} fails; again with: cargo run --release -p approval-bridge -- simulate {options}");
        }
        lives += 1;
        println!(
            "seed {seed}: {days} days, {tickets} tickets, a sweep every {poll} s, {sweepers} sweepers at most: every promise held"
        );
    }
    println!("{lives} lives in {} minutes, and no promise was broken", begun.elapsed().as_secs() / 60);
    Ok(())
}
