//! The common shapes of an answer, read leniently: numbers come as text, anything may be null or missing.

use chrono::{DateTime, NaiveDateTime};

use crate::approval::{Millis, Person, is_id_segment};
use crate::json::{Object, Value};
use crate::text::{clean_line, truncate};

/// The longest one-line text that is kept of a ticket.
const LINE_MAX: usize = 300;

pub(super) type Row<'a> = Object<'a>;

/// An id: a whole number, or text. Refused where it could not enter a path as it is.
pub(super) fn id(row: &Row, name: &str) -> Result<String, String> {
    let text = match row.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        // A number too large for an integer has been rounded: it names something else.
        Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
        _ => return Err(format!("the row has no {name}")),
    };
    if is_id_segment(&text) { Ok(text) } else { Err(format!("{name} is not 1 to 64 letters, digits, - or _")) }
}

/// A text, or a number written out, as one clean line. None where missing or empty.
pub(super) fn line(row: &Row, name: &str) -> Option<String> {
    let text = match row.get(name)? {
        Value::String(text) => clean_line(text),
        Value::Number(number) => number.to_string().into(),
        _ => return None,
    };
    (!text.is_empty()).then(|| truncate(&text, LINE_MAX).into_owned())
}

/// Somebody whose name is in two fields and whose address is in a third.
pub(super) fn person(row: &Row, [first, last, email]: [&str; 3]) -> Option<Person> {
    let names: Vec<String> = [line(row, first), line(row, last)].into_iter().flatten().collect();
    let person = Person { name: (!names.is_empty()).then(|| names.join(" ")), email: line(row, email) };
    (person.name.is_some() || person.email.is_some()).then_some(person)
}

/// A time in ISO 8601; without a zone it is taken for UTC.
pub(super) fn time(row: &Row, name: &str) -> Option<Millis> {
    let text = row.get(name)?.as_str()?.trim();
    let with_zone = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    let time = with_zone.or_else(|| Some(text.parse::<NaiveDateTime>().ok()?.and_utc().timestamp_millis()));
    time.filter(|millis| *millis > 0)
}

/// A flag that may be missing, or written as text.
pub(super) fn flag(row: &Row, name: &str) -> Option<bool> {
    match row.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A number, as number or text.
pub(super) fn count(row: &Row, name: &str) -> Option<u64> {
    match row.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
