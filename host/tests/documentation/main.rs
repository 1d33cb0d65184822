//! The README and `docs/`: every command in them is run, every link leads somewhere, and what they list is what there is.
//!
//! A page that drifts sends a newcomer into an error at the first command, and an operator at night to a setting that is
//! called otherwise today.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a mistake in a test should stop it"
)]

mod commands;
mod links;
mod lists;
mod manifests;

use std::fs;
use std::path::{Path, PathBuf};

/// A page, by its path from the workspace's root.
struct Page {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The README and everything in `docs/`.
fn pages() -> Vec<Page> {
    let names = fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").file_name());
    let mut paths: Vec<String> = names.map(|name| format!("docs/{}", name.to_string_lossy())).collect();
    paths.retain(|path| path.ends_with(".md"));
    paths.push("README.md".to_owned());
    paths.sort();
    assert!(paths.len() > 7, "{paths:?}");
    paths.into_iter().map(|path| Page { text: read(&path), path }).collect()
}
