//! Writes what cannot be checked in: bindings with an absolute path to the joined WIT, and the built components.
//!
//! The components are optional here, so that the library can be built before them; using one that is missing is an
//! error that says how to make it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Component files in `target/components`, and the constants that hold them.
const COMPONENTS: [(&str, &str); 2] =
    [("approval_bridge.wasm", "BRIDGE_COMPONENT"), ("approval_logic.wasm", "LOGIC_COMPONENT")];

fn main() -> Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?);
    let wit = out.join("wit");
    approval_bridge_wit::gather(&wit)?;
    rerun_for_wit()?;
    fs::write(out.join("bindings.rs"), bindings(&wit))?;
    fs::write(out.join("components.rs"), components(&out)?)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

fn rerun_for_wit() -> Result<()> {
    let own = approval_bridge_wit::own();
    for item in fs::read_dir(&own).with_context(|| format!("reading {}", own.display()))? {
        let path = item?.path();
        if path.extension().is_some_and(|ending| ending == "wit" || ending == "rs") {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Ok(())
}

/// The macro wants a literal path, and the joined WIT has none that is known before the build.
fn bindings(wit: &Path) -> String {
    format!(
        r#"
/// World `bridge`: every call into the guest is asynchronous.
pub mod bridge {{
    wasmtime::component::bindgen!({{
        path: {wit:?},
        world: "approvals:bridge/bridge",
        imports: {{ default: trappable }},
        exports: {{ default: async | store }},
        with: {{
            "wasi:http": wasmtime_wasi_http::p3::bindings::http,
            "spin:key-value/key-value.store": crate::key_value::guest::OpenStore,
        }},
        additional_derives: [Clone, PartialEq],
    }});
}}

/// World `logic`: plain calls; shares the model's types with `bridge`.
pub mod logic {{
    wasmtime::component::bindgen!({{
        path: {wit:?},
        world: "approvals:bridge/logic",
        with: {{ "approvals:bridge/types": super::bridge::approvals::bridge::types }},
        additional_derives: [Clone, PartialEq],
    }});
}}
"#,
        wit = wit.display().to_string()
    )
}

/// Copies the components next to the generated code. Their folder is made here, because cargo runs this script at every
/// build when a watched path is missing.
fn components(out: &Path) -> Result<String> {
    let folder = target_folder(out).join("components");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    let mut code = String::new();
    for (file, constant) in COMPONENTS {
        let built = folder.join(file);
        let value = if built.is_file() {
            fs::copy(&built, out.join(file)).with_context(|| format!("copying {}", built.display()))?;
            format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")))")
        } else {
            "None".to_owned()
        };
        code.push_str(&format!("pub(crate) const {constant}: Option<&[u8]> = {value};\n"));
    }
    Ok(code)
}

/// The target folder: cargo marks its top with `CACHEDIR.TAG`, however deep a profile or triple puts `OUT_DIR`.
fn target_folder(out: &Path) -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let marked = || out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf);
    let counted = || out.ancestors().nth(4).map(Path::to_path_buf);
    named.or_else(marked).or_else(counted).unwrap_or_else(|| out.to_path_buf())
}
