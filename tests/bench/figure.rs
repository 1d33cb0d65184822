//! One measured number with its target, what it would be without the bridge, and the tables of all of them.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

/// A number that should not be above its target.
struct Figure {
    what: &'static str,
    value: f64,
    unit: &'static str,
    target: Option<f64>,
    note: String,
}

/// The same thing done by the bridge, and the way it is done without it.
struct Comparison {
    what: &'static str,
    bridge: f64,
    without: f64,
    unit: &'static str,
}

/// All numbers of a run, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Figures {
    figures: Vec<Figure>,
    comparisons: Vec<Comparison>,
}

/// Where the README has the table.
const MARKS: [&str; 2] = ["<!-- figures -->\n", "<!-- end of figures -->"];

impl Figures {
    /// Adds a number.
    pub(crate) fn add(
        &mut self,
        what: &'static str,
        value: f64,
        unit: &'static str,
        target: Option<f64>,
        note: impl Into<String>,
    ) {
        self.figures.push(Figure { what, value, unit, target, note: note.into() });
    }

    /// Adds the same for the bridge and for what one would run without it.
    pub(crate) fn compare(&mut self, what: &'static str, bridge: f64, without: f64, unit: &'static str) {
        self.comparisons.push(Comparison { what, bridge, without, unit });
    }

    /// Prints the tables.
    pub(crate) fn print(&self) {
        println!("{:<52} {:>12} {:>12}", "beside one call after another", "bridge", "without");
        for Comparison { what, bridge, without, unit } in &self.comparisons {
            println!("{what:<52} {:>12} {:>12}", text(*bridge, unit), text(*without, unit));
        }
        println!();
        println!("{:<52} {:>12} {:>12} {:>7}  note", "figure", "measured", "target", "ratio");
        for figure in &self.figures {
            let target = figure.target.map_or_else(|| "-".to_owned(), |target| text(target, figure.unit));
            let ratio = figure.target.map_or_else(String::new, |target| format!("{:.2}", figure.value / target));
            let met = figure.target.is_none_or(|target| figure.value <= target);
            let mark = if met { "" } else { "  (above the target)" };
            let value = text(figure.value, figure.unit);
            println!("{:<52} {value:>12} {target:>12} {ratio:>7}  {}{mark}", figure.what, figure.note);
        }
    }

    /// Writes the tables into the README, with the machine and the date.
    pub(crate) fn publish(&self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        let readme = std::fs::read_to_string(&path).expect("the README");
        let [begin, end] = MARKS;
        let (before, rest) = readme.split_once(begin).expect("the README has a place for the table");
        let (_, after) = rest.split_once(end).expect("and its end");
        let table = self.table().expect("writing to a text");
        std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).expect("the README can be written");
    }

    fn table(&self) -> Result<String, std::fmt::Error> {
        let mut table = String::new();
        writeln!(table, "Measured on {}, on {}.\n", machine(), chrono::Local::now().format("%Y-%m-%d"))?;
        writeln!(
            table,
            "| 200 tickets with two levels, 20 ms to the help desk | bridge | one call after another |\n|---|---|---|"
        )?;
        for Comparison { what, bridge, without, unit } in &self.comparisons {
            writeln!(table, "| {what} | {} | {} |", text(*bridge, unit), text(*without, unit))?;
        }
        writeln!(table, "\n| figure | measured | target |\n|---|---|---|")?;
        for Figure { what, value, unit, target, .. } in &self.figures {
            let target = target.map_or_else(String::new, |target| text(target, unit));
            writeln!(table, "| {what} | {} | {target} |", text(*value, unit))?;
        }
        Ok(table)
    }

    /// Writes the tables as JSON into the target folder.
    pub(crate) fn save(&self) {
        let compared = self.comparisons.iter().map(|comparison| {
            let Comparison { what, bridge, without, unit } = comparison;
            json!({ "figure": what, "measured": bridge, "without": without, "unit": unit })
        });
        let rows: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "figure": figure.what,
                    "measured": figure.value,
                    "unit": figure.unit,
                    "target": figure.target,
                    "ratio": figure.target.map(|target| figure.value / target),
                    "note": figure.note,
                })
            })
            .chain(compared)
            .collect();
        let path = target().join("bench.json");
        let text = serde_json::to_string_pretty(&rows).expect("the table is JSON");
        std::fs::write(&path, text).expect("the target folder can be written");
        let path = path.canonicalize().unwrap_or(path);
        println!("\nas JSON: {}", path.display());
    }
}

/// A count, to be calculated with.
pub(crate) fn number(count: u64) -> f64 {
    u32::try_from(count).map(f64::from).expect("few enough to be counted here")
}

/// The same for the length of something.
pub(crate) fn number_of(count: usize) -> f64 {
    number(u64::try_from(count).expect("few enough to be counted here"))
}

fn text(value: f64, unit: &str) -> String {
    let digits = if value.fract() == 0.0 || value >= 1000.0 { 0 } else { 2 };
    format!("{value:.digits$} {unit}")
}

/// What was measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).and_then(|line| line.split_once(": "));
    let name = model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned());
    format!("{name}, {cores} cores")
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}
