//! Fields of vendors' JSON, read leniently: ids and numbers come as text or as numbers, anything may be null.

use std::borrow::Cow;

use crate::approval::is_id_segment;
use crate::json::{Object, Value};
use crate::text::{clean_line, truncate};

/// The longest one-line text that is kept of an answer.
const LINE_MAX: usize = 300;

pub(crate) type Row<'a> = Object<'a>;

/// The id of a row: text, or a number written out. Refused where it could not enter a path as it is.
pub(crate) fn id(row: &Row) -> Result<String, String> {
    borrowed_id(row).map(Cow::into_owned)
}

/// [`id`], for those who only look at it.
pub(crate) fn borrowed_id<'a>(row: &'a Row) -> Result<Cow<'a, str>, String> {
    borrowed_reference(row.get("id"))?.ok_or_else(|| "the row has no id".to_owned())
}

/// The id of something else, by the rules of [`id`]. None where missing.
pub(crate) fn reference(value: Option<&Value>) -> Result<Option<String>, String> {
    borrowed_reference(value).map(|id| id.map(Cow::into_owned))
}

fn borrowed_reference<'a>(value: Option<&'a Value>) -> Result<Option<Cow<'a, str>>, String> {
    let text = match value {
        Some(Value::String(text)) => Cow::Borrowed(text.trim()),
        // A number too large for an integer has been rounded: it names something else.
        Some(Value::Number(number)) if !number.is_f64() => Cow::Owned(number.to_string()),
        Some(Value::Number(_)) => return Err("the id is a number that cannot be exact".to_owned()),
        _ => return Ok(None),
    };
    if is_id_segment(&text) { Ok(Some(text)) } else { Err("the id is not 1 to 64 letters, digits, - or _".to_owned()) }
}

/// A text, or a number written out, as one clean line. None where missing or empty.
pub(crate) fn line(value: Option<&Value>) -> Option<String> {
    borrowed_line(value).map(Cow::into_owned)
}

/// [`line`], for those who only look at it.
pub(crate) fn borrowed_line<'a>(value: Option<&'a Value>) -> Option<Cow<'a, str>> {
    let text = match value? {
        Value::String(text) => clean_line(text),
        Value::Number(number) => number.to_string().into(),
        _ => return None,
    };
    let short = match text {
        Cow::Borrowed(text) => truncate(text, LINE_MAX),
        Cow::Owned(text) => truncate(&text, LINE_MAX).into_owned().into(),
    };
    (!short.is_empty()).then_some(short)
}

/// A flag that may be missing, or written as text.
pub(crate) fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A small number, as number or text.
pub(crate) fn count(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
