//! Every target over its corpus, and over mutations of it that are the same in every run.
//!
//! A target that panics here has found a broken rule. The message shows a small input that breaks it: mend the rule's
//! owner, and keep the input in the corpus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a mistake in a test should stop it"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use approval_bridge_fuzz_targets::TARGETS;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many mutations each target gets.
const MUTATIONS: u32 = 1500;

/// Longer inputs are cut: what is meant is odd content, not size.
const LONGEST: usize = 16 * 1024;

/// Pieces that mean something to somebody on the way.
const PIECES: &[&str] = &[
    "\0",
    "\n",
    "\r\n",
    "\n\n",
    "\n===\n",
    " ",
    "\t",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "\u{e0041}",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "1764000000000",
    "{}",
    "[]",
    "\"\"",
    "\"id\":",
    "\"name\":\"Pending Approval\"",
    "\"status\":",
    "\"has_more_rows\":true",
    "..",
    "/",
    "%2e",
    "%00",
    "%",
    "?",
    "&",
    "=",
    "#",
    ":",
    "<",
    ">",
    "</b>",
    "<br>",
    "<script>",
    "<!--",
    "<![CDATA[",
    "&lt;",
    "&#x202e;",
    "https://",
    "javascript:",
    "@here",
    "*",
    "_",
    "`",
    "|",
    "{{",
    "é",
    "👩‍👩‍👧",
    "🇩🇪",
    "e\u{301}",
    "lost",
    "429",
    "200",
    "retry-after: 9",
    "POST",
    "HEAD",
    "/poll",
    "/approve",
    "authorization: Bearer token-of-the-bridge",
    "\"approver\":\"ana@corp.example\"",
];

/// An input, shown as people would write it.
#[derive(Clone)]
struct Input(Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One change to an input.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static str),
    Noise(Index, Vec<u8>),
    Repeat(Index, usize, usize),
    Cut(Index),
    /// The rest comes from another input.
    Cross(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (at(), 1..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        4 => (at(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Change::Insert(at, piece)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..6)).prop_map(|(at, bytes)| Change::Noise(at, bytes)),
        1 => (at(), 1..60_usize, 2..40_usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        1 => at().prop_map(Change::Cut),
        1 => (at(), at(), at()).prop_map(|(at, other, from)| Change::Cross(at, other, from)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change, corpus: &[Vec<u8>]) {
    let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
    match change {
        Change::Set(at, byte) => {
            let at = place(at, bytes);
            if let Some(own) = bytes.get_mut(at) {
                *own = *byte;
            }
        }
        Change::Remove(at, length) => {
            let at = place(at, bytes);
            bytes.drain(at..bytes.len().min(at + length));
        }
        Change::Insert(at, piece) => {
            let at = place(at, bytes);
            bytes.splice(at..at, piece.bytes());
        }
        Change::Noise(at, noise) => {
            let at = place(at, bytes);
            bytes.splice(at..at, noise.iter().copied());
        }
        Change::Repeat(at, length, times) => {
            let at = place(at, bytes);
            let piece = bytes[at..bytes.len().min(at + length)].repeat(*times);
            bytes.splice(at..at, piece);
        }
        Change::Cut(at) => bytes.truncate(place(at, bytes)),
        Change::Cross(at, other, from) => {
            let other = other.get(corpus);
            bytes.truncate(place(at, bytes));
            bytes.extend_from_slice(&other[place(from, other)..]);
        }
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in fuzz").to_path_buf()
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
    names.sort();
    names
}

/// The inputs of a target, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target);
    let read = |name: String| (name.clone(), fs::read(folder.join(&name)).expect("a readable input"));
    names(&folder).into_iter().map(read).collect()
}

fn each_target(run: impl Fn(&str, fn(&[u8]), Vec<(String, Vec<u8>)>)) {
    for (name, target) in TARGETS {
        run(name, target, corpus(name));
    }
}

#[test]
fn every_input_of_every_corpus_keeps_the_rules() {
    each_target(|name, target, corpus| {
        assert!(corpus.len() >= 4, "{name} has next to no corpus");
        for (input, bytes) in corpus {
            let kept = std::panic::catch_unwind(|| target(&bytes));
            assert!(kept.is_ok(), "fuzz/corpus/{name}/{input} breaks a rule; see above");
        }
    });
}

#[test]
fn every_mutation_of_a_corpus_keeps_the_rules() {
    each_target(|name, target, corpus| {
        let corpus: Vec<_> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
        let others = corpus.clone();
        let changes = prop::collection::vec(change(), 1..6);
        let inputs = (prop::sample::select(corpus), changes).prop_map(move |(mut bytes, changes)| {
            for change in &changes {
                apply(&mut bytes, change, &others);
                bytes.truncate(LONGEST);
            }
            Input(bytes)
        });
        let config = Config { cases: MUTATIONS, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&inputs, |input| {
            target(&input.0);
            Ok(())
        });
        outcome.unwrap_or_else(|broken| panic!("{name}: {broken}"));
    });
}

#[test]
fn each_target_has_its_binary_and_its_corpus_and_there_are_no_others() {
    let targets: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), targets);
    let sources: Vec<_> = names(&fuzz().join("fuzz_targets")).iter().map(|name| name.replace(".rs", "")).collect();
    assert_eq!(sources, targets);
    for name in &targets {
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a source");
        assert!(source.contains(&format!("approval_bridge_fuzz_targets::{name}(input)")), "{name} runs another target");
    }
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let binaries = manifest["bin"].as_array().expect("binaries");
    let binaries: BTreeSet<_> = binaries.iter().map(|binary| binary["name"].as_str().expect("a name")).collect();
    assert_eq!(binaries, targets.iter().map(String::as_str).collect());
}
