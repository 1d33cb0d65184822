//! The packages of the examples in Node and Python and of the test of the routes' document: from npm and PyPI, in the
//! versions and with the hashes that are pinned, into `target`. All of it is optional: without them a test says that it
//! was skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::setup::{debian, quietly, runs};
use crate::{root, target};

/// Below an example's folder in `target`: the list of packages that is installed there. The test looks at it too.
const INSTALLED: &str = "installed";

/// A folder for packages, and the file that pins them.
struct Packages {
    folder: PathBuf,
    pins: PathBuf,
}

impl Packages {
    fn of(language: &str, pins: &str) -> Result<Self> {
        let folder = target()?.join("examples").join(language);
        Ok(Self { folder, pins: root()?.join("examples").join(language).join(pins) })
    }

    fn of_document() -> Result<Self> {
        Ok(Self { folder: target()?.join("openapi"), pins: root()?.join("tests/embedding/openapi/requirements.txt") })
    }

    /// Whether what is pinned is what is there.
    fn are_there(&self) -> bool {
        let there = fs::read(self.folder.join(INSTALLED));
        there.is_ok_and(|there| fs::read(&self.pins).is_ok_and(|pinned| pinned == there))
    }

    /// An empty folder, with these files of the example in it.
    fn begin(&self, files: &[&Path]) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)?;
        for file in files {
            fs::copy(file, self.folder.join(file.file_name().unwrap_or_default()))?;
        }
        Ok(())
    }

    fn end(&self, installed: bool, what: &str) -> Result<()> {
        if installed {
            fs::copy(&self.pins, self.folder.join(INSTALLED))?;
        } else {
            eprintln!("{what} could not be installed: a test will be skipped");
        }
        Ok(())
    }
}

/// Gets what `examples/node` wants from npm.
pub(crate) fn node() -> Result<()> {
    let packages = Packages::of("node", "package-lock.json")?;
    if packages.are_there() {
        return Ok(());
    }
    let there = || runs("node", &["--version"]) && runs("npm", &["--version"]);
    if !(there() || debian(&["nodejs", "npm"]) && there()) {
        eprintln!("no node with npm: the test of examples/node will be skipped (Debian: apt-get install nodejs npm)");
        return Ok(());
    }
    eprintln!("getting the packages of examples/node from npm …");
    packages.begin(&[&packages.pins, &packages.pins.with_file_name("package.json")])?;
    let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=60000"];
    let installed = quietly(Command::new("npm").args(args).current_dir(&packages.folder));
    packages.end(installed, "npm's packages")
}

/// Gets what `examples/python` wants from PyPI.
pub(crate) fn python() -> Result<()> {
    environment(&Packages::of("python", "requirements.txt")?, "examples/python")
}

/// Gets what looks at the document of the routes from PyPI.
pub(crate) fn document() -> Result<()> {
    environment(&Packages::of_document()?, "the document of the routes")
}

/// Gets packages from PyPI, into an environment of their own.
fn environment(packages: &Packages, what: &str) -> Result<()> {
    if packages.are_there() {
        return Ok(());
    }
    packages.begin(&[])?;
    let environment = || runs("python3", &["-m", "venv", "--clear", &packages.folder.to_string_lossy()]);
    if !(environment() || debian(&["python3", "python3-venv"]) && environment()) {
        eprintln!("no python3 with venv: the test of {what} will be skipped (Debian: python3 python3-venv)");
        return Ok(());
    }
    eprintln!("getting the packages for {what} from PyPI …");
    let args =
        ["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--retries", "0", "--timeout", "60"];
    let python = packages.folder.join("bin/python");
    let installed = quietly(Command::new(python).args(args).arg("--requirement").arg(&packages.pins));
    packages.end(installed, "PyPI's packages")
}
