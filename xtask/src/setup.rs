//! What building needs beyond Rust itself: the target `wasm32-unknown-unknown`. And what tests can use where it is there:
//! a Redis server, a browser, and packages of other systems.

use std::path::Path;
use std::process::{Command, Stdio};

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

/// Gets a Redis server for the tests of the Redis store, where that is done with one command and is ours to do. It is
/// optional, so nothing here ends the run; without it those tests say that they were skipped.
pub(crate) fn redis() {
    if runs("redis-server", &["--version"]) || debian(&["redis-server"]) {
        return;
    }
    eprintln!("no redis-server: the tests of the Redis store will be skipped (Debian: apt-get install redis-server)");
}

/// Gets a Chromium for the tests of the console, on the same terms.
pub(crate) fn chromium() {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    if names.into_iter().any(|name| runs(name, &["--version"])) || debian(&["chromium"]) {
        return;
    }
    eprintln!("no Chromium: the console will not be looked at in a browser (Debian: apt-get install chromium)");
}

/// Gets `curl`, with which the test of the documentation runs the commands of the pages.
pub(crate) fn curl() {
    if runs("curl", &["--version"]) || debian(&["curl"]) {
        return;
    }
    eprintln!("no curl: the commands of the pages will not be run (Debian: apt-get install curl)");
}

/// Installs packages of Debian, where that is ours to do: as root on Debian. False where they are not there afterwards.
pub(crate) fn debian(packages: &[&str]) -> bool {
    let debian = Path::new("/etc/debian_version").exists() && runs("apt-get", &["--version"]);
    if !debian || !is_root() {
        return false;
    }
    eprintln!("installing Debian's {} for the tests …", packages.join(", "));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // A machine that was never asked for packages has no list of them yet.
    apt(&install) || apt(&["update"]) && apt(&install)
}

/// Runs apt-get quietly. It gives up soon on a network that is not there, and asks nothing.
fn apt(args: &[&str]) -> bool {
    let patience =
        ["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15", "-o", "DPkg::Lock::Timeout=60"];
    quietly(Command::new("apt-get").args(patience).args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether a program is there and does this.
pub(crate) fn runs(program: &str, args: &[&str]) -> bool {
    quietly(Command::new(program).args(args))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a command that shows and asks nothing; whether it succeeded.
pub(crate) fn quietly(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
