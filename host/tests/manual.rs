//! What goes with the program into a system says what the program says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a mistake in a test should stop it")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_approval-bridge")).args(arguments).output().unwrap()
}

fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let first = |line: &str| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(str::to_owned);
    let names = list.lines().filter_map(first).map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn each_command_has_a_page_and_a_hidden_one_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man");
    said(&["man", &pages.display().to_string()]);
    let written: BTreeSet<String> =
        fs::read_dir(&pages).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    let commands = commands();
    assert!(commands.len() > 8, "{commands:?}");
    for command in &commands {
        let page = format!("approval-bridge-{command}.1");
        assert!(written.contains(&page), "{page} in {written:?}");
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains(".SH SYNOPSIS"));
    }
    assert!(written.contains("approval-bridge.1") && !written.contains("approval-bridge-pack.1"), "{written:?}");
}

#[test]
fn completions_know_every_command_in_every_shell() {
    let commands = commands();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = said(&["completions", shell]);
        for command in &commands {
            assert!(script.contains(command.as_str()), "{command} in {shell}");
        }
        assert!(script.contains("config") && script.contains("moveworks"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_help_of_its_own_that_fits_a_terminal() {
    for command in commands() {
        let help = said(&[command.as_str(), "--help"]);
        assert!(help.contains("Usage: approval-bridge"), "{command}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command}");
    }
}
