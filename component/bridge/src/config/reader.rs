//! Values of variables → text, numbers, addresses. What does not fit is noted, with the variable's name and what was
//! expected, and reading goes on.

use super::Problem;
use crate::secret::Secret;

/// Reads variables and collects everything that is wrong with them.
pub(super) struct Reader {
    pub(super) values: Vec<(&'static str, String)>,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn wrong(&mut self, name: &str, expected: &str) {
        let problem = format!("{name}: expected {expected}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    pub(super) fn secret(&mut self, name: &'static str) -> Option<Secret> {
        let value = self.value(name)?;
        if value.chars().any(char::is_control) {
            self.wrong(name, "one line without control characters");
            return None;
        }
        Some(Secret::new(value))
    }

    pub(super) fn number(&mut self, name: &'static str, default: u64, least: u64, most: u64) -> u64 {
        let Some(text) = self.value(name) else { return default };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                self.wrong(name, &format!("a whole number from {least} to {most}"));
                default
            }
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.value(name).map(str::to_ascii_lowercase).as_deref() {
            None => default,
            Some("true" | "1" | "yes") => true,
            Some("false" | "0" | "no") => false,
            Some(_) => {
                self.wrong(name, "true or false");
                default
            }
        }
    }

    /// An id that enters a path: refused where it would need escaping there.
    pub(super) fn segment(&mut self, name: &'static str) -> Option<String> {
        let value = self.text(name)?;
        if approval_logic::approval::is_id_segment(&value) {
            return Some(value);
        }
        self.wrong(name, "the bare id: letters, digits, - and _");
        None
    }

    /// A base URL: http or https, a host, no user information, no query, no fragment.
    pub(super) fn url(&mut self, name: &'static str) -> Option<String> {
        let value = self.text(name)?;
        let good = value.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.query().is_none()
                && !value.contains('#')
                && !uri.path().split('/').any(|part| part == "..")
        });
        if good {
            return Some(value.trim_end_matches('/').to_owned());
        }
        self.wrong(name, "an address such as https://host.example/path, without user, query or fragment");
        None
    }
}
