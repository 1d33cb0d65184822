//! The import pack: what an administrator of Moveworks pastes to connect the bridge. It is written from what the code knows
//! (addresses, slots, variables, the card), so that it cannot say anything else; `cargo xtask pack` writes it into
//! `moveworks/`, and a test compares.
//!
//! Sources: Moveworks "HTTP Actions", "Compound Action Reference", "Webhook Listeners", "Ticket Gateway: Configuration Guide"
//! and "Input context for ticket gateway actions". What these leave open stands in the files as [`OPEN`], to be taken from
//! the tenant's editor.

mod actions;
mod compound;
mod messages;
mod readme;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use self::actions::{HttpAction, Input, Kind, Place, actions};

/// Stands in the pack for a name that Moveworks does not publish.
pub const OPEN: &str = "NOT_PUBLISHED";

/// Where the pack lies, from the root of the workspace.
pub const FOLDER: &str = "moveworks";

/// One file of the pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path within the folder.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// All files.
pub fn files() -> Vec<File> {
    let mut files = vec![File::new("README.md", readme::text())];
    files.extend(
        actions()
            .iter()
            .map(|action| File::new(format!("http-actions/{}/{}.curl", action.group, action.name), action.curl())),
    );
    files.extend(compound::files());
    files.extend(messages::files());
    files
}

/// Writes the pack into a folder and takes out what does not belong to it. The paths of the files that changed.
pub fn write(folder: &Path) -> std::io::Result<Vec<String>> {
    let stale = drift(folder)?;
    for file in files().iter().filter(|file| stale.contains(&file.path)) {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &file.text)?;
    }
    for path in foreign(folder)? {
        std::fs::remove_file(folder.join(path))?;
    }
    Ok(stale)
}

/// The paths of the files in a folder that are not as they would be written now: changed, missing, or of no pack.
pub fn drift(folder: &Path) -> std::io::Result<Vec<String>> {
    let differs = |file: &File| std::fs::read_to_string(folder.join(&file.path)).ok().as_deref() != Some(&*file.text);
    let mut stale: Vec<String> = files().into_iter().filter(differs).map(|file| file.path).collect();
    stale.extend(foreign(folder)?);
    Ok(stale)
}

/// Files in the folder that the pack does not have.
fn foreign(folder: &Path) -> std::io::Result<Vec<String>> {
    let known: Vec<String> = files().into_iter().map(|file| file.path).collect();
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(inner) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder.join(&inner)) else { continue };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if inner.is_empty() { name } else { format!("{inner}/{name}") };
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if !known.contains(&path) {
                found.push(path);
            }
        }
    }
    Ok(found)
}
