//! Gathers the WIT package for the bindings of `operations`.

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let wit = out.join("wit");
    approval_bridge_wit::gather(&wit)?;
    // The macro wants a literal path, so the call itself is written here. What the shell imports comes with the SDK;
    // the pure exports come with `approval-logic`.
    let bindings = format!(
        "spin_sdk::wit_bindgen::generate!({{ path: {wit:?}, \
         inline: \"package approvals:shell; world shell {{ export approvals:bridge/operations@0.1.0; }}\", \
         runtime_path: \"::spin_sdk::wit_bindgen::rt\", generate_all }});"
    );
    std::fs::write(out.join("bindings.rs"), bindings)?;
    println!("cargo::rerun-if-changed={}", approval_bridge_wit::own().display());
    Ok(())
}
