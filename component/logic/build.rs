//! Gathers the WIT package for the bindings, where the crate is built as a component.

#[cfg(not(feature = "component"))]
fn main() {}

#[cfg(feature = "component")]
fn main() -> anyhow::Result<()> {
    use std::path::PathBuf;

    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let wit = out.join("wit");
    approval_bridge_wit::gather(&wit)?;
    // The macro wants a literal path, so the call itself is written here.
    let bindings = format!("wit_bindgen::generate!({{ path: {wit:?}, world: \"logic\", generate_all }});");
    std::fs::write(out.join("bindings.rs"), bindings)?;
    println!("cargo::rerun-if-changed={}", approval_bridge_wit::own().display());
    Ok(())
}
