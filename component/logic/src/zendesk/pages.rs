//! Following the pages of a list by its cursors (Zendesk API reference, "Cursor pagination").
//!
//! The links of an answer are never followed: the next address is built from the cursor alone.

use std::collections::BTreeSet;

use crate::fields;
use crate::json::Value;

/// What a page says about the rest of its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum More {
    /// There is none.
    #[default]
    No,
    /// Behind this cursor.
    After(String),
    /// There is some, but no cursor leads to it.
    Lost,
}

/// What to do after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read the page behind this cursor.
    Page(String),
    /// The list has been read to its end.
    End,
    /// The list does not come to an end: a cursor came back, a page brought nothing new, or none leads on.
    Stuck,
}

/// Remembers what the pages of one list have brought. A cursor is opaque, so this alone tells a list that never ends.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    ids: BTreeSet<String>,
    cursors: BTreeSet<String>,
}

impl Pages {
    /// Pages from the one behind a cursor on.
    pub fn from(cursor: Option<&str>) -> Self {
        Self { cursors: cursor.map(str::to_owned).into_iter().collect(), ..Self::default() }
    }

    /// Whether an id is here for the first time: rows that move while pages are read come twice.
    pub fn is_new(&mut self, id: &str) -> bool {
        !self.ids.contains(id) && self.ids.insert(id.to_owned())
    }

    /// What to do after a page. `brought_new`: it held a row that [`Pages::is_new`] had not seen.
    pub fn next(&mut self, more: More, brought_new: bool) -> Next {
        match more {
            More::No => Next::End,
            More::After(cursor) if brought_new && self.cursors.insert(cursor.clone()) => Next::Page(cursor),
            More::After(_) | More::Lost => Next::Stuck,
        }
    }
}

/// What an answer says about the rest of its list: `meta.has_more` and `meta.after_cursor`.
pub(super) fn more(body: &Value) -> More {
    let meta = body.get("meta");
    let cursor = meta.and_then(|meta| meta.get("after_cursor")).and_then(Value::as_str).filter(|text| !text.is_empty());
    let link = body.get("links").and_then(|links| links.get("next")).is_some_and(|link| *link != Value::Null);
    match (fields::flag(meta.and_then(|meta| meta.get("has_more"))), cursor) {
        (Some(false), _) => More::No,
        (_, Some(cursor)) => More::After(cursor.to_owned()),
        (Some(true), None) => More::Lost,
        (None, None) if link => More::Lost,
        (None, None) => More::No,
    }
}
