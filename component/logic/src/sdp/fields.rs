//! The shapes that ServiceDesk Plus' replies share, read leniently.

use std::borrow::Cow;

use crate::approval::{Millis, Person};
use crate::fields::borrowed_line;
pub(super) use crate::fields::{Row, borrowed_id, count, flag, id, line};
use crate::json::Value;

/// The name of a reference: `{id, name}`, or a bare text.
pub(super) fn name(value: Option<&Value>) -> Option<String> {
    borrowed_name(value).map(Cow::into_owned)
}

/// [`name`], for those who only look at it.
pub(super) fn borrowed_name<'a>(value: Option<&'a Value>) -> Option<Cow<'a, str>> {
    match value? {
        Value::Object(reference) => borrowed_line(reference.get("name")),
        other => borrowed_line(Some(other)),
    }
}

/// A user: `{id, name, email_id, …}` or null.
pub(super) fn person(value: Option<&Value>) -> Option<Person> {
    let user = value?.as_object()?;
    let email = line(user.get("email_id")).or_else(|| line(user.get("email")));
    let person = Person { name: line(user.get("name")), email };
    (person.name.is_some() || person.email.is_some()).then_some(person)
}

/// A time: `{value, display_value}` or null; `value` is epoch milliseconds as text or number. The display form follows
/// somebody's zone and format and is never read.
pub(super) fn time(value: Option<&Value>) -> Option<Millis> {
    let value = match value? {
        Value::Object(time) => time.get("value")?,
        other => other,
    };
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|millis| *millis > 0)
}
