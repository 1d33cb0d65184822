//! Whoever gets a component as a file can ask it what it is and what it was made of.
//!
//! A wrong build gives a name of the toolchain's, no licence, the revision of something else, packages that are not in
//! it (and are then reported as its holes), or leaves some out.

use std::collections::BTreeSet;
use std::fs;

use auditable_serde::{DependencyKind, Package, Source};
use wasm_metadata::{Metadata, Payload};

use crate::{component, root};

const COMPONENTS: [(&str, &str); 2] =
    [("approval_logic.wasm", "approval-logic"), ("approval_bridge.wasm", "approval-bridge")];

fn metadata(file: &str) -> Metadata {
    let bytes = fs::read(component(file)).expect("a component");
    match Payload::from_binary(&bytes).expect("a component with metadata") {
        Payload::Component { metadata, .. } => metadata,
        Payload::Module(_) => panic!("{file} is a module"),
    }
}

fn packages(file: &str) -> Vec<Package> {
    metadata(file).dependencies.expect("what cargo auditable would add").version_info().packages.clone()
}

fn named<'a>(packages: &'a [Package], name: &str) -> Option<&'a Package> {
    packages.iter().find(|package| package.name == name)
}

#[test]
fn each_file_tells_its_name_version_and_licence() {
    for (file, name) in COMPONENTS.into_iter().chain([("approvals_bridge_wit.wasm", "approvals:bridge")]) {
        let said = metadata(file);
        let text = |part: Option<&dyn ToString>| part.map(ToString::to_string).unwrap_or_default();
        assert_eq!(said.name.as_deref(), Some(name));
        assert_eq!(text(said.version.as_ref().map(|part| part as _)), env!("CARGO_PKG_VERSION"));
        assert_eq!(text(said.licenses.as_ref().map(|part| part as _)), "Apache-2.0");
        assert!(!text(said.description.as_ref().map(|part| part as _)).is_empty());
    }
}

#[test]
fn the_revision_is_a_commit_and_the_same_for_both() {
    let [one, other] = COMPONENTS.map(|(file, _)| metadata(file).revision.map(|revision| revision.to_string()));
    assert_eq!(one, other);
    // None outside of a checkout, and while something is changed there.
    if let Some(revision) = one {
        assert!(revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()), "{revision}");
    }
}

/// Readers of native programs' lists know of no components: they stop at the first end, which is that of an inner module.
#[test]
fn the_packages_stand_before_everything_else() {
    for (file, _) in COMPONENTS {
        let bytes = fs::read(component(file)).expect("a component");
        let first = wasmparser::Parser::new(0).parse_all(&bytes).nth(1).expect("a section").expect("a component");
        assert!(matches!(first, wasmparser::Payload::CustomSection(section) if section.name() == ".dep-v0"), "{file}");
    }
}

#[test]
fn the_packages_are_those_of_the_lock_file() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).expect("the lock").parse().expect("TOML");
    let locked = lock["package"].as_array().expect("packages").iter();
    let locked: BTreeSet<(&str, &str)> = locked
        .map(|one| (one["name"].as_str().expect("a name"), one["version"].as_str().expect("a version")))
        .collect();
    for (file, _) in COMPONENTS {
        for package in packages(file) {
            let version = package.version.to_string();
            assert!(locked.contains(&(package.name.as_str(), version.as_str())), "{} {version}", package.name);
        }
    }
}

#[test]
fn what_runs_in_a_component_is_told_from_what_only_built_it() {
    let packages = packages("approval_bridge.wasm");
    let kind = |name: &str| named(&packages, name).map(|package| package.kind);
    for inside in ["approval-bridge-component", "approval-logic", "axum", "serde_json", "spin-sdk", "itoa"] {
        assert_eq!(kind(inside), Some(DependencyKind::Runtime), "{inside}");
    }
    for beside in ["approval-bridge-wit", "cargo_metadata", "syn", "serde_derive"] {
        assert_eq!(kind(beside), Some(DependencyKind::Build), "{beside}");
    }
    // The workspace's other programs are not in it, and not what they alone bring.
    for elsewhere in ["approval-bridge", "wasmtime", "rusqlite", "redis", "hyper", "clap", "reqwest"] {
        assert_eq!(kind(elsewhere), None, "{elsewhere}");
    }
}

#[test]
fn the_tree_begins_at_the_component_and_reaches_every_package() {
    for (file, root) in
        [("approval_logic.wasm", "approval-logic"), ("approval_bridge.wasm", "approval-bridge-component")]
    {
        let packages = packages(file);
        let roots: Vec<&str> = packages.iter().filter(|one| one.root).map(|one| one.name.as_str()).collect();
        assert_eq!(roots, [root]);
        assert!(packages.is_sorted_by_key(|one| (one.name.clone(), one.version.clone())));
        assert!(packages.iter().all(|one| (one.source == Source::Local) == one.name.starts_with("approval-")));
        let mut reached = BTreeSet::new();
        let mut next: Vec<usize> = packages.iter().position(|one| one.root).into_iter().collect();
        while let Some(at) = next.pop() {
            if reached.insert(at) {
                next.extend(&packages[at].dependencies);
            }
        }
        let lost = packages.iter().enumerate().filter(|(at, _)| !reached.contains(at));
        assert_eq!(lost.map(|(_, one)| one.name.as_str()).collect::<Vec<_>>(), Vec::<&str>::new(), "{file}");
    }
}
