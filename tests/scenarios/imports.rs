//! What the built components can reach, read from the files themselves and not from what a host says about them.
//!
//! A wrong build takes in something of `wasi:cli`, `wasi:random` or a file system through a library, calls `get-keys`,
//! lets the pure component import a function, grows past its budget, or carries paths of the machine it was built on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use approval_bridge_tests::harness::SIZES;
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

fn read(file: &str) -> Vec<u8> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"),
    };
    let path = target.join("components").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask build` first", path.display()))
}

/// The names that a component imports and exports itself, not what is inside it.
fn doors(bytes: &[u8]) -> (Vec<String>, BTreeSet<String>) {
    let (mut depth, mut imports, mut exports) = (0, Vec::new(), BTreeSet::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("a component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(section.into_iter().map(|import| import.expect("an import").name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().map(|export| export.expect("an export").name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

/// The functions of an imported instance.
fn functions(bytes: &[u8], import: &str) -> Vec<String> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).expect("a valid component");
    let types = types.as_ref();
    let item = types.component_item_for_import(import).unwrap_or_else(|| panic!("{import} is imported"));
    let ComponentEntityType::Instance(instance) = item.ty else { return vec![import.to_owned()] };
    let function = |ty: &ComponentEntityType| matches!(ty, ComponentEntityType::Func(_));
    let exports = types[instance].exports.iter().filter(|(_, item)| function(&item.ty));
    exports.map(|(name, _)| name.clone()).collect()
}

/// The interfaces that a world of `wit/world.wit` imports or exports, with the package that its own names leave out.
fn world(name: &str, word: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/world.wit")).expect("the WIT");
    let (_, world) = text.split_once(&format!("world {name} {{")).expect("the world");
    let (world, _) = world.split_once('}').expect("its end");
    let lines = world.lines().filter_map(|line| line.trim().strip_prefix(word)?.trim().strip_suffix(';'));
    let whole = |name: &str| if name.contains(':') { name.to_owned() } else { own(name) };
    lines.map(whole).collect()
}

fn own(name: &str) -> String {
    format!("approvals:bridge/{name}@0.1.0")
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The model's types are the only thing that the toolchain may name as an import of an instance without functions:
/// exported interfaces share them. A host satisfies it with nothing.
fn only_types(bytes: &[u8], imports: &[String]) {
    for import in imports {
        assert_eq!(*import, own("types"));
        assert_eq!(functions(bytes, import), Vec::<String>::new(), "{import} brings functions in");
    }
}

#[test]
fn the_pure_component_imports_no_function_and_exports_its_four_interfaces() {
    let bytes = read("approval_logic.wasm");
    let (imports, exports) = doors(&bytes);
    only_types(&bytes, &imports);
    let mut wanted = world("logic", "export");
    assert_eq!(wanted, ["diffing", "cards", "payloads", "decoding"].map(own).into());
    // Interfaces that use each other's types are exported with them.
    wanted.extend(exports.contains(&own("types")).then(|| own("types")));
    assert_eq!(exports, wanted);
    assert_eq!(world("logic", "import"), BTreeSet::new());
}

#[test]
fn the_bridge_imports_exactly_what_its_world_lists() {
    let bytes = read("approval_bridge.wasm");
    let (imports, _) = doors(&bytes);
    let (types, imports): (Vec<String>, Vec<String>) = imports.into_iter().partition(|name| *name == own("types"));
    only_types(&bytes, &types);
    let imported: BTreeSet<String> = imports.iter().cloned().collect();
    assert_eq!(imported.len(), imports.len(), "something is imported twice: {imports:?}");
    assert_eq!(imported, world("bridge", "import"));
    // And the world itself may not grow unnoticed.
    let reachable = [
        "wasi:http/types@0.3.0",
        "wasi:http/client@0.3.0",
        "spin:key-value/key-value@3.0.0",
        "spin:variables/variables@3.0.0",
        "wasi:clocks/types@0.3.0",
        "wasi:clocks/monotonic-clock@0.3.0",
        "wasi:clocks/system-clock@0.3.0",
    ];
    assert_eq!(imported, set(&reachable));
    for far in ["filesystem", "sockets", "wasi:cli", "environment", "random"] {
        assert!(imports.iter().all(|name| !name.contains(far)), "{far}: {imports:?}");
    }
}

#[test]
fn the_bridge_exports_the_handler_and_its_five_interfaces() {
    let (_, exports) = doors(&read("approval_bridge.wasm"));
    let mut wanted = world("bridge", "export");
    let mut named: BTreeSet<String> = ["diffing", "cards", "payloads", "decoding", "operations"].map(own).into();
    named.insert("wasi:http/handler@0.3.0".to_owned());
    assert_eq!(wanted, named);
    wanted.extend(exports.contains(&own("types")).then(|| own("types")));
    assert_eq!(exports, wanted);
}

/// Listing all keys is slow everywhere and impossible in some stores.
#[test]
fn the_store_is_read_by_key_and_never_listed() {
    let functions = functions(&read("approval_bridge.wasm"), "spin:key-value/key-value@3.0.0");
    let used = |name: &str| functions.iter().any(|function| function.ends_with(name));
    assert!(used("store.open") && used("store.get") && used("store.set"), "{functions:?}");
    assert!(!used("get-keys"), "{functions:?}");
}

#[test]
fn the_host_says_the_same_about_what_is_imported() {
    let desk = approval_bridge_tests::harness::Desk::cloud().start();
    let (imports, _) = doors(&read("approval_bridge.wasm"));
    assert_eq!(desk.bridge().imports().into_iter().collect::<BTreeSet<_>>(), imports.into_iter().collect());
}

#[test]
fn both_components_keep_their_budgets() {
    let sizes = SIZES.map(|(file, kib)| {
        let (size, max) = (read(&format!("{file}.wasm")).len(), usize::from(kib) << 10);
        (size > max).then(|| format!("{file}: {size} bytes, {} more than {max}", size - max))
    });
    let over: Vec<String> = sizes.into_iter().flatten().collect();
    assert!(over.is_empty(), "{over:?}");
}

/// They tell whoever gets the file about the machine and its user, and no two machines would build the same bytes.
#[test]
fn no_path_of_the_build_machine_is_inside() {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let workspace = workspace.parent().expect("the workspace").to_string_lossy().into_owned() + "/";
    for file in ["approval_logic.wasm", "approval_bridge.wasm"] {
        let bytes = read(file);
        for path in ["/root/", "/home/", "/Users/", ".cargo/registry", ".rustup/", &workspace] {
            let at = bytes.windows(path.len()).position(|window| window == path.as_bytes());
            let around = at.map(|at| String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 120)]));
            assert_eq!(around, None, "{file} has {path}");
        }
    }
}
