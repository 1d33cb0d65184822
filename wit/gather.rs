//! Joins `approvals:bridge` with the WIT packages it builds on, taken from the crates that ship them.
//!
//! Nothing of others is copied into this repository: the files come from the very versions that `Cargo.lock` names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

/// A WIT package and where its crate keeps it.
struct Shipped {
    /// The name it gets in `deps`.
    name: &'static str,
    /// The crate.
    in_crate: &'static str,
    /// The file or folder, below the crate's root.
    path: &'static str,
}

const SHIPPED: [Shipped; 5] = [
    Shipped { name: "wasi-http", in_crate: "spin-sdk", path: "wit/deps/http@0.3.0" },
    Shipped { name: "wasi-clocks", in_crate: "spin-sdk", path: "wit/deps/clocks@0.3.0" },
    Shipped { name: "wasi-cli", in_crate: "spin-sdk", path: "wit/deps/cli@0.3.0" },
    Shipped { name: "spin-key-value", in_crate: "spin-sdk", path: "wit/deps/spin-key-value@3.0.0" },
    Shipped { name: "spin-variables", in_crate: "spin-sdk", path: "wit/deps/spin-variables@3.0.0" },
];

/// What `wasi:cli` and `wasi:http` worlds name besides; needed to resolve them, never imported by our worlds.
const NAMED: [Shipped; 3] = [
    Shipped { name: "wasi-random", in_crate: "spin-sdk", path: "wit/deps/random@0.3.0" },
    Shipped { name: "wasi-filesystem", in_crate: "spin-sdk", path: "wit/deps/filesystem@0.3.0" },
    Shipped { name: "wasi-sockets", in_crate: "spin-sdk", path: "wit/deps/sockets@0.3.0" },
];

/// Where our own `.wit` files are.
pub fn own() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Writes the whole package, ours and `deps`, into `target`, and nothing else remains there. Files that are right are left
/// alone, so that what is made from them is not made again.
pub fn gather(target: &Path) -> Result<()> {
    let mut files = shipped(&target.join("deps"))?;
    read_wit(&own(), target, &mut files)?;
    write(target, &files)
}

/// Puts what the package builds on beside it, into `deps` of its own folder, which git ignores: `wasm-tools` and `wkg`
/// then take the folder as it lies.
pub fn complete() -> Result<()> {
    let deps = own().join("deps");
    write(&deps, &shipped(&deps)?)
}

/// The files of all that the package builds on, by the path that they get in `deps`.
fn shipped(deps: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let metadata = MetadataCommand::new()
        .manifest_path(own().join("Cargo.toml"))
        .exec()
        .context("cargo metadata; is this a whole checkout, with Cargo.lock?")?;
    let mut files = BTreeMap::new();
    for shipped in SHIPPED.iter().chain(&NAMED) {
        let from = crate_folder(&metadata, shipped.in_crate)?.join(shipped.path);
        read_wit(&from, &deps.join(shipped.name), &mut files)?;
    }
    Ok(files)
}

/// Writes the files, which are all that remains in the folder.
fn write(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    remove_others(folder, files)?;
    for (path, text) in files {
        if fs::read(path).ok().as_ref() != Some(text) {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

/// Removes what does not belong to the package, such as a dependency that is gone.
fn remove_others(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for item in fs::read_dir(folder).into_iter().flatten() {
        let path = item?.path();
        if path.is_dir() {
            remove_others(&path, files)?;
        } else if !files.contains_key(&path) {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

fn crate_folder(metadata: &Metadata, name: &str) -> Result<PathBuf> {
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == name)
        .with_context(|| format!("{name} is not among the dependencies"))?;
    let manifest = package.manifest_path.as_std_path();
    Ok(manifest.parent().context("a manifest lies in a folder")?.to_path_buf())
}

/// Reads the `.wit` files of a folder, by the path that they get in `to`.
fn read_wit(from: &Path, to: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let before = files.len();
    for item in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let path = item?.path();
        if path.extension().is_some_and(|ending| ending == "wit") {
            let name = path.file_name().context("a file has a name")?;
            files.insert(to.join(name), fs::read(&path)?);
        }
    }
    ensure!(files.len() > before, "no .wit file in {}", from.display());
    Ok(())
}
