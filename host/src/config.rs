//! The configuration file: `[variables]`, `[store]`, `[limits]`, `[egress]`, and the environment on top.
//!
//! Whatever is wrong is found before anything starts, and said with its key and line. Values are never shown: a line of
//! this file may hold a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::egress::EgressOptions;
use crate::limits::Limits;
use crate::variables::{VariableMap, Variables, known, nearest};

/// The store file, beside the configuration file, where none is named.
pub const DEFAULT_STORE: &str = "approval-bridge.db";

/// What a sweep may take beyond its budget twice: once while it waits for another program's sweep, once for itself.
pub const SWEEP_MARGIN: Duration = Duration::from_secs(30);

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The settings of the component.
    pub variables: VariableMap,
    /// Where the ledger is kept.
    pub store: StoreConfig,
    /// What a call may use.
    pub limits: Limits,
    /// What may be called.
    pub egress: EgressOptions,
    /// Time between two sweeps.
    pub poll: Duration,
    /// What is probably a mistake, though nothing fails; one sentence each.
    pub warnings: Vec<String>,
}

/// `[store]`.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreConfig {
    /// One file on this machine.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// Gone with the process.
    Memory,
    /// A server that several machines share.
    Redis {
        /// `redis://…`; may hold a password.
        url: String,
        /// What all keys begin with.
        prefix: String,
    },
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "sqlite {}", path.display()),
            Self::Memory => f.write_str("memory"),
            Self::Redis { prefix, .. } => write!(f, "redis, prefix {prefix:?}"),
        }
    }
}

/// Everything that is wrong with a configuration; one sentence each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl ConfigError {
    fn one(text: String) -> Self {
        Self(vec![text])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    variables: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    egress: EgressOptions,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StoreTable {
    kind: Option<String>,
    path: Option<PathBuf>,
    url: Option<String>,
    prefix: Option<String>,
}

impl Config {
    /// Reads a file and the environment of this process.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::one(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        // A variable that is not text cannot be ours.
        let environment =
            std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
        Self::parse(&text, folder, environment).map_err(|ConfigError(problems)| {
            ConfigError(problems.iter().map(|p| format!("{}: {p}", path.display())).collect())
        })
    }

    /// Reads a text. Relative paths in it are relative to `folder`.
    pub fn parse(
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| ConfigError::one(in_line(text, &error)))?;
        let mut problems = file.limits.problems();
        let mut variables = read_variables(text, file.variables, &mut problems);
        let warnings = variables
            .overlay(environment)
            .into_iter()
            .map(|name| format!("environment variable {name}: no such variable; ignored"))
            .collect();
        let store = read_store(file.store, folder).unwrap_or_else(|problem| {
            problems.push(problem);
            StoreConfig::Memory
        });
        let poll = seconds(&variables, "poll_seconds", 60, 1..=86_400, &mut problems);
        let budget = seconds(&variables, "sweep_budget_seconds", 50, 1..=86_400, &mut problems);
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        let mut limits = file.limits;
        limits.sweep_timeout = limits.sweep_timeout.max(budget.saturating_mul(2).saturating_add(SWEEP_MARGIN));
        let mut egress = file.egress;
        egress.ca_file = egress.ca_file.map(|path| folder.join(path));
        Ok(Self { variables, store, limits, egress, poll, warnings })
    }
}

fn read_variables(
    text: &str,
    table: BTreeMap<Spanned<String>, toml::Value>,
    problems: &mut Vec<String>,
) -> VariableMap {
    let mut variables = VariableMap::default();
    for (name, value) in table {
        let line = line_of(text, name.span().start);
        let name = name.into_inner();
        if known(&name).is_none() {
            let hint = nearest(&name).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            problems.push(format!("line {line}: variables.{name}: no such variable{hint}"));
            continue;
        }
        match value {
            toml::Value::String(value) => variables.set(name, value),
            toml::Value::Integer(value) => variables.set(name, value.to_string()),
            toml::Value::Float(value) => variables.set(name, value.to_string()),
            toml::Value::Boolean(value) => variables.set(name, value.to_string()),
            _ => problems.push(format!("line {line}: variables.{name}: expected a string, a number or a boolean")),
        }
    }
    variables
}

fn read_store(table: StoreTable, folder: &Path) -> Result<StoreConfig, String> {
    let StoreTable { kind, path, url, prefix } = table;
    let misplaced = |key: &str, kind: &str| Err(format!("store.{key}: has no meaning for kind = \"{kind}\""));
    match kind.as_deref().unwrap_or("sqlite") {
        kind @ ("sqlite" | "memory") if url.is_some() => misplaced("url", kind),
        kind @ ("sqlite" | "memory") if prefix.is_some() => misplaced("prefix", kind),
        kind @ ("memory" | "redis") if path.is_some() => misplaced("path", kind),
        "sqlite" => Ok(StoreConfig::Sqlite { path: folder.join(path.unwrap_or_else(|| DEFAULT_STORE.into())) }),
        "memory" => Ok(StoreConfig::Memory),
        "redis" => Ok(StoreConfig::Redis {
            url: url.ok_or("store.url: is needed for kind = \"redis\"")?,
            prefix: prefix.unwrap_or_else(|| "approval-bridge:".to_owned()),
        }),
        _ => Err("store.kind: expected \"sqlite\", \"memory\" or \"redis\"".to_owned()),
    }
}

