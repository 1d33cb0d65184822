//! Joins `approvals:bridge` with the WIT packages it builds on, taken from the crates that ship them.
//!
//! Nothing of others is copied into this repository: the files come from the very versions that `Cargo.lock` names.

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

/// Writes the whole package, ours and `deps`, into `target`, which is emptied first.
pub fn gather(target: &Path) -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(own().join("Cargo.toml"))
        .exec()
        .context("cargo metadata; is this a whole checkout, with Cargo.lock?")?;
    if target.exists() {
        fs::remove_dir_all(target).with_context(|| format!("emptying {}", target.display()))?;
    }
    fs::create_dir_all(target.join("deps"))?;
    copy_wit(&own(), target)?;
    for shipped in SHIPPED.iter().chain(&NAMED) {
        copy_wit(
            &crate_folder(&metadata, shipped.in_crate)?.join(shipped.path),
            &target.join("deps").join(shipped.name),
        )?;
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

fn copy_wit(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let mut copied = 0;
    for item in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let path = item?.path();
        if path.extension().is_some_and(|ending| ending == "wit") {
            let name = path.file_name().context("a file has a name")?;
            fs::write(to.join(name), fs::read(&path)?)?;
            copied += 1;
        }
    }
    ensure!(copied > 0, "no .wit file in {}", from.display());
    Ok(())
}
