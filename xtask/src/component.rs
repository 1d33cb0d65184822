//! Core modules → components. What a component imports is what its module really uses, so this is also where the
//! import list is decided; a test asserts it.

use std::fs;

use anyhow::{Context, Result};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::ComponentEncoder;

use crate::setup::{self, TARGET};
use crate::{cargo, target};

/// A component and the crate it is made of.
struct Part {
    package: &'static str,
    features: &'static [&'static str],
    file: &'static str,
    about: &'static str,
}

const PARTS: [Part; 2] = [
    Part {
        package: "approval-logic",
        features: &["--features", "component"],
        file: "approval_logic",
        about: "What changed, what the card says, which bytes go to which vendor: pure, without imports",
    },
    Part {
        package: "approval-bridge-component",
        features: &[],
        file: "approval_bridge",
        about: "Tells people in chat that a ticket waits for their approval, and carries their answer back",
    },
];

/// Builds both components into `target/components`, and the whole WIT package beside them.
pub(crate) fn build() -> Result<()> {
    setup::target()?;
    let folder = target()?.join("components");
    fs::create_dir_all(&folder)?;
    approval_bridge_wit::gather(&folder.join("wit"))?;
    for part in &PARTS {
        let mut args =
            vec!["rustc", "--quiet", "--package", part.package, "--lib", "--target", TARGET, "--profile", "component"];
        args.extend(part.features);
        args.extend(["--crate-type", "cdylib"]);
        cargo(&args)?;
        let module =
            target()?.join(TARGET).join("component").join(part.package.replace('-', "_")).with_extension("wasm");
        let bytes = fs::read(&module).with_context(|| format!("reading {}", module.display()))?;
        let component = componentise(part, &bytes)?;
        let path = folder.join(part.file).with_extension("wasm");
        // Left alone when nothing changed, so that what embeds it is not built again.
        if fs::read(&path).ok().as_deref() != Some(&component) {
            fs::write(&path, &component)?;
        }
        println!("{:>9} bytes  {}", component.len(), path.display());
    }
    Ok(())
}

fn componentise(part: &Part, module: &[u8]) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("making a component of {}", part.package))?;
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(part.file.replace('_', "-"));
    metadata.version = AddMetadataField::Set(wasm_metadata::Version::new(env!("CARGO_PKG_VERSION")));
    metadata.description = AddMetadataField::Set(wasm_metadata::Description::new(part.about));
    metadata.licenses = AddMetadataField::Set(wasm_metadata::Licenses::new("Apache-2.0")?);
    metadata.to_wasm(&component).context("adding metadata")
}
