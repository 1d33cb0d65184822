//! One measured number with its target, and the table of all of them.

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

/// All numbers of a run, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Figures {
    figures: Vec<Figure>,
}

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

    /// Prints the table.
    pub(crate) fn print(&self) {
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

    /// Writes the table as JSON into the target folder.
    pub(crate) fn save(&self) {
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

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}
