//! A bill of materials: every package that something was compiled from (CycloneDX 1.5, JSON). Neither a time nor a serial
//! number is in it, which that form leaves open, so the same sources give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{Artifact, DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId, TargetKind};
use serde_json::{Value, json};

use crate::root;

/// What the bill is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Something that is run.
    Application,
    /// Something that others run.
    Library,
}

/// The bill of what cargo compiled; the last artifact is the thing itself.
pub(crate) fn bill(kind: Kind, made_of: &[Artifact]) -> Result<String> {
    let own = &made_of.last().context("cargo compiled nothing")?.package_id;
    let compiled = made_of.iter().map(|artifact| artifact.package_id.clone()).collect();
    let metadata = MetadataCommand::new().current_dir(root()?).exec()?;
    let lock = fs::read_to_string(root()?.join("Cargo.lock")).context("reading Cargo.lock")?;
    let bill = written(kind, own, &compiled, &metadata, &checksums(&lock)?)?;
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

/// The checksums of packages by name and version, as the registry has them.
type Checksums = BTreeMap<(String, String), String>;

fn checksums(lock: &str) -> Result<Checksums> {
    let lock: toml::Table = lock.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock lists packages")?;
    let text = |package: &toml::Value, key| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let checksum = |package| Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?));
    Ok(packages.iter().filter_map(checksum).collect())
}

fn written(
    kind: Kind,
    own: &PackageId,
    compiled: &BTreeSet<PackageId>,
    metadata: &Metadata,
    checksums: &Checksums,
) -> Result<Value> {
    let mut packages: Vec<&Package> =
        metadata.packages.iter().filter(|package| compiled.contains(&package.id)).collect();
    packages.sort_by(|a, b| (&a.name, &a.version, &a.id).cmp(&(&b.name, &b.version, &b.id)));
    let nodes = metadata.resolve.as_ref().map(|resolve| resolve.nodes.as_slice()).unwrap_or_default();
    let nodes: BTreeMap<&PackageId, &Node> = nodes.iter().map(|node| (&node.id, node)).collect();
    let refs: BTreeMap<&PackageId, String> = packages.iter().map(|package| (&package.id, reference(package))).collect();
    let inside = inside(own, &nodes, &packages);

    let itself = packages.iter().find(|package| package.id == *own).context("cargo knows what it compiled")?;
    let others = packages.iter().filter(|package| package.id != *own);
    let components: Vec<Value> = others
        .map(|package| {
            let mut component = entry(package, "library");
            component["scope"] = if inside.contains(&package.id) { "required" } else { "excluded" }.into();
            if let Some(sum) = checksums.get(&(package.name.to_string(), package.version.to_string())) {
                component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
            }
            component
        })
        .collect();
    let dependencies: Vec<Value> = packages
        .iter()
        .map(|package| {
            let needed = nodes.get(&package.id).map(|node| node.dependencies.as_slice()).unwrap_or_default();
            let needed: BTreeSet<&String> = needed.iter().filter_map(|id| refs.get(id)).collect();
            json!({ "ref": reference(package), "dependsOn": needed })
        })
        .collect();
    let kind = match kind {
        Kind::Application => "application",
        Kind::Library => "library",
    };
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": entry(itself, kind) },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// One package. Its scope, `required` or `excluded`, is whether its code is inside or has only helped to build.
fn entry(package: &Package, kind: &str) -> Value {
    let reference = reference(package);
    let mut entry = json!({
        "type": kind,
        "bom-ref": reference,
        "name": package.name.as_str(),
        "version": package.version.to_string(),
        "purl": reference,
    });
    if let Some(licence) = &package.license {
        // The old way of cargo to write a choice is no expression of SPDX.
        let expression = licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ");
        entry["licenses"] = json!([{ "expression": expression }]);
    }
    entry
}

/// The package URL, which also names the package within the bill.
fn reference(package: &Package) -> String {
    // A plus would be read as a space.
    let version = package.version.to_string().replace('+', "%2B");
    format!("pkg:cargo/{}@{version}", package.name)
}

/// The packages whose code ends up inside: reached without build scripts and without macros, which run at build time.
fn inside(own: &PackageId, nodes: &BTreeMap<&PackageId, &Node>, packages: &[&Package]) -> BTreeSet<PackageId> {
    let is_macro = |id: &PackageId| {
        let package = packages.iter().find(|package| package.id == *id);
        package.is_none_or(|package| package.targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro)))
    };
    let mut inside = BTreeSet::new();
    let mut open = vec![own.clone()];
    while let Some(id) = open.pop() {
        if !inside.insert(id.clone()) {
            continue;
        }
        let needed = nodes.get(&id).map(|node| node.deps.as_slice()).unwrap_or_default();
        let normal = needed.iter().filter(|dep| dep.dep_kinds.iter().any(|info| info.kind == DependencyKind::Normal));
        open.extend(normal.map(|dep| dep.pkg.clone()).filter(|id| !is_macro(id)));
    }
    inside
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    /// The bill of this program, as if all packages of the workspace had been compiled for it.
    fn own_bill() -> Value {
        let metadata = MetadataCommand::new().current_dir(root().unwrap()).exec().unwrap();
        let own = metadata.packages.iter().find(|package| package.name.as_str() == "xtask").unwrap().id.clone();
        let compiled = metadata.packages.iter().map(|package| package.id.clone()).collect();
        let lock = fs::read_to_string(root().unwrap().join("Cargo.lock")).unwrap();
        written(Kind::Application, &own, &compiled, &metadata, &checksums(&lock).unwrap()).unwrap()
    }

    #[test]
    fn every_reference_is_to_a_package_of_the_bill_and_none_is_there_twice() {
        let bill = own_bill();
        let components = bill["components"].as_array().unwrap();
        let mut known = BTreeSet::from([bill["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
        assert!(components.iter().all(|one| known.insert(one["bom-ref"].as_str().unwrap())));
        let dependencies = bill["dependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), known.len());
        for one in dependencies {
            assert!(known.contains(one["ref"].as_str().unwrap()));
            assert!(one["dependsOn"].as_array().unwrap().iter().all(|one| known.contains(one.as_str().unwrap())));
        }
    }

    #[test]
    fn a_package_of_the_registry_has_its_checksum_and_licence_and_a_macro_is_not_inside() {
        let bill = own_bill();
        let find = |name: &str| bill["components"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
        let anyhow = find("anyhow");
        assert_eq!(anyhow["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert_eq!(anyhow["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!((&anyhow["scope"], &find("clap_derive")["scope"]), (&"required".into(), &"excluded".into()));
    }

    #[test]
    fn nothing_of_the_machine_is_in_the_bill() {
        let (bill, root) = (own_bill().to_string(), root().unwrap());
        assert!(!bill.contains(&root.display().to_string()) && !bill.contains("registry/src"));
    }
}
