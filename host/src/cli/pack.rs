//! `pack`: writes the import pack for Moveworks, or says what of it is out of date. For `cargo xtask pack`.

use std::path::Path;

use super::{Failure, print};
use crate::pack;

pub(super) fn run(folder: &Path, check: bool) -> Result<(), Failure> {
    let done = if check { pack::drift(folder) } else { pack::write(folder) };
    let changed = done.map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
    if check && !changed.is_empty() {
        return Err(Failure::Failed(format!("out of date, run `cargo xtask pack`:\n{}", changed.join("\n"))));
    }
    print(&format!("{}: {} files, {} changed", folder.display(), pack::files().len(), changed.len()))
}
