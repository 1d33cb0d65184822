//! What all answers of Zendesk share: rows, names and times. One odd row never spoils its neighbours.

use crate::approval::Millis;
use crate::fields::{self, Row};
use crate::http::CallError;
use crate::json::Value;
use crate::text::{clean, truncate};

/// A message or a description is kept so long, in characters; a card shows less.
const TEXT_MAX: usize = 1000;

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its id, where it had one.
    pub id: Option<String>,
    /// What was wrong.
    pub why: String,
}

/// Reads the rows of a list. The second part are those that could not be read.
pub(super) fn rows<T>(
    body: &Value,
    name: &str,
    read: impl Fn(&Row) -> Result<T, String>,
) -> Result<(Vec<T>, Vec<Refused>), CallError> {
    let rows = match body.get(name) {
        Some(Value::Array(rows)) => rows.as_slice(),
        // A list that is not there says nothing about what is in it.
        None | Some(_) => return Err(odd(format!("the reply holds no list of {name}"))),
    };
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for row in rows {
        match row.as_object().ok_or_else(|| "the row is not an object".to_owned()).and_then(&read) {
            Ok(row) => good.push(row),
            Err(why) => refused.push(Refused { id: fields::line(row.get("id")), why }),
        }
    }
    Ok((good, refused))
}

/// The one record of an answer.
pub(super) fn one<'a>(body: &'a Value<'a>, name: &str) -> Result<&'a Row<'a>, String> {
    body.get(name).and_then(Value::as_object).ok_or_else(|| format!("the reply holds no {name}"))
}

/// A text of several lines, which is plain at Zendesk. None where missing or empty.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = clean(value?.as_str()?);
    (!text.is_empty()).then(|| truncate(&text, TEXT_MAX).into_owned())
}

/// A time in ISO 8601.
pub(super) fn time(value: Option<&Value>) -> Option<Millis> {
    let time = chrono::DateTime::parse_from_rfc3339(value?.as_str()?.trim()).ok()?;
    Some(time.timestamp_millis()).filter(|millis| *millis > 0)
}

pub(super) fn odd(why: String) -> CallError {
    CallError::Permanent { code: "UNREADABLE", message: why }
}
