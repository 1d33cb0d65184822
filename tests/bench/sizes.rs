//! How large the components are.

use crate::figure::{Figures, target};

pub(crate) fn measure(figures: &mut Figures) {
    for (what, file, kib) in [
        ("size of approval_logic.wasm", "approval_logic", 288.0),
        ("size of approval_bridge.wasm", "approval_bridge", 1728.0),
    ] {
        let path = target().join("components").join(file).with_extension("wasm");
        let bytes = std::fs::metadata(&path).expect("cargo xtask build has made the components").len();
        let size = u32::try_from(bytes).map(f64::from).expect("a component is below 4 GiB");
        figures.add(what, size / 1024.0, "KiB", Some(kib), "");
    }
}
