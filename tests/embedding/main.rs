//! What programs that embed the components rely on: what the files say about themselves, that the pure part gives the
//! same bytes in every language, and that the document of the routes is true.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

mod languages;
mod metadata;
mod openapi;
mod page;

use std::path::PathBuf;

/// The workspace's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder that cargo builds into.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A built component.
fn component(file: &str) -> PathBuf {
    let path = target().join("components").join(file);
    assert!(path.is_file(), "{} is missing; run `cargo xtask build` first", path.display());
    path
}
