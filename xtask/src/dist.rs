//! Everything that is released, in `target/dist`, with checksums: `sha256sum -c SHA256SUMS` in that folder checks it.
//!
//! Nothing here depends on the time or on the machine's paths, so the same commit gives the same sums; for the program
//! itself that holds with the same compiler and C toolchain.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Artifact;
use sha2::{Digest, Sha256};

use crate::component::{self, SEPARATOR};
use crate::sbom::{self, Kind};
use crate::{artifacts, root, target};

/// What is released of the tree as it is.
const FILES: [&str; 5] = ["CHANGELOG.md", "LICENSE", "README.md", "approval-bridge.example.toml", "spin.toml"];
const FOLDERS: [&str; 2] = ["moveworks", "ops"];

/// The shells with completions, and the names under which they look for them.
const SHELLS: [(&str, &str); 4] = [
    ("bash", "approval-bridge.bash"),
    ("zsh", "_approval-bridge"),
    ("fish", "approval-bridge.fish"),
    ("powershell", "_approval-bridge.ps1"),
];

const SUMS: &str = "SHA256SUMS";

pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let log = fs::read_to_string(root.join("CHANGELOG.md")).context("reading CHANGELOG.md")?;
    ensure_released(&log, env!("CARGO_PKG_VERSION"))?;
    let components = component::build()?;
    let (program, made_of) = program()?;

    let folder = target()?.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    let bills = folder.join("sbom");
    fs::create_dir_all(&bills)?;
    for built in &components {
        copy(&built.path, &folder)?;
        let bill = sbom::bill(Kind::Library, &built.made_of)?;
        fs::write(bills.join(format!("{}.cdx.json", built.name)), bill)?;
    }
    copy(&program, &folder)?;
    fs::write(bills.join("approval-bridge.cdx.json"), sbom::bill(Kind::Application, &made_of)?)?;

    let built = target()?.join("components");
    copy(&built.join("approvals_bridge_wit.wasm"), &folder)?;
    copy_folder(&built.join("wit"), &folder.join("wit"))?;
    for file in FILES {
        copy(&root.join(file), &folder)?;
    }
    for name in FOLDERS {
        copy_folder(&root.join(name), &folder.join(name))?;
    }
    manual(&program, &folder)?;
    let sums = sums(&folder)?;
    fs::write(folder.join(SUMS), &sums)?;
    println!("{} files in {}", sums.lines().count(), folder.display());
    Ok(())
}

/// A version that nobody has described is not released.
fn ensure_released(log: &str, version: &str) -> Result<()> {
    let entry = format!("## [{version}] - ");
    let date = log.lines().find_map(|line| line.strip_prefix(&entry));
    let Some(date) = date else { bail!("CHANGELOG.md has no entry {entry}YYYY-MM-DD: describe the version first") };
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = date.trim().split('-').collect();
    let dated = matches!(parts.as_slice(), [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2));
    ensure!(dated, "CHANGELOG.md: expected a date behind {entry}");
    Ok(())
}

/// Builds the program for this machine; where it is, and what it is made of.
fn program() -> Result<(PathBuf, Vec<Artifact>)> {
    let args = ["build", "--release", "--package", "approval-bridge", "--bin", "approval-bridge"];
    let flags = component::remapped()?.join(SEPARATOR);
    let made_of = artifacts(&args, &[("CARGO_ENCODED_RUSTFLAGS", &flags)])?;
    let program = made_of.iter().rev().find_map(|artifact| artifact.executable.clone());
    Ok((program.context("cargo built no program")?.into_std_path_buf(), made_of))
}

/// Manual pages and completions, as the program itself writes them.
fn manual(program: &Path, folder: &Path) -> Result<()> {
    let said = |args: &[&str]| -> Result<Vec<u8>> {
        let output = Command::new(program).args(args).output().with_context(|| format!("running {args:?}"))?;
        ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    };
    let pages = folder.join("man");
    said(&["man", &pages.display().to_string()])?;
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    for (shell, name) in SHELLS {
        fs::write(completions.join(name), said(&["completions", shell])?)?;
    }
    Ok(())
}

/// Copies a file into a folder, under its own name.
fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file has a name")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("copying {}", file.display()))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            copy_folder(&path, &to.join(path.file_name().context("a folder has a name")?))?;
        } else {
            copy(&path, to)?;
        }
    }
    Ok(())
}

/// A line for each file below the folder, as `sha256sum` writes and reads them, sorted by path.
fn sums(folder: &Path) -> Result<String> {
    let mut files = BTreeMap::new();
    add_sums(folder, "", &mut files)?;
    Ok(files.iter().map(|(path, sum)| format!("{sum}  {path}\n")).collect())
}

fn add_sums(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            add_sums(&entry.path(), &format!("{path}/"), files)?;
        } else if path != SUMS {
            let sum = Sha256::digest(fs::read(entry.path())?);
            files.insert(path, sum.iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use std::fs;

    use super::{ensure_released, root};

    #[test]
    fn the_workspace_version_is_described() {
        let log = fs::read_to_string(root().unwrap().join("CHANGELOG.md")).unwrap();
        ensure_released(&log, env!("CARGO_PKG_VERSION")).unwrap();
    }

    #[test]
    fn a_version_without_an_entry_or_a_date_is_refused() {
        let log = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-31\n\n## [1.1.0] - soon\n";
        assert!(ensure_released(log, "1.2.0").is_ok());
        for version in ["1.3.0", "1.2", "1.1.0", "Unreleased", ""] {
            assert!(ensure_released(log, version).is_err(), "{version}");
        }
    }
}
