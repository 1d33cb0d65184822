//! The WIT package as others take it: whole, valid, and the same for as long as its version is the same.
//!
//! A wrong package names an interface that its dependencies do not have, cannot be written as the binary that
//! registries keep, or means something else today than it meant yesterday under the same version.
//!
//! `BLESS=1 cargo test -p approval-bridge-wit` writes the frozen interface anew; read the diff before committing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use wit_component::{DecodedWasm, OutputToString, WitPrinter};
use wit_parser::{PackageId, Resolve, WorldItem};

/// The joined package, read as any tool reads it.
fn resolved() -> (Resolve, PackageId) {
    let folder = tempfile::tempdir().unwrap();
    approval_bridge_wit::gather(folder.path()).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder.path()).unwrap();
    (resolve, package)
}

/// The package without its dependencies and without its comments, which promise nothing to a compiler.
fn printed(resolve: &Resolve, package: PackageId) -> String {
    let mut printer = WitPrinter::<OutputToString>::default();
    printer.emit_docs(false);
    printer.print(resolve, package, &[]).unwrap();
    printer.output.to_string()
}

fn version(resolve: &Resolve, package: PackageId) -> String {
    resolve.packages[package].name.version.as_ref().expect("the package has a version").to_string()
}

fn frozen(version: &str) -> PathBuf {
    approval_bridge_wit::own().join("frozen").join(format!("approvals-bridge@{version}.wit"))
}

/// The first line that is not the same in both.
fn difference(old: &str, new: &str) -> String {
    let mut pairs = old.lines().map(Some).chain([None]).zip(new.lines().map(Some).chain([None])).zip(1..);
    let differs = pairs.find(|((old, new), _)| old != new);
    let side = |mark: char, line: Option<&str>| line.map_or(String::new(), |line| format!("{mark} {line}\n"));
    differs.map_or(String::new(), |((old, new), line)| format!("line {line}\n{}{}", side('-', old), side('+', new)))
}

#[test]
fn the_interface_does_not_change_without_its_version() {
    let (resolve, package) = resolved();
    let (version, interface) = (version(&resolve, package), printed(&resolve, package));
    let path = frozen(&version);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, interface).unwrap();
        return;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        before == interface,
        "approvals:bridge@{version} is not what {} says.\n\n{}\n\
         Has {version} been released? Then raise the version in every file of wit/ and in Cargo.toml.\n\
         BLESS=1 freezes the interface under the version that it has now.",
        path.display(),
        difference(&before, &interface)
    );
}

#[test]
fn the_frozen_interfaces_are_kept_and_none_is_newer_than_this_one() {
    let (resolve, package) = resolved();
    let own = resolve.packages[package].name.version.clone().expect("a version");
    for file in fs::read_dir(frozen("").parent().unwrap()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let version = name.strip_prefix("approvals-bridge@").and_then(|rest| rest.strip_suffix(".wit"));
        let version = version.and_then(|version| version.parse().ok()).unwrap_or_else(|| panic!("{name}"));
        assert!(own >= version, "{name} is newer than {own}");
    }
}

#[test]
fn every_world_is_whole_with_its_dependencies() {
    let (resolve, package) = resolved();
    let worlds = resolve.packages[package].worlds.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(worlds, ["logic", "bridge"]);
    for world in worlds {
        let id = resolve.select_world(&[package], Some(world)).unwrap();
        let world = &resolve.worlds[id];
        for (key, item) in world.imports.iter().chain(&world.exports) {
            let WorldItem::Interface { id, .. } = item else { panic!("{}: not an interface", world.name) };
            let name = resolve.name_world_key(key);
            assert!(name.contains(':') && name.contains('@'), "{name} has no package or no version");
            assert!(resolve.interfaces[*id].package.is_some(), "{name}");
        }
    }
}

/// Once for all tests: who reads must not meet who writes.
fn complete() {
    static COMPLETE: Once = Once::new();
    COMPLETE.call_once(|| approval_bridge_wit::complete().unwrap());
}

/// What `wasm-tools component wit wit` reads. Without `deps` it stops at the first package of others.
#[test]
fn the_folder_is_whole_as_it_lies() {
    complete();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(approval_bridge_wit::own()).unwrap();
    let (gathered, same) = resolved();
    assert_eq!(printed(&resolve, package), printed(&gathered, same));
}

/// `wkg` asks a registry for every package that is not named there.
#[test]
fn wkg_is_told_where_each_package_of_others_lies() {
    complete();
    let root = approval_bridge_wit::own().join("..");
    let settings: toml::Table = fs::read_to_string(root.join("wkg.toml")).unwrap().parse().unwrap();
    let overrides = settings["overrides"].as_table().unwrap();
    let (resolve, own) = resolved();
    let mut others = Vec::new();
    for (_, package) in resolve.packages.iter().filter(|(id, _)| *id != own) {
        let name = format!("{}:{}", package.name.namespace, package.name.name);
        let path = overrides[&name]["path"].as_str().unwrap();
        let text = fs::read_dir(root.join(path)).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        assert!(text.into_iter().any(|text| text.contains(&format!("package {}", package.name))), "{name}: {path}");
        others.push(name);
    }
    others.sort();
    assert_eq!(others, overrides.keys().cloned().collect::<Vec<_>>());
}

/// What `wkg` publishes and `wasm-tools component wit` reads.
#[test]
fn the_package_survives_being_written_as_a_binary() {
    let (resolve, package) = resolved();
    let bytes = wit_component::encode(&resolve, package).unwrap();
    let DecodedWasm::WitPackage(again, same) = wit_component::decode(&bytes).unwrap() else { panic!("a package") };
    assert_eq!(printed(&again, same), printed(&resolve, package));
    assert_eq!(bytes, wit_component::encode(&again, same).unwrap());
}

/// Whoever reads the package on its own has nothing but its comments.
#[test]
fn every_item_says_what_it_means() {
    let (resolve, package) = resolved();
    let mut silent = Vec::new();
    let mut heard = |docs: &wit_parser::Docs, name: String| {
        if docs.contents.as_ref().is_none_or(|text| text.trim().is_empty()) {
            silent.push(name);
        }
    };
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        heard(&interface.docs, name.clone());
        for (function, it) in &interface.functions {
            heard(&it.docs, format!("{name}.{function}"));
        }
        for (type_name, id) in &interface.types {
            let it = &resolve.types[*id];
            // One that is taken from another interface is explained there.
            if matches!(it.kind, wit_parser::TypeDefKind::Type(wit_parser::Type::Id(_))) {
                continue;
            }
            let item = format!("{name}.{type_name}");
            heard(&it.docs, item.clone());
            match &it.kind {
                wit_parser::TypeDefKind::Record(it) => {
                    it.fields.iter().for_each(|field| heard(&field.docs, format!("{item}.{}", field.name)));
                }
                wit_parser::TypeDefKind::Variant(it) => {
                    it.cases.iter().for_each(|case| heard(&case.docs, format!("{item}.{}", case.name)));
                }
                wit_parser::TypeDefKind::Enum(it) => {
                    it.cases.iter().for_each(|case| heard(&case.docs, format!("{item}.{}", case.name)));
                }
                _ => {}
            }
        }
    }
    for (name, id) in &resolve.packages[package].worlds {
        heard(&resolve.worlds[*id].docs, name.clone());
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn the_interface_and_the_crates_have_one_version() {
    let (resolve, package) = resolved();
    assert_eq!(version(&resolve, package), env!("CARGO_PKG_VERSION"));
}
