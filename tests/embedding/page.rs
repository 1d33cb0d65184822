//! `docs/embed.md` says what is so.
//!
//! A page that drifts shows a program that does not compile any more, leaves out an import that a host then misses, or
//! names a limit that nobody reads.

use std::fs;

use approval_bridge::limits::Limits;

use crate::root;

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn page() -> String {
    read("docs/embed.md")
}

/// The second column of the table row that begins with this name.
fn row(page: &str, name: &str) -> String {
    let begin = format!("| `{name}` | ");
    let row = page.lines().find_map(|line| line.strip_prefix(&begin));
    let (value, _) = row.unwrap_or_else(|| panic!("{name} has no row")).split_once(" | ").expect("a third column");
    value.to_owned()
}

/// `64 MiB`, `30 s` or a plain number, as a number.
fn number(text: &str) -> u64 {
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    let factor = match unit {
        "MiB" => 1 << 20,
        "s" | "" => 1,
        other => panic!("what is {other}?"),
    };
    digits.parse::<u64>().expect("a number") * factor
}

#[test]
fn the_program_on_the_page_is_the_one_that_is_tested() {
    let (page, program) = (page(), read("examples/rust/src/main.rs"));
    assert!(page.contains(&format!("```rust\n{program}```\n")), "quote examples/rust/src/main.rs as it is");
}

/// Whoever embeds the bridge reads it first. Empty lines do not count.
#[test]
fn the_program_is_the_whole_example_in_sixty_lines() {
    let program = read("examples/rust/src/main.rs");
    let lines = program.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 60, "{lines} lines");
    assert_eq!(fs::read_dir(root().join("examples/rust/src")).expect("the example").count(), 1, "one file");
}

#[test]
fn every_import_is_explained_and_every_export_named() {
    let (page, wit) = (page(), read("wit/world.wit"));
    let (_, world) = wit.split_once("world bridge {").expect("the world");
    let mut seen = 0;
    for line in world.lines() {
        let Some((word, name)) = line.trim().trim_end_matches(';').split_once(' ') else { continue };
        if word == "import" || word == "export" {
            assert!(page.contains(&format!("`{name}`")), "{word} {name} is missing");
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} of the world");
}

#[test]
fn every_limit_is_there_with_its_default() {
    let (page, example) = (page(), read("approval-bridge.example.toml"));
    let example: toml::Table = example.parse().expect("TOML");
    let limits = example["limits"].as_table().expect("limits");
    for (name, default) in limits {
        let default = u64::try_from(default.as_integer().expect("a whole number")).expect("more than 0");
        assert_eq!(number(&row(&page, name)), default, "{name}");
    }
    // The example has the defaults; one of them, to be sure.
    assert_eq!(number(&row(&page, "cpu_seconds")), Limits::default().cpu.as_secs());
}
