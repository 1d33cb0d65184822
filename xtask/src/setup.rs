//! What building needs beyond Rust itself: the target `wasm32-unknown-unknown`.

use std::process::Command;

use anyhow::{Result, bail};

/// The target of both components: with it they import what their world says and nothing else.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that the target is there, by rustup where there is one.
pub(crate) fn target() -> Result<()> {
    if is_installed() {
        return Ok(());
    }
    eprintln!("getting the Rust target {TARGET} …");
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && is_installed() {
        return Ok(());
    }
    bail!(
        "the Rust target {TARGET} is needed and could not be installed.\n\
         With rustup:     rustup target add {TARGET}\n\
         With Debian:     apt-get install libstd-rust-dev-wasm32\n\
         With Fedora:     dnf install rust-std-static-{TARGET}\n\
         Otherwise install rustup from https://rustup.rs and run `cargo xtask setup` again."
    )
}

/// Whether the compiler that cargo uses has the standard library of the target.
fn is_installed() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        let mut files = std::fs::read_dir(folder.trim()).into_iter().flatten().flatten();
        files.any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    })
}
