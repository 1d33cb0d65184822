//! Core modules → components. What a component imports is what its module really uses, so this is also where the
//! import list is decided; a test asserts it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::Artifact;
use wasmparser::BinaryReader;
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

use crate::setup::{self, TARGET};
use crate::{artifacts, metadata, root, target};

/// A component and the crate it is made of.
struct Part {
    package: &'static str,
    /// What cargo is told beyond the package and the profile.
    args: &'static [&'static str],
    file: &'static str,
    about: &'static str,
}

/// The pure part is made fast first: every approval goes through it, most often in programs that count instructions.
const FAST: &str = "profile.component.opt-level=3";

/// The shell is large and waits most of its time, so it is made small; all that it calls is made fast. Made fast as well
/// it would be half a megabyte larger, and no sweep would end sooner.
const FAST_BELOW: [&str; 4] = [
    "--config",
    "profile.component.package.'*'.opt-level=3",
    "--config",
    "profile.component.package.approval-logic.opt-level=3",
];

const PARTS: [Part; 2] = [
    Part {
        package: "approval-logic",
        args: &["--features", "component", "--config", FAST],
        file: "approval_logic",
        about: "What changed, what the card says, which bytes go to which vendor: pure, without imports",
    },
    Part {
        package: "approval-bridge-component",
        args: &FAST_BELOW,
        file: "approval_bridge",
        about: "Tells people in chat that a ticket waits for their approval, and carries their answer back",
    },
];

/// What the WIT package says about itself; `wkg.toml` says the same.
const WIT: &str = "Approvals of help desks: what changed, what the card says, which bytes go to which vendor";

/// A component that was built.
pub(crate) struct Built {
    /// Its name, without an ending.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What cargo compiled for it.
    pub(crate) made_of: Vec<Artifact>,
}

/// Builds both components into `target/components`, and beside them the whole WIT package: as files, and as the one that
/// registries keep. The package's own folder is made whole as well.
pub(crate) fn build() -> Result<Vec<Built>> {
    setup::target()?;
    let folder = target()?.join("components");
    fs::create_dir_all(&folder)?;
    let wit = folder.join("wit");
    approval_bridge_wit::gather(&wit)?;
    approval_bridge_wit::complete()?;
    keep(&folder.join("approvals_bridge_wit.wasm"), &package(&wit)?)?;
    let flags = flags()?;
    let mut all = Vec::new();
    for part in &PARTS {
        let (bytes, made_of) = module(part.package, part.args, &flags)?;
        let component = componentise(part.package, &bytes)?;
        let component = metadata::describe(&component, part.file, part.about, &made_of)?;
        let path = folder.join(part.file).with_extension("wasm");
        keep(&path, &component)?;
        all.push(Built { name: part.file, path, made_of });
    }
    Ok(all)
}

/// Writes a file that was built. It is left alone when nothing changed, so that what embeds it is not built again.
fn keep(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).ok().as_deref() != Some(bytes) {
        fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    println!("{:>9} bytes  {}", bytes.len(), path.display());
    Ok(())
}

/// The WIT package as a binary, which `wkg publish` takes and `wasm-tools component wit` reads.
fn package(wit: &Path) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let bytes = wit_component::encode(&resolve, package).context("writing down the WIT package")?;
    metadata::named(&bytes, "approvals:bridge", WIT)
}

/// Builds the module that only the benchmarks run, beside the components.
pub(crate) fn bench_guest() -> Result<()> {
    let (bytes, _) = module("approval-bridge-bench-guest", &["--config", FAST], &flags()?)?;
    Ok(fs::write(target()?.join("components/bench_guest.wasm"), bytes)?)
}

/// Compiles a crate to a core module. Says also what cargo compiled for that.
fn module(package: &str, more: &[&str], flags: &str) -> Result<(Vec<u8>, Vec<Artifact>)> {
    let mut args =
        vec!["rustc", "--quiet", "--package", package, "--lib", "--target", TARGET, "--profile", "component"];
    args.extend(more);
    args.extend(["--crate-type", "cdylib"]);
    let made_of = artifacts(&args, &[("CARGO_ENCODED_RUSTFLAGS", flags)])?;
    let path = target()?.join(TARGET).join("component").join(package.replace('-', "_")).with_extension("wasm");
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok((bytes, made_of))
}

/// What the compiler is told beyond the profile, as cargo takes it: parts with a separator between them.
fn flags() -> Result<String> {
    // The linker leaves room in every number that it fills in; this takes the room out again.
    let mut flags = vec!["-Clink-arg=--compress-relocations".to_owned()];
    flags.extend(remapped()?);
    Ok(flags.join(SEPARATOR))
}

/// What stands between two flags where cargo takes several.
pub(crate) const SEPARATOR: &str = "\u{1f}";

/// Places in panics name their file. Nothing of the machine that builds is to be seen there, and short names count: a later
/// flag goes before an earlier one.
pub(crate) fn remapped() -> Result<Vec<String>> {
    let mut flags = Vec::new();
    let mut remap = |from: &Path, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    remap(&root()?, "");
    remap(&target()?, "target");
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).context("finding cargo's home")?;
    remap(&home, "cargo");
    for registry in fs::read_dir(home.join("registry/src")).into_iter().flatten() {
        remap(&registry?.path(), "");
    }
    Ok(flags)
}

fn componentise(package: &str, module: &[u8]) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("making a component of {package}"))?;
    without_names(&component).context("leaving out names")
}

/// A component without the names of its inner parts: ten kilobytes that nothing but a debugger shows.
fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    let (header, sections) = component.split_at_checked(HEADER).context("a component begins with its header")?;
    let mut kept = header.to_vec();
    let mut reader = BinaryReader::new(sections, 0);
    while !reader.eof() {
        let begin = reader.current_position();
        let (id, size) = (reader.read_u8()?, reader.read_var_u32()?);
        let content = reader.read_bytes(usize::try_from(size)?)?;
        let named = id == CUSTOM && BinaryReader::new(content, 0).read_string()? == "component-name";
        if !named {
            kept.extend(sections.get(begin..reader.current_position()).unwrap_or_default());
        }
    }
    Ok(kept)
}

/// Magic number and version.
pub(crate) const HEADER: usize = 8;

/// The id of sections that change nothing about what is run.
const CUSTOM: u8 = 0;
