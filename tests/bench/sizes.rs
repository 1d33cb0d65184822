//! How large the components are.

use approval_bridge_tests::harness::SIZES;

use crate::figure::{Figures, target};

pub(crate) fn measure(figures: &mut Figures) {
    let names = ["size of approval_logic.wasm", "size of approval_bridge.wasm"];
    for (what, (file, kib)) in names.into_iter().zip(SIZES) {
        let path = target().join("components").join(file).with_extension("wasm");
        let bytes = std::fs::metadata(&path).expect("cargo xtask build has made the components").len();
        let size = u32::try_from(bytes).map(f64::from).expect("a component is below 4 GiB");
        figures.add(what, size / 1024.0, "KiB", Some(f64::from(kib)), "");
    }
}
