//! Vendors' JSON as a tree whose texts are borrowed from the answer that it was read from.
//!
//! An answer is read once and few of its fields are looked at, so nothing of it is copied or sorted. A wrong
//! implementation would copy each text, or take the first of two fields of the same name: everybody takes the last.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text; owned only where it was written with escapes.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object, its fields in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// Reads a body; none where it is not JSON.
pub(crate) fn read(body: &[u8]) -> Option<Value<'_>> {
    // Checked as a whole, which is cheaper than text by text.
    serde_json::from_str(str::from_utf8(body).ok()?).ok()
}

impl<'a> Object<'a> {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

impl<'a> Value<'a> {
    /// The value of a field; none where this is no object as well.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The flag, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// The items, of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The fields, of an object.
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(fields) = self { Some(fields) } else { None }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

/// Room for so many fields is made at once: rows of the vendors have about as many.
const USUAL_FIELDS: usize = 8;

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value<'de>, A::Error> {
        let mut fields = Vec::with_capacity(USUAL_FIELDS);
        while let Some(Name(name)) = object.next_key()? {
            fields.push((name, object.next_value()?));
        }
        Ok(Value::Object(Object(fields)))
    }
}

/// The name of a field. The usual reader of borrowed texts copies them.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelled)
    }
}

struct Spelled;

impl<'de> Visitor<'de> for Spelled {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::{Object, Value, read};

    /// The same value in the form that is written.
    fn written(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => number.clone().into(),
            Value::String(text) => text.as_ref().into(),
            Value::Array(items) => items.iter().map(written).collect(),
            Value::Object(Object(fields)) => {
                fields.iter().map(|(name, value)| (name.as_ref().to_owned(), written(value))).collect()
            }
        }
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let body = br#"{"name":"Ana Li","note":"a\nb"}"#;
        let value = read(body).unwrap();
        assert!(matches!(value.get("name"), Some(Value::String(Cow::Borrowed("Ana Li")))));
        assert!(matches!(value.get("note"), Some(Value::String(Cow::Owned(note))) if note == "a\nb"));
    }

    #[test]
    fn of_two_fields_with_one_name_the_last_counts() {
        let value = read(br#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Number(3.into())));
        assert_eq!(value.get("c"), None);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(deep(100).as_bytes()).is_some());
        assert!(read(deep(200).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_the_usual_reader_reads_them(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u00e9\\n\"", "\"\\ud800\"", "\"é🎫\"", "\"", "\\",
                "null", "true", "0", "-1", "18446744073709551616", "1.5e3", "1e999", " ", "\t", "\u{0}", "é",
            ]), 0..12),
            cut in prop::option::of(0..20_usize),
        ) {
            let mut body = pieces.concat().into_bytes();
            body.truncate(cut.unwrap_or(usize::MAX));
            let usual: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
            let own = read(&body);
            prop_assert_eq!(own.as_ref().map(written), usual);
        }

        #[test]
        fn what_was_written_is_read_back(names in prop::collection::vec("\\PC{0,6}", 0..6), text in "\\PC*", number: i64) {
            let object: serde_json::Map<_, _> = names.into_iter().map(|name| (name, text.as_str().into())).collect();
            let value = serde_json::json!([object, { "n": number, "f": 0.25 }, null, true, text]);
            let body = value.to_string();
            prop_assert_eq!(read(body.as_bytes()).as_ref().map(written), Some(value));
        }
    }
}