fn seconds(
    variables: &dyn Variables,
    name: &str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
    problems: &mut Vec<String>,
) -> Duration {
    let Some(text) = variables.get(name).filter(|text| !text.trim().is_empty()) else {
        return Duration::from_secs(default);
    };
    let value = text.trim().parse().ok().filter(|value| range.contains(value));
    if value.is_none() {
        problems.push(format!("{name}: expected a whole number from {} to {}", range.start(), range.end()));
    }
    Duration::from_secs(value.unwrap_or(default))
}

/// What is wrong, with its line, without the line itself.
fn in_line(text: &str, error: &toml::de::Error) -> String {
    // The parser's sentences quote keys and expectations, except for a wrong type, where they quote the value.
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let message = match message.split_once(", expected ") {
        Some((start, expected)) if start.starts_with("invalid ") => {
            let kind = start.split([' ', ':']).take(2).collect::<Vec<_>>().join(" ");
            format!("{kind}, expected {expected}")
        }
        _ => message,
    };
    match error.span() {
        Some(span) => format!("line {}: {message}", line_of(text, span.start)),
        None => message,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/bridge"), [])
    }

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.store, StoreConfig::Sqlite { path: "/etc/bridge/approval-bridge.db".into() });
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.poll, Duration::from_secs(60));
    }

    #[test]
    fn every_table_is_read() {
        let config = parse(
            r#"
            [variables]
            sdp_base_url = "https://sdp.example.com/app/it"
            poll_seconds = 30
            sweep_budget_seconds = "120"
            comment_required_on_reject = false
            [store]
            path = "data/b.db"
            [limits]
            memory_bytes = 33554432
            request_timeout_seconds = 2.5
            [egress]
            allow = ["http://10.0.0.5:8080"]
            allow_http = true
            ca_file = "ca.pem"
            "#,
        )
        .unwrap();
        assert_eq!(config.poll, Duration::from_secs(30));
        assert_eq!(config.variables.get("comment_required_on_reject").as_deref(), Some("false"));
        assert_eq!(config.store, StoreConfig::Sqlite { path: "/etc/bridge/data/b.db".into() });
        assert_eq!(config.limits.memory_bytes, 32 << 20);
        assert_eq!(config.limits.request_timeout, Duration::from_millis(2500));
        assert_eq!(
            config.limits.sweep_timeout,
            Duration::from_secs(270),
            "never less than the budget twice and a margin"
        );
        assert_eq!(config.egress.ca_file, Some("/etc/bridge/ca.pem".into()));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_wherever_it_is() {
        let table = [
            (
                "[variables]\nsdp_base_urll = \"x\"",
                "line 2: variables.sdp_base_urll: no such variable; did you mean sdp_base_url?",
            ),
            ("[variables]\ncolour = 1", "line 2: variables.colour: no such variable"),
            (
                "[variable]\n",
                "line 1: unknown field `variable`, expected one of `variables`, `store`, `limits`, `egress`",
            ),
            (
                "\n[store]\nfile = \"x\"",
                "line 3: unknown field `file`, expected one of `kind`, `path`, `url`, `prefix`",
            ),
            (
                "[egress]\nallow_https = true",
                "line 2: unknown field `allow_https`, expected one of `allow`, `allow_http`, `ca_file`",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(problem(text), expected);
        }
        assert!(
            problem("[limits]\nmemory = 1")
                .starts_with("line 2: unknown field `memory`, expected one of `memory_bytes`")
        );
    }

    #[test]
    fn a_wrong_value_is_named_and_never_shown() {
        for text in [
            "[variables]\napi_token = [\"hunter2\"]",
            "[variables]\napi_token = \"hunter2",
            "[variables]\napi_token = hunter2",
            "[variables]\npoll_seconds = \"hunter2\"",
            "[variables]\napi_token = \"a\"\napi_token = \"hunter2\"",
            "[limits]\nmemory_bytes = \"hunter2\"",
            "[store]\nkind = \"hunter2\"",
            "[store]\nkind = \"memory\"\npath = \"hunter2\"",
            "[egress]\nallow = \"hunter2\"",
        ] {
            let problem = problem(text);
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        assert_eq!(problem("[variables]\npoll_seconds = 0"), "poll_seconds: expected a whole number from 1 to 86400");
        assert_eq!(problem("[limits]\ncpu_seconds = 0"), "limits.cpu_seconds: expected more than 0");
        assert_eq!(problem("[store]\nkind = \"redis\""), "store.url: is needed for kind = \"redis\"");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let problems = parse("[variables]\na = 1\npoll_seconds = -1\n[store]\nkind = \"x\"").unwrap_err().0;
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn the_environment_wins_and_what_it_misspells_is_a_warning() {
        let environment = [("APPROVAL_BRIDGE_POLL_SECONDS", "5"), ("APPROVAL_BRIDGE_POLL", "6")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::parse("[variables]\npoll_seconds = 7", Path::new(""), environment).unwrap();
        assert_eq!(config.poll, Duration::from_secs(5));
        assert_eq!(config.warnings, ["environment variable APPROVAL_BRIDGE_POLL: no such variable; ignored"]);
    }
}
