//! What a component says about itself: its name, version, licence and revision (`wasm-tools metadata show`), and the
//! packages that it was made of, in the form of `cargo auditable`, so that `cargo audit bin` can judge the file alone.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};
use auditable_serde::{DependencyKind, Package, Source, VersionInfo};
use cargo_metadata::{Artifact, MetadataCommand, PackageId};
use wasm_encoder::ComponentSection;
use wasm_metadata::{AddMetadata, AddMetadataField, Dependencies, Description, Licenses, Revision, Version};

use crate::component::HEADER;
use crate::root;
use crate::setup::TARGET;

/// The precision of the list that cargo-auditable calls 8: it says what was compiled, and no more.
const FORMAT: u32 = 8;

/// All that components are made of, below the workspace's root.
const SOURCES: [&str; 6] = [".cargo", "Cargo.lock", "Cargo.toml", "component", "wit", "xtask"];

/// The component with its metadata. `made_of` is what cargo compiled for it.
pub(crate) fn describe(component: &[u8], name: &str, about: &'static str, made_of: &[Artifact]) -> Result<Vec<u8>> {
    let described = named(component, &name.replace('_', "-"), about)?;
    let (header, sections) = described.split_at_checked(HEADER).context("a component begins with its header")?;
    let mut whole = header.to_vec();
    // In front of all that is nested: what reads it for `cargo audit` stops at the first end, which is a module's.
    Dependencies::new(packages(made_of)?)?.append_to_component(&mut whole);
    whole.extend(sections);
    Ok(whole)
}

/// The same bytes with name, version, description, licence and revision.
pub(crate) fn named(bytes: &[u8], name: &str, about: &'static str) -> Result<Vec<u8>> {
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(name.to_owned());
    metadata.version = AddMetadataField::Set(Version::new(env!("CARGO_PKG_VERSION")));
    metadata.description = AddMetadataField::Set(Description::new(about));
    metadata.licenses = AddMetadataField::Set(Licenses::new(env!("CARGO_PKG_LICENSE"))?);
    if let Some(revision) = revision()? {
        metadata.revision = AddMetadataField::Set(Revision::new(revision));
    }
    metadata.to_wasm(bytes).context("adding metadata")
}

/// The commit that last changed what components are made of: a later one that only touches tests or pages leaves their
/// bytes alone. None outside of a git checkout, and where those files have changed since.
fn revision() -> Result<Option<String>> {
    let git = |args: &[&str]| -> Result<Option<String>> {
        let output = Command::new("git").args(args).arg("--").args(SOURCES).current_dir(root()?).output();
        let said = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
        Ok(said.and_then(|said| String::from_utf8(said).ok()).map(|said| said.trim().to_owned()))
    };
    let unchanged = git(&["status", "--porcelain"])?.is_some_and(|changes| changes.is_empty());
    let commit = if unchanged { git(&["log", "-1", "--format=%H"])? } else { None };
    Ok(commit.filter(|commit| !commit.is_empty()))
}

/// The packages behind the artifacts, sorted by name and version, so that the same sources give the same bytes.
fn packages(made_of: &[Artifact]) -> Result<VersionInfo> {
    let root = &made_of.last().context("cargo compiled nothing")?.package_id;
    let inside: BTreeSet<&PackageId> =
        made_of.iter().filter(|artifact| is_for_guest(artifact)).map(|artifact| &artifact.package_id).collect();
    let all: BTreeSet<&PackageId> = made_of.iter().map(|artifact| &artifact.package_id).collect();

    let options = ["--filter-platform", TARGET].map(str::to_owned).to_vec();
    let metadata = MetadataCommand::new().other_options(options).current_dir(crate::root()?).exec()?;
    let mut known: Vec<_> = metadata.packages.iter().filter(|package| all.contains(&package.id)).collect();
    known.sort_by(|a, b| (&a.name, &a.version, &a.id).cmp(&(&b.name, &b.version, &b.id)));
    let places: BTreeMap<&PackageId, usize> = known.iter().enumerate().map(|(at, package)| (&package.id, at)).collect();
    let nodes = metadata.resolve.as_ref().map(|resolve| resolve.nodes.as_slice()).unwrap_or_default();
    let needs: BTreeMap<&PackageId, &[PackageId]> =
        nodes.iter().map(|node| (&node.id, node.dependencies.as_slice())).collect();

    let packages = known.iter().map(|package| {
        let needed = needs.get(&package.id).copied().unwrap_or_default();
        let mut dependencies: Vec<usize> = needed.iter().filter_map(|id| places.get(id).copied()).collect();
        dependencies.sort_unstable();
        Package {
            name: package.name.to_string(),
            version: package.version.clone(),
            source: source(package.source.as_ref().map(|source| source.repr.as_str())),
            kind: if inside.contains(&package.id) { DependencyKind::Runtime } else { DependencyKind::Build },
            dependencies,
            root: package.id == *root,
        }
    });
    Ok(VersionInfo { packages: packages.collect(), format: FORMAT })
}

/// Whether it was compiled for the component, and not for the machine that builds.
fn is_for_guest(artifact: &Artifact) -> bool {
    artifact.filenames.iter().any(|file| file.components().any(|part| part.as_str() == TARGET))
}

fn source(from: Option<&str>) -> Source {
    match from {
        None => Source::Local,
        Some("registry+https://github.com/rust-lang/crates.io-index") => Source::CratesIo,
        Some(from) if from.starts_with("git+") => Source::Git,
        Some(_) => Source::Registry,
    }
}
