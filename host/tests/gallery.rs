//! The gallery: every card of `component/logic/tests/golden/cards`, as `preview` shows it.
//!
//! What goes to a door must be what the pure part writes, to the letter. The box for a terminal is this program's own; its
//! expected form is `tests/golden/cards/NAME.box.txt`. `BLESS=1 cargo test -p approval-bridge --test gallery` writes those
//! files anew; read the diff before committing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A case of the pure part's gallery, with the arguments that ask for the same card.
struct Case {
    /// The file without its extension.
    stem: PathBuf,
    arguments: Vec<String>,
    /// Holds what the arguments name.
    _folder: TempDir,
}

impl Case {
    fn read(path: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let approval: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let wish = &approval["card"];
        let mut arguments = Vec::new();
        let mut argument = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        for more in 0..wish["digest"].as_u64().unwrap_or(1) {
            let mut numbered = approval.clone();
            if let Ok(number) = approval["ticket"]["number"].as_str().unwrap_or_default().parse::<u64>() {
                numbered["ticket"]["number"] = (number + more).to_string().into();
            }
            let file = folder.path().join(format!("{more}.json"));
            fs::write(&file, numbered.to_string()).unwrap();
            argument("approval", file.display().to_string());
        }
        if wish["digest"].is_u64() {
            argument("kind", "digest".to_owned());
        }
        if let Some(number) = wish["kind"]["reminder"]["number"].as_u64() {
            argument("kind", "reminder".to_owned());
            argument("number", number.to_string());
        }
        if wish["kind"]["closed"].is_object() {
            argument("kind", "closing".to_owned());
        }
        let mut variables = String::new();
        if let Some(title) = wish["title"].as_str() {
            variables.push_str(&format!("card_title = '{title}'\n"));
        }
        if let Some(fields) = wish["fields"].as_array() {
            let fields: Vec<&str> = fields.iter().map(|field| field.as_str().unwrap()).collect();
            variables.push_str(&format!("card_fields = '{}'\n", fields.join(",")));
        }
        let config = folder.path().join("bridge.toml");
        fs::write(&config, format!("[variables]\n{variables}")).unwrap();
        argument("config", config.display().to_string());
        Self { stem: path.with_extension(""), arguments, _folder: folder }
    }

    fn preview(&self, more: &[&str], environment: &[(&str, &str)]) -> String {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let output = preview(&arguments, environment);
        assert!(output.status.success(), "{}: {output:?}", self.stem.display());
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the pure part writes.
    fn golden(&self, extension: &str) -> String {
        fs::read_to_string(self.stem.with_extension(extension)).unwrap()
    }
}

fn preview(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_approval-bridge"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(environment.iter().copied());
    command.arg("preview").args(arguments).output().unwrap()
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn cases() -> Vec<Case> {
    let entries = fs::read_dir(here("../component/logic/tests/golden/cards")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() >= 19, "{paths:?}");
    paths.iter().map(|path| Case::read(path)).collect()
}

#[test]
fn a_preview_is_what_the_doors_get_to_the_letter() {
    for case in cases() {
        let moveworks = case.preview(&["--format", "moveworks"], &[]).replace("<br>", "<br>\n");
        assert_eq!(moveworks, case.golden("moveworks.html"), "{}", case.stem.display());
        for (format, extension) in [("text", "txt"), ("markdown", "md"), ("page", "page.html")] {
            let shown = case.preview(&["--format", format], &[]);
            assert_eq!(shown, case.golden(extension), "{}", case.stem.display());
        }
        let article = case.preview(&["--format", "html"], &[]);
        let article = article.split_once("<article").unwrap().1;
        assert!(case.golden("page.html").contains(article), "{}", case.stem.display());
    }
}

#[test]
fn every_card_is_a_box_as_drawn_before() {
    for case in cases() {
        let name = case.stem.file_name().unwrap().to_str().unwrap();
        let path = here("tests/golden/cards").join(format!("{name}.box.txt"));
        let drawn = case.preview(&["--width", "76"], &[]);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, drawn).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(drawn, expected, "{}; BLESS=1 accepts", path.display());
    }
}

#[test]
fn a_pipe_gets_no_colours_unless_it_asks() {
    let case = cases().remove(0);
    let plain = case.preview(&["--width", "76"], &[]);
    assert!(!plain.contains('\u{1b}'));
    let forced = case.preview(&["--width", "76"], &[("CLICOLOR_FORCE", "1")]);
    assert_eq!(console::strip_ansi_codes(&forced), plain);
    assert_ne!(forced, plain);
}

#[test]
fn many_approvals_are_a_digest_and_nothing_else() {
    let file = here("../component/logic/tests/golden/cards/mock.json").display().to_string();
    let output = preview(&["--approval", &file, "--approval", &file], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--kind digest"));
}
